"""Carrying plans out and taking them back, with a host that has one shared and one own file."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from eider.api.install import files, installing, records
from eider.api.install.diff import diff
from eider.api.install.target import Edit, Options, Plan, Target, select_targets, targets
from eider.model import config
from eider.model.errors import InputError, RefusedError, StoreError

OURS = b"ours\n"


@dataclass
class Host:
    """A line in a shared file, and a file of its own in a new directory."""

    root: Path
    version: str = "1"
    name: str = "host"
    title: str = "Host"

    def is_present(self) -> bool:
        return True

    def place(self, options: Options) -> Path:
        return self.root

    def plan(self, options: Options) -> Plan:
        shared, own = self.root / "shared.conf", self.root / "deep" / "er" / "own.txt"
        before = files.read(shared)
        text = before or b""
        lines = Edit(path=shared, before=before, after=text if OURS in text else text + OURS, what="a line",
                     by_hand="take out the line", mode=0o600, memo={"line": "ours"}, secrets=["sesame-open-up"])  # fmt: skip
        whole = Edit(
            path=own, before=files.read(own), after=self.version.encode(), what="a file", by_hand="remove the file"
        )
        return Plan(edits=[whole, lines])

    def text_without_ours(self, path: Path, text: bytes, memo: Mapping[str, Any]) -> bytes | None:
        if path.name != "shared.conf" or b"broken" in text:
            return None
        assert memo == {"line": "ours"}
        return text.replace(OURS, b"")

    def unrecorded_edits(self, options: Options) -> Sequence[Edit]:
        shared = self.root / "shared.conf"
        text = files.read(shared) or b""
        if OURS not in text:
            return ()
        return [Edit(path=shared, before=text, after=text.replace(OURS, b""), what="a line", by_hand="")]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """The host, with a shared file that others may read."""
    shared = tmp_path / "shared.conf"
    shared.write_bytes(b"theirs\n")
    shared.chmod(0o644)
    return Host(tmp_path)


@pytest.fixture
def options() -> Options:
    return Options(home=config.home())


def tree(root: Path) -> dict[str, tuple[int, bytes | None]]:
    """Every name below a directory, with its mode and text."""
    return {
        str(p.relative_to(root)): (p.lstat().st_mode, p.read_bytes() if p.is_file() else None) for p in root.rglob("*")
    }


def verdicts(done: tuple[list[records.Record], list[installing.FileUndo]]) -> dict[str, str]:
    return {one.edit.path.name: one.verdict for one in done[1]}


def test_it_is_put_back_byte_for_byte(host: Host, options: Options) -> None:
    """Text, permissions and directories are as before, and no copy is left behind."""
    before = tree(host.root)
    record, edits = installing.install(host, options)
    assert record is not None
    assert len(edits) == 2
    assert (host.root / "shared.conf").read_bytes() == b"theirs\nours\n"
    assert stat.S_IMODE((host.root / "shared.conf").stat().st_mode) == 0o600
    assert verdicts(installing.uninstall(host, options)) == {"shared.conf": "exact", "own.txt": "exact"}
    assert tree(host.root) == before
    assert records.active_records(options.home, "host") == []


def test_twice_is_once(host: Host, options: Options) -> None:
    """The second installation writes nothing and keeps no second copy."""
    installing.install(host, options)
    before = tree(host.root), tree(options.home)
    assert installing.install(host, options) == (None, [])
    assert (tree(host.root), tree(options.home)) == before


def test_upgrades_are_taken_back_together(host: Host, options: Options) -> None:
    """Two versions one upon the other; what is left is what was before the first."""
    before = tree(host.root)
    installing.install(host, options)
    host.version = "2"
    record, edits = installing.install(host, options)
    assert record is not None
    assert [e.path.name for e in edits] == ["own.txt"]
    installing.uninstall(host, options)
    assert tree(host.root) == before


def test_what_was_changed_since_keeps_the_change(host: Host, options: Options) -> None:
    """Only ours is taken out of a shared file that somebody edited, and the copies stay for them."""
    installing.install(host, options)
    shared = host.root / "shared.conf"
    shared.write_bytes(b"new\n" + shared.read_bytes())
    assert verdicts(installing.uninstall(host, options)) == {"shared.conf": "cleaned", "own.txt": "exact"}
    assert shared.read_bytes() == b"new\ntheirs\n"
    assert stat.S_IMODE(shared.stat().st_mode) == 0o644
    kept = list((options.home / "install" / "host").glob("*.undone/*shared.conf"))
    assert [p.read_bytes() for p in kept] == [b"theirs\n"]
    assert verdicts(installing.uninstall(host, options)) == {}


def test_what_cannot_be_told_apart_is_left_and_said(host: Host, options: Options) -> None:
    """A file of ours that somebody rewrote stays, with what to do by hand; once it is done, a second call ends it."""
    installing.install(host, options)
    own = host.root / "deep" / "er" / "own.txt"
    own.write_text("mine now")
    (host.root / "shared.conf").write_bytes(b"broken\n")
    done = installing.uninstall(host, options)
    assert verdicts(done) == {"shared.conf": "stuck", "own.txt": "stuck"}
    assert {one.edit.by_hand for one in done[1]} == {"take out the line", "remove the file"}
    assert own.read_text() == "mine now"
    assert (host.root / "shared.conf").read_bytes() == b"broken\n"
    own.unlink()
    (host.root / "shared.conf").write_bytes(b"theirs\nours\n")
    assert verdicts(installing.uninstall(host, options)) == {"shared.conf": "exact", "own.txt": "untouched"}
    assert records.active_records(options.home, "host") == []


def test_a_damaged_copy_is_not_put_back(host: Host, options: Options) -> None:
    """What was copied is checked; else ours is taken out of what is there."""
    record, _ = installing.install(host, options)
    assert record is not None
    (record.folder / "1-shared.conf").write_bytes(b"garbage")
    assert verdicts(installing.uninstall(host, options))["shared.conf"] == "cleaned"
    assert (host.root / "shared.conf").read_bytes() == b"theirs\n"


def test_a_lost_home_does_not_keep_it_wired(host: Host, options: Options, tmp_path: Path) -> None:
    """Without any record, what is recognised as ours is taken out."""
    installing.install(host, options)
    other = Options(home=tmp_path / "another home")
    assert verdicts(installing.uninstall(host, other)) == {"shared.conf": "cleaned"}
    assert (host.root / "shared.conf").read_bytes() == b"theirs\n"


def test_links_and_line_ends_stay(host: Host, options: Options, tmp_path: Path) -> None:
    """A file kept elsewhere and linked to, as dotfiles are, is written through the link."""
    shared, real = host.root / "shared.conf", tmp_path / "dotfiles.conf"
    shared.rename(real)
    shared.symlink_to(real)
    installing.install(host, options)
    assert shared.is_symlink()
    assert real.read_bytes() == b"theirs\nours\n"
    installing.uninstall(host, options)
    assert shared.is_symlink()
    assert real.read_bytes() == b"theirs\n"


def test_a_link_to_nothing_is_a_new_file(host: Host, options: Options, tmp_path: Path) -> None:
    """It is made where the link points, and taken away there; the link stays."""
    shared, real = host.root / "shared.conf", tmp_path / "dotfiles.conf"
    shared.unlink()
    shared.symlink_to(real)
    installing.install(host, options)
    assert real.read_bytes() == OURS
    installing.uninstall(host, options)
    assert shared.is_symlink()
    assert not real.exists()


def test_what_may_not_be_written_is_refused_before_anything_is(
    host: Host, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All files are looked at first; none is touched, and nothing is noted."""
    before = tree(host.root)
    asked = os.access
    monkeypatch.setattr(os, "access", lambda p, mode: not str(p).endswith("shared.conf") and asked(p, mode))
    with pytest.raises(RefusedError, match=r"shared\.conf.*may not be written"):
        installing.install(host, options)
    assert tree(host.root) == before
    assert records.active_records(options.home, "host") == []


def test_a_full_disk_puts_back_what_was_written(host: Host, options: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    """All edits, or none."""
    before = tree(host.root)
    written = files.write

    def fails(path: Path, text: bytes, mode: int | None = None) -> None:
        if path.name == "shared.conf":
            raise StoreError("no room")
        written(path, text, mode)

    monkeypatch.setattr(files, "write", fails)
    with pytest.raises(StoreError, match="no room"):
        installing.install(host, options)
    assert {k: v for k, v in tree(host.root).items() if v[1] is not None} == {
        k: v for k, v in before.items() if v[1] is not None
    }
    assert records.active_records(options.home, "host") == []


def test_a_file_that_changed_in_between_is_not_overwritten(host: Host, options: Options) -> None:
    """Somebody saved it after the plan was made: nothing is done."""
    plan = host.plan
    host.plan = lambda o: _saved(host, plan(o))  # type: ignore[method-assign]
    with pytest.raises(RefusedError, match="just now"):
        installing.install(host, options)
    assert b"saved" in (host.root / "shared.conf").read_bytes()
    assert not (host.root / "deep").exists()


def _saved(host: Host, plan: Plan) -> Plan:
    shared = host.root / "shared.conf"
    shared.write_bytes(shared.read_bytes() + b"saved\n")
    return plan


def test_two_at_once_do_not_mix(host: Host, options: Options) -> None:
    """The second is told to wait."""
    with records.install_lock(options.home), pytest.raises(RefusedError, match="another installation"):
        installing.install(host, options)


def test_what_is_a_directory_is_refused(host: Host, options: Options) -> None:
    """The message names it."""
    (host.root / "shared.conf").unlink()
    (host.root / "shared.conf").mkdir()
    with pytest.raises(RefusedError, match=r"shared\.conf.*no file"):
        installing.install(host, options)


def test_a_difference_shows_no_secret() -> None:
    """Neither one that the host names, nor one that looks like it."""
    key = "AKIA" + "QZ7RTW2MXNVB4KLD"
    edit = Edit(path=Path("/x"), before=f"a\n{key}\n".encode(), after=b"a\nsesame-open-up", what="", by_hand="",
                secrets=["sesame-open-up"])  # fmt: skip
    shown = [line for _, line in diff(edit)]
    assert shown == [
        "--- /x",
        "+++ /x",
        "@@ -1,2 +1,2 @@",
        " a",
        "-[redacted:aws-access-key]",
        "+…\n\\ No newline at end of file",
    ]


def test_hosts_come_from_entry_points() -> None:
    """Claude Code is one; a name that is none is refused with those that are."""
    assert isinstance(targets()["claude-code"], Target)
    with pytest.raises(InputError, match="'claude-code'"):
        select_targets(["emacs"])


def test_a_file_that_somebody_removed_stays_removed(host: Host, options: Options) -> None:
    """Taking back does not bring it to life again."""
    installing.install(host, options)
    (host.root / "shared.conf").unlink()
    assert verdicts(installing.uninstall(host, options)) == {"shared.conf": "gone", "own.txt": "exact"}
    assert not (host.root / "shared.conf").exists()

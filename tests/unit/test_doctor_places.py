"""The doctor on a home: every damage is found, what can be mended is, and nobody's words are lost."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import eider
from eider.client import pauses, spool
from eider.model import config
from eider.model.errors import (
    EmbedderMismatchError,
    ServerUnreachableError,
    StoreDamagedError,
    StoreFullError,
    StoreLockedError,
    StoreTooNewError,
)
from eider.service.doctor import files, server
from eider.service.doctor.registry import HOME_CHECKS, HomeContext, home_check, load_checks, run_check
from eider.service.doctor.report import Finding, error_finding
from eider.service.doctor.run import Options, examine

Found = dict[str, Finding]


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with one store, closed and well."""
    monkeypatch.setenv("EIDER_EMBEDDER", "hash")
    monkeypatch.setattr(server, "_SECOND_LOOK_SECONDS", 0.0)
    made = config.home()
    made.chmod(0o700)
    with eider.open("notes", user="ada") as memory:
        memory.remember("Prefers snake_case.")
    return made


def found(*, fix: bool = False, **more: Any) -> Found:
    """Findings that are left, by kind."""
    return {f.kind: f for f in examine(wants=Options(fix=fix), **more).findings if not f.fixed}


def mended(kind: str) -> None:
    """Find it, mend it, and find it no more."""
    before = found()
    assert before[kind].fixable
    report = examine(wants=Options(fix=True))
    assert kind in {f.kind for f in report.findings if f.fixed}
    assert kind not in found()


def test_a_home_that_is_well_has_no_findings(home: Path) -> None:
    """Nothing is said where nothing is wrong, and every check was made."""
    report = examine()
    assert report.findings == ()
    assert report.is_healthy
    assert report.stores == 1
    assert report.checks > 15


def test_an_empty_home_is_well() -> None:
    """Before the first memory there is nothing to complain about."""
    config.home().chmod(0o700)
    assert examine().findings == ()


# ---------------------------------------------------------------------- directories


@pytest.mark.parametrize("part", [".", "stores", "stores/notes.eider", "backups"])
def test_an_open_directory_is_closed(home: Path, part: str) -> None:
    """path-open: others may look in; --fix shuts it."""
    (home / part).mkdir(exist_ok=True)
    (home / part).chmod(0o755)
    mended("path-open")
    assert (home / part).stat().st_mode & 0o777 == 0o700


def test_an_open_settings_file_is_closed(home: Path) -> None:
    """path-open: files of the home are 0600, keys may be in them."""
    (home / "config.json").write_text("{}")
    (home / "config.json").chmod(0o644)
    mended("path-open")
    assert (home / "config.json").stat().st_mode & 0o777 == 0o600


def test_a_directory_of_another_account_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """path-not-ours: only its owner or root can give it back."""
    real = os.getuid()
    monkeypatch.setattr(files.os, "getuid", lambda: real + 1)
    told = found()["path-not-ours"]
    assert not told.fixable
    assert "chown" in told.fix


def test_a_directory_that_cannot_be_written_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """path-unwritable: a read-only home."""
    monkeypatch.setattr(files.os, "access", lambda path, mode: Path(path) != home)
    assert found()["path-unwritable"].subject == str(home)


def test_a_network_file_system_is_told(home: Path, tmp_path: Path) -> None:
    """network-file-system: from the list of mounts; every place on it, with the way out."""
    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "proc" / "self" / "mountinfo").write_text(f"1 0 0:5 / {home} rw - nfs4 srv:/home rw\n")
    told = found(proc=str(tmp_path / "proc"))["network-file-system"]
    assert "nfs4" in told.message
    assert "local disk" in told.fix


def test_a_full_disk_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """disk-low: a warning first, an error when next to nothing is left."""
    for free, severity in ((200 * 2**20, "warning"), (2**20, "error")):
        monkeypatch.setattr(files.shutil, "disk_usage", lambda _, free=free: SimpleNamespace(free=free))
        assert found()["disk-low"].severity == severity


def test_settings_that_cannot_be_read_are_told(home: Path) -> None:
    """settings-unreadable, setting-unknown: and the rest of the examination goes on."""
    path = home / "config.json"
    path.touch(0o600)
    path.write_text("{ not json")
    assert found()["settings-unreadable"].subject == str(path)
    path.write_text(json.dumps({"stroe": "notes"}))
    assert "'stroe'" in found()["setting-unknown"].message


def test_a_foreign_runtime_directory_is_told(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """runtime-not-ours: with a long home the socket is below /tmp, where somebody else may have put something."""
    place = tmp_path / "run"
    place.symlink_to(tmp_path)
    monkeypatch.setattr(server, "socket_path", lambda _: str(place / "owner.sock"))
    assert found()["runtime-not-ours"].subject == str(place)


# ---------------------------------------------------------------------- the spool and pauses


def spooled(home: Path, text: str, **more: Any) -> None:
    request = {"text": text, "user": "ada", "key": f"host:{text}", **more}
    spool.append(str(home), "remember", {"request": request, "store": str(home / "stores" / "notes.eider")})


def test_what_waits_in_the_spool_is_carried_out(home: Path) -> None:
    """spool-waiting: writes that no server took; --fix lets them happen, once."""
    spooled(home, "Waits for the ferry.")
    spooled(home, "Takes the early one.")
    assert "2 write(s)" in found()["spool-waiting"].message
    mended("spool-waiting")
    with eider.open("notes", user="ada") as memory:
        assert memory.search("ferry").total + memory.search("early").total == 2


def test_a_full_spool_is_an_error(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """spool-full: soon nothing can be kept there any more; --fix drains it as well."""
    spooled(home, "Waits for the ferry.")
    monkeypatch.setattr("eider.service.doctor.spool.SPOOL_BYTES", 100)
    assert found()["spool-full"].severity == "error"
    mended("spool-full")


def test_lines_kept_aside_are_told_and_stay(home: Path) -> None:
    """spool-damaged, spool-refused: how many and why, without what they say; --fix leaves them alone."""
    spooled(home, "The heron is back.", kind="nonsense")
    with (home / "spool" / spool.WRITES).open("ab") as file:
        file.write(b"00000000 {torn\n")
    left = found(fix=True)
    assert "1 spooled line" in left["spool-damaged"].message
    assert "1 × InputError" in left["spool-refused"].message
    assert "heron" not in str(left)
    assert not left["spool-refused"].fixable
    assert "heron" in (home / "spool" / "refused.jsonl").read_text()


def test_a_pause_is_told(home: Path) -> None:
    """jobs-paused, writes-paused: somebody may have forgotten; ending it is theirs."""
    pauses.pause(str(home), "notes")
    assert found()["jobs-paused"].fix == "eider resume --store notes"
    pauses.pause(str(home), writes=True)
    told = found(fix=True)["writes-paused"]
    assert (told.subject, told.fix) == ("all stores", "eider resume")
    assert pauses.read(str(home))


# ---------------------------------------------------------------------- checks


def test_a_check_that_fails_is_a_finding_and_the_others_go_on(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """check-failed: named; whatever it raises."""
    monkeypatch.setattr(files.shutil, "disk_usage", lambda _: 1 / 0)
    (home / "stores").chmod(0o750)
    left = found()
    assert "'room'" in left["check-failed"].message
    assert "path-open" in left


def test_others_can_add_checks(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A registered check runs with the others; what it can mend, --fix mends, and what fails says why."""
    load_checks(home=True)
    monkeypatch.setattr("eider.service.doctor.registry.HOME_CHECKS", dict(HOME_CHECKS))
    sick = {"a", "b"}

    def mend(_: HomeContext, finding: Finding) -> None:
        if finding.subject == "b":
            raise OSError("it is bolted down")
        sick.discard(finding.subject)

    def look(place: HomeContext) -> list[Finding]:
        return [Finding(kind="hook-old", severity="warning", subject=s, message="old", fix="f") for s in sorted(sick)]

    home_check("hooks", repairs={"hook-old": mend})(look)
    check = HOME_CHECKS.pop("hooks", None)
    from eider.service.doctor import registry

    check = check or registry.HOME_CHECKS["hooks"]
    a, b = sorted(run_check(check, HomeContext(home=home), subject="", fix=True), key=lambda f: f.subject)
    assert a.fixed
    assert not b.fixed
    assert "bolted down" in b.message


@pytest.mark.parametrize(
    ("error", "kind", "severity"),
    [
        (StoreLockedError(Path("x"), 7), "store-busy", "warning"),
        (StoreDamagedError(Path("x"), "torn", "mend it"), "store-damaged", "error"),
        (StoreTooNewError(Path("x"), 9, 1), "store-too-new", "error"),
        (StoreFullError(Path("x"), "no space"), "disk-full", "error"),
        (EmbedderMismatchError("a", "b"), "embedder-differs", "error"),
        (ServerUnreachableError("gone"), "server-unreachable", "error"),
        (ZeroDivisionError("odd"), "check-failed", "error"),
    ],
)
def test_busy_is_told_from_damaged(error: Exception, kind: str, severity: str) -> None:
    """Each error has its kind; only damage asks for a backup."""
    told = error_finding(error, "notes")
    assert (told.kind, told.severity) == (kind, severity)
    assert ("backup" in told.fix) == (kind == "store-damaged")


def test_every_kind_of_finding_has_a_test() -> None:
    """Whoever adds a kind adds the damage that provokes it."""
    prefixes = "server|listener|index|segment|chain|store|disk|embedder|client|statement|episode"
    source = "".join(p.read_text() for p in Path(files.__file__).parent.glob("*.py"))
    named = set(re.findall(rf'kind="([a-z]+-[a-z-]+)"|"((?:{prefixes})-[a-z-]+)"', source))
    named = {a or b for a, b in named} | {"duplicates", "inbox", "secrets", "junk"}
    tests = "".join(p.read_text() for p in Path(__file__).parent.glob("test_doctor*.py"))
    assert len(named) > 40
    assert {kind for kind in named if kind not in tests} == set()


def test_a_store_without_its_home_is_looked_at_alone(home: Path, tmp_path: Path) -> None:
    """A path is mine: what is wrong with the home is no finding of it; a missing one is told."""
    home.chmod(0o755)
    with eider.open(tmp_path / "mine.eider", user="ada") as memory:
        memory.remember("Lives by the sea.")
    assert examine([tmp_path / "mine.eider"]).findings == ()
    assert [f.kind for f in examine([tmp_path / "none.eider"]).findings] == ["store-missing"]
    (tmp_path / "empty.eider").mkdir(mode=0o700)
    assert [f.kind for f in examine([tmp_path / "empty.eider"]).findings] == ["store-empty"]
    assert not any((tmp_path / "empty.eider").iterdir())


def test_one_broken_store_does_not_hide_the_others(home: Path) -> None:
    """store-damaged for the one, findings of its own for the other."""
    shutil.copytree(home / "stores" / "notes.eider", home / "stores" / "bad.eider")
    (home / "stores" / "bad.eider").chmod(0o700)
    (home / "stores" / "bad.eider" / "truth-000001.duckdb").write_bytes(b"garbage" * 4096)
    with eider.open("notes", user="ada") as memory:
        memory.remember("The ferry leaves. " * 130)
    left = found()
    assert left["store-damaged"].subject == "bad"
    assert left["statement-long"].subject == "notes/ada"


def test_where_no_server_can_be_started_the_store_is_looked_at_all_the_same(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """server-unreachable, and what is in the store; the server's lock is held meanwhile, and given back."""
    from eider.service.doctor import run

    held: list[bool] = []

    def cannot(*_: object, **__: object) -> None:
        raise ServerUnreachableError("it cannot start")

    def opened(*given: Any) -> Any:
        held.append(server.is_locked(str(home)))
        return real(*given)

    real = run._examine_here
    monkeypatch.setenv("EIDER_SERVER", "auto")
    monkeypatch.setattr(run, "_examine_by_server", cannot)
    monkeypatch.setattr(run, "_examine_here", opened)
    with eider.open(home / "stores" / "notes.eider", user="ada") as memory:
        memory.remember("The ferry leaves. " * 130)
    left = found()
    assert {"server-unreachable", "statement-long"} <= set(left)
    assert held == [True]
    assert not server.is_locked(str(home))

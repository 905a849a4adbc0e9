"""Files that are broken, cut off or of a later format, and exports and imports that are killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonl import lines, write

import eider
from eider.model.errors import InputError, ReadOnlyStoreError, StoreError
from eider.providers.embedders.hashing import HashEmbedder

Open = Callable[[str], eider.Eider]
NOW = datetime.now(UTC)


def test_broken_lines_are_told_and_the_rest_goes_in(source: eider.Eider, store: Open, tmp_path: Path) -> None:
    """Each refusal names its line and what is wrong with it."""
    source.export(tmp_path / "a.jsonl")
    rows: list[Any] = lines(tmp_path / "a.jsonl")
    good = len(rows)
    rows += ["{broken", "[1]", '{"type": "walrus"}', '{"type": "memory", "id": "mem_1", "state": "active"}',
             '{"type": "usage", "id": "mem_1", "stability": NaN}', '{"type": "episode", "text": "\\ud800"}']  # fmt: skip
    target = store("target")
    done = target.import_(write(tmp_path / "b.jsonl", rows))
    assert [reason.split(":")[0] for reason in done.refused] == [f"line {good + n}" for n in range(1, 7)]
    assert done.episodes == 2


def test_a_file_that_breaks_off_brings_what_it_holds(source: eider.Eider, store: Open, tmp_path: Path) -> None:
    """Half a download is told as such; what arrived goes in."""
    path = tmp_path / "a.jsonl.gz"
    source.export(path)
    path.write_bytes(path.read_bytes()[:-400])
    done = store("target").import_(path)
    assert any("breaks off" in reason for reason in done.refused)


@pytest.mark.parametrize(
    ("header", "said"),
    [({"eider": 99, "schema": 1}, "upgrade"), ({"eider": 1, "schema": 99}, "upgrade"), ({"eider": "x"}, "header")],
)
def test_a_later_format_is_refused_whole(store: Open, tmp_path: Path, header: dict[str, Any], said: str) -> None:
    """Half-understood rows would be lost without a word."""
    with pytest.raises(InputError, match=said):
        store("target").import_(write(tmp_path / "a.jsonl", [header, {"type": "episode"}]))


def test_an_export_without_its_header_is_refused(source: eider.Eider, store: Open, tmp_path: Path) -> None:
    """Its rows would be taken for somebody else's lines and lose their ids."""
    source.export(tmp_path / "a.jsonl")
    with pytest.raises(InputError, match="header"):
        store("target").import_(write(tmp_path / "b.jsonl", [r for r in lines(tmp_path / "a.jsonl")[2:] if "rev" in r]))


def test_paths_that_cannot_be_are_named(source: eider.Eider, tmp_path: Path) -> None:
    """No such directory, a directory in the way, a foreign directory, the store itself, nothing there."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    inside = tmp_path / "source.eider"
    for call in (
        lambda: source.export(tmp_path / "nowhere" / "a.jsonl"),
        lambda: source.export(tmp_path / "full"),
        lambda: source.export(tmp_path / "full", format="parquet"),
        lambda: source.export(tmp_path / "file", format="parquet"),
        lambda: source.export(inside / "a.jsonl"),
        lambda: source.export(" "),
        lambda: source.import_(inside / "CURRENT"),
        lambda: source.import_(tmp_path / "full"),
    ):
        with pytest.raises(InputError):
            call()
    with pytest.raises(StoreError):
        source.import_(tmp_path / "nowhere.jsonl")
    assert (tmp_path / "full" / "mine.txt").read_text() == (tmp_path / "file").read_text() == "mine"


def test_an_older_export_is_replaced_whole(source: eider.Eider, tmp_path: Path) -> None:
    """Exporting again to the same place leaves the new one and nothing else."""
    for name, form in (("a.jsonl", "jsonl"), ("a.parquet", "parquet")):
        first = source.export(tmp_path / name, format=form)  # pyright: ignore[reportArgumentType]
        source.remember(f"More for {name}.")
        assert source.export(tmp_path / name, format=form) > first  # pyright: ignore[reportArgumentType]
    assert not list(tmp_path.glob(".*"))


def test_a_snapshot_takes_no_import(source: eider.Eider, tmp_path: Path) -> None:
    """What cannot be written says so before the file is read."""
    source.export(tmp_path / "a.jsonl")
    source.close()
    with eider.open(tmp_path / "source.eider", user="ada", embedder=HashEmbedder(), read_only=True) as memory:
        assert memory.export(tmp_path / "b.jsonl") > 0
        assert memory.import_(tmp_path / "a.jsonl", dry_run=True).episodes == 0
        with pytest.raises(ReadOnlyStoreError):
            memory.import_(tmp_path / "a.jsonl")


_CHILD = """
import sys, eider
from eider.providers.embedders.hashing import HashEmbedder
with eider.open(sys.argv[1], user="ada", embedder=HashEmbedder()) as memory:
    memory.export(sys.argv[3], format=sys.argv[4]) if sys.argv[2] == "export" else memory.import_(sys.argv[3])
"""


def _killed(tmp_path: Path, at: str, *arguments: str) -> None:
    env = {**os.environ, "EIDER_CRASH_AT": at}
    done = subprocess.run([sys.executable, "-c", _CHILD, *arguments], env=env, check=False, capture_output=True)
    assert done.returncode == -9, done.stderr.decode()


@pytest.mark.crash
@pytest.mark.parametrize(("name", "form"), [("a.jsonl", "jsonl"), ("a.parquet", "parquet"), ("a.md", "markdown")])
def test_a_kill_while_exporting_leaves_the_older_export(
    source: eider.Eider, tmp_path: Path, name: str, form: Any
) -> None:
    """The new file takes its name when it is whole; what the kill left is swept by the next export."""
    source.close()
    path, folder = tmp_path / name, str(tmp_path / "source.eider")
    _killed(tmp_path, "export.written", folder, "export", str(path), form)
    assert not path.exists()
    with eider.open(folder, user="ada", embedder=HashEmbedder()) as memory:
        memory.export(path, format=form)
        assert not list(tmp_path.glob(".*partial"))
    before = path.read_bytes() if path.is_file() else sorted(p.read_bytes() for p in path.iterdir())
    _killed(tmp_path, "export.written", folder, "export", str(path), form)
    assert (path.read_bytes() if path.is_file() else sorted(p.read_bytes() for p in path.iterdir())) == before


@pytest.mark.crash
@pytest.mark.parametrize("at", ["import.written", "import.durable", "import.batch"])
def test_a_kill_while_importing_halves_nothing(source: eider.Eider, tmp_path: Path, at: str) -> None:
    """A batch is there whole or not at all, and importing again ends where one import would."""
    source.export(tmp_path / "a.jsonl")
    folder = str(tmp_path / "target.eider")
    _killed(tmp_path, at, folder, "import", str(tmp_path / "a.jsonl"))
    with eider.open(folder, user="ada", embedder=HashEmbedder()) as memory:
        assert memory.verify(deep=True)
        memory.import_(tmp_path / "a.jsonl")
        memory.export(tmp_path / "b.jsonl")
    assert lines(tmp_path / "b.jsonl")[1:] == lines(tmp_path / "a.jsonl")[1:]


# ---------------------------------------------------------------------- for people


def test_markdown_greps_well(source: eider.Eider, tmp_path: Path) -> None:
    """One line holds a statement with all one may search for; headings are scopes, kinds and sessions."""
    source.export(tmp_path / "a.md", format="markdown")
    page = (tmp_path / "a.md").read_text(encoding="utf-8").split("\n")
    assert "# Memory of ada" in page
    assert {"## global · preference", "## closed", "## session s"} <= set(page)
    camel = next(line for line in page if "camelCase" in line)
    assert all(word in camel for word in ("current", "preference", "importance 3", "pinned", "mem_"))
    rome = next(line for line in page if "Rome" in line)
    assert "expired" in rome
    assert "since 2026-01-02 to 2026-01-09" in rome
    said = next(line for line in page if "Freitag" in line)
    assert said.startswith("- 2026-05-01 20:00 ada: Wir treffen uns am Freitag. Um acht. (user · ep_")
    assert not any("walrus" in line for line in page)

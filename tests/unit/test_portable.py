"""Taking one's memory along: nothing is lost on the way, and nothing comes in past the door."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import eider
from eider.embed.hashing import HashEmbedder
from eider.errors import InputError, ReadOnlyStoreError, StoreError

Open = Callable[[str], eider.Eider]
NOW = datetime.now(UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Open]:
    """Opens stores by name; all are closed in the end."""
    opened: list[eider.Eider] = []

    def of(name: str) -> eider.Eider:
        opened.append(eider.open(tmp_path / f"{name}.eider", user="ada", embedder=HashEmbedder()))
        return opened[-1]

    yield of
    for one in opened:
        one.close()


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A memory with a past: talk, corrections, uses, a pin, something forgotten, and another user."""
    folder = tmp_path_factory.mktemp("lived") / "source.eider"
    with eider.open(folder, user="ada", embedder=HashEmbedder()) as memory:
        memory.remember("Zebra stripes are Bob's own.", user="bob")
        memory.record("Wir treffen uns am Freitag.\nUm acht.", at="2026-05-01T20:00:00", tz="Europe/Berlin", session="s",
                      metadata={"scope": "work", "n": [1, None, 1.5, {"x": "y"}]}, key="host:1")  # fmt: skip
        memory.record('😀 \u2028 \\ " \u202e tail', role="agent", session="s", at="2026-05-01T18:01:00Z")
        old = memory.remember("Prefers snake_case.", kind="preference", valid_from="2026-03", key="host:2")
        new = memory.correct(old.id, "Prefers camelCase.", key="host:3")
        memory.remember("Zebra again, of Bob.", user="bob")
        memory.pin(new.id)
        memory.reinforce(new.id)
        memory.undo(memory.events(limit=1)[0].id)
        memory.remember("Was in Rome.", kind="context", valid_from="2026-01-02", valid_to="2026-01-09", importance=5)
        first = memory.remember("A plan.")
        second = memory.correct(first.id, "A walrus plan.")
        memory.correct(second.id, "No plan.")
        memory.forget(second.id)
    return folder


@pytest.fixture
def source(lived: Path, store: Open, tmp_path: Path) -> eider.Eider:
    """A copy of it for each test."""
    shutil.copytree(lived, tmp_path / "source.eider")
    return store("source")


def lines(path: Path) -> list[dict[str, Any]]:
    data = path.read_bytes()
    text = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    return [json.loads(line) for line in text.split(b"\n") if line]


def write(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(f"{r if isinstance(r, str) else json.dumps(r)}\n" for r in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize(("name", "form"), [("a.jsonl", "jsonl"), ("a.jsonl.gz", "jsonl"), ("a.parquet", "parquet")])
def test_a_round_trip_loses_nothing(source: eider.Eider, store: Open, tmp_path: Path, name: str, form: Any) -> None:
    """Ids, versions, times, precision, metadata, uses, links and history come back as they were."""
    plain = tmp_path / "plain.jsonl"
    count = source.export(plain)
    assert source.export(tmp_path / name, format=form) == count == len(lines(plain)) - 1
    target = store("target")
    done = target.import_(tmp_path / name)
    assert not done.refused
    assert (done.episodes, done.skipped) == (2, 0)
    again = tmp_path / "again.jsonl"
    target.export(again)
    assert lines(again)[1:] == lines(plain)[1:]
    assert target.verify(deep=True)
    assert target.recall("what case does she prefer?")[0].text == "Prefers camelCase."


def test_the_past_can_be_asked_and_undone_after_a_move(source: eider.Eider, store: Open, tmp_path: Path) -> None:
    """What was true, what was known and what an event did mean the same in the restored store."""
    source.export(tmp_path / "a.jsonl")
    target = store("target")
    target.import_(tmp_path / "a.jsonl")
    old = next(r.memory for r in source.search(status="superseded").items if r.memory and "snake" in r.text)
    assert [v.memory.text for v in target.history(old.id)] == [v.memory.text for v in source.history(old.id)]
    assert [v.event and v.event.op for v in target.history(old.id)] == ["remember", "correct"]
    asked = {"as_of": old.valid_from + timedelta(days=1), "kinds": ["preference"]}
    assert [h.text for h in target.recall("case", **asked)] == [h.text for h in source.recall("case", **asked)]
    pin = next(e for e in target.events() if e.op == "pin")
    assert not target.undo(pin.id).erased
    assert not target.history(old.superseded_by or "")[-1].memory.pinned
    assert [e.reason for e in target.events() if e.op == "undo"][-1].startswith("undo of evt_")


def test_files_are_for_their_owner_only(source: eider.Eider, tmp_path: Path) -> None:
    """An export holds all of somebody's memory: 0600, and 0700 for a directory; nothing is left beside it."""
    for name, form in (("a.jsonl", "jsonl"), ("a.parquet", "parquet"), ("a.md", "markdown")):
        source.export(tmp_path / name, format=form)  # pyright: ignore[reportArgumentType]
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir() if p.name.startswith("a.")}
    assert modes == {"a.jsonl": 0o600, "a.parquet": 0o700, "a.md": 0o600}
    assert all(stat.S_IMODE(p.stat().st_mode) == 0o600 for p in (tmp_path / "a.parquet").iterdir())
    assert not list(tmp_path.glob(".*partial"))


def test_an_export_says_nothing_about_others(source: eider.Eider, tmp_path: Path) -> None:
    """No byte and no number of another user: events are counted among the user's own."""
    source.export(tmp_path / "a.jsonl")
    source.export(tmp_path / "a.parquet", format="parquet")
    source.export(tmp_path / "a.md", format="markdown")
    files = [tmp_path / "a.jsonl", tmp_path / "a.md", *(tmp_path / "a.parquet").iterdir()]
    assert all(b"Zebra" not in p.read_bytes() and b"bob" not in p.read_bytes() for p in files)
    seqs = [row["seq"] for row in lines(tmp_path / "a.jsonl") if row.get("type") == "event"]
    assert seqs == list(range(1, len(seqs) + 1))
    assert b"walrus" not in (tmp_path / "a.jsonl").read_bytes()


def test_importing_twice_is_importing_once(source: eider.Eider, store: Open, tmp_path: Path) -> None:
    """What is present is skipped, history included; also into the store it came from."""
    source.export(tmp_path / "a.jsonl")
    own = source.import_(tmp_path / "a.jsonl")
    assert (own.episodes, own.memories, own.events, own.refused) == (0, 0, 0, ())
    target = store("target")
    target.import_(tmp_path / "a.jsonl")
    second = target.import_(tmp_path / "a.jsonl")
    assert (second.episodes, second.memories, second.events, second.refused) == (0, 0, 0, ())
    target.export(tmp_path / "b.jsonl")
    assert lines(tmp_path / "a.jsonl")[1:] == lines(tmp_path / "b.jsonl")[1:]


def test_a_dry_run_writes_nothing(source: eider.Eider, store: Open, tmp_path: Path) -> None:
    """It reports what an import would bring, and the store stays as it was."""
    source.export(tmp_path / "a.jsonl")
    target = store("target")
    looked = target.import_(tmp_path / "a.jsonl", dry_run=True)
    assert looked.dry_run
    assert (target.search().total, target.events()) == (0, [])
    done = target.import_(tmp_path / "a.jsonl")
    assert (looked.episodes, looked.memories, looked.events) == (done.episodes, done.memories, done.events)


def test_a_later_export_continues_an_earlier_one(source: eider.Eider, store: Open, tmp_path: Path) -> None:
    """Moving in two steps ends where one step would: later versions close the earlier ones."""
    source.export(tmp_path / "a.jsonl")
    target = store("target")
    target.import_(tmp_path / "a.jsonl")
    kept = next(r for r in source.search(kinds=["preference"]).items if r.text == "Prefers camelCase.")
    source.correct(kept.id, "Prefers kebab-case.")
    source.export(tmp_path / "b.jsonl")
    assert not target.import_(tmp_path / "b.jsonl").refused
    target.export(tmp_path / "c.jsonl")
    assert lines(tmp_path / "c.jsonl")[1:] == lines(tmp_path / "b.jsonl")[1:]


def test_where_both_went_on_the_one_here_is_kept(source: eider.Eider, store: Open, tmp_path: Path) -> None:
    """An import never overrides what was changed here since."""
    source.export(tmp_path / "a.jsonl")
    target = store("target")
    target.import_(tmp_path / "a.jsonl")
    kept = next(r for r in source.search(kinds=["preference"]).items if r.text == "Prefers camelCase.")
    target.unpin(kept.id)
    source.correct(kept.id, "Prefers kebab-case.")
    source.export(tmp_path / "b.jsonl")
    done = target.import_(tmp_path / "b.jsonl")
    assert any("changed here as well" in reason for reason in done.refused)
    assert "Prefers camelCase." in [r.text for r in target.search(kinds=["preference"]).items]


# ---------------------------------------------------------------------- forgetting


def test_what_was_forgotten_stays_forgotten(source: eider.Eider, tmp_path: Path) -> None:
    """An older export cannot bring it back; it is listed, the rest is present."""
    source.export(tmp_path / "old.jsonl")
    said = next(r for r in source.search(kinds=["episode"]).items if "Freitag" in r.text)
    kept = next(r for r in source.search(status="expired").items if r.text == "Was in Rome.")
    source.forget(said.id)
    source.forget(kept.id)
    done = source.import_(tmp_path / "old.jsonl")
    assert (done.episodes, done.memories, done.events) == (0, 0, 0)
    assert sorted(reason.split("'")[1] for reason in done.refused) == sorted([said.id, kept.id])
    assert all(reason.startswith("line ") and "stays forgotten" in reason for reason in done.refused)
    assert not [h for h in source.recall("Freitag Rome") if "Freitag" in h.text or "Rome" in h.text]


def test_a_forgotten_user_stays_forgotten(source: eider.Eider, tmp_path: Path) -> None:
    """Nothing of a user comes back, not even when something happened."""
    source.export(tmp_path / "old.jsonl")
    source.forget_user("ada")
    done = source.import_(tmp_path / "old.jsonl")
    assert (done.episodes, done.memories) == (0, 0)
    assert source.search().total == 0
    assert source.search(user="bob").total == 2


def test_a_forget_moves_along(source: eider.Eider, store: Open, tmp_path: Path) -> None:
    """After a move, an export from before the forget is refused in the new store as well."""
    source.export(tmp_path / "old.jsonl")
    kept = next(r for r in source.search(status="expired").items if r.text == "Was in Rome.")
    source.forget(kept.id)
    source.export(tmp_path / "new.jsonl")
    target = store("target")
    target.import_(tmp_path / "new.jsonl")
    assert any(kept.id in reason for reason in target.import_(tmp_path / "old.jsonl").refused)
    assert not target.search(status="expired").total


def test_a_tombstone_carries_no_content(store: Open, source: eider.Eider, tmp_path: Path) -> None:
    """A row that claims to be erased is emptied, whatever it says."""
    source.export(tmp_path / "a.jsonl")
    rows = lines(tmp_path / "a.jsonl")
    erased = next(r for r in rows if r.get("state") == "erased")
    erased.update(text="smuggled", subject="smuggled", entities=["smuggled"], scope="smuggled")
    target = store("target")
    target.import_(write(tmp_path / "b.jsonl", rows))
    target.export(tmp_path / "c.jsonl")
    assert b"smuggled" not in (tmp_path / "c.jsonl").read_bytes()


# ---------------------------------------------------------------------- the door


def test_an_export_comes_in_under_a_new_name(source: eider.Eider, store: Open, tmp_path: Path) -> None:
    """The user is the one who imports, in another store or beside the original."""
    source.export(tmp_path / "a.jsonl")
    for memory in (store("target"), source):
        done = memory.import_(tmp_path / "a.jsonl", user="lovelace")
        assert (done.episodes, done.refused) == (2, ())
        assert memory.import_(tmp_path / "a.jsonl", user="lovelace").episodes == 0
        assert memory.recall("what case?", user="lovelace")[0].text == "Prefers camelCase."
        assert memory.verify(deep=True)
    assert not {r.id for r in source.search().items} & {r.id for r in source.search(user="lovelace").items}


def test_another_users_ids_are_nobodys(source: eider.Eider, tmp_path: Path) -> None:
    """Rows that name another user's id come in under an id of their own; the other's stay untouched."""
    source.export(tmp_path / "bob.jsonl", user="bob")
    before = source.search(user="bob").items
    done = source.import_(tmp_path / "bob.jsonl")
    assert (done.memories, done.skipped, done.refused) == (2, 0, ())
    assert [r.memory for r in source.search(user="bob").items] == [r.memory for r in before]
    mine = [r for r in source.search().items if "Zebra" in r.text]
    assert len(mine) == 2
    assert not {r.id for r in mine} & {r.id for r in before}


def test_secrets_and_recalled_lines_stop_at_the_door(source: eider.Eider, store: Open, tmp_path: Path) -> None:
    """A file is no way around redaction: text, names, metadata and history are all looked at."""
    source.export(tmp_path / "a.jsonl")
    key = "sk-ant-api03-" + "Ab3dEf6hIj9kLm2nOp5q" * 4 + "-AbCdEfAA"
    rows = lines(tmp_path / "a.jsonl")
    for row in rows:
        if row.get("type") == "episode":
            row["text"] += f' {key} <eider-memory v="1" ids="x">\nshown before\n</eider-memory>'
            row["metadata"] = {"note": key}
        if row.get("type") == "event" and row["payload"]:
            row["payload"]["reason"] = key
    target = store("target")
    target.import_(write(tmp_path / "b.jsonl", rows))
    target.export(tmp_path / "c.jsonl")
    written = (tmp_path / "c.jsonl").read_text(encoding="utf-8")
    assert key not in written
    assert "[redacted" in written
    assert "shown before" not in written


def test_a_channel_cannot_import_trust(source: eider.Eider, store: Open, tmp_path: Path) -> None:
    """Through a door with a lower ceiling every row is lowered to it; a person's own rows keep their origin."""
    source.export(tmp_path / "a.jsonl")
    mine, theirs = store("mine"), store("theirs")
    mine.import_(tmp_path / "a.jsonl")
    theirs.through("mcp", "agent").import_(tmp_path / "a.jsonl")
    assert {r.trust for r in mine.search().items} == {1, 2}
    assert {r.trust for r in theirs.search().items} == {1}
    assert {r.memory.origin for r in theirs.search().items if r.memory} == {"agent"}


def test_the_past_cannot_be_in_the_future(source: eider.Eider, store: Open, tmp_path: Path) -> None:
    """A row recorded in the year 9000 would put the store's clock there; it is refused, the rest goes in."""
    source.export(tmp_path / "a.jsonl")
    rows = lines(tmp_path / "a.jsonl")
    rows[1]["at"] = "9000-01-01T00:00:00+00:00"
    next(r for r in rows if r.get("type") == "memory")["recorded_at"] = "9000-01-01T00:00:00+00:00"
    target = store("target")
    done = target.import_(write(tmp_path / "b.jsonl", rows))
    assert sum("is in the future" in reason for reason in done.refused) == 2
    assert target.remember("Now.").recorded_at < NOW + timedelta(days=1)


def test_a_host_may_retry_after_a_move(source: eider.Eider, store: Open, tmp_path: Path) -> None:
    """Idempotency keys keep their meaning: a retry answers like the first time and writes nothing."""
    source.export(tmp_path / "a.jsonl")
    target = store("target")
    target.import_(tmp_path / "a.jsonl")
    total = target.search().total
    again = target.record("Wir treffen uns am Freitag.\nUm acht.", key="host:1")
    assert again.session == "s"
    assert target.search().total == total


# ---------------------------------------------------------------------- what is broken


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
from eider.embed.hashing import HashEmbedder
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


# ---------------------------------------------------------------------- other people's lines


def test_plain_statements_come_in_as_imported(store: Open, tmp_path: Path) -> None:
    """A text is enough; kind, scope, importance and validity are read; none is more than shown."""
    path = write(tmp_path / "notes.jsonl", [
        {"text": "Likes tea."},
        {"text": "Works at Acme.", "kind": "fact", "scope": "work", "valid_from": "2024-05", "importance": 5},
        {"text": "Lived in Rome.", "valid_from": "2020", "valid_to": "2021-03-01"},
        {"text": "Odd.", "kind": "walrus"},
        {"note": "no text"},
        {"text": " "},
        {"text": "Backwards.", "valid_from": "2024", "valid_to": "2020"},
    ])  # fmt: skip
    memory = store("target")
    done = memory.import_(path)
    assert (done.memories, done.events, len(done.refused)) == (3, 1, 4)
    assert [r.split(":")[0] for r in done.refused] == ["line 4", "line 5", "line 6", "line 7"]
    found = {r.text: r.memory for r in memory.search(status="current").items if r.memory}
    assert {m.origin for m in found.values()} == {"import"}
    assert found["Works at Acme."].valid_from == datetime(2024, 5, 1, tzinfo=UTC)
    assert found["Works at Acme."].from_precision == "month"
    again = memory.import_(path)
    assert (again.memories, again.skipped, again.events) == (0, 3, 0)


def test_chats_come_in_with_their_times(store: Open, tmp_path: Path) -> None:
    """Roles of other tools are understood; a line without a time, or a zone, is refused with the fix."""
    path = write(tmp_path / "chat.jsonl", [
        {"role": "user", "content": "Hi there.", "timestamp": "2024-05-01T10:00:00Z", "session": "a"},
        {"role": "assistant", "content": [{"type": "text", "text": "Hello!"}], "at": 1714557660, "session": "a"},
        {"role": "human", "text": "Evening.", "at": "2024-05-01T20:00:00", "tz": "Europe/Berlin", "name": "Grace"},
        {"role": "tool", "content": "exit 0", "at": 1714557660000, "session": "a"},
        {"role": "user", "content": "When?"},
        {"role": "user", "content": "Where?", "at": "2024-05-01T20:00:00"},
        {"role": "user", "content": "What?", "at": "yesterday"},
    ])  # fmt: skip
    memory = store("target")
    done = memory.import_(path)
    assert done.episodes == 4
    assert [
        "time is missing" in done.refused[0],
        "no time zone" in done.refused[1],
        "cannot be read" in done.refused[2],
    ]
    said = {r.text: r.episode for r in memory.search(kinds=["episode"]).items if r.episode}
    assert (said["Hi there."].role, said["Hello!"].role, said["exit 0"].role) == ("user", "agent", "other")
    assert (said["Hi there."].seq, said["Hello!"].seq, said["exit 0"].seq) == (0, 1, 2)
    assert said["Hi there."].trust == 1
    assert said["exit 0"].trust == 0
    assert said["Evening."].at == datetime(2024, 5, 1, 18, tzinfo=UTC)
    assert (said["Evening."].speaker, said["Evening."].session) == ("Grace", "2024-05-01")
    assert memory.import_(path).skipped == 4


def test_a_forgotten_line_stays_forgotten(store: Open, tmp_path: Path) -> None:
    """Lines have no ids, so they are known by what they are; the others of the file are still present."""
    path = write(tmp_path / "notes.jsonl", [{"text": "Likes tea."}, {"text": "Likes rum."}])
    memory = store("target")
    memory.import_(path)
    memory.forget(next(r.id for r in memory.search().items if "rum" in r.text))
    done = memory.import_(path)
    assert (done.memories, done.skipped, len(done.refused)) == (0, 1, 1)
    assert [r.text for r in memory.search().items] == ["Likes tea."]


def test_what_is_known_already_is_not_said_twice(store: Open, tmp_path: Path) -> None:
    """A statement that an import had brought in other words of the same file format is one memory."""
    memory = store("target")
    memory.import_(write(tmp_path / "a.jsonl", [{"text": "Likes tea."}]))
    done = memory.import_(write(tmp_path / "b.jsonl", [{"text": "likes  tea", "importance": 4}]))
    assert (done.memories, done.skipped) == (0, 1)


def test_an_empty_file_brings_nothing(store: Open, tmp_path: Path) -> None:
    """Neither an empty file nor blank lines are an error."""
    done = store("target").import_(write(tmp_path / "a.jsonl", ["", "  "]))
    assert (done.episodes, done.memories, done.refused) == (0, 0, ())


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

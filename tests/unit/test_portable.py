"""Taking one's memory along: nothing is lost on the way, and nothing comes in past the door."""

from __future__ import annotations

import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonl import lines, write

import eider

Open = Callable[[str], eider.Eider]
NOW = datetime.now(UTC)


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
    theirs.channel("mcp", "agent").import_(tmp_path / "a.jsonl")
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

"""Lines that other tools wrote: statements and chats without ids, taken in as imported."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from jsonl import write

import eider

Open = Callable[[str], eider.Eider]


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
    assert len(done.refused) == 3
    assert all(
        [
            "time is missing" in done.refused[0],
            "no time zone" in done.refused[1],
            "cannot be read" in done.refused[2],
        ]
    )
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

"""What a user marks as private reaches the model, and nothing of Eider."""

from __future__ import annotations

from pathlib import Path

import pytest
from claude_code import Machine
from homes import Home
from places import where_is
from replies import send
from set_up import eider_command, eventually, heard

import eider

pytestmark = pytest.mark.client
SECRET = "Zanzibarquux"
OPEN = "Quillonmere"
PROMPT = f"The mascot of {OPEN} is a fox. <private>Between us, it was drawn by {SECRET}.</private> Draw it."


def holding(place: Path, word: str) -> list[str]:
    """Files below a directory with that word in them, in any of the encodings that could hide it."""
    wanted = [word.encode(), word.lower().encode(), word.encode("utf-16-le")]
    return [str(path) for path in place.rglob("*") if path.is_file() and any(w in path.read_bytes() for w in wanted)]


def stored(machine: Machine, word: str) -> bool:
    """Whether an export names a word: a compressed column tells a scan of bytes nothing."""
    file = machine.root / "all.jsonl"
    done = eider_command(machine, "export", str(file), "--force")
    assert done.returncode == 0, done.stderr
    return word.lower() in file.read_text().lower()


def check(machine: Machine, home: Home, memory: eider.Eider) -> None:
    """The word beside it is found, so the search would have found the secret."""
    eventually(lambda: any(OPEN in text for text in heard(memory)), "the prompt")
    memory.drain()
    assert stored(machine, OPEN)
    assert not stored(machine, SECRET)
    tables = [
        memory.sql(f"SELECT * FROM {name}").rows for name in ("episodes", "memories", "versions", "events", "edges")
    ]
    assert OPEN in str(tables)
    assert SECRET.lower() not in str(tables).lower()
    home.stop()  # what is in memory or a log of changes now reaches its file
    assert holding(home.path, OPEN)
    assert holding(home.path, SECRET) == []


def test_private_text_is_nowhere_on_disk(equipped: Machine, home: Home, memory: eider.Eider) -> None:
    """The model reads it; store, index, log, spool, briefings and marks of sessions do not have it."""
    turn = equipped.claude(PROMPT, "Thanks.").turns[0]
    assert where_is(turn.requests[0], SECRET)
    check(equipped, home, memory)


def test_private_text_that_is_caught_up_is_nowhere_on_disk(equipped: Machine, home: Home, memory: eider.Eider) -> None:
    """The client's transcript holds it; what reads that leaves it out as well."""
    with equipped.talk() as talk:
        talk.say("Good morning.")
        home.kill()
        talk.say(PROMPT)
    equipped.claude("Where were we?", args=["--resume", talk.id])
    check(equipped, home, memory)


def test_private_text_the_model_repeats_to_a_subagent_is_nowhere_on_disk(
    equipped: Machine, home: Home, memory: eider.Eider
) -> None:
    """A task that quotes the mark is cut like a prompt."""
    equipped.stub.script.load({"replies": [send(PROMPT), {"text": "Drawn."}]})
    equipped.claude(f"Let somebody draw the mascot of {OPEN}.")
    check(equipped, home, memory)

"""What was forgotten has left every byte of the home: stores, queues, learned state, hook state, logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from homes import Home

import eider

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
WORD = "quaggalocker"


def holders(folder: Path) -> list[str]:
    """Files below a folder whose bytes or names hold the word."""
    needles = (WORD.encode(), WORD.encode("utf-16-le"))
    return [
        str(p)
        for p in folder.rglob("*")
        if WORD in p.name or (p.is_file() and not p.is_socket() and any(n in p.read_bytes() for n in needles))
    ]


def test_a_forgotten_statement_has_left_every_file_of_the_home(home: Home, memory: eider.Eider) -> None:
    """Said in messages, kept by a loop that closed, waiting as a job, briefed and searched: nothing of it is left."""
    reply = f"My locker is called {WORD}. I drive a tram."
    memory.observe(agent_output="Understood.", user_reply=reply, key="turn-1")
    memory.record(
        f"So your locker is called {WORD}.", role="agent", session="s", metadata={"note": f"is called {WORD}"}
    )
    kept = memory.remember(f"My locker is called {WORD}.", scope="project:x")
    loop = memory.open_loop()
    memory.recall(f"what is my locker called, {WORD}?", loop=loop.id)
    memory.close_loop(loop.id, outcome=1.0, agent_output=f"It is called {WORD}.")
    conversation = eider.Conversation(memory, session="one", host="app")
    conversation.user_said(f"Remember that my locker is called {WORD}.")
    conversation.flush(10)
    memory.policy(context=f"locker {WORD}")
    memory.drain()
    assert holders(home.path)
    receipt = memory.forget(kept.id)
    assert all(receipt.checks.values()), receipt
    left = [r.text for r in memory.search("", limit=99).items if WORD in r.text]
    assert not left
    assert any("tram" in r.text for r in memory.search("", limit=99).items)
    assert not holders(home.path)

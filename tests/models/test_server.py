"""Models behind a server process: it asks with what the home has set, and with nothing of anybody's shell."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from homes import Home, until
from stub_server import StubServer, broken

import eider

pytestmark = pytest.mark.slow
VAGUE = "Danish is what our release notes have come to be in."
STATED = "The team's release notes are in Danish."
HEARD = {"reasoning": "lasts", "signals": [{"quote": VAGUE, "kind": "fact", "confidence": 0.9}]}
WORDED = {
    "reasoning": "so",
    "memories": [{"signal": 1, "text": STATED, "kind": "fact", "subject": "team", "importance": 3}],
}


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, server: StubServer) -> Iterator[Home]:
    """A home whose config file holds key and address; nothing of them is in the environment."""
    for name in ("EIDER_MODEL_URL", "EIDER_MODEL_KEY"):
        monkeypatch.delenv(name)
    made = Home()
    made.settings(embedder="hash", model_key="a-key", model_url=server.url)
    monkeypatch.setenv("EIDER_HOME", str(made.path))
    monkeypatch.setenv("EIDER_SERVER", "auto")
    yield made
    made.close()


def opened(mode: str) -> eider.Eider:
    return eider.open("notes", user="ada", agent=f"a-{mode}", mode=mode, model="anthropic:stub")


def test_the_server_asks_as_the_agent_is_set(home: Home, server: StubServer) -> None:
    """Mode and model are the agent's, kept in the store; another agent of the same store asks nobody."""
    server.answers |= {"signal": HEARD, "memory": WORDED}
    with opened("frugal") as frugal:
        assert frugal.observe(agent_output="Notes.", user_reply=VAGUE, user="bob").memories[0].wording == ""
    assert server.asked == []
    with opened("eager") as eager:
        learned = eager.observe(agent_output="Notes.", user_reply=VAGUE)
    assert [(str(m.text), m.wording) for m in learned.memories] == [(VAGUE, STATED)]
    assert server.asked[:2] == ["signal", "memory"]


def test_what_the_server_could_not_ask_it_asks_later(home: Home, server: StubServer) -> None:
    """A failure comes back as queued, and the server's own queue learns it."""
    server.answers |= {"signal": HEARD, "memory": WORDED}
    server.faults = [broken(500)] * 3
    with opened("eager") as memory:
        learned = memory.observe(agent_output="Notes.", user_reply=VAGUE)
        assert (learned.status, len(learned.episodes)) == ("queued", 2)
        until(lambda: [i for i in memory.search().items if i.memory is not None], "the learning")

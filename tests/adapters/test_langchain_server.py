"""LangChain over a named store: many processes, one server."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from homes import Home
from langchain.agents import create_agent
from langchain_agents import run_of, said, scripted

import eider
from eider_langchain import EiderMemoryMiddleware, EiderStore

pytestmark = pytest.mark.slow

ELSEWHERE = """
import sys
sys.path.insert(0, {tests!r})
from langchain.agents import create_agent
from langchain_agents import run_of, scripted
import eider
from eider_langchain import EiderMemoryMiddleware, EiderStore

memory = eider.open("notes")
EiderStore(memory).put(("users", "ada"), "n{number}", {{"text": "number {number}", "deep": {{"n": [{number}]}}}})
agent = create_agent(scripted("Noted."), middleware=[EiderMemoryMiddleware(memory)])
agent.invoke({{"messages": [("user", "No, please write in paragraphs.")]}}, run_of("ada{number}"))
"""
"""It neither flushes nor closes: what was told is written when the interpreter ends."""


@pytest.fixture(name="home")
def a_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A home whose names are shared through a server; nothing of it outlives the test."""
    made = Home()
    monkeypatch.setenv("EIDER_HOME", str(made.path))
    monkeypatch.setenv("EIDER_SERVER", "auto")
    yield made
    made.close()


def test_processes_share_a_store_and_a_memory(home: Home) -> None:
    """What three processes put and learned at once, a fourth finds: items, filters, queries, guidance."""
    code = [ELSEWHERE.format(tests=str(Path(__file__).parent), number=n) for n in range(3)]
    running = [subprocess.Popen([sys.executable, "-c", one], stderr=subprocess.PIPE, text=True) for one in code]
    for process in running:
        _, told = process.communicate(timeout=120)
        assert (process.returncode, told) == (0, "")
    with eider.open("notes") as memory:
        store = EiderStore(memory)
        assert {i.key for i in store.search(("users",))} == {"n0", "n1", "n2"}
        assert [i.key for i in store.search(("users",), filter={"deep": {"n": [1]}})] == ["n1"]
        assert store.search(("users",), query="number 2")[0].key == "n2"
        store.delete(("users", "ada"), "n1")
        assert store.get(("users", "ada"), "n1") is None
        assert store.list_namespaces() == [("users", "ada")]
        for n in range(3):
            assert said(memory, f"ada{n}") == [("user", "No, please write in paragraphs."), ("agent", "Noted.")]
        model = scripted("ok")
        agent = create_agent(model, middleware=[EiderMemoryMiddleware(memory)])
        agent.invoke({"messages": [("user", "And now?")]}, run_of("ada1", "t9"))
        assert "paragraphs" in model.system()


def test_a_server_that_is_gone_stops_no_agent(home: Home) -> None:
    """The turn goes on; what was said is durable, and learned when a server is back."""
    with eider.open("notes", user="ada") as memory:
        middleware = EiderMemoryMiddleware(memory)
        agent = create_agent(scripted("one", "two"), middleware=[middleware])
        agent.invoke({"messages": [("user", "Hello?")]}, run_of("ada"))
        assert middleware.flush(10)
        home.kill()
        done = agent.invoke({"messages": [("user", "I live in Bergen.")]}, run_of("ada"))
        assert done["messages"][-1].text == "two"
        assert middleware.flush(30)
        assert ("user", "I live in Bergen.") in said(memory, "ada")

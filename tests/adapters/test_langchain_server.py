"""LangChain over a named store: many processes, one server."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest
from homes import Home, until
from langchain.agents import create_agent
from langchain_agents import run_of, said, scripted
from ports import free_port

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


WEB = """
import sys
sys.path.insert(0, {tests!r})
from langchain.agents import create_agent
from langchain_agents import run_of, scripted
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
import eider
from eider_langchain import EiderMemoryMiddleware, EiderStore

memory = eider.open("notes")
middleware, store = EiderMemoryMiddleware(memory), EiderStore(memory)


async def say(request: Request) -> JSONResponse:
    user, text = request.query_params["user"], request.query_params["text"]
    model = scripted("Noted.")
    await create_agent(model, middleware=[middleware]).ainvoke({{"messages": [("user", text)]}}, run_of(user, text))
    await store.aput(("users", user), text.split()[-1], {{"text": text}})
    await middleware.aflush(30)
    return JSONResponse({{"told": model.system()}})


app = Starlette(routes=[Route("/say", say)])
"""


def test_four_workers_serve_fifty_users_apart(home: Home, tmp_path: Path) -> None:
    """Behind one port, at once: what each user said, put and taught is theirs alone, and nothing is lost."""
    (tmp_path / "web.py").write_text(WEB.format(tests=str(Path(__file__).parent)))
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "web:app",
        "--workers",
        "4",
        "--port",
        str(port),
        "--log-level",
        "error",
    ]
    with subprocess.Popen(command, cwd=tmp_path) as served:
        try:
            with httpx2.Client(
                base_url=f"http://127.0.0.1:{port}", timeout=120, transport=httpx2.HTTPTransport(retries=60)
            ) as web:
                _wait_until_served(web)

                def say(user: int, text: str) -> str:
                    done = web.get("/say", params={"user": f"user-{user}", "text": text})
                    assert done.status_code == 200, done.text
                    return str(done.json()["told"])

                with ThreadPoolExecutor(16) as pool:
                    list(pool.map(lambda n: say(n, f"From now on, call me name-{n}"), range(50)))
                    told = list(pool.map(lambda n: say(n, f"Hello from number-{n}"), range(50)))
        finally:
            served.terminate()
    assert [f"name-{n}" in text for n, text in enumerate(told)] == [True] * 50
    assert not [n for n, text in enumerate(told) if set(re.findall(r"name-\d+", text)) - {f"name-{n}"}]
    with eider.open("notes") as memory:
        for n in range(50):
            heard = {text for origin, text in said(memory, f"user-{n}") if origin == "user"}
            assert heard == {f"From now on, call me name-{n}", f"Hello from number-{n}"}
        assert len(EiderStore(memory).search(("users",), limit=1_000)) == 100


def _wait_until_served(web: httpx2.Client) -> None:
    def answers() -> bool:
        with suppress(httpx2.TransportError):
            web.get("/")
            return True
        return False

    until(answers, "the workers")

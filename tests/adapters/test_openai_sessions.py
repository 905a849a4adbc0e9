"""Sessions of OpenAI's Agents SDK in Eider, and agents that obey: the real SDK, a model on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stub_model import StubModel

import eider
from eider.model.errors import InputError
from eider_openai import EiderSession, function_tools, guided
from eider_openai.session import latest

agents = pytest.importorskip("agents")


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[eider.Eider]:
    with eider.open(tmp_path / "m.eider", user="ada") as opened:
        yield opened


@pytest.fixture
def stub() -> Iterator[StubModel]:
    with StubModel({"default": {"text": "- one\n- two"}}) as served:
        yield served


@pytest.fixture
async def client(stub: StubModel) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(api_key="k", base_url=f"{stub.base_url}/v1", max_retries=0) as made:
        yield made


def agent_of(client: openai.AsyncOpenAI, memory: eider.Eider, **more: Any) -> Any:
    agents.set_tracing_disabled(True)
    model = agents.OpenAIResponsesModel("m", client)
    return agents.Agent(name="reviewer", model=model, instructions=guided(memory, "Be brief."), **more)


async def test_an_agent_is_told_once(memory: eider.Eider, stub: StubModel, client: openai.AsyncOpenAI) -> None:
    """It goes on with its session, and what it is told there guides another one."""
    reviewer = agent_of(client, memory)
    for text in ("Review the diff.", "No, please write in paragraphs."):
        session = EiderSession(memory, "s1")
        assert isinstance(session, agents.memory.Session)
        await agents.Runner.run(reviewer, text, session=session)
        assert await session.aflush(10)
    assert [i.get("role") for i in stub.requests[1]["body"]["input"]] == ["user", "assistant", "user"]
    assert stub.requests[1]["body"]["instructions"] == "Be brief."
    await agents.Runner.run(reviewer, "And a commit message?", session=EiderSession(memory, "s2"))
    assert "Be brief.\n\n" in stub.requests[2]["body"]["instructions"]
    assert "paragraphs" in stub.requests[2]["body"]["instructions"]
    assert len(await EiderSession(memory, "s1").get_items()) == 4


async def test_the_seven_tools_serve_an_agent(memory: eider.Eider, stub: StubModel, client: openai.AsyncOpenAI) -> None:
    """Calls and outputs are kept in order, at a tool's trust."""
    call = {"name": "memory_remember", "input": {"text": "Ada likes tea."}}
    stub.reset({"replies_for": "all", "replies": [{"tools": [call]}, {"text": "Noted."}]})
    session = EiderSession(memory, "s1")
    await agents.Runner.run(
        agent_of(client, memory, tools=function_tools(memory, user="ada")), "I like tea.", session=session
    )
    assert memory.recall("tea", kinds=["fact"])[0].trust == 1
    assert [i.get("type", "message") for i in await session.get_items()] == [
        "message",
        "function_call",
        "function_call_output",
        "message",
    ]


async def test_what_one_agent_says_to_another_teaches_nothing(
    memory: eider.Eider, stub: StubModel, client: openai.AsyncOpenAI
) -> None:
    """An agent as a tool has no session of the person's."""
    rule = "Always answer in French from now on."
    stub.reset(
        {
            "replies_for": "all",
            "replies": [{"tools": [{"name": "ask", "input": {"input": rule}}]}, {"text": "oui"}, {"text": "ok"}],
        }
    )
    inner = agent_of(client, memory).as_tool("ask", "Asks another agent.")
    session = EiderSession(memory, "s1")
    await agents.Runner.run(agent_of(client, memory, tools=[inner]), "Do the research.", session=session)
    assert await session.aflush(10)
    assert not memory.policy().text


async def test_items_come_back_as_they_were(memory: eider.Eider) -> None:
    """In any process, with large files named; the last can be taken back, and clearing erases."""
    items: list[Any] = [
        {"role": "user", "content": "Where is Grace?"},
        {"type": "reasoning", "id": "r1", "summary": []},
        {"type": "function_call", "call_id": "c1", "name": "look_up", "arguments": '{"who": "Grace"}'},
        {"type": "function_call_output", "call_id": "c1", "output": "In Oslo."},
        {
            "type": "message",
            "role": "assistant",
            "id": "m1",
            "status": "completed",
            "content": [{"type": "output_text", "text": "Oslo.", "annotations": []}],
        },
    ]
    session = EiderSession(memory, "password reset")
    await session.add_items(items)
    assert await EiderSession(memory, "password reset").get_items() == items
    assert await session.get_items(limit=2) == items
    assert await session.pop_item() == items[-1]
    assert await session.get_items() == items[:-1]
    picture = {"type": "input_image", "image_url": "data:image/png;base64," + "A" * 200_000}
    await session.add_items(
        [{"role": "user", "content": [{"type": "input_text", "text": "And this? \ud83d"}, picture]}]
    )
    (named,) = await session.get_items(limit=1)
    assert named["content"][0]["text"] == "And this? \ufffd"
    assert named["content"][1]["text"].startswith("[image/png, 150,000 bytes")
    assert await session.aflush(10)
    await session.clear_session()
    assert await session.get_items() == []
    assert await session.pop_item() is None
    assert memory.search(kinds=["episode"]).total == 0


async def test_a_damaged_item_is_told_and_nobody_is_an_error(memory: eider.Eider, tmp_path: Path) -> None:
    """The others load."""
    session = EiderSession(memory, "s1")
    await session.add_items([{"role": "user", "content": "Hello."}])
    memory.record("lost", session="s1", metadata={"item": "[redacted:jwt]"})
    assert [i["role"] for i in await session.get_items()] == ["user", "assistant"]
    assert "damaged" in (await session.get_items())[1]["content"]
    with eider.open(tmp_path / "n.eider") as nobody, pytest.raises(InputError, match="user is missing"):
        EiderSession(nobody, "s1")


async def test_a_memory_that_fails_does_not_stop_a_run(
    memory: eider.Eider, client: openai.AsyncOpenAI, caplog: pytest.LogCaptureFixture
) -> None:
    """The agent answers without it."""
    session, reviewer = EiderSession(memory, "s1"), agent_of(client, memory)
    memory.close()
    assert (await agents.Runner.run(reviewer, "Hello.", session=session)).final_output
    assert len([r for r in caplog.records if r.name == "eider"]) == 1


@settings(suppress_health_check=list(HealthCheck))
@given(kinds=st.lists(st.sampled_from(["user", "assistant", "call"]), max_size=8), limit=st.integers(0, 9))
def test_limited_items_begin_with_the_user(kinds: list[str], limit: int) -> None:
    """Never with an output without its call."""
    items: list[Any] = []
    for kind in kinds:
        items += [{"type": "function_call"}, {"type": "function_call_output"}] if kind == "call" else [{"role": kind}]
    shown = latest(items, limit)
    assert shown == items[len(items) - len(shown) :]
    assert shown == items or not shown or shown[0].get("role") == "user"

"""The seven tools in Messages-API loops, by hand and by the runner."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import pytest
from stub_model import StubModel

import eider
from eider_anthropic import MemoryTools, tools

ASK: dict[str, Any] = {"model": "m", "max_tokens": 64}
ASKED: Any = [{"role": "user", "content": "I like tea. What do I like?"}]
KEEP = {"name": "memory_remember", "input": {"text": "Ada likes tea.", "kind": "preference"}}
LOOK = {"name": "memory_recall", "input": {"query": "what does Ada like?"}}
SCRIPT: Any = {"replies_for": "all", "replies": [{"tools": [KEEP]}, {"tools": [LOOK]}, {"text": "Tea."}]}


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[eider.Eider]:
    with eider.open(tmp_path / "m.eider", user="ada") as opened:
        yield opened


@pytest.fixture
def kit(memory: eider.Eider) -> MemoryTools:
    return tools(memory, user="ada")


@pytest.fixture
def stub() -> Iterator[StubModel]:
    with StubModel(SCRIPT) as served:
        yield served


def told(stub: StubModel) -> list[Any]:
    """What the model was told by tools."""
    contents = [turn["body"]["messages"][-1]["content"] for turn in stub.turns()[1:]]
    return [json.loads(block["content"]) for content in contents for block in content]


def test_a_loop_by_hand(kit: MemoryTools, memory: eider.Eider, stub: StubModel) -> None:
    """Definitions go out, calls are answered, and what entered was said by an agent."""
    messages: list[Any] = [*ASKED]
    with anthropic.Anthropic(api_key="k", base_url=stub.base_url, max_retries=0) as client:
        while (
            message := client.messages.create(**ASK, messages=messages, tools=kit.definitions())
        ).stop_reason == "tool_use":
            messages += [
                {"role": "assistant", "content": message.content},
                {"role": "user", "content": kit.answer(message)},
            ]
    first, second = told(stub)
    assert first["status"] == "stored"
    assert "Ada likes tea." in second["text"]
    assert memory.recall("tea")[0].trust == 1
    assert len(stub.turns()[0]["body"]["tools"]) == 7


async def test_an_async_loop_by_hand(kit: MemoryTools, stub: StubModel) -> None:
    """The same without blocking the loop of events."""
    messages: list[Any] = [*ASKED]
    async with anthropic.AsyncAnthropic(api_key="k", base_url=stub.base_url, max_retries=0) as client:
        for _ in range(2):
            message = await client.messages.create(**ASK, messages=messages, tools=kit.definitions())
            messages += [{"role": "assistant", "content": message.content}]
            messages += [{"role": "user", "content": await kit.aanswer(message)}]
        await client.messages.create(**ASK, messages=messages, tools=kit.definitions())
    assert "Ada likes tea." in told(stub)[1]["text"]


def test_the_runner_runs_them(kit: MemoryTools, stub: StubModel) -> None:
    """As runnable tools, in a streaming run too."""
    with anthropic.Anthropic(api_key="k", base_url=stub.base_url, max_retries=0) as client:
        for stream in (False, True):
            stub.reset()
            run: Any = client.beta.messages.tool_runner(**ASK, messages=ASKED, tools=kit.runnable(), stream=stream)
            assert run.until_done().content[0].text == "Tea."
            assert "Ada likes tea." in told(stub)[1]["text"]


async def test_the_async_runner_runs_them(kit: MemoryTools, stub: StubModel) -> None:
    """As async runnable tools."""
    async with anthropic.AsyncAnthropic(api_key="k", base_url=stub.base_url, max_retries=0) as client:
        run: Any = client.beta.messages.tool_runner(**ASK, messages=ASKED, tools=kit.arunnable())
        assert (await run.until_done()).content[0].text == "Tea."
    assert "Ada likes tea." in told(stub)[1]["text"]


def test_faults_are_answers_and_other_tools_are_left_alone(kit: MemoryTools, stub: StubModel) -> None:
    """A wrong call is an error that names the fix; the host answers what is its own."""
    wrong = {"type": "tool_use", "id": "a", "name": "memory_recall", "input": {"limit": "many"}}
    other = {"type": "tool_use", "id": "b", "name": "get_weather", "input": {}}
    (answer,) = kit.answer({"role": "assistant", "content": [{"type": "text", "text": "Hm."}, wrong, other]})
    assert (answer["tool_use_id"], answer["is_error"]) == ("a", True)
    assert "fix" in json.loads(answer["content"])["error"]
    assert kit.answer({"role": "assistant", "content": "Nothing to call."}) == []
    stub.reset({"replies_for": "all", "replies": [{"tools": [{"name": "memory_recall", "input": {}}]}]})
    with anthropic.Anthropic(api_key="k", base_url=stub.base_url, max_retries=0) as client:
        client.beta.messages.tool_runner(**ASK, messages=ASKED, tools=kit.runnable()).until_done()
    assert stub.turns()[1]["body"]["messages"][-1]["content"][0]["is_error"] is True


def test_a_message_answered_twice_is_carried_out_once(kit: MemoryTools, memory: eider.Eider) -> None:
    """The call's id is the key; the second answer is the first."""
    old = memory.remember("Ada drinks tea.")
    call = {
        "type": "tool_use",
        "id": "c1",
        "name": "memory_correct",
        "input": {"id": old.id, "text": "Ada drinks coffee."},
    }
    first, second = kit.answer([call]), kit.answer([call])
    assert first == second
    assert memory.search("Ada drinks", kinds=["fact"]).total == 1


def test_scopes_loops_and_contexts_are_the_hosts_to_bind(memory: eider.Eider) -> None:
    """The model sees what is bound, and cannot leave it."""
    loop = memory.open_loop()
    kit = tools(memory, user="ada", scopes=["project:alpha"], loop=loop, context="deploying")
    remember = next(d for d in kit.definitions() if d["name"] == "memory_remember")
    assert remember["input_schema"]["properties"]["scope"]["enum"] == ["project:alpha", "global"]
    told = kit.answer([{"type": "tool_use", "id": "d", "name": "memory_signal_outcome", "input": {"outcome": 1}}])
    assert json.loads(told[0]["content"])["status"] == "stored"

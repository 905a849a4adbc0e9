"""The scripted model speaks its protocols as the vendors' own clients read them, and tells where a text stood."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest
from places import how_often, where_is
from stub_model import StubModel

CALL = {"name": "look", "input": {"where": "here"}}
TOOL: Any = {"name": "look", "description": "Looks.", "input_schema": {"type": "object", "properties": {}}}
ASKED: Any = [{"role": "user", "content": "Where is it?"}]


@pytest.fixture
def stub() -> Iterator[StubModel]:
    with StubModel({"default": {"text": "It is " + "far " * 30 + "away.", "tools": [CALL]}}) as served:
        yield served


@pytest.fixture
def claude(stub: StubModel) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(api_key="dummy-key", base_url=stub.base_url, max_retries=0) as client:
        yield client


@pytest.fixture
def gpt(stub: StubModel) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="dummy-key", base_url=f"{stub.base_url}/v1", max_retries=0) as client:
        yield client


def test_a_message_is_the_same_whole_and_streamed(claude: anthropic.Anthropic) -> None:
    """Anthropic's client reads text and tool calls alike from both."""
    asked: Any = {"model": "m", "max_tokens": 9, "messages": ASKED, "tools": [TOOL]}
    whole = claude.messages.create(**asked)
    with claude.messages.stream(**asked) as stream:
        streamed = stream.get_final_message()
    for said in (whole, streamed):
        assert [block.type for block in said.content] == ["text", "tool_use"]
        assert said.content[0].text.endswith("away.")
        assert (said.content[1].name, said.content[1].input) == ("look", {"where": "here"})
        assert (said.stop_reason, said.usage.output_tokens) == ("tool_use", 5)


def test_a_completion_is_the_same_whole_and_streamed(gpt: openai.OpenAI) -> None:
    """OpenAI's client reads text and tool calls alike from both."""
    asked: Any = {"model": "m", "messages": ASKED}
    whole = gpt.chat.completions.create(**asked).choices[0].message
    with gpt.chat.completions.stream(**asked) as stream:
        streamed = stream.get_final_completion().choices[0].message
    for said in (whole, streamed):
        assert said.content.endswith("away.")
        assert [call.function.arguments for call in said.tool_calls] == ['{"where": "here"}']


def test_a_response_is_the_same_whole_and_streamed(gpt: openai.OpenAI) -> None:
    """OpenAI's client reads text and tool calls alike from both."""
    whole = gpt.responses.create(model="m", input="Where is it?")
    with gpt.responses.stream(model="m", input="Where is it?") as stream:
        streamed = stream.get_final_response()
    for said in (whole, streamed):
        assert said.output_text.endswith("away.")
        assert [one.arguments for one in said.output if one.type == "function_call"] == ['{"where": "here"}']


def test_the_same_text_has_the_same_vector(gpt: openai.OpenAI) -> None:
    """Embeddings are of the asked width and of length 1."""
    answer = gpt.embeddings.create(model="e", input=["a dog", "a dog", "a cat"], dimensions=64, encoding_format="float")
    first, again, other = (one.embedding for one in answer.data)
    assert first == again != other
    assert len(first) == 64
    assert sum(x * x for x in first) == pytest.approx(1)


def test_errors_are_answered_as_scripted(stub: StubModel, claude: anthropic.Anthropic) -> None:
    """A status other than 200 reaches the client as the vendor's error."""
    stub.reset({"default": {"status": 529, "error": "overloaded_error"}})
    with pytest.raises(anthropic.APIStatusError, match="overloaded_error"):
        claude.messages.create(model="m", max_tokens=9, messages=ASKED)


def test_rules_come_before_replies_and_side_requests_eat_none(stub: StubModel, claude: anthropic.Anthropic) -> None:
    """A script is worked off in the order that it promises."""
    stub.reset(
        {
            "rules": [{"when": {"last_user": "secret (?P<x>\\w+)"}, "times": 1, "reply": {"text": "a rule"}}],
            "replies": [{"text": "first: {WORD}", "extract": {"WORD": "secret (\\w+)"}}],
            "default": {"text": "nothing left"},
        }
    )

    def ask(text: str, **more: Any) -> str:
        given: Any = [{"role": "user", "content": text}]
        return claude.messages.create(model="m", max_tokens=9, messages=given, **more).content[0].text

    assert ask("secret plum", tools=[TOOL]) == "a rule"
    assert ask("secret plum") == "nothing left"
    assert ask("secret plum", tools=[TOOL]) == "first: plum"
    assert ask("secret plum", tools=[TOOL]) == "nothing left"
    assert [one["why"] for one in stub.turns()] == ["rule 0", "default", "reply 0", "default"]


def test_a_text_is_found_where_it_stands(stub: StubModel, claude: anthropic.Anthropic) -> None:
    """Places name the block of the message; texts that are not there have none; keys are not kept."""
    blocks: Any = [{"type": "text", "text": "one"}, {"type": "text", "text": "two plums, plums"}]
    claude.messages.create(model="m", max_tokens=9, system="three", messages=[{"role": "user", "content": blocks}])
    (sent,) = stub.turns()
    assert where_is(sent, "plums") == ["messages[0].user[1].text"]
    assert how_often(sent, "plums") == 2
    assert where_is(sent, "three") == ["system"]
    assert where_is(sent, "pears") == []
    assert "dummy-key" not in str(stub.requests)

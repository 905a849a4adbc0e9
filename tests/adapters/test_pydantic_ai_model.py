"""A model of pydantic-ai as the model Eider asks."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import anthropic
import pytest
from pydantic import BaseModel
from pydantic_ai.exceptions import ModelHTTPError, UnexpectedModelBehavior
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.test import TestModel as FakeModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from stub_model import StubModel

import eider
from eider.model.errors import ModelError, ModelRefusedError
from eider.model.llm import Prompt
from eider_pydantic_ai import as_model
from eider_pydantic_ai.model import _loop


class Verdict(BaseModel):
    ok: bool
    why: str


PROMPT: Prompt[Verdict] = Prompt(name="test", version="1", system="Judge.", text="<data>fine</data>", answer=Verdict)


def test_a_prompt_is_answered_with_its_type_and_counted() -> None:
    """What Eider asks goes out as instructions and data; name and tokens come back."""
    seen: list[tuple[list[ModelMessage], AgentInfo]] = []

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        seen.append((messages, info))
        return ModelResponse([ToolCallPart(info.output_tools[0].name, {"ok": True, "why": "it is"})])

    model = as_model(FunctionModel(answer, model_name="judge"))
    done = model.answer(PROMPT, 5.0)
    assert done.value == Verdict(ok=True, why="it is")
    assert done.input_tokens > 0
    assert done.output_tokens > 0
    assert model.name == "function:judge"
    assert seen[0][1].instructions == "Judge."
    assert seen[0][1].model_settings == {"max_tokens": 1024, "timeout": 5.0}


async def test_it_answers_within_a_running_loop() -> None:
    """Async hosts call Eider's verbs too; the model runs on a loop of its own."""
    model = as_model(FakeModel(custom_output_args={"ok": True, "why": "yes"}))
    assert model.answer(PROMPT, 5.0).value.ok
    assert (await asyncio.to_thread(model.answer, PROMPT, 5.0)).value.ok


def failing(error: Exception) -> Any:
    def answer(_messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
        raise error

    return as_model(FunctionModel(answer, model_name="broken"))


@pytest.mark.parametrize(
    ("error", "later"),
    [(ModelHTTPError(529, "m"), True), (ModelHTTPError(401, "m"), False), (UnexpectedModelBehavior("said: secret"), True)],
)  # fmt: skip
def test_faults_say_whether_later_may_be_better(error: Exception, later: bool) -> None:
    """As Eider's own vendors do; the cause is chained, and quotes nothing of the answer."""
    with pytest.raises(ModelError) as caught:
        failing(error).answer(PROMPT, 5.0)
    assert caught.value.retryable is later
    assert "secret" not in str(caught.value)


def test_an_answer_in_another_form_is_a_fault() -> None:
    """Asked twice by pydantic-ai, then given up."""
    wrong = FunctionModel(lambda _m, _i: ModelResponse([TextPart("no")]), model_name="wrong")
    with pytest.raises(ModelError, match="another form"):
        as_model(wrong).answer(PROMPT, 5.0)


def test_a_refusal_is_told_apart() -> None:
    """Asking the same again would be refused again."""
    kinds = pytest.importorskip("pydantic_ai.exceptions")
    with pytest.raises(ModelRefusedError):
        failing(kinds.ContentFilterError("no")).answer(PROMPT, 5.0)


def test_a_model_that_hangs_is_given_up() -> None:
    """The deadline is Eider's."""

    async def hang(_messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(ModelError, match="within"):
        as_model(FunctionModel(hang, model_name="slow")).answer(PROMPT, 0.05)


def test_a_store_learns_with_it(tmp_path: Path) -> None:
    """`eider.open(mode="eager", model=…)` asks it when it observes."""
    asked: list[str] = []

    def answer(_messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        asked.append(info.instructions or "")
        tool = info.output_tools[0]
        empty = {
            name: [] if kind.get("type") == "array" else ""
            for name, kind in tool.parameters_json_schema["properties"].items()
        }
        return ModelResponse([ToolCallPart(tool.name, empty)])

    model = as_model(FunctionModel(answer, model_name="learner"))
    with eider.open(tmp_path / "m.eider", user="ada", mode="eager", model=model) as memory:
        memory.observe(agent_output="- one", user_reply="No, please write in paragraphs.")
        memory.drain(10)
    assert asked


def test_a_real_providers_model_is_asked_over_the_wire() -> None:
    """Anthropic's own model class, against a stub on loopback; its clients outlive one call."""
    pytest.importorskip("pydantic_ai.conversation_store", reason="older ones cannot talk by the anthropic of today")
    reply = {"tools": [{"name": "final_result", "input": {"ok": True, "why": "wired"}}]}
    with StubModel({"default": reply}) as stub:
        client = anthropic.AsyncAnthropic(api_key="k", base_url=stub.base_url, max_retries=0)
        model = as_model(AnthropicModel("claude-stub", provider=AnthropicProvider(anthropic_client=client)))
        assert model.name == "anthropic:claude-stub"
        for _ in range(2):
            assert model.answer(PROMPT, 10.0).value.why == "wired"
        stub.reset({"default": {"status": 529, "error": "overloaded_error"}})
        with pytest.raises(ModelError) as caught:
            model.answer(PROMPT, 10.0)
        assert caught.value.retryable
        _loop.run_until_done(client.close(), 5.0)

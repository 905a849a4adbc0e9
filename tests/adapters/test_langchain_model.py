"""A LangChain chat model as the model Eider asks; the retriever; what importing the adapter costs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from langchain_agents import Scripted, a_memory, a_user, run_of, scripted  # noqa: F401
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, ToolCall
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnableLambda
from pydantic import BaseModel

import eider
from eider.model.errors import ModelError
from eider.model.llm import Prompt
from eider_langchain import EiderRetriever, as_model


class Verdict(BaseModel):
    """What is asked for."""

    reason: str
    sure: bool


PROMPT = Prompt(name="test", version="1", system="Judge.", text="<data>x</data>", answer=Verdict)
USED: Any = {"input_tokens": 20, "output_tokens": 7, "total_tokens": 27}
FORM = '{"reason": "said so", "sure": true}'


class Wordy(Scripted):
    """A model that can do nothing but write."""

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        raise NotImplementedError


def test_a_model_with_tools_answers_in_the_form_that_was_asked() -> None:
    """Structured output where the model has it, with the tokens it took."""
    call = ToolCall(name="Verdict", args=json.loads(FORM), id="1")
    answer = as_model(scripted(AIMessage("", tool_calls=[call], usage_metadata=USED))).answer(PROMPT, 5.0)
    assert answer.value == Verdict(reason="said so", sure=True)
    assert (answer.input_tokens, answer.output_tokens) == (20, 7)


@pytest.mark.parametrize("written", [FORM, f"Sure:\n```json\n{FORM}\n```"])
def test_a_model_that_only_writes_is_asked_for_json_in_words(written: str) -> None:
    """The schema goes into the instructions, the answer is found in the text."""
    model = Wordy(messages=iter([AIMessage(written, usage_metadata=USED)]))
    assert as_model(model).answer(PROMPT, 5.0).value == Verdict(reason="said so", sure=True)
    assert '"reason"' in model.seen[0][0].text
    assert model.seen[0][1].text == PROMPT.text


@pytest.mark.parametrize("kind", [Scripted, Wordy])
def test_an_answer_in_another_form_is_a_fault_of_the_model_with_its_cost(kind: type[Scripted]) -> None:
    """Eider may ask again; the tokens count."""
    model = kind(messages=iter([AIMessage("I would rather not.", usage_metadata=USED)]))
    with pytest.raises(ModelError, match="another form") as caught:
        as_model(model, name="acme:small").answer(PROMPT, 5.0)
    assert caught.value.tokens == 27
    assert "acme:small" in str(caught.value)


def test_a_model_that_is_down_may_be_asked_again_and_a_refused_key_not() -> None:
    """Status codes that stay the same later are told apart."""
    with pytest.raises(ModelError) as caught:
        as_model(scripted("fails")).answer(PROMPT, 5.0)
    assert caught.value.retryable
    assert isinstance(caught.value.__cause__, ConnectionError)

    class Refused(Exception):  # noqa: N818 (as services name theirs)
        status_code = 401

    class Locked(Wordy):
        def _generate(self, *args: Any, **kwargs: Any) -> Any:
            raise Refused

    with pytest.raises(ModelError) as caught:
        as_model(Locked(messages=iter([]))).answer(PROMPT, 5.0)
    assert not caught.value.retryable


def test_a_chat_model_thinks_for_a_memory(tmp_path: Path) -> None:
    """`eider.open(mode="eager", model=as_model(…))` asks it when it learns, and no handler of the host hears that."""
    heard: list[Any] = []

    class Ears(BaseCallbackHandler):
        def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
            heard.append(args)

    model = Wordy(messages=iter([AIMessage("no json")] * 50))
    with eider.open(tmp_path / "m.eider", user="ada", mode="eager", model=as_model(model)) as memory:

        def learn(_: str) -> str:
            return memory.observe(agent_output="- one", user_reply="No, please write in paragraphs.").status

        RunnableLambda(learn).invoke("x", {"callbacks": [Ears()]})
    assert model.seen
    assert heard == []


def test_a_models_name_is_one_that_eider_can_write() -> None:
    """Provider and model, without blanks, also where the framework's names have them."""
    assert as_model(scripted()).name == "langchain:Scripted"
    named = Wordy(messages=iter([]))
    object.__setattr__(named, "model_name", "some model/7b")
    assert as_model(named).name == "langchain:some-model/7b"


# ---------------------------------------------------------------------- retriever


def test_a_retriever_recalls_for_whom_the_config_says(memory: eider.Eider, ada: str) -> None:
    """Alone and within a chain; the documents are framed as recalled and tell why they came."""
    memory.remember("Ada's deploy day is Friday.", user=ada, scope="project:x")
    memory.remember("Bob's deploy day is Monday.", user=f"{ada}-bob")
    retriever = EiderRetriever(memory=memory, kinds=["fact"])
    (found,) = retriever.invoke("deploy day", run_of(ada))  # pyright: ignore[reportArgumentType]
    assert "Friday" in found.page_content
    assert found.page_content.startswith("<eider-memory")
    assert found.metadata["scope"] == "project:x"
    assert found.metadata["trust"] == 2
    assert found.id is not None
    assert found.id in found.page_content
    chain = retriever | (lambda found: found[0].page_content) | StrOutputParser()
    assert "Monday" in chain.invoke("deploy day", run_of(f"{ada}-bob"))  # pyright: ignore[reportArgumentType]
    plain = EiderRetriever(memory=memory, user=ada, marked=False, scopes=["project:x"])
    assert plain.invoke("deploy day")[0].page_content == "Ada's deploy day is Friday."
    assert EiderRetriever(memory=memory, user=ada, scopes=["project:y"]).invoke("deploy day") == []


async def test_a_retriever_works_async_and_finds_nothing_where_memory_fails(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The chain goes on; one warning."""
    memory = eider.open(tmp_path / "m.eider", user="ada")
    memory.remember("Ada's deploy day is Friday.")
    retriever = EiderRetriever(memory=memory)
    assert "Friday" in (await retriever.ainvoke("deploy day"))[0].page_content
    assert len(await retriever.ainvoke("deploy day", k=1)) == 1
    memory.close()
    assert retriever.invoke("deploy day") == []
    assert await retriever.ainvoke("deploy day") == []
    assert len(caplog.records) == 1


# ---------------------------------------------------------------------- what an import costs


def run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    ).stdout.strip()


def test_importing_the_adapter_imports_no_framework() -> None:
    """What is heavy comes with the first name that needs it; classic memory alone brings langchain-classic."""
    assert run(
        "import sys, eider_langchain; dir(eider_langchain)\n"
        "print([m for m in ('langchain', 'langchain_core', 'langgraph', 'pydantic', 'duckdb') if m in sys.modules])"
    ) == "[]"  # fmt: skip
    assert run(
        "import sys; from eider_langchain import EiderRetriever, memory_tools\n"
        "print([m for m in ('langchain', 'langgraph', 'langchain_classic', 'duckdb', 'lancedb') if m in sys.modules])"
    ) == "[]"  # fmt: skip


@pytest.mark.parametrize(
    ("missing", "name", "extra"),
    [("langchain", "EiderMemoryMiddleware", "langchain"), ("langgraph", "EiderStore", "langchain"),
     ("langchain_core", "EiderRetriever", "langchain"), ("langchain_classic", "EiderMemory", "langchain-classic")],
)  # fmt: skip
def test_a_missing_framework_is_told_in_one_line(missing: str, name: str, extra: str) -> None:
    """It names what to install."""
    told = run(
        f"import sys; sys.modules[{missing!r}] = None\n"
        f"try: from eider_langchain import {name}\nexcept ImportError as error: print(type(error).__name__, error)"
    )
    assert told == f"MissingExtraError {missing!r} is not installed; run: pip install 'eider-memory[{extra}]'"


def test_a_name_that_is_not_there_is_told_as_that() -> None:
    """As of any module."""
    import eider_langchain

    with pytest.raises(AttributeError, match="no attribute 'EiderMagic'"):
        eider_langchain.EiderMagic  # noqa: B018
    assert set(eider_langchain.__all__) <= set(dir(eider_langchain))

"""The retriever, the tools and the model, in engines and agents."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.llms import ChatMessage
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import MetadataMode
from llamaindex_fakes import (  # noqa: F401
    Parrot,
    a_memory,
    a_user,
    agent,
    calls,
    index,
    last,
    learned,
    nothing_swallowed,
    says,
    short_term,
    spoken,
)
from pydantic import BaseModel

import eider
from eider.model.errors import InputError, ModelError
from eider.model.llm import Prompt
from eider_llamaindex import EiderEventHandler, EiderRetriever, EiderToolSpec, as_model, guided, speaking

pytestmark = [
    pytest.mark.filterwarnings("ignore:The `__.*__` attribute is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_.*' attribute on the instance:DeprecationWarning"),
]

# ---------------------------------------------------------------------- retriever


async def test_a_query_engine_answers_from_memory(memory: eider.Eider, ada: str) -> None:
    """Sync and async alike; the model reads each node framed as data, and nothing that is beside its text."""
    kept = memory.remember("The deploy day is <b>Friday</b>.", user=ada, scope="project:alpha")
    llm = Parrot()
    retriever = EiderRetriever(memory, user=ada, scopes=["project:alpha"], limit=3)
    engine = RetrieverQueryEngine.from_args(retriever, llm=llm)
    answers = [engine.query("When is the deploy day?"), await engine.aquery("When is the deploy day?")]
    for answer, messages in zip(answers, llm.seen, strict=True):
        (node,) = answer.source_nodes
        assert node.node.node_id == kept.id
        assert node.node.metadata["eider_trust"] == 2
        assert "deploy day is &lt;b&gt;Friday" in messages[-1][1]
        assert f'<eider-memory v="1" ids="{kept.id}">' in messages[-1][1]
        assert "eider_trust" not in node.node.get_content(MetadataMode.LLM)
        assert "eider_why" not in messages[-1][1]


async def test_a_retriever_sees_its_user_and_its_scopes(memory: eider.Eider, ada: str) -> None:
    """The user comes from the request where the host says so; another scope's memories stay out."""
    for user in (ada, f"bob-{ada}"):
        memory.remember(f"The deploy day of {user} is Friday.", user=user)
        memory.remember(f"The secret deploy day of {user} is Monday.", user=user, scope="project:beta")
    retriever = EiderRetriever(memory, scopes=["project:alpha"])

    async def found(user: str) -> list[str]:
        with speaking(user=user):
            return [node.text for node in await retriever.aretrieve("deploy day")]

    for user, texts in zip((ada, f"bob-{ada}"), await asyncio.gather(found(ada), found(f"bob-{ada}")), strict=True):
        assert len(texts) == 1
        assert f"of {user} is Friday" in texts[0]


async def test_what_tools_said_is_marked_as_such(memory: eider.Eider, ada: str) -> None:
    """A line of low trust says whose it is, and taints an answer that rests on it."""
    memory.channel("page", "document").record("The deploy day is Tuesday.", user=ada, role="other", speaker="page")
    retriever = EiderRetriever(memory, user=ada)
    (node,) = retriever.retrieve("When is the deploy day?")
    assert "(said by: document)" in node.text
    with EiderEventHandler(memory, user=ada) as handler:
        answer = RetrieverQueryEngine.from_args(retriever, llm=Parrot()).query("When is the deploy day?")
        assert handler.flush(10)
    (said,) = [r for r in memory.search(user=ada, kinds=["episode"]).items if r.episode and r.episode.role == "agent"]
    assert (said.text, said.trust) == (str(answer), 0)


# ---------------------------------------------------------------------- guidance


@pytest.mark.parametrize("streaming", [False, True])
async def test_a_query_engine_obeys_what_it_was_taught(streaming: bool, memory: eider.Eider, ada: str) -> None:
    """A correction of one answer stands before the next question, of that user alone; nothing of it is learned again."""
    llm = Parrot()
    engine = index().as_query_engine(llm=llm, text_qa_template=guided(memory), streaming=streaming)
    with EiderEventHandler(memory) as handler:
        for user, text in (
            (ada, "How do I write?"),
            (ada, "No, please write in paragraphs."),
            (f"bob-{ada}", "And I?"),
        ):
            with speaking(user=user):
                str(engine.query(text))
            assert handler.flush(10)
        with speaking(user=ada):
            assert str(await engine.aquery("What about {braces}?"))
        assert await handler.aflush(10)
    prompts = [messages[-1][1] for messages in llm.seen]
    assert ["please write in paragraphs." in prompt.split("Query:")[0] for prompt in prompts] == [
        False,
        False,
        False,
        True,
    ]
    assert "What about {braces}?" in prompts[-1]
    assert learned(memory, ada) == ["please write in paragraphs."]
    assert learned(memory, f"bob-{ada}") == []


# ---------------------------------------------------------------------- tools


def remembers(messages: Sequence[ChatMessage]) -> ChatMessage:
    """Keeps what it is told, recalls what it is asked for."""
    text = str(last(messages).content)
    if last(messages).role != "user":
        return says(f"Tool said: {text}")
    return (
        calls("memory_recall", query=text)
        if text.endswith("?")
        else calls("memory_remember", text=text, kind="preference")
    )


async def test_an_agent_uses_its_memory_itself(memory: eider.Eider, ada: str) -> None:
    """What it keeps is an agent's word for the user of the request; what it recalls comes framed."""
    worker = agent(remembers, tools=EiderToolSpec(memory).to_tool_list())
    with speaking(user=ada):
        kept = str(await worker.run("Ada's editor is Helix."))
        found = str(await worker.run("Which editor does Ada use?"))
    assert json.loads(kept.removeprefix("Tool said: "))["status"] == "stored"
    assert '<eider-memory v=\\"1\\"' in found
    assert "editor is Helix" in found
    (one,) = [r for r in memory.search(user=ada).items if r.memory]
    assert (one.text, one.trust) == ("Ada's editor is Helix.", 1)


async def test_what_eiders_tools_answer_is_not_learned_again(memory: eider.Eider, ada: str) -> None:
    """A tool's output is kept as a tool's, but not Eider's own."""
    memory.remember("Ada's editor is Helix.", user=ada)
    worker = agent(remembers, tools=EiderToolSpec(memory, user=ada).to_tool_list(["recall"]))
    with EiderEventHandler(memory, user=ada) as handler:
        await worker.run("Which editor does Ada use?")
        assert await handler.aflush(10)
    told = spoken(memory, ada)
    assert [role for role, _ in told] == ["user", "agent"]
    assert not any("Helix" in text for _, text in told)
    assert learned(memory, ada) == ["Ada's editor is Helix."]


def test_the_seven_tools_have_their_own_schemas(memory: eider.Eider, ada: str) -> None:
    """Names, descriptions and schemas are core's; a tool of another name is refused with those there are."""
    spec = EiderToolSpec(memory, user=ada, scopes=["project:alpha"])
    tools = {tool.metadata.get_name(): tool for tool in spec.to_tool_list()}
    known = {
        d["name"]: d
        for d in eider.Conversation(memory, user=ada, scopes=["project:alpha"]).toolbox("memory_").definitions()
    }
    assert tools.keys() == known.keys()
    for name, tool in tools.items():
        shown: Any = tool.metadata.to_openai_tool(skip_length_check=True)["function"]
        assert shown["description"] == known[name]["description"]
        assert shown["parameters"]["properties"] == known[name]["parameters"]["properties"]
    assert [t.metadata.name for t in spec.to_tool_list(["recall"])] == ["memory_recall"]
    with pytest.raises(InputError, match="no tool 'rember'"):
        spec.to_tool_list(["rember"])


def test_a_tool_that_is_called_wrongly_answers_with_the_fix(memory: eider.Eider, ada: str) -> None:
    """It never raises: the model reads what to change."""
    tools = {t.metadata.get_name(): t for t in EiderToolSpec(memory, user=ada).to_tool_list()}
    for name, arguments, fix in [
        ("memory_remember", {}, "text"), ("memory_recall", {"query": "x", "limit": "many"}, "whole number"), ("memory_forget", {"id": "no"}, "no"),
    ]:  # fmt: skip
        error = json.loads(str(tools[name](**arguments)))["error"]
        assert fix in f"{error['message']} {error['fix']}"
    nobody = EiderToolSpec(memory).to_tool_list(["recall"])[0]
    assert "user is missing" in json.loads(str(nobody(query="x")))["error"]["message"]


# ---------------------------------------------------------------------- model


class Verdict(BaseModel):
    reason: str
    same: bool


PROMPT = Prompt(name="same", version="1", system="Judge {this}.", text="I prefer {tabs}.", answer=Verdict)


def asked(seen: list[Any], answer: Callable[[], ChatMessage]) -> MockFunctionCallingLLM:
    def step(messages: Sequence[ChatMessage], **_: Any) -> ChatMessage:
        seen.append([(m.role.value, str(m.content)) for m in messages])
        return answer()

    return MockFunctionCallingLLM(response_generator=step, is_chat_model=True)


def test_a_model_of_llamaindex_answers_eiders_questions() -> None:
    """In the form that was asked, with braces as they are, and with what it may have cost."""
    seen: list[Any] = []
    llm = asked(seen, lambda: calls("Verdict", reason="they are", same=True))
    answer = as_model(llm).answer(PROMPT, 5.0)
    assert answer.value == Verdict(reason="they are", same=True)
    assert answer.input_tokens > 0
    assert answer.output_tokens > 0
    assert seen == [[("system", "Judge {this}."), ("user", "I prefer {tabs}.")]]
    assert as_model(llm).name == "llamaindex:MockFunctionCallingLLM"


def test_a_model_that_only_writes_is_asked_for_json() -> None:
    """A model without tools does as well."""

    class Writes(Parrot):
        def _answer(self, messages: Any) -> str:
            super()._answer(messages)
            return '{"reason": "they are", "same": true}'

    llm = Writes()
    assert as_model(llm).answer(PROMPT, 5.0).value == Verdict(reason="they are", same=True)
    assert "I prefer {tabs}." in str(llm.seen)


def test_a_model_that_fails_says_so_in_eiders_words() -> None:
    """Whatever it raises is a model's error, with the cause."""

    def broken() -> ChatMessage:
        raise ConnectionError("no model today")

    with pytest.raises(ModelError, match="same/1") as caught:
        as_model(asked([], broken)).answer(PROMPT, 5.0)
    assert isinstance(caught.value.__cause__, ConnectionError)


def test_what_eider_asks_a_model_is_nobodys(tmp_path: Path) -> None:
    """A memory whose own model is LlamaIndex's learns what the user said, and never what it asks itself."""
    seen: list[Any] = []
    llm = asked(seen, lambda: says("{}"))
    with (
        eider.open(tmp_path / "m.eider", user="ada", mode="eager", model=as_model(llm)) as memory,
        EiderEventHandler(memory) as handler,
    ):
        SimpleChatEngine.from_defaults(llm=Parrot(), memory=short_term()).chat("I prefer tabs.")
        assert handler.flush(10)
        memory.drain()
        assert handler.flush(10)
        assert seen, "the model was asked"
        assert [text for role, text in spoken(memory, "ada") if role == "user"] == ["I prefer tabs."]
        assert len(spoken(memory, "ada")) == 2

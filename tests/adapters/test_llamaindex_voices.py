"""Who speaks in LlamaIndex, and one conversation however many objects show it."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index_instrumentation import get_dispatcher
from llamaindex_fakes import (  # noqa: F401
    Parrot,
    a_memory,
    a_user,
    agent,
    calls,
    last,
    learned,
    nothing_swallowed,
    says,
    short_term,
    spoken,
)

import eider
from eider.model.errors import InputError
from eider_llamaindex import (
    EiderEventHandler,
    EiderMemoryBlock,
    EiderToolSpec,
    eider_memory,
    guided,
    shared_chats,
    speaking,
)
from eider_llamaindex.shared_chats import MAX_RESTORED

pytestmark = [
    pytest.mark.filterwarnings("ignore:Skipping serialization of known unserializable key"),
    pytest.mark.filterwarnings("ignore:The `__.*__` attribute is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_.*' attribute on the instance:DeprecationWarning"),
]
FRENCH = "Always answer in French from now on."


def delegating(messages: Any) -> Any:
    """Hands the task on, then answers."""
    return calls("delegate", task=FRENCH) if last(messages).role == "user" else says("ok")


@pytest.mark.parametrize("how", ["handler", "memory"])
async def test_what_an_agent_says_to_one_that_its_tool_runs_teaches_nothing(
    memory: eider.Eider, ada: str, how: str
) -> None:
    """Whichever of both keeps the conversation."""
    inner = agent(lambda _: says("done"))

    async def delegate(task: str) -> str:
        """Hand a task to another agent."""
        own = eider_memory(memory, user=ada, session="inner") if how == "memory" else None
        return str(await inner.run(task, memory=own))

    outer = agent(delegating, tools=[FunctionTool.from_defaults(async_fn=delegate)])
    own = eider_memory(memory, user=ada, session="outer") if how == "memory" else None
    with EiderEventHandler(memory, user=ada) as handler:
        await outer.run("Do the research.", memory=own)
        assert handler.flush(10)
    assert ("user", "Do the research.") in spoken(memory, ada)
    assert ("user", FRENCH) not in spoken(memory, ada)
    assert learned(memory, ada) == []


@pytest.mark.parametrize("speaker", ["user", "agent"])
async def test_a_host_says_who_speaks(memory: eider.Eider, ada: str, speaker: str) -> None:
    """Of an engine that another agent speaks to nothing is the user's."""
    with EiderEventHandler(memory, user=ada) as handler:
        with speaking(speaker=speaker):
            SimpleChatEngine.from_defaults(llm=Parrot(), memory=short_term()).chat(FRENCH)
            await eider_memory(memory, user=ada, session="s1").aput(ChatMessage(role="user", content="I prefer tabs."))
        assert handler.flush(10)
    assert bool(learned(memory, ada)) is (speaker == "user")
    with pytest.raises(InputError, match="speaker='robot'"), speaking(speaker="robot"):
        pass


async def test_a_request_that_names_no_user_is_an_error(memory: eider.Eider) -> None:
    """Where neither set-up, tags nor `eider.open` say whose memory it is, nobody's is taken."""
    with pytest.raises(InputError, match="user is missing"):
        await eider_memory(memory, session="s1").aput(ChatMessage(role="user", content="Hello."))
    with pytest.raises(InputError, match="user is missing"):
        await EiderMemoryBlock(memory).aget([ChatMessage(role="user", content="Hello.")])
    with pytest.raises(InputError, match="user is missing"):
        guided(memory).format(query_str="Hello?", context_str="")


def test_many_handlers_cost_one_span_handler(memory: eider.Eider) -> None:
    """Made, dropped, attached or not: spans are watched once, and nothing is kept of handlers that are gone."""
    before = len(get_dispatcher().span_handlers)
    for _ in range(5):
        EiderEventHandler(memory, user="ada")
        EiderEventHandler(memory, user="ada").attach().detach()
    assert len(get_dispatcher().span_handlers) <= before + 1
    gc.collect()
    from eider_llamaindex.turns import ALL_TURNS

    assert len(ALL_TURNS) <= 1


def test_a_tool_specs_functions_are_its_methods(memory: eider.Eider, ada: str) -> None:
    """They are called and described as those of any spec; their tools do not meet the host's own."""
    spec = EiderToolSpec(memory, user=ada, prefix="ada_")
    assert "stored" in spec.remember(text="The deploy day is Friday.")
    for name in spec.spec_functions:
        assert isinstance(name, str)
        assert callable(getattr(spec, name))
        about = spec.get_metadata_from_fn_name(name)
        assert about is not None
        assert about.name == f"ada_{name}"
        assert about.fn_schema is spec.get_fn_schema_from_fn_name(name) or about.fn_schema is not None
    assert "Friday" in str(spec.to_tool_list(["recall"])[0](query="deploy day"))
    assert spec.get_metadata_from_fn_name("none") is None


def texts(messages: list[ChatMessage]) -> list[str | None]:
    return [message.content for message in messages]


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_two_memories_of_one_session_agree(memory: eider.Eider, ada: str, elsewhere: bool) -> None:
    """Two workers, in this process or in others: each sees what both added, once and in order."""

    def written(*memories: Any) -> None:
        for one in memories:
            assert one.sql_store.flush(10)
        if elsewhere:  # each worker with a window of its own, as other processes have
            shared_chats._shared.clear()

    one = eider_memory(memory, user=ada, session="s1")
    if elsewhere:
        shared_chats._shared.clear()
    two = eider_memory(memory, user=ada, session="s1")
    for worker, role, text in (
        (one, "user", "one"), (two, "assistant", "two"), (one, "user", "three"), (two, "assistant", "four"), (two, "user", "five"),
    ):  # fmt: skip
        await worker.aput(ChatMessage(role=role, content=text))
        written(worker)
    assert texts(await one.aget_all()) == texts(await two.aget_all()) == ["one", "two", "three", "four", "five"]
    assert await eider_memory(memory, user=f"{ada}-2", session="s1").aget_all() == []
    assert [text for _, text in spoken(memory, ada)] == ["one", "two", "three", "four", "five"]


async def test_a_restored_chat_begins_with_the_user(memory: eider.Eider, ada: str) -> None:
    """Also where the last hundred messages begin with an answer."""
    talk = eider_memory(memory, user=ada, session="s1")
    for number in range(MAX_RESTORED // 2 + 1):
        await talk.aput_messages(
            [ChatMessage(role="user", content=f"q{number}"), ChatMessage(role="assistant", content=f"a{number}")]
        )
    await talk.aput(ChatMessage(role="user", content="last"))
    assert talk.sql_store.flush(30)
    shared_chats._shared.clear()
    restored = await eider_memory(memory, user=ada, session="s1").aget_all()
    assert (restored[0].role, restored[0].content) == ("user", "q2")
    assert restored[-1].content == "last"


async def test_odd_characters_are_kept(memory: eider.Eider, ada: str) -> None:
    """What no database holds is repaired, not lost."""
    talk = eider_memory(memory, user=ada, session="s1")
    await talk.aput(ChatMessage(role="user", content="NUL \x00, half \ud83d"))
    assert talk.sql_store.flush(10)
    assert spoken(memory, ada) == [("user", "NUL \ufffd, half \ufffd")]

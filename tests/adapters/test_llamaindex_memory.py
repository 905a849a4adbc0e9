"""Eider behind LlamaIndex's `Memory`: the chat store, the block, and both wired."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.agent.workflow import AgentWorkflow
from llama_index.core.chat_engine import CondensePlusContextChatEngine, SimpleChatEngine
from llama_index.core.llms import ChatMessage
from llama_index.core.memory import InsertMethod, Memory
from llama_index.core.storage.chat_store.base_db import AsyncDBChatStore, MessageStatus
from llama_index.core.storage.chat_store.sql import SQLAlchemyChatStore
from llama_index.core.workflow import Context
from llamaindex_fakes import (  # noqa: F401
    Parrot,
    a_memory,
    a_user,
    agent,
    index,
    learned,
    nothing_swallowed,
    says,
    some_users,
    spoken,
)

import eider
from eider_llamaindex import EiderChatStore, EiderEventHandler, EiderMemoryBlock, eider_memory, speaking
from eider_llamaindex.window import ChatWindow

pytestmark = [
    pytest.mark.filterwarnings("ignore:Skipping serialization of known unserializable key"),
    pytest.mark.filterwarnings("ignore:The `__.*__` attribute is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_.*' attribute on the instance:DeprecationWarning"),
]
REPLY = "No, please write in paragraphs."


def flushed(chat: Memory) -> None:
    assert isinstance(chat.sql_store, EiderChatStore)
    assert chat.sql_store.flush(10)


# ---------------------------------------------------------------------- learning


@pytest.mark.parametrize("workflow", [False, True])
async def test_a_short_chat_with_an_agent_is_kept_and_learned_from(
    workflow: bool, memory: eider.Eider, ada: str
) -> None:
    """Every message reaches memory at once, long before the chat is long; tools' words at their trust."""
    worker: Any = agent()
    worker = AgentWorkflow(agents=[worker], root_agent="assistant") if workflow else worker
    chat = eider_memory(memory, user=ada, session="s1")
    first = str(await worker.run("Please look up the deploy day.", memory=chat))
    second = str(await worker.run(REPLY, memory=chat))
    flushed(chat)
    assert spoken(memory, ada) == [
        ("user", "Please look up the deploy day."), ("other", "The page says that deploy day is Friday."),
        ("agent", first), ("user", REPLY), ("agent", second),
    ]  # fmt: skip
    assert learned(memory, ada) == ["please write in paragraphs."]
    trusts = {r.episode.text: r.trust for r in memory.search(user=ada, kinds=["episode"]).items if r.episode}
    assert (trusts[first], trusts[second], trusts[REPLY]) == (0, 1, 2)
    assert {r.episode.session for r in memory.search(user=ada, kinds=["episode"]).items if r.episode} == {"s1"}


async def test_a_chat_engine_is_learned_from_through_its_memory(memory: eider.Eider, ada: str) -> None:
    """Sync and streaming engines write through the same store."""
    chat = eider_memory(memory, user=ada, session="s1")
    engine = SimpleChatEngine.from_defaults(llm=Parrot(), memory=chat)

    def talk() -> list[str]:
        streamed: Any = engine.stream_chat(REPLY)
        return [str(engine.chat("How do I write a review?")), "".join(streamed.response_gen).strip()]

    first = await asyncio.to_thread(lambda: str(engine.chat("How do I write a review?")))
    second = str(await engine.achat(REPLY))
    flushed(chat)
    assert spoken(memory, ada) == [
        ("user", "How do I write a review?"), ("agent", first), ("user", REPLY), ("agent", second),
    ]  # fmt: skip
    assert learned(memory, ada) == ["please write in paragraphs."]
    assert talk()


async def test_the_handler_leaves_to_the_store_what_the_store_keeps(memory: eider.Eider, ada: str) -> None:
    """Both at once, in an agent and in engines: each utterance is kept once."""
    with EiderEventHandler(memory, user=ada) as handler:
        chat = eider_memory(memory, user=ada, session="s1")
        worker = agent()
        context = Context(worker)
        await worker.run("Please look up the deploy day.", memory=chat, ctx=context)
        await worker.run(REPLY, ctx=context)
        engine = CondensePlusContextChatEngine.from_defaults(
            retriever=index().as_retriever(), llm=Parrot(), memory=eider_memory(memory, user=ada, session="s2")
        )
        await asyncio.to_thread(engine.chat, "I prefer metric units.")
        streamed: Any = engine.stream_chat("And thanks.")
        assert "".join(streamed.response_gen)
        assert await handler.aflush(10)
        flushed(chat)
    said = [text for role, text in spoken(memory, ada) if role == "user"]
    assert said == ["Please look up the deploy day.", REPLY, "I prefer metric units.", "And thanks."]
    assert len(spoken(memory, ada)) == len(set(spoken(memory, ada)))


async def test_a_history_that_is_resent_is_told_once(memory: eider.Eider, ada: str) -> None:
    """Hosts pass the whole history with every request; what is new in it is heard, with the answer before it."""
    history: list[ChatMessage] = []
    for text in ("I prefer tabs.", "thanks", "thanks"):
        chat = eider_memory(memory, user=ada, session="s1")
        answer = str(await agent().run(text, chat_history=list(history), memory=chat))
        history += [ChatMessage(role="user", content=text), ChatMessage(role="assistant", content=answer)]
        flushed(chat)
    assert [text for role, text in spoken(memory, ada) if role == "user"] == ["I prefer tabs.", "thanks", "thanks"]
    assert len(spoken(memory, ada)) == 6


async def test_a_conversation_goes_on_in_another_process(tmp_path: Path) -> None:
    """The same session begins with what was said in it; a session of another name, or another user's, is empty."""
    with eider.open(tmp_path / "m.eider") as memory:
        await eider_memory(memory, user="ada", session="s1").aput_messages(
            [ChatMessage(role="user", content="My deploy day is Friday."), ChatMessage(role="assistant", content="Noted.")]
        )  # fmt: skip
    with eider.open(tmp_path / "m.eider") as memory:
        again = eider_memory(memory, user="ada", session="s1")
        assert [(m.role.value, m.content) for m in await again.aget_all()] == [
            ("user", "My deploy day is Friday."), ("assistant", "Noted."),
        ]  # fmt: skip
        for user, session in (("ada", "s2"), ("bob", "s1")):
            assert await eider_memory(memory, user=user, session=session).aget_all() == []
        await again.aput(ChatMessage(role="user", content="No, please write in paragraphs."))
        flushed(again)
        assert [role for role, _ in spoken(memory, "ada")] == ["user", "agent", "user"], "the answer is not kept again"
        await again.areset()
        assert await again.aget_all() == []
        assert len(spoken(memory, "ada")) == 3, "resetting a chat forgets nothing"


async def test_one_store_serves_users_at_once_and_never_mixes_them(memory: eider.Eider, users: list[str]) -> None:
    """The user comes from the request; recalled lines and what is learned are that user's alone."""
    seen: list[list[tuple[str, str]]] = []
    worker = agent(seen=seen)

    async def one(user: str) -> None:
        with speaking(user=user):
            chat = eider_memory(memory, session=f"of {user}")
            await worker.run(f"I prefer editor number {user[-1]}.", memory=chat)
            await asyncio.to_thread(flushed, chat)
            fresh = eider_memory(memory, session=f"later, {user}")
            await worker.run("Which editor should I use?", memory=fresh)

    await asyncio.gather(*map(one, users))
    for user in users:
        assert learned(memory, user) == [f"I prefer editor number {user[-1]}."]
    asked = [messages for messages in seen if messages[-1][1] == "Which editor should I use?"]
    named = [{user for user in users if f"editor number {user[-1]}" in str(messages)} for messages in asked]
    assert sorted(map(sorted, named)) == [[user] for user in users]


# ---------------------------------------------------------------------- recalling


@pytest.mark.parametrize("insert", [InsertMethod.SYSTEM, InsertMethod.USER])
async def test_what_is_known_reaches_the_model_and_never_the_memory(
    insert: InsertMethod, memory: eider.Eider, ada: str
) -> None:
    """Guidance and recalled lines stand in the prompt of each turn; nothing of them is kept or learned again."""
    memory.remember("Always answer in French.", user=ada, kind="rule")
    memory.channel("tools", "agent").remember("Ada's deploy day is Friday.", user=ada)
    seen: list[list[tuple[str, str]]] = []
    chat = eider_memory(memory, user=ada, session="s1", insert_method=insert)
    worker = agent(lambda _: says("Very well."), seen)
    for text in ("On which day do we deploy?", "Are you sure about the deploy day?"):
        await worker.run(text, memory=chat)
    flushed(chat)
    assert len(seen) == 2
    for messages in seen:
        prompt = "\n".join(text for _, text in messages)
        assert "Always answer in French." in prompt
        assert '<eider-memory v="1"' in prompt
        assert prompt.count("deploy day is Friday") == 1
    assert not [text for _, text in spoken(memory, ada) if "eider-memory" in text or "French" in text]
    assert sorted(learned(memory, ada)) == ["Ada's deploy day is Friday.", "Always answer in French."]
    assert not [m for m in await chat.aget_all() if "French" in str(m.content)], "the conversation itself stays clean"


async def test_a_block_alone_learns_from_what_falls_out_of_a_long_chat(memory: eider.Eider, ada: str) -> None:
    """As LlamaIndex means blocks; with a chat store of ours beside it nothing is told twice."""
    block = EiderMemoryBlock(memory, user=ada)
    tight: dict[str, Any] = {"token_limit": 60, "token_flush_size": 10, "chat_history_token_ratio": 0.5}
    chat = Memory.from_defaults(session_id="s1", memory_blocks=[block], chat_store=ChatWindow(), **tight)
    wired = eider_memory(memory, user=f"bob-{ada}", session="s1", **tight)
    for n in range(6):
        for one in (chat, wired):
            await one.aput(ChatMessage(role="user", content=f"I prefer the editor number {n} for my work."))
            await one.aput(ChatMessage(role="assistant", content=f"Very well, editor number {n} it shall be."))
    assert block.conversation.flush(10)
    flushed(wired)
    ada, bob = spoken(memory, ada), spoken(memory, f"bob-{ada}")
    assert 2 <= len(ada) < 12
    assert ada == bob[: len(ada)]
    assert len(bob) == 12


async def test_what_does_not_bear_on_the_prompt_stays_out_of_it(memory: eider.Eider, ada: str) -> None:
    """A block may say nothing, and then adds no message."""
    memory.remember("The cat of the neighbour is called Tom.", user=ada)
    chat = eider_memory(memory, user=ada, session="s1")
    await chat.aput(ChatMessage(role="user", content="Write a haiku about rivers."))
    assert [m.role.value for m in await chat.aget()] == ["user"]


# ---------------------------------------------------------------------- as LlamaIndex's own store


def sql(_: eider.Eider) -> AsyncDBChatStore:
    return SQLAlchemyChatStore(table_name="chats")


def ours(memory: eider.Eider) -> AsyncDBChatStore:
    return EiderChatStore(memory, user="ada")


@pytest.mark.parametrize("make", [sql, ours])
async def test_the_store_behaves_as_the_frameworks_own(make: Any, memory: eider.Eider) -> None:
    """The same calls on LlamaIndex's own store and on ours give the same messages, counts and keys."""
    store, (active, archived) = make(memory), (MessageStatus.ACTIVE, MessageStatus.ARCHIVED)

    async def texts(status: MessageStatus | None = active, **more: Any) -> list[str | None]:
        return [m.content for m in await store.get_messages("a", status=status, **more)]

    await store.add_messages("a", [ChatMessage(role="user", content=f"message {n}") for n in range(5)])
    await store.add_message("b", ChatMessage(role="user", content="other"))
    assert await texts(limit=2, offset=1) == ["message 1", "message 2"]
    assert [m.content for m in await store.archive_oldest_messages("a", 2)] == ["message 0", "message 1"]
    assert (await texts(), await texts(archived)) == (
        ["message 2", "message 3", "message 4"],
        ["message 0", "message 1"],
    )
    assert await texts(None) == [f"message {n}" for n in range(5)]
    assert (await store.count_messages("a"), await store.count_messages("a", status=None)) == (3, 5)
    assert [m.content for m in await store.delete_oldest_messages("a", 1)] == ["message 2"]
    (await store.get_messages("a"))[0].content = "changed by the caller"
    assert await texts() == ["message 3", "message 4"]
    await store.delete_messages("a", status=archived)
    assert await texts(None) == ["message 3", "message 4"]
    await store.set_messages("a", [ChatMessage(role="user", content="new")])
    assert await texts(None) == ["new"]
    assert sorted(await store.get_keys()) == ["a", "b"]
    await store.delete_messages("a")
    assert (await store.get_keys(), await store.delete_message("a", 7)) == (["b"], None)
    if isinstance(store, SQLAlchemyChatStore) and store._async_engine is not None:
        await store._async_engine.dispose()

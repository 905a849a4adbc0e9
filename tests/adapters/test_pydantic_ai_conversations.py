"""Conversations of pydantic-ai in a store, held against the framework's own store in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pydantic_ai.conversation_store", reason="pydantic-ai before 2.68 has no conversation stores")

from pydantic_ai.conversation import Conversation
from pydantic_ai.conversation_store import ConversationConflict, ConversationStore, InMemoryConversationStore
from pydantic_ai_agents import Script, agent, texts

import eider
from eider_pydantic_ai import EiderConversations


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[eider.Eider]:
    with eider.open(tmp_path / "m.eider", user="ada") as opened:
        yield opened


@pytest.fixture(params=["eider", "reference"])
def store(request: pytest.FixtureRequest, memory: eider.Eider) -> ConversationStore:
    """Each promise holds for ours and for the framework's own."""
    return EiderConversations(memory) if request.param == "eider" else InMemoryConversationStore()


async def turn(store: ConversationStore, name: str, *prompts: str, **scope: Any) -> Conversation:
    """Talk, each time from what is stored."""
    one = agent(Script("Yes."))
    for prompt in prompts:
        conversation = await store.load(name) or Conversation(conversation_id=name)
        await store.save(await one.run(prompt, conversation=conversation), **scope)
    loaded = await store.load(name)
    assert loaded is not None
    return loaded


async def test_a_conversation_grows_turn_by_turn(store: ConversationStore) -> None:
    """Messages, usage and windows come back; each message is stored once."""
    loaded = await turn(store, "c", "one", "two", "three")
    assert len(loaded.messages) == 6
    assert loaded.usage.requests == 3
    window = await store.load("c", limit=2)
    assert window is not None
    assert window.messages == loaded.messages[-2:]
    entries = await store.load_entries("c")
    assert entries is not None
    assert [entry.parent_id for entry in entries] == [None, *(entry.id for entry in entries[:-1])]
    assert (await store.read_entry(entries[3].id)).message == loaded.messages[3]
    assert await store.load("none") is None


async def test_a_stale_revision_is_a_conflict(store: ConversationStore) -> None:
    """Whoever loaded before another saved has to load again."""
    await turn(store, "c", "one")
    mine, theirs = await store.load("c"), await store.load("c")
    one = agent(Script("Yes."))
    await store.save(await one.run("two", conversation=theirs))
    with pytest.raises(ConversationConflict):
        await store.save(await one.run("three", conversation=mine))
    with pytest.raises(ConversationConflict):
        await store.save(await one.run("four", conversation=Conversation(conversation_id="c")))
    loaded = await store.load("c")
    assert loaded is not None
    assert "three" not in texts(loaded.messages)


async def test_forks_and_branches(store: ConversationStore) -> None:
    """A fork shares what came before; a branch leaves what came after, and finds back."""
    loaded = await turn(store, "c", "one", "two")
    fork = await store.fork("c", at=2, new_conversation_id="f")
    assert fork.messages == loaded.messages[:2]
    await turn(store, "f", "other")
    branch = await store.branch("c", at=2, expected_revision=loaded.revision)
    await store.save(await agent(Script("No.")).run("again", conversation=branch))
    record = await store.read_record("c")
    assert record is not None
    assert len(record.branches) == 1
    back = await store.branch("c", from_entry=record.branches[0], expected_revision=record.revision)
    assert back.messages == loaded.messages
    await store.delete("c")
    assert await store.load("c") is None
    left = await store.load("f")
    assert left is not None
    assert [text in texts(left.messages) for text in ("one", "two", "other")] == [True, False, True]


async def test_scopes_lists_and_beginning_anew(store: ConversationStore) -> None:
    """Listed newest first, by whose they are; a deleted name may be used again."""
    for name, scope in (("a", "ada"), ("b", "bob"), ("c", "ada")):
        await turn(store, name, "one", scope=scope)
    assert [record.conversation_id for record in await store.list_conversations()] == ["c", "b", "a"]
    assert [record.conversation_id for record in await store.list_conversations(scope="ada", limit=1)] == ["c"]
    assert await store.load("b", scope="ada") is None
    for _ in range(2):
        await store.delete("b")
        assert len((await turn(store, "b", "again")).messages) == 2


async def test_of_two_that_save_at_once_one_wins(memory: eider.Eider) -> None:
    """Also through two stores that know nothing of each other, as two processes have."""
    stores = [EiderConversations(memory), EiderConversations(memory)]
    one = agent(Script("Yes."))
    for prompt in ("one", "two"):
        loaded = [await store.load("c") or Conversation(conversation_id="c") for store in stores]
        results = [await one.run(prompt, conversation=conversation) for conversation in loaded]
        saves = [store.save(result) for store, result in zip(stores, results, strict=True)]
        done = await asyncio.gather(*saves, return_exceptions=True)
        assert [type(answer) for answer in done if isinstance(answer, Exception)] == [ConversationConflict]
    final = await stores[0].load("c")
    assert final is not None
    assert len(final.messages) == 4


async def test_users_are_apart_and_deleting_erases(memory: eider.Eider) -> None:
    """Another user's conversation does not exist; a deleted one leaves no word."""
    ada, bob = EiderConversations(memory), EiderConversations(memory, user="bob")
    await turn(ada, "c", "a walrus")
    assert await bob.load("c") is None
    await turn(bob, "c", "bob's")
    await ada.delete("c")
    assert "walrus" not in str(memory.sql("select * from episodes").rows)
    assert await bob.load("c") is not None
    assert not memory.recall("walrus")

"""Message histories in a store: what is saved is what is loaded, in any process, and it can be erased."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import BinaryContent
from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    UserPromptPart,
)
from pydantic_ai_agents import Script, agent, kept, own_loop, texts

import eider
from eider_pydantic_ai import EiderCapability, EiderHistory

__all__ = ["own_loop"]


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[eider.Eider]:
    with eider.open(tmp_path / "m.eider", user="ada") as opened:
        yield opened


@pytest.fixture
def history(memory: eider.Eider) -> EiderHistory:
    return EiderHistory(memory)


def talk(*said: str) -> list[ModelMessage]:
    """A conversation, the user first."""
    return [
        ModelResponse([TextPart(text)]) if number % 2 else ModelRequest([UserPromptPart(text)])
        for number, text in enumerate(said)
    ]


def test_a_conversation_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """Tools, files and all: the next process sends the model the same messages."""
    script = Script(ToolCallPart("look", {"at": ["x"]}), "It is a duck.", "Yes.")
    one = agent(script)

    @one.tool_plain
    def look(at: list[str]) -> dict[str, Any]:
        """Look."""
        return {"seen": at, "n": 1.5}

    picture = BinaryContent(bytes(range(256)), media_type="image/png")
    with eider.open(tmp_path / "m.eider", user="ada") as memory:
        done = one.run_sync(["What is this?", picture])
        EiderHistory(memory).save("s", done.all_messages())
    with eider.open(tmp_path / "m.eider", user="ada") as memory:
        loaded = EiderHistory(memory).load("s")
        assert loaded == ModelMessagesTypeAdapter.validate_json(done.all_messages_json())
        one.run_sync("Sure?", message_history=loaded)
    assert script.sent[-1][0][: len(loaded)] == loaded


def test_saving_again_adds_what_is_new(history: EiderHistory, memory: eider.Eider) -> None:
    """A run's whole history may be saved each time; nothing is doubled."""
    messages = talk("one", "two", "three", "four")
    history.save("s", messages[:2])
    history.save("s", messages)
    history.save("s", messages)
    assert history.load("s") == messages
    assert memory.search(kinds=["episode"]).total == 4
    history.append("s", talk("five"))
    assert [part.content for m in history.load("s") for part in m.parts] == ["one", "two", "three", "four", "five"]


def test_a_history_that_was_rewritten_replaces_the_old_one(history: EiderHistory, memory: eider.Eider) -> None:
    """What is no longer among the messages is erased, for good."""
    messages = talk("one", "a walrus", "three", "four")
    history.save("s", messages)
    history.save("s", [messages[0], *talk("", "a summary")[1:]])
    assert texts(history.load("s")).count("walrus") == 0
    assert len(history.load("s")) == 2
    assert "walrus" not in str(memory.sql("select * from episodes").rows)


def test_a_window_begins_with_the_user(history: EiderHistory) -> None:
    """No tool's answer comes without its call."""
    messages = talk("one", "two", "three", "four", "five", "six")
    history.save("s", messages)
    assert history.load("s", limit=2) == messages[4:]
    assert history.load("s", limit=3) == messages[2:]
    assert history.load("s", limit=99) == messages
    with pytest.raises(eider.errors.InputError, match="limit"):
        history.load("s", limit=0)
    assert history.load("none", limit=3) == []


def test_sessions_and_users_are_apart(history: EiderHistory, memory: eider.Eider) -> None:
    """Deleting one leaves the others."""
    for session in ("s", "t"):
        history.save(session, talk("one"))
    EiderHistory(memory, user="bob").save("s", talk("bob's"))
    history.delete("s")
    assert history.load("s") == []
    assert len(history.load("t")) == 1
    assert "bob's" in texts(EiderHistory(memory, user="bob").load("s"))


def test_messages_are_data_and_no_source_of_learning(history: EiderHistory, memory: eider.Eider) -> None:
    """Nothing in a history guides, is injected, or is recalled by what it says."""
    history.save("s", talk("From now on, always write in paragraphs.", "Noted: paragraphs it is."))
    assert not memory.policy().text
    assert not memory.inject("paragraphs or bullet points?").text
    assert not any("paragraphs" in hit.text for hit in memory.recall("paragraphs"))


def test_what_memory_gave_out_is_not_kept_again(memory: eider.Eider, history: EiderHistory) -> None:
    """Forgetting a memory is not undone by a history that had shown it."""
    memory.remember("Ada likes walrus tea.")
    script = Script(ToolCallPart("memory_recall", {"query": "What does Ada like?"}), "Tea.")
    done = agent(script, EiderCapability(memory, learn=False)).run_sync("What do I like?")
    assert "walrus" in texts(done.all_messages())
    history.save("s", done.all_messages())
    assert "walrus" not in texts(history.load("s"))
    assert kept(memory) != []


def test_secrets_and_large_things_do_not_stay(history: EiderHistory) -> None:
    """A key is redacted, odd characters are repaired, a large file is named, a huge text cut; what loads can be sent."""
    key = "sk-ant-api03-" + "Zx9" * 30
    picture = BinaryContent(bytes(200_000), media_type="image/png")
    history.save(
        "s", [ModelRequest([UserPromptPart([f"My key is {key}.", picture, "word " * 40_000, "NUL \x00, half \ud83d"])])]
    )
    history.append("s", [ModelRequest([UserPromptPart("long " * 300_000)])])
    loaded = history.load("s")
    assert key not in texts(loaded)
    assert "[image/png, 200,000 bytes, sha256 " in texts(loaded)
    assert "word " * 40_000 in texts(loaded)
    assert "NUL \ufffd, half \ufffd" in texts(loaded)
    assert "more characters]" in texts(loaded)
    assert agent(Script("Fine.")).run_sync("And?", message_history=loaded).output == "Fine."


async def test_async_code_keeps_histories_too(history: EiderHistory) -> None:
    """The same four without blocking the loop."""
    await history.asave("s", talk("one"))
    await history.aappend("s", talk("two"))
    assert len(await history.aload("s")) == 2
    await history.adelete("s")
    assert await history.aload("s", limit=1) == []


def test_a_conversation_with_a_secret_loads(history: EiderHistory) -> None:
    """Nothing but the secret is missing: neither what stands beside it nor a call's arguments that are text."""
    token = "xoxb-" + "123456789012-abcdefghijkl0Z9"
    call = ToolCallPart("login", f'{{"token":"{token}","commit":"da39a3ee5e6b4b0d"}}', tool_call_id="call_1")
    said: list[ModelMessage] = [*talk(f"my key is {token}"), ModelResponse(parts=[call])]
    history.append("password reset", said)
    loaded = history.load("password reset")
    assert token not in str(loaded)
    kept = loaded[-1].parts[0]
    assert isinstance(kept, ToolCallPart)
    assert (kept.tool_call_id, kept.args_as_dict()["commit"]) == ("call_1", "da39a3ee5e6b4b0d")


def test_a_damaged_message_is_told_and_the_others_load(history: EiderHistory, memory: eider.Eider) -> None:
    """It stands in its place, and goes with its session."""
    history.append("chat", talk("Hello."))
    memory.record("pydantic-ai message 1", role="other", session="pydantic-ai:chat",
                  metadata={"scope": "pydantic-ai:messages", "message": {"kind": "[redacted:jwt]"}})  # fmt: skip
    loaded = history.load("chat")
    assert "damaged" in str(loaded[-1].parts[0])
    assert len(loaded) == len(talk("Hello.")) + 1
    history.delete("chat")
    assert history.load("chat") == []

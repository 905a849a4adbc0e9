"""A chat's history on Eider, and the classic memory: kept, found again by the next process, learned from."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_agents import Scripted, a_memory, a_user, said, scripted  # noqa: F401
from langchain_classic.memory import ConversationBufferMemory
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolCall, ToolMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables.history import RunnableWithMessageHistory

import eider
from eider.model.errors import InputError
from eider_langchain import EiderCallbackHandler, EiderChatMessageHistory, EiderMemory, guided
from eider_langchain.messages import latest

FIRST, REPLY = "How do I write a review?", "No, please write in paragraphs."
DEPRECATED = "ignore:.*RunnableWithMessageHistory:Warning"


def chat(model: Scripted, memory: eider.Eider, user: str) -> RunnableWithMessageHistory:
    prompt = ChatPromptTemplate([MessagesPlaceholder("history"), ("human", "{input}")])
    return RunnableWithMessageHistory(
        prompt | model, lambda session_id: EiderChatMessageHistory(memory, session_id, user=user),
        input_messages_key="input", history_messages_key="history",
    )  # fmt: skip


@pytest.mark.filterwarnings(DEPRECATED)
@pytest.mark.parametrize("how", ["invoke", "ainvoke", "stream"])
async def test_a_chain_goes_on_where_the_last_process_stopped(tmp_path: Path, how: str) -> None:
    """The second process sends the model what was said in the first; a correction is learned on the way."""
    config: Any = {"configurable": {"session_id": "s1"}}
    for text, answer in ((FIRST, "- one"), (REPLY, "One.")):
        with eider.open(tmp_path / "m.eider") as memory:
            model = scripted(answer)
            chain = chat(model, memory, "ada")
            if how == "invoke":
                chain.invoke({"input": text}, config)
            elif how == "ainvoke":
                await chain.ainvoke({"input": text}, config)
            else:
                list(chain.stream({"input": text}, config))
    assert [m.text for m in model.seen[0]] == [FIRST, "- one", REPLY]
    with eider.open(tmp_path / "m.eider") as memory:
        assert [m.text for m in EiderChatMessageHistory(memory, "s1", user="ada").messages][-1] == "One."
        assert said(memory, "ada") == [("user", FIRST), ("agent", "- one"), ("user", REPLY), ("agent", "One.")]
        assert "paragraphs" in memory.policy(user="ada").text


def test_every_kind_of_message_comes_back_as_it_was(memory: eider.Eider, ada: str) -> None:
    """Calls of tools, their results, ids, names, images and what providers add."""
    messages: list[BaseMessage] = [
        SystemMessage("Be brief."),
        HumanMessage("Where is Grace?", id="h1", name="ada"),
        AIMessage("", id="a1", tool_calls=[ToolCall(name="look_up", args={"who": "Grace"}, id="c1")]),
        ToolMessage("In Oslo.", tool_call_id="c1", name="look_up", artifact={"office": 7}),
        AIMessage("Oslo.", id="a2", response_metadata={"model_name": "x"}),
        HumanMessage([{"type": "text", "text": "And here?"}, {"type": "image_url", "image_url": {"url": "http://x/y.png"}}]),
    ]  # fmt: skip
    history = EiderChatMessageHistory(memory, "s1", user=ada)
    history.add_messages(messages)
    assert EiderChatMessageHistory(memory, "s1", user=ada).messages == messages
    assert EiderChatMessageHistory(memory, "s2", user=ada).messages == []
    for limit, first in ((2, 5), (5, 1), (1, 5), (6, 0)):  # never an answer without what it answers
        assert EiderChatMessageHistory(memory, "s1", user=ada, limit=limit).messages == messages[first:]
    assert history.flush(10)
    assert EiderChatMessageHistory(memory, "s1", user=ada).messages == messages
    trusts = {text: origin for origin, text in said(memory, ada)}
    assert trusts["In Oslo."] == "tool"
    assert trusts["Oslo."] == "tool"


def test_a_message_with_an_id_is_kept_once(memory: eider.Eider, ada: str) -> None:
    """A host that adds a message again after a fault does not double it."""
    history = EiderChatMessageHistory(memory, "s1", user=ada)
    for _ in range(2):
        history.add_messages([HumanMessage("I live in Bergen.", id="h1"), AIMessage("Noted.", id="a1")])
    assert len(history.messages) == 2
    assert history.flush(10)
    assert len(memory.search(user=ada, kinds=["episode"])) == 2


async def test_clearing_a_session_erases_it_with_what_was_learned_from_it_alone(memory: eider.Eider, ada: str) -> None:
    """Other sessions stay, and the same message may be said again."""
    other = EiderChatMessageHistory(memory, "s2", user=ada)
    other.add_ai_message("Hello.")
    history = EiderChatMessageHistory(memory, "s1", user=ada)
    history.add_messages([AIMessage("- one"), HumanMessage(REPLY, id="h1")])
    assert history.flush(10)
    assert "paragraphs" in memory.policy(user=ada).text
    await history.aclear()
    assert await history.aget_messages() == []
    assert "paragraphs" not in memory.policy(user=ada).text
    assert [m.text for m in other.messages] == ["Hello."]
    await history.aadd_messages([HumanMessage(REPLY, id="h1")])
    assert [m.text for m in history.messages] == [REPLY]


@pytest.mark.filterwarnings(DEPRECATED)
def test_a_history_that_cannot_be_kept_does_not_stop_the_chat(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The chain answers without memory; each history warns once."""
    memory = eider.open(tmp_path / "m.eider")
    history = EiderChatMessageHistory(memory, "s1", user="ada")
    memory.close()
    chain = RunnableWithMessageHistory(scripted("here", "still here"), lambda _session_id: history)
    for answer in ("here", "still here"):
        assert chain.invoke("Hello?", {"configurable": {"session_id": "s1"}}).text == answer
    assert len([r for r in caplog.records if r.name == "eider"]) == 1


# ---------------------------------------------------------------------- classic

CLASSIC = pytest.mark.filterwarnings(
    "ignore:.*ConversationChain:Warning", "ignore:.*LLMChain:Warning", "ignore:.*Chain.run:Warning"
)


@CLASSIC
def test_a_conversation_chain_remembers_across_processes_and_obeys(tmp_path: Path) -> None:
    """The prompt holds what was learned, then the conversation as its last lines."""
    from langchain_classic.chains import ConversationChain

    seen: list[str] = []
    for text, answer in ((FIRST, "- one"), (REPLY, "One."), ("And the next?", "Two.")):
        with eider.open(tmp_path / "m.eider", user="ada") as memory:
            model = scripted(answer)
            kept = EiderMemory(memory=memory, session="s1")
            assert ConversationChain(llm=model, memory=kept).predict(input=text) == answer
            seen.append(model.seen[0][0].text)
    assert "Human: How do I write a review?\nAI: - one\n" in seen[1]
    assert "paragraphs" in seen[2][: seen[2].index("Human: How")]


@CLASSIC
async def test_a_classic_memory_gives_messages_where_the_prompt_wants_them(memory: eider.Eider, ada: str) -> None:
    """`return_messages`: guidance is a system message before the talk; async chains work too."""
    from langchain_classic.chains import LLMChain

    memory.remember("Always answer in French.", user=ada, kind="rule")
    prompt = ChatPromptTemplate([MessagesPlaceholder("history"), ("human", "{input}")])
    model = scripted("oui", "non")
    kept = EiderMemory(memory=memory, user=ada, return_messages=True)
    chain = LLMChain(llm=model, prompt=prompt, memory=kept)
    await chain.ainvoke({"input": "Hello"})
    await chain.ainvoke({"input": "Again"})
    assert [m.type for m in model.seen[1]] == ["system", "human", "ai", "human"]
    assert "French" in model.seen[1][0].text
    kept.clear()
    assert kept.load_memory_variables({"input": "x"})["history"][1:] == []


def test_a_classic_memory_asks_which_input_is_meant(memory: eider.Eider, ada: str) -> None:
    """Two inputs and no `input_key` is a mistake that is named."""
    kept = EiderMemory(memory=memory, user=ada)
    with pytest.raises(InputError, match="input_key is missing and there are 'a', 'b'"):
        kept.load_memory_variables({"a": "1", "b": "2"})
    assert EiderMemory(memory=memory, user=ada, input_key="a").load_memory_variables({"a": "1", "b": "2"}) is not None


def test_a_call_with_a_secret_keeps_all_else(memory: eider.Eider, ada: str) -> None:
    """Ids, and what stands beside the secret, also in arguments that a provider sent as text; a damaged row is told."""
    secret, digest = "xoxb-" + "123456789012-abcdefghijkl0Z9", "da39a3ee5e6b4b0d3255bfef95601890afd80709"
    history = EiderChatMessageHistory(memory, "password reset", user=ada)
    call = ToolCall(name="login", args={"token": secret, "commit": digest}, id="call_1")
    raw = {"tool_calls": [{"id": "call_1", "function": {"arguments": f'{{"token":"{secret}","commit":"{digest}"}}'}}]}
    history.add_messages(
        [HumanMessage("log in"), AIMessage("", tool_calls=[call], additional_kwargs=raw), ToolMessage("ok", tool_call_id="call_1")]
    )  # fmt: skip
    memory.record("lost", user=ada, session="password reset", metadata={"message": {"type": "[redacted:jwt]"}})
    kept: list[Any] = history.messages
    assert secret not in str(kept)
    assert (kept[1].tool_calls[0]["id"], kept[2].tool_call_id) == ("call_1", "call_1")
    assert kept[1].tool_calls[0]["args"]["commit"] == digest
    assert f'"commit":"{digest}"' in kept[1].additional_kwargs["tool_calls"][0]["function"]["arguments"]
    assert "damaged" in kept[3].text


def test_pictures_files_and_odd_characters_are_kept(memory: eider.Eider, ada: str) -> None:
    """What is too large is named with its kind and size; words, and small or linked pictures, stay."""
    big = "iVBORw0KGgo" + "A" * 200_000
    content: list[Any] = [
        {"type": "text", "text": "What is in these?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{big}"}},
        {"type": "image", "base64": big, "mime_type": "image/jpeg"},
        {"type": "input_audio", "input_audio": {"data": big, "format": "wav"}},
        {"type": "file", "file": {"file_data": f"data:application/pdf;base64,{big}", "filename": "a.pdf"}},
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": big}},
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
        {"type": "image", "base64": "iVBORw0KGgo=", "mime_type": "image/png"},
    ]
    history = EiderChatMessageHistory(memory, "s1", user=ada)
    history.add_messages([HumanMessage(content), AIMessage("cats")])
    history.add_messages(
        [HumanMessage(content[1:2]), HumanMessage("NUL \x00, half \ud83d"), ToolMessage("ok", tool_call_id="c\ud83d")]
    )
    asked, answer, picture, odd, result = history.messages
    assert (asked.text, answer.text, odd.text) == ("What is in these?", "cats", "NUL \ufffd, half \ufffd")
    assert asked.content == [content[0], *content[6:]]
    named = asked.additional_kwargs["attachments"]
    assert [one["media_type"] for one in named] == [
        "image/png",
        "image/jpeg",
        "wav",
        "application/pdf",
        "application/pdf",
    ]
    assert {one["bytes"] for one in named} == {150_008}
    assert picture.text.startswith("[image/png, 150,008 bytes, sha256 ")
    assert isinstance(result, ToolMessage)
    assert result.tool_call_id == "c\ufffd"


def test_long_messages_are_kept(memory: eider.Eider, ada: str) -> None:
    """200 kB whole, as text, blocks and arguments of calls; beyond what a row holds they are cut, never refused."""
    long, huge = "word " * 40_000, "word " * 300_000
    history = EiderChatMessageHistory(memory, "s1", user=ada, learn=False)
    messages: list[BaseMessage] = [
        HumanMessage(long), AIMessage("", tool_calls=[ToolCall(name="write", args={"text": long}, id="c1")]),
        ToolMessage([{"type": "text", "text": long}], tool_call_id="c1"), AIMessage("done"),
    ]  # fmt: skip
    history.add_messages(messages)
    assert history.messages == messages
    history.add_messages(
        [HumanMessage(huge), AIMessage("", tool_calls=[ToolCall(name="write", args={"text": huge}, id="c2")])]
    )
    said, call = history.messages[4:]
    assert said.text == huge[: len(said.text)]
    assert len(said.text) == 1_000_000
    assert isinstance(call, AIMessage)
    assert call.tool_calls[0]["args"]["text"].endswith("more characters]")


KINDS = st.lists(st.sampled_from(["human", "ai", "call", "system"]), max_size=8)


@settings(suppress_health_check=list(HealthCheck))
@given(kinds=KINDS, limit=st.integers(0, 10))
def test_a_limited_history_begins_with_a_person(kinds: list[str], limit: int) -> None:
    """Never with the answer of a tool, nor with an agent's turn where anybody spoke; the end is always there."""
    messages: list[BaseMessage] = []
    for place, kind in enumerate(kinds):
        if kind == "call":
            messages.append(AIMessage("", tool_calls=[ToolCall(name="x", args={}, id=str(place))]))
            messages.append(ToolMessage("ok", tool_call_id=str(place)))
        else:
            messages.append({"human": HumanMessage, "ai": AIMessage, "system": SystemMessage}[kind]("x"))
    shown = latest(messages, limit)
    assert shown == messages[len(messages) - len(shown) :]
    if limit and messages:
        assert shown == messages or not isinstance(shown[0] if shown else HumanMessage("x"), ToolMessage)
        assert len(shown) == len(messages) or "human" not in kinds or isinstance(shown[0], HumanMessage)
        humans = [m for m in shown if isinstance(m, HumanMessage)]
        assert len(shown) <= limit or len(humans) == 1  # of a turn that is longer, all


@pytest.mark.filterwarnings(DEPRECATED)
@pytest.mark.parametrize("how", ["history", "callback"])
async def test_one_step_makes_a_chain_obey(memory: eider.Eider, ada: str, how: str) -> None:
    """`guided` before the model, beside the history or the handler that learns."""
    model = scripted("- one", "One.", "Two.")
    handler = EiderCallbackHandler(memory)
    chain: Any = ChatPromptTemplate([("system", "Be brief."), ("human", "{input}")]) | guided(memory) | model
    for session, text in (("s1", FIRST), ("s1", REPLY), ("s2", "And a commit message?")):
        config: Any = {"configurable": {"user_id": ada, "session_id": session}}
        if how == "history":
            history = EiderChatMessageHistory(memory, session, user=ada)
            await RunnableWithMessageHistory(
                chain, lambda session_id, h=history: h, input_messages_key="input"
            ).ainvoke({"input": text}, config)
            assert history.flush(10)
        else:
            await chain.ainvoke({"input": text}, {**config, "callbacks": [handler]})
            assert handler.flush(10)
    assert model.system(0) == "Be brief."
    assert model.system(2).startswith("Be brief.\n\n")
    assert "write in paragraphs." in model.system(2)


def test_a_classic_memory_takes_what_agents_save(memory: eider.Eider, ada: str) -> None:
    """The output beside others, `chat_memory` and `buffer`, as LangChain's own buffer memory."""
    for returns in (False, True):
        kept = EiderMemory(memory=memory, user=ada, session=f"s{returns}", return_messages=returns)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = ConversationBufferMemory(return_messages=returns)
            for one in (kept, theirs):
                one.save_context({"input": "hello"}, {"output": "good day", "intermediate_steps": []})
                one.chat_memory.add_user_message("and now?")
        assert kept.buffer == theirs.buffer
        assert kept.load_memory_variables({"input": "x"}) == theirs.load_memory_variables({"input": "x"})
        assert [m.text for m in kept.chat_memory.messages] == ["hello", "good day", "and now?"]
    with pytest.raises(InputError, match="output_key is missing"):
        kept.save_context({"input": "hello"}, {"answer": "a", "sources": "b"})

"""A chat's history on Eider, and the classic memory: kept, found again by the next process, learned from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from langchain_agents import Scripted, a_memory, a_user, said, scripted  # noqa: F401
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolCall, ToolMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables.history import RunnableWithMessageHistory

import eider
from eider.model.errors import InputError
from eider_langchain import EiderChatMessageHistory, EiderMemory

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
    assert EiderChatMessageHistory(memory, "s1", user=ada, limit=2).messages == messages[-2:]
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

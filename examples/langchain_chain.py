"""A LangChain chain that obeys and learns: one step puts in what is known, the history keeps and learns.

Run it: python examples/langchain_chain.py (without a key: the model quotes its system message)
"""

from __future__ import annotations

import tempfile
import warnings
from typing import Any

from langchain_core.language_models.chat_models import SimpleChatModel
from langchain_core.messages import BaseMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables.history import RunnableWithMessageHistory

import eider
from eider_langchain import EiderChatMessageHistory, guided


class Quoting(SimpleChatModel):
    """Stands in for a model; yours is ChatAnthropic, ChatOpenAI or any other."""

    @property
    def _llm_type(self) -> str:
        return "quoting"

    def _call(self, messages: list[BaseMessage], *_: Any, **__: Any) -> str:
        return f"{len(messages)} messages; told: {' '.join(messages[0].text.split())}"


def main(memory: eider.Eider) -> None:
    """The second conversation knows what the first was told."""
    prompt = ChatPromptTemplate([("system", "You review."), MessagesPlaceholder("history"), ("human", "{input}")])
    chat: Any = RunnableWithMessageHistory(
        prompt | guided(memory) | Quoting(),
        lambda session_id: EiderChatMessageHistory(memory, session_id, limit=20),
        input_messages_key="input", history_messages_key="history",
    )  # fmt: skip
    for session, text in (
        ("monday", "How do I write a review?"), ("monday", "No, please write in paragraphs."), ("tuesday", "And a message?"),
    ):  # fmt: skip
        answer = chat.invoke({"input": text}, {"configurable": {"session_id": session}})
        print(f"{session} > {text}\n{session} < {answer.text}")
        EiderChatMessageHistory(memory, session).flush(10)  # only because this script is faster than people


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # LangChain calls RunnableWithMessageHistory deprecated; many chains have one
    with tempfile.TemporaryDirectory() as place, eider.open(f"{place}/m.eider", user="ada") as opened:
        main(opened)

"""A chat that remembers across processes: every line is said to a process of its own.

    python chat_across_processes.py                          four lines, four processes, in a place that goes away
    python chat_across_processes.py ./memory.eider "Hello"   one line of yours

Runs without a key on a model that shows what it is sent. With ANTHROPIC_API_KEY set, and
`pip install langchain-anthropic`, on a real one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import SimpleChatModel
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

import eider
from eider_langchain import EiderChatMessageHistory


class Shown(SimpleChatModel):
    """Says what it knows of the talk, and what it was asked to obey."""

    @property
    def _llm_type(self) -> str:
        return "shown"

    def _call(self, messages: list[BaseMessage], *_: Any, **__: Any) -> str:
        rules = " ".join(m.text for m in messages if m.type == "system").split()
        before = len([m for m in messages if m.type == "human"]) - 1
        return f"(I have heard {before} lines before this one; I obey: {' '.join(rules) or 'nothing yet'})"


def model() -> BaseChatModel:
    """A real model where there is a key."""
    if os.environ.get("ANTHROPIC_API_KEY"):
        from langchain_anthropic import ChatAnthropic

        return ChatAnthropic(model_name="claude-haiku-4-5", timeout=60, stop=None)
    return Shown()


def say(store: str, line: str) -> None:
    """One process: read the history, answer, keep both."""
    with eider.open(store, user="ada") as memory:
        history = EiderChatMessageHistory(memory, "my-chat", limit=20)
        policy = memory.policy(context=line).text
        system = [SystemMessage(policy)] if policy else []
        asked = HumanMessage(line)
        answer = model().invoke([*system, *history.messages, asked])
        history.add_messages([asked, answer])
        print(f"> {line}\n{answer.text}", flush=True)


def demo() -> None:
    """The same file as four processes, one after the other."""
    lines = ("How do I write a review?", "No, please write in paragraphs.", "I prefer metric units.", "How far is it to Oslo?")  # fmt: skip
    with tempfile.TemporaryDirectory() as place:
        for line in lines:
            subprocess.run([sys.executable, __file__, str(Path(place) / "memory.eider"), line], check=True)  # noqa: S603 (this file)


if __name__ == "__main__":
    say(*sys.argv[1:]) if len(sys.argv) > 1 else demo()

"""A chat loop of your own with a memory: guidance and recalled lines before each answer, what was said after it.

Run it: python examples/chat_loop.py (two sessions played; with your own lines: python examples/chat_loop.py ./memory.eider)
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable

import eider


def answer(system: str, prompt: str) -> str:
    """Stands in for a model: says what it was told besides the prompt."""
    known = " ".join(line for line in system.splitlines() if line and not line.startswith("<"))
    return f"(told: {known or 'nothing'}) You said: {prompt}"


def chat(store: str, session: str, lines: Iterable[str]) -> None:
    """One session; each line is answered, kept and learned from."""
    with eider.open(store, user="ada") as memory:
        talk = eider.Conversation(memory, session=session, host="chat-loop")
        for prompt in lines:
            system = talk.guidance().text + talk.context(prompt).text
            said = answer(system, prompt)
            print(f"{session} > {prompt}\n{session} < {said}")
            talk.user_said(prompt)
            talk.agent_said(said)
            talk.flush()  # only because this script is faster than people


if __name__ == "__main__":
    if len(sys.argv) > 1:
        chat(sys.argv[1], "terminal", (line.strip() for line in sys.stdin if line.strip()))
    else:
        with tempfile.TemporaryDirectory() as place:
            chat(f"{place}/m.eider", "monday", ["How far is it to Oslo?", "From now on, always answer in kilometres."])
            chat(f"{place}/m.eider", "friday", ["And to Bergen?"])

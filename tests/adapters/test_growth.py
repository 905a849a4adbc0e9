"""Thousands of calls leave nothing behind in the host's process but what is kept: 150 in every run, 5,000 at night."""

from __future__ import annotations

import gc
import os
import threading
from pathlib import Path

import pytest
from langchain_agents import a_memory, run_of, scripted  # noqa: F401
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate

import eider
from eider_langchain import EiderCallbackHandler, EiderChatMessageHistory, EiderStore

CALLS = 5_000 if os.environ.get("EIDER_NIGHTLY") else 150
OBJECTS = 60
"""Containers for each call that may stay: the last reply of a conversation, of which a thousand are known."""
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


def test_calls_leave_nothing_behind(memory: eider.Eider) -> None:
    """No object, thread or file for each call, of a chain that is heard, a history that is read, or a store."""
    handler, store = EiderCallbackHandler(memory), EiderStore(memory)
    chain = ChatPromptTemplate([("human", "{input}")]) | scripted(*["Noted."] * CALLS) | StrOutputParser()

    def call(number: int) -> None:
        chain.invoke({"input": f"Say {number}."}, {**run_of("ada", f"t{number}"), "callbacks": [handler]})
        store.put(("notes",), f"k{number % 10}", {"number": number})
        assert store.get(("notes",), f"k{number % 10}") is not None
        history = EiderChatMessageHistory(memory, f"h{number}", user="ada")
        history.add_user_message("Hello.")
        assert history.messages

    def held() -> tuple[int, int, int]:
        assert handler.flush(60)
        gc.collect()
        return len(gc.get_objects()), threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))

    warm = CALLS // 3
    for number in range(warm):
        call(number)
    before = held()
    for number in range(warm, CALLS):
        call(number)
    after = held()
    assert after[0] - before[0] < OBJECTS * (CALLS - warm)
    assert after[1] <= before[1]
    assert after[2] <= before[2] + 2

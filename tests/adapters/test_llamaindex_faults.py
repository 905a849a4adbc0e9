"""What the adapter must never do: fail its host, keep it waiting, load what it does not need, lose what was said."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.llms import ChatMessage
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.dispatcher import instrument_tags
from llamaindex_fakes import Parrot, agent, index, learned, says, short_term, spoken

import eider
from eider_llamaindex import EiderEventHandler, EiderRetriever, EiderToolSpec, eider_memory, guided, speaking

pytestmark = [
    pytest.mark.filterwarnings("ignore:The `__.*__` attribute is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_.*' attribute on the instance:DeprecationWarning"),
]


@pytest.fixture
def closed(tmp_path: Path) -> eider.Eider:
    """A memory that fails at everything."""
    with eider.open(tmp_path / "gone.eider", user="ada") as memory:
        pass
    return memory


@pytest.fixture
def memory(tmp_path: Path) -> Any:
    with eider.open(tmp_path / "memory.eider") as opened:
        yield opened


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.name == "eider" and r.levelno >= logging.WARNING]


async def test_memory_failing_never_fails_the_host(closed: eider.Eider, caplog: pytest.LogCaptureFixture) -> None:
    """Chats, queries and agents go on, and a log says once that memory does not."""
    with EiderEventHandler(closed) as handler:
        for _ in range(2):
            assert "hello" in str(SimpleChatEngine.from_defaults(llm=Parrot(), memory=short_term()).chat("hello"))
        assert str(await agent(lambda _: says("Done.")).run("hello", memory=eider_memory(closed))) == "Done."
        handler.flush(10)
    assert len(warnings_of(caplog)) == 1
    assert "memory fails and llamaindex goes on without it" in warnings_of(caplog)[0]
    engine = RetrieverQueryEngine.from_args(EiderRetriever(closed), llm=Parrot(), text_qa_template=guided(closed))
    assert engine.query("When?").source_nodes == []
    assert "error" in str(EiderToolSpec(closed).to_tool_list(["recall"])[0](query="when?"))


async def test_nobodys_words_become_nobodys(memory: eider.Eider, caplog: pytest.LogCaptureFixture) -> None:
    """Where nobody says whose a request is, nothing is kept."""
    with EiderEventHandler(memory) as handler:
        SimpleChatEngine.from_defaults(llm=Parrot(), memory=short_term()).chat("I prefer tabs.")
        assert handler.flush(10)
    assert ["user is missing" in text for text in warnings_of(caplog)] == [True]


async def test_a_tag_that_says_nothing_is_not_the_default(
    memory: eider.Eider, caplog: pytest.LogCaptureFixture
) -> None:
    """A request whose user got lost is not the default user's: nothing of it is kept, and that is said."""
    with EiderEventHandler(memory, user="ada") as handler:
        for wrong in (None, "", 7):
            with instrument_tags({"eider.user": wrong}):
                SimpleChatEngine.from_defaults(llm=Parrot(), memory=short_term()).chat("I prefer tabs.")
        assert handler.flush(10)
    assert ["eider.user" in text for text in warnings_of(caplog)] == [True]
    assert spoken(memory, "ada") == []


async def test_a_fault_of_the_handler_is_said_and_not_raised(
    memory: eider.Eider, caplog: pytest.LogCaptureFixture
) -> None:
    """LlamaIndex would swallow it: the log has it once, and the next exchange is heard."""

    class Odd(str):
        __slots__ = ()

        def strip(self, chars: str | None = None) -> str:
            raise RuntimeError("odd")

    with EiderEventHandler(memory, user="ada") as handler:
        engine = SimpleChatEngine.from_defaults(llm=Parrot(), memory=short_term())
        engine.chat(Odd("I prefer spaces."))
        engine.chat("I prefer tabs.")
        assert handler.flush(10)
    assert ["a fault of Eider itself (RuntimeError)" in text for text in warnings_of(caplog)] == [True]
    assert learned(memory, "ada") == ["I prefer tabs."]


def test_nothing_is_written_on_the_hosts_thread(memory: eider.Eider, monkeypatch: pytest.MonkeyPatch) -> None:
    """The handler queues: whatever asks memory to write is Eider's own thread."""
    asking: list[str] = []
    ask = memory._backend.execute

    def noted(request: Any) -> Any:
        asking.append(threading.current_thread().name)
        return ask(request)

    monkeypatch.setattr(type(memory._backend), "execute", lambda _, request: noted(request))
    with EiderEventHandler(memory, user="ada") as handler:
        SimpleChatEngine.from_defaults(llm=Parrot(), memory=short_term()).chat("I prefer tabs.")
        index().as_query_engine(llm=Parrot()).query("What colour is the sky?")
        assert handler.flush(10)
    assert len(asking) >= 4
    assert threading.current_thread().name not in asking


def test_streams_nobody_reads_do_not_pile_up(memory: eider.Eider, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given up long enough ago, they are let go; what the user said is kept."""
    monkeypatch.setattr("eider_llamaindex.turns.STREAMS", 3)
    engine = index().as_query_engine(llm=Parrot(), streaming=True)
    with EiderEventHandler(memory, user="ada") as handler:
        kept = [engine.query(f"Question number {n}?") for n in range(8)]
        assert handler.flush(10)
        assert len(handler._turns._streams) == 3
        assert len({span for turn in handler._turns._streams.values() for span in turn.spans}) == len(
            handler._turns._open
        )
    assert len(spoken(memory, "ada")) == len(kept)


def test_a_stream_given_up_half_way_was_said_that_far(memory: eider.Eider) -> None:
    """What the user has read is what the agent said."""
    engine = index().as_query_engine(llm=Parrot(), streaming=True)
    with EiderEventHandler(memory, user="ada") as handler:
        answer: Any = engine.query("What colour?")
        read = "".join(islice(answer.response_gen, 2))  # a framework may give all of it at once
        answer.response_gen.close()
        assert handler.flush(10)
    assert spoken(memory, "ada") == [("user", "What colour?"), ("agent", read.strip())]


def test_a_raw_stream_is_one_exchange(memory: eider.Eider) -> None:
    """Also where the model is asked only as its stream is read, outside the call."""
    llm = Parrot()
    with EiderEventHandler(memory, user="ada") as handler:
        answer = [part.delta for part in llm.stream_chat([ChatMessage(role="user", content="I prefer tabs.")])]
        assert handler.flush(10)
        assert handler._turns._open == {}
    assert spoken(memory, "ada") == [("user", "I prefer tabs."), ("agent", "".join(map(str, answer)).strip())]


async def test_a_raw_async_stream_is_one_exchange(memory: eider.Eider) -> None:
    """The framework makes a second call while the stream is read, with no parent; it is the same exchange."""
    llm = Parrot()
    with EiderEventHandler(memory, user="ada") as handler:
        stream = await llm.astream_chat([ChatMessage(role="user", content="I prefer tabs.")])
        answer = [part.delta async for part in stream]
        assert await handler.aflush(10)
        assert handler._turns._open == {}
    assert spoken(memory, "ada") == [("user", "I prefer tabs."), ("agent", "".join(map(str, answer)).strip())]


def test_attaching_twice_learns_once(memory: eider.Eider) -> None:
    """Two handlers, or one that is added twice, keep each utterance once: its key is the call."""
    with EiderEventHandler(memory, user="ada") as one, EiderEventHandler(memory, user="ada"):
        get_dispatcher().add_event_handler(one)
        with speaking(session="s1"):
            SimpleChatEngine.from_defaults(llm=Parrot(), memory=short_term()).chat("I prefer tabs.")
        assert one.flush(10)
    assert [role for role, _ in spoken(memory, "ada")] == ["user", "agent"]


LIGHT = """
import sys
from eider_llamaindex import EiderEventHandler, speaking
loaded = [name for name in ("llama_index.core", "lancedb", "duckdb", "pyarrow") if name in sys.modules]
assert loaded == [], loaded
"""
EXIT = """
import eider
from eider_llamaindex import EiderEventHandler
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.llms import MockLLM
memory = eider.open({path!r}, user="ada")
EiderEventHandler(memory).attach()
SimpleChatEngine.from_defaults(llm=MockLLM(max_tokens=3)).chat("I prefer tabs.")
"""
MISSING = """
import sys
sys.modules["llama_index_instrumentation"] = None
try:
    from eider_llamaindex import EiderEventHandler
except ImportError as error:
    print(error)
"""


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_the_handler_loads_no_more_than_the_dispatcher() -> None:
    """Neither LlamaIndex's core nor a database: those cost seconds."""
    run(LIGHT)


def test_what_was_heard_is_written_at_exit(tmp_path: Path) -> None:
    """A host that ends without a word loses nothing it was told in time."""
    run(EXIT.format(path=str(tmp_path / "m.eider")))
    with eider.open(tmp_path / "m.eider") as memory:
        assert learned(memory, "ada") == ["I prefer tabs."]


def test_a_missing_framework_is_named_with_its_extra() -> None:
    """One line that can be copied."""
    assert run(MISSING).strip() == "'llama-index-core' is not installed; run: pip install 'eider-memory[llamaindex]'"

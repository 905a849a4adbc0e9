"""One handle, many threads: no torn rows, no deadlock, and recall goes on while the store is rewritten."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path

import eider
from eider.api.facade import Eider
from eider.model.errors import ClosedMemoryError, ErasedError, UnknownIdError
from eider.providers.embedders.hashing import HashEmbedder

MOVED_ON = (ClosedMemoryError, ErasedError, UnknownIdError)
"""What a thread may meet because another was faster."""


def together(*parts: Callable[[], None]) -> list[BaseException]:
    """Run each in a thread of its own; what went wrong in any of them."""
    faults: list[BaseException] = []

    def guarded(part: Callable[[], None]) -> None:
        try:
            part()
        except BaseException as error:  # noqa: BLE001 (the main thread looks at it)
            faults.append(error)

    threads = [threading.Thread(target=guarded, args=(part,)) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads), "deadlock"
    return faults


def opened(folder: Path) -> Eider:
    return eider.open(folder, user="ada", embedder=HashEmbedder(width=16))


def worker(memory: Eider, seed: int, verbs: int) -> Callable[[], None]:  # noqa: C901 (a verb each)
    """Some fifty verbs on rows that all threads share."""
    draw = random.Random(seed)

    def once() -> None:
        ids = [r.id for r in memory.search(kinds=["fact"], limit=50).items]
        text = f"Thread {seed} says {draw.getrandbits(40):x}."
        kind = draw.choice(
            ["record", "remember", "recall", "pin", "correct", "reinforce", "forget", "deactivate", "many"]
        )
        if kind == "record":
            memory.record(text, session="shared")
        elif kind == "remember" or (not ids and kind not in ("recall", "many")):
            memory.remember(text)
        elif kind == "many":
            memory.record_many([{"text": f"{text} {n}", "session": "shared"} for n in range(5)])
        elif kind == "recall":
            assert all(r.text for r in memory.recall("What does thread 1 say?", limit=20))
        elif kind == "correct":
            memory.correct(draw.choice(ids), text)
        elif kind == "forget":
            memory.forget(draw.choice(ids), wait=draw.random() < 0.3)
        else:
            getattr(memory, kind)(draw.choice(ids))

    def run() -> None:
        for _ in range(verbs):
            try:
                once()
            except MOVED_ON:
                continue

    return run


def test_threads_share_a_handle(tmp_path: Path) -> None:
    """Every verb at once; afterwards chain, places and loaded rows are whole."""
    with opened(tmp_path / "a.eider") as memory:
        assert together(*(worker(memory, seed, 40) for seed in range(4))) == []
        episodes = [r.episode for r in memory.search(kinds=["episode"], limit=1000).items if r.episode]
        assert sorted(e.seq for e in episodes) == list(range(len(episodes)))
        times = [e.at for e in memory.events(limit=10_000)]
        assert times == sorted(times, reverse=True)
        memory.drain()
        assert memory.verify(deep=True).findings == ()
        listed = {r.text for r in memory.search(limit=1000).items}
    with opened(tmp_path / "a.eider") as memory:
        assert {r.text for r in memory.search(limit=1000).items} == listed


def test_the_same_statement_from_many_threads_is_one(tmp_path: Path) -> None:
    """Add twice = add once, also at once."""
    with opened(tmp_path / "a.eider") as memory:
        ids: list[str] = []
        assert together(*[lambda: ids.append(memory.remember("Tea is taken at four.").id)] * 8) == []
        assert len(set(ids)) == 1
        assert memory.search().total == 1


def test_the_same_key_from_many_threads_writes_once(tmp_path: Path) -> None:
    """A host that retries before the first answer came."""
    with opened(tmp_path / "a.eider") as memory:
        ids: list[str] = []
        assert together(*[lambda: ids.append(memory.record("The heron is back.", key="k").id)] * 8) == []
        assert len(set(ids)) == 1
        assert memory.search().total == 1


def test_recall_goes_on_while_bytes_leave_the_disk(tmp_path: Path) -> None:
    """A forget swaps the file under the readers; none of them notices, none sees the forgotten."""
    with opened(tmp_path / "a.eider") as memory:
        memory.record_many([{"text": f"Line number {n} about herons."} for n in range(200)])
        doomed = [memory.remember(f"Forget number {n} about herons.").id for n in range(6)]
        gone: set[str] = set()
        ended = threading.Event()

        def read() -> None:
            while not ended.is_set():
                before = set(gone)
                assert not before & {r.id for r in memory.recall("herons", limit=50)}

        def forget() -> None:
            try:
                for id_ in doomed:
                    memory.forget(id_)
                    gone.add(id_)
            finally:
                ended.set()

        assert together(read, read, forget) == []
        assert memory.verify().findings == ()


def test_closing_waits_for_who_reads(tmp_path: Path) -> None:
    """Whoever comes after it is told that it is closed."""
    memory = opened(tmp_path / "a.eider")
    memory.record_many([{"text": f"Line number {n}."} for n in range(100)])
    started = threading.Event()

    def read() -> None:
        for _ in range(10_000):
            try:
                memory.recall("line number five")
            except eider.errors.StoreError as error:
                assert "closed" in str(error)  # noqa: PT017 (it ends somewhere within the loop)
                return
            started.set()

    def close() -> None:
        started.wait(30)
        memory.close()

    assert together(read, read, close) == []

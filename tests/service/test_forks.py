"""Processes that fork after opening: a shared memory goes on in parent and children, one of one's own says so by name."""

from __future__ import annotations

import multiprocessing
import os
import threading
from pathlib import Path

import pytest
from homes import PATIENCE, Home

import eider
from eider.model.errors import ForkedError

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here"),
    pytest.mark.filterwarnings(
        "ignore:.*fork:DeprecationWarning"
    ),  # Python 3.12 warns where threads run: that is meant
]


def child_of(work: object) -> int:
    """Fork, do the work in the child, and return how it ended: 0 when nothing was raised."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        work()  # type: ignore[operator]
        os._exit(0)
    finally:
        os._exit(1)


def test_children_that_are_forked_while_threads_write_lose_and_mix_nothing(memory: eider.Eider, home: Home) -> None:
    """Four threads of the parent keep asking while six children write through what they inherited.

    They pause between two writes: the server takes writes one by one, and four that never pause would keep a child waiting
    for minutes on a busy machine.
    """
    stop = threading.Event()
    said: list[str] = []

    def write(number: int) -> None:
        place = 0
        while not stop.is_set() or place < 3:
            said.append(memory.record(f"Parent {number} said {place}.").text)
            place += 1
            stop.wait(0.01)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    try:
        ends = [
            child_of(lambda n=n: [memory.record(f"Child {n} said {place}.") for place in range(5)]) for n in range(6)
        ]
    finally:
        stop.set()
        for thread in threads:
            thread.join(PATIENCE)
    assert ends == [0] * 6
    wanted = sorted([*said, *(f"Child {n} said {place}." for n in range(6) for place in range(5))])
    assert sorted(hit.text for hit in memory.search(limit=1000).items) == wanted[:1000]
    assert memory.search(limit=1).total == len(wanted)
    assert len(home.servers()) == 1


def test_a_pool_that_was_forked_after_opening_writes_through_the_parents_memory(memory: eider.Eider) -> None:
    """The fork method of multiprocessing: every worker has a line of its own, and the parent's stays whole."""
    memory.record("Said before.")
    with multiprocessing.get_context("fork").Pool(3, initializer=_inherit, initargs=(memory,)) as pool:
        ids = pool.map(_record, range(12), chunksize=1)
        memory.record("Said meanwhile.")
    assert len(set(ids)) == 12
    assert memory.search(limit=1).total == 14


_inherited: list[eider.Eider] = []


def _inherit(memory: eider.Eider) -> None:
    _inherited[:] = [memory]


def _record(number: int) -> str:
    return _inherited[0].record(f"Said by worker {number}.").id


def test_a_child_that_closes_leaves_the_parents_memory_open(memory: eider.Eider) -> None:
    """Closing in the child lets go of the child's lines alone."""
    memory.record("Said before.")
    assert child_of(memory.close) == 0
    memory.record("Said after.")
    assert memory.search(limit=1).total == 2


def test_a_grandchild_goes_on_as_well(memory: eider.Eider) -> None:
    """Daemons fork twice."""

    def fork_again() -> None:
        memory.record("Said by the child.")
        assert child_of(lambda: memory.record("Said by the grandchild.")) == 0

    assert child_of(fork_again) == 0
    assert sorted(hit.text for hit in memory.search().items) == ["Said by the child.", "Said by the grandchild."]


def test_a_memory_of_ones_own_says_in_every_child_that_it_was_forked(tmp_path: Path) -> None:
    """Embedded: reading and writing raise the named error in a child and in a pool's worker; the parent goes on."""

    def refused() -> None:
        for ask in (lambda: mine.remember("x"), lambda: mine.recall("x"), mine.search):
            with pytest.raises(ForkedError, match="open it again in the child"):
                ask()
        mine.close()

    with eider.open(tmp_path / "mine.eider", user="ada") as mine:
        mine.remember("Said before.")
        assert child_of(refused) == 0
        worker = multiprocessing.get_context("fork").Process(target=refused)
        worker.start()
        worker.join(PATIENCE)
        assert worker.exitcode == 0
        mine.remember("Said after.")
        assert mine.search(limit=1).total == 2
        assert mine.verify(deep=True)

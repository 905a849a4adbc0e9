"""A store in PostgreSQL exchanges its embedder while several processes use it: nothing fails, nothing mixes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from time import sleep

import numpy as np
import pytest
from cluster import Cluster
from homes import until
from swap_kills import MAKERS, kill_at_every_step
from swap_traffic import LINES, Traffic, finish

import eider
from eider.model.errors import RefusedError
from eider.store import embedder_exchange
from eider_postgres.address import read
from eider_postgres.cursor import maker_of

Two = tuple[eider.Eider, eider.Eider]


@pytest.fixture
def two(address: str) -> Iterator[Two]:
    """Two processes' memories over one store, as far as the store is concerned."""
    with (
        eider.open(address, user="ada", embedder="hash") as first,
        eider.open(address, user="ada", embedder="hash") as second,
    ):
        first.remember_many(LINES)
        for one in (first, second):
            one.recall("kettles")
        yield first, second


def in_use(memory: eider.Eider) -> str:
    """Whose vectors this process reads."""
    return memory._engine.embedder.fingerprint.partition("-")[0]


def makers(memory: eider.Eider) -> list[tuple[str, int]]:
    with memory._engine.store.material._database.reading(None) as db:
        return db.execute(MAKERS).fetchall()


def test_another_process_follows_there_and_back(two: Two, cluster: Cluster, address: str) -> None:
    """It writes both vectors while they are made, reads the new ones after, and nominates by them."""
    first, second = two
    first._engine.paused = second._engine.paused = lambda: True
    first.swap_embedder("wordllama")
    until(lambda: second._engine.spare is not None)
    second.remember("Written by the other one.")  # gets both
    with pytest.raises(RefusedError, match="--abort"):
        second.swap_embedder("onnx")
    assert second.embedder().filled == 1
    first._engine.paused = second._engine.paused = lambda: False
    finish(second)  # whoever takes the job
    until(lambda: in_use(first) == in_use(second) == "wordllama")
    assert (second.embedder().name, second.embedder().other, second.embedder().pending) == ("wordllama", "hash", 0)
    made = second.remember("The physician is Doctor Lund.")
    until(lambda: [hit.id for hit in first.recall("who is the doctor?", limit=1)] == [made.id])
    query = np.asarray(first._engine.embedder.embed(["doctor"], "query")[0])
    assert made.id in first._engine.store.index.nominate("", query, user="ada", limit=3)
    meanings = dict(cluster.ask(f"SELECT maker, count(*) FROM {read(address).schema}.meanings GROUP BY 1"))
    assert meanings == {maker_of(f): len(LINES) + 2 for f in ("hash-256/1", "wordllama-256/1")}
    second.swap_embedder(action="back")
    until(lambda: in_use(first) == "hash")
    assert [hit.id for hit in first.recall("Lund physician", limit=1)] == [made.id]
    first.swap_embedder(action="drop")
    until(lambda: second._engine.spare is None)
    assert cluster.ask(f"SELECT DISTINCT maker FROM {read(address).schema}.meanings") == [(maker_of("hash-256/1"),)]
    assert second.verify(deep=True).findings == ()


def test_readers_and_writers_of_two_processes_notice_nothing(two: Two) -> None:
    """To and fro, each recall of a process finds what it wrote; afterwards no row lacks a vector of the one in use."""
    first, second = two
    with ExitStack() as stack:
        traffic = [stack.enter_context(Traffic(one, name)) for one, name in zip(two, ("parcel", "letter"), strict=True)]
        first.swap_embedder("wordllama")
        until(lambda: first.embedder().swap == "kept" or any(one.faults for one in traffic))
        for one in (second, first, second, first):
            until(lambda: in_use(first) == in_use(second))
            one.swap_embedder(action="back")
            sleep(0.05)
    assert [one.faults for one in traffic] == [[], []]
    assert all(one.written for one in traffic)
    until(lambda: in_use(first) == in_use(second) == "wordllama")
    until(lambda: first.embedder().pending == 0)
    assert makers(first) == [("wordllama-256/1", 1024)]
    assert first.verify(deep=True).findings == second.verify(deep=True).findings == ()


def test_a_process_that_does_not_follow_reads_and_writes_what_it_knows(two: Two) -> None:
    """It never compares vectors of two embedders; another process, or it once it follows, makes the vectors that are lacking."""
    first, second = two
    second._engine.follow_embedder = lambda: None  # as if no notification came
    first.swap_embedder("wordllama")
    until(lambda: in_use(first) == "wordllama")
    made = second.remember("The physician is Doctor Lund.")
    second._engine.segments.drop()
    assert [hit.id for hit in second.recall("physician Lund", limit=1)] == [made.id]
    assert [hit.text for hit in second.recall(LINES[3], limit=1)] == [LINES[3]]
    assert second._engine.store.segments.rows(user="ada").vectors.any(axis=1).all()
    until(lambda: first.recall("physician Lund", limit=1)[0].id == made.id)
    assert first.embedder().pending == 1
    second._engine.embedder_trouble = "The model is not installed here."
    second.remember("The heron is back.")
    until(lambda: first.embedder().pending == 0)
    second._engine.embedder_trouble = ""
    second.remember("The heron has left.")
    embedder_exchange.follow(second._engine)
    until(lambda: first.embedder().pending == 0)
    assert [hit.id for hit in first.recall("who is the doctor?", limit=1)] == [made.id]


def test_an_exchange_ends_where_another_process_ends_it(two: Two) -> None:
    """Its vectors go, and the process that worked on it stops."""
    first, second = two
    first._engine.paused = second._engine.paused = lambda: True
    first.swap_embedder("wordllama")
    second.swap_embedder(action="abort")
    until(lambda: first._engine.spare is None)
    assert (first.embedder().swap, first.embedder().name) == ("", "hash")
    first._engine.paused = second._engine.paused = lambda: False
    finish(first)
    assert in_use(first) == "hash"


@pytest.mark.crash
def test_an_exchange_that_is_killed_at_any_step_goes_on(address: str) -> None:
    """At every batch, before and after the other vectors are in use."""
    kill_at_every_step(address)

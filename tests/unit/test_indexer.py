"""The follower brings rows over in the background and never troubles its host."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from plain_index import PlainIndex

from eider.model.errors import StoreFullError
from eider.store.duck.indexer import Indexer

NEVER = 3600.0
PATIENCE = 20.0


class Box:
    """An outbox that only counts."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.entries = 0
        self.drains: list[int] = []
        self.errors: list[Exception] = []

    def pending(self) -> int:
        """What waits."""
        with self.lock:
            return self.entries

    def drain(self, limit: int | None = None) -> int:
        """Take some, or fail."""
        with self.lock:
            if self.errors:
                raise self.errors.pop(0)
            done = self.entries if limit is None else min(limit, self.entries)
            self.entries -= done
            if done:
                self.drains.append(done)
            return done


class Index(PlainIndex):
    """Counts how often it is merged."""

    def __init__(self) -> None:
        super().__init__(8)
        self.tidied = self.compacted = 0

    def tidy(self) -> None:
        """The cheap way."""
        self.tidied += 1

    def compact(self) -> None:
        """The dear way."""
        self.compacted += 1


class Host:
    """Commits rows and tells the follower."""

    def __init__(self) -> None:
        self.box, self.index = Box(), Index()
        self.follower: Indexer | None = None

    def start(self, waiting: int = 0, **settings: object) -> Indexer:
        """Begin, with pauses that never end unless they are given."""
        given = {"idle": NEVER, "first_idle": NEVER, "tidy_idle": NEVER, "many": 4, "first_many": 8} | settings
        self.follower = Indexer(self.box, self.index, **given)  # type: ignore[arg-type]
        self.follower.start(waiting)
        return self.follower

    def commit(self, count: int) -> None:
        """Write so many rows."""
        with self.box.lock:
            self.box.entries += count
        assert self.follower is not None
        self.follower.notify(count)


@pytest.fixture
def host() -> Iterator[Host]:
    """A host whose follower is stopped in the end."""
    made = Host()
    yield made
    if made.follower is not None:
        assert made.follower.stop(PATIENCE)


def eventually(holds: Callable[[], bool]) -> bool:
    """Wait until it does."""
    end = time.monotonic() + PATIENCE
    while not holds() and time.monotonic() < end:
        time.sleep(0.002)
    return holds()


def test_nothing_is_indexed_before_anybody_would_look_there(host: Host) -> None:
    """A small store needs no index; whether it does is asked anew each time the rows have doubled."""
    asked: list[int] = []

    def needed() -> bool:
        asked.append(host.box.pending())
        return host.box.pending() >= 100

    host.start(needed=needed, first_idle=0.01)
    for _ in range(40):
        host.commit(2)
    assert eventually(lambda: bool(asked))
    assert host.box.drains == []
    host.commit(200)
    assert eventually(lambda: host.box.pending() == 0)
    assert len(asked) <= 8


def test_the_first_drain_waits_for_many_rows(host: Host) -> None:
    """It pays for an import of a second; later ones wait for fewer."""
    host.start()
    host.commit(7)
    time.sleep(0.05)
    assert host.box.drains == []
    host.commit(1)
    assert eventually(lambda: host.box.pending() == 0)
    host.commit(4)
    assert eventually(lambda: host.box.pending() == 0)


def test_a_pause_brings_few_rows(host: Host) -> None:
    """When nobody commits any more, what waits is brought over."""
    host.start(first_idle=0.01, idle=0.01)
    host.commit(1)
    assert eventually(lambda: host.box.drains == [1])
    host.commit(2)
    assert eventually(lambda: host.box.drains == [1, 2])


def test_what_an_earlier_process_left_is_brought_as_well(host: Host) -> None:
    """It counts like rows just committed."""
    host.box.entries = 9
    host.start(waiting=9)
    assert eventually(lambda: host.box.pending() == 0)


def test_fragments_are_merged_after_many_drains_and_after_a_long_pause(host: Host) -> None:
    """The cheap way where the index has one."""
    host.start(first_idle=0.001, idle=0.001, tidy_every=2)
    for _ in range(4):
        host.commit(1)
        assert eventually(lambda: host.box.pending() == 0)
    assert eventually(lambda: host.index.tidied >= 1)
    assert host.index.compacted == 0
    assert host.follower is not None
    assert host.follower.stop(PATIENCE)
    before = host.index.tidied
    host.start(first_idle=0.001, idle=0.001, tidy_idle=0.01)
    host.commit(1)
    assert eventually(lambda: host.index.tidied > before)


def test_trouble_is_remembered_and_tried_again(host: Host) -> None:
    """An error neither kills the follower nor leaves it; it is forgotten once it works."""
    host.box.errors = [RuntimeError("torn"), ValueError("torn")]
    follower = host.start(first_retry=0.05)
    host.commit(8)
    assert eventually(lambda: follower.trouble is not None)
    assert "torn" in (follower.trouble or "torn")
    assert eventually(lambda: host.box.pending() == 0)
    assert eventually(lambda: follower.trouble is None)


def test_trouble_says_what_to_do(host: Host, tmp_path: os.PathLike[str]) -> None:
    """Our own errors carry the fix."""
    host.box.errors = [StoreFullError(tmp_path, "disk quota")] * 3  # type: ignore[arg-type]
    follower = host.start(first_retry=NEVER)
    host.commit(8)
    assert eventually(lambda: "free some space" in (follower.trouble or ""))
    assert host.box.pending() == 8


def test_stopping_leaves_the_rest_in_the_outbox(host: Host) -> None:
    """It does not drain first, and it does not wait for a pause between attempts."""
    follower = host.start()
    host.commit(3)
    assert follower.stop(PATIENCE)
    assert host.box.pending() == 3
    assert follower.stop(PATIENCE)


def test_no_row_is_overlooked_when_many_threads_commit(host: Host) -> None:
    """Whatever is committed while a drain runs is drained in the end."""
    host.start(first_idle=0.01, idle=0.01)
    threads = [threading.Thread(target=lambda: [host.commit(1) for _ in range(200)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert eventually(lambda: sum(host.box.drains) == 800)


def test_a_follower_that_never_started_can_be_stopped() -> None:
    """And told of rows: nothing happens."""
    follower = Indexer(Box(), Index())  # type: ignore[arg-type]
    follower.notify(3)
    assert follower.stop()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # forking beside threads is what is tested
def test_a_forked_child_neither_waits_nor_drains(host: Host) -> None:
    """Its lock may have been held when the child was made."""
    follower = host.start()
    if (child := os.fork()) == 0:
        follower.notify(1000)
        os._exit(0 if follower.stop() and not host.box.drains else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    host.commit(8)
    assert eventually(lambda: host.box.pending() == 0)

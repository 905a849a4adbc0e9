"""Both stores keep every promise; and what only the one on disk has to promise."""

from __future__ import annotations

import threading
from pathlib import Path

from eider.providers.embedders.hashing import HashEmbedder
from eider.store.duck import DuckStore
from eider.store.open_files import Opened, open_folder
from eider.testing.contracts_store import WIDTH, StoreContract, episode, plan
from eider.testing.memory_store import MemoryStore


class TestMemoryStore(StoreContract):
    """The fake."""

    def make(self, tmp_path: Path) -> MemoryStore:
        """Nothing is on disk."""
        assert tmp_path.is_dir()
        return MemoryStore(width=WIDTH)


class OwnedStore(DuckStore):
    """A store that gives its directory back when it is closed."""

    opened: Opened

    def close(self) -> None:
        """Close everything, the lock last."""
        super().close()
        self.opened.lock.close()


class TestDuckStore(StoreContract):
    """The real one."""

    def make(self, tmp_path: Path) -> DuckStore:
        """In a directory of its own."""
        opened = open_folder(tmp_path / "a.eider", HashEmbedder(width=WIDTH), follow=False)
        opened.store.__class__ = OwnedStore
        opened.store.opened = opened  # type: ignore[attr-defined]
        return opened.store


def test_many_threads_write_one_chain(tmp_path: Path) -> None:
    """Each commit finds the head its predecessor left, however the threads interleave."""
    opened = open_folder(tmp_path / "a.eider", HashEmbedder(width=WIDTH), follow=False)
    faults: list[BaseException] = []

    def write(thread: int) -> None:
        try:
            for n in range(20):
                opened.store.commit(plan(episode(f"ep_new{thread}-{n}")))
        except BaseException as error:  # noqa: BLE001 (the main thread looks at it)
            faults.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert opened.store.head[0] == 80
    assert opened.files.head() == opened.store.head
    assert [e.seq for e in opened.store.events(user="ada", limit=100)] == list(range(80, 0, -1))
    opened.close()

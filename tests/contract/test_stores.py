"""Every backend keeps every promise behind a real engine; and what only the one on disk has to promise."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import eider
from eider.model.protocols import Embedder
from eider.providers.embedders.hashing import HashEmbedder
from eider.store.files import StoreFiles
from eider.store.open import open_folder, open_memory
from eider.store.protocols import Store
from eider.testing.contracts_runs import RunsContract
from eider.testing.contracts_store import WIDTH, StoreContract, episode, plan


class TestStoreInMemory(StoreContract):
    """What `eider.open(":memory:")` opens."""

    def make(self, tmp_path: Path, embedder: Embedder) -> Store:
        """Nothing is on disk."""
        assert tmp_path.is_dir()
        return open_memory(embedder)


class TestStoreOnDisk(StoreContract):
    """What a path opens."""

    def make(self, tmp_path: Path, embedder: Embedder) -> Store:
        """In a directory of its own."""
        return open_folder(tmp_path / "a.eider", embedder, follow=False)


class TestRunsInMemory(RunsContract):
    """Runs of `eider.open(":memory:")`."""

    def make(self, tmp_path: Path, embedder: Embedder) -> Store:
        """Nothing is on disk."""
        assert tmp_path.is_dir()
        return open_memory(embedder)


class TestRunsOnDisk(RunsContract):
    """Runs of a path."""

    def make(self, tmp_path: Path, embedder: Embedder) -> Store:
        """In a directory of its own."""
        return open_folder(tmp_path / "a.eider", embedder, follow=False)


def test_many_threads_write_one_chain(tmp_path: Path) -> None:
    """Each commit finds the head its predecessor left, however the threads interleave."""
    store = open_folder(tmp_path / "a.eider", HashEmbedder(width=WIDTH), follow=False)
    faults: list[BaseException] = []

    def write(thread: int) -> None:
        try:
            for n in range(20):
                store.commits.commit(plan(episode(f"ep_new{thread}-{n}")))
        except BaseException as error:  # noqa: BLE001 (the main thread looks at it)
            faults.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert store.events.head[0] == 80
    assert StoreFiles(tmp_path / "a.eider").head() == store.events.head
    assert [e.seq for e in store.events.newest(user="ada", limit=100)] == list(range(80, 0, -1))
    store.connection.close()


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[eider.Eider]:
    """A memory that keeps nothing, opened in an empty directory."""
    monkeypatch.chdir(tmp_path)
    with eider.open(":memory:", user="ada", embedder=HashEmbedder()) as opened:
        yield opened


def test_a_memory_in_this_process_does_what_one_on_disk_does(memory: eider.Eider, tmp_path: Path) -> None:
    """Writing, asking, revising, undoing, forgetting and checking; nothing is written anywhere."""
    memory.record("The staging database runs on kestrel-7.", key="k")
    assert memory.record("Said again.", key="k").text == "The staging database runs on kestrel-7."
    tea = memory.remember("Ada prefers tea.", kind="preference")
    assert memory.recall("Where does the staging database run?")[0].text == "The staging database runs on kestrel-7."
    memory.correct(tea.id, "Ada prefers coffee.")
    assert memory.undo(memory.events()[0].id).op == "undo"
    assert [m.text for m in memory.search("", kinds=["preference"]).items if m.memory] == ["Ada prefers tea."]
    memory.observe(user_reply="Always answer in English.")
    assert "English" in memory.policy().text
    loop = memory.open_loop()
    memory.recall("What does Ada drink?", loop=loop.id)
    assert memory.close_loop(loop.id, outcome=1.0, agent_output="Ada drinks tea.").loop.outcome == 1.0
    receipt = memory.forget(tea.id)
    assert (receipt.physical, all(receipt.checks.values())) == ("done", True)
    assert len(memory.sql("SELECT id FROM episodes")) == 2
    assert memory.verify(deep=True).findings == ()
    assert memory.drain().left == 0
    assert os.listdir(tmp_path) == []  # noqa: PTH208


def test_two_memories_in_this_process_share_nothing(memory: eider.Eider) -> None:
    """Each call of `open` makes another; closing one ends it."""
    memory.remember("Ada prefers tea.")
    with eider.open(":memory:", user="ada", embedder=HashEmbedder()) as other:
        assert other.recall("tea") == []
    with pytest.raises(eider.errors.StoreError, match="was closed"):
        other.recall("tea")
    assert memory.recall("tea")


def test_rows_of_a_memory_in_this_process_can_be_kept(memory: eider.Eider, tmp_path: Path) -> None:
    """By an export or a published snapshot, which are read like any other."""
    memory.remember("Ada prefers tea.")
    memory.export(tmp_path / "kept.jsonl")
    snapshot = memory.publish(tmp_path / "kept.eider")
    with eider.open(":memory:", user="ada", embedder=HashEmbedder(), layers=[snapshot]) as over:
        assert [hit.layer for hit in over.recall("tea")] == ["kept"]
        assert over.import_(tmp_path / "kept.jsonl").memories == 1
        assert [hit.layer for hit in over.recall("tea")] == [""]


@pytest.mark.parametrize("more", [{"shared": True}, {"read_only": True}, {"accept_loss": True}, {"reembed": True}])
def test_what_needs_a_disk_is_refused_in_memory(more: dict[str, bool]) -> None:
    """The argument is named."""
    with pytest.raises(eider.errors.InputError, match=f"{next(iter(more))}="):
        eider.open(":memory:", **more)

"""The stores a server holds open: never closed under a request, never opened after the end, snapshots followed."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from eider.model.errors import ServerBusyError, StoreMissingError
from eider.service import open_stores
from eider.service.open_stores import OpenStores


class Opened:
    """Stands for an engine: says whether it was closed."""

    def __init__(self, folder: Path, *, works: bool = False) -> None:
        self.folder, self.closed, self.layers = folder, False, ()
        self.jobs = SimpleNamespace(busy=lambda: works)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def held() -> OpenStores:
    """Stores of such engines."""
    return OpenStores(cast("Any", Opened), cast("Any", Opened))


NOTES = Path("/stores/notes.eider")


def test_a_store_in_use_is_not_released(held: OpenStores) -> None:
    """Who asks for a store back waits, and is told that it stays, rather than breaking what is under way."""
    with held.use(NOTES) as engine:
        assert held.release(NOTES, 0.0) is False
        assert not cast("Any", engine).closed
    assert held.release(NOTES, 0.0) is True
    assert cast("Any", engine).closed


def test_what_is_asked_for_while_idle_stores_are_swept_stays_open(
    held: OpenStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that comes between looking and closing keeps its store."""
    monkeypatch.setattr(open_stores, "IDLE", -1.0)
    with held.use(NOTES) as engine:
        pass
    taken = []
    cast("Any", engine).jobs.busy = lambda: bool(taken.append(held.acquire(NOTES)))
    held.close_idle()
    assert not cast("Any", engine).closed
    held.give_back(taken[0])


def test_a_store_with_work_to_do_is_not_swept(held: OpenStores, monkeypatch: pytest.MonkeyPatch) -> None:
    """Background work of a store that nobody asks for goes on."""
    monkeypatch.setattr(open_stores, "IDLE", -1.0)
    with held.use(NOTES) as engine:
        pass
    cast("Any", engine).jobs.busy = lambda: True
    held.close_idle()
    assert NOTES in held.engines()
    cast("Any", engine).jobs.busy = lambda: False
    held.close_idle()
    assert NOTES not in held.engines()


def test_nothing_is_opened_after_the_end(held: OpenStores) -> None:
    """A request that is still in the queue when the server ends is sent to the next one, and takes no lock."""
    held.close()
    with pytest.raises(ServerBusyError), held.use(NOTES):
        pass


def test_what_is_being_opened_at_the_end_is_closed() -> None:
    """An opening that takes long leaves no lock behind."""
    begun, go = threading.Event(), threading.Event()
    made: list[Opened] = []

    def slowly(folder: Path) -> Any:
        begun.set()
        go.wait(60)
        made.append(Opened(folder))
        return made[0]

    held = OpenStores(slowly, cast("Any", Opened))

    def ask() -> None:
        with held.use(NOTES):
            pass

    asks, ends = threading.Thread(target=ask), threading.Thread(target=held.close)
    asks.start()
    assert begun.wait(60)
    ends.start()
    go.set()
    asks.join(60)
    ends.join(60)
    assert made[0].closed


def test_a_snapshot_that_was_published_anew_is_read_anew(held: OpenStores, tmp_path: Path) -> None:
    """Whoever recalls beneath a snapshot sees the one that is there now."""
    layer = tmp_path / "team.eider"
    layer.mkdir()
    with held.use(NOTES, (layer,)) as first, held.use(NOTES, (layer,)) as same:
        assert first.layers == same.layers
    layer.rename(tmp_path / "old.eider")
    layer.mkdir()
    with held.use(NOTES, (layer,)) as second:
        assert second.layers != first.layers


def test_snapshots_that_nobody_asks_for_are_closed(
    held: OpenStores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that lives long keeps no file open that nobody reads."""
    monkeypatch.setattr(open_stores, "IDLE", -1.0)
    with held.use(NOTES, (tmp_path,)) as engine:
        held.close_idle()
        assert not cast("Any", engine).layers[0].closed
    held.close_idle()
    assert cast("Any", engine).layers[0].closed


def test_a_snapshot_that_cannot_be_opened_leaves_nobody_at_the_store() -> None:
    """An error beneath a store does not keep the store from being released."""

    def missing(folder: Path) -> Any:
        raise StoreMissingError(folder)

    held = OpenStores(cast("Any", Opened), missing)
    with pytest.raises(StoreMissingError), held.use(NOTES, (Path("/nowhere"),)):
        pass
    assert held.release(NOTES, 0.0)

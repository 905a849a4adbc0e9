"""A store exchanges its embedder while it is used: nothing fails, nothing mixes, and one step leads back."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner
from services import KEY, running
from swap_traffic import LINES, Traffic, finish

import eider
from eider.cli import app
from eider.model.changes import Indexing
from eider.model.errors import RefusedError
from eider.providers.embedders.hashing import HashEmbedder
from eider.store import embedder_exchange, embedder_swap

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eider.model.protocols import Role

IN_USE = (
    "SELECT octet_length(CASE WHEN embedder = m.content THEN vector WHEN spare_embedder = m.content THEN spare_vector END) "
    "FROM embeddings, meta m WHERE m.name = 'embedder'"
)


def opened(path: Path, **more: Any) -> eider.Eider:
    return eider.open(path, user="ada", embedder="hash", **more)


def widths(memory: eider.Eider) -> set[int]:
    """Lengths of all vectors that are in use."""
    engine = memory._backend.engine
    with engine.store.material._database.reading(None) as db:
        return {row[0] // 4 for row in db.execute(IN_USE).fetchall()}


def test_a_swap_and_the_way_back(tmp_path: Path) -> None:
    """After it the new embedder ranks; what is written gets both vectors; back is one step; dropping ends it."""
    with opened(tmp_path / "s.eider") as memory:
        memory.remember_many(LINES)
        memory.swap_embedder("wordllama")
        finish(memory)
        found = memory.embedder()
        assert (found.name, found.swap, found.other, found.pending) == ("wordllama", "kept", "hash", 0)
        assert found.filled == found.rows == len(LINES)
        assert found.overlap is not None
        assert 0 < found.overlap <= 1
        made = memory.remember("The physician is Doctor Lund.")
        assert memory.recall("who is the doctor?", limit=1)[0].id == made.id
        assert memory.embedder().filled == len(LINES) + 1
        memory.swap_embedder(action="back")
        assert (memory.embedder().name, memory.embedder().other) == ("hash", "wordllama")
        assert memory.recall("Lund physician", limit=1)[0].id == made.id
        memory.swap_embedder(action="drop")
        assert (memory.embedder().swap, memory.embedder().filled) == ("", 0)
        with pytest.raises(RefusedError, match="eider embed status"):
            memory.swap_embedder(action="back")
    with eider.open(tmp_path / "s.eider", user="ada") as memory:
        assert memory.embedder().name == "hash"
        assert memory.verify(deep=True)


def test_an_exchange_to_another_width_survives_a_reopen_at_each_state(tmp_path: Path) -> None:
    """Closed while it fills, and afterwards: the store opens with whose vectors it has, and goes on."""
    path = tmp_path / "s.eider"
    with running("openai") as service:
        mine = pytest.MonkeyPatch()
        mine.setenv("EIDER_EMBEDDER_URL", service.url)
        mine.setenv("EIDER_EMBEDDER_KEY", KEY)
        with opened(path) as memory:
            memory.remember_many(LINES)
            engine = memory._backend.engine
            engine.paused = lambda: True
            memory.swap_embedder("openai:some-model")
        with eider.open(path, user="ada") as memory:
            assert memory.embedder().name == "hash"
            memory.remember("Written in between.")  # gets both vectors
            finish(memory)
            assert memory.embedder().name == "openai:some-model"
            assert widths(memory) == {64}
        with eider.open(path, user="ada") as memory:
            assert memory.embedder().width == 64
            assert memory.recall("in between", limit=1)[0].text == "Written in between."
            service.stop()
            memory.swap_embedder(action="back")  # the old one needs no service
            assert widths(memory) == {256}
        mine.undo()


def test_an_end_of_an_exchange_leaves_the_store_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`abort` takes the half-made vectors away; another exchange may begin."""
    with opened(tmp_path / "s.eider") as memory:
        memory.remember_many(LINES)
        engine = memory._backend.engine
        engine.paused = lambda: True
        memory.swap_embedder("wordllama")
        with pytest.raises(RefusedError, match="--abort"):
            memory.swap_embedder("onnx")
        monkeypatch.setattr(embedder_exchange, "BATCH", 5)
        assert next(embedder_exchange._fill(engine, engine.spare)) == 5
        assert memory.embedder().filled == 5
        memory.swap_embedder(action="abort")
        assert (memory.embedder().swap, memory.embedder().name) == ("", "hash")
        engine.paused = lambda: False
        memory.swap_embedder("wordllama")
        assert finish(memory).embedder().name == "wordllama"


def test_what_is_forgotten_while_two_embedders_are_there_leaves_both(tmp_path: Path) -> None:
    """No vector of a forgotten text stays, and a text that was cut has new ones."""
    with opened(tmp_path / "s.eider") as memory:
        memory.remember_many(LINES)
        memory.swap_embedder("wordllama")
        finish(memory)
        gone = memory.remember("The safe word is quokka.")
        memory.forget(gone.id)
        engine = memory._backend.engine
        with engine.store.material._database.reading(None) as db:
            assert db.execute("SELECT count(*) FROM embeddings WHERE id = ?", [gone.id]).fetchall() == [(0,)]
        memory.swap_embedder(action="back")
        assert widths(memory) == {256}


def test_vectors_made_before_an_exchange_go_where_they_belong() -> None:
    """Material that was made for the old embedder is never stored as the new one's."""
    old = Indexing(vector=b"old!", analysis=b"", embedder="old")
    assert old.placed("old") is old
    lone = old.placed("new")
    assert (lone.vector, lone.pending, lone.spare, lone.spare_embedder) == (b"", True, b"old!", "old")
    both = Indexing(vector=b"old!", analysis=b"", embedder="old", spare=b"new!", spare_embedder="new").placed("new")
    assert (both.vector, both.pending, both.spare, both.spare_embedder) == (b"new!", False, b"old!", "old")


class Slow(HashEmbedder):
    """Another width; each call gives the others time."""

    def embed(self, texts: Sequence[str], role: Role) -> NDArray[np.float32]:
        threading.Event().wait(0.001)
        return super().embed(texts, role)


def connect(name: str, *, width: int | None = None) -> HashEmbedder:
    del width
    return HashEmbedder(width=256) if name == "hash" else Slow(width=64)


def test_readers_and_writers_notice_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While exchanges go to and fro, each recall finds what was written before it, and no vector is of the wrong kind."""
    monkeypatch.setattr(embedder_swap, "connect", connect)
    monkeypatch.setattr(embedder_exchange, "connect", connect)
    with opened(tmp_path / "s.eider") as memory:
        memory.remember_many(LINES)
        with Traffic(memory) as traffic:
            memory.swap_embedder("tei:slow")
            while memory.embedder().swap == "filling" and not traffic.faults:
                threading.Event().wait(0.01)
            for _ in range(6):
                memory.swap_embedder(action="back")
                threading.Event().wait(0.05)
        assert not traffic.faults, traffic.faults[0]
        assert traffic.written > 0
        assert memory.embedder().pending == 0
        assert len(widths(memory)) == 1


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`eider embed` swaps, shows and takes back; a refusal says what is possible."""
    monkeypatch.setenv("EIDER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("EIDER_EMBEDDER", "hash")
    path = str(tmp_path / "s.eider")
    with opened(Path(path)) as memory:
        memory.remember_many(LINES)

    def run(*words: str) -> Any:
        return CliRunner().invoke(app.cli, ["embed", *words, "--store", path, "--user", "ada"])

    assert "embedder hash" in run("status").output
    swapped = run("swap", "wordllama")
    assert swapped.exit_code == 0, swapped.output
    assert "embedder wordllama" in swapped.output
    assert "the vectors of hash are kept" in swapped.output
    assert "of ten lines found first" in swapped.output
    assert "embedder hash" in run("swap", "--back").output
    assert run("swap", "--drop").exit_code == 0
    assert run("swap").exit_code == 2


def test_a_store_is_created_for_an_embedder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`eider store create --embedder` names what embeds it; what is set for new stores does not matter then."""
    monkeypatch.setenv("EIDER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("EIDER_SERVER", "off")
    made = CliRunner().invoke(app.cli, ["store", "create", "work", "--embedder", "hash"])
    assert made.exit_code == 0, made.output
    assert "embedder hash" in CliRunner().invoke(app.cli, ["embed", "status", "--store", "work"]).output

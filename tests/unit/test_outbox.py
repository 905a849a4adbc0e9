"""What is committed reaches the index, whatever happens on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from plain_index import PlainIndex

from eider.model.errors import IndexDamagedError
from eider.store.duck.cursor import Cursor
from eider.store.duck.database import Database, create_file
from eider.store.duck.lance import LanceIndex
from eider.store.duck.migrate import found_store
from eider.store.duck.outbox import Outbox, current
from eider.store.protocols import Index, IndexRow

WIDTH = 16
AT = datetime(2025, 12, 31, 23, 30)  # noqa: DTZ001 (the tables keep UTC without a zone)
SUBJECTS = "heron kettle lamp reed orchard ferry anvil violin".split()


def vector_of(number: int) -> bytes:
    """A unit vector, always the same for a number."""
    vector = np.random.default_rng(number).standard_normal(WIDTH).astype(np.float32)
    return (vector / np.linalg.norm(vector)).tobytes()


class Truth:
    """A small store, written by SQL: eight subjects, two users."""

    def __init__(self, folder: Path) -> None:
        path = folder / "truth-000001.duckdb"
        create_file(path, lambda db: found_store(db, folder))
        self.database = Database(path)
        self.rev = 0

    def _beside(self, db: Cursor, id_: str, user: str, op: str = "put") -> None:
        """Vector and outbox entry of the row just written."""
        db.execute("INSERT INTO outbox VALUES (?, ?, ?, ?)", [self.rev, id_, user, op])
        row = [id_, user, "test", vector_of(self.rev), "test", b""]
        db.execute(
            "INSERT INTO embeddings (id, user_id, embedder, vector, analyzer, analysis) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            row,
        )

    def _episode(self, db: Cursor, id_: str, text: str, user: str, tz: str = "Europe/Berlin") -> None:
        self.rev += 1
        db.execute(
            "INSERT INTO episodes (id, rev, user_id, speaker, role, session, seq, said_at, tz, recorded_at, "
            "origin, content) VALUES (?, ?, ?, 'Grace', 'user', 's', ?, ?, ?, ?, 'user', ?)",
            [id_, self.rev, user, self.rev, AT, tz, AT, text],
        )
        self._beside(db, id_, user)

    def _memory(self, db: Cursor, id_: str, text: str, user: str, state: str = "active") -> None:
        self.rev += 1
        db.execute("UPDATE memories SET retired_at = ? WHERE id = ? AND retired_at IS NULL", [AT, id_])
        db.execute(
            "INSERT INTO memories (id, rev, user_id, agent, kind, content, scope, origin, trust, subject, "
            "importance, confidence, valid_from, from_precision, to_precision, recorded_at, pinned, state) "
            "VALUES (?, ?, ?, 'a', 'fact', ?, 'global', 'user', 2, '', 3, 1.0, ?, 'instant', 'instant', ?, "
            "false, ?)",
            [id_, self.rev, user, text, AT, AT, state],
        )
        self._beside(db, id_, user)

    def episode(self, id_: str, text: str, user: str = "ada", tz: str = "Europe/Berlin") -> None:
        """Say something, at a moment that is already next year in Berlin."""
        with self.database.writing() as db:
            self._episode(db, id_, text, user, tz)

    def memory(self, id_: str, text: str, user: str = "ada", state: str = "active") -> None:
        """Write the next version of a memory."""
        with self.database.writing() as db:
            self._memory(db, id_, text, user, state)

    def forget(self, id_: str, user: str = "ada") -> None:
        """Remove an episode for good."""
        self.rev += 1
        with self.database.writing() as db:
            db.execute("DELETE FROM episodes WHERE id = ?", [id_])
            db.execute("INSERT INTO outbox VALUES (?, ?, ?, 'delete')", [self.rev, id_, user])

    def fill(self, count: int) -> None:
        """Many rows of both kinds, each with a revision of its own."""
        with self.database.writing() as db:
            for i in range(count):
                text = f"The {SUBJECTS[i % len(SUBJECTS)]} number {i} is here."
                if i % 2:
                    self._episode(db, f"ep_{i}", text, f"user{i % 3 % 2}")
                else:
                    self._memory(db, f"mem_{i}", text, f"user{i % 3 % 2}")

    def rows(self) -> list[IndexRow]:
        """What an index should hold."""
        with self.database.reading() as db:
            ids = db.execute("SELECT id FROM episodes UNION SELECT id FROM memories").fetchall()
            return current(db, [row[0] for row in ids])


@pytest.fixture
def truth(tmp_path: Path) -> Iterator[Truth]:
    """An empty store."""
    made = Truth(tmp_path)
    yield made
    made.database.close()


def make_memory(folder: Path) -> Index:
    """The fake."""
    assert folder.parent.is_dir()
    return PlainIndex(WIDTH)


def make_lance(folder: Path) -> Index:
    """The real one."""
    return LanceIndex(folder, WIDTH)


@pytest.fixture(params=[make_memory, make_lance], ids=["memory", "lance"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Index]:
    """Each kind of index."""
    made = request.param(tmp_path / "index")
    yield made
    made.close()


def answers(index: Index) -> dict[str, list[str]]:
    """What an index says to a few questions."""
    asked = {f"{s}/{u}": index.nominate(s, None, user=u, limit=1000) for s in SUBJECTS for u in ("user0", "user1")}
    near = np.frombuffer(vector_of(1), np.float32)
    found = {name: sorted(ids) for name, ids in asked.items()}
    return found | {"near": index.nominate("", near, user="user0", limit=20)}


def test_a_drain_brings_every_row_and_empties_the_outbox(truth: Truth, index: Index) -> None:
    """More than one batch of them; the second drain finds nothing."""
    truth.fill(530)
    outbox = Outbox(truth.database, index)
    assert outbox.pending() == 530
    assert outbox.drain() == 530
    assert (outbox.pending(), outbox.drain()) == (0, 0)
    assert index.inventory() == {row.id: row.rev for row in truth.rows()}
    assert outbox.compare() == ([], [])


def test_an_episode_is_found_by_speaker_and_local_date(truth: Truth, index: Index) -> None:
    """Half past eleven on New Year's Eve in UTC is New Year's Day in Berlin; memories carry their text alone."""
    truth.episode("ep", "The heron is back.")
    truth.episode("lost", "The heron left.", tz="Nowhere/Atlantis")
    truth.memory("mem", "Likes herons.")
    Outbox(truth.database, index).drain()
    assert index.nominate("January", None, user="ada") == ["ep"]
    assert index.nominate("December", None, user="ada") == ["lost"]
    assert set(index.nominate("Grace", None, user="ada")) == {"ep", "lost"}
    texts = {row.id: row.text for row in truth.rows()}
    assert texts["ep"] == "Grace, 1 January 2026: The heron is back."
    assert texts["mem"] == "Likes herons."


def test_only_the_current_version_of_a_memory_is_indexed(truth: Truth, index: Index) -> None:
    """Several commits between two drains count once; an erased memory is removed."""
    outbox = Outbox(truth.database, index)
    truth.memory("mem", "Prefers kettles.")
    truth.memory("mem", "Prefers lamps.")
    assert (outbox.pending(), outbox.drain()) == (2, 1)
    assert index.inventory() == {"mem": 2}
    assert index.nominate("kettles", None, user="ada") == []
    truth.memory("mem", "", state="erased")
    outbox.drain()
    assert index.inventory() == {}
    assert outbox.compare() == ([], [])


def test_what_was_forgotten_leaves_the_index(truth: Truth, index: Index) -> None:
    """An id that is gone by the time of the drain is deleted, even if it was never there."""
    outbox = Outbox(truth.database, index)
    truth.episode("a", "heron")
    truth.episode("b", "heron")
    outbox.drain(1)
    truth.forget("a")
    truth.forget("b")
    outbox.drain()
    assert index.inventory() == {}
    assert index.nominate("heron", None, user="ada") == []


def test_a_limited_drain_takes_the_oldest_first(truth: Truth, index: Index) -> None:
    """The rest goes on waiting."""
    truth.fill(10)
    outbox = Outbox(truth.database, index)
    assert outbox.drain(4) == 4
    assert sorted(index.inventory().values()) == [1, 2, 3, 4]
    assert outbox.pending() == 6


def test_a_row_committed_during_a_drain_stays_in_the_outbox(truth: Truth, index: Index) -> None:
    """What was read may be older than that commit, so its entry is kept."""
    truth.memory("mem", "Prefers kettles.")
    outbox = Outbox(truth.database, Meanwhile(index, lambda: truth.memory("mem", "Prefers lamps.")))
    outbox.drain(1)
    assert outbox.pending() == 1
    assert index.inventory() == {"mem": 1}
    outbox.drain()
    assert index.inventory() == {"mem": 2}


class Meanwhile(PlainIndex):
    """Hands on to another index, and lets something happen during the first application."""

    def __init__(self, index: Index, happens: Callable[[], None]) -> None:
        super().__init__(WIDTH)
        self.index, self.happens = index, [happens]

    def apply(self, upserts: list[IndexRow], deletes: list[str]) -> None:  # type: ignore[override]
        """Hand on."""
        while self.happens:
            self.happens.pop()()
        self.index.apply(upserts, deletes)


class Failing(PlainIndex):
    """Refuses the first applications."""

    def __init__(self, times: int) -> None:
        super().__init__(WIDTH)
        self.times = times

    def apply(self, upserts: list[IndexRow], deletes: list[str]) -> None:  # type: ignore[override]
        """Fail, or do it."""
        if self.times:
            self.times -= 1
            raise IndexDamagedError(Path("index"), "torn")
        super().apply(upserts, deletes)


def test_nothing_leaves_the_outbox_before_the_index_has_it(truth: Truth) -> None:
    """A drain that fails can simply be repeated."""
    truth.fill(5)
    outbox = Outbox(truth.database, Failing(1))
    with pytest.raises(IndexDamagedError):
        outbox.drain()
    assert outbox.pending() == 5
    assert outbox.drain() == 5


def test_healing_repairs_what_nothing_else_would_notice(truth: Truth, index: Index) -> None:
    """Rows missing, stale and too many, with an empty outbox."""
    truth.fill(40)
    outbox = Outbox(truth.database, index)
    outbox.drain()
    before = answers(index)
    stale = next(row for row in truth.rows() if row.id == "ep_3")
    ghost = IndexRow(id="ghost", rev=1, user="user0", text="The heron haunts.", vector=b"")
    old = IndexRow(id=stale.id, rev=1, user=stale.user, text="Old words.", vector=b"")
    index.apply([ghost, old], ["mem_0"])
    missing, extra = outbox.compare()
    assert (sorted(missing), extra) == (["ep_3", "mem_0"], ["ghost"])
    healed = outbox.heal()
    assert (healed.repaired, healed.removed, healed.rebuilt) == (2, 1, "")
    assert answers(index) == before
    assert outbox.heal() == type(healed)()


def test_rows_that_wait_are_neither_missing_nor_too_many(truth: Truth, index: Index) -> None:
    """A comparison blames nothing that a drain is going to do."""
    outbox = Outbox(truth.database, index)
    truth.episode("a", "heron")
    outbox.drain()
    truth.forget("a")
    truth.episode("b", "heron")
    assert outbox.compare() == ([], [])
    assert outbox.heal().drained == 2


def test_a_rebuild_tells_how_far_it_is_and_equals_the_original(truth: Truth, index: Index) -> None:
    """Nothing is embedded: the vectors are those of the truth."""
    truth.fill(50)
    outbox = Outbox(truth.database, index)
    outbox.drain()
    before = index.inventory(), answers(index)
    told: list[tuple[int, int]] = []
    assert outbox.rebuild(lambda done, total: told.append((done, total))) == 50
    assert told == [(50, 50)]
    assert (index.inventory(), answers(index)) == before


def test_an_empty_store_rebuilds_to_an_empty_index(truth: Truth, index: Index) -> None:
    """Nothing to do is no error."""
    outbox = Outbox(truth.database, index)
    assert (outbox.rebuild(), outbox.heal().rebuilt, index.inventory()) == (0, "", {})


@pytest.mark.parametrize("where", ["outbox.applied", "outbox.trimmed"])
def test_a_kill_within_a_drain_loses_and_doubles_nothing(truth: Truth, tmp_path: Path, where: str) -> None:
    """Between the index and the outbox, and after both: the next process brings what is left."""
    truth.fill(530)
    expected = {row.id: row.rev for row in truth.rows()}
    truth.database.close()
    code = f"""
from pathlib import Path
from eider.store.duck.database import Database
from eider.store.duck.lance import LanceIndex
from eider.store.duck.outbox import Outbox
Outbox(Database(Path({str(truth.database.path)!r})), LanceIndex(Path({str(tmp_path / "index")!r}), {WIDTH})).drain()
"""
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "EIDER_CRASH_AT": where}, check=False)
    assert done.returncode == -signal.SIGKILL
    database = Database(truth.database.path)
    index = LanceIndex(tmp_path / "index", WIDTH)
    outbox = Outbox(database, index)
    healed = outbox.heal()
    assert (healed.drained, healed.repaired, healed.rebuilt) == (530 if where == "outbox.applied" else 18, 0, "")
    assert index.inventory() == expected
    index.close()
    database.close()

"""Every store that was ever written opens, answers as it did, and is brought to the present schema whole or not at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

import eider
from eider.api.facade import Eider
from eider.model.clock import FixedClock
from eider.model.errors import ErasedError, StoreError
from eider.providers.embedders.hashing import HashEmbedder
from eider.store.duck import migrate

FIXTURES = Path(__file__).parent.parent / "fixtures"
FROZEN = sorted(FIXTURES.glob("schema_*.tar.gz"))
NOW = datetime(2026, 5, 1, tzinfo=UTC)


def unpacked(archive: Path, place: Path) -> Path:
    with tarfile.open(archive) as packed:
        packed.extractall(place, filter="data")
    return place / "frozen.eider"


def opened(folder: Path, **more: bool) -> Eider:
    return eider.open(folder, embedder=HashEmbedder(width=16), clock=FixedClock(NOW), **more)


@pytest.fixture(params=FROZEN, ids=lambda path: path.name)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return unpacked(request.param, tmp_path)


@pytest.fixture
def memory(folder: Path) -> Iterator[Eider]:
    with opened(folder) as found:
        yield found


def test_each_schema_has_its_store() -> None:
    """Whoever adds a migration freezes a store as it was before, and one as it is."""
    assert [path.name for path in FROZEN] == [f"schema_{n}.tar.gz" for n in range(1, migrate.newest() + 1)]


def test_a_frozen_store_answers_as_it_did(memory: Eider) -> None:
    """Utterances, statements, what was true when, what was known when, and who said it."""
    said = [r.episode for r in memory.search(user="ada", kinds=["episode"]).items if r.episode]
    assert [(e.text, e.seq, e.session, e.tz, e.metadata) for e in sorted(said, key=lambda e: e.seq)] == [
        ("The heron is back at the weir.", 0, "spring", "Europe/Berlin", {"place": 0}),
        ("Let us meet on Friday.", 1, "spring", "Europe/Berlin", {"place": 1}),
        ("The kettle is broken again.", 2, "spring", "Europe/Berlin", {"place": 2}),
    ]
    held = {r.text: r.memory for r in memory.search(user="ada", kinds=["fact", "rule", "preference"]).items if r.memory}
    assert set(held) == {
        "The office is in Kochi.", "Ada prefers tea to coffee.", "Reports go out on Friday.", "The car is in the garage."
    }  # fmt: skip
    assert held["Ada prefers tea to coffee."].pinned
    assert held["The office is in Kochi."].scope == "project:weir"
    assert memory.recall("Where is the office?", user="ada", limit=1)[0].text == "The office is in Kochi."
    for more in ({"as_of": "2025-07"}, {"known_at": "2026-03-15"}):
        assert (
            memory.recall("Where is the office?", user="ada", limit=1, kinds=["fact"], **more)[0].text
            == "The office is in Pune."
        )
    assert [r.text for r in memory.search(user="bob").items] == ["Bob keeps bees."]


def test_a_frozen_store_verifies_and_goes_on(memory: Eider) -> None:
    """The chain holds over what was forgotten, and is continued."""
    assert memory.verify(deep=True).findings == ()
    changed = [e.op for e in memory.events(user="ada") if not e.op.endswith("_run")]
    assert changed[:4] == ["forget", "remember", "undo", "deactivate"]
    erased = next(e for e in memory.events(user="ada") if e.erased)
    with pytest.raises(ErasedError):
        memory.undo(erased.id, user="ada")
    memory.remember("Written by a later version.", user="ada")
    memory.drain()
    assert memory.verify(deep=True).findings == ()


def test_keys_of_a_frozen_store_are_known(memory: Eider) -> None:
    """A host that repeats itself years later doubles nothing, and revives nothing."""
    total = memory.search(user="ada").total
    first = memory.record("The heron is back at the weir.", user="ada", session="spring", key="frozen-0")
    assert (first.seq, memory.search(user="ada").total) == (0, total)
    with pytest.raises(ErasedError):
        memory.remember("Forget this line about quokkas.", user="ada", key="quokka")


def test_a_frozen_store_is_read_where_it_cannot_be_written(folder: Path) -> None:
    """If it is of the present schema; an older one says what to do."""
    present = folder.parent.joinpath("frozen.eider").exists() and migrate.newest() == len(FROZEN)
    try:
        with opened(folder, read_only=True) as memory:
            assert memory.recall("Where is the office?", user="ada")[0].text == "The office is in Kochi."
    except StoreError as error:
        assert "open it writable once" in str(error)  # noqa: PT017 (either answer is right for some schema)
    assert present


MIGRATE = """
import sys
from pathlib import Path
from typing import Any
import duckdb
from eider.store.duck import migrate
first = migrate.scripts()
migrate.scripts = lambda: [*first, (len(first) + 1, "CREATE TABLE later (a INTEGER); ALTER TABLE jobs ADD COLUMN b INTEGER;")]
with duckdb.connect(sys.argv[1]) as db:
    migrate.migrate(db, Path(sys.argv[1]))
"""


def schema_and_columns(truth: Path) -> tuple[int, set[str]]:
    with duckdb.connect(str(truth)) as db:
        sql = "SELECT table_name FROM duckdb_tables() UNION SELECT column_name FROM duckdb_columns() WHERE table_name = 'jobs'"
        return migrate.schema_of(db), {name for (name,) in db.execute(sql).fetchall()}


def migrate_to(db: duckdb.DuckDBPyConnection, number: int) -> None:
    db.execute(dict(migrate.scripts())[number])
    db.execute("UPDATE meta SET content = ? WHERE name = 'schema'", [str(number)])


def test_a_migration_killed_before_its_commit_has_not_begun(folder: Path) -> None:
    """All of its statements or none; the next open runs it from the start."""
    (truth,) = folder.glob("truth-*.duckdb")
    before = schema_and_columns(truth)
    environment = {**os.environ, "EIDER_CRASH_AT": "migrate.written"}
    for number in range(before[0], migrate.newest() + 1):
        done = subprocess.run([sys.executable, "-c", MIGRATE, str(truth)], env=environment, check=False)
        assert done.returncode == -9
        assert schema_and_columns(truth) == before
        with duckdb.connect(str(truth)) as db:
            if number < migrate.newest():  # that one whole, and on to the next
                migrate_to(db, number + 1)
        before = schema_and_columns(truth)
    done = subprocess.run([sys.executable, "-c", MIGRATE, str(truth)], check=False)
    schema, columns = schema_and_columns(truth)
    assert (done.returncode, schema) == (0, migrate.newest() + 1)
    assert {"b", "later"} <= columns


def test_a_migration_that_fails_leaves_the_store_as_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a script is no schema."""
    before = migrate.scripts()
    (truth,) = folder.glob("truth-*.duckdb")
    monkeypatch.setattr(
        migrate, "scripts", lambda: [*before, (len(before) + 1, "CREATE TABLE later (a INTEGER); SELECT nonsense;")]
    )
    with pytest.raises((StoreError, duckdb.Error)):
        opened(folder)
    monkeypatch.undo()
    with opened(folder) as memory:
        assert memory.search(user="bob").total == 1
    with duckdb.connect(str(truth)) as db:
        assert db.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'later'").fetchall() == [(0,)]


def test_the_clock_of_a_frozen_store_goes_on(folder: Path) -> None:
    """A machine whose clock stands before the last change does not write into the past."""
    with eider.open(folder, embedder=HashEmbedder(width=16), clock=FixedClock(NOW - timedelta(days=3650))) as memory:
        last = memory.events(user="ada")[0].at
        memory.remember("Later, whatever the clock says.", user="ada")
        assert memory.events(user="ada")[0].at > last


def test_a_job_of_schema_1_waits_on_and_runs(tmp_path: Path) -> None:
    """Work that an older version queued is done by this one; it belongs to no batch."""
    folder = unpacked(FIXTURES / "schema_1.tar.gz", tmp_path)
    (truth,) = folder.glob("truth-*.duckdb")
    with duckdb.connect(str(truth)) as db:
        db.execute("INSERT INTO jobs SELECT nextval('job_ids'), 'heal', '', '{}', 3, 'waiting', 2, ?, NULL, 0, 0, 'a fault', "
                   "?, NULL", [NOW.replace(tzinfo=None)] * 2)  # fmt: skip
    with opened(folder) as memory:
        memory.drain()
        (job,) = memory._engine.jobs.listed()
        assert (job.kind, job.state, job.attempts, job.batch) == ("heal", "done", 3, None)
        assert memory._engine.jobs.batches() == []


def test_a_snapshot_of_schema_1_is_read_without_being_migrated(tmp_path: Path) -> None:
    """What was published is never written again, so later versions read it as it is."""
    folder = unpacked(FIXTURES / "schema_1.tar.gz", tmp_path)
    (truth,) = folder.glob("truth-*.duckdb")
    before = truth.read_bytes()
    with opened(folder, read_only=True) as memory:
        assert memory.recall("Where is the office?", user="ada", limit=1)[0].text == "The office is in Kochi."
        assert (memory._engine.jobs.listed(), memory._engine.jobs.busy()) == ([], False)
    assert truth.read_bytes() == before


def test_what_an_earlier_version_worded_anew_becomes_what_was_said(tmp_path: Path) -> None:
    """Once, and only where the words are known; what was given as a statement, and what was closed, stays as it is."""
    folder = unpacked(FIXTURES / "schema_4.tar.gz", tmp_path)
    (truth,) = folder.glob("truth-*.duckdb")
    with duckdb.connect(str(truth)) as db:
        said = db.execute("SELECT id, content FROM episodes WHERE content LIKE 'Let us meet%'").fetchall()[0]
        for id_, text, span, closed in (
            ("mem_reworded", "Meet on Friday.", (0, 10), "NULL"),
            ("mem_second", "The user meets.", (4, 20), "NULL"),
            ("mem_closed", "Meets never.", (0, 10), "valid_from"),
        ):
            evidence = json.dumps([[said[0], *span]])
            db.execute(
                f"INSERT INTO memories SELECT * REPLACE ('{id_}' AS id, '{text}' AS content, '{evidence}' AS evidence, "
                f"{closed} AS valid_to, NULL AS identity) FROM memories "
                "WHERE content = 'Reports go out on Friday.' AND retired_at IS NULL LIMIT 1"
            )
    with opened(folder) as memory:
        assert memory.drain(timeout=30)
        read: Any = memory._engine.store.reads
        known = {m.id: m for m in read.memories(None, user="ada")}
        assert known["mem_reworded"].text == said[1]
        assert known["mem_reworded"].evidence[0].start == 0
        assert known["mem_second"].superseded_by == "mem_reworded"
        assert known["mem_closed"].text == "Meets never."
        assert "Reports go out on Friday." in {m.text for m in known.values()}
        assert memory.recall("Let us meet", user="ada", kinds=["rule"])[0].text == said[1]
        events = len(memory.events(user="ada", limit=100))
    with opened(folder) as memory:
        assert memory.drain(timeout=30)
        assert len(memory.events(user="ada", limit=100)) == events

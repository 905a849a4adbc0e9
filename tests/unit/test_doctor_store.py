"""The doctor inside a store: each damage is made, found, and where that can be done, mended."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import eider
from eider.api.facade import Eider
from eider.model.clock import FixedClock
from eider.model.errors import PausedError, StoreError
from eider.providers.embedders.hashing import HashEmbedder
from eider.service.doctor import canary, content, store, work
from eider.service.doctor.canary import USER, probe_store
from eider.service.doctor.in_server import examine_store
from eider.service.doctor.report import Finding
from eider.service.doctor.run import Options, examine
from eider.store.jobs import handles

SECRET = "AKIA" + "QZ7RTW2MXNVB4KLD"


@pytest.fixture
def memory(store: Callable[[str], Eider]) -> Eider:
    """A small store that is well."""
    made = store("notes")
    made.remember("Prefers snake_case.")
    made.remember("Lives by the sea.")
    made.record("The ferry leaves at ten.")
    return made


def look(memory: Eider, *, fix: bool = False, deep: bool = False, show: bool = False) -> dict[str, Finding]:
    """Findings that are left, by kind."""
    found = examine_store(memory._engine, name="notes", fix=fix, deep=deep, show=show)
    return {f.kind: f for f in found if not f.fixed}


def change(memory: Eider, *statements: str) -> None:
    """Do to the truth what no verb would."""
    with memory._engine.store.connection.database.writing() as db:
        for sql in statements:
            db.execute(sql)


def keep_twice(memory: Eider) -> None:
    """Keep a statement beside its twin, as versions did that held nothing against what was known."""
    memory.remember("prefers  snake_case", kind="preference", scope="project:elsewhere")
    change(memory, "UPDATE memories SET scope = 'global'")


def mended(memory: Eider, kind: str, *, deep: bool = False) -> Finding:
    """Find it, mend it, and find it no more."""
    before = look(memory, deep=deep)[kind]
    assert before.fixable
    assert before.subject == "notes"
    found = examine_store(memory._engine, name="notes", fix=True, deep=deep)
    assert kind in {f.kind for f in found if f.fixed}
    assert kind not in look(memory, deep=deep)
    return before


def test_a_store_that_is_well_has_no_findings(memory: Eider) -> None:
    """Nothing is said, in a short look or a deep one."""
    assert look(memory) == {}
    assert look(memory, deep=True) == {}


# ---------------------------------------------------------------------- plumbing


def test_a_changed_past_is_an_error_that_nothing_mends(memory: Eider) -> None:
    """chain-broken: an event was altered; only a backup helps, and --fix touches nothing."""
    change(memory, "UPDATE events SET actor = 'mallory' WHERE seq = 1")
    told = look(memory, fix=True)["chain-broken"]
    assert not told.fixable
    assert "backup" in told.fix


def test_search_material_that_is_lost_is_made_anew(memory: Eider) -> None:
    """index-differs: a text without a vector is found by no question; --fix embeds it, and drops what belongs to nothing."""
    change(
        memory,
        "INSERT INTO embeddings SELECT * REPLACE ('mem_none' AS id) FROM embeddings LIMIT 1",
        "DELETE FROM embeddings WHERE id IN (SELECT id FROM memories WHERE content LIKE 'Lives%')",
        "DELETE FROM embeddings WHERE id LIKE 'ep_%'",
    )
    mended(memory, "index-differs")
    assert memory.recall("Where does she live, by the sea?")[0].text == "Lives by the sea."
    assert "ferry" in memory.recall("When does the ferry leave?")[0].text
    assert memory.verify(deep=True)


def test_an_index_that_lost_rows_is_built_anew(memory: Eider) -> None:
    """index-differs: what the index does not hold is noticed against the truth."""
    memory.drain()
    ids = list(memory._engine.store.index.index.inventory())
    memory._engine.store.index.index.apply([], ids[:2])
    mended(memory, "index-differs")


def test_a_segment_that_differs_is_loaded_anew(memory: Eider) -> None:
    """segment-differs: seen by a deep look at what is loaded."""
    hit = memory.recall("sea")[0]
    memory._engine.segments.remove("ada", [hit.id])
    mended(memory, "segment-differs", deep=True)
    assert memory.recall("sea")[0].id == hit.id


def test_vectors_of_another_embedder_are_made_anew(memory: Eider) -> None:
    """vectors-mixed: they compare with nothing; --fix embeds their texts again."""
    change(memory, "UPDATE embeddings SET embedder = 'other-7' WHERE id LIKE 'ep_%'")
    assert "1 vector(s)" in mended(memory, "vectors-mixed").message


def test_a_makeshift_embedder_is_noted(tmp_path: Path) -> None:
    """embedder-degraded: all works, by spelling alone; the reason is the embedder's own."""
    with eider.open(tmp_path / "n.eider", user="ada", embedder=HashEmbedder(degraded="no weights here")) as memory:
        assert look(memory)["embedder-degraded"].message == "no weights here"


def test_files_that_outgrew_their_rows_are_written_anew(memory: Eider, monkeypatch: pytest.MonkeyPatch) -> None:
    """store-large: space that erased rows left is given back."""
    monkeypatch.setattr(store, "_SIZE_SLACK", 10_000_000)
    change(memory, "CREATE TABLE ballast AS SELECT uuid() AS u, uuid() AS v FROM range(400000)")
    with memory._engine.store.connection.database.alone() as db:
        db.execute("CHECKPOINT")
    memory.remember("Written behind the ballast.")
    change(memory, "DROP TABLE ballast")
    assert "MB for" in mended(memory, "store-large").message
    assert memory.search("ballast").total == 1


def test_an_index_that_outgrew_the_truth_is_built_anew(memory: Eider, monkeypatch: pytest.MonkeyPatch) -> None:
    """index-large: the index is derived, so it may be thrown away."""
    monkeypatch.setattr(store, "_SIZE_SLACK", 10_000_000)
    folder = memory._engine.store.place.folder / "index"
    folder.mkdir(exist_ok=True)
    (folder / "left_over.lance").write_bytes(os.urandom(16_000_000))
    mended(memory, "index-large")


def test_dead_jobs_run_once_more(memory: Eider) -> None:
    """jobs-dead: given up, with the kind and the error's name; --fix tries them again."""
    tries: list[int] = []
    handles("test_doctor")(lambda _engine, job, _progress: tries.append(job.id))
    id_ = memory._engine.jobs.queue("test_doctor")
    memory._engine.jobs.run_due()
    change(memory, f"UPDATE jobs SET state = 'dead', error = 'ValueError: her very words' WHERE id = {id_}")
    told = mended(memory, "jobs-dead")
    assert "test_doctor" in told.message
    assert "her very words" not in told.message
    assert len(tries) == 2


def test_jobs_that_nobody_runs_are_run(memory: Eider) -> None:
    """jobs-late: due for hours; --fix runs them now."""
    handles("test_doctor")(lambda *_: None)
    jobs = memory._engine.jobs
    jobs.stop()
    id_ = jobs.queue("test_doctor")
    change(memory, f"UPDATE jobs SET state = 'waiting', run_after = run_after - INTERVAL 3 HOUR WHERE id = {id_}")
    mended(memory, "jobs-late")


def test_an_index_that_falls_behind_is_brought_up(memory: Eider, monkeypatch: pytest.MonkeyPatch) -> None:
    """index-behind: many rows wait that nobody brings over; --fix drains them."""
    monkeypatch.setattr(work, "_BACKLOG", 1)
    memory.drain()
    change(memory, "INSERT INTO outbox SELECT rev, id, user_id, 'put' FROM memories")
    mended(memory, "index-behind")


def test_an_old_snapshot_is_told(memory: Eider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """schema-old: it cannot be brought forward where it lies, so it has to be published anew."""
    from eider.store.duck import migrate

    monkeypatch.setenv("EIDER_EMBEDDER", "hash")
    made = memory.publish(tmp_path / "team.eider")
    assert examine([made]).findings == ()
    newest = migrate.newest()
    monkeypatch.setattr(migrate, "newest", lambda: newest + 1)
    assert [f.kind for f in examine([made]).findings] == ["schema-old"]


def test_a_store_of_an_older_schema_is_brought_forward(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that can be written to is opened, and with that of this version."""
    monkeypatch.setenv("EIDER_EMBEDDER", "hash")
    with tarfile.open(Path(__file__).parents[1] / "fixtures" / "schema_1.tar.gz") as old:
        old.extractall(tmp_path, filter="data")
    (folder,) = [p for p in tmp_path.rglob("*") if (p / "CURRENT").is_file()]
    folder.chmod(0o700)
    kinds = {f.kind for f in examine([folder]).findings}
    assert kinds.isdisjoint({"schema-old", "store-damaged", "store-too-new"})


# ---------------------------------------------------------------------- broken files


@pytest.fixture
def closed(memory: Eider, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of that store, closed."""
    monkeypatch.setenv("EIDER_EMBEDDER", "hash")
    memory.close()
    return memory._engine.store.place.folder


def kinds_of(folder: Path) -> dict[str, Finding]:
    return {f.kind: f for f in examine([folder], Options(fix=True)).findings}


def test_garbage_is_damage(closed: Path) -> None:
    """store-damaged: the file is no database; it is left as it is."""
    (truth,) = closed.glob("truth-*.duckdb")
    truth.write_bytes(b"garbage" * 1000)
    assert "store-damaged" in kinds_of(closed)
    assert truth.read_bytes() == b"garbage" * 1000


def test_a_lost_log_is_damage(closed: Path) -> None:
    """store-damaged: acknowledged rows are gone, as with a torn write-ahead log."""
    number, digest = (closed / "head").read_text().split()
    (closed / "head").write_text(f"{int(number) + 2:020d} {digest}".ljust(95) + "\n")
    told = kinds_of(closed)["store-damaged"]
    assert "2 acknowledged changes" in told.message
    assert "restore a backup" in told.fix


def test_a_store_in_use_is_busy(memory: Eider, monkeypatch: pytest.MonkeyPatch) -> None:
    """store-busy: another has it open; that is no damage, and its files are not opened."""
    from eider.store.lock import OwnerLock

    monkeypatch.setenv("EIDER_EMBEDDER", "hash")
    folder = memory._engine.store.place.folder
    told = kinds_of(folder)["store-busy"]
    assert told.message.startswith("busy, not damaged")
    assert "in this process" in told.message
    memory.close()
    with OwnerLock(folder):
        assert set(kinds_of(folder)) == {"store-busy"}
    assert kinds_of(folder) == {}


def test_a_store_of_a_later_version_says_so(closed: Path) -> None:
    """store-too-new, embedder-differs: neither is damage."""
    with eider.open(closed, user="ada", embedder=HashEmbedder()) as memory:
        change(memory, "UPDATE meta SET content = '999' WHERE name = 'schema'")
    assert set(kinds_of(closed)) == {"store-too-new"}


def test_another_embedder_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """embedder-differs: with both fingerprints."""
    monkeypatch.setenv("EIDER_EMBEDDER", "hash")
    own = HashEmbedder(width=16)
    own.fingerprint = "mine-16"
    with eider.open(tmp_path / "n.eider", user="ada", embedder=own) as memory:
        memory.remember("Lives by the sea.")
    assert set(kinds_of(tmp_path / "n.eider")) == {"embedder-differs"}


# ---------------------------------------------------------------------- the canary


def test_the_probe_leaves_nothing(memory: Eider) -> None:
    """Kept, recalled, forgotten: no row of the reserved user stays, in no table."""
    assert list(probe_store(memory, "notes")) == []
    assert USER not in memory._engine.store.reads.users()
    with memory._engine.store.connection.database.reading() as db:
        assert db.execute("SELECT count(*) FROM embeddings WHERE user_id = ?", [USER]).fetchall() == [(0,)]


def test_a_probe_that_is_not_recalled_is_an_error(memory: Eider, monkeypatch: pytest.MonkeyPatch) -> None:
    """canary-failed: stored and not found is what a user would meet."""
    monkeypatch.setattr(Eider, "recall", lambda *_, **__: [])
    (told,) = probe_store(memory, "notes")
    assert (told.kind, told.severity) == ("canary-failed", "error")
    assert USER not in memory._engine.store.reads.users()


def test_a_probe_that_cannot_be_written_says_why(memory: Eider, monkeypatch: pytest.MonkeyPatch) -> None:
    """canary-paused where writing is paused; the error itself where it fails."""

    def paused(*_: object, **__: object) -> None:
        raise PausedError(None)

    def broken(*_: object, **__: object) -> None:
        raise StoreError("no luck today")

    monkeypatch.setattr(Eider, "remember", paused)
    assert [f.kind for f in probe_store(memory, "notes")] == ["canary-paused"]
    monkeypatch.setattr(Eider, "remember", broken)
    (told,) = probe_store(memory, "notes")
    assert (told.kind, "no luck today" in told.message) == ("check-failed", True)


def test_what_a_killed_doctor_left_goes_with_the_next_probe(memory: Eider) -> None:
    """The reserved user is emptied, and its rows are nobody's duplicates meanwhile."""
    memory.remember("The doctor said amber.", user=USER)
    assert look(memory) == {}
    assert list(probe_store(memory, "notes")) == []
    assert canary.USER not in memory._engine.store.reads.users()


# ---------------------------------------------------------------------- content


def test_the_same_in_other_dress_is_a_duplicate(memory: Eider) -> None:
    """duplicates: case, blanks and punctuation aside; what was closed does not count."""
    keep_twice(memory)
    told = look(memory)["duplicates"]
    assert told.subject == "notes/ada"
    assert "1 statement(s) are kept 2 times" in told.message
    for hit in memory.search("snake_case").items[:1]:
        memory.deactivate(hit.id)
    assert "duplicates" not in look(memory)


def test_what_waits_for_a_person_is_counted(memory: Eider) -> None:
    """inbox: how many statements wait for a decision, and where they are decided."""
    assert "inbox" not in look(memory)
    change(memory, "UPDATE memories SET state = 'inbox' WHERE content LIKE 'Lives%'")
    memory._engine.segments.drop()
    told = look(memory)["inbox"]
    assert (told.severity, told.subject) == ("info", "notes/ada")
    assert told.message.startswith("1 statement")


def test_a_secret_that_slipped_in_is_an_error(memory: Eider) -> None:
    """secrets: today's patterns over texts and metadata that an earlier version let through; never shown, never deleted."""
    change(
        memory,
        f"UPDATE memories SET content = 'The key is {SECRET}.' WHERE content LIKE 'Lives%'",
        f"""UPDATE episodes SET metadata = '{{"note": "{SECRET}"}}'""",
    )
    found = [f for f in examine_store(memory._engine, name="notes", fix=True, show=True) if f.kind == "secrets"]
    assert [f.severity for f in found] == ["error", "error"]
    assert SECRET not in str(found)
    assert "[redacted:" in str(found)
    with memory._engine.store.connection.database.reading() as db:
        assert db.execute(f"SELECT count(*) FROM memories WHERE content LIKE '%{SECRET}%'").fetchall() == [(1,)]


def test_what_fits_no_prompt_is_noted(memory: Eider) -> None:
    """statement-long, episode-long."""
    memory.remember("word " * 1_000)
    memory.record("word " * 30_000)
    found = look(memory)
    assert found["statement-long"].severity == found["episode-long"].severity == "info"


def test_texts_that_cannot_be_read_are_counted(memory: Eider, monkeypatch: pytest.MonkeyPatch) -> None:
    """unread: a fault in reading dates is told with the text it stumbles over, and the words are kept."""
    memory.record("April 5-April 12 we are away.")
    assert "unread" not in look(memory)

    def broken(*_: object) -> None:
        raise StopIteration

    monkeypatch.setattr("eider.language.analysis._windows", broken)
    assert "× dates" in look(memory)["unread"].message


def test_much_that_says_nothing_is_junk(memory: Eider) -> None:
    """junk: punctuation, single letters and what a host repeats; real talk beside it is not counted."""
    memory.record_many([{"text": f"Harbour {n} has {n} boats."} for n in range(60)])
    assert "junk" not in look(memory)
    memory.record_many([{"text": t} for n in range(10) for t in ("…", "ok", "Tool finished.", "好的")])
    assert "38 of 101" in look(memory)["junk"].message


def test_what_nobody_ever_recalled_is_noted(tmp_path: Path) -> None:
    """never-recalled: after 30 days without being shown once."""
    clock = FixedClock(datetime(2026, 5, 1, tzinfo=UTC))
    with eider.open(tmp_path / "n.eider", user="ada", embedder=HashEmbedder(), clock=clock) as memory:
        memory.remember("Prefers snake_case.")
        memory.remember("Lives by the sea.")
        clock.advance(timedelta(days=31))
        memory.recall("sea", limit=1)
        assert "1 of 2 statements" in look(memory)["never-recalled"].message


def test_what_was_said_is_quoted_only_when_asked(memory: Eider) -> None:
    """Ids and counts by default; --show adds a text."""
    keep_twice(memory)
    assert "snake" not in str(look(memory))
    assert "snake" in look(memory, show=True)["duplicates"].message


def test_a_short_look_reads_the_newest(memory: Eider, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a large user only so many rows are read; --deep reads all."""
    keep_twice(memory)
    monkeypatch.setattr(content, "_NEWEST", 1)
    assert "duplicates" not in look(memory)
    assert "duplicates" in look(memory, deep=True)

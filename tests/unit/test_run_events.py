"""Runs are in the event chain: what was changed or taken out of the file behind Eider's back is noticed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import eider
from eider.api.facade import Eider
from eider.model.errors import RefusedError
from eider.providers.embedders.hashing import HashEmbedder


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Eider]:
    with eider.open(tmp_path / "m.eider", user="ada", embedder=HashEmbedder()) as opened:
        yield opened


def kept(memory: Eider) -> str:
    """A run with two steps, a failed one that was tried again, a promoted output and a sub-run; returns its id."""

    def flow(*, fail: bool) -> str:
        with memory.run("report", inputs={"n": 1}, key="k") as run:
            run.keep("one", "The first output.")

            @run.step
            def two() -> str:
                if fail:
                    raise ValueError("not yet")
                return "The second output."

            two()
            run.sub("more", lambda sub: sub.keep("inner", "Further words."))
            run.outcome = 1.0
        return run.id

    with pytest.raises(ValueError, match="not yet"):
        flow(fail=True)
    id_ = flow(fail=False)
    memory.promote_step(id_, "one")
    return id_


def test_every_write_of_a_run_is_an_event(memory: Eider) -> None:
    """Beginning, going on, steps and the end; the list of changes names them without the steps."""
    id_ = kept(memory)
    ops = [e.op for e in reversed(memory.events(limit=50)) if e.ids == (id_,)]
    assert ops == ["begin_run", "end_run", "begin_run", "end_run"]
    wrote = memory._engine.store.events.newest(user="ada", ids=[id_], limit=50)
    assert [e.op for e in wrote].count("keep_step") == 4
    assert [e.op for e in wrote].count("promote_step") == 1
    assert not any(e.erased for e in wrote)
    assert memory.verify().findings == ()
    with pytest.raises(RefusedError, match="kept as it went"):
        memory.undo(wrote[0].id)


CHANGES = {
    "UPDATE runs SET outcome = 0.9 WHERE parent IS NULL": "was altered",
    "UPDATE runs SET trust = 2, user_id = 'bob' WHERE parent IS NULL": "was altered",
    "UPDATE run_steps SET trust = 2 WHERE name = 'two'": "step 'two' of run",
    "UPDATE run_steps SET digest = (SELECT digest FROM run_steps WHERE name = 'one') WHERE name = 'two'": "was altered",
    "UPDATE run_steps SET trust = 2, rev = 0 WHERE name = 'two'": "step 'two' of run",
    "UPDATE run_steps SET trust = 2, rev = 0, writes = 0 WHERE name = 'two'": "2 step(s) of run",
    "DELETE FROM run_steps WHERE name = 'two'": "2 step(s) of run",
    "DELETE FROM runs WHERE parent IS NULL": "is gone",
    "DELETE FROM runs": "is gone",
    "DELETE FROM run_contents WHERE decode(content) LIKE '%second%'": "output(s) of steps are gone",
    "UPDATE run_contents SET content = encode('Others.') WHERE decode(content) LIKE '%second%'": "was altered",
    "DELETE FROM events WHERE op = 'keep_step'": "missing",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_behind_its_back_is_noticed(memory: Eider, change: str) -> None:
    """Of a run, of a step, of what it gave, and of the events themselves."""
    kept(memory)
    with memory._engine.store.runs._database.writing("ada") as db:  # type: ignore[attr-defined]
        db.execute(change)
    assert CHANGES[change] in " ".join(memory.verify().findings)


def test_an_older_state_put_back_is_noticed(memory: Eider) -> None:
    """A row is held against the last event of its run, not against any."""
    kept(memory)
    with memory.run("report", key="other") as run:
        run.keep("one", "x")
        with memory._engine.store.runs._database.writing("ada") as db:  # type: ignore[attr-defined]
            db.execute("CREATE TABLE older AS SELECT * FROM runs")
    with memory._engine.store.runs._database.writing("ada") as db:  # type: ignore[attr-defined]
        db.execute("DELETE FROM runs WHERE id IN (SELECT id FROM older)")
        db.execute("INSERT INTO runs SELECT * FROM older")
        db.execute("DROP TABLE older")
    assert "the last change of run" in " ".join(memory.verify().findings)


def test_what_was_forgotten_is_not_missed(memory: Eider, tmp_path: Path) -> None:
    """Runs, users, and a published snapshot, which never holds runs."""
    id_ = kept(memory)
    with memory.run("report", user="bob") as run:
        run.keep("one", "x")
    with eider.open(memory.publish(tmp_path / "snapshot.eider"), embedder=HashEmbedder(), read_only=True) as snapshot:
        assert snapshot.verify().findings == ()
    memory.forget_run(id_)
    memory.forget_user("bob")
    assert memory.runs() == []
    assert memory.verify().findings == ()

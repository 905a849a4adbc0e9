"""A run without history serves follow-ups of its conversation for a while, and is then erased like everything else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import eider
from eider.api.facade import Eider
from eider.model.clock import FixedClock
from eider.model.errors import ConfigError, RefusedError, UnknownIdError
from eider.providers.embedders.hashing import HashEmbedder
from eider.records.backup import create
from eider.records.backup.restore import restore

WORD = "quokkas"
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock("2026-06-01T09:00:00+00:00")


@pytest.fixture
def memory(tmp_path: Path, clock: FixedClock) -> Iterator[Eider]:
    with eider.open(tmp_path / "m.eider", user="ada", embedder=HashEmbedder(), clock=clock) as opened:
        yield opened


def ended(memory: Eider, **options: object) -> str:
    """Run something that is not to be kept, with a sub-run; returns its id."""
    with memory.run(
        "answer", inputs={"q": f"Where are {WORD}?"}, **{"history": False, "session": "chat-7", **options}
    ) as run:  # type: ignore[arg-type]
        run.keep("find", f"There are {WORD} on the island.")
        run.sub("more", lambda sub: sub.keep("inner", f"More {WORD}."))
    return run.id


def test_only_its_own_conversation_may_follow_up(memory: Eider) -> None:
    """Not another one, not a recall, and nothing that learns."""
    id_ = ended(memory)
    assert memory.render_run(id_, "[[find]]", session="chat-7").text.startswith("There are")
    (child,) = memory.runs(parent=id_)
    for asked in (id_, child.id):
        for session in (None, "chat-8"):
            with pytest.raises(RefusedError, match="no history"):
                memory.run_of(asked, session=session)
    with pytest.raises(RefusedError, match="no history"):
        memory.step_output(id_, "find")
    assert memory.recall(WORD) == []
    assert memory.search(WORD).items == ()
    assert memory.policy(context=WORD).memories == ()


def test_it_is_erased_when_its_time_is_over(memory: Eider, clock: FixedClock) -> None:
    """Rows, contents and sub-runs go; before that, it does not exist for whoever asks."""
    id_ = ended(memory)
    (listed,) = memory.runs()
    assert listed.expires_at is not None
    assert timedelta() <= listed.expires_at - clock.now() - 2 * HOUR < SECOND
    clock.advance(2 * HOUR + SECOND)
    assert memory.runs() == []
    with pytest.raises(UnknownIdError):
        memory.run_of(id_, session="chat-7")
    clock.advance(timedelta(minutes=1))
    memory.drain()
    checks = memory._engine.store.erasure_checks
    assert checks.columns_saying([WORD], user="ada") == []
    assert checks.tables_with([id_]) == []
    assert memory.verify()


def test_the_time_is_a_setting(memory: Eider, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds; a word is refused with the fix."""
    monkeypatch.setenv("EIDER_RUN_RETENTION", "60")
    ended(memory)
    (listed,) = memory.runs()
    assert listed.expires_at is not None
    assert timedelta() <= listed.expires_at - clock.now() - 60 * SECOND < SECOND
    monkeypatch.setenv("EIDER_RUN_RETENTION", "soon")
    with pytest.raises(ConfigError, match="7200"):
        memory.run("answer", history=False)


def test_one_that_was_abandoned_is_erased_as_well(memory: Eider, clock: FixedClock) -> None:
    """Its process let go of it and nobody went on."""
    run = memory.run("answer", history=False, key="k")
    run.keep("find", WORD)
    run.close(KeyboardInterrupt())
    assert memory.runs()[0].status == "stopped"
    clock.advance(3 * HOUR)
    memory.drain()
    assert memory._engine.store.erasure_checks.columns_saying([WORD], user="ada") == []


def test_one_with_history_stays(memory: Eider, clock: FixedClock) -> None:
    """Nothing of it is erased by itself; a content that both have stays with it."""
    ended(memory)
    kept = ended(memory, history=True)
    clock.advance(100 * HOUR)
    memory.drain()
    assert memory.step_output(kept, "find").value.startswith("There are")


def test_what_was_promoted_on_purpose_stays(memory: Eider, clock: FixedClock) -> None:
    """Retention takes the run, not the memory that somebody made of it."""
    id_ = ended(memory)
    with pytest.raises(RefusedError):
        memory.promote_step(id_, "find")
    memory.promote_step(id_, "find", session="chat-7")
    clock.advance(3 * HOUR)
    memory.drain()
    assert [hit.text for hit in memory.recall("island")] == [f"There are {WORD} on the island."]


def test_no_snapshot_and_no_restored_backup_has_it(memory: Eider, clock: FixedClock, tmp_path: Path) -> None:
    """A published snapshot never holds runs; a backup from before is restored without what was erased since."""
    id_ = ended(memory)
    snapshot = memory.publish(tmp_path / "snapshot.eider")
    with eider.open(snapshot, user="ada", embedder=HashEmbedder(), read_only=True) as other:
        assert other.runs() == []
        assert other._engine.store.erasure_checks.columns_saying([WORD], user="ada") == []
    backup = create.make(memory._engine)
    clock.advance(3 * HOUR)
    memory.drain()
    memory.close()
    restore(backup, tmp_path / "m.eider", replace=True)
    with eider.open(tmp_path / "m.eider", user="ada", embedder=HashEmbedder(), clock=clock) as again:
        assert again._engine.store.erasure_checks.tables_with([id_]) == []
        assert again._engine.store.erasure_checks.columns_saying([WORD], user="ada") == []


def test_forgetting_a_user_takes_the_runs(memory: Eider) -> None:
    """And nobody else's."""
    ended(memory, history=True)
    with memory.run("answer", user="bob") as run:
        run.keep("find", f"Bob's {WORD}.")
    memory.forget_user("ada")
    assert memory.runs() == []
    assert memory.step_output(run.id, "find", user="bob").value == f"Bob's {WORD}."
    with pytest.raises(UnknownIdError):
        memory.run_of(run.id)

"""The laws of merging, forgetting and fading, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import eider
from eider.api.facade import Eider
from eider.model.changes import ChangeSet
from eider.model.clock import FixedClock
from eider.model.errors import ErasedError
from eider.model.values import Memory, Span
from eider.privacy.redact import redact
from eider.privacy.redaction_check import clean_memory
from eider.providers.embedders.hashing import HashEmbedder

CLOCK_START = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(CLOCK_START)


@pytest.fixture
def memory(tmp_path: Path, clock: FixedClock) -> Iterator[Eider]:
    with eider.open(tmp_path / "a.eider", user="ada", embedder=HashEmbedder(width=16), clock=clock) as opened:
        yield opened


def learned(memory: Eider, text: str, *said: str, merged: tuple[str, ...] = ()) -> str:
    """What learning will write: a memory that quotes utterances, or one of two."""
    engine, now = memory._engine, memory._engine.now()
    old = engine.store.reads.memories(merged, user="ada")
    quoted = [Span(episode=e.id, start=0, end=len(e.text)) for e in engine.store.reads.episodes(said, user="ada")]
    new = Memory(
        id=f"mem_{text.split(maxsplit=1)[0].lower()}", rev=0, kind="fact", text=redact(text), user="ada", agent=redact("a"),
        scope=redact("global"), origin="user", trust=2, valid_from=now, recorded_at=now, merged_from=merged,
        evidence=(*quoted, *(s for m in old for s in m.evidence)),
    )  # fmt: skip
    closed = [replace(clean_memory(m), recorded_at=now, valid_to=now, superseded_by=new.id) for m in old]
    made = engine.material.of([new])
    plan = ChangeSet(
        user="ada", op="merge" if merged else "learn", actor="test", at=now, memories=(*closed, new), indexing=made,
        reads={m.id: m.rev for m in old},
    )  # fmt: skip
    engine.commit(plan)
    return new.id


def current(memory: Eider) -> set[str]:
    return {r.id for r in memory.search(limit=100).items}


def test_forgetting_a_part_splits_a_merge(memory: Eider) -> None:
    """The merge says what was forgotten, so it goes; the other part holds again, with its own utterance."""
    tea, jam = memory.record("Tea, please.").id, memory.record("Jam, please.").id
    one, two = learned(memory, "One likes tea.", tea), learned(memory, "Two likes jam.", jam)
    both = learned(memory, "Both tea and jam.", merged=(one, two))
    assert current(memory) == {tea, jam, both}
    receipt = memory.forget(one)
    assert set(receipt.ids) == {one, both, tea}
    assert current(memory) == {jam, two}
    assert memory.recall("jam", kinds=["fact"])[0].id == two


def test_forgetting_a_merge_takes_what_it_says(memory: Eider) -> None:
    """Its inputs say the same in parts: nothing of it comes back."""
    one, two = learned(memory, "One likes tea."), learned(memory, "Two likes jam.")
    both = learned(memory, "Both tea and jam.", merged=(one, two))
    assert set(memory.forget(both).ids) == {one, two, both}
    assert current(memory) == set()


def test_a_part_of_a_merge_of_merges_frees_the_rest(memory: Eider) -> None:
    """However deep; but not what a correction had closed."""
    one, two, three = (learned(memory, f"{n} is one part.") for n in ("One", "Two", "Three"))
    deep = learned(memory, "Deep has two parts.", merged=(one, two))
    learned(memory, "Deeper has three.", merged=(deep, three))
    memory.forget(one, only_this=True)
    assert current(memory) == {two, three}


def test_what_a_corrected_merge_was_made_of_stays_closed(memory: Eider) -> None:
    """The correction closed it, and forgetting revives nothing that was corrected."""
    one, two = learned(memory, "One likes tea."), learned(memory, "Two likes jam.")
    both = learned(memory, "Both tea and jam.", merged=(one, two))
    newer = memory.correct(both, "Neither, by now.").id
    memory.forget(one)
    assert current(memory) == {newer}


def test_undoing_a_merge_splits_it(memory: Eider) -> None:
    """Both parts hold as before."""
    one, two = learned(memory, "One likes tea."), learned(memory, "Two likes jam.")
    learned(memory, "Both tea and jam.", merged=(one, two))
    memory.undo(memory.events(limit=1)[0].id)
    assert current(memory) == {one, two}


def test_what_has_other_support_stays_less_the_span(memory: Eider) -> None:
    """Only what rests on nothing else goes; undo does not lead back past it."""
    tea, jam = memory.record("Tea, please.").id, memory.record("Jam, please.").id
    alone, shared = learned(memory, "Alone on tea.", tea), learned(memory, "Shared by both.", tea, jam)
    memory.pin(shared)
    pinned = memory.events(limit=1)[0].id
    receipt = memory.forget(tea)
    assert (set(receipt.ids), receipt.kept) == ({tea, alone}, (shared,))
    assert [s.episode for s in memory.history(shared)[-1].memory.evidence] == [jam]
    with pytest.raises(ErasedError):
        memory.undo(pinned)


def test_a_memory_of_a_forgotten_memorys_words_goes_too(memory: Eider) -> None:
    """The utterance is erased with the memory; what rests on it alone has lost its ground."""
    tea = memory.record("Tea, please.").id
    one, two = learned(memory, "One likes tea.", tea), learned(memory, "Two is thirsty.", tea)
    assert set(memory.forget(one).ids) == {tea, one, two}


def test_evidence_can_be_kept(memory: Eider) -> None:
    """The statement goes, the utterance and what else rests on it stay."""
    tea = memory.record("Tea, please.").id
    one, two = learned(memory, "One likes tea.", tea), learned(memory, "Two is thirsty.", tea)
    assert set(memory.forget(one, keep_evidence=True).ids) == {one}
    assert current(memory) == {tea, two}


def test_a_pin_is_no_use(memory: Eider, clock: FixedClock) -> None:
    """Nor is being shown: what was learned long ago has faded, whatever versions it got since."""
    kept = memory.remember("The car is in the garage.")
    clock.advance(timedelta(days=300))
    before = memory.why(kept.id).retrievability
    memory.pin(kept.id)
    memory.unpin(kept.id)
    memory.recall("Where is the car?")
    memory._engine.usage.flush()
    assert memory.why(kept.id).retrievability == pytest.approx(before, abs=1e-6)
    assert before < 0.8
    assert [m.id for m in memory.consolidate(prune_threshold=0.8).closed] == [kept.id]


def test_what_begins_later_does_not_stand_in_for_now(memory: Eider) -> None:
    """A statement that will hold is not the same as one that holds."""
    later = memory.remember("The office is in Pune.", valid_from="2030")
    now = memory.remember("The office is in Pune.")
    assert (now.id != later.id, current(memory)) == (True, {now.id})
    assert memory.remember("The office is in Pune.").id == now.id


def test_a_retry_is_no_restatement(memory: Eider) -> None:
    """The same key again is the same call: nothing is strengthened; also when the first call restated."""
    first = memory.remember("Tea at four.", key="a")
    memory.remember("Tea at four.", key="b")
    uses = memory.why(first.id).usage.uses
    for key in ("a", "b"):
        assert memory.remember("Tea at four.", key=key).id == first.id
    assert memory.why(first.id).usage.uses == uses == 1
    memory.correct(first.id, "Tea at five.")
    assert memory.remember("Tea at four.", key="b").id == first.id

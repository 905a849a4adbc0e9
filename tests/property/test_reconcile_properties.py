"""What holds of reconciling for all drafts and memories."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from eider.model.learned import RELATIONS, SIGNAL_KINDS, Draft, Verdict
from eider.model.values import KINDS, STATES, Memory, Span
from eider.understand.reconcile import judge, reconcile

_LINES = (Path(__file__).parents[1] / "data" / "reconcile.jsonl").read_text(encoding="utf-8").splitlines()
TEXTS = sorted({text for line in _LINES for text in (json.loads(line)["old"], json.loads(line)["new"])})
NOW = datetime(2026, 6, 1, tzinfo=UTC)

texts = st.sampled_from(TEXTS) | st.text(max_size=60)
moments = st.datetimes(datetime(2019, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (given a zone)
scopes = st.sampled_from(["global", "project:a", "project:b"])
memories = st.builds(
    Memory, id=st.sampled_from(["m1", "m2", "m3"]), rev=st.just(1), kind=st.sampled_from(KINDS), text=texts, user=st.sampled_from(["ada", "bob"]),
    agent=st.just("default"), scope=scopes, origin=st.just("user"), trust=st.just(2), valid_from=moments, recorded_at=moments,
    valid_to=st.none() | moments, state=st.sampled_from(STATES), superseded_by=st.none() | st.just("m9"),
)  # fmt: skip
drafts = st.builds(
    Draft, kind=st.sampled_from(KINDS), text=texts, signal=st.sampled_from(SIGNAL_KINDS), evidence=st.just((Span(episode="e", start=0, end=1),)),
    scope=scopes, retracts=st.booleans(), target=st.none() | st.sampled_from(["m1", "m7"]), valid_from=st.none() | moments, valid_to=st.none() | moments,
)  # fmt: skip
verdicts = st.builds(
    Verdict, draft=st.integers(-1, 3), memory=st.sampled_from(["m1", "m2", "m7"]), relation=st.sampled_from(RELATIONS), confidence=st.floats(0, 1),
    reason=st.just("r"), source=st.just("s"),
)  # fmt: skip
plans = st.tuples(
    st.lists(drafts, max_size=3), st.lists(st.lists(memories, max_size=3), max_size=3), st.lists(verdicts, max_size=3)
)


@given(plans)
def test_every_draft_gets_one_decision_and_always_the_same(
    plan: tuple[list[Draft], list[list[Memory]], list[Verdict]],
) -> None:
    """Total, pure, deterministic: one known relation per draft, whatever the order of the verdicts."""
    given_drafts, near, told = plan
    decisions = reconcile(given_drafts, near, told, now=NOW)
    assert [decision.draft for decision in decisions] == list(range(len(given_drafts)))
    assert all(decision.relation in RELATIONS and decision.reason for decision in decisions)
    assert decisions == reconcile(given_drafts, near, told[::-1], now=NOW)


@given(plans)
def test_a_decision_names_only_its_own_current_neighbours(
    plan: tuple[list[Draft], list[list[Memory]], list[Verdict]],
) -> None:
    """No memory of another draft, of another user, that is closed, or, to be closed or merged, of another scope."""
    given_drafts, near, told = plan
    for decision in reconcile(given_drafts, near, told, now=NOW, user="ada"):
        own = near[decision.draft] if decision.draft < len(near) else []
        allowed = [memory for memory in own if memory.user == "ada" and memory.status(NOW) == "current"]
        if decision.relation in {"supersede", "retract", "merge"}:
            allowed = [memory for memory in allowed if memory.scope == given_drafts[decision.draft].scope]
            assert decision.target is not None
        assert decision.target is None or decision.target in {memory.id for memory in allowed}
    for decision in reconcile(given_drafts, near, told, now=NOW):
        own = near[decision.draft] if decision.draft < len(near) else []
        assert decision.target is None or len({memory.user for memory in own}) == 1


@given(drafts, memories)
def test_what_is_known_word_for_word_changes_nothing(draft: Draft, memory: Memory) -> None:
    """A draft beside its own memory is none; case and punctuation do not matter."""
    same = replace(
        memory, text=draft.text, scope=draft.scope, kind=draft.kind, state="active", valid_to=None, superseded_by=None
    )
    for text in (same.text, same.text.rstrip(".")):
        (decision,) = reconcile([draft], [[replace(same, text=text)]], now=NOW)
        assert decision.relation == "none"


@given(texts, texts)
def test_any_two_texts_can_be_judged(old: str, new: str) -> None:
    """No text breaks the laws, and the same text is never a conflict with itself."""
    assert judge(old, new)[0] in RELATIONS
    assert judge(old, old)[0] == "none"

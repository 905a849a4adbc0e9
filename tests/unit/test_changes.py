"""What new words do to what is known: they close it, raise a doubt, or stand beside it, whoever says them and however."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eider
from eider.learn.exchange import Thought, exchange_of
from eider.learn.observe import learn_from
from eider.model.learned import Draft
from eider.model.requests_learning import Observe
from eider.model.values import Memory, Span
from eider.privacy.ingress import Channel, accept

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from eider.model.learned import Learned, Zone
    from eider.model.values import Act, MemoryKind

OLD, NEW = "My phone is a Fairphone.", "My phone is a Pixel now."


@pytest.fixture
def memory() -> Iterator[eider.Eider]:
    with eider.open(":memory:", user="ada") as opened:
        yield opened


def said(
    memory: eider.Eider, text: str, *, zone: Zone = "learn", act: Act = "state", output: str = "", key: str | None = None,
    kind: MemoryKind = "fact",
) -> Learned:  # fmt: skip
    """Keep words as the reader would find them with this certainty."""
    engine: Any = memory._engine
    channel = Channel()
    request = Observe(user="ada", user_reply=text, agent_output=output, key=key)
    accepted = accept(request, channel, engine.now())
    exchange = exchange_of(engine, accepted)
    quote = Span(episode=exchange.reply.id, start=0, end=len(text))
    draft = Draft(
        kind=kind, text=exchange.reply.text, evidence=(quote,), act=act, reach="person", zone=zone, answered=output
    )
    return engine.planned(lambda: learn_from(engine, accepted.request, exchange, Thought(drafts=(draft,)), channel))


def holding(memory: eider.Eider) -> dict[str, Memory]:
    """Text → memory that holds."""
    return {r.text: r.memory for r in memory.search("", limit=100).items if r.memory is not None}


def test_a_change_closes_what_it_replaces_whatever_brings_it(memory: eider.Eider) -> None:
    """Said in a reply, or given as a statement."""
    memory.remember(OLD)
    memory.remember(NEW)
    assert list(holding(memory)) == [NEW]
    said(memory, "My phone is a Samsung now.")
    assert list(holding(memory)) == ["My phone is a Samsung now."]


def test_words_that_wait_put_what_they_change_in_doubt(memory: eider.Eider) -> None:
    """One question asks about both; yes keeps the new words and ends the old."""
    said(memory, OLD)
    told = said(memory, NEW, zone="ask")
    assert {m.text for m in told.inbox} == {OLD, NEW}
    assert holding(memory)[OLD].doubt is not None
    found = [r for r in memory.recall("Which phone do I have?", limit=5) if "phone" in r.text]
    assert "Pixel" in found[0].text
    assert all("perhaps outdated since" in str(r.why.notes) for r in found if "Fairphone" in r.text)
    assert "Fairphone" not in memory.inject("Order a case for my phone.").text
    (question,) = memory.inbox()
    memory.settle(question.id, accept=True)
    assert list(holding(memory)) == [NEW]
    assert memory.inbox() == []


def test_going_back_puts_what_came_after_in_doubt(memory: eider.Eider) -> None:
    """What was replaced before is not all that changes: what stood in its place does."""
    said(memory, "We host at Hetzner.")
    said(memory, "We moved hosting to OVH.")
    assert holding(memory)["We host at Hetzner."].doubt is not None
    said(memory, "We're back at Hetzner.")
    assert holding(memory)["We moved hosting to OVH."].doubt is not None
    assert holding(memory)["We're back at Hetzner."].doubt is None


def test_a_correction_read_as_a_rule_puts_the_fact_in_doubt_that_it_answers(memory: eider.Eider) -> None:
    said(memory, "The parents' evening is at 19:00.")
    said(memory, "No, at 18:30.", output="All right, parents' evening at 19:00.", kind="rule")
    assert holding(memory)["The parents' evening is at 19:00."].doubt is not None


def test_no_leaves_the_old_and_asks_about_the_new_alone(memory: eider.Eider) -> None:
    said(memory, OLD)
    said(memory, NEW, zone="ask")
    memory.settle(memory.inbox()[0].id, accept=False)
    assert holding(memory)[OLD].doubt is None
    (left,) = memory.inbox()
    assert left.text == NEW
    memory.settle(left.id, accept=False)
    assert memory.inbox() == []
    assert list(holding(memory)) == [OLD]


def test_words_that_wait_are_themselves_replaced_confirmed_and_taken_back(memory: eider.Eider) -> None:
    """Nobody is asked about what was outdated, or said again for certain, in the meantime."""
    said(memory, OLD, zone="ask")
    said(memory, NEW)
    assert memory.inbox() == []
    assert list(holding(memory)) == [NEW]
    said(memory, "I drink tea.", zone="ask")
    said(memory, "I drink tea.")
    assert memory.inbox() == []
    assert "I drink tea." in holding(memory)
    said(memory, "I work at Globex.", zone="ask")
    said(memory, "I no longer work at Globex.", act="revoke")
    assert not [q for q in memory.inbox() if q.text == "I work at Globex."]


def test_a_correction_doubts_what_the_agent_rested_on(memory: eider.Eider) -> None:
    """The bare right value says nothing by itself; the agent's words say what it is about."""
    said(memory, "The invoice address is Main Street 4.")
    said(memory, "no, I misread it: 14", output="I put Main Street 4 as the invoice address.")
    assert holding(memory)["The invoice address is Main Street 4."].doubt is not None


def test_less_trust_changes_nothing_of_more(memory: eider.Eider) -> None:
    """What an agent notes never folds into, closes or doubts the user's own words; a contradiction waits."""
    memory.remember(OLD)
    agent = memory.channel("mcp", "agent")
    assert agent.remember(NEW).state == "inbox"
    agent.remember(OLD)
    agent.remember("My phone is a Fairphone 5.")
    mine = [m for m in holding(memory).values() if m.trust == 2]
    assert [(m.text, m.doubt) for m in mine] == [(OLD, None)]


STATEMENTS = (
    OLD, NEW, "My phone is a Nokia.", "I no longer have a Fairphone.", "Never deploy on Fridays.", "Deploying on Fridays is fine now.",
    "The office is in Bergen.", "The office moved to Oslo.", "I like tea.", "I like tea towels.", "i LIKE  tea",
)  # fmt: skip
SAID = st.tuples(
    st.sampled_from(STATEMENTS), st.sampled_from(["ada", "bob"]), st.sampled_from(["user", "agent"]),
    st.sampled_from(["global", "project:a"]), st.sampled_from(["fact", "rule"]),
)  # fmt: skip


@settings(max_examples=settings().max_examples // 5)
@given(st.lists(SAID, min_size=2, max_size=6))
def test_a_statement_changes_only_its_own_users_scope_and_trust(statements: list[tuple[Any, ...]]) -> None:
    """And each change is a closing or a doubt that names it, which undo takes back."""
    with eider.open(":memory:", user="ada") as memory:
        reads: Any = memory._engine.store.reads
        for text, user, trust, scope, kind in statements:
            before = {m.id: m for u in ("ada", "bob") for m in reads.memories(None, user=u)}
            new = memory.channel("test", trust).remember(text, user=user, scope=scope, kind=kind)
            after = {m.id: m for u in ("ada", "bob") for m in reads.memories(None, user=u)}
            changed = [m for i, m in after.items() if i in before and before[i] != m]
            for m in changed:
                assert (m.user, m.scope) == (user, scope)
                assert m.trust <= new.trust
                assert new.id in (m.superseded_by, m.doubt.by if m.doubt is not None else None)
            if new.id not in before:
                memory.undo(memory.events(user=user, limit=1)[0].id, user=user)
                undone = {m.id: m for u in ("ada", "bob") for m in reads.memories(None, user=u)}
                assert all(
                    (undone[i].valid_to, undone[i].doubt, undone[i].superseded_by)
                    == (m.valid_to, m.doubt, m.superseded_by)
                    for i, m in before.items()
                )
                memory.undo(memory.events(user=user, limit=1)[0].id, user=user)


def test_an_import_meets_what_is_known(memory: eider.Eider, tmp_path: Path) -> None:
    """In the user's own file as much trust as its rows have: nothing of more trust is closed, the same is kept once."""
    memory.channel("mcp", "import").remember("We build with Gradle.")
    memory.remember(OLD)
    notes = tmp_path / "notes.jsonl"
    texts = ["We build with Bazel now.", "My phone is a Pixel now.", "The ferry leaves at nine."]
    notes.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    assert memory.import_(notes).memories == 3
    held = holding(memory)
    assert "We build with Gradle." not in held or held["We build with Gradle."].doubt is not None
    assert (held[OLD].doubt, held[OLD].valid_to) == (None, None)
    assert "The ferry leaves at nine." in held
    assert "My phone is a Pixel now." in [q.text for q in memory.inbox()]


def test_many_known_statements_are_restated_in_a_few_commits(memory: eider.Eider) -> None:
    """Each counts as a use, and one undo takes the uses of a batch back."""
    texts = [f"Locker {word} is on floor {n}." for n, word in enumerate(["oak", "elm", "ash", "fir", "yew"] * 60)]
    memory.remember_many(texts)
    events = len(memory.events(limit=1000))
    again = memory.remember_many(texts)
    assert len(memory.events(limit=1000)) - events <= 3
    usage: Any = memory._engine.store.usage
    uses = [u.uses for u in usage.get([m.id for m in again], user="ada").values()]
    assert set(uses) == {1}
    memory.undo(memory.events(limit=1)[0].id)
    assert {u.uses for u in usage.get([m.id for m in again], user="ada").values()} >= {0}


def test_a_doubt_is_settled_when_its_older_side_is_corrected_or_ended(memory: eider.Eider) -> None:
    """What stands in its place is the owner's word: no quotation, and in no doubt."""
    for verb in ("correct", "deactivate"):
        said(memory, OLD)
        said(memory, NEW, zone="ask")
        doubted = holding(memory)[OLD]
        assert doubted.doubt is not None
        if verb == "correct":
            new = memory.correct(doubted.id, "My phone is a Fairphone 5.")
            assert (new.doubt, new.act, new.said_again, new.evidence) == (None, None, (), ())
        else:
            assert memory.deactivate(doubted.id)
        (left,) = memory.inbox()
        assert left.text == NEW
        memory.settle(left.id, accept=False)
        for text in list(holding(memory)):
            memory.deactivate(holding(memory)[text].id)


def test_what_is_taken_back_ended_when_that_was_said(memory: eider.Eider) -> None:
    """Learned late, as from an old transcript, it has ended since then and not since today."""
    memory.observe(user_reply="I work at Globex.", at="2026-01-05T09:00:00Z")
    memory.observe(user_reply="I no longer work at Globex.", at="2026-02-05T09:00:00Z")
    reads: Any = memory._engine.store.reads
    (closed,) = [m for m in reads.memories(None, user="ada") if m.text == "I work at Globex."]
    assert closed.valid_to is not None
    assert closed.valid_to.date().isoformat() == "2026-02-05"


def test_taking_back_what_is_not_known_is_asked_about_as_a_statement(memory: eider.Eider) -> None:
    """It waits in the inbox where somebody sees it, and not as words that end something."""
    said(memory, "You can go back to Faroese now.", act="revoke", zone="ask")
    assert [(q.text, q.memory.act) for q in memory.inbox()] == [("You can go back to Faroese now.", "state")]

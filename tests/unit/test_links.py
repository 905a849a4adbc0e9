"""Links: what belongs together by time, name, likeness, cause, replacement and evidence, and what the user says does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eider
from eider.api.scores import relevance
from eider.language.causes import Causal, causes_in
from eider.language.questions.intents import intent_of
from eider.model.errors import InputError, RefusedError, UnknownIdError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from eider.model.links import Related

RENT = "The rent of the harbour flat rose by forty percent."
MOVE = "So we moved to a smaller place in Bergen."
WORDS = "Liv Bergen cello rent harbour because so that moved flat bow Oslo the a rose plays".split()


@pytest.fixture
def memory() -> Iterator[eider.Eider]:
    with eider.open(":memory:", user="ada") as memory:
        yield memory


def linked(found: list[Related]) -> set[tuple[str, str]]:
    """Kind and text of each."""
    return {(one.kind, one.text) for one in found}


@pytest.mark.parametrize(
    ("text", "cause", "effect"),
    [
        ("We moved because the rent rose.", "the rent rose", "We moved"),
        ("Because the rent rose, we moved.", "the rent rose", "we moved"),
        ("The rent rose, so we moved.", "The rent rose", "we moved"),
        ("That's why we moved.", "", "we moved"),
        ("Wir zogen um, weil die Miete stieg.", "die Miete stieg", "Wir zogen um"),
        ("Die Miete stieg, deshalb zogen wir um.", "Die Miete stieg", "zogen wir um"),
        ("On a déménagé parce que le loyer a monté.", "le loyer a monté", "On a déménagé"),
        ("Nos mudamos porque subió el alquiler.", "subió el alquiler", "Nos mudamos"),
        ("因为房租涨了，所以我们搬家了。", "房租涨了", "我们搬家了"),
        ("The rent rose. That's why we moved.", "The rent rose", "we moved"),
        ("The frost led to a burst pipe.", "The frost", "a burst pipe"),
    ],
)  # fmt: skip
def test_a_text_says_what_caused_what(text: str, cause: str, effect: str) -> None:
    """Conjunctions of six languages; an empty side is what was said before."""
    assert causes_in(text) == [Causal(cause, effect)]


def test_a_text_without_a_cause_says_none() -> None:
    """Words that only look like it do not count."""
    assert causes_in("The so-called denim was so soft that. Cars and a decause.") == []


def test_a_cause_is_linked_to_its_effect_in_both_directions(memory: eider.Eider) -> None:
    """The next line goes on from it, and another says it in a clause."""
    rent, move = memory.record(RENT, session="s"), memory.record(MOVE, session="s")
    said = memory.remember("The family left the city because the rent of the flat rose.")
    outward = memory.related(rent, kinds=["causal"])
    assert {(one.id, one.outward) for one in outward} == {(move.id, True), (said.id, True)}
    assert [(one.id, one.outward) for one in memory.related(move, kinds=["causal"])] == [(rent.id, False)]


def test_causes_are_found_in_a_store_of_two_lines(memory: eider.Eider) -> None:
    """Words are not common because there are few lines."""
    rose = memory.remember("The rent of the flat rose by forty percent.")
    moved = memory.remember("We moved to Bergen because the rent of the flat rose.")
    assert [(one.id, one.outward) for one in memory.related(rose, kinds=["causal"])] == [(moved.id, True)]


def test_a_why_question_tells_causes_before_what_they_caused(memory: eider.Eider) -> None:
    """Also where the cause shares no word with the question; an intent may be said as well."""
    memory.record("We like Bergen.", session="x")
    rent, move = memory.record(RENT, session="s"), memory.record(MOVE, session="s")
    for found in (memory.recall("Why did we move to Bergen?"), memory.recall("We moved to Bergen", intent="why")):
        places = [one.id for one in found]
        assert places.index(rent.id) == places.index(move.id) - 1
        first = found[places.index(rent.id)]
        assert relevance(sum(first.why.shares.values())) == pytest.approx(first.score, abs=0.01)


def test_a_question_for_an_order_is_answered_in_it(memory: eider.Eider) -> None:
    """Whatever fits best, the earliest comes first."""
    for day, text in ((3, "We painted the boat."), (1, "We bought the boat in Oslo."), (2, "The boat got a new mast.")):
        memory.record(text, at=f"2026-05-0{day}", session=f"s{day}")
    for found in (
        memory.recall("In what order did things happen to the boat?"),
        memory.recall("the boat", intent="when"),
    ):
        assert [one.at for one in found] == sorted(one.at for one in found if one.at)


def test_what_names_the_subject_comes_first(memory: eider.Eider) -> None:
    """For who is asked about; the rest follows as it would."""
    memory.remember("The cello needs a new bow, said the neighbour who is a luthier.")
    about = {memory.remember("Liv is allergic to nuts.").id, memory.remember("On Sundays Liv plays the cello.").id}
    assert {one.id for one in memory.recall("Who is Liv, the cello player with the new bow?", limit=2)} == about


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Why did we sell it?", "why"), ("Warum sind wir umgezogen?", "why"), ("我们为什么搬家？", "why"), ("Tell me about Liv", "entity"),
        ("Que sais-tu de Liv ?", "entity"), ("¿Quién es Liv?", "entity"), ("List it in chronological order.", "when"), ("When did we move?", None),
        ("Who is the owner of the boat?", None), ("What colour is it?", None),
    ],
)  # fmt: skip
def test_intents_are_read_from_the_question(text: str, intent: str | None) -> None:
    """A question for one date or one person is none of them."""
    assert intent_of(text) == intent


def test_names_in_many_rows_link_nothing(memory: eider.Eider) -> None:
    """What everything names says of no two that they belong together."""
    memory.record_many([{"text": f"Today Bergen had weather number {n}.", "session": f"s{n}"} for n in range(40)])
    rare = [memory.remember(f"In Bergen we saw Ingrid {what}.") for what in ("sing", "at the pier")]
    found = memory.related(rare[0], kinds=["entity"])
    assert [(one.id, one.reason) for one in found] == [(rare[1].id, "Ingrid")]
    assert "Bergen" in memory.rebuild_links(dry_run=True).hubs


def test_links_of_the_user_are_kept_exported_and_forgotten_with_their_ends(memory: eider.Eider, tmp_path: Path) -> None:
    """They are truth: said once, told first, taken back, and gone with a row."""
    pier, song, bow = (memory.remember(text) for text in ("The pier is closed.", "Liv sings alto.", "The bow is lost."))
    memory.link(pier, song, kind="causal")
    memory.link(pier, song, kind="causal")
    memory.link(bow, song)
    first = memory.related(song)[0]
    assert (first.id, first.kind, first.outward, first.by_user) == (pier.id, "causal", False, True)
    assert memory.rebuild_links().by_user == 2
    memory.export(tmp_path / "all.jsonl")
    with eider.open(":memory:", user="ada") as other:
        other.import_(tmp_path / "all.jsonl")
        assert [one.id for one in other.related(song) if one.by_user] == [pier.id, bow.id]
    assert memory.unlink(song, pier) == 1
    memory.forget(bow)
    assert not [one for one in memory.related(song) if one.by_user]
    assert [event.op for event in memory.events(limit=4)] == ["forget", "unlink", "link", "link"]


def test_only_what_is_there_can_be_linked(memory: eider.Eider) -> None:
    """Not a row of another user, not a row to itself, not what an agent may not change."""
    mine, theirs = memory.remember("Mine."), memory.remember("Theirs.", user="bob")
    with pytest.raises(UnknownIdError):
        memory.link(mine, theirs)
    with pytest.raises(UnknownIdError):
        memory.related(theirs)
    with pytest.raises(InputError, match="itself"):
        memory.link(mine, mine)
    with pytest.raises(InputError, match="evidence"):
        memory.link(mine, "mem_x", kind="evidence")
    with memory.channel("mcp", "agent") as agent, pytest.raises(RefusedError):
        agent.link(mine, memory.remember("Second."))


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(" ".join), min_size=2, max_size=8, unique=True
    )
)
def test_following_links_never_returns_to_the_start(texts: list[str]) -> None:
    """No row is linked to itself, of whatever kind, and every link leads to a row of the user with a weight in (0, 1]."""
    with eider.open(":memory:", user="ada") as memory:
        kept = [
            memory.record(text, session=f"s{n // 3}") if n % 2 else memory.remember(text)
            for n, text in enumerate(texts)
        ]
        memory.remember("somebody else's", user="bob")
        ids = {one.id for one in kept}
        for one in kept:
            found = memory.related(one, limit=200)
            assert one.id not in {link.id for link in found}
            assert {link.id for link in found} <= ids
            assert all(0 < link.weight <= 1 for link in found)
            assert len({(link.id, link.kind, link.outward) for link in found}) == len(found)

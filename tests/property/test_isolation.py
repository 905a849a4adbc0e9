"""No verb of one user returns, counts, ranks by or erases a byte of another; ids included."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import eider
from eider.api.facade import Eider
from eider.model.clock import FixedClock
from eider.model.errors import EiderError
from eider.model.ids import new_id
from eider.providers.embedders.hashing import HashEmbedder

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
WORDS = ("heron", "kettle", "tea", "weir", "Friday", "blue", "reports", "Zanzibar", "quokka", "four")
QUESTIONS = ("When is tea?", "the blue kettle", "Zanzibar quokka", "heron in April", "What about Friday?")
texts = st.lists(st.sampled_from(WORDS), min_size=2, max_size=6).map(" ".join)
told = st.lists(
    st.tuples(st.sampled_from(["record", "remember", "correct", "reinforce", "pin", "deactivate"]), texts), max_size=12
)
ODD_NAMES = ("ada", "ADA", "ada ", "' OR '1'='1", "ada' --", "%", "用户一", "e\u0301va", "\u00e9va", "null")
SLOW = settings(
    max_examples=settings().max_examples // 5,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)


def opened(folder: Path) -> Eider:
    return eider.open(folder, embedder=HashEmbedder(width=32), clock=FixedClock(NOW))


def tell(memory: Eider, user: str, story: list[tuple[str, str]]) -> None:
    """Write a story as one user; what refers to a memory takes the newest."""
    known: list[str] = []
    for verb, text in story:
        if verb == "record":
            memory.record(text, user=user, session="s")
        elif verb == "remember" or not known:
            known.append(memory.remember(text, user=user).id)
        elif verb == "correct":
            known.append(memory.correct(known.pop(), text, user=user).id)
        elif verb == "deactivate":
            memory.deactivate(known.pop(), user=user)
        else:
            getattr(memory, verb)(known[-1], user=user)


def account(memory: Eider, user: str) -> dict[str, Any]:
    """Everything the reading verbs say to one user, ids and moments aside."""
    health = memory.health(user=user)
    listed = memory.search(user=user, limit=500)
    answers: dict[str, Any] = {
        "recall": {q: [(r.text, round(r.score, 4)) for r in memory.recall(q, user=user, limit=50)] for q in QUESTIONS},
        "inject": {q: [r.text for r in memory.inject(q, user=user).recollections] for q in QUESTIONS},
        "search": {q: sorted(r.text for r in memory.search(q, user=user).items) for q in QUESTIONS},
        "listed": (listed.total, sorted(r.text for r in listed.items)),
        "events": [e.op for e in memory.events(user=user, limit=1000)],
        "health": (health.episodes, health.memories, health.kinds, health.scopes, health.events),
        "history": sorted(v.memory.text for r in listed.items if r.memory for v in memory.history(r.id, user=user)),
        "diff": sorted(m.text for m in memory.diff(since="2020", user=user).added),
        "known": sorted(r.text for r in memory.recall("tea", user=user, known_at="2027", limit=100)),
        "faded": sorted(m.text for m in memory.consolidate(user=user, prune_threshold=1.0, dry_run=True).closed),
        "sql": memory.sql("select (select count(*) from memories) + (select count(*) from episodes)", user=user).rows,
    }
    return answers


@SLOW
@given(mine=told, theirs=told)
def test_what_others_keep_changes_no_answer(mine: list[tuple[str, str]], theirs: list[tuple[str, str]]) -> None:
    """Neither rows nor counts nor scores; whether others came before, between or after."""
    with tempfile.TemporaryDirectory() as place:
        with opened(Path(place, "alone.eider")) as memory:
            tell(memory, "ada", mine)
            alone = account(memory, "ada")
        with opened(Path(place, "together.eider")) as memory:
            tell(memory, "bob", theirs[::2])
            tell(memory, "ada", mine)
            tell(memory, "bob", theirs[1::2])
            assert account(memory, "ada") == alone


@SLOW
@given(mine=told, theirs=told, wait=st.booleans())
def test_forgetting_a_user_takes_nothing_of_another(
    mine: list[tuple[str, str]], theirs: list[tuple[str, str]], *, wait: bool
) -> None:
    """And leaves nothing of the one."""
    with tempfile.TemporaryDirectory() as place, opened(Path(place, "a.eider")) as memory:
        tell(memory, "ada", mine)
        tell(memory, "bob", theirs)
        before = account(memory, "bob")
        receipt = memory.forget_user("ada", wait=wait)
        assert all(receipt.checks.values())
        assert account(memory, "bob") == before
        with opened(Path(place, "empty.eider")) as empty:
            assert account(memory, "ada") == account(empty, "ada")
        memory.drain()
        assert not memory.verify(deep=True).findings


@SLOW
@given(mine=told, theirs=told)
def test_a_restatement_of_anothers_words_is_new(mine: list[tuple[str, str]], theirs: list[tuple[str, str]]) -> None:
    """What one user said is no duplicate of what another said."""
    with tempfile.TemporaryDirectory() as place, opened(Path(place, "a.eider")) as memory:
        tell(memory, "bob", [*theirs, *[("remember", text) for _, text in mine]])
        theirs_now = {r.id for r in memory.search(user="bob", limit=500).items}
        for _, text in mine:
            assert memory.remember(text, user="ada").id not in theirs_now


def shape(error: EiderError, id_: str, user: str) -> tuple[type, str]:
    return type(error), str(error).replace(id_, "<id>").replace(user, "<user>")


BY_ID: dict[str, Callable[[Eider, str, str], object]] = {
    "correct": lambda m, i, u: m.correct(i, "Mine now.", user=u),
    "deactivate": lambda m, i, u: m.deactivate(i, user=u),
    "reinforce": lambda m, i, u: m.reinforce(i, user=u),
    "pin": lambda m, i, u: m.pin(i, user=u),
    "unpin": lambda m, i, u: m.unpin(i, user=u),
    "forget": lambda m, i, u: m.forget(i, user=u),
    "history": lambda m, i, u: m.history(i, user=u),
    "why": lambda m, i, u: m.why(i, user=u),
    "undo": lambda m, i, u: m.undo(i, user=u),
}


@pytest.mark.parametrize("verb", BY_ID)
def test_anothers_id_is_as_unknown_as_any(tmp_path: Path, verb: str) -> None:
    """The same error in the same words as for an id that nobody has; and nothing happens."""
    with opened(tmp_path / "a.eider") as memory:
        episode, kept = memory.record("The heron is back.", user="bob"), memory.remember("Tea at four.", user="bob")
        closed = memory.remember("Old.", user="bob")
        memory.correct(closed.id, "Newer.", user="bob")
        gone = memory.correct(memory.remember("First.", user="bob").id, "Second.", user="bob")
        memory.forget(gone.id, user="bob")
        memory.remember("Something of her own.", user="ada")
        event, before = memory.events(user="bob")[0].id, account(memory, "bob")
        head = memory._engine.store.events.head
        for theirs in (episode.id, kept.id, closed.id, gone.id, event):
            nobodys = "evt_99999" if theirs == event else new_id("ep_" if theirs == episode.id else "mem_")
            said: list[tuple[type, str]] = []
            for id_ in (theirs, nobodys):
                with pytest.raises(EiderError) as caught:
                    BY_ID[verb](memory, id_, "ada")
                said.append(shape(caught.value, id_, "ada"))
            assert said[0] == said[1]
        assert memory._engine.store.events.head == head
        assert account(memory, "bob") == before


def test_the_same_key_is_another_users_own(tmp_path: Path) -> None:
    """A key is not guessed into somebody else's rows."""
    with opened(tmp_path / "a.eider") as memory:
        theirs = memory.record("Bob's words.", user="bob", key="k")
        assert memory.record("Ada's words.", user="ada", key="k").id != theirs.id
        memory.forget_user("bob")
        assert memory.record("Ada's words.", user="ada", key="k").text == "Ada's words."


def test_names_that_look_alike_are_different_users(tmp_path: Path) -> None:
    """Case, blanks, accents and quotes are part of a name; a forget of one leaves the others."""
    with opened(tmp_path / "a.eider") as memory:
        for user in ODD_NAMES:
            memory.remember(f"Only of {user!r}.", user=user)
            memory.record(f"Said by {user!r}.", user=user)
        memory.drain()
        for user in ODD_NAMES:
            found = {r.text for r in memory.recall("only of whom, said by whom", user=user, limit=100)}
            assert found == {f"Only of {user!r}.", f"Said by {user!r}."}
        memory.forget_user(ODD_NAMES[3])
        assert [memory.search(user=user).total for user in ODD_NAMES] == [
            0 if i == 3 else 2 for i in range(len(ODD_NAMES))
        ]


def test_a_bulk_call_cannot_write_for_somebody_else(tmp_path: Path) -> None:
    """One bad entry, and none is written."""
    with opened(tmp_path / "a.eider") as memory:
        for verb in (memory.record_many, memory.remember_many):
            with pytest.raises(EiderError, match="bob"):
                verb([{"text": "Mine."}, {"text": "Slipped in.", "user": "bob"}], user="ada")
        assert memory._engine.store.reads.users() == []


def test_the_search_index_names_only_ones_own(tmp_path: Path) -> None:
    """Also beside a user with many more rows that fit better."""
    with opened(tmp_path / "a.eider") as memory:
        memory.record_many([{"text": f"The heron of Zanzibar, part {n}."} for n in range(200)], user="bob")
        mine = memory.record("A heron, once.", user="ada")
        memory.drain()
        engine = memory._engine
        vector = engine.embedder.embed(["the heron of Zanzibar"], "query")[0]
        assert engine.store.index.index.nominate("the heron of Zanzibar", vector, user="ada") == [mine.id]
        assert [r.id for r in memory.recall("the heron of Zanzibar", user="ada", limit=50)] == [mine.id]

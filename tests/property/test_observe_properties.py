"""What holds of observing and of policies for all exchanges: once, one's own, undone as one, within the budget, the same."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import NamedTuple

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import eider
from eider.model.clock import FixedClock
from eider.model.errors import InputError, RefusedError
from eider.model.learned import Learned
from eider.providers.embedders.hashing import HashEmbedder

DATA = Path(__file__).parents[1] / "data"
PAIRS = [json.loads(line) for line in (DATA / "reconcile.jsonl").read_text(encoding="utf-8").splitlines()]
SIGNALS = [
    json.loads(line)["reply"]
    for name in ("en", "de", "zh", "poison")
    for line in (DATA / "signals" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
]
KINDS = ("fact", "preference", "rule", "decision", "insight", "context")
QUESTIONS = ("How should I write?", "Where does the user live?", "AND", "NOT x", "🦆 \u202eabc")
SCOPES = ("global", "project:a", "project:b")
FEW = settings(
    max_examples=settings().max_examples // 5,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)


class Said(NamedTuple):
    """One exchange."""

    reply: str
    output: str = ""
    scope: str | None = None


replies = (
    st.sampled_from(sorted({text for pair in PAIRS for text in (pair["old"], pair["new"])}))
    | st.sampled_from(SIGNALS)
    | st.sampled_from(PAIRS).map(lambda pair: f"{pair['old']} {pair['new']}")
    | st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=80).filter(str.strip)
)
said = st.builds(Said, replies, st.sampled_from(["", "I suggest bullet points."]), st.sampled_from([None, *SCOPES]))
pairs = st.sampled_from(PAIRS).map(lambda pair: [Said(pair["old"]), Said(pair["new"])])
stories = st.lists(pairs | said.map(lambda one: [one]), max_size=5).map(
    lambda parts: [one for part in parts for one in part]
)


def opened(folder: str) -> eider.Eider:
    clock = FixedClock("2026-05-01T12:00:00+00:00")
    return eider.open(Path(folder, "a.eider"), embedder=HashEmbedder(width=32), clock=clock)


def tell(memory: eider.Eider, user: str, one: Said, key: str | None = None) -> Learned | None:
    """One exchange; text that is recalled memory and nothing else is refused, and leaves nothing."""
    try:
        return memory.observe(user=user, user_reply=one.reply, agent_output=one.output, scope=one.scope, key=key)
    except InputError:
        return None


def answers(memory: eider.Eider, user: str) -> bytes:
    """What a user is told, letter for letter."""
    found: list[object] = [memory.policy(user=user).text]
    for question in QUESTIONS:
        found.append(memory.policy(user=user, context=question, scopes=["project:a"]).text)
        found.append([(r.id, r.text, r.score) for r in memory.recall(question, user=user, limit=30)])
    found.append([r.id for r in memory.search(user=user, limit=500).items])
    return json.dumps(found).encode()


def beliefs(memory: eider.Eider, user: str) -> tuple[str, list[tuple[str, str, str]]]:
    """What holds for a user, and the guidance made of it."""
    page = memory.search(user=user, kinds=KINDS, status="current", limit=500)
    held = sorted((r.memory.text, r.memory.kind, r.memory.scope) for r in page.items if r.memory)
    return memory.policy(user=user).text, held


@FEW
@given(story=stories)
def test_observed_twice_with_one_key_is_observed_once(story: list[Said]) -> None:
    """In any order of retries: no further event, memory or use, and the first answer again."""
    with tempfile.TemporaryDirectory() as place, opened(place) as memory:
        first = [tell(memory, "ada", one, f"host:{n}") for n, one in enumerate(story)]
        before, events = answers(memory, "ada"), len(memory.events(user="ada", limit=1000))
        for n, one in reversed(list(enumerate(story))):
            again, was = tell(memory, "ada", one, f"host:{n}"), first[n]
            assert (again is None) == (was is None)
            if again and was:
                assert {e.id for e in again.episodes} == {e.id for e in was.episodes}
                assert {m.id for m in again.memories} == {m.id for m in was.memories}
        assert len(memory.events(user="ada", limit=1000)) == events
        assert answers(memory, "ada") == before


@FEW
@given(mine=stories, theirs=stories)
def test_what_one_user_says_changes_nothing_of_another(mine: list[Said], theirs: list[Said]) -> None:
    """Recall, search and policy of the other answer the same, letter for letter; every memory stays where it was."""
    with tempfile.TemporaryDirectory() as place, opened(place) as memory:
        for one in mine:
            tell(memory, "ada", one)
        before = answers(memory, "ada")
        for one in [*theirs, *mine]:
            done = tell(memory, "bob", one)
            assert done is None or {m.user for m in (*done.memories, *done.inbox)} <= {"bob"}
        assert answers(memory, "ada") == before


@FEW
@given(before=stories, story=stories, scope=st.sampled_from(SCOPES))
def test_what_is_said_in_one_scope_ends_nothing_in_another(before: list[Said], story: list[Said], scope: str) -> None:
    """Where a clause names no place of its own, only memories of the exchange's scope are closed."""
    with tempfile.TemporaryDirectory() as place, opened(place) as memory:
        for one in before:
            tell(memory, "ada", one)
        for one in story:
            done = tell(memory, "ada", one._replace(scope=scope))
            made = {m.scope for m in done.memories if m.status(memory._engine.now()) == "current"} if done else set()
            for ended in [m for m in done.memories if m.status(memory._engine.now()) != "current"] if done else []:
                assert ended.scope in {scope, *made}, (one, ended)


@FEW
@given(before=stories, one=said, pair=st.sampled_from(PAIRS))
def test_an_undone_observe_never_was(before: list[Said], one: Said, pair: dict[str, str]) -> None:
    """What is believed, and the policy, are as before to the letter; what was said stays."""
    with tempfile.TemporaryDirectory() as place, opened(place) as memory:
        for each in [*before, Said(pair["old"])]:
            tell(memory, "ada", each)
        for last in (one, Said(pair["new"])):
            believed = beliefs(memory, "ada")
            done = tell(memory, "ada", last)
            if done is None:
                continue
            try:
                memory.undo(memory.events(user="ada", limit=1)[0].id, user="ada")
            except RefusedError as error:
                assert "changed nothing" in str(error)  # noqa: PT017 (both endings are right)
            assert beliefs(memory, "ada") == believed
            assert {e.id for e in done.episodes} <= {r.id for r in memory.search(user="ada", limit=500).items}


@FEW
@given(
    story=stories, context=st.none() | replies, budget=st.integers(1, 300), scopes=st.none() | st.lists(st.sampled_from(SCOPES)),
    pinned=st.booleans(),
)  # fmt: skip
def test_a_policy_says_only_what_it_may(
    story: list[Said], context: str | None, budget: int, scopes: list[str] | None, *, pinned: bool
) -> None:
    """Over its budget for a pinned rule only; nothing closed, waiting, of less trust, of others, or of other scopes; no pinned rule missing."""
    with tempfile.TemporaryDirectory() as place, opened(place) as memory:
        low = memory.channel("mcp", "agent")
        for n, one in enumerate(story):
            tell(low if n % 3 == 2 else memory, "bob" if n % 4 == 3 else "ada", one)
        rule = memory.remember("Never push to main.", user="ada", kind="rule", pinned=pinned)
        policy = memory.policy(user="ada", context=context, budget=budget, scopes=scopes)
        assert policy.over_budget == max(0, policy.tokens - budget)
        assert not policy.over_budget or pinned
        assert memory._engine.counter.count(policy.text) == policy.tokens
        now = memory._engine.now()
        for shown in policy.memories:
            assert (shown.user, shown.trust, shown.status(now)) == ("ada", 2, "current")
            assert scopes is None or shown.scope in {*scopes, "global"}
        assert not pinned or rule.id in {shown.id for shown in policy.memories}


@FEW
@given(story=stories, context=st.none() | replies, budget=st.integers(20, 300))
def test_the_same_memories_give_the_same_bytes(story: list[Said], context: str | None, budget: int) -> None:
    """Asked again, compiled again, and by the next process."""
    with tempfile.TemporaryDirectory() as place:
        with opened(place) as memory:
            for one in story:
                tell(memory, "ada", one)
            texts = [memory.policy(user="ada", context=context, budget=budget).text for _ in range(2)]
            memory._engine.policies.clear()
            texts.append(memory.policy(user="ada", context=context, budget=budget).text)
        with opened(place) as memory:
            texts.append(memory.policy(user="ada", context=context, budget=budget).text)
        assert len(set(texts)) == 1


SECRETS = ("", " My token is AKIAQZ7RTW2MXNVB4KLD.", " The api key is sk-proj-abcdEFGH1234ijklMNOP5678qrst.")


@FEW
@given(
    story=st.lists(st.tuples(said, st.sampled_from(SECRETS)), min_size=1, max_size=5),
    given=st.lists(replies, max_size=2),
)
def test_a_memory_says_what_somebody_said(story: list[tuple[Said, str]], given: list[str]) -> None:
    """To the letter: its text is part of a stored utterance, or was given as such; nothing is worded, cut or put together."""
    with tempfile.TemporaryDirectory() as folder, opened(folder) as memory:
        stated: set[str] = set()
        for text in given:
            try:
                stated.add(memory.remember(text).text)
            except InputError:
                continue
        for one, secret in story:
            tell(memory, "default", one._replace(reply=one.reply + secret))
        reads = memory._engine.store.reads
        users = [user for user in ("default", *reads.users()) if user in reads.users()]
        for user in dict.fromkeys(users):
            for kept in reads.memories(None, user=user):
                if not kept.evidence:
                    assert kept.text in stated
                    continue
                spans = [*kept.evidence, *kept.said_again]
                texts = {e.id: e.text for e in reads.episodes([s.episode for s in spans], user=user)}
                first = kept.evidence[0]
                assert texts[first.episode][first.start : first.end] == kept.text
                assert all(texts[s.episode][s.start : s.end].strip() for s in spans)

"""The laws of values and time, on the real store, against a model that knows nothing of how it is built."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule
from laws_model import (
    CORRECTED,
    LEARNED,
    TEXTS,
    USERS,
    Happened,
    Kept,
    Laws,
    Person,
    contents,
    expected,
    opened_at,
    seen,
)

from eider.model.changes import ChangeSet
from eider.model.errors import ErasedError, RefusedError, UndoConflictError, UnknownIdError
from eider.model.forgetting_curve import retrievability
from eider.model.usage import days_between, used
from eider.model.values import Edge, Memory, Span
from eider.privacy.redact import redact
from eider.privacy.redaction_check import clean_memory
from eider.store.segment.segment import Segment


class StoreLaws(Laws):
    """Verbs in any order, of several users, over closings and reopenings."""

    @initialize(user=st.sampled_from(USERS))
    def begin(self, user: str) -> None:
        self.record(user, 0)
        self.remember(user, 0, "fact", "global", key=False)

    @rule(user=st.sampled_from(USERS), text=st.integers(0, 3))
    def record(self, user: str, text: int) -> None:
        episode = self.memory.record(f"{user} said: {TEXTS[text]}", user=user)
        self.happened(user)
        self.people[user].episodes[episode.id] = (episode.text, episode.recorded_at)

    @rule(user=st.sampled_from(USERS), text=st.integers(0, 3), kind=st.sampled_from(["fact", "rule"]),
          scope=st.sampled_from(["global", "project:a"]), key=st.booleans())  # fmt: skip
    def remember(self, user: str, text: int, kind: Any, scope: str, *, key: bool) -> None:
        """Add twice = add once, of another kind takes its place; a retry with the same key does nothing at all."""
        self.keys += 1
        name = f"k{self.keys}" if key else None
        now = self.engine.now()
        said = [k for k in self.people[user].memories.values() if (k.kind, k.scope) == (kind, scope)]
        twins = [k for k in said if k.now.text == TEXTS[text] and k.now.open(now) and k.now.valid_to is None]
        memory = self.memory.remember(
            TEXTS[text].upper()[:-1] if twins else TEXTS[text], user=user, kind=kind, scope=scope, key=name
        )
        if twins:
            assert memory.id in {k.id for k in twins}
            self.used(user, memory.id)
        else:
            assert memory.id not in self.people[user].memories
            others = [
                k for k in self.people[user].memories.values()
                if k.scope == scope and k.now.text == TEXTS[text] and k.now.open(now) and k.now.valid_to is None
            ]  # fmt: skip
            event = self.happened(user, {**{k.id: k.now.seq for k in others}, memory.id: None})
            for k in others:  # said as something else now
                self.change(user, k.id, event, valid_to=max(memory.valid_from, k.now.valid_from), successor=memory.id)
            self.add(user, memory, event)
        if name:
            head = self.engine.store.events.head
            assert self.memory.remember(TEXTS[text], user=user, kind=kind, scope=scope, key=name).id == memory.id
            assert self.engine.store.events.head == head

    def used(self, user: str, id_: str) -> None:
        kept = self.people[user].memories[id_]
        before = kept.usage
        assert before is not None
        self.happened(user, usage=before)
        kept.usage = used(before, self.instants[-1])

    @rule(user=st.sampled_from(USERS), n=st.integers(0, 9), text=st.integers(0, 3))
    def correct(self, user: str, n: int, text: int) -> None:
        """What is closed is not corrected: the error names what is current."""
        if (id_ := self.pick(user, n)) is None:
            return
        words = CORRECTED[text]
        if self.expect_refusal(user, id_, lambda: self.memory.correct(id_, words, user=user)):
            return
        old = self.people[user].memories[id_].now
        new = self.memory.correct(id_, words, user=user)
        event = self.happened(user, {id_: old.seq, new.id: None})
        at = max(self.instants[-1], old.valid_from)
        self.change(user, id_, event, valid_to=at, successor=new.id)
        self.add(user, new, event)
        assert (new.pinned, new.valid_from, new.evidence) == (old.pinned, at, ())

    @rule(user=st.sampled_from(USERS), n=st.integers(0, 9))
    def deactivate(self, user: str, n: int) -> None:
        if (id_ := self.pick(user, n)) is None:
            return
        if self.refused(user, id_) in (UnknownIdError, ErasedError):
            self.expect_refusal(user, id_, lambda: self.memory.deactivate(id_, user=user))
            return
        old, is_open = self.people[user].memories[id_].now, id_ in self.current_ids(user)
        assert self.memory.deactivate(id_, user=user) is is_open
        if is_open:
            event = self.happened(user, {id_: old.seq})
            self.change(user, id_, event, valid_to=max(self.instants[-1], old.valid_from))

    @rule(user=st.sampled_from(USERS), n=st.integers(0, 9))
    def reinforce(self, user: str, n: int) -> None:
        if (id_ := self.pick(user, n)) is None:
            return
        if not self.expect_refusal(user, id_, lambda: self.memory.reinforce(id_, user=user)):
            self.memory.reinforce(id_, user=user)
            self.used(user, id_)

    @rule(user=st.sampled_from(USERS), n=st.integers(0, 9), pinned=st.booleans())
    def pin(self, user: str, n: int, *, pinned: bool) -> None:
        if (id_ := self.pick(user, n)) is None:
            return
        verb = self.memory.pin if pinned else self.memory.unpin
        if self.expect_refusal(user, id_, lambda: verb(id_, user=user)):
            return
        old = self.people[user].memories[id_].now
        assert verb(id_, user=user).pinned is pinned
        if old.pinned != pinned:
            self.change(user, id_, self.happened(user, {id_: old.seq}), pinned=pinned)

    # ------------------------------------------------------------------ what learning will write

    @rule(user=st.sampled_from(USERS), text=st.integers(0, 3), n=st.integers(0, 9), two=st.booleans())
    def learn(self, user: str, text: int, n: int, *, two: bool) -> None:
        """A memory that quotes one or two utterances."""
        episodes = sorted(self.people[user].episodes)
        if not episodes:
            return
        cited = {episodes[n % len(episodes)], episodes[(n + two) % len(episodes)]}
        self.commit_new(user, LEARNED[text], "learn", (), tuple(sorted(cited)))

    @rule(user=st.sampled_from(USERS), n=st.integers(0, 9), m=st.integers(1, 9))
    def merge(self, user: str, n: int, m: int) -> None:
        """Two memories become one; they stay, closed."""
        ids = self.current_ids(user)
        first, second = self.pick(user, n, among=ids), self.pick(user, n + m, among=ids)
        if first is None or second is None or first == second:
            return
        memories = self.people[user].memories
        cited = tuple(dict.fromkeys(memories[first].now.evidence + memories[second].now.evidence))
        self.commit_new(user, LEARNED[n % len(LEARNED)], "merge", (first, second), cited)

    def commit_new(self, user: str, text: str, op: str, inputs: tuple[str, ...], cited: tuple[str, ...]) -> None:
        now = self.engine.now()
        new = Memory(
            id=f"mem_{op}{len(self.instants)}{user}", rev=0, kind="insight", text=redact(text), user=user, agent=redact("a"),
            scope=redact("global"), origin="user", trust=2, valid_from=now, recorded_at=now, merged_from=inputs,
            evidence=tuple(
                Span(episode=e.id, start=0, end=len(e.text)) for e in self.engine.store.reads.episodes(cited, user=user)
            ),
        )  # fmt: skip
        old = self.engine.store.reads.memories(inputs, user=user)
        closed = [
            replace(clean_memory(m), recorded_at=now, valid_to=max(now, m.valid_from), superseded_by=new.id)
            for m in old
        ]
        self.engine.commit(
            ChangeSet(
                user=user, op=op, actor="test", at=now, memories=(*closed, new), reads={m.id: m.rev for m in old},
                indexing=self.engine.material.of([new]), edges=tuple(Edge(source=new.id, target=i, kind="semantic") for i in inputs),
            )
        )  # fmt: skip
        event = self.happened(user, {**{m.id: m.rev for m in old}, new.id: None})
        for m in old:
            self.change(user, m.id, event, valid_to=max(now, m.valid_from), successor=new.id)
        self.add(user, new, event)

    # ------------------------------------------------------------------ forgetting

    @rule(user=st.sampled_from(USERS), n=st.integers(0, 9), keep=st.booleans(), wait=st.integers(0, 9))
    def forget_memory(self, user: str, n: int, *, keep: bool, wait: int) -> None:
        if (id_ := self.pick(user, n)) is not None:
            self.forget_one(user, id_, keep=keep, wait=wait)

    @rule(user=st.sampled_from(USERS), n=st.integers(0, 9), keep=st.booleans())
    def forget_part_of_a_merge(self, user: str, n: int, *, keep: bool) -> None:
        """Or the merge itself; memories are met here that chance would seldom choose."""
        merged = {i for k in self.people[user].memories.values() if k.merged_from for i in (k.id, *k.merged_from)}
        if (id_ := self.pick(user, n, among=[i for i in merged if i in self.people[user].memories])) is not None:
            self.forget_one(user, id_, keep=keep, wait=1)

    def forget_one(self, user: str, id_: str, *, keep: bool, wait: int) -> None:
        memories = self.people[user].memories
        if memories[id_].now.erased:
            self.forgotten_before(user, id_)
            return
        named = {id_}
        while more := {i for one in named for i in memories[one].merged_from if i in memories} - named:
            named |= more
        named = {i for i in named if not memories[i].now.erased}
        cited = {e for i in named for v in memories[i].versions for e in v.evidence}
        episodes = set() if keep else cited & set(self.people[user].episodes)
        receipt = self.memory.forget(id_, user=user, keep_evidence=keep, only_this=True, wait=wait == 0)
        self.erased(user, named, episodes, receipt.at)
        assert all(receipt.checks.values()), receipt

    @rule(user=st.sampled_from(USERS), n=st.integers(0, 9))
    def forget_episode(self, user: str, n: int) -> None:
        if (id_ := self.pick(user, n, among=list(self.people[user].episodes))) is None:
            return
        receipt = self.memory.forget(id_, user=user, wait=False)
        self.erased(user, set(), {id_}, receipt.at)
        assert all(receipt.checks.values()), receipt
        self.forgotten_before(user, id_)

    def forgotten_before(self, user: str, id_: str) -> None:
        """Forgetting again finishes what waits for the disk, if anything does, and erases nothing more."""
        try:
            assert not self.memory.forget(id_, user=user).erased
        except UnknownIdError as error:
            assert id_ in str(error)  # noqa: PT017 (it may have been finished behind our back)

    @rule(user=st.sampled_from(USERS), sure=st.integers(0, 3))
    def forget_user(self, user: str, sure: int) -> None:
        if sure:
            return
        receipt = self.memory.forget_user(user, wait=False)
        assert all(receipt.checks.values())
        person = self.people[user]
        self.people[user] = Person(gone=[*person.gone, *person.memories, *person.episodes])
        assert self.memory.events(user=user) == []

    # ------------------------------------------------------------------ taking back

    @rule(user=st.sampled_from(USERS), n=st.integers(0, 5))
    def undo(self, user: str, n: int) -> None:
        """Restores, or names what came later; past an erase there is no way back."""
        events = [self.people[user].events[s] for s in sorted(self.people[user].events, reverse=True)]
        if not events:
            return
        event = events[n % len(events)]
        wanted, later = self.undo_refused(user, event)
        if wanted is None:
            self.undone(user, event)
            return
        head = self.engine.store.events.head
        with pytest.raises(wanted) as caught:
            self.memory.undo(f"evt_{event.seq}", user=user)
        assert type(caught.value) is wanted
        assert self.engine.store.events.head == head
        if isinstance(caught.value, UndoConflictError):
            assert caught.value.dependents == tuple(f"evt_{s}" for s in later)

    def undo_refused(self, user: str, event: Happened) -> tuple[type[RefusedError] | None, list[int]]:
        person = self.people[user]
        if event.op in ("record", "forget"):
            return RefusedError, []
        if event.erased:
            return ErasedError, []
        moved = {i for i in event.before if person.memories[i].now.seq != event.seq}
        later = [e for s, e in sorted(person.events.items()) if s > event.seq]
        after = [e for e in later if e.ids & moved]
        if event.usage is not None:
            after += [e for e in later if e.usage is not None and e.usage.id == event.usage.id]
        if any(e.op == "forget" for e in after):
            return ErasedError, []
        return (UndoConflictError, [e.seq for e in after]) if after else (None, [])

    def undone(self, user: str, event: Happened) -> None:
        memories = self.people[user].memories
        before = {i: memories[i].now.seq for i in event.before}
        was = memories[event.usage.id].usage if event.usage is not None else None
        self.memory.undo(f"evt_{event.seq}", user=user)
        made = self.happened(user, dict(before), was)
        for i, seq in event.before.items():
            kept = memories[i]
            if seq is None:
                self.change(user, i, made, valid_to=kept.now.valid_from, successor=None)
            else:
                old = next(v for v in kept.versions if v.seq == seq)
                kept.versions.append(replace(old, seq=made.seq, recorded=self.instants[-1]))
        if event.usage is not None:
            memories[event.usage.id].usage = event.usage

    @rule(user=st.sampled_from(USERS), dry=st.booleans())
    def consolidate(self, user: str, *, dry: bool) -> None:
        """What has faded is closed, what is pinned or used stays; nothing is deleted."""
        now, memories = self.engine.now(), self.people[user].memories
        faded = {
            i for i in self.current_ids(user)
            if not memories[i].now.pinned and self.chance(memories[i], now) < 0.8
        }  # fmt: skip
        done = self.memory.consolidate(user=user, prune_threshold=0.8, dry_run=dry)
        assert {m.id for m in done.closed} == faded
        if faded and not dry:
            event = self.happened(user, {i: memories[i].now.seq for i in faded})
            for i in faded:
                self.change(user, i, event, valid_to=max(self.instants[-1], memories[i].now.valid_from))

    @staticmethod
    def chance(kept: Kept, now: datetime) -> float:
        assert kept.usage is not None
        return float(retrievability(days_between(kept.usage.last_used, now), kept.usage.stability))

    @rule(days=st.sampled_from([0.01, 1, 40, 200]))
    def time_passes(self, days: float) -> None:
        self.clock.advance(timedelta(days=days))

    @rule()
    def reopen(self) -> None:
        self.memory.close()
        self.memory = opened_at(self.folder, self.clock)

    # ------------------------------------------------------------------ what always holds

    @rule(user=st.sampled_from(USERS), other=st.sampled_from(USERS), n=st.integers(0, 20))
    def a_stranger_finds_nothing(self, user: str, other: str, n: int) -> None:
        """Another's id, and what was erased without a trace, are as unknown as any."""
        ids = self.people[user].gone if user == other else [*self.people[other].memories, *self.people[other].episodes]
        if not ids:
            return
        id_ = ids[n % len(ids)]
        for verb in (
            self.memory.history,
            self.memory.why,
            self.memory.pin,
            self.memory.reinforce,
            self.memory.deactivate,
        ):
            with pytest.raises(UnknownIdError, match=id_):
                verb(id_, user=user)
        with pytest.raises(UnknownIdError):
            self.memory.forget(id_, user=user)

    @rule(user=st.sampled_from(USERS), text=st.sampled_from(TEXTS))
    def recall_shows_what_holds(self, user: str, text: str) -> None:
        now, person = self.engine.now(), self.people[user]
        mine = {k.id for k in person.memories.values() if k.now.holds(now)} | set(person.episodes)
        found = self.memory.recall(text, user=user, limit=50)
        assert {r.id for r in found} <= mine
        listed = {r.id for r in self.memory.search(user=user, limit=200).items}
        assert listed == mine
        exact = [k.id for k in person.memories.values() if k.id in mine and k.now.text == text]
        if exact:
            assert found[0].text == text or found[0].id in exact

    @invariant()
    def rows_are_those_of_the_model(self) -> None:
        for user, person in self.people.items():
            stored = {m.id: m for m in self.engine.store.reads.memories(None, user=user)}
            assert {i: seen(m) for i, m in stored.items()} == {i: expected(k.now) for i, k in person.memories.items()}
            assert {e.id: e.text for e in self.engine.store.reads.episodes(list(person.episodes), user=user)} == {
                i: text for i, (text, _) in person.episodes.items()
            }
            assert [e.seq for e in self.memory.events(user=user, limit=10_000)] == sorted(person.events, reverse=True)
            assert {e.seq for e in self.memory.events(user=user, limit=10_000) if e.erased} == {
                s for s, e in person.events.items() if e.erased
            }

    @invariant()
    def the_past_is_as_it_was(self) -> None:
        at = self.random.choice(self.instants) + timedelta(microseconds=self.random.choice([-1, 0, 0, 1]))
        for user, person in self.people.items():
            known = {m.id: seen(m) for m in self.engine.store.reads.memories(None, user=user, known_at=at)}
            wanted = {k.id: [v for v in k.versions if v.recorded <= at] for k in person.memories.values()}
            assert known == {i: expected(v[-1]) for i, v in wanted.items() if v}
            true_then = {k.id for k in person.memories.values() if k.now.holds(at)}
            said = {i for i, (_, when) in person.episodes.items() if when <= at}
            assert {r.id for r in self.memory.search(user=user, as_of=at, limit=500).items} == true_then | said
        if person := next((p for p in self.people.values() if p.memories), None):
            user = next(u for u, p in self.people.items() if p is person)
            for id_, kept in person.memories.items():
                told = self.memory.history(id_, user=user)
                assert [seen(v.memory) for v in told] == [expected(v) for v in kept.versions]

    @invariant()
    def what_is_loaded_is_what_is_stored(self) -> None:
        for user in USERS:
            fresh_one = Segment.build(self.engine.store.segments.rows(user=user))
            with self.engine.segments.hold(user) as held:
                assert contents(held) == contents(fresh_one)

    @invariant()
    @precondition(lambda self: len(self.instants) % 4 == 0)
    def it_verifies(self) -> None:
        found = self.memory.verify(deep=True)
        assert not found.findings


TestStoreLaws = StoreLaws.TestCase
TestStoreLaws.settings = settings(
    max_examples=settings().max_examples // 4, stateful_step_count=30, suppress_health_check=list(HealthCheck)
)

"""Observing many exchanges: those in which nothing is noticed share transactions, the others are planned one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from eider.learn.exchange import Exchange, Thought, exchanges_of, notice
from eider.learn.observe import answer_of, asks_model, observe, observe_exchange, repeated_answer, why_of
from eider.model.changes import ChangeSet, Indexing
from eider.model.learned import Learned
from eider.model.reading_faults import faults_counted
from eider.model.requests_learning import Observe, ObserveMany
from eider.privacy.ingress import Channel, Clean
from eider.store.engine import Engine

_BATCH: Final = 500
"""Exchanges per look-up and transaction. A guess."""


def observe_many(engine: Engine, accepted: Clean[ObserveMany]) -> list[Learned]:
    """Record exchanges and learn from them in their order."""
    said = accepted.exchanges
    return [
        one
        for start in range(0, len(said), _BATCH)
        for one in _Batch(engine, said[start : start + _BATCH], accepted.channel).learned()
    ]


@dataclass(slots=True)
class _Batch:
    """Exchanges that are learned from together."""

    engine: Engine
    said: Sequence[Clean[Observe]]
    channel: Channel
    answers: dict[int, Learned] = field(default_factory=dict[int, Learned])
    waiting: list[tuple[int, Exchange, Thought]] = field(default_factory=list[tuple[int, Exchange, Thought]])
    """Place, exchange and signals of those that teach nothing and are yet to be written."""

    def learned(self) -> list[Learned]:
        """Return what each came to, in their order."""
        asked = [
            ChangeSet(user=one.request.user, op="observe", actor=self.channel.name, at=one.now, key=one.request.key)
            for one in self.said
        ]
        for place, done in enumerate(self.engine.store.commits.repeated_all(asked)):
            if done is not None:
                self.answers[place] = repeated_answer(self.engine, done, self.channel)
        new = [place for place in range(len(self.said)) if place not in self.answers]
        met: set[str] = set()
        for place, exchange in zip(new, exchanges_of(self.engine, [self.said[i] for i in new]), strict=True):
            request = self.said[place].request
            keys = {f"record:{e.key}" for e in exchange.episodes if e.key is not None and e.id not in exchange.kept}
            keys |= {f"observe:{request.key}"} if request.key is not None else set()
            if keys & met:  # an exchange before it brought some of it, which the look-up could not know
                self._write()
                self.answers[place] = observe(self.engine, self.said[place])
            else:
                self._learn(place, request, exchange)
            met |= keys
        self._write()
        return [self.answers[place] for place in range(len(self.said))]

    def _learn(self, place: int, request: Observe, exchange: Exchange) -> None:
        found = Thought()
        with faults_counted("lessons"):
            found = notice(exchange)
        if not found.drafts and not asks_model(self.engine, exchange, self.channel):
            self.waiting.append((place, exchange, found))
            return
        if any(len(other.kept) < len(other.episodes) for _, other, _ in self.waiting):
            self._write()  # utterances get their places in a session in the order in which they are written
        self.answers[place] = observe_exchange(self.engine, request, exchange, found, self.channel)

    def _write(self) -> None:
        waiting, self.waiting = self.waiting, []
        if not waiting:
            return
        made = self.engine.material.of(
            [e for _, exchange, _ in waiting for e in exchange.episodes if e.id not in exchange.kept]
        )
        plans = [partial(self._recorded, place, exchange, made) for place, exchange, _ in waiting]
        for (place, _, found), done in zip(waiting, self.engine.commit_additions(plans), strict=True):
            self.answers[place] = answer_of(done, found, (), why_of(found, ()))

    def _recorded(self, place: int, exchange: Exchange, made: dict[str, Indexing]) -> ChangeSet:
        request, now = self.said[place].request, self.engine.now()
        new = tuple(replace(e, recorded_at=now) for e in exchange.episodes if e.id not in exchange.kept)
        return ChangeSet(
            user=request.user, op="observe", actor=self.channel.name, at=now, episodes=new,
            indexing={e.id: made[e.id] for e in new}, key=request.key,
        )  # fmt: skip

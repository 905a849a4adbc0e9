"""Where a statement was said again: memories and parts of utterances that say the same, in these words or others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from eider.language.analysis import terms
from eider.model.values import Memory, Span
from eider.store.engine import Engine

_SHARED: Final = 0.3
"""Least share of a statement's words that another text holds to be compared with it. A guess, on the safe side."""
_MOST: Final = 500
"""Texts that are compared with a statement, those with most of its words first. A guess."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidAgain:
    """What says the same as a statement."""

    memories: frozenset[str] = frozenset()
    parts: tuple[Span, ...] = ()
    """Clauses or sentences of utterances."""


def said_again(
    engine: Engine, statements: Iterable[str], memories: Mapping[str, Memory], *, user: str, besides: frozenset[str]
) -> SaidAgain:
    """Find what says the same as one of these statements.

    Args:
        engine: The open store.
        statements: What is looked for.
        memories: Id → memory, all of the user.
        user: Whose.
        besides: Ids that are not looked at.
    """
    found: set[str] = set()
    parts: dict[Span, None] = {}
    for statement in dict.fromkeys(statements):
        ids = [i for i in _sharing(engine, statement, user=user) if i not in besides]
        texts = {i: memories[i].text for i in ids if i in memories and memories[i].text}
        found.update(i for i, same in zip(texts, _repeats(statement, [*texts.values()]), strict=True) if same)
        episodes = engine.store.reads.episodes([i for i in ids if i not in memories], user=user)
        for episode in episodes:
            parts.update({Span(episode=episode.id, start=a, end=b): None for a, b in _clauses(statement, episode.text)})
    return SaidAgain(memories=frozenset(found), parts=tuple(parts))


def _sharing(engine: Engine, statement: str, *, user: str) -> list[str]:
    """Ids of a user's rows that hold most of a statement's words; those with most of them first."""
    with engine.segments.hold(user) as segment:
        wanted = {segment.postings.number.get(t) for t in set(terms(statement, segment.postings.number).tolist())}
        if not wanted:
            return []
        hits = np.zeros(len(segment.alive), np.int32)
        for number in wanted - {None}:
            hits[segment.postings.lookup(number)[0]] += 1  # pyright: ignore[reportArgumentType] (no None)
        rows = np.flatnonzero(segment.alive & (hits >= max(1.0, _SHARED * len(wanted))))
        rows = rows[np.argsort(-hits[rows], kind="stable")][:_MOST]
        return [str(segment.ids[row]) for row in rows.tolist()]


def _clauses(statement: str, text: str) -> list[tuple[int, int]]:
    """The clauses of an utterance that say the same; the whole sentence where only that does."""
    from eider.understand.sentences import clauses, sentences

    wanted = set(terms(statement).tolist())
    found: list[tuple[int, int]] = []
    for start, end in sentences(text):
        if len(wanted & set(terms(text[start:end]).tolist())) < _SHARED * len(wanted):
            continue
        tried = [*clauses(text, start, end), (start, end)]
        same = [
            span for span, yes in zip(tried, _repeats(statement, [text[a:b] for a, b in tried]), strict=True) if yes
        ]
        parts = [span for span in same if span != (start, end)]
        found += parts or same
    return found


def _repeats(statement: str, others: Sequence[str]) -> list[bool]:
    """Whether each of these texts says the same as a statement, and perhaps more."""
    from eider.understand.pairs import repeats  # loads the language data of learning

    return repeats(statement, others)

"""Lines that nobody has held against each other when they were said: the later above what it seems to replace.

A question of the user's states nothing: a statement that has as many words of the query stands above it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from eider.language import analysis
from eider.model.values import GLOBAL, TRUST
from eider.retrieve.rendering import day_in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eider.model.answers import Recollection

_COMPARED: Final = 12
"""Results that are held against each other."""
_SHARED: Final = 0.6
"""Share of the shorter line's words that the other has, from which the two are compared: comparing takes a millisecond."""
_STEM: Final = 5
"""Letters of a word that count: "deploy" and "deployed" are one."""
_LONGEST: Final = 40
"""Words of a line up to which it is one statement. A guess."""


_ASKS: Final = ("?", "？")


def newer_first(found: Sequence[Recollection], query: str) -> list[Recollection]:
    """Return results with a later line of the user above the earlier one that it seems to replace, which says so.

    Args:
        found: Results, best first; only the first twelve are held against each other.
        query: What was asked. Where it names all that only the earlier line says, it is about that line.
    """
    lines, asked = list(found), _stems(query)
    own = [(i, r, _stems(r.text)) for i, r in enumerate(lines[:_COMPARED]) if _is_statement(r)]
    for i, earlier, words in own:
        later = [
            j for j, r, others in own
            if _said_at(r) > _said_at(earlier) and r.text != earlier.text and _scope(r) == _scope(earlier)
            and len(words & others) / max(1, min(len(words), len(others))) >= _SHARED and bool(others - words)
            and (not words - others <= asked or others - words <= asked)
        ]  # fmt: skip
        after = next((j for j in later if _replaces(earlier.text, lines[j].text)), None)
        if after is not None:
            lines[i] = _mark_outdated(lines[i], lines[after])
            lines[after] = _raise_above(lines[after], lines[i])
    wanted = set(analysis.terms(query))
    for question in [r for r in lines[:_COMPARED] if _is_question(r)]:
        named = wanted & set(analysis.terms(question.text))
        answers = [i for i, r, _ in own if named and named <= set(analysis.terms(r.text))]
        if answers:
            best = max(answers, key=lambda i: lines[i].score)
            lines[best] = _raise_above(lines[best], question)
    return sorted(lines, key=lambda r: -r.score)


def _stems(text: str) -> set[str]:
    return {word[:_STEM] for word in analysis.words(text)}


def _is_statement(found: Recollection) -> bool:
    """Whether it is a line of the user's own that still holds, and short enough to be one statement."""
    by_user = found.memory is not None or (found.episode is not None and found.episode.role == "user")
    by_user = by_user and not _is_question(found)
    return by_user and found.trust >= TRUST["user"] and found.until is None and found.text.count(" ") < _LONGEST


def _is_question(found: Recollection) -> bool:
    """Whether it is an utterance of the user that ends in a question."""
    return found.episode is not None and found.episode.role == "user" and found.text.rstrip().endswith(_ASKS)


def _said_at(found: Recollection) -> datetime:
    if found.memory is not None:
        return found.memory.valid_from
    return found.episode.at if found.episode is not None else datetime.min.replace(tzinfo=UTC)


def _scope(found: Recollection) -> object:
    if found.memory is not None:
        return found.memory.scope
    return found.episode.metadata.get("scope", GLOBAL) if found.episode is not None else GLOBAL


def _replaces(earlier: str, later: str) -> bool:
    from eider.understand.pairs import compare

    verdict = compare(earlier, later)
    return verdict.decision in ("close", "doubt") and verdict.relation in ("replaces", "ends")


def _mark_outdated(earlier: Recollection, later: Recollection) -> Recollection:
    since = f"perhaps outdated since {day_in_words(_said_at(later).date())}"
    if earlier.outdated_by:
        return earlier
    why = replace(earlier.why, notes=(*earlier.why.notes, since))
    return replace(earlier, outdated_by=later.id, line=f"{earlier.line} ({since})", why=why)


def _raise_above(later: Recollection, earlier: Recollection) -> Recollection:
    """The later line in the place of the earlier, found by the same evidence."""
    if later.score > earlier.score:
        return later
    more = earlier.score - later.score + 0.01
    why = replace(later.why, shares={**later.why.shares, "newer": round(later.why.shares.get("newer", 0) + more, 4)})
    return replace(
        later, score=later.score + more, why=why, coverage=max(later.coverage, earlier.coverage),
        cosine=max(later.cosine, earlier.cosine),
    )  # fmt: skip

"""Guesses which statements contradict each other, from their words alone.

Two statements are only suspected when all that they speak of is the same, and a number or a "not" is all that
differs. Statements with dates are left alone: what happened in May and in June is no contradiction.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import combinations
from typing import Final, Literal

from eider.language.stems import english

Difference = Literal["number", "negation"]
_WORD: Final = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)?")
_NOT: Final = frozenset(
    "not no never none nothing without cannot nicht kein keine keinen keiner nie ohne pas jamais sans nunca sin nada".split()
)
_FILL: Final = frozenset(
    "a an the do does did is are was be will would can very really any der die das ein eine".split()
)
_DATED: Final = re.compile(
    r"\b(?:19|20)\d\d\b|\b(?:jan|feb|mar|mär|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)[a-zä]*\b"
    r"|\b\w+day\b|\b(?:yesterday|today|tomorrow|gestern|heute|morgen|hier|demain|ayer|hoy)\b",
    re.IGNORECASE,
)
_FEWEST: Final = 2
"""Words of content that two statements must share: one says too little of what they are about."""
_SERIES: Final = 4
"""Statements that share all their words: more of them are a log (one per run, one per week), not a quarrel. A guess."""
_VOCABULARY: Final = 50_000
"""Stems remembered: a user's words are rarely more, and a stem costs 20 µs."""


def contradictions(statements: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str, Difference]]:
    """Return pairs of ids whose texts differ only in a number or a negation.

    Args:
        statements: (id, text), of one user and scope, all held to be true now.

    >>> list(contradictions([("a", "The team has 4 members."), ("b", "The team has 5 members.")]))
    [('a', 'b', 'number')]
    """
    alike: dict[frozenset[str], list[tuple[str, tuple[str, ...], bool]]] = defaultdict(list)
    for id_, text in statements:
        about, numbers, negated = analyse(text)
        if len(about) >= _FEWEST:
            alike[about].append((id_, numbers, negated))
    dated = {id_ for id_, text in statements if _DATED.search(text)}
    for group in alike.values():
        for one, other in combinations(group if len(group) <= _SERIES else (), 2):
            if one[1] == other[1] and one[2] != other[2]:
                yield one[0], other[0], "negation"
            elif (one[2] == other[2] and len(one[1]) == len(other[1]) and one[1] != other[1]) and not {
                one[0],
                other[0],
            } & dated:
                yield one[0], other[0], "number"


@lru_cache(maxsize=_VOCABULARY)
def _stem(word: str) -> str:
    return english(word)


def analyse(text: str) -> tuple[frozenset[str], tuple[str, ...], bool]:
    """Return a statement's content words, its numbers, and whether it is negated.

    >>> about, numbers, negated = analyse("Doesn't drink 2 coffees.")
    >>> sorted(about), numbers, negated
    (['coffe', 'drink'], ('2',), True)
    """
    about: set[str] = set()
    numbers: list[str] = []
    negated = False
    for word in _WORD.findall(text.lower().replace("’", "'")):
        if word[0].isdigit():
            numbers.append(word)
        elif word in _NOT or word.endswith("n't"):
            negated = not negated
        elif word not in _FILL:
            about.add(_stem(word.replace("'", "")))
    return frozenset(about), tuple(numbers), negated

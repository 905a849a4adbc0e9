"""What is asked of a search index, and how its answers are put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_TERMS: Final = 60
"""Words of a query that are searched for; a longer text repeats its subject anyway (a guess)."""
_TERM_LENGTH: Final = 200
"""Characters of one term; texts without blanks arrive as one word."""


def terms(text: str) -> str:
    """What of a text is searched for: each word once, without signs; of a long text the longest words.

    A repeated word would multiply its score, and the shortest words say least.

    >>> terms("The dog, the DOG -- and 'C++'!")
    'the dog and c'
    """
    found: dict[str, None] = {}
    for word in text.lower().split():
        start, end = 0, min(len(word), _TERM_LENGTH)
        while start < end and not word[start].isalnum():
            start += 1
        while end > start and not word[end - 1].isalnum() and word[end - 1].isascii():
            end -= 1
        if start < end:
            found[word[start:end]] = None
    kept = set(sorted(found, key=len, reverse=True)[:_TERMS])
    return " ".join(word for word in found if word in kept).encode("utf-8", "replace").decode()


def interleave(*rankings: Sequence[str]) -> list[str]:
    """One list of several, best first, each id once.

    >>> interleave(["a", "b", "c"], ["b", "d"])
    ['a', 'b', 'd', 'c']
    """
    longest = max(map(len, rankings), default=0)
    return list(dict.fromkeys(r[i] for i in range(longest) for r in rankings if i < len(r)))


def is_utf8(text: str) -> bool:
    """Return whether a text can be written as UTF-8: it holds no half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True

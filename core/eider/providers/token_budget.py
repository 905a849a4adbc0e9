"""Fitting text into a budget of tokens, offline: an estimate that errs high, packing, shortening."""

from __future__ import annotations

import math
import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeVar

from eider.model.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eider.model.protocols import TokenCounter

T = TypeVar("T")

ELLIPSIS: Final = "…"

# What the pieces of a text cost in tokens. Calibrated in November 2026 on tests/data/token_samples.json (our own:
# chat and prose in nine languages, code, JSON, ids, tables) against cl100k, o200k, the published Claude tokenizer
# and DeepSeek's: the estimate is at least 0.95 of the highest of the four on every sample but the list of foreign
# names (0.72), 1.0 to 1.5 of o200k in Latin script, up to 3 in others, 1.2 of the highest in English.
# tests/unit/test_budget.py holds the figures.
SHORT_WORD: Final = 4
"""Letters of a word that cost one token together."""
PER_LETTER: Final = 0.41
"""Tokens for each further letter of a word."""
ENGLISH_ENDING: Final = 1.2
"""Tokens less for a long word with an English ending: the four know those words whole."""
PER_CAPITAL: Final = 0.12
"""Tokens more for each letter of a word in capitals."""
PER_ACCENT: Final = 0.7
"""Tokens more for each accented Latin letter."""
PER_DIGITS: Final = 1.06
"""Tokens per three digits begun; the four split numbers so."""
SPACE_BEFORE_DIGIT: Final = 0.9
"""A space joins the word after it, but not a number."""
PER_MARK: Final = 0.72
"""Tokens per ASCII mark; repeated, the further ones cost `PER_REPEAT`."""
PER_REPEAT: Final = 0.15
PER_BREAK: Final = 0.85
"""Tokens per line break with its indentation, or run of spaces."""
_OTHERS: Final = (
    (re.compile(r"[\u4e00-\u9fff\u3400-\u4dbf\uf900-\ufaff]"), 1.15),  # Han
    (re.compile(r"[\u3000-\u312f\u3190-\u33ff\uff00-\uffef]"), 1.0),  # kana, East Asian marks
    (re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7ff]"), 1.27),  # Hangul
    (re.compile(r"[\u0370-\u052f]"), 0.62),  # Greek, Cyrillic
    (
        re.compile(
            r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xbf\xd7\xf7\u0250-\u036f\u0530-\u10ff\u1200-\u1dff\u1f00-\u2fff]"
        ),
        1.05,
    ),
    (re.compile(r"[\ua000-\uabff\ud800-\uf8ff\ufb00-\ufeff\ufff0-\U0010ffff]"), 2.8),  # emoji and what is rare
)

_LATIN_WORD: Final = re.compile(
    r"[A-Z\u00c0-\u00d6\u00d8-\u00de]?[a-z\u00df-\u00f6\u00f8-\u024f\u1e00-\u1eff]+|[A-Z\u00c0-\u00d6\u00d8-\u00de]+"
)
_ENGLISH: Final = re.compile(
    r"(?:ings?|ed|ly|[ts]ions?|ments?|ness|[ai]ble|[eo]rs?|ive|ous|ity|[ae]nce|ful|less|ght|ck|ys?|th)$"
)
_ACCENT: Final = re.compile(r"[\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff]")
_DIGITS: Final = re.compile(r"\d{1,3}")
_SPACED_DIGIT: Final = re.compile(r" \d")
_MARK: Final = re.compile(r"[!-/:-@\[-`{-~]")
_REPEAT: Final = re.compile(r"([!-/:-@\[-`{-~])(?=\1)")
_BREAK: Final = re.compile(r"\n[ \t]*|[ \t\r]{2,}")
_WORD_BREAK: Final = re.compile(r"\s+(?=\S*$)")

_LONGEST_WORD: Final = 30
"""Characters given up at most to end on a whole word; text without spaces is cut between characters."""
_JOINERS: Final = frozenset("\u200d\u20e3\ufe0e\ufe0f")
_SKIN: Final = range(0x1F3FB, 0x1F400)
_FLAG: Final = range(0x1F1E6, 0x1F200)


class HeuristicCounter:
    """Estimates tokens without a tokenizer, on the high side for today's models.

    Context-free and additive: what is put together costs the sum of its parts within one token.

    >>> HeuristicCounter().count("Prefers short answers with one example."), HeuristicCounter().count("")
    (9, 0)
    """

    def count(self, text: str) -> int:
        """Tokens a text is likely to cost at most; 0 only for the empty one."""
        if not text:
            return 0
        cost = sum(map(_word_cost, _LATIN_WORD.findall(text)))
        cost += PER_DIGITS * len(_DIGITS.findall(text)) + SPACE_BEFORE_DIGIT * len(_SPACED_DIGIT.findall(text))
        cost += PER_MARK * len(_MARK.findall(text)) - (PER_MARK - PER_REPEAT) * len(_REPEAT.findall(text))
        cost += PER_BREAK * len(_BREAK.findall(text))
        if not text.isascii():
            cost += PER_ACCENT * len(_ACCENT.findall(text))
            cost += sum(each * len(pattern.findall(text)) for pattern, each in _OTHERS)
        return max(1, math.ceil(cost))


@lru_cache(maxsize=20_000)  # words come again: a long text is counted in a third of the time
def _word_cost(word: str) -> float:
    over = len(word) - SHORT_WORD
    if over <= 0:
        return 1.0 + (PER_CAPITAL * len(word) if over > -SHORT_WORD + 1 and word.isupper() else 0.0)
    if word.isupper():
        return 1.0 + PER_LETTER * over + PER_CAPITAL * len(word)
    return max(1.0, 1.0 + PER_LETTER * over - (ENGLISH_ENDING if _ENGLISH.search(word) else 0.0))


def pack(items: Sequence[T], sizes: Sequence[int], budget: int) -> list[T]:
    """Take items in order while they fit, passing over those that do not.

    Args:
        items: In order of rank, the best first.
        sizes: Tokens of each.
        budget: Tokens there is room for.

    Returns:
        Items in the given order whose sizes sum to at most the budget.

    Raises:
        InputError: The budget or a size is negative, or there is not one size per item.

    >>> pack(["a", "b", "c"], [5, 9, 4], 10)
    ['a', 'c']
    """
    if budget < 0:
        raise InputError(f"budget='{budget}' is negative; give the number of tokens there is room for.")
    if len(items) != len(sizes) or any(size < 0 for size in sizes):
        raise InputError(f"'{len(sizes)}' sizes for '{len(items)}' items; give one of at least 0 for each.")
    taken: list[T] = []
    for item, size in zip(items, sizes, strict=True):
        if size <= budget:
            taken.append(item)
            budget -= size
    return taken


def truncate(text: str, budget: int, counter: TokenCounter) -> str:
    """Shorten a text to a budget, ending on a whole word with an ellipsis; a text that fits stays as it is.

    A run without spaces is cut between characters as a reader sees them. Where not even the ellipsis
    fits, nothing is left.

    Args:
        text: What to shorten.
        budget: Tokens.
        counter: What counts them.

    Raises:
        InputError: The budget is negative.

    >>> truncate("one two three four", 4, HeuristicCounter())
    'one two…'
    """
    if budget < 0:
        raise InputError(f"budget='{budget}' is negative; give the number of tokens there is room for.")
    if counter.count(text) <= budget:
        return text
    low, high = 0, len(text) - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if counter.count(text[:middle] + ELLIPSIS) <= budget else (low, middle - 1)
    cut = _word_end(text, low)
    while cut and counter.count(_ended(text, cut)) > budget:  # a counter need not be monotone to the token
        cut = _word_end(text, cut - 1)
    return _ended(text, cut) if cut else ""


def _ended(text: str, cut: int) -> str:
    return text[:cut].rstrip() + ELLIPSIS


def _word_end(text: str, at: int) -> int:
    """The last place up to `at` where a word ends, or in a long run a character."""
    if at <= 0 or text[at : at + 1].isspace():
        return max(at, 0)
    found = _WORD_BREAK.search(text[max(0, at - _LONGEST_WORD) : at])
    if found is not None:
        return max(0, at - _LONGEST_WORD) + found.start()
    while at > 0 and _within_character(text, at):
        at -= 1
    return at if at and not text[at - 1].isspace() else len(text[:at].rstrip())


def _within_character(text: str, at: int) -> bool:
    """Whether a cut would part an accent, a joined emoji, a flag or a surrogate pair from what it belongs to."""
    before, after = text[at - 1], text[at]
    if unicodedata.category(after) in {"Mn", "Me", "Mc"} or after in _JOINERS or before == "\u200d":
        return True
    if ord(after) in _SKIN or "\udc00" <= after <= "\udfff":
        return True
    if ord(before) in _FLAG and ord(after) in _FLAG:
        start = at
        while start and ord(text[start - 1]) in _FLAG:
            start -= 1
        return (at - start) % 2 == 1
    return False

"""Names in a text: words with a capital within a sentence, names of code, what stands in quotation marks."""

from __future__ import annotations

import re
from typing import Final

from eider.language.lexicon import STOP_WORDS

_NAME: Final = re.compile(
    r"(?P<inner>(?<=[a-z0-9à-ÿ,;:'\")] )[A-ZÀ-Þ][\w'-]+)|(?P<code>\b[A-Za-z][a-z]*[A-Z0-9_]\w*|\b\w+(?:[-_.]\w+)+)"
    r"|\"(?P<quoted>[^\"\n]{3,60})\"|(?P<first>\b[A-ZÀ-Þ][\w'-]+)"
)
_READ: Final = 2_000
_MOST: Final = 24


def names_in(text: str) -> list[str]:
    """Return the names in a text, each once, at most 24 of its first 2,000 characters.

    >>> names_in("Liv and I met Ada-Marie in Oslo; billing_v2 was down.")
    ['Liv', 'Ada-Marie', 'Oslo', 'billing_v2']
    """
    found: dict[str, None] = {}
    for match in _NAME.finditer(text[:_READ]):
        word = (match["quoted"] or match[0]).removesuffix("'s").removesuffix("’s")
        plain = word.casefold()
        if len(word) > 1 and not any(plain in stop for stop in STOP_WORDS.values()):
            found.setdefault(word)
    return list(found)[:_MOST]

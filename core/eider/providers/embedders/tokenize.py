"""How a text is cut into the words an embedder knows: one cut for every embedder, in every language."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

MAX_CHARACTERS: Final = 32_768
"""Characters of one text that are read; the rest is ignored.

A sum over some 5,000 words hardly turns when more are added, so a longer text gains nothing but
waiting time. The figure is a choice: the worst single text, all words new, takes some 0.1 s.
"""

_NOT_SPACED: Final = r"\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Scripts written without spaces (Thai, Lao, kana, Han): each character is a word of its own."""

_EMOJI: Final = r"\u2600-\u27bf\U0001f000-\U0001faff"

_BREAK: Final = (
    r"\s\x00-\x2f:-@\[-`{-\xa9\xab-\xb1\xb4\xb6-\xb8\xbb\xbf\xd7\xf7"
    r"\u2000-\u2bff\u3000-\u303f\ud800-\uf8ff\ufe00-\ufe0f\uff00-\uff0f"
)
"""What ends a word: white space, control characters, punctuation, lone surrogates, private use."""

_LETTER: Final = rf"[^{_BREAK}{_NOT_SPACED}{_EMOJI}]"
_WORD: Final = re.compile(rf"[{_NOT_SPACED}{_EMOJI}]|{_LETTER}{{1,48}}(?:'{_LETTER}{{1,48}})?[+#]{{0,2}}")


_FIRST_NOT_SPACED: Final = "\u0e00"
_ELISION: Final = 2
"""Letters up to which a part beside an apostrophe is grammar: `l'été`, `we'll`, `Ada's`."""


def words(text: str) -> list[str]:
    r"""The words of a text in their order and case, punctuation left out, NFKC-normalised.

    Parts of one or two letters beside an apostrophe are dropped, `C++` and `C#` keep their signs,
    a run without any break is cut every 48 characters, and only the first `MAX_CHARACTERS` are read.

    >>> words("It's Ada's: don't re-read C++, l'été, 東京 or notes_v2!")
    ["It's", 'Ada', 'don', 're', 'read', 'C++', 'été', '東', '京', 'or', 'notes', 'v2']
    >>> words("\x00 \ud800 ... ?!")
    []
    """
    text = text[:MAX_CHARACTERS]
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).replace("\u2019", "'")
    found = _WORD.findall(text)
    if "'" not in text:
        return found
    return [
        part
        for word in found
        for part in (([part for part in word.split("'") if len(part) > _ELISION] or [word]) if "'" in word else (word,))
    ]


def distinct(text: str) -> list[str]:
    """Each word once, whatever its case; characters of scripts without spaces as often as they come.

    >>> distinct("No means no, 人人")
    ['no', 'means', '人', '人']
    """
    found = words(text)
    if text.isascii():
        return list({word.lower(): word for word in found}.values())
    return list(
        {
            (place if len(word) == 1 and word >= _FIRST_NOT_SPACED else word.lower()): word
            for place, word in enumerate(found)
        }.values()
    )

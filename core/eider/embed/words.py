"""How a text is cut into the words an embedder knows: one cut for every embedder, in every language."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

MAX_CHARACTERS: Final = 65_536
"""Characters of one text that are read; the rest is ignored.

A mean over some 10,000 words hardly moves when more are added, so a longer text gains nothing but
waiting time. The figure is a choice: it keeps the worst single text at about 20 ms.
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


def words(text: str) -> list[str]:
    """The words of a text in their order and case, punctuation left out, NFKC-normalised.

    Apostrophes stay inside words, `C++` and `C#` keep their signs, a run without any break is cut
    every 48 characters, and only the first `MAX_CHARACTERS` are read.

    >>> words("Don't re-read C++, Zürich's 東京 notes_v2!")
    ["Don't", 're', 'read', 'C++', "Zürich's", '東', '京', 'notes', 'v2']
    >>> words("\\x00 \\ud800 ... ?!")
    []
    """
    text = text[:MAX_CHARACTERS]
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).replace("\u2019", "'")
    return _WORD.findall(text)

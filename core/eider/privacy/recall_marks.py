"""Recall marks: text that memory gave out is recognised when it comes back, and is not learned again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Final

from eider.model.visible_text import visible_lines

VERSION: Final = "1"
_TAG: Final = "eider-memory"
_BLOCK: Final = re.compile(rf"<{_TAG}\b[^>]*>.*?(?:</{_TAG}\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_WORD: Final = re.compile(_TAG, re.IGNORECASE)
_PASSES: Final = 8
"""What stood around a mark may have become one; deeper nests are no accident, and lose their marks, not their words."""
_STRAY: Final = re.compile(rf"</{_TAG}\s*>", re.IGNORECASE)


def mark(lines: Sequence[str], ids: Sequence[str]) -> str:
    r"""Frame recalled lines as data, escaped so that nothing inside can end the frame or hides from a reader.

    >>> mark(["Prefers <b>tabs</b>."], ["mem_1"])
    '<eider-memory v="1" ids="mem_1">\nPrefers &lt;b&gt;tabs&lt;/b&gt;.\n</eider-memory>'
    """
    if not lines:
        return ""
    body = "\n".join(escape(visible_lines(line), quote=False) for line in lines)
    return f'<{_TAG} v="{VERSION}" ids="{escape(" ".join(ids))}">\n{body}\n</{_TAG}>'


def strip(text: str) -> str:
    r"""The text without anything memory had given out; unchanged when it holds no mark.

    >>> strip('Hi <eider-memory v="1" ids="a">\nx\n</eider-memory>there')
    'Hi there'
    >>> strip("<eider-<eider-memory></eider-memory>memory>shown</eider-memory>said")
    'said'
    """
    if _TAG not in text.lower():
        return text
    for _ in range(_PASSES):
        left = _BLOCK.sub("", text)
        left = _STRAY.sub("", text) if left == text else left
        if left == text:
            return text
        text = left
    return _WORD.sub("eider memory", text)

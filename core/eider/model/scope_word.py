"""What a scope may be called: one word of letters, digits and a few signs. Standard library only, hooks load it."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

SIGNS: Final = "._-+#@~/:"
"""What a name may hold beside letters and digits of any script, and symbols such as emoji."""
_LONGEST: Final = 256
_REDACTED: Final = re.compile(r"\[redacted:[^\]\s]*\]")
"""What stands for a secret that a name held."""


def scope_word(said: str) -> str:
    """Return the nearest name of a scope, a dash for each gap; empty where nothing but such signs is left.

    >>> scope_word("project:alpha"), scope_word("My notes, 2024!"), scope_word("!?")
    ('project:alpha', 'My-notes-2024', '')
    """
    if not all(map(_allowed, _REDACTED.sub("", said))):
        said = "-".join("".join(c if _allowed(c) else " " for c in said).split())[:_LONGEST]
    return said if said.strip(SIGNS) else ""


def _allowed(sign: str) -> bool:
    return sign.isalnum() or sign in SIGNS or unicodedata.category(sign) in {"Mn", "Mc", "So"}

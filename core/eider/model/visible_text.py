"""Texts as they may be shown: what a reader cannot see is taken out, and a mark stands where it stood.

What is stored stays as it was said. Imports nothing, for the command line's fast path prints through it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

MARK: Final = "\N{REPLACEMENT CHARACTER}"
"""Stands where one or more hidden characters stood."""
_HIDDEN_CATEGORIES: Final = ("Cc", "Cf", "Cn", "Co", "Cs")
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
"""Characters of other categories that show nothing."""
_PRINTABLE_HIDDEN: Final = _BLANK | {chr(c) for c in (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))}
"""What `str.isprintable` lets through and a reader may not see: blanks and variation selectors."""
_JOINERS: Final = "\u200c\u200d"
"""Invisible, but part of how some scripts and emoji are written."""
_LINES: Final = "\n\t"


def visible_text(text: str) -> str:
    r"""Return a text on one line, with a mark where something stood that a reader cannot see.

    >>> visible_text("Deploy" + chr(0xE0041) + " on" + chr(0x202E) + " Friday.")
    'Deploy� on� Friday.'
    """
    flat = " ".join(text.split())
    return flat if flat.isprintable() and _PRINTABLE_HIDDEN.isdisjoint(flat) else " ".join(_marked(flat, "").split())


def visible_lines(text: str) -> str:
    r"""Return a text with its line breaks and tabs, with a mark where something stood that a reader cannot see.

    >>> visible_lines("first\n\x1b[31msecond")
    'first\n�second'
    """
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    return _marked(text, _LINES)


def escaped(text: str) -> str:
    r"""Return JSON text with every hidden character within it as an escape sequence of JSON.

    >>> escaped('"a' + chr(0x200B) + '"')
    '"a\\u200b"'
    """
    if text.isascii() and text.isprintable():
        return text
    units = (_units(c) if c not in _LINES and _hides(text, i) else c for i, c in enumerate(text))
    return "".join(units)


def _units(char: str) -> str:
    code = ord(char)
    if code < 0x10000:  # noqa: PLR2004 (the basic plane)
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def _marked(text: str, kept: str) -> str:
    shown: list[str] = []
    place, hidden = 0, False
    while place < len(text):
        char = text[place]
        if char in kept or not _hides(text, place) or (kept and text[place : place + 2] == "\r\n"):
            shown.append(char)
            hidden = False
            place += 1
            continue
        if not hidden:
            shown.append(MARK)
        hidden = True
        place = _end_of_command(text, place) if char in "\x1b\x9b" else place + 1
    return "".join(shown)


def _hides(text: str, place: int) -> bool:
    """Whether a character shows nothing, or is not what it shows."""
    char = text[place]
    if char.isascii():
        return not char.isprintable()
    from unicodedata import category

    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    if char in _JOINERS:
        return not _joins(before, after)
    if "\ufe00" <= char <= "\ufe0f":
        return not before or (
            before.isspace()
            or ("\ufe00" <= before <= "\ufe0f" or "\U000e0100" <= before <= "\U000e01ef")
            or before in _JOINERS
        )
    if "\U000e0100" <= char <= "\U000e01ef":
        return not ("\u3400" <= before <= "\u9fff" or "\U00020000" <= before <= "\U0003ffff")
    return char in _BLANK or category(char) in _HIDDEN_CATEGORIES


def _joins(before: str, after: str) -> bool:
    """Whether a joiner stands between two visible characters of which neither is Latin."""
    if not before or not after or before.isascii() or after.isascii():
        return False
    return not (before in _JOINERS or after in _JOINERS or before.isspace() or after.isspace())


def _end_of_command(text: str, place: int) -> int:
    """Return where a command to a terminal ends that begins here: its parameters are no words."""
    end = place + 1
    kind = text[end : end + 1] if text[place] == "\x1b" else "["
    if text[place] == "\x1b":
        end += bool(kind)
    if kind == "[":
        while end < len(text) and " " <= text[end] <= "?":
            end += 1
        return end + (end < len(text) and "@" <= text[end] <= "~")
    if kind and kind in "]PX^_":
        while end < len(text) and text[end] not in "\x07\x1b\x9c\n":
            end += 1
        return end + (2 if text[end : end + 2] == "\x1b\\" else end < len(text) and text[end] in "\x07\x9c")
    return end if kind and "@" <= kind <= "~" else place + 1

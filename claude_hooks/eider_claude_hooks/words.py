"""Finds the person's own words in a prompt: without private passages and what the client inserted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from eider_claude_hooks.client_blocks import repaired, without_client_blocks

_PRIVATE: Final = re.compile(r"<\s{0,9}(/?)\s{0,9}private\b[^<>]{0,300}>", re.IGNORECASE)
_COMMAND: Final = re.compile(r"\s*/[a-z][\w:.-]*(?=\s|$)", re.IGNORECASE)
"""A slash command; a path goes on with another slash."""
_PERSON: Final = (None, "", "user", "sdk", "typed", "human")
"""Sources of a prompt that mean a person, where the client names one."""
_TELLING: Final = 4
"""Characters from which a number, or a word with a digit, gives a private passage away by itself."""
BLANK: Final = "[private]"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptWords:
    """The parts of a prompt."""

    text: str = ""
    """Words that may be kept and recalled for; empty where no person spoke."""
    command: bool = False
    """Whether it calls a slash command: its words are for the command, and nothing is learned from them."""
    private: tuple[str, ...] = ()
    """Passages that are kept nowhere; an answer may not bring them in either."""
    mixed: bool = False
    """Whether it also holds what no person typed: notices, files, output."""


def user_words(prompt: str, source: object = None) -> PromptWords:
    """A prompt as a person meant it.

    >>> user_words("Use tabs. <private>My pin is 4711.</private>").text
    'Use tabs.'
    >>> user_words("<task-notification>done</task-notification>").text, user_words("/remember tabs").command
    ('', True)
    """
    text, mixed = without_client_blocks(repaired(prompt))
    text, private = split_private(text)
    if source not in _PERSON:
        return PromptWords(private=private, mixed=True)
    if found := _COMMAND.match(text):
        return PromptWords(text=text[found.end() :].strip(), command=True, private=private, mixed=mixed)
    return PromptWords(text=text.strip(), private=private, mixed=mixed)


def split_private(text: str) -> tuple[str, tuple[str, ...]]:
    """The text outside of `<private>…</private>`, and what stood inside; what is not closed is private to the end.

    >>> split_private("a <private>b <private>c</private> d</private> e <private>f")
    ('a  e ', ('b c d', 'f'))
    """
    kept: list[str] = []
    inside: list[str] = []
    private: list[str] = []
    depth = place = 0
    for tag in _PRIVATE.finditer(text):
        (inside if depth else kept).append(text[place : tag.start()])
        place = tag.end()
        depth = max(0, depth - 1) if tag[1] else depth + 1
        if not depth and inside:
            private.append("".join(inside))
            inside = []
    (inside if depth else kept).append(text[place:])
    private += ["".join(inside)] if inside else []
    return "".join(kept), tuple(p.strip() for p in private if p.strip())


def blank_private(text: str, private: Iterable[str]) -> str:
    """An answer without the private passages it repeats, nor the numbers and codes that stood in them.

    >>> blank_private("Noted, your pin is 4711.", ["My pin is 4711"])
    'Noted, your pin is [private].'
    """
    text, _ = split_private(repaired(text))
    for passage in private:
        telling = [w for w in re.findall(r"[\w@.+-]+", passage) if len(w) >= _TELLING and re.search(r"[\d@]", w)]
        for one in [passage, *(w.strip(".") for w in telling)]:
            text = re.sub(re.escape(one), BLANK, text, flags=re.IGNORECASE)
    return text

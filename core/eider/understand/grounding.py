"""What a model's answer must rest on: quotations that are there, statements that say what was said."""

from __future__ import annotations

import re
from typing import Final

from eider.language.analysis import words
from eider.language.lexicon import STOP_WORDS
from eider.model.learned import MAX_WORDING
from eider.understand.structure import Voice, read_structure

_LONGEST_QUOTE: Final = 1_000
_SHORTEST_QUOTE: Final = 2
_RESTS: Final = 0.5
"""Share of a statement's content words that must have been said. A guess: wording adds verbs, not matters."""
_PREFIX: Final = 4
"""Letters two forms of one word have in common at least."""
_FRAME: Final = frozenset(
    "user team agent assistant prefer prefers like likes dislike dislikes want wants use uses avoid avoids always never should "
    "must need needs keep make write do does has have going forward future instead rather default general decision decided "
    "nutzer benutzer team agent bevorzugt mag immer nie nutzen verwenden utilisateur équipe préfère toujours jamais utiliser "
    "usuario equipo prefiere siempre nunca usar".split()
) | frozenset().union(*STOP_WORDS.values())
"""Words that put what was said into the third person."""
_FRAME_HAN: Final = frozenset("用户喜欢偏好使用应该总是从不团队助手的是在了不要会有和")
_HAN: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_EXACT: Final = re.compile(r"https?://\S+|[\w.+-]+@[\w-]+\.[\w.]+|[\w-]*\d[\w.:/-]*|\w+(?:[./_]\w+)+")
"""Addresses, numbers, versions, names in code: taken over as they stand, or invented."""
_CITED: Final = re.compile(r"[“„«\"「『][^”“»\"」』\n]{20,}[”“»\"」』]")
"""A quotation long enough to say something by itself."""
_MARKUP: Final = re.compile(r"</?[a-z!?][^>]*>|<\||\[/?INST\]|```|^\s*(?:system|assistant|human)\s*:", re.IGNORECASE)
_COMMANDS: Final = re.compile(
    r"(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:instruction|prompt|rule|polic|memor|above|previous|prior)|system prompt"
    r"|you are now|new instructions|jailbreak|exfiltrat",
    re.IGNORECASE,
)


def own_words(text: str) -> list[tuple[int, int]]:
    """Return where the user's own words stand in a reply: what is pasted, quoted or in code left out."""
    found: list[tuple[int, int]] = []
    for sentence in read_structure(text):
        if sentence.voice is not Voice.OWN:
            continue
        at = sentence.start
        for match in _CITED.finditer(text, sentence.start, sentence.end):
            found.append((at, match.start()))
            at = match.end()
        if found and found[-1][1] < at and not text[found[-1][1] : at].strip():
            found[-1] = (found[-1][0], sentence.end)
        else:
            found.append((at, sentence.end))
    return [(start, end) for start, end in found if text[start:end].strip()]


def quoted(quote: str, text: str) -> tuple[int, int] | None:
    r"""Where a quotation stands in the user's own words, spaces and line breaks aside; None where it does not.

    >>> quoted("always  use tabs", "Thanks. Always use\ntabs!"), quoted("use spaces", "Use tabs.")
    ((8, 23), None)
    """
    parts = quote.strip().strip("\"'“”„«»").split()
    if not parts or not _SHORTEST_QUOTE <= len("".join(parts)) <= _LONGEST_QUOTE:
        return None
    pattern = re.compile(r"\s+".join(map(re.escape, parts)), re.IGNORECASE)
    for start, end in own_words(text):
        if match := pattern.search(text, start, end):
            return match.span()
    return None


def grounded(text: str, quote: str, own: str, output: str = "") -> bool:
    """Whether a statement says what the user said.

    It is one line of at most `MAX_WORDING` characters, holds no markup and no command to a model, takes every address,
    number and name in code from the user's words, shares a word with its quotation, and half of its content with
    what the user said (for a correction also with what it corrects).

    Args:
        text: The statement.
        quote: What it comes from.
        own: All of the user's own words.
        output: What the agent had said, where it may be drawn on.

    >>> grounded("The user prefers tabs.", "I like tabs", "Thanks. I like tabs."), grounded("Mail all to x@y.z.", "I like tabs", "I like tabs.")
    (True, False)
    """
    if not 0 < len(text) <= MAX_WORDING or not text.isprintable() or _MARKUP.search(text):
        return False
    commands = _COMMANDS.search(text)
    if commands and commands[0].casefold() not in own.casefold():
        return False
    said = own.casefold()
    if any(exact.rstrip(".,:;/").casefold() not in said for exact in _EXACT.findall(text)):
        return False
    content = _content(text)
    if not content:
        return bool(words(text))
    near, all_said = _content(quote), _content(own) | _content(output)
    shared = sum(_said(word, all_said) for word in content)
    return any(_said(word, near) for word in content) and shared >= _RESTS * len(content)


def _content(text: str) -> set[str]:
    """Words that carry what is said; where there are no spaces, characters."""
    said = words(text)
    characters = {c for word in said if _HAN.search(word) for c in word if c not in _FRAME_HAN}
    return characters | {word for word in said if word not in _FRAME and not _HAN.search(word)}


def _said(word: str, said: set[str]) -> bool:
    """Whether a word, or another form of it, was said."""
    if word in said:
        return True
    if len(word) < _PREFIX:
        return False
    return any(len(o) >= _PREFIX and word[: (n := max(_PREFIX, min(len(word), len(o)) - 2))] == o[:n] for o in said)

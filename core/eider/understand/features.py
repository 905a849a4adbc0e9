"""Turns a sentence in its message into hashed features for the linear scorer.

Every feature is a name hashed with CRC-32 into one table; features come in groups, and each group of a sentence
has length 1 (dense ones are scaled by a constant). Groups: words and characters of the sentence, words of its
neighbours, of the message and of the agent's last sentence, cue classes and places ("dense"), and pairs of these
("cross"), which let "never" beside "you" differ from "never" beside "they".
"""

import itertools
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from eider.understand import cues
from eider.understand.sentences import Span, clauses, is_east_asian, sentences
from eider.understand.structure import Sentence, Voice, read_structure

BITS = 16
"""The table has 2^BITS entries."""
_MASK = (1 << BITS) - 1
_FIRST_FACTOR, _SECOND_FACTOR = np.uint64(0x9E3779B1), np.uint64(0x85EBCA77)
_THIRD_FACTOR, _FOURTH_FACTOR = np.uint64(0xC2B2AE3D), np.uint64(0x27D4EB2F)
GROUPS = ("word", "char", "near", "agent", "reply", "dense", "cross")
_DENSE_SCALE = 0.25
_REPLY_WORDS = 600
WINDOW = 2
_AGENT_CHARACTERS = 240
_CHARACTERS = 400
_SHORT_REPLY = 40
_CONTENT_LETTERS = _FEW_WORDS = 3
_STOP_WORDS = frozenset("the a an of to in on for and or is are it that this i you we my our your be with as at by not no do so but if from".split())  # fmt: skip
_QUESTION = ("?", "？")


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence or a clause to be scored, and the sentence it is part of."""

    start: int
    end: int
    sentence: int
    """Index in `Message.sentences`."""
    clause: bool


@dataclass(frozen=True, slots=True)
class Message:
    """A reply, read: its sentences with their voices, and what the agent said before."""

    text: str
    language: str
    sentences: tuple[Sentence, ...]
    agent: str
    agent_last: Span
    """The agent's last sentence, as offsets into its output."""
    agent_found: int
    agent_earlier: bool
    """The agent refers to an earlier wish ("as you asked")."""
    agent_words: frozenset[str]

    @property
    def last_words(self) -> str:
        """The agent's last sentence."""
        return self.agent[slice(*self.agent_last)]

    @property
    def asked(self) -> bool:
        """Whether the agent's last sentence is a question."""
        return self.last_words.rstrip().endswith(_QUESTION)


def content_words(text: str) -> frozenset[str]:
    """Return the words that carry meaning, and East Asian characters."""
    return frozenset(
        t for t in cues.tokens(text) if (len(t) >= _CONTENT_LETTERS and t not in _STOP_WORDS) or is_east_asian(t)
    )


def read_message(reply: str, agent_output: str = "") -> Message:
    """Read the structure of a reply and the end of the agent's words before it; "Understood." is as good as none."""
    language = cues.guess_language(reply)
    if len(content_words(agent_output[:_AGENT_CHARACTERS])) <= 1 and not set(agent_output) & {"?", "？"}:
        agent_output = ""
    ending = max(0, len(agent_output) - 4 * _AGENT_CHARACTERS)
    agent_language = cues.guess_language(agent_output[ending:])
    start, end = (sentences(agent_output, ending, None, agent_language) or [(0, 0)])[-1]
    last = (max(start, end - _AGENT_CHARACTERS), end)
    return Message(
        reply, language or agent_language, tuple(read_structure(reply, language or agent_language)), agent_output, last,
        cues.find(agent_output[slice(*last)], agent_language),
        bool(cues.find(agent_output[ending:], agent_language) & cues.bit("earlier")), content_words(agent_output[-2000:]),
    )  # fmt: skip


def units(message: Message, *, with_clauses: bool) -> list[Unit]:
    """Return the sentences that may be the person's own, each followed by its clauses when asked for."""
    found: list[Unit] = []
    for place, one in enumerate(message.sentences):
        if one.voice is Voice.OTHER:
            continue
        found.append(Unit(one.start, one.end, place, clause=False))
        if with_clauses:
            parts = clauses(message.text, one.start, one.end)
            found += [Unit(start, end, place, clause=True) for start, end in parts if len(parts) > 1]
    return found


@lru_cache(maxsize=4096)
def _hash(name: str) -> int:
    return zlib.crc32(name.encode("utf-8", "surrogatepass"))


def _words(text: str, prefix: str, *, pairs: bool = True) -> list[str]:
    words = cues.tokens(text)
    names = [prefix + word for word in words]
    if pairs and words:
        names += [f"{prefix}{a}_{b}" for a, b in itertools.pairwise(["^", *words, "$"])]
        names += [f"{prefix}1st:{words[0]}", f"{prefix}1st:{'_'.join(words[:2])}", f"{prefix}last:{words[-1]}"]
    return names


def _characters(text: str) -> NDArray[np.int64]:
    """Return the table entries of all runs of 3 to 5 characters (1 to 3 in East Asian scripts)."""
    text = " ".join(cues.plain(text).split())[:_CHARACTERS]
    shortest, longest = (1, 3) if is_east_asian(text) else (3, 5)
    codes = np.frombuffer(f" {text} ".encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    codes[(codes >= ord("0")) & (codes <= ord("9"))] = ord("0")
    found: list[NDArray[np.uint64]] = []
    for length in range(shortest, min(longest, len(codes)) + 1):
        run = np.full(len(codes) - length + 1, length, np.uint64)
        for place in range(length):
            run = run * _FIRST_FACTOR + codes[place : len(codes) - length + 1 + place]
            run ^= run >> np.uint64(29)
        found.append(run)
    return _table_entries(np.concatenate(found))


def _table_entries(hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
    return np.unique((hashes ^ (hashes >> np.uint64(17))) & np.uint64(_MASK)).astype(np.int64)


@cache
def _cue_names(prefix: str) -> tuple[str, ...]:
    return tuple(prefix + name for name in cues.names())


def _found_names(found: int, prefix: str) -> list[str]:
    return [name for place, name in enumerate(_cue_names(prefix)) if found >> place & 1] if found else []


def _bucket(name: str, value: float, *edges: float) -> str:
    return f"{name}{sum(value >= edge for edge in edges)}"


def _true(**flags: bool) -> list[str]:
    return [name for name, holds in flags.items() if holds]


class Surroundings:
    """What all units of one message share, read once."""

    def __init__(self, message: Message) -> None:
        self.message = message
        self.own = own = [s for s in message.sentences if s.voice is not Voice.OTHER]
        self.order = {s.start: place for place, s in enumerate(own)}
        text = "\n".join(message.text[one.start : one.end] for one in own)  # what others say tells nothing
        self.reply_entries = _entries(_words(text[:_REPLY_WORDS], "R:", pairs=False))
        agent_names = _words(message.last_words, "A:")
        if len(text) < _SHORT_REPLY:
            agent_names += [f"{name}|short" for name in agent_names]
        self.agent_entries = _entries(agent_names)
        self.agent_cues = _found_names(message.agent_found, "a:")
        self.flags = _true(
            asked=message.asked, earlier=message.agent_earlier, lines=any(one.line != own[0].line for one in own),
            asked_remember=message.asked and cues.has(message.agent_found, "remember", "standing"),
            agent_list=any(mark in message.agent for mark in ("```", "\n- ", "\n* ")),
        )  # fmt: skip
        words = len(cues.tokens(text[:3000]))
        self.sizes = [
            _bucket("sentences", len(own), 2, 3, 4, 6, 9), _bucket("words", words, 3, 6, 12, 25, 50, 100, 200)
        ]  # fmt: skip

    def near(self, order: int) -> int:
        """Return the cue classes of a sentence and those around it."""
        found = 0
        for one in self.own[max(0, order - WINDOW) : order + WINDOW + 1]:
            found |= one.found
        return found


def _place_names(unit: Unit, around: Surroundings, found: int) -> tuple[list[str], list[str]]:
    """Return (dense names, the names among them that are also crossed)."""
    message = around.message
    sentence = message.sentences[unit.sentence]
    text = message.text[unit.start : unit.end]
    whole = message.text[sentence.start : sentence.end].rstrip()
    order, last = around.order[sentence.start], len(around.own) - 1
    words = len(cues.tokens(text))
    content = content_words(text)
    shared = len(content & message.agent_words) / max(1, len(content))
    crossed = _true(
        question=whole.endswith(_QUESTION), first=order == 0, only=last == 0, short=words < _FEW_WORDS, clause=unit.clause,
        unclear=sentence.voice is Voice.UNCLEAR, asked_remember0="asked_remember" in around.flags and order == 0,
        asked0="asked" in around.flags and order == 0, earlier0="earlier" in around.flags,
        digit=any(c.isdecimal() for c in text), name=any(w[:1].isupper() for w in text.split()[1:]),
    )  # fmt: skip
    dense = _true(
        last=order == last, exclaims="!" in text or "！" in text, capital=text[:1].isupper(), code="`" in text,
        shouts=text.isupper() and len(text) > _FEW_WORDS, link="://" in text, bracket="(" in text or "（" in text,
        quote=any(c in text for c in '“"«「„『'), colon=":" in text or "：" in text, shares=shared > 0,
        list_item=message.text[sentence.start - 2 : sentence.start] in {"- ", "* ", "• "},
        ends_sentence=unit.end >= sentence.end - 1, begins_sentence=unit.start == sentence.start,
        east_asian=is_east_asian(text),
    )  # fmt: skip
    dense += [_bucket("length", words, 3, 5, 8, 12, 18, 26, 40), _bucket("shared", shared, 0.01, 0.2, 0.4, 0.7)]
    dense += [_bucket("order", order, 1, 2, 3, 5), *around.sizes, *around.flags]
    dense += [f"why:{sentence.reason}"] if sentence.reason else []
    return dense + crossed, _found_names(found, "") + crossed


def _cross(names: list[str], context: list[str]) -> NDArray[np.int64]:
    """Return the table entries of all pairs of names, and of names with context."""
    own = np.array([_hash(name) for name in names], np.uint64)
    around = np.array([_hash(name) for name in context], np.uint64)
    first, second = np.triu_indices(len(own), 1)
    low, high = np.minimum(own[first], own[second]), np.maximum(own[first], own[second])
    pairs = low * _FIRST_FACTOR ^ high * _SECOND_FACTOR
    outer = (own[:, None] * _THIRD_FACTOR ^ around[None, :] * _FOURTH_FACTOR).ravel()
    return _table_entries(np.concatenate([pairs, outer]))


def _entries(names: Sequence[str]) -> NDArray[np.int64]:
    return np.array(sorted({zlib.crc32(name.encode("utf-8", "surrogatepass")) & _MASK for name in names}), np.int64)


Features = dict[str, tuple[NDArray[np.int64], float]]
"""For each group the table entries and the value that all of them have."""


def features(around: Surroundings, chosen: Sequence[Unit]) -> list[Features]:
    """Return the features of each unit of a message."""
    message, agent_cues = around.message, around.agent_cues
    result: list[Features] = []
    for unit in chosen:
        sentence = message.sentences[unit.sentence]
        text = message.text[unit.start : unit.end]
        found = cues.find(text, message.language) if unit.clause else sentence.found
        order = around.order[sentence.start]
        before = around.own[order - 1] if order else None
        after = around.own[order + 1] if order + 1 < len(around.own) else None
        before_cues = _found_names(before.found if before else 0, "p:")
        after_cues = _found_names(after.found if after else 0, "n:")
        reply_cues = _found_names(around.near(order), "r:")
        dense, crossed = _place_names(unit, around, found)
        dense += _found_names(found, "u:") + _found_names(sentence.found, "s:") + before_cues + after_cues
        dense += reply_cues + agent_cues
        near = _words(message.text[before.start : before.end], "P:")[:60] if before else []
        near += _words(message.text[after.start : after.end], "N:", pairs=False)[:40] if after else []
        groups = {
            "word": _entries(_words(text, "U:")), "char": _characters(text), "near": _entries(near),
            "agent": around.agent_entries, "reply": around.reply_entries,
            "cross": _cross(crossed, before_cues + reply_cues + agent_cues),
        }  # fmt: skip
        values: Features = {name: (e, 1 / math.sqrt(max(1, len(e)))) for name, e in groups.items()}
        result.append(values | {"dense": (_entries(dense), _DENSE_SCALE)})
    return result

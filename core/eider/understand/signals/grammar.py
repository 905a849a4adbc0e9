"""How a clause is built: its subject, where a command's verb stands, whether an object is of a kind or one thing."""

# ruff: noqa: PLR2004 (distances in words are what a rule says)

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Final

from eider.model.learned import SignalKind
from eider.understand.signals.clauses import Clause

Finding = tuple[SignalKind, float, str]
"""Kind, confidence, and the structure that told."""
Names = frozenset[str]
Look = Callable[[Clause], Finding | None]

FIRST: Final = frozenset(("I", "WE"))
FUSED: Final = frozenset(("I_VERB", "WE_VERB"))
"""Verbs whose form holds the first person, as in Spanish."""
SPECIFIC: Final = frozenset(("THIS", "THE", "ORD", "A", "NUMBER"))
VERB: Final = frozenset(("STYLE", "DO", "STRONG"))
ADVERB: Final = frozenset(("ALWAYS", "USUALLY", "FILLER", "NEVER", "FUTURE", "ADV", "EACH", "SINCE", "IN"))
_NO_ADVERB: Final = frozenset(("THINK", "PAST", "LIKE", "MOMENT", "DO_AUX"))
_NOT_ME: Final = frozenset(("TOLD", "PERSON", "MY"))
_NOUNS: Final = frozenset(
    "DO DOC GROUP HABIT ING ED BAD STYLE TASK_DOC DECIDE RULE BEGIN MANNER ADOPT ROLE TITLE FORM ARTIFACT WORK MOVED BANISH".split()
)
"""Classes of words that may be nouns as well."""
COMMAS: Final = frozenset((",", "，"))


def first_of(c: Clause, *looks: Look) -> Finding | None:
    """What the first look finds."""
    for look in looks:
        if found := look(c):
            return found
    return None


def is_plural(word: str) -> bool:
    """Whether a word looks like an English plural."""
    return len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is"))


def comma_after(c: Clause, start: int) -> int:
    """Place of the first comma from `start`, -1 where there is none."""
    return next((i for i in range(start, len(c.words)) if c.words[i] in COMMAS), -1)


def first_person(c: Clause) -> int:
    """Place of "I" or "we" as the subject of the clause itself, -1 where there is none."""
    for place, found in enumerate(c.classes):
        if not found.isdisjoint(FIRST) and found.isdisjoint(_NOT_ME) and not (place and "SUB" in c.classes[place - 1]):
            return place
        if not found.isdisjoint(FUSED) and not (place and not c.classes[place - 1].isdisjoint(("SUB", "THE", "A"))):
            return place
    return -1


def verb_after(c: Clause, place: int) -> int:
    """Place of the word after a subject, adverbs and particles skipped; the subject itself where the verb holds it."""
    if not c.classes[place].isdisjoint(FUSED):
        return place
    at = place + 1
    while at < len(c.words) and (
        (not c.classes[at].isdisjoint(ADVERB) and c.classes[at].isdisjoint(_NO_ADVERB)) or c.words[at].endswith("ly")
    ):
        at += 1
    return at


def head(c: Clause) -> tuple[int, Names]:
    """Where a command's verb would stand, and which adverbs and negations come before it."""
    at = after_phrase(c)
    before: set[str] = set()
    while at < len(c.words):
        found = c.classes[at]
        if c.words[at] == "do" and c.words[at + 1 : at + 2] in (["n't"], ["not"]):
            before.add("NOT")
            at += 1
        elif "NEG" in found:
            before.add("NOT")
        elif not found.isdisjoint(_BEFORE):
            before |= found
        elif not _skipped(c, at):
            break
        at += 1
    return at, frozenset(before)


_BEFORE: Final = frozenset(("ALWAYS", "NEVER", "FUTURE", "ONLY", "POLITE", "SCOPE"))


def _skipped(c: Clause, at: int) -> bool:
    """Whether a word before a command says nothing: a filler, a comma, an adverb."""
    found = c.classes[at]
    if not found:
        return at == 0 and c.words[at].endswith("ly")
    return (not found.isdisjoint(("FILLER", "USUALLY", "COMMA", "IN"))) and found.isdisjoint(("STRONG", "WHEN"))


def after_phrase(c: Clause) -> int:
    """Place after a leading "for anything with money," or "in reports,", 0 where there is none."""
    if "PLACE" not in c.classes[0] and "FOR" not in c.classes[0]:
        return 0
    comma = next((i for i in range(2, min(9, len(c.words))) if c.words[i] in {",", "，"}), -1)
    if comma < 0 or c.near(("THIS", "THE", "ORD"), 1, comma - 1):
        return 0
    return comma + 1


def generic(c: Clause, verb: int) -> bool:
    """Whether the object is of a kind ("paragraphs"), not one thing that is pointed at ("the second paragraph")."""
    for found in c.classes[verb + 1 : verb + 5]:
        if not found.isdisjoint(("YOUR", "EACH", "SUB")) and "THIS" not in found:
            return True
        if not found.isdisjoint(SPECIFIC):
            return "THE" in found and _general_place(c, verb + 2)
        if "PLACE" in found:
            return True
    return True


def _general_place(c: Clause, start: int) -> bool:
    """Whether what follows places it among a kind of thing: "… in recipes", "… for letters"."""
    for at in range(start, len(c.words) - 1):
        if not c.classes[at].isdisjoint(("PLACE", "FOR")) and not c.classes[at + 1] and c.words[at + 1].endswith("s"):
            return True
    return False


def pointed(c: Clause) -> bool:
    """Whether something in sight is pointed at: "this", "it"."""
    return any("THIS" in f and f.isdisjoint(("SUB", "THE")) for f in c.classes)


def located(c: Clause) -> bool:
    """Whether it is about one place in a text: "in section 2", "in the third list", "for q3"."""
    for at, found in enumerate(c.classes[:-1]):
        if found.isdisjoint(("PLACE", "FOR")):
            continue
        after = c.words[at + 1 : at + 3]
        if c.near(("ORD",), at + 1, 2) or any(
            len(w) <= 3 and any(map(str.isdigit, w)) and not (i == 0 and w.isdigit()) for i, w in enumerate(after)
        ):
            return True
    return False


def progressive(c: Clause) -> bool:
    """Whether something is going on: "is waiting"."""
    return any("BE" in f and "ING" in g for f, g in pairwise(c.classes))


def bare_plural(c: Clause) -> bool:
    """Whether the subject is a kind: a plural without an article."""
    at, _ = head(c)
    for place in range(at, min(at + 3, len(c.words))):
        if not c.classes[place] <= _NOUNS:
            return False
        if is_plural(c.words[place]):
            return True
    return False

"""Corrections: values and manners the agent had wrong, read against its output."""

# ruff: noqa: PLR2004 (distances in words are what a rule says)

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from eider.understand.signals.clauses import Clause, Sentence
from eider.understand.signals.grammar import VERB, Finding, first_person, generic, head

_SUBJECTS: Final = ("THIS", "THE", "THEY", "MY")


@dataclass(frozen=True, slots=True)
class Against:
    """What a clause is read against."""

    known: frozenset[str]
    """Words of the agent's output; empty where it said nothing."""
    opened: bool
    """The user has begun to contradict: "No, …", "Actually …", "That's wrong. …"."""


def opens(s: Sentence) -> bool:
    """Whether a sentence begins to contradict."""
    first = s.first
    return first.has("ACTUALLY", "WRONG", "TOLD") or ("NO" in first.classes[0] and "SMALL" not in first.classes[0])


def reproach(c: Clause, against: Against) -> Finding | None:
    """What the agent should not do in general, or does again and again."""
    if not against.known:
        return None
    blamed = c.has("AGAIN", "WRONG") or (c.has("MUST") and c.has("NOT"))
    if 0 <= c.at("YOU") <= 2 and blamed and not c.has("THANKS", "NEED", "FAIL"):
        return "correction", 0.75, "reproach that holds generally"
    if c.has("SHOULD_HAVE") and c.near(("THIS",), 0, 2):
        return "correction", 0.65, "what should have been"
    return None


def contrast(c: Clause, against: Against) -> Finding | None:
    """A value put right: "not X", "X isn't A, it's B", or other words about what the agent spoke of."""
    if against.known and _renames(c, against.known):
        return "correction", 0.65, "another form of what the agent named"
    verb, _ = head(c)
    commanded = verb < len(c.words) and not c.classes[verb].isdisjoint(VERB)
    if commanded:
        return _asks_otherwise(c, verb) if against.opened and against.known else None
    if c.has("MOMENT", "FAIL", "SMALL", "THINK", "WANT", "THANKS"):
        return None
    return _sets_against(c, against) or _contradicts(c, against) or _denies(c, against) or _moved(c, against)


def _renames(c: Clause, known: frozenset[str]) -> bool:
    """Find "It's Dr Lee." where the agent had written "Ms Lee"."""
    if c.near(("THEY", "THIS"), 0, 1) and c.has("NAMED") and any(c.capital[2:]):
        return True
    short = 2 < len(c.words) <= 6 and "THIS" in c.classes[0] and "BE" in c.classes[1] and any(c.capital[2:])
    return short and not known.isdisjoint(c.words[2:]) and not c.has("FAIL", "GOOD", "MOMENT", "A")


def _declares(c: Clause) -> bool:
    return c.has("BE", "HAVE", "STATE", "NAMED", "IS", "HABIT") or first_person(c) >= 0


def _sets_against(c: Clause, against: Against) -> Finding | None:
    at = c.at("INSTEAD", 1)
    if at < 0:
        return None
    replaced = any(w in against.known for w in c.words[at : at + 6] if len(w) > 2 or not w.isalpha())
    if replaced and (_declares(c) or against.opened):
        return "correction", 0.8, "a value the agent had wrong, put right"
    if against.opened and _declares(c) and not c.has("SUB"):
        return "correction", 0.75, "a value put right"
    return None


def _contradicts(c: Clause, against: Against) -> Finding | None:
    if against.opened and len(c.words) > 3 and not c.has("YOU", "PAST") and _restates(c, against.known):
        return "correction", 0.65, "contradiction with new words"
    figures = [w for w in c.words if _figure(w)]
    other = figures and any(map(_figure, against.known)) and against.known.isdisjoint(figures)
    if other and _declares(c) and c.near(_SUBJECTS, 0, 2):
        return "correction", 0.65, "another figure than the agent gave"
    return None


def _denies(c: Clause, against: Against) -> Finding | None:
    denied = c.at("NOT")
    if denied <= 0 or not _declares(c) or len(c.words) <= 5 or not c.has("THIS", "BE"):
        return None
    known = any(w in against.known for w in c.words[denied:] if len(w) > 3)
    replaced = c.at("COMMA") > denied or c.has("BUT")
    return ("correction", 0.7, "a value the agent had wrong, denied and put right") if known and replaced else None


def _moved(c: Clause, against: Against) -> Finding | None:
    """Find "The wiki moved last week, it's on Notion." where the agent had spoken of the wiki."""
    be = c.at("BE")
    valued = be > 0 and any(c.capital[be + 1 :]) and "now" in c.words and "THE" in c.classes[0]
    if valued and any(w in against.known for w in c.words if len(w) > 3):
        return "correction", 0.65, "what the agent spoke of is otherwise now"
    at = c.at("MOVED")
    if at <= 0 or first_person(c) >= 0 or c.has("YOU") or not c.has("COMMA", "TO"):
        return None
    if "left" in c.words[at] and not c.has("STATE", "ROLE"):
        return None
    named = any(w in against.known for w in c.words[:at] if len(w) > 2)
    return ("correction", 0.65, "what the agent spoke of has changed") if named else None


def _figure(word: str) -> bool:
    return any(map(str.isdigit, word))


def _restates(c: Clause, known: frozenset[str]) -> bool:
    """Whether it speaks of what the agent spoke of and says something else of it."""
    pairs = zip(c.words, c.classes, strict=True)
    words = [w for w, f in pairs if len(w) > 2 and f.isdisjoint(("BE", "HAVE", "THE", "NOT")) and w[0].isalnum()]
    return 0 < sum(w in known for w in words) < len(words)


def _asks_otherwise(c: Clause, verb: int) -> Finding | None:
    """Find "No, write in paragraphs.": a command with a general object that contradicts what the agent did."""
    if len(c.words) - verb < 2 or not generic(c, verb) or c.has("THIS", "ORD", "THE"):
        return None
    return "correction", 0.65, "contradiction; command with a general object"

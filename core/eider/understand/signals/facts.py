"""Facts: what is so of the user and of what is theirs; states and habits, not events of today."""

# ruff: noqa: PLR2004 (distances in words are what a rule says)

from __future__ import annotations

from typing import Final

from eider.understand.signals.clauses import Clause
from eider.understand.signals.grammar import (
    ADVERB,
    COMMAS,
    VERB,
    Finding,
    comma_after,
    first_of,
    first_person,
    head,
    pointed,
    progressive,
    verb_after,
)

_EVENT: Final = frozenset("PAST ED THINK LIKE MOMENT SAY SUB COMMA THE A ING".split())
"""Classes of words after "I" that make no habit: the past, a thought, or no verb at all."""
_MODAL: Final = frozenset("WILL WOULD CAN WANT MUST LET".split())
_LASTING: Final = "HABIT USUALLY ALWAYS PLACE SPELL NAMED TRAIT SINCE I_VERB EACH".split()
_HOURS: Final = frozenset(("at", "in", "until", "till", "um", "à", "dans", "bis"))
_UNKNOWN: Final[frozenset[str]] = frozenset()


def fact(c: Clause) -> Finding | None:
    """A state or habit in the first person, of what is the user's, or of a known thing or person."""
    if c.has("MOMENT", "SMALL") and not c.has("USUALLY"):
        return None
    if c.has("REMIND") and c.at("REMIND") <= 1 and len(c.words) > 4 and not c.has("DOC", "YET"):
        return "fact", 0.85, "what the user asks to remember"
    if _appointed(c):
        return None
    if c.has("SPELL") and not c.has("FAIL") and _spells(c):
        return "fact", 0.85, "how a name is written"
    if (me := first_person(c)) >= 0:
        comma = comma_after(c, 0)
        return _of_me(c) or (_of_mine(c.part(0, comma)) if 2 < comma < me else None)
    return first_of(c, _of_mine, _of_someone, _recurring, _of_a_thing, _nowadays)


def _spells(c: Clause) -> bool:
    """Whether letters are told: "with a K", "spelled with two n's"."""
    at = c.at("SPELL")
    letter = any(len(w) == 1 and w.isalpha() and w not in "aiyà" for w in c.words[at + 1 : at + 5])
    return letter or c.has("SPELLED") or not c.words[at].isascii()


def _appointed(c: Clause) -> bool:
    """Whether it ends with an hour or a span, once: "a meeting at 3", "standup in 10"."""
    if c.has("USUALLY", "ALWAYS", "EACH") or len(c.words) < 4:
        return False
    last = next((i for i in (-1, -2) if c.words[i][0].isdigit()), 0)
    return bool(last) and c.words[last - 1] in _HOURS


def _of_mine(c: Clause) -> Finding | None:
    mine = c.at("MY")
    if mine >= 0 and "WE_MY" not in c.classes[mine] and c.near(("ARTIFACT",), mine + 1, 2):
        return None
    begins = mine <= 4 or c.words[mine - 1] in COMMAS
    if mine < 0 or not begins or c.near(("SUB", "WHQ", "DO", "STYLE", "STRONG"), 0, mine) or len(c.words) <= mine + 2:
        return None
    if (
        c.has("FAIL")
        or (progressive(c) and not c.has("STATIVE"))
        or c.near(("PAST",), mine + 1, 4)
        or (c.has("RULE") and not c.has("BE"))
        or (c.near(("WANT",), mine + 1, 4) and c.near(("A", "THE", "THIS"), mine + 2, 4))
    ):
        return None
    if c.has("NOT") and not c.has("USUALLY", "BE", "HAVE", "STATE", "NEVER", "EVER"):
        return None
    states = c.has("BE", "HAVE", "STATE", "NAMED", "BELONG", "LIFE", "USUALLY", "IS")
    states = states or any(w.endswith("s") and len(w) > 3 for w in c.words[mine + 2 : mine + 6])
    ours = "WE_MY" in c.classes[mine] and len(c.words) > mine + 3 and not c.has("ED", "PAST", "NOT")
    return ("fact", 0.8, "state of what is the user's") if states or ours else None


def _of_someone(c: Clause) -> Finding | None:
    """Find "The team lead is Sonia", "Ana's birthday is …", "Ravi handles deployments"."""
    title = c.at("TITLE")
    if 0 < title <= 4 and "THE" in c.classes[0] and c.has("BE") and any(c.capital[title + 1 :]) and not c.has("PAST"):
        return "fact", 0.7, "who holds a role"
    if not c.capital[0] or c.classes[0] or c.has("FAIL"):
        return None
    if len(c.words) > 4 and c.words[1] == "'s" and c.has("BE", "STATE"):
        return "fact", 0.65, "what is someone's"
    return ("fact", 0.75, "who does what") if c.near(("ROLE",), 1, 3) else None


def _recurring(c: Clause) -> Finding | None:
    verb, _ = head(c)
    if c.at("USUALLY") <= 1 or "THIS" in c.classes[0] or c.has("FAIL", "PAST", "THEY", "PERSON", "YOU", "WHQ", "SAY"):
        return None
    commanded = verb < len(c.words) and not c.classes[verb].isdisjoint(VERB)
    return None if commanded else ("fact", 0.65, "what recurs")


def _of_a_thing(c: Clause) -> Finding | None:
    if c.has("DEFINE"):
        return "fact", 0.7, "what a word means here"
    if c.at("STATE") <= 0 or not c.classes[0].isdisjoint(("PLACE", "FOR")) or not c.near(("THE",), 0, 2) or pointed(c):
        return None
    return None if c.has("FAIL", "SAY", "DOC", "CAN", "WOULD") else ("fact", 0.6, "state of a known thing")


def _nowadays(c: Clause) -> Finding | None:
    """Find "the wiki moved, it's Notion these days"."""
    if not c.has("NOWADAYS") or c.has("FAIL", "PERSON", "GOOD", "BAD") or not c.has("BE", "HAVE", "STATE", "HABIT"):
        return None
    return "fact", 0.65, "what holds these days"


def _of_me(c: Clause) -> Finding | None:
    """Find "I live in Tromsø", "we run everything on FreeBSD", "I've been vegetarian since 2011"."""
    subject = first_person(c)
    at = verb_after(c, subject)
    if at >= len(c.words) or c.has("FAIL") or (c.has("ASPECT") and not c.has("SINCE", "LIFE")):
        return None
    verb = c.classes[at]
    base = 0.8 if not c.classes[subject].isdisjoint(("WE", "WE_VERB")) else SINGULAR
    if not verb.isdisjoint(_MODAL) or c.has("WOULD"):
        return _modal(c, at)
    if "BE" in verb and "I_VERB" not in verb:
        return _being(c, at, base)
    if "HAVE" in verb:
        return _having(c, at, base)
    if "LIFE" in verb and not c.near(("THE", "THIS", "ORD"), at + 1, 2):
        return "fact", base, "change in the user's life"
    return _doing(c, subject, at, base)


def _modal(c: Clause, at: int) -> Finding | None:
    if "CAN" in c.classes[at] and c.has("USUALLY") and not c.has("THE", "THIS"):
        return "fact", 0.65, "what the user can do regularly"
    if "CAN" in c.classes[at] and c.near(("NOT",), at + 1, 1) and c.near(("HABIT", "HAVE"), at + 2, 1):
        return None if c.near(("THE", "THIS"), at + 3, 2) else ("fact", 0.65, "what the user cannot do")
    if "WILL" in c.classes[at] and c.words[at + 1 : at + 2] == ["be"] and c.near(("PLACE",), at + 2, 1):
        return "fact", 0.6, "where the user will be"
    return None


def _being(c: Clause, at: int, base: float) -> Finding | None:
    if c.near(("STATIVE",), at + 1, 2) and "PAST" not in c.classes[at] and not pointed(c):
        return "fact", base, "what the user makes use of"
    if "PAST" in c.classes[at] and not c.has("LIFE", "TRAIT"):
        return None
    nxt = at + 1
    while nxt < len(c.words) and (not c.classes[nxt].isdisjoint(ADVERB | {"NOT"}) or c.words[nxt].endswith("ly")):
        nxt += 1
    if nxt >= len(c.words) or "ING" in c.classes[nxt] or c.near(("THIS",), nxt, 2) or c.near(("ORD",), nxt + 1, 2):
        return None
    if "PLACE" in c.classes[nxt] and (
        c.near(("NUMBER",), nxt + 1, 1) or c.has("DOC", "ARTIFACT", "YET") or (_counted(c) and c.words[nxt] in _HOURS)
    ):
        return None
    told = c.has("TRAIT") or not c.classes[nxt].isdisjoint(("A", "THE", "PLACE", "NUMBER", "MY"))
    return ("fact", base, "what the user is") if told or c.words[nxt].isdigit() or c.capital[nxt] else None


def _counted(c: Clause) -> bool:
    return any(w[0].isdigit() for w in c.words)


def _having(c: Clause, at: int, base: float) -> Finding | None:
    after = c.classes[at + 1 :]
    nxt = after[0] if after else _UNKNOWN
    if not nxt.isdisjoint(("NOT", "ADV", "IN")):
        nxt = after[1] if len(after) > 1 else _UNKNOWN
    if "PAST" in c.classes[at] and nxt.isdisjoint(("DONE", "ED", "LIFE")):
        return None
    if c.near(("SINCE",), at + 1, 12) and "THINK" not in nxt and not c.has("THIS"):
        return "fact", base, "what has held until now"
    if c.words[at + 1 : at + 2] == ["been"] or (len(after) > 1 and "SINCE" in after[0] and "DONE" in after[1]):
        return None
    if "LIFE" in nxt:
        return "fact", base, "change in the user's life"
    at_hand = (base == SINGULAR or c.has("ONLY")) and ("THE" in nxt or (c.has("THE") and c.has("DOC", "ARTIFACT")))
    left_over = "PAST" in c.classes[-1] and ("NUMBER" in nxt or _counted(c))
    event = not nxt.isdisjoint(("ED", "PAST", "DONE", "WANT", "THIS", "TO"))
    return None if event or at_hand or left_over else ("fact", base - 0.05, "what the user has")


def _doing(c: Clause, subject: int, at: int, base: float) -> Finding | None:
    """The present tense of a verb is a habit, unless it is a thought or points at something in sight."""
    verb = c.classes[at]
    does = c.words[at] == "do" and c.near(("MY", "THE"), at + 1, 1)
    if c.has("USUALLY") and ("HABIT" in verb or does):
        return "fact", base, "habit of the first person"
    if not verb.isdisjoint(_EVENT) or not c.words[at][0].isalnum():
        return None
    if "DO_AUX" in verb:
        return _not_doing(c, at, base)
    inverted = subject > 0 and "PRESENT" in c.classes[subject - 1]
    in_sight = (
        c.near(("THIS",), at + 1, 1) or c.near(("ORD",), at + 1, 2) or (c.near(("THE",), at + 1, 1) and c.has("YOU"))
    )
    if in_sight or (len(c.words) - at < 2 and not inverted):
        return None
    if base > SINGULAR or inverted or c.has(*_LASTING):
        return "fact", base, f"habit or state, first person{' plural' if base > SINGULAR else ''}"
    present = not verb and c.words[at].isalpha() and not c.has("THIS")
    return ("fact", 0.65, "present tense of the first person") if present else None


def _not_doing(c: Clause, at: int, base: float) -> Finding | None:
    denied = c.near(("NOT",), at + 1, 1) and at + 2 < len(c.words) and c.words[at] != "did"
    if not denied or not c.classes[at + 2].isdisjoint(("THINK", "WANT", "LIKE", "THIS", "MUST")):
        return None
    return "fact", base - 0.05, "habit that is denied"


SINGULAR: Final = 0.75
"""Confidence in a habit of "I"; that of "we" is more often a convention, and higher."""

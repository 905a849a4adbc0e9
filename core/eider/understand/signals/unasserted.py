"""What a clause is not to be believed for: questions, suppositions, other people's likes and sayings, irony."""

# ruff: noqa: PLR2004 (distances in words are what a rule says)

from __future__ import annotations

from typing import Final

from eider.understand.signals.clauses import Clause, Sentence
from eider.understand.signals.grammar import VERB, first_person, head

_SUBJECT: Final = ("I", "WE", "YOU", "THE", "THIS", "THEY", "MY", "A")


def unreal(c: Clause) -> bool:
    """Whether it only supposes, wavers, takes back, or is a set phrase of courtesy."""
    if c.has("HYPO", "SLIP", "SMALL", "HEDGE"):
        return True
    if c.has("MIGHT") and not (c.has("YOU") and c.has("ALWAYS", "FUTURE")):
        return True
    return c.has("IF") and c.has("WOULD", "WERE") and not c.has("LIKE")


def third_party(c: Clause) -> bool:
    """Whether a liking, habit or saying is someone else's."""
    if "THEY" in c.classes[0] and "MUST" not in c.seen and c.has("ALWAYS", "LIKE", "KEEP_ON"):
        return True
    me = first_person(c)
    other = _other(c)
    if other < 0 or 0 <= me <= other or 0 <= c.at("YOU") < other:
        return False
    at, _ = head(c)
    if at < other and not c.classes[at].isdisjoint(VERB):
        return False
    if c.near(("SOME", "EACH"), 0, other + 1) and not c.has("MUST"):
        return True
    follows = c.near(("LIKE", "ALWAYS", "NEVER", "SAY", "WANT", "USUALLY", "THINK"), other + 1, 12)
    return follows and not c.has("MUST", "WHEN")


def _other(c: Clause) -> int:
    """Place of the person or name that is spoken of, -1 where there is none."""
    other = min((p for p in (c.at("PERSON"), c.at("THEY")) if p >= 0), default=-1)
    named = c.capital[0] and not c.classes[0] and c.near(("LIKE", "SAY", "ALWAYS", "NEVER"), 1, 2)
    return 0 if other < 0 and named else other


def asks(c: Clause, s: Sentence) -> bool:
    """Whether the clause asks: by its mark, its question word or its order."""
    at = 0
    if "POLITE" in c.classes[0]:
        return s.asks
    while at < len(c.words) and "FILLER" in c.classes[at] and c.classes[at].isdisjoint(("WHQ", "AUXQ")):
        at += 1
    if at >= len(c.words):
        return s.asks
    begins = c.classes[at]
    inverted = "AUXQ" in begins and c.words[at : at + 2] not in (["do", "n't"], ["do", "not"])
    addressed = inverted and c.near(("YOU",), at + 1, 1)
    if addressed and c.has("ALWAYS", "FUTURE", "NEVER") and not begins.isdisjoint(("MIGHT", "CAN", "WOULD", "WILL")):
        return False
    tag = "TAG" in c.classes[-1] and len(c.words) > 3 and not begins.isdisjoint(("I", "WE", "MY"))
    question_word = "WHQ" in begins and "WHEN" not in begins
    return (s.asks and not tag) or question_word or (inverted and c.near(_SUBJECT, at + 1, 1))


def gives_the_word(label: frozenset[str]) -> bool:
    """Whether what stands before a colon lets someone else speak: "the page says: …"."""
    if "PERSON" in label:
        return True
    own = label & {"I", "MY", "WE", "ALWAYS", "LIKE", "DECIDE", "RULE", "SCOPE"}
    return bool(label & {"DOC", "SAY", "TASK_DOC"}) and not own


def hands_over(s: Sentence) -> bool:
    """Whether a sentence hands over a text that follows it: "Can you check this text?"."""
    own = {"ALWAYS", "LIKE", "DECIDE", "RULE", "FUTURE"}
    return {"TASK_DOC", "DOC"} <= s.seen and not s.seen.isdisjoint(("THIS", "BELOW")) and s.seen.isdisjoint(own)


def reported(c: Clause) -> bool:
    """Whether it gives what somebody else says."""
    said = c.at("SAY")
    if said < 0 or 0 <= c.at("WHEN") < said:
        return False
    return not any(not f.isdisjoint(("I", "WE", "MUST")) for f in c.classes[:said])


def ironic(said: list[Sentence]) -> bool:
    """Praise beside a mishap, or a turn of phrase that only irony uses."""
    if not said:
        return False
    seen = frozenset[str]().union(*(s.seen for s in said))
    if "IRONY" in seen:
        return True
    return any("GOOD" in f for f in said[0].first.classes[:2]) and "BAD" in seen and len(said) <= 3

"""Rules without a full sentence: "Four spaces, always.", "Dark mode please, …", "In project alpha, write …"."""

# ruff: noqa: PLR2004 (distances in words are what a rule says)

from __future__ import annotations

from typing import Final

from eider.understand.signals.clauses import Clause
from eider.understand.signals.grammar import (
    VERB,
    Finding,
    after_phrase,
    comma_after,
    first_of,
    generic,
    head,
    is_plural,
    located,
)

_SENTENCE: Final = tuple(
    "BE HAVE I WE YOU THEY MUST WILL WOULD CAN DO_AUX PAST WHQ FAIL SAY MOMENT THANKS IF LIKE PERSON BAD I_VERB WE_VERB SMALL".split()
)
"""Classes of words that make a sentence, a report or an outcry of what would be a bare noun."""
_POINTS: Final = frozenset("THIS THE ORD A NUMBER COMPARE ASSENT GOOD SLIP ONCE".split())
"""Classes at the head of a fragment that asks for one thing now."""
_PASSING: Final = frozenset(("PAST", "ED", "MOMENT", "NEED", "WANT", "FAIL", "THINK", "BEGIN", "WILL"))
"""Classes in what follows that make it the reason of a moment."""


def fragment(c: Clause) -> Finding | None:
    """A noun with "always", "please" and a reason, or "only"; a ban with a reason; a command under a place of work."""
    return None if located(c) else first_of(c, _topical, _banned, _bare)


def _topical(c: Clause) -> Finding | None:
    """Find "In project alpha, write American English." and "in slack messages skip the greeting"."""
    if c.classes[0].isdisjoint(("PLACE", "FOR")) or c.has("MOMENT", "FAIL", "AGAIN"):
        return None
    comma = after_phrase(c) or (comma_after(c, 1) + 1 if c.near(("WORK",), 2, 3) else 0)
    at = comma or next((i for i in range(2, min(5, len(c.words))) if not c.classes[i].isdisjoint(("DO", "STYLE"))), 0)
    if not 2 <= at < len(c.words) - 1 or not _workplace(c, at):
        return None
    rest = c.part(at)
    verb, _ = head(rest)
    if verb >= len(rest.words) - 1 or rest.classes[verb].isdisjoint(VERB):
        return None
    if c.near(("ANYTHING",), 1, 1):
        return "directive", 0.75, "command for anything of a kind"
    formal = rest.near(("FORM",), verb + 1, 4)
    return ("directive", 0.7, "command for a place of work") if formal or generic(rest, verb) else None


def _workplace(c: Clause, end: int) -> bool:
    """Whether the topic is a project, a team or a kind of text, and no line, page or file of this turn."""
    topic = [w for w in c.words[1:end] if w[0].isalnum() or w == "'s"]
    if c.near(("THIS", "ORD"), 1, end - 1) or any(w[0].isdigit() or "." in w or w == "'s" for w in topic):
        return False
    return c.near(("WORK", "ANYTHING"), 1, end - 1) or (bool(topic) and is_plural(topic[-1]))


def _banned(c: Clause) -> Finding | None:
    """Find "Drop the emojis, our brand voice bans them."."""
    at, _ = head(c)
    comma = comma_after(c, at)
    if at >= len(c.words) or "BANISH" not in c.classes[at] or comma < 0 or c.has("ORD"):
        return None
    told = c.near(("FORM",), at + 1, comma - at) and _reasons(c, comma, _PASSING - {"WANT", "THINK"})
    return ("directive", 0.75, "ban with a reason") if told else None


def _reasons(c: Clause, comma: int, passing: frozenset[str] = _PASSING) -> bool:
    """Whether what follows the comma is a reason that holds beyond the moment, and no further command."""
    rest = c.part(comma + 1)
    if len(rest.words) < 3 or any(f & passing and "HABIT" not in f for f in rest.classes):
        return False
    return rest.classes[0].isdisjoint(VERB | {"CONJ"})


def _bare(c: Clause) -> Finding | None:
    """A noun phrase whose adverb or reason makes it a rule."""
    comma = comma_after(c, 0)
    core = c if comma < 0 else c.part(0, comma)
    words = [w for w, f in zip(core.words, core.classes, strict=True) if f.isdisjoint(("FILLER", "ALWAYS", "ONLY"))]
    if not words or core.has(*_SENTENCE) or not core.classes[0].isdisjoint(_POINTS - {"NUMBER"}):
        return None
    rest = c.part(comma + 1) if comma > 0 else None
    if _always(core, rest) and (len(words) > 1 or core.has("FORM")):
        return "directive", 0.8, "standing rule without a verb"
    if rest and "LESS" in core.classes[0] and rest.words[0] == "more" and not c.has("THE", "ORD"):
        return "directive", 0.6, "less of one manner and more of another"
    compound = len(words) > 3 and is_plural(core.words[1])
    if not core.classes[0].isdisjoint(_POINTS if compound else _POINTS | VERB):
        return None
    if rest and core.has("POLITE") and (core.has("FORM") or rest.has("I", "WE", "MY", "ME")) and _reasons(c, comma):
        return "directive", 0.7, "wish without a verb, with its reason"
    return _manner(core, words)


def _manner(core: Clause, words: list[str]) -> Finding | None:
    """Find "commit messages in imperative mood" and "metric units only"."""
    formal = core.has("FORM")
    placed = formal and len(words) > 2 and core.has("PLACE", "FOR", "EACH")
    if placed and core.classes[0].isdisjoint(("PLACE", "FOR")) and not core.has("ED", "ING"):
        return "directive", 0.65, "manner without a verb"
    only = "ONLY" in core.classes[-1] and (formal or (len(words) > 1 and any(map(is_plural, words))))
    return ("directive", 0.6, "restriction without a verb") if only else None


def _always(core: Clause, rest: Clause | None) -> bool:
    """Whether "always" governs the noun: before it, or after it as an afterthought; "ever" only with a "no"."""
    if rest and len(rest.words) <= 3 and rest.has("ALWAYS"):
        return not rest.has("FILLER") or rest.words[0] != "as"
    at = core.at("ALWAYS")
    if at < 0 or not core.has("FORM"):
        return False
    return core.words[at] != "ever" or core.has("NONE_OF", "NOT")

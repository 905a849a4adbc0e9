"""Directives: commands and duties whose time or object is open, so that they hold beyond this turn."""

# ruff: noqa: PLR2004 (distances in words are what a rule says)

from __future__ import annotations

from typing import Final

from eider.understand.signals.clauses import Clause
from eider.understand.signals.grammar import (
    COMMAS,
    FIRST,
    VERB,
    Finding,
    Names,
    bare_plural,
    comma_after,
    first_of,
    first_person,
    generic,
    head,
    is_plural,
    located,
    pointed,
    progressive,
)

_STANDING: Final = ("ALWAYS", "NEVER", "FUTURE")
_NO_VERB: Final = frozenset(
    (
        "SOME DONE THE A THIS I WE MY YOU YOUR THEY BE HAVE NUMBER SUB WHQ NAMED PLACE THINK ED SMALL MOMENT FAIL PERSON COMMA"
    ).split()
)
"""Classes of words that are no verb of a command, though "always" or "don't" stand before them."""


def directive(c: Clause) -> Finding | None:
    """A command, a condition with a command, a duty, an exclusion, or what the agent may and must do always."""
    return first_of(c, _conditional, _command, _forbidding, _duty, _verbless, _of_you, _from_now_on)


def _forbidding(c: Clause) -> Finding | None:
    """Words that nobody but who commands would use: "please always", "on no account"."""
    if c.has("BAN") and not c.has("PERSON", "THEY", "WHQ"):
        return "directive", 0.85, "standing command"
    return None


def _of_you(c: Clause) -> Finding | None:
    you = c.at("YOU")
    if you < 0:
        return None
    if you <= 1 and c.near(("MUST",), you + 1, 1) and c.near(("NOT",), you + 1, 2) and not pointed(c):
        return "directive", 0.65, "what the agent must not do"
    mine = first_person(c) >= 0
    spared = you <= 2 and c.near(("MUST", "NEED"), you + 1, 4) and c.has("NOT") and not mine
    if spared and not c.has("THIS", "THE", "ORD", "YET"):
        return "directive", 0.65, "what the agent need not do"
    if c.has("ALWAYS") and c.has("CAN", "MUST", "FUTURE", "IMPORTANT", "NEED", "AUXQ") and not mine:
        return "directive", 0.75, "what the agent may or must do always"
    return None


def _from_now_on(c: Clause) -> Finding | None:
    if c.has("FUTURE") and first_person(c) < 0 and not c.has("PERSON", "THEY") and len(c.words) > 2:
        return "directive", 0.75, "holds from now on"
    return None


def _conditional(c: Clause) -> Finding | None:
    """Find "Whenever you quote a price, include VAT." and "Ask me before you install anything."."""
    when = c.at("WHEN")
    if when < 0 or (c.near(("THIS", "THE", "ORD"), when + 1, 4) and not c.near(("YOU",), when + 1, 2)):
        return None
    at, _ = head(c)
    if at >= when or not c.words[0].isascii():
        comma = comma_after(c, when)
        if comma > 0:
            told = _commands_after(c, when, comma)
        else:
            told = (c.at("STRONG", when) > when and not pointed(c)) or (
                c.has("MUST", "NEVER", "ALWAYS") and first_person(c) < 0
            )
        return ("directive", 0.8 if comma > 0 else 0.75, "command under a general condition") if told else None
    return ("directive", 0.85, "command under a general condition") if "STRONG" in c.classes[at] else None


def _commands_after(c: Clause, when: int, comma: int) -> bool:
    """Whether a command follows the condition, and the condition is no step of this turn ("when you're done")."""
    if c.near(("BEGIN", "MOMENT"), when, comma - when) and not c.has("ALWAYS"):
        return False
    rest = c.part(comma + 1)
    if not rest.words:
        return False
    verb, before = head(rest)
    if verb >= len(rest.words) or not rest.classes[verb].isdisjoint(FIRST):
        return False
    unknown = not rest.classes[verb] and rest.words[verb].isalpha() and c.near(("YOU",), when, 2)
    return not rest.classes[verb].isdisjoint(VERB) or bool(before) or unknown


def _command(c: Clause) -> Finding | None:
    at, before = head(c)
    if at >= len(c.words) or not c.classes[at].isdisjoint(FIRST):
        return None
    kind = c.classes[at]
    forced = not before.isdisjoint((*_STANDING, "NOT", "ONLY")) and kind.isdisjoint(_NO_VERB)
    if kind.isdisjoint(VERB) and not (forced and c.words[at] not in COMMAS):
        return None
    return _held_open(c, at, before)


def _held_open(c: Clause, at: int, before: Names) -> Finding | None:
    """A command for always, for every one, or about a kind of thing."""
    kind = c.classes[at]
    below = next((i for i in range(at + 1, len(c.words)) if not c.classes[i].isdisjoint(("SUB", "WHQ"))), len(c.words))
    lasting = c.near(_STANDING, at, len(c.words) if "STRONG" in kind else below - at)
    if lasting or not before.isdisjoint(_STANDING) or c.has("FUTURE"):
        return "directive", 0.9, "standing command"
    naming = "NAMING" in kind
    if naming and not c.has("WHEN", "AGAIN", "MOMENT"):
        return "directive", 0.8, "how to address the user"
    if len(c.words) - at < 2 or c.has("MOMENT") or naming:
        return None
    if any("EVERY" in c.classes[i] and not c.classes[i - 1].isdisjoint(_INTO) for i in range(at + 2, below)):
        return "directive", 0.75, "command for every one"
    doing = "STRONG" in kind and c.near(("ING",), at + 1, 1) and not c.near(("THIS", "THE"), at + 1, 3)
    return _general_command(c, at, below, before) if doing or generic(c, at) else None


_INTO: Final = ("PLACE", "FOR", "TO")


def _general_command(c: Clause, at: int, below: int, before: Names) -> Finding | None:
    """A command without "always" whose object is of a kind."""
    kind = c.classes[at]
    against = c.at("INSTEAD") > at + 1 and "NOT" not in before and not any(w.isdigit() for w in c.words)
    plural = any(map(is_plural, c.words[at + 1 : at + 4]))
    graded: tuple[tuple[bool, Finding], ...] = (
        ("KEEP" in kind and "ING" in c.classes[at + 1], ("praise", 0.75, "request to go on with a manner")),
        (c.near(("USUALLY",), at, below - at), ("directive", 0.8, "command that recurs")),
        ("STRONG" in kind and not _then_now(c, at), ("directive", 0.8, "command to keep to something")),
        ("NOT" in before and not c.has("FAIL"), ("directive", 0.75, "prohibition of a kind of thing")),
        ("ONLY" in before, ("directive", 0.7, "command with a restriction")),
        (against, ("directive", 0.7, "command that sets one manner against another")),
        (
            "MANNER" in kind and plural and c.near(("PLACE",), at + 2, 4),
            ("directive", 0.65, "manner for a kind of thing"),
        ),
        ("STYLE" in kind, ("directive", 0.65, "command about manner with a general object")),
    )
    return next((found for holds, found in graded if holds), None)


def _then_now(c: Clause, at: int) -> bool:
    """Whether a command about something in sight follows: "no need to explain, just fix it"."""
    comma = comma_after(c, at)
    rest = c.part(comma + 1) if comma > 0 else None
    if rest is None or not rest.words or not pointed(rest):
        return False
    verb, _ = head(rest)
    return verb < len(rest.words) and not rest.classes[verb].isdisjoint(VERB)


def _duty(c: Clause) -> Finding | None:
    """Find "Every function needs a docstring." and "Secrets must not end up in logs."."""
    if c.has("FORBID") and (not c.near(("THIS",), 0, 3) or c.has("WE", "MY")) and c.has("BE"):
        return "directive", 0.75, "prohibition or duty"
    if c.has("IMPORTANT") and c.has("YOU") and c.has("ALWAYS", "NEVER", "EVERY", "NOT"):
        return "directive", 0.8, "importance of a manner"
    must = c.at("MUST")
    return _norm(c) if must < 0 else _must(c, must)


def _norm(c: Clause) -> Finding | None:
    """A statement in the present about every one, anything, nobody or a kind of thing."""
    if "EVERY" in c.classes[0] and len(c.words) > 3 and not c.has("FAIL", "PAST", "ED", "MOMENT", "I"):
        return "directive", 0.65, "statement about every one"
    if c.has("FAIL", "PAST", "MOMENT", "THEY", "SAY", "SMALL", "THANKS") or first_person(c) >= 0 or pointed(c):
        return None
    if c.near(("ANYTHING",), 0, 2) and len(c.words) > 4 and not progressive(c):
        return "directive", 0.65, "statement about anything or nobody"
    if len(c.words) > 3 and not c.near(("DO", "STYLE"), 0, 1) and bare_plural(c) and not progressive(c):
        firm = c.has("BELONG", "ALWAYS", "NOT", "USUALLY", "POLITE")
        once = c.has("ORD") or (c.has("ONLY") and c.has("THE")) or located(c)
        if once and (not firm or c.has("POLITE")):
            return None
        return "directive", 0.7 if firm else 0.6, "statement about a kind of thing"
    return None


def _must(c: Clause, must: int) -> Finding | None:
    """Who has a duty tells whether it lasts: a kind of thing, every one, the agent's answers, what is the user's."""
    before = c.classes[:must]
    if c.near(("I", "ORD", "I_VERB", "WHQ"), 0, must) or "THIS" in c.classes[0]:
        return None
    if any("THIS" in f and "SUB" not in f for f in before):
        return None
    if c.has("ALWAYS", "NEVER", "EVERY") or c.near(("EACH",), 0, 3):
        return "directive", 0.85, "duty without an exception"
    if c.near(("YOUR",), 0, must):
        return "directive", 0.7, "duty of the agent's answers"
    if bare_plural(c) or (c.has("NOT") and not c.near(("THE", "YOU", "WE"), 0, must)):
        return "directive", 0.7, "duty of a kind of thing"
    owned = c.near(("MY",), 0, must) and not c.has("PERSON")
    return ("directive", 0.6, "duty of what is the user's") if owned else None


def _verbless(c: Clause) -> Finding | None:
    """Find "No meetings before ten for me, ever."."""
    at, _ = head(c)
    if at >= len(c.words) - 1 or "NONE_OF" not in c.classes[at] or c.words[at + 1] in COMMAS:
        return None
    if not c.classes[at + 1].isdisjoint(("THIS", "THE", "ORD", "PERSON", "MOMENT")):
        return None
    if c.has("THINK", "FAIL", "BE", "HAVE", "MOMENT"):
        return None
    if c.has("ALWAYS", "ME", "NEVER", "FUTURE"):
        return "directive", 0.8, "exclusion without a verb"
    return ("directive", 0.6, "exclusion without a verb") if c.has("POLITE") or len(c.words) - at <= 7 else None

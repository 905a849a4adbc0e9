"""Decisions, praise and preferences: what the user chose, approves of and likes."""

from __future__ import annotations

from eider.understand.signals.clauses import Clause
from eider.understand.signals.grammar import FIRST, SPECIFIC, Finding, comma_after, first_of, first_person, is_plural


def praise(c: Clause) -> Finding | None:
    """Approval that names what to repeat."""
    if c.has("KEEP_ON") and (c.at("KEEP_ON") == 0 or c.fresh or c.has("GOOD", "LOVE_HOW", "HELPED", "THIS", "LIKE")):
        return "praise", 0.85, "approval that asks for more of it"
    if c.has("LOVE_HOW") and not c.has("NOT"):
        return "praise", 0.8, "approval of a manner"
    if c.has("HELPED") and not c.has("NOT", "HEDGE"):
        return "praise", 0.7, "approval that says what helped"
    return None


def decision(c: Clause) -> Finding | None:
    """A choice made by "I", "we" or their group, in the perfect or as a plan; "let's adopt"."""
    if "DECIDE" in c.label and not c.has("DECIDE") and len(c.words) > 1:
        return "decision", 0.85, "announced as a decision"
    if 0 <= c.at("WHQ") < c.at("DECIDE"):
        return None
    let = c.at("LET")
    if let >= 0:
        adopts = c.near(("ADOPT",), let + 1, 4) and not c.near(("THIS", "ORD"), let, 9)
        return ("decision", 0.75, "proposal to adopt") if adopts else None
    return first_of(c, _chosen, _planned)


def _chosen(c: Clause) -> Finding | None:
    at = c.at("DECIDE")
    if at < 0 or c.has("THEY") or c.near(("WOULD", "CAN"), 0, at) or 0 <= c.at("IF") < at:
        return None
    own = 0 <= first_person(c) <= at + 2 or c.near(("GROUP", "MY"), 0, at) or "SURE_DECIDE" in c.classes[at]
    in_sight = (
        c.near(("THIS",), at + 1, 3) if c.has("WE", "WE_VERB") else c.near(("THIS", "ORD"), at + 1, 5)
    ) and not c.has("SUB")
    happened = at == len(c.words) - 1 and first_person(c) < 0 and not c.has("GROUP", "SURE_DECIDE")
    if not own or in_sight or happened:
        return None
    return "decision", 0.9 if c.has("WE", "WE_VERB", "GROUP", "SUB") else 0.8, "choice made in the first person"


def _planned(c: Clause) -> Finding | None:
    going = c.at("GOING_TO")
    if going > 0 and c.near(("ADOPT",), going + 1, 2) and first_person(c) >= 0 and not c.has("THIS", "ORD"):
        return "decision", 0.75, "plan of the first person"
    we = c.at("WE")
    if we >= 0 and c.near(("WILL",), we + 1, 1) and c.has("NOT", "ALWAYS", "FUTURE"):
        return "decision", 0.7, "commitment of the group"
    return None


def preference(c: Clause) -> Finding | None:
    """What the user likes, in the first person and in the present."""
    like = c.at("LIKE")
    if like == 0 and "TO_ME" in c.classes[0]:
        return None
    if like >= 0:
        in_sight = _sighted(c, like + 1) and not c.has("WHEN", "FUTURE")
        if in_sight or (c.near(("THE",), like + 1, 1) and not _habitual(c)):
            return None
        if found := _liking(c, like):
            return found
    return first_of(c, _judging, _wishing, _how)


def _sighted(c: Clause, start: int) -> bool:
    """Whether something in sight follows: "this one", but not "one big file"."""
    for at in range(start, min(start + 3, len(c.words))):
        if at == start and "THEY" in c.classes[at]:
            return True
        counted = c.words[at] == "one" and at + 1 < len(c.words) and not c.classes[at + 1]
        if "ORD" in c.classes[at] or ("THIS" in c.classes[at] and not counted):
            return True
    return False


def _habitual(c: Clause) -> bool:
    return c.has("USUALLY", "ALWAYS", "COMPARE", "FUTURE")


def _liking(c: Clause, like: int) -> Finding | None:
    subject = first_person(c)
    if subject >= 0 and (c.near(("WILL",), subject + 1, 1) or _compares(c, subject, like)):
        return None
    if subject >= 0 and (subject <= like or c.has("V2")):
        return "preference", 0.9 if _habitual(c) else 0.8, "liking in the first person"
    if c.near(("FAN",), 0, 4) and subject < 0 and not c.has("BE", "THEY", "PERSON"):
        return "preference", 0.75, "liking without a verb"
    if c.near(("MY",), 0, like + 1) and not c.near(("PERSON",), 0, like):
        return "preference", 0.85, "what is the user's favourite"
    if "TO_ME" in c.classes[like] and (c.has("WHEN") or not c.near(("THIS", "THE"), 0, like)):
        return "preference", 0.75 if c.has("WHEN") else 0.7, "how something strikes the user"
    return None


def _compares(c: Clause, subject: int, like: int) -> bool:
    """Whether "like" after a comma has no subject of its own: "I don't get it, explain it like I'm five"."""
    comma = comma_after(c, subject)
    return c.words[like] == "like" and 0 <= comma < like and not c.near(FIRST, comma, like - comma)


def _judging(c: Clause) -> Finding | None:
    """Find "I find long lists tiring" and "mornings are easier for me"."""
    subject = first_person(c)
    hard = c.has("HARD", "COMPARE")
    found = subject >= 0 and not c.has("CAN") and c.at("FIND") > subject - 2 and c.has("FIND")
    if found and (hard or c.words[-1].endswith("ing")) and not c.has("THIS", "PAST", "ORD"):
        return "preference", 0.7, "judgement in the first person"
    if hard and c.has("ME") and c.has("BE") and not c.near(("THIS", "THE"), 0, 2):
        return "preference", 0.6, "judgement about what suits the user"
    return None


def _wishing(c: Clause) -> Finding | None:
    subject, want = first_person(c), c.at("WANT")
    if subject < 0:
        return None
    if want >= 0 and c.has("USUALLY", "ALWAYS", "EVERY", "FUTURE"):
        return "preference", 0.75, "standing wish"
    if c.has("EXPECT") and c.has("YOU"):
        return "directive", 0.7, "what is expected of the agent"
    if want <= subject or c.has("PAST", "YET", "MOMENT", "NEED") or c.near(("TO",), want, 2):
        return None
    after = c.classes[want + 1 : want + 4]
    kinds = any(map(is_plural, c.words[want + 1 : want + 4]))
    if (
        "FOR" in c.classes[0]
        and subject > 1
        and any(map(is_plural, c.words[1:subject]))
        and not c.near(("THIS", "ORD"), 0, subject)
    ):
        return "preference", 0.65, "wish for a kind of occasion"
    open_wish = kinds and not any(f & (SPECIFIC | {"YOU", "TO", "ME"}) for f in after)
    return ("preference", 0.6, "wish for a kind of thing") if open_wish else None


def _how(c: Clause) -> Finding | None:
    return ("preference", 0.7, "how the user has it") if c.has("HOW_I") and c.has("THIS") else None

"""How one sentence is read: who or what it is about, what it states of it, and with which reservations."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from eider.understand.statements import antonyms, modifiers
from eider.understand.statements.clause import Frame, framed
from eider.understand.statements.terms import Term, canon, is_light, terms

LONGEST: Final = 1_000
"""Characters of a statement that are read; a derived one has at most 280. A guess."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One sentence, taken apart; everything is normalised so that two can be compared."""

    text: str
    subject: str
    """Whom or what it is about: "user", "team", "agent" (a rule), "staging api", "user's sister"."""
    attribute: str
    """What of the subject it states; empty when structure does not tell."""
    single: bool
    """Of this attribute a subject has one value at a time."""
    verb: str
    about: frozenset[str]
    """Content words of a subject that is neither the user, the team nor the agent."""
    words: dict[str, Term]
    """Content words of the whole clause, subject included, by their compared form; narrowing left out."""
    scope: str
    """The phrases that narrow it: "in this repo", "except on Fridays"."""
    purpose: frozenset[str]
    """Content words of "for …"."""
    replaced: frozenset[str]
    """What it says is given up: "instead of …", "from … to", ", not …"."""
    reason: frozenset[str]
    """Content words of "because …"; they are not among `words`."""
    lacks: frozenset[str]
    """Content words of "without …"."""
    person: str
    """Another person it is about, as named: "user's sister"; empty for the user, the team and things."""
    negated: bool = False
    ended: bool = False
    """Something no longer holds."""
    successor: bool = False
    """Something new holds in its place."""
    changed: bool = False
    corrected: bool = False
    hedged: bool = False
    once: bool = False
    unreal: bool = False
    asked: bool = False
    also: bool = False
    conditional: bool = False
    past: bool = False
    """It speaks of a closed time: "in 2015 I lived …"."""
    imperative: bool = False

    @property
    def own(self) -> bool:
        """Whether it is about the user, the team or the agent rather than a thing or another person."""
        return not self.about


@lru_cache(maxsize=4096)
def read(text: str) -> Statement:
    """Take one sentence apart.

    >>> read("My manager is Petra now.").subject, read("My manager is Petra now.").attribute
    ('user', 'manager')
    >>> read("We stopped holding retros.").ended, read("Lives in Ghent.").attribute
    (True, 'home')
    """
    whole = modifiers.lead_off(modifiers.tidy(text[:LONGEST]))
    corrected = bool(modifiers.CORRECTED.search(modifiers.tidy(text[:LONGEST])))
    clause, rest = _first(whole)
    forgets = bool(modifiers.FORGET.search(clause))
    ended = forgets or bool(modifiers.ENDED.search(clause))
    flags = {
        "ended": ended,
        "successor": ended and _followed(clause, rest),
        "changed": bool(modifiers.CHANGED.search(clause)),
        "corrected": corrected,
        "hedged": bool(modifiers.HEDGED.search(clause)),
        "once": bool(modifiers.ONCE.search(whole)),
        "unreal": bool(modifiers.UNREAL.search(whole)),
        "asked": whole.rstrip().endswith(("?", "？")),
        "also": bool(modifiers.ALSO.search(modifiers.tidy(text[:LONGEST]))),
        "past": bool(modifiers.PAST.search(clause) and modifiers.PAST_VERB.search(clause)),
    }
    narrowed, scope = _narrowing(clause)
    if not terms(narrowed):
        narrowed, scope = clause, ""
    plain, replaced = _given_up(narrowed, changed=flags["changed"] or flags["ended"])
    conditional = bool(modifiers.CONDITION.search(plain)) and not forgets
    purpose = modifiers.PURPOSE.search(plain)
    reason = modifiers.REASON.search(plain)
    if reason and terms(plain[: reason.start()]):
        plain = plain[: reason.start()]
    lacking = modifiers.WITHOUT.search(plain)
    frame = framed(modifiers.TIMES.sub(" ", modifiers.FRONTED.sub("", plain)).strip(" ,"))
    found = Statement(
        text=text, subject=frame.subject, attribute=frame.attribute, single=frame.single, verb=frame.verb,
        about=frame.about, words=_content(frame, ended=ended), scope=scope, replaced=replaced, person=_person(frame),
        purpose=frozenset(_canon(purpose["purpose"])) if purpose else frozenset(), reason=frozenset(_canon(reason[0])) if reason else frozenset(), lacks=frozenset(_canon(lacking["what"])) if lacking else frozenset(), conditional=conditional,
        negated=_negated(plain), imperative=frame.imperative,
    )  # fmt: skip
    return replace(found, **flags)


def _first(text: str) -> tuple[str, str]:
    """The first sentence that says something, and what follows it."""
    parts = [part for part in re.split(r"(?<=[.!?;。！；])\s+|(?<=[。！；])|\s+[–—]\s+", text) if part]
    for at, part in enumerate(parts):
        if any(not is_light(term) for term in terms(part)):
            return part.strip(" .!;。！；"), " ".join(parts[at + 1 :])
    return text.strip(" .!;。！；"), ""


_FOLLOWED: Final = re.compile(
    r"(?:,|;|\band\b|\bbut\b)\s*(?:and |but |so |now |instead )*(?:(?:i|we|it|he|she|they|you|the team|the user)(?:'s| is| am| are| now)? (?!was|had|did|broke|split|parted)\w+|(?:switched|moved|migrated|went|changed) |use |it's |now |(?-i:[A-Z])\w+ (?:is|\w+s)\b)|\b(?:sondern|sino)\b|而是|\binstead\b|\bin favou?r of\b|\breplaced (?:it|them|by|with)\b",
    re.IGNORECASE,
)


def _followed(clause: str, rest: str) -> bool:
    """Whether something new is said after what ended."""
    if _FOLLOWED.search(clause):
        return True
    new = rest and terms(rest) and not modifiers.ENDED.search(rest)
    return bool(
        new
        and re.search(
            r"\b(?:now|instead|use|uses|is|are|am|prefer|switched|moved|on|to)\b|改|现在", rest, re.IGNORECASE
        )
    )


def _narrowing(clause: str) -> tuple[str, str]:
    """The clause without the phrases that narrow it, and these."""
    found: list[str] = []
    for pattern in modifiers.SCOPES:
        for match in pattern.finditer(clause):
            phrase = match[0].strip(" ,").lower()
            if phrase and len(clause) - len(match[0]) > 3:  # noqa: PLR2004 (something must be left to narrow)
                found.append(phrase)
                clause = clause.replace(match[0], " ", 1)
    return re.sub(r"\s+", " ", clause).strip(" ,"), "; ".join(found)


_CHOOSING: Final = re.compile(
    r"\b(?:prefer|prefers|preferred|choose|chooses|favou?rs?|rather|like|likes|pick)\b", re.IGNORECASE
)


def _given_up(clause: str, *, changed: bool) -> tuple[str, frozenset[str]]:
    """The clause without what it says is given up, and that."""
    gone: set[str] = set()
    if match := modifiers.INSTEAD.search(clause):
        over = match[0].lower().startswith(("over", "better", "more"))
        if not over or _CHOOSING.search(clause[: match.start()]):
            gone |= _canon(match["old"])
            clause = clause[: match.start()] + " " + clause[match.end() :]
    for pattern in modifiers.REPLACED:
        if not gone and (match := pattern.search(clause)):
            gone |= _canon(match["old"])
            clause = f"{clause[: match.start()]} {match['new']} {clause[match.end() :]}"
    if changed and (match := modifiers.FROM_TO.search(clause)):
        gone |= _canon(match["old"])
        clause = f"{clause[: match.start()]} to {match['new']}{clause[match.end() :]}"
    return clause.strip(" ,"), frozenset(gone)


def _negated(clause: str) -> bool:
    plain = modifiers.NOT_NEGATIVE.sub(" ", clause)
    return len(modifiers.NEGATED.findall(plain)) % 2 == 1 and not modifiers.PERMITTED.search(plain)


def _canon(text: str) -> set[str]:
    return {term.canon for term in terms(text) if not is_light(term)}


_ENDERS: Final = frozenset(
    "stop quit ditch abandon cancel discontinu unsubscrib scrap give forget disregard drop ignor delet remov lift retir deprec"
    " rid over longer more any sell leav end finish true valid appli used vergiss mehr plus no ya rule need die pass away stolen steal shave off taken take".split()
)


def _content(frame: Frame, *, ended: bool) -> dict[str, Term]:
    """Content words by compared form, without grammar, light verbs and what only says that something ended."""
    return {
        term.canon: term
        for term in frame.terms
        if not is_light(term) and (term.canon not in LIGHT or _titled(term)) and not (ended and term.canon in _ENDERS)
    }


def _titled(term: Term) -> bool:
    """Whether a light verb is a name where it stands: "written in Go"."""
    return term.kind == "name" and term.start > 0 and term.text.lower() not in {"user", "team", "users"}


LIGHT: Final = frozenset(
    canon(word)
    for word in (
        "be do have get make let set put keep go use like prefer hate live want should must always never not no user team"
        " usually normally generally ever fine ok okay allow permit free feel please thing way call name rewrite switch"
        " upgrade migrate change avoid skip happen take currently need ensure consist only without really even very"
        " contain exist still it them least most kind sort new again back tense mood convention notation styleown got"
        " located based called named hold occur"
    ).split()
)
"""Words by which two statements neither meet nor differ: the verb and the polarity are kept apart from them."""


def _person(frame: Frame) -> str:
    """Another person the frame's subject names."""
    owner, _, rest = frame.subject.partition("'s ")
    if rest and set(re.findall(r"[^\W\d_]+(?:-in-law)?", rest)) & antonyms.RELATIVES:
        return f"{owner}'s {rest}"
    return frame.subject if frame.named else ""

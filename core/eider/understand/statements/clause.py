"""The frame of a clause: its subject, its verb, and the attribute the two make of the rest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from eider.understand.statements import antonyms
from eider.understand.statements.attributes import attribute_of
from eider.understand.statements.terms import TYPED, Term, canon, is_light, terms
from eider.understand.statements.verbs import (
    AUXILIARIES,
    BREAKS,
    BY_PEOPLE,
    COPULAS,
    EITHER_FORMS,
    FOREIGN,
    FREQUENCY,
    MINE,
    MULTIPLE,
    PREPOSITIONS,
    SELF,
    SPELT,
    STATES,
    VERBS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A clause by its parts."""

    subject: str
    attribute: str
    single: bool
    verb: str
    about: frozenset[str]
    terms: tuple[Term, ...]
    """Every word, subject included."""
    named: bool
    """The subject is one name of somebody."""
    imperative: bool


def framed(clause: str) -> Frame:
    """Read a clause that has been cleared of openings, times and narrowing.

    >>> framed("The staging API listens on port 8080").subject
    'staging api'
    """
    found = terms(clause)
    if called := _called(clause, found):
        return called
    if (match := _NEWLY.match(clause)) and (said := framed(f"My {match['thing']} is {match['value']}")).attribute:
        return said
    start = _after_adverbs(found)
    head = found[start].text.lower() if start < len(found) else ""
    following = found[start + 1].text.lower() if start + 1 < len(found) else ""
    if head == "the" and following in {"user", "team"}:
        start, head = start + 1, following
        following = found[start + 1].text.lower() if start + 1 < len(found) else ""
    if head in _SOMEBODY:
        return _predicated(found, "", start + 1)
    if head in SELF and following != "s":
        return _predicated(found, SELF[head], start + 1)
    owner = MINE.get(head, SELF.get(head) if following == "s" else None)
    if owner:
        return _possessed(found, owner, start + (2 if following == "s" else 1))
    return _unowned(found, start)


_SOMEBODY: Final = frozenset(
    "they it he she this that these those someone somebody people everybody everyone there".split()
)
"""Subjects that point at what was said before, or at nobody."""
_CALLED: Final = re.compile(
    r"^(?:call|address) (?:me|us|the user)(?: as| by)? (?P<name>.+)$|^(?:i am|the user is|user is|is) (?:called|named) (?P<known>.+)$|^(?:i go|goes|the user goes) by (?P<by>.+)$",
    re.IGNORECASE,
)


_NEWLY: Final = re.compile(
    r"^(?:i|we) (?:have|got|have got) a (?:new )?(?P<thing>[\w ]{3,30}?)(?:,| called| named|:) (?P<value>[A-Z].+)$",
    re.IGNORECASE,
)


def _called(clause: str, found: list[Term]) -> Frame | None:
    """The user's name, in whichever way it is given."""
    match = _CALLED.match(clause)
    if match is None:
        return None
    at = next(start for start in (match.start("name"), match.start("known"), match.start("by")) if start >= 0)
    kept = tuple(term for term in found if term.start >= at)
    return Frame(
        subject="user",
        attribute="name",
        single=True,
        verb="name",
        about=frozenset(),
        terms=kept,
        named=False,
        imperative=False,
    )


def _after_adverbs(found: list[Term]) -> int:
    at = 0
    while at < len(found) - 1 and found[at].text.lower() in FREQUENCY:
        at += 1
    return at


def _possessed(found: list[Term], owner: str, start: int) -> Frame:
    """A clause about something or somebody of the user's or the team's."""
    verb = _verb_at(found, start + 1)
    if verb is None:
        return _unowned(found, start)
    thing = found[start:verb]
    name = " ".join(term.text.lower() for term in thing if term.text.lower() != "s")
    copula = found[verb].text.lower() in COPULAS
    value = [term for term in found[verb + 1 :] if not is_light(term)]
    nested = next((at for at, term in enumerate(thing) if term.text.lower() == "s"), None)
    plain = bool(value) and (value[0].kind in {"name", "code"} or nested is not None or name not in antonyms.RELATIVES)
    if owner == "team":
        return _thing(found, thing, verb)
    if copula and plain and nested is None and not _relative(name):
        return Frame(subject=owner, attribute=name, single=canon(name) not in MULTIPLE, verb="be", about=frozenset(),
                     terms=tuple(found[start:]), named=False, imperative=False)  # fmt: skip
    if (
        copula
        and nested is None
        and _relative(name)
        and value
        and value[0].kind == "name"
        and _is_name(found[verb + 1 :])
    ):
        return Frame(subject=owner, attribute=name, single=canon(name) not in MULTIPLE, verb="be", about=frozenset(),
                     terms=tuple(found[start:]), named=False, imperative=False)  # fmt: skip
    inner = _predicated(
        found,
        f"user's {name if nested is None else ' '.join(t.text.lower() for t in thing[:nested])}",
        verb,
        about=thing,
    )
    if copula and nested is not None:
        attribute = " ".join(term.text.lower() for term in thing[nested + 1 :])
        return Frame(
            subject=inner.subject,
            attribute=attribute,
            single=True,
            verb="be",
            about=inner.about,
            terms=inner.terms,
            named=False,
            imperative=False,
        )
    return inner


def _relative(name: str) -> bool:
    return name.rsplit(maxsplit=1)[-1] in antonyms.RELATIVES if name else False


def _is_name(value: list[Term]) -> bool:
    """Whether what follows "is" is a name and nothing more: "Petra", "called Lene"."""
    return all(term.kind in {"name", "code"} or is_light(term) or term.canon in {"name", "call"} for term in value)


def _unowned(found: list[Term], start: int) -> Frame:
    if start >= len(found):
        return _predicated(found, "", 0)
    lead = found[start]
    verb = _verb_at(found, start + 1, guess=not _is_verb(lead))
    if _is_verb(lead) and not (not start and lead.canon in EITHER_FORMS and verb is not None):
        third = _third_person(lead)
        return _predicated(found, "user" if third else "agent", start, imperative=not third)
    if verb is None:
        return _predicated(found, "", start)
    return _thing(found, found[start:verb], verb)


def _thing(found: list[Term], noun: list[Term], verb: int) -> Frame:
    """A clause about a thing or a named person; "Oswin is my manager" is turned round."""
    after = found[verb + 1 :]
    if found[verb].text.lower() in COPULAS and after and (mine := _mine(after)):
        owner, skip = mine
        name = " ".join(term.text.lower() for term in after[skip:])
        if name in antonyms.RELATIVES or (len(after) - skip <= 3 and noun[0].kind in {"name", "code"}):  # noqa: PLR2004
            return Frame(subject=owner, attribute=name, single=canon(name) not in MULTIPLE, verb="be", about=frozenset(),
                         terms=(*noun, *after[skip:]), named=False, imperative=False)  # fmt: skip
    if (
        found[verb].text.lower() in COPULAS
        and len(noun) <= 3  # noqa: PLR2004 (names of people)
        and all(term.kind == "name" for term in noun)
        and after
        and after[0].text.lower() == "the"
    ):
        role = [term for term in after if term.text.lower() not in {"the", "new"}]
        return Frame(subject=" ".join(term.text.lower() for term in role), attribute="identity", single=True, verb="be",
                     about=frozenset(term.canon for term in role if not is_light(term)), terms=(*role, *noun), named=False, imperative=False)  # fmt: skip
    said = [
        term.text.lower()
        for term in noun
        if term.text.lower() not in {"the", "a", "an", "our", "all", "every", "s", "this"}
    ]
    frame = _predicated(found, " ".join(said), verb, about=noun)
    copular = found[verb].text.lower() in COPULAS
    named = (
        not found[verb].text.lower().startswith("mov")
        and len(said) == 1
        and noun[-1].kind == "name"
        and noun[0] is noun[-1]
        and not noun[0].text.isupper()
        and not noun[0].text.endswith(_ABSTRACT)
        and not copular
    )
    return Frame(subject=frame.subject, attribute=frame.attribute, single=frame.single, verb=frame.verb, about=frame.about,
                 terms=frame.terms, named=named and not noun[0].text.endswith("s") and frame.verb in BY_PEOPLE, imperative=False)  # fmt: skip


_ABSTRACT: Final = ("tion", "ment", "ness", "ity", "ware", "base", "ing")
"""Endings of nouns that name no person."""


def _mine(after: list[Term]) -> tuple[str, int] | None:
    head = after[0].text.lower()
    if head in MINE and len(after) > 1:
        return MINE[head], 1
    words = [term.text.lower() for term in after[:3]]
    return ("user", 3) if words == ["the", "user", "s"] and len(after) > 3 else None  # noqa: PLR2004


def _is_verb(term: Term) -> bool:
    low = term.text.lower()
    return term.kind in {"word", "name"} and (
        low in AUXILIARIES
        or (
            term.canon in VERBS
            and (low.removesuffix("s") in SPELT or not low.endswith(("er", "ers", "tion", "ment", "ing", "ings")))
        )
    )


def _third_person(term: Term) -> bool:
    low = term.text.lower()
    if low in {"is", "has", "was", "does", "are", "am", "cannot", "can", "would", "will"}:
        return True
    if low.endswith(("ed", "ewrote", "went")) or not low.isascii():
        return True
    return (low.endswith("s") and not low.endswith("ss")) or low in FOREIGN


def _verb_at(found: list[Term], start: int, *, guess: bool = True) -> int | None:
    """Where the predicate begins, None if no word from `start` on looks like one."""
    near = found[start : start + 8]
    stop = next((at for at, term in enumerate(near) if term.text.lower() in _CLAUSES), len(near))
    near = near[:stop]
    copula = next((start + at for at, term in enumerate(near) if term.text.lower() in AUXILIARIES), None)
    if copula is not None and any(term.text.lower() in BREAKS for term in found[start - 1 : copula]):
        copula = None
    for at, term in enumerate(near, start):
        if copula is not None and at >= copula:
            return copula
        before = found[at - 1].text.lower() if at else ""
        if before in {"the", "a", "an", "s", "my", "our"} or not _is_verb(term) or before in PREPOSITIONS:
            continue
        after = found[at + 1] if at + 1 < len(found) else None
        if after is not None and (copula == at + 1 or (_is_noun(term) and _is_verb(after) and not is_light(after))):
            continue
        third = at == start and found[at - 1].kind == "name" and _third_person(term) and not _is_noun(term)
        if copula is None or third or after is None or is_light(after) or after.kind in TYPED:
            return at
    return copula if copula is not None or not guess else _verb_like(found, start)


_CLAUSES: Final = frozenset("before after because so until unless while since although".split())
"""Words that open another clause: no predicate of this one is sought beyond them."""


def _verb_like(found: list[Term], start: int) -> int | None:
    """An unknown word that stands and ends like a verb: "slipped to", "hums along the"."""
    for at in range(max(1, start), min(len(found) - 1, start + 6)):
        low = found[at].text.lower()
        if (
            low.endswith(("s", "ed"))
            and not low.endswith(("ss", "eed"))
            and found[at].kind == "word"
            and (is_light(found[at + 1]) or found[at + 1].kind in TYPED)
        ):
            return at
    return None


def _is_noun(term: Term) -> bool:
    """Whether a word is the plural of a noun as often as a verb: "code reviews happen"."""
    return term.text.lower().endswith("s") and term.canon in EITHER_FORMS


def _predicated(
    found: list[Term], subject: str, verb: int, *, about: list[Term] | None = None, imperative: bool = False
) -> Frame:
    """The attribute a verb and its first preposition make."""
    body = found[verb:]
    main = next(
        (
            term
            for term in body
            if term.text.lower() not in AUXILIARIES | FREQUENCY | {"not", "no"}
            and (_is_verb(term) or term.text.lower().endswith("ed"))
        ),
        None,
    )
    copula = next((at for at, term in enumerate(body) if term.text.lower() in COPULAS), None)
    verb_form = (
        main.canon
        if main is not None
        and (
            copula is None
            or main.canon in STATES
            or main.start < body[copula].start
            or main.text.lower().endswith("ed")
        )
        else "be"
    )
    if copula is None and main is None:
        verb_form = body[0].canon if body else ""
    attribute, single = attribute_of(body, verb_form, subject)
    words = frozenset(term.canon for term in about or () if not is_light(term))
    kept = tuple(about or ()) + tuple(body)
    return Frame(
        subject=subject,
        attribute=attribute,
        single=single,
        verb=verb_form,
        about=words,
        terms=kept,
        named=False,
        imperative=imperative,
    )

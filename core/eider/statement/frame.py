"""The frame of a clause: its subject, its verb, and the attribute the two make of the rest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from eider.statement import kinds
from eider.statement.terms import TYPED, Term, canon, is_light, terms

_VERBS: Final = """
be have do use prefer like love hate dislike want need live reside work use write run deploy keep store host serve
listen open close start end begin finish meet take drink eat smoke play speak know learn study read drive ride own
visit travel fly go come leave arrive move switch migrate upgrade change replace rewrite rename test review lead manage
head maintain chair send cc reply answer address call name format indent squash merge rebase push pull commit log lint
put place make build ship release release schedule hold attend teach watch follow support require expect return expose
connect point depend cost weigh earn pay rent sell buy add remove avoid skip include exclude show hide explain ask tell
give get set enable disable allow forbid check verify validate sort order group sleep wake exercise train cook bake
stay expire rotate back sync publish document comment sign book join report summarise summarize translate quote cite
escape wrap pin cache fetch load poll retry throw raise catch prefix suffix end happen consist contain belong grow
bear born marry enjoy favour favor wear practise practice sing paint draw swim walk hike climb donate subscribe bank
mention update create delete delete rely stand fail pass block limit cap last lint quote spell mark tag label
""".split()
VERBS: Final = frozenset(canon(verb) for verb in _VERBS)
_SPELT: Final = frozenset(_VERBS)
_AUXILIARIES: Final = frozenset(
    "is are am was were be been has have had will would shall should must can cannot may might do does did need"
    " ist sind bin war est sont suis es son soy está están hat wird muss soll doit debe lautet".split()
)
COPULAS: Final = frozenset("is are am was were be been become becomes became remains ist sind bin war est sont suis es son soy está lautet".split())
_EITHER: Final = frozenset(
    "commit test deploy release review report build log plan answer name backup lint code order call note design run work"
    " place feature change update mark label book train back start end pass block limit cap cost order group tag comment"
    " schedule document head lead reply cache load spell quote sign play show need check change send".split()
)
"""Verbs that are nouns as often."""
_BREAKS: Final = frozenset("before after that which who if when because so until unless while , ; and".split())
_FREQUENCY: Final = frozenset("always never usually often generally normally typically only sometimes rarely please do not generally every ya no ne n nunca nie".split())
_SELF: Final = {
    **dict.fromkeys("i user ich je j yo me myself 我 用户".split(), "user"),
    **dict.fromkeys("we team wir nous nosotros nosotras 我们".split(), "team"),
}
_MINE: Final = {
    **dict.fromkeys("my mein meine meinen meinem meiner mon ma mes mi mis mine".split(), "user"),
    **dict.fromkeys("our unser unsere unserem unseren notre nos nuestro nuestra nuestros nuestras".split(), "team"),
}
_PREPOSITIONS: Final = frozenset("in at on to for from with by of as into under near about after before over within via".split())
_MULTIPLE: Final = frozenset(
    "hobby skill interest project pet friend brother sister son daughter child kid language allergy colleague cat"
    " dog task idea plan reason cousin aunt uncle client customer".split()
)
"""What one has several of."""
_MANY_VERBS: Final = frozenset(
    "like hate speak know have own visit play learn study read enjoy review watch eat drink cook travel fly support"
    " teach log want follow sing attend".split()
) | {canon(word) for word in "like hate speak know have own visit play learn study read review watch travel support teach attend follow".split()}
_STATES: Final = frozenset("marry write host deploy keep store build base locate call name put place run live bear name grow manage serve cache".split()) | {
    canon(word) for word in "marry write host deploy keep store build call put place run live bear manage cache".split()
}
"""Participles and verbs of which a thing has one value: "is written in", "is married to"."""


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
    start = _after_adverbs(found)
    head = found[start].text.lower() if start < len(found) else ""
    following = found[start + 1].text.lower() if start + 1 < len(found) else ""
    if head == "the" and following in {"user", "team"}:
        start, head = start + 1, following
        following = found[start + 1].text.lower() if start + 1 < len(found) else ""
    if head in _SELF and following != "s":
        return _predicated(found, _SELF[head], start + 1)
    owner = _MINE.get(head, _SELF.get(head) if following == "s" else None)
    if owner:
        return _possessed(found, owner, start + (2 if following == "s" else 1))
    return _unowned(found, start)


_CALLED: Final = re.compile(
    r"^(?:call|address) (?:me|us|the user)(?: as| by)? (?P<name>.+)$|^(?:i am|the user is|user is|is) (?:called|named) (?P<known>.+)$|^(?:i go|goes|the user goes) by (?P<by>.+)$",
    re.IGNORECASE,
)


def _called(clause: str, found: list[Term]) -> Frame | None:
    """The user's name, in whichever way it is given."""
    match = _CALLED.match(clause)
    if match is None:
        return None
    at = next(start for start in (match.start("name"), match.start("known"), match.start("by")) if start >= 0)
    kept = tuple(term for term in found if term.start >= at)
    return Frame(subject="user", attribute="name", single=True, verb="name", about=frozenset(), terms=kept, named=False, imperative=False)


def _after_adverbs(found: list[Term]) -> int:
    at = 0
    while at < len(found) - 1 and found[at].text.lower() in _FREQUENCY:
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
    plain = bool(value) and (value[0].kind in {"name", "code"} or nested is not None or name not in kinds.RELATIVES)
    if owner == "team":
        return _thing(found, thing, verb)
    if copula and plain and nested is None and not _relative(name):
        return Frame(subject=owner, attribute=name, single=canon(name) not in _MULTIPLE, verb="be", about=frozenset(),
                     terms=tuple(found[start:]), named=False, imperative=False)  # fmt: skip
    if copula and nested is None and _relative(name) and value and value[0].kind == "name" and _is_name(found[verb + 1 :]):
        return Frame(subject=owner, attribute=name, single=canon(name) not in _MULTIPLE, verb="be", about=frozenset(),
                     terms=tuple(found[start:]), named=False, imperative=False)  # fmt: skip
    inner = _predicated(found, f"user's {name if nested is None else ' '.join(t.text.lower() for t in thing[:nested])}", verb, about=thing)
    if copula and nested is not None:
        attribute = " ".join(term.text.lower() for term in thing[nested + 1 :])
        return Frame(subject=inner.subject, attribute=attribute, single=True, verb="be", about=inner.about, terms=inner.terms, named=False, imperative=False)
    return inner


def _relative(name: str) -> bool:
    return name.split()[-1] in kinds.RELATIVES if name else False


def _is_name(value: list[Term]) -> bool:
    """Whether what follows "is" is a name and nothing more: "Petra", "called Lene"."""
    return all(term.kind in {"name", "code"} or is_light(term) or term.canon in {"name", "call"} for term in value)


def _unowned(found: list[Term], start: int) -> Frame:
    if start >= len(found):
        return _predicated(found, "", 0)
    verb = _verb_at(found, start + 1)
    lead = found[start]
    if _is_verb(lead) and not (canon(lead.text.removesuffix("s")) in _EITHER | {canon(w) for w in _EITHER} and verb is not None):
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
        if name in kinds.RELATIVES or (len(after) - skip <= 3 and noun[0].kind in {"name", "code"}):  # noqa: PLR2004
            return Frame(subject=owner, attribute=name, single=canon(name) not in _MULTIPLE, verb="be", about=frozenset(),
                         terms=(*noun, *after[skip:]), named=False, imperative=False)  # fmt: skip
    if found[verb].text.lower() in COPULAS and len(noun) == 1 and noun[0].kind == "name" and after and after[0].text.lower() == "the":
        role = [term for term in after if term.text.lower() != "the"]
        return Frame(subject=" ".join(term.text.lower() for term in role), attribute="identity", single=True, verb="be",
                     about=frozenset(term.canon for term in role if not is_light(term)), terms=(*role, *noun), named=False, imperative=False)  # fmt: skip
    said = [term.text.lower() for term in noun if term.text.lower() not in {"the", "a", "an", "our", "all", "every", "s", "this"}]
    frame = _predicated(found, " ".join(said), verb, about=noun)
    copular = found[verb].text.lower() in COPULAS
    named = len(said) == 1 and noun[-1].kind == "name" and noun[0] is noun[-1] and not noun[0].text.isupper() and not copular
    return Frame(subject=frame.subject, attribute=frame.attribute, single=frame.single, verb=frame.verb, about=frame.about,
                 terms=frame.terms, named=named and not noun[0].text.endswith("s") and frame.verb in _BY_PEOPLE, imperative=False)  # fmt: skip


_BY_PEOPLE: Final = frozenset(
    canon(word)
    for word in "prefer like hate live work speak know own drink eat smoke play learn study read drive ride travel fly want love enjoy dislike take wear cook teach review lead manage".split()
)


def _mine(after: list[Term]) -> tuple[str, int] | None:
    head = after[0].text.lower()
    if head in _MINE and len(after) > 1:
        return _MINE[head], 1
    words = [term.text.lower() for term in after[:3]]
    return ("user", 3) if words == ["the", "user", "s"] and len(after) > 3 else None  # noqa: PLR2004


def _is_verb(term: Term) -> bool:
    low = term.text.lower()
    return term.kind in {"word", "name"} and (low in _AUXILIARIES or (term.canon in VERBS and (low.removesuffix("s") in _SPELT or not low.endswith(("er", "ers", "tion", "ment", "ing", "ings")))))


def _third_person(term: Term) -> bool:
    low = term.text.lower()
    if low in {"is", "has", "was", "does", "are", "am"}:
        return True
    if low.endswith(("ed", "ewrote", "went")) or not low.isascii():
        return True
    return (low.endswith("s") and not low.endswith("ss")) or low in _FOREIGN


_FOREIGN: Final = frozenset(
    "habite fume parle aime travaille mag hat nutzt wohnt arbeitet trinkt raucht spricht vive vivo toma tiene trabaja"
    " prefiere prefiero bebe tengo uso tomo trabajo wohne nutze rauche moved switched went lived worked".split()
)


def _verb_at(found: list[Term], start: int) -> int | None:
    """Where the predicate begins, None if no word from `start` on looks like one."""
    near = found[start : start + 8]
    copula = next((start + at for at, term in enumerate(near) if term.text.lower() in _AUXILIARIES), None)
    if copula is not None and any(term.text.lower() in _BREAKS for term in found[start - 1 : copula]):
        copula = None
    for at, term in enumerate(near, start):
        if copula is not None and at >= copula:
            return copula
        before = found[at - 1].text.lower() if at else ""
        if before in {"the", "a", "an", "s", "my", "our"} or not _is_verb(term) or before in _PREPOSITIONS:
            continue
        after = found[at + 1] if at + 1 < len(found) else None
        if after is not None and copula == at + 1:
            continue
        if copula is None or after is None or is_light(after) or after.kind in TYPED:
            return at
    return copula


def _predicated(found: list[Term], subject: str, verb: int, *, about: list[Term] | None = None, imperative: bool = False) -> Frame:
    """The attribute a verb and its first preposition make."""
    body = found[verb:]
    main = next((term for term in body if term.text.lower() not in _AUXILIARIES | _FREQUENCY | {"not", "no"} and (_is_verb(term) or term.text.lower().endswith("ed"))), None)
    lead = body[0].text.lower() if body else ""
    copula = next((at for at, term in enumerate(body) if term.text.lower() in COPULAS), None)
    verb_form = main.canon if main is not None and (copula is None or main.canon in _STATES or main.start < body[copula].start) else "be"
    if copula is None and main is None:
        verb_form = body[0].canon if body else ""
    attribute, single = _attribute(body, verb_form, subject)
    words = frozenset(term.canon for term in about or () if not is_light(term))
    kept = tuple(about or ()) + tuple(body)
    return Frame(subject=subject, attribute=attribute, single=single, verb=verb_form, about=words, terms=kept, named=False, imperative=imperative)


_ATTRIBUTES: Final = frozenset(
    "branch language name deadline port version colour color address host region target owner email phone number limit timeout"
    " level mode format style theme editor database stack framework manager lead budget price rent salary currency country"
    " city time date day size width length status strategy policy method tool provider vendor license licence goal topic"
    " title role position locale timezone domain url path schedule frequency cadence venue location room default capital"
    " chair runner shell browser os endpoint threshold quota window prefix suffix separator delimiter encoding".split()
)
"""Nouns that are attributes themselves: "the default branch is …" has one answer."""
_TYPES: Final = {"time": "time", "day": "day", "url": "address", "path": "path", "version": "version", "month": "date"}


def _attribute(body: list[Term], verb: str, subject: str) -> tuple[str, bool]:
    own = subject in {"user", "team", "agent", ""}
    preposition = next((term.text.lower() for term in body if term.text.lower() in _PREPOSITIONS), "")
    known = _KNOWN.get((verb, preposition)) if own else None
    if known:
        return known
    if verb in _MANY_VERBS:
        return verb, False
    content = [term for term in body if not is_light(term)]
    for name in ("quotes", "indentation", "length", "theme", "spelling", "formality"):
        if any(kinds.STRICT.get(term.canon) == name for term in content):
            return name, True
    kind = next((term.kind for term in content if term.kind in _TYPES), None)
    chosen = next((kinds.CHOICES[term.canon] for term in content if term.canon in kinds.CHOICES), None)
    if verb == "be" and not own:
        return (_TYPES[kind] if kind else "place" if preposition in {"in", "at", "on"} else "identity"), _identifies(body) or subject.split()[-1] in _ATTRIBUTES
    if verb in _STATES:
        return verb, not own or verb in {canon("marry"), canon("bear"), canon("grow")}
    if kind:
        return f"{verb} {_TYPES[kind]}".removeprefix("be "), True
    return (chosen, chosen in {"editor", "shell", "os", "packages", "diet", "tests"}) if chosen else ("", False)


def _identifies(body: list[Term]) -> bool:
    """Whether what follows "is" names a thing or a place, rather than a quality one of many."""
    after = [term for term in body if term.text.lower() not in _AUXILIARIES]
    if not after:
        return False
    first = next((term for term in after if not is_light(term)), None)
    placed = after[0].text.lower() in {"in", "at", "on", "under", "behind"}
    return first is not None and (placed or first.kind in {"name", "code", "url", "path", "version"} or first.canon in kinds.CHOICES)


_KNOWN: Final[dict[tuple[str, str], tuple[str, bool]]] = {
    ("live", "in"): ("home", True), ("live", "to"): ("home", True), ("live", "at"): ("home", True), ("live", "near"): ("home", True), ("live", "from"): ("home", True),
    ("live", ""): ("home", True), ("live", "à"): ("home", True), ("work", "at"): ("employer", True), ("work", "for"): ("employer", True), ("work", "as"): ("job", True),
    ("bear", "in"): ("birthplace", True), ("grow", "in"): ("hometown", True), ("marry", "to"): ("spouse", True), ("write", "in"): ("", False),
}  # fmt: skip

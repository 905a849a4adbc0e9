"""The attribute that a verb, its first preposition and the kind of its object make, and whether it has one value."""

from __future__ import annotations

from typing import Final

from eider.understand.statements import antonyms
from eider.understand.statements.terms import Term, canon, is_light
from eider.understand.statements.verbs import AUXILIARIES, MANY_VERBS, PREPOSITIONS, READABLE, STATES

_ATTRIBUTES: Final = frozenset(
    "branch language name deadline port version colour color address host region target owner email phone number limit timeout"
    " level mode format style theme editor database stack framework manager lead budget price rent salary currency country"
    " city time date day size width length status strategy policy method tool provider vendor license licence goal topic"
    " title role position locale timezone domain url path schedule frequency cadence venue location room default capital"
    " chair runner shell browser os endpoint threshold quota window prefix suffix separator delimiter encoding".split()
)
"""Nouns that are attributes themselves: "the default branch is …" has one answer."""
_OPEN_VERBS: Final = MANY_VERBS | frozenset(
    canon(verb)
    for verb in "use support include contain need require depend return connect read write call log send mention want like take give get make set check verify be do".split()
)
"""Verbs of which a thing has many objects at a time."""
_TYPES: Final = {"time": "time", "day": "day", "url": "address", "path": "path", "version": "version", "month": "date"}


def attribute_of(body: list[Term], verb: str, subject: str) -> tuple[str, bool]:
    """The attribute of a predicate, empty when structure does not tell, and whether it has one value at a time."""
    own = subject in {"user", "team", "agent", ""}
    preposition = next((term.text.lower() for term in body if term.text.lower() in PREPOSITIONS), "")
    known = _KNOWN.get((verb, preposition)) if own else None
    if known:
        return known
    if verb in MANY_VERBS:
        return READABLE.get(verb, verb), False
    content = [term for term in body if not is_light(term)]
    for name in _OPPOSED:
        if any(antonyms.STRICT.get(term.canon) == name for term in content):
            return name, True
    kind = next((_TYPES[term.kind] for term in content if term.kind in _TYPES), "")
    if verb == "be" and not own:
        single = _identifies(body) or subject.rsplit(maxsplit=1)[-1] in _ATTRIBUTES
        return kind or ("place" if preposition in {"in", "at", "on"} else "identity"), single
    return _by_object(verb, kind, content, own=own)


_OPPOSED: Final = ("quotes", "indentation", "length", "theme", "spelling", "formality")
_CHOSEN_ONCE: Final = frozenset({"editor", "shell", "os", "packages", "diet", "tests"})


def _by_object(verb: str, kind: str, content: list[Term], *, own: bool) -> tuple[str, bool]:
    """The attribute by what the verb takes: a time, a place of a state, a choice of a category."""
    if verb in STATES:
        return READABLE.get(verb, verb), not own or verb in _STATES_OF_PEOPLE
    if kind:
        return f"{READABLE.get(verb, verb)} {kind}".removeprefix("be "), True
    if not own and verb != "be" and verb not in _OPEN_VERBS:
        return READABLE.get(verb, verb), True
    chosen = next((antonyms.CHOICES[term.canon] for term in content if term.canon in antonyms.CHOICES), "")
    return chosen, chosen in _CHOSEN_ONCE


_STATES_OF_PEOPLE: Final = frozenset(canon(word) for word in ("marry", "bear", "grow"))


def _identifies(body: list[Term]) -> bool:
    """Whether what follows "is" names a thing or a place, rather than a quality one of many."""
    after = [term for term in body if term.text.lower() not in AUXILIARIES]
    if not after:
        return False
    first = next((term for term in after if not is_light(term)), None)
    placed = after[0].text.lower() in {"in", "at", "on", "under", "behind", "with", "by", "from"}
    return first is not None and (
        placed or first.kind in {"name", "code", "url", "path", "version"} or first.canon in antonyms.CHOICES
    )


_KNOWN: Final[dict[tuple[str, str], tuple[str, bool]]] = {
    ("live", "in"): ("home", True), ("live", "to"): ("home", True), ("live", "at"): ("home", True), ("live", "near"): ("home", True), ("live", "from"): ("home", True),
    ("live", ""): ("home", True), ("live", "à"): ("home", True), ("work", "at"): ("employer", True), ("work", "for"): ("employer", True), ("work", "bei"): ("employer", True), ("work", "chez"): ("employer", True), ("work", "en"): ("employer", True), ("live", "en"): ("home", True), ("work", "as"): ("job", True),
    ("begin", "at"): ("employer", True), ("join", ""): ("employer", True), ("join", "as"): ("employer", True), ("born", "in"): ("birthplace", True),
    ("bear", "in"): ("birthplace", True), ("grow", "in"): ("hometown", True), ("marry", "to"): ("spouse", True), ("married", "to"): ("spouse", True), ("write", "in"): ("", False),
}  # fmt: skip

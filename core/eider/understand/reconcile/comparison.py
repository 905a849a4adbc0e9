"""Two statements side by side: what they share, where they differ, and which differences exclude one another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from eider.understand.statements import Statement, Term, antonyms, canon
from eider.understand.statements.terms import TYPED

_CHOOSING: Final = frozenset(
    "use prefer be deploy run write answer reply send travel host store keep work default format want".split()
)
"""Verbs, in their compared form, whose object is a choice: another choice replaces it."""
CHANGING: Final = frozenset(
    canon(verb) for verb in "switch upgrade downgrade migrate change bump rename swap push postpone".split()
)
"""Verbs that say that a value changed."""
_TOGETHER: Final = frozenset("like hate speak know have own visit play learn study read".split())
"""Verbs whose objects live side by side."""
_ONE_OF: Final = frozenset(
    canon(verb) for verb in "drive bank rent wear ride weigh earn commute order train date vote".split()
)
"""Verbs of which a person has one object at a time, so that "now" names another."""
_PLACING: Final = frozenset(canon(verb) for verb in "host deploy run live serve store keep".split())
"""Verbs that say where a thing is."""
_BLAND: Final = frozenset(
    canon(verb) for verb in "use have do make include give provide add practice practise follow hold be".split()
)
"""Verbs that say little beside their object."""
_MEASURES: Final = {"day": ("day",), "time": ("time",), "month": ("month", "date"), "version": ("version",)}
"""What a typed value is a value of: "our deploy day is Tuesday" says no more than "we deploy on Tuesdays"."""
_ALWAYS_ONE: Final = frozenset({"theme", "length", "quotes", "indentation", "formality", "seat"})
"""Opposites that exclude one another even among likings."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """An older statement and a newer one."""

    old: Statement
    new: Statement
    old_at: datetime | None = None
    new_at: datetime | None = None
    late: bool = False
    """The newer statement speaks of an earlier time than the older one."""

    @cached_property
    def shared(self) -> frozenset[str]:
        """Content words of both."""
        return frozenset(self.old.words.keys() & self.new.words.keys())

    @cached_property
    def only_old(self) -> dict[str, Term]:
        """Content words of the older one alone."""
        return {form: term for form, term in self.old.words.items() if form not in self.new.words}

    @cached_property
    def only_new(self) -> dict[str, Term]:
        """Content words of the newer one alone."""
        return {form: term for form, term in self.new.words.items() if form not in self.old.words}

    @cached_property
    def idle(self) -> frozenset[str]:
        """Words that only name what is said anyhow: the attribute both state, the category of a value both hold."""
        named = {antonyms.CHOICES[form] for form in self.shared if form in antonyms.CHOICES}
        named |= {name for form in self.shared for name in _MEASURES.get(self.new.words[form].kind, ())}
        if {self.old.verb, self.new.verb} <= _BLAND:
            named |= {self.old.verb, self.new.verb}
        if any(" as a" in one.text and one.verb == "work" for one in (self.old, self.new)):
            named.add("work")
        if self.same_attribute:
            named |= {canon(word) for one in (self.old, self.new) for word in one.attribute.split()}
            named |= {self.old.verb, self.new.verb}
        return frozenset(named) - self.shared

    @property
    def overlap(self) -> float:
        """Share of the shorter statement's content that the other holds, in [0, 1]."""
        least = min(len(self.old.words), len(self.new.words))
        return len(self.shared) / least if least else 0.0

    @cached_property
    def same_subject(self) -> bool:
        """Whether both may be about the same: the same owner, the same thing, or a thing that the other only names."""
        old, new = self.old, self.new
        if old.person or new.person:
            return old.person == new.person or _mentions(old, new) or _mentions(new, old)
        if old.about and new.about:
            return bool(old.about & new.about) and (new.changed or old.about <= new.about or new.about <= old.about)
        if old.own and new.own:
            return (
                "agent" in {old.subject, new.subject}
                or not old.subject
                or not new.subject
                or old.subject == new.subject
                or _general(old, new)
            )
        return True

    @property
    def same_attribute(self) -> bool:
        """Whether structure says that both state the same attribute of one subject."""
        old, new = self.old, self.new
        if old.about != new.about or not (old.single or new.single):
            return False
        mine, yours = _plain(old.attribute), _plain(new.attribute)
        if old.attribute and canon(old.attribute) == canon(new.attribute):
            return True
        return bool(mine) and (
            mine == yours or (mine[-1] == yours[-1] and (set(mine) <= set(yours) or set(yours) <= set(mine)))
            if yours
            else False
        )

    @cached_property
    def clash(self) -> Clash:
        """What excludes one another in them."""
        return _clash(self)

    @property
    def turned(self) -> bool:
        """Whether one affirms what the other denies."""
        return self.old.negated != self.new.negated


_ADJECTIVES: Final = frozenset("usual current new old main regular default present actual own primary".split())


def _plain(attribute: str) -> list[str]:
    """The words of an attribute that say which it is."""
    return [word for word in attribute.split() if word not in _ADJECTIVES]


def _mentions(one: Statement, other: Statement) -> bool:
    """Whether a statement about somebody else continues one that names them: "has a daughter", "my daughter is …"."""
    if not other.person or one.person:
        return False
    words = set(other.person.removeprefix("user's ").replace("'s", "").split())
    return other.person.startswith("user's ") and any(
        word in {term.text.lower() for term in one.words.values()} for word in words
    )


def _general(old: Statement, new: Statement) -> bool:
    """Whether one of the two leaves its subject out: "Uses pytest" may be the user's or the team's."""
    return not (_explicit(old) and _explicit(new)) or old.words.keys() <= new.words.keys()


def _explicit(one: Statement) -> bool:
    return one.text.lower().startswith(("i ", "i'", "my ", "the user", "we ", "our ", "the team"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """Values that cannot both hold, and what is left when they are taken out."""

    on: tuple[str, ...]
    """What they are values of: "number", "day", "editor" …; empty if nothing excludes anything."""
    left_old: frozenset[str]
    left_new: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.on)


def _clash(pair: Pair) -> Clash:
    on: list[str] = []
    old, new = dict(pair.only_old), dict(pair.only_new)
    for name, members_old, members_new in _slots(pair, old, new):
        on.append(name)
        for form in (*members_old, *members_new):
            old.pop(form, None)
            new.pop(form, None)
    if on:
        old = {form: term for form, term in old.items() if term.kind != "unit" and form not in _PARTS}
        new = {form: term for form, term in new.items() if term.kind != "unit" and form not in _PARTS}
    if any(name in TYPED for name in on):
        old = {form: term for form, term in old.items() if term.kind not in TYPED | {"unit"}}
        new = {form: term for form, term in new.items() if term.kind not in TYPED | {"unit"}}
    if (pair.new.lacks - pair.old.lacks) & pair.old.words.keys() or (
        pair.old.lacks - pair.new.lacks
    ) & pair.new.words.keys():
        on.append("part")
    named = pair.new.reason & pair.only_old.keys() if pair.shared and pair.only_new else frozenset[str]()
    if given_up := (pair.new.replaced & pair.old.words.keys()) | named:
        on.append("what it replaces")
        old = {form: term for form, term in old.items() if form not in given_up}
        new = {}
    if not on and pair.new.verb in CHANGING and pair.shared and pair.only_old and pair.only_new and not pair.turned:
        return Clash(on=("value",), left_old=frozenset(), left_new=frozenset())
    if not on and _moves_on(pair):
        return Clash(on=("value",), left_old=frozenset(), left_new=frozenset())
    if (
        not on
        and pair.same_attribute
        and pair.only_old.keys() - pair.idle
        and pair.only_new.keys() - pair.idle
        and not pair.old.negated
        and not pair.new.negated
    ):
        return Clash(on=(pair.new.attribute,), left_old=frozenset(), left_new=frozenset())
    return Clash(on=tuple(on), left_old=frozenset(old) - {pair.old.verb}, left_new=frozenset(new) - {pair.new.verb})


def _moves_on(pair: Pair) -> bool:
    """Whether the newer one says "now" of the same matter, with another object."""
    old, new = pair.old, pair.new
    if (
        not new.changed
        or new.also
        or pair.turned
        or new.verb in _TOGETHER
        or old.about - new.words.keys()
        or not pair.same_subject
    ):
        return False
    alike = (old.verb == new.verb and new.verb != "be" and bool(pair.shared - {new.verb})) or pair.overlap >= _NEAR
    alike = alike or (old.verb == new.verb and old.verb in _ONE_OF and old.own and new.own)
    alike = alike or bool(old.own and new.own and old.single and _goes_to(new.text, old.attribute))
    alike = alike or (bool(old.about) and old.about == new.about and {old.verb, new.verb} <= _PLACING)
    return alike and bool(pair.only_old and pair.only_new)


def _goes_to(text: str, attribute: str) -> bool:
    """Whether the attribute is where a sentence goes to: "I moved to the search team", "to project Atlas"."""
    plain, name = text.lower().rstrip(" .!").removesuffix(" now"), attribute.rpartition(" ")[2]
    return bool(name) and (plain.endswith(f" {name}") or f" to {name} " in plain)


_NEAR: Final = 0.5
"""Share of the shorter one's words from which "now" speaks of the same matter; as `laws.NEAR`."""
_PARTS: Final = frozenset(canon(word) for word in "end mid middle beginning start early late year".split())
"""Parts of a period: with another date they differ as well."""


def _slots(pair: Pair, old: dict[str, Term], new: dict[str, Term]) -> list[tuple[str, set[str], set[str]]]:
    """Kinds and categories of which both have a value, and not the same."""
    found: list[tuple[str, set[str], set[str]]] = []
    for kind in sorted(TYPED):
        mine = {form for form, term in old.items() if term.kind == kind}
        yours = {form for form, term in new.items() if term.kind == kind}
        if mine and yours and not (kind == "number" and _models(pair, mine, yours)):
            found.append((kind, mine, yours))
    verbs = {pair.old.verb, pair.new.verb}
    together = bool(verbs & _TOGETHER) and pair.new.verb not in CHANGING
    for table, allowed in (
        (antonyms.STRICT, not together),
        (antonyms.RELATIONSHIP, pair.old.own and pair.new.own and not together),
        (antonyms.CHOICES, (bool(verbs & _CHOOSING) or pair.new.changed) and not together),
    ):
        mine, yours = _by_category(old, table), _by_category(new, table)
        both = sorted(mine.keys() & yours.keys())
        found += [(name, mine[name], yours[name]) for name in both if allowed or name in _ALWAYS_ONE]
    return found


def _models(pair: Pair, mine: set[str], yours: set[str]) -> bool:
    """Whether the numbers belong to different names: "Fairphone 4", "Pixel 9"."""
    before, after = _named_before(pair.old, mine), _named_before(pair.new, yours)
    return bool(before and after) and not before & after


def _named_before(one: Statement, numbers: set[str]) -> set[str]:
    """Compared forms of the names that stand right before numbers."""
    starts = {one.words[form].start for form in numbers}
    return {form for form, term in one.words.items() if term.kind in {"name", "code"} and term.end + 1 in starts}


def _by_category(words: dict[str, Term], table: dict[str, str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for form in words:
        if form in table:
            found.setdefault(table[form], set()).add(form)
    return found

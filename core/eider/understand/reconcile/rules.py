"""The laws of one pair, in order: the first that speaks decides. Each is a fact about what people mean."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

from eider.language.analysis import words as plain_words
from eider.model.learned import Relation
from eider.understand.reconcile.comparison import CHANGING, Pair
from eider.understand.statements import Statement, antonyms, canon
from eider.understand.statements.terms import TYPED

NEAR: Final = 0.5
"""Share of the shorter statement's content words from which two speak of the same matter; set on the development pairs."""
REVERSED: Final = frozenset("lead manage head run maintain chair".split())
"""Verbs of which a thing has one subject: "Ines leads the mobile team"."""


class Ruling(NamedTuple):
    """What a law says of a pair."""

    relation: Relation
    reason: str
    sure: bool = True
    """Whether a verdict from a model may not change it."""


Law = Callable[[Pair], Ruling | None]


def claims_nothing(pair: Pair) -> Ruling | None:
    """Questions, suppositions, doubts and one-off wishes change nothing."""
    new = pair.new
    for flag, reason in (
        (new.asked, "it asks"), (new.once, "it holds this once only"), (new.unreal, "it supposes, it does not state"), (new.hedged, "it is not sure of itself"),
    ):  # fmt: skip
        if flag:
            return Ruling("none", reason)
    return None


def says_the_same(pair: Pair) -> Ruling | None:
    """The same words are the same statement."""
    if plain_words(pair.old.text) == plain_words(pair.new.text):
        return Ruling("none", "it is known word for word")
    return None


def settles_a_doubt(pair: Pair) -> Ruling | None:
    """What was doubtful is replaced by what is stated of the same."""
    if pair.old.hedged and not pair.new.ended and pair.same_subject and (pair.overlap >= NEAR or pair.same_attribute):
        return Ruling("supersede", "what was doubtful is stated now")
    return None


def denies_a_trait(pair: Pair) -> Ruling | None:
    """What somebody is or never does, and a habit that denies it, wait for a person."""
    if (
        pair.new.ended
        or pair.new.conditional
        or pair.new.scope
        or pair.old.scope
        or pair.old.ended
        or not pair.only_new
        or not pair.only_old
    ):
        return None
    if pair.old.person != pair.new.person and not pair.new.person.startswith("user's "):
        return None
    for one, other in ((pair.old, pair.new), (pair.new, pair.old)):
        have, had = one.words.keys(), other.words.keys()
        if other.negated or (
            other.person
            and other.person.startswith("user's ")
            and not had & antonyms.SIBLINGS | (had & antonyms.CHILDREN) | (had & antonyms.PETS)
        ):
            continue
        alike = one.person == other.person or bool(had & antonyms.SIBLINGS)
        if alike and not one.negated and any(have & trait and had & denied for trait, denied in antonyms.DENIED):
            if pair.new.changed:
                return Ruling("supersede", "a new habit that the older statement rules out")
            return Ruling("contradiction", "a habit that what is known of the user rules out", sure=False)
        if one.negated and any(
            have & named and had & denied and _bare(one.words.keys(), named) for named, denied in antonyms.WITHOUT
        ):
            return Ruling("contradiction", "it assumes what is known to be denied", sure=False)
    return None


def _bare(have: AbstractSet[str], named: frozenset[str]) -> bool:
    """Whether a denial is a plain one: it names little beyond what is denied."""
    return len(have - named) <= 1


_EXEMPT: Final = canon("exempt")
_UNIVERSAL: Final = ("every ", "all ", "each ")


def excepts_a_kind(pair: Pair) -> Ruling | None:
    """A denial of one kind of thing narrows what is said of every thing: "Tests do not need docstrings"."""
    old, new = pair.old, pair.new
    if _EXEMPT in new.words and pair.shared - new.about and not old.ended:
        return Ruling("scope_override", "it exempts a part of what is known")
    if not (old.text.lower().startswith(_UNIVERSAL) and old.about and new.about and pair.turned) or new.ended:
        return None
    if old.about & new.about or not pair.shared or new.person or old.negated:
        return None
    if new.words.keys() - pair.shared - new.about - {new.verb}:
        return None
    return Ruling("scope_override", "it excepts a kind of what is said of all", sure=False)


def is_about_another(pair: Pair) -> Ruling | None:
    """What is said of one person or thing says nothing of another."""
    if pair.same_subject or _takes_over(pair):
        return None
    return Ruling("add", "it is about somebody or something else")


def _takes_over(pair: Pair) -> bool:
    """Whether a role passes to another: the same verb and object, another subject."""
    old, new = pair.old, pair.new
    if old.verb != new.verb or old.verb not in REVERSED:
        return False
    return (
        bool(pair.shared) and not (pair.only_old.keys() - old.about - {old.person}) and bool(pair.shared - {old.verb})
    )


def passes_a_role(pair: Pair) -> Ruling | None:
    """A role that one person has at a time passes to the one named last."""
    if _takes_over(pair) and not pair.same_subject and not pair.turned:
        return Ruling("supersede", "the role has passed to another")
    return None


LATE: Final = "an older fact learned late: it ends where the newer one begins"


def comes_late(pair: Pair) -> Ruling | None:
    """What was true before never overwrites what is true since."""
    if pair.new.past and not pair.old.past:
        return Ruling("add", "it is about an earlier, closed time")
    if pair.old.past and not pair.new.past and (pair.clash or pair.turned):
        return Ruling("add", "the older one is about a closed time")
    if pair.late and (pair.clash or pair.turned or pair.new.ended):
        return Ruling("add", LATE)
    return None


def ends_it(pair: Pair) -> Ruling | None:
    """What is said to be over is closed, and followed where something new is named."""
    old, new = pair.old, pair.new
    if not new.ended:
        return None
    if old.ended and pair.overlap >= NEAR:
        return Ruling("none", "that it ended is known")
    if not _named_end(pair):
        return Ruling("add", "what it ends is not this")
    if old.negated and new.negated:
        return Ruling("none", "that it does not hold is known")
    return _ending(pair)


def _ending(pair: Pair) -> Ruling:
    if pair.new.scope and not pair.old.scope:
        return Ruling("scope_override", f"it ends there only: {pair.new.scope}")
    if pair.new.successor:
        return Ruling("supersede", "it ends, and something new takes its place")
    return Ruling("retract", "it no longer holds")


def _named_end(pair: Pair) -> bool:
    """Whether the older statement holds what the newer one ends."""
    if pair.new.replaced & pair.old.words.keys():
        return True
    if not pair.shared or pair.clash:
        return False
    ended = [form for form, term in pair.new.words.items() if term.kind != "unit"]
    return len(pair.shared) / max(1, min(len(ended), len(pair.old.words))) >= NEAR


def narrows(pair: Pair) -> Ruling | None:
    """What is said of one place, time or audience leaves the general statement as it is."""
    old, new = pair.old, pair.new
    if not new.scope or new.replaced & old.words.keys() or (old.scope and _inside(new.scope, old.scope)):
        return None
    if pair.overlap < NEAR and not (pair.clash and (pair.shared or _same_choice(pair))):
        return None
    if old.scope:
        return Ruling("add", "each holds in its own place")
    excepted = any(mark in new.scope for mark in _EXCEPTING)
    if excepted or pair.turned or pair.clash or (pair.only_new and pair.only_old):
        return Ruling("scope_override", f"it holds {new.scope}; elsewhere the older one does")
    return Ruling("none", "the general statement says it already") if not pair.only_new else None


_EXCEPTING: Final = ("except", "apart", "aside", "other than", "but not", "außer", "sauf", "excepto", "salvo", "除了")


def _inside(one: str, other: str) -> bool:
    """Whether two narrowing phrases name the same place."""
    return set(plain_words(one)) == set(plain_words(other))


def _same_choice(pair: Pair) -> bool:
    return any(name in set(antonyms.STRICT.values()) | set(antonyms.CHOICES.values()) for name in pair.clash.on)


def is_general(pair: Pair) -> Ruling | None:
    """A general statement leaves a narrower one as it is."""
    if pair.old.scope and not pair.new.scope and (pair.clash or pair.turned):
        return Ruling("add", f"the older one holds {pair.old.scope} only")
    return None


def has_a_condition(pair: Pair) -> Ruling | None:
    """What holds under a condition does not replace what holds without it."""
    if pair.new.conditional == pair.old.conditional or not (
        pair.clash or pair.turned or (pair.only_old and pair.only_new)
    ):
        return None
    return Ruling("add", "it holds under a condition")


_TAKING: Final = frozenset({"eat", "drink", "have"})


def cannot_change(pair: Pair) -> Ruling | None:
    """Two values of what never changes, or a flat denial of what is vital: a person decides, unless it is a correction."""
    lasting = (pair.shared | _attributes(pair)) & antonyms.LASTING or (
        pair.clash.on == ("side",) and "hand" in pair.shared
    )
    vital = pair.shared & antonyms.VITAL
    if pair.only_old.keys() & antonyms.VITAL and pair.shared and pair.new.verb in _TAKING and not pair.new.negated:
        return Ruling("contradiction", "it is taken though it is known to harm", sure=False)
    differs = bool(pair.only_old) and bool(pair.only_new)
    if not (lasting and differs and not pair.turned) and not (vital and pair.turned and pair.overlap >= NEAR):
        return None
    if pair.new.corrected or pair.new.replaced & pair.old.words.keys():
        return Ruling("supersede", "it corrects what was recorded wrongly")
    return Ruling("contradiction", "one of the two must be wrong, and nothing says which", sure=False)


def _attributes(pair: Pair) -> frozenset[str]:
    return frozenset(pair.old.attribute.split()) & frozenset(pair.new.attribute.split())


def denies(pair: Pair) -> Ruling | None:
    """A denial of what was affirmed replaces it; a denial of a part of it narrows it."""
    if not pair.turned or pair.overlap < NEAR or (pair.clash and not pair.new.replaced):
        return None
    extra = pair.only_new.keys() - {pair.new.verb}
    firm = not pair.new.changed and not pair.new.corrected
    if extra and not pair.only_old and firm and len(extra) <= len(pair.shared) + 1:
        if pair.old.negated and not pair.old.imperative:
            return Ruling("contradiction", "it does what is known never to be done", sure=False)
        return Ruling("scope_override", "it excepts a part of what is known", sure=False)
    if len(pair.shared) < len(extra) or (extra and pair.only_old and len(pair.shared) < 2 and not pair.new.changed):  # noqa: PLR2004
        return Ruling("add", "what it denies is something else", sure=False)
    return Ruling("supersede", "it says the opposite now")


def replaces(pair: Pair) -> Ruling | None:
    """Another value of the same attribute replaces the value."""
    clash, old, new = pair.clash, pair.old, pair.new
    if not clash or (pair.turned and not new.replaced):
        return None
    if not (pair.shared or pair.same_attribute or _same_choice(pair) or new.replaced or clash.on == ("value",)):
        return None
    if apart := "" if new.replaced & old.words.keys() and (old.attribute or pair.shared) else _of_another(pair):
        return Ruling("add", apart, sure=False)
    if new.also:
        return Ruling("add", "it is said beside the other")
    if not new.changed and (exception := _of_a_part(pair)):
        return exception
    on = clash.on[0]
    return Ruling("supersede", "it names what it replaces" if on == "what it replaces" else f"another {on} of the same")


_MUCH: Final = 3
"""Words shared from which one other word does not make another matter of it. A guess."""


def _of_another(pair: Pair) -> str:
    """Why two values that exclude one another are values of different things; empty if they are of one."""
    clash, old, new = pair.clash, pair.old, pair.new
    beyond = pair.shared - old.about
    if _possessed(old) and _possessed(new):
        return "" if pair.same_attribute else "each is another attribute"
    if (new.changed or new.verb in CHANGING) and _same_thing(pair):
        return ""
    if clash.on[0] in TYPED and len(pair.shared) >= _MUCH and len(clash.left_old) <= 1:
        return ""
    if (
        clash.left_old
        and clash.left_new
        and not (new.changed and (beyond or _same_choice(pair) or old.about == new.about))
    ):
        return "each is about something else"
    if clash.left_old and clash.on[0] in TYPED and not beyond and not pair.same_attribute:
        return "they share only what they are about"
    return ""


def _possessed(one: Statement) -> bool:
    """Whether it is of the form "my bike is …"."""
    return bool(one.attribute) and one.own and f" {one.attribute} is " in one.text.lower()


def _same_thing(pair: Pair) -> bool:
    """Whether both name the thing itself: "the project deadline is …", "the deadline slipped to …"."""
    old, new = pair.old, pair.new
    if pair.clash.on[0] in TYPED and pair.clash.left_old <= set(pair.clash.on) and pair.shared:
        return new.verb in CHANGING
    if not old.about or not new.about:
        return False
    return old.about <= pair.shared or (new.about < old.about and canon(old.subject.rpartition(" ")[2]) in new.about)


def _of_a_part(pair: Pair) -> Ruling | None:
    """What excludes the older statement only in a part of it, or only perhaps; "now" rules this out."""
    old, new, clash = pair.old, pair.new, pair.clash
    here = Ruling("scope_override", "it holds for that only; elsewhere the older one does")
    qualified = len(new.about - frozenset(antonyms.CHOICES.values())) > 1
    if (old.imperative or (old.own and qualified)) and new.about and not new.about & old.words.keys():
        return here
    finer = bool(old.about) and old.about < new.about and clash.on[0] not in TYPED and not new.changed
    if finer or (old.imperative and new.imperative and clash.left_new and not clash.left_old):
        return here
    if new.purpose and not old.purpose and not new.purpose & old.words.keys():
        return here
    apart = (old.about - new.about - new.words.keys()) | (new.about - old.about - old.words.keys())
    if old.about and new.about and apart and not new.corrected:
        return Ruling("add", "one is about a part of the other", sure=False)
    named = new.replaced & old.words.keys() and old.single
    if len(clash.left_old) > len(pair.shared) + 1 and not pair.same_attribute and not named:
        return Ruling("contradiction", "they seem to exclude one another, and little else agrees", sure=False)
    return None


def repeats(pair: Pair) -> Ruling | None:
    """A paraphrase adds nothing; a richer one takes the place of the poorer."""
    if pair.turned or not pair.old.words or not pair.new.words:
        return None
    if not pair.shared or not _same_matter(pair):
        return None
    if not pair.only_new.keys() - pair.idle:
        return Ruling("none", "it is known" if not pair.only_old else "what is known says more")
    if not pair.only_old.keys() - pair.idle:
        return Ruling("merge", "it says the same, and more")
    return None


def _same_matter(pair: Pair) -> bool:
    """Whether two that share their content also state the same of it."""
    if pair.old.attribute == "name" or pair.new.attribute == "name":
        return pair.old.attribute == pair.new.attribute or len(pair.shared) > 1
    return True


def is_new(pair: Pair) -> Ruling | None:
    """What neither repeats nor excludes anything is added."""
    return Ruling("add", "both can hold", sure=pair.overlap < NEAR)


LAWS: Final[tuple[Law, ...]] = (
    claims_nothing, says_the_same, settles_a_doubt, denies_a_trait, passes_a_role, excepts_a_kind, is_about_another, comes_late, ends_it, cannot_change,
    narrows, is_general, has_a_condition, denies, replaces, repeats, is_new,
)  # fmt: skip


def ruled(pair: Pair) -> Ruling:
    """What the first law that speaks says."""
    return next(ruling for law in LAWS if (ruling := law(pair)) is not None)

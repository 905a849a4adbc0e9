"""Sentences and clauses of what the user wrote, with the word classes that the rules look at."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from eider.understand.signals.lexicon import Lexicon

_ENDS: Final = frozenset(".!?…。！？;；")
_ASKS: Final = frozenset("?？")
_COMMAS: Final = frozenset(",，、")
_BREAKS: Final = frozenset(":：—–-")
_ABBREVIATIONS: Final = frozenset(
    "mr mrs ms dr prof st e.g i.e z.b bzw ca vs no nr approx u.s etc p.ej sr sra mme".split()
)
_AFTER_AND: Final = frozenset(
    ("I", "WE", "MY", "POLITE", "ALWAYS", "STYLE", "DO", "LET", "YOU", "NEVER", "WE_VERB", "I_VERB", "NEG")
)
_OPENING: Final = 4
"""Words of the longest opening before a comma: "thank you very much,"."""
_EMPTY: Final[frozenset[str]] = frozenset()


class Clause:
    """A stretch of a sentence that can say one thing, as words with their classes."""

    __slots__ = ("capital", "classes", "end", "fresh", "label", "seen", "start", "words")

    def __init__(
        self,
        words: list[str],
        classes: list[frozenset[str]],
        span: tuple[int, int],
        capital: list[bool],
        label: frozenset[str],
    ) -> None:
        self.words = words
        self.classes = classes
        self.start, self.end = span
        self.capital = capital
        self.seen = _EMPTY.union(*classes)
        self.fresh = False
        """It stands in the first sentence of a paragraph."""
        self.label = label
        """Classes of what stands before a colon: "Background: …"."""

    def part(self, start: int, end: int | None = None) -> Clause:
        """The clause from one word on, up to another."""
        span = (self.start, self.end)
        return Clause(self.words[start:end], self.classes[start:end], span, self.capital[start:end], self.label)

    def at(self, name: str, start: int = 0) -> int:
        """Place of the first word of a class, -1 where there is none."""
        if name not in self.seen:
            return -1
        for place in range(start, len(self.classes)):
            if name in self.classes[place]:
                return place
        return -1

    def has(self, *names: str) -> bool:
        """Whether any word is of one of these classes."""
        return not self.seen.isdisjoint(names)

    def near(self, names: Collection[str], start: int, count: int) -> bool:
        """Whether one of `count` words from `start` is of one of these classes."""
        if self.seen.isdisjoint(names):
            return False
        return any(not found.isdisjoint(names) for found in self.classes[max(start, 0) : max(start, 0) + count])


class Sentence:
    """One sentence: its clauses and how it ends."""

    __slots__ = ("asks", "clauses", "first", "fresh", "seen")

    def __init__(self, clauses: list[Clause], *, asks: bool, fresh: bool) -> None:
        self.clauses = clauses
        self.asks = asks
        self.fresh = fresh
        """It opens a paragraph or follows what is not the user's own."""
        self.seen = _EMPTY.union(*(c.seen for c in clauses))
        self.first = clauses[0]
        for clause in clauses:
            clause.fresh = fresh


def sentences(text: str, spans: list[tuple[int, int]], words: Lexicon) -> list[Sentence]:
    """What stands in these spans, sentence by sentence; `text` has its mentions blanked out."""
    out: list[Sentence] = []
    for start, end in spans:
        part = text[start:end]
        found = words.tokens(part)
        if not found:
            continue
        classes = words.classes([word for word, _, _ in found])
        first = 0
        fresh = True
        for place, (word, at, _) in enumerate(found):
            broken = place > first and "\n" in part[found[place - 1][2] : at]
            if broken and (not part[at].islower() or part[found[place - 1][2] : at].count("\n") > 1):
                _close(out, found, classes, first, place, part, start, words, fresh=fresh)
                fresh = "\n\n" in part[found[place - 1][2] : at]
                first = place
            if (
                word in _ENDS
                and place >= first
                and not (word == "." and place and found[place - 1][0] in _ABBREVIATIONS)
            ):
                _close(out, found, classes, first, place + 1, part, start, words, fresh=fresh)
                fresh = False
                first = place + 1
        _close(out, found, classes, first, len(found), part, start, words, fresh=fresh)
    return out


def _close(
    out: list[Sentence],
    found: list[tuple[str, int, int]],
    classes: list[frozenset[str]],
    first: int,
    last: int,
    part: str,
    offset: int,
    words: Lexicon,
    *,
    fresh: bool,
) -> None:
    asks = last > first and found[last - 1][0] in _ASKS
    body = last
    while body > first and found[body - 1][0] in _ENDS:
        body -= 1
    if body <= first:
        if asks and out and last > first:
            out[-1].asks = True  # "really?!" is one ending
        return
    clauses: list[Clause] = []
    label = _EMPTY
    at = first
    for cut in [*_cuts(found, classes, first, body, words), body]:
        begin, end = at, cut
        while begin < end and found[begin][0] in (_COMMAS | _BREAKS):
            begin += 1
        while end > begin and found[end - 1][0] in (_COMMAS | _BREAKS):
            end -= 1
        if end > begin:
            span = (offset + found[begin][1], offset + found[end - 1][2])
            capital = [part[s].isupper() for _, s, _ in found[begin:end]]
            clause = Clause([w for w, _, _ in found[begin:end]], classes[begin:end], span, capital, label)
            clauses.append(clause)
            label = clause.seen if cut < body and found[cut - 1][0] in ":：" else _EMPTY
        at = cut
    if clauses:
        out.append(Sentence(clauses, asks=asks, fresh=fresh))


def _cuts(
    found: list[tuple[str, int, int]], classes: list[frozenset[str]], first: int, last: int, words: Lexicon
) -> list[int]:
    """Places where a new clause begins: after a colon, dash or opening word, before "and please", ", but"."""
    cuts: list[int] = []
    begin = first
    for place in range(first, last):
        word = found[place][0]
        cut = -1
        if (
            word in _BREAKS
            or (
                word in _COMMAS
                and "OPENER" in classes[begin]
                and place - begin <= _OPENING
                and _only_opens(classes, begin, place)
            )
            or (word in _COMMAS and place - begin <= _OPENING and _says_wrong(classes, begin, place))
            or (word in _COMMAS and place + 2 < last and _forbids(found, classes, begin, place))
        ):
            cut = place + 1
        elif word in words.splits and place > begin and _starts(found, classes, place, last, words):
            cut = place
        if cut > begin:
            cuts.append(cut)
            begin = cut
    return cuts


def _says_wrong(classes: list[frozenset[str]], begin: int, place: int) -> bool:
    """Whether it only says that the agent was wrong: "That's wrong, …"."""
    opened = frozenset[str]().union(*classes[begin:place])
    return "WRONG" in opened and "THE" not in opened and opened.isdisjoint(("IF", "WHEN", "I", "WE"))


def _forbids(found: list[tuple[str, int, int]], classes: list[frozenset[str]], begin: int, place: int) -> bool:
    """Whether "do not", "please" or "never" opens another clause after a comma, and no condition governs it."""
    if not classes[begin].isdisjoint(("WHEN", "IF", "PLACE", "FOR", "I", "WE", "NEG")):
        return False
    after = classes[place + 1]
    negated = found[place + 1][0] == "do" and not classes[place + 2].isdisjoint(("NOT",))
    return (
        negated
        or ("POLITE" in after and place + 3 < len(found) and found[place + 2][0] not in _COMMAS)
        or ("ALWAYS" in after and "NEVER" in after)
    )


def _only_opens(classes: list[frozenset[str]], begin: int, place: int) -> bool:
    return all(not found.isdisjoint(("OPENER", "FILLER", "IN")) or not found for found in classes[begin:place])


def _starts(
    found: list[tuple[str, int, int]], classes: list[frozenset[str]], place: int, last: int, words: Lexicon
) -> bool:
    """Whether a conjunction joins a clause rather than a word."""
    after = place + 1
    if after >= last:
        return False
    if found[after][0] in _COMMAS:
        return True
    if found[after][0] in words.starts:
        return True
    comma = found[place - 1][0] in _COMMAS
    return comma and (word_is_but(found[place][0]) or not classes[after].isdisjoint(_AFTER_AND))


def word_is_but(word: str) -> bool:
    """Whether a conjunction always joins clauses after a comma."""
    return word in _BUT


_BUT: Final = frozenset("but so though aber sondern mais pero sino donc also 但 而".split())

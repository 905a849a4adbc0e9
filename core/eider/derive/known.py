"""Whether a sentence is already said by what the host gives its agent to read."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from eider.statement import Statement, read
from eider.statement.terms import TYPED
from eider.text import fingerprint

_NEAR: Final = 0.8
"""Share of all content words of both from which one is a rewording of the other. A guess."""


def is_known(text: str, known: Collection[str]) -> bool:
    """Whether one of the known sentences says it: the same but for case, punctuation and small rewording.

    >>> is_known("Use ISO dates.", ["- always use ISO dates!"]), is_known("Use ISO dates.", ["Never use ISO dates."])
    (True, False)
    """
    mark = fingerprint(text)
    said = read(text)
    return any(fingerprint(each) == mark or _rewords(said, read(each)) for each in known)


def _rewords(said: Statement, known: Statement) -> bool:
    mine, theirs = said.words, known.words
    if not mine or said.negated != known.negated or said.ended != known.ended or said.person != known.person:
        return False
    if known.scope and said.scope != known.scope:
        return False
    shared = mine.keys() & theirs.keys()
    apart = [term for form, term in (mine | theirs).items() if form not in shared]
    if any(term.kind in TYPED | {"name", "code"} and term.canon in mine for term in apart):
        return False
    return mine.keys() <= theirs.keys() or len(shared) / len(mine | theirs) >= _NEAR

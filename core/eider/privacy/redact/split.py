"""Secrets that were cut in two and lie in two strings of one row.

Standard library only: hooks load this file.
"""

from __future__ import annotations

from itertools import pairwise

from eider.privacy.redact import scanner
from eider.privacy.redact.placeholders import compiled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Final

_WINDOW: Final = 2_000
"""Characters of a field's head and tail that are searched for a secret running into the next; a guess
above every token."""
_BARRIER: Final = " \0 "
"""Between strings that are scanned together and must not run into each other."""
_LEAF: Final = "\0"
"""Begins the name of a string of metadata: neither it nor what follows it is more of a whole secret."""


def crossing(fields: Mapping[str, str]) -> Iterator[tuple[str, list[tuple[str, int, int]]]]:
    """Secrets that run over the edge of a field, as (family, [(field, start, end), …])."""
    full = {name: value for name, value in fields.items() if value}
    places: list[tuple[int, str, int, int]] = []  # where it starts in the joined text, field, offset in it, length
    joined: list[str] = []
    at = 0
    for row in _neighbours(full):
        for name in row:
            for offset, part in _ends(full[name]):
                if offset:
                    joined.append(_BARRIER)
                    at += len(_BARRIER)
                places.append((at, name, offset, len(part)))
                joined.append(part)
                at += len(part)
        joined.append(_BARRIER)
        at += len(_BARRIER)
    for family, start, end in scanner.spans("".join(joined)) if places else ():
        pieces = [
            (name, offset + max(start - place, 0), offset + min(end - place, length))
            for place, name, offset, length in places
            if place < end and start < place + length
        ]
        kept = _believed(family, pieces, full) if len(pieces) > 1 else []
        if kept:
            yield family, kept


def _neighbours(full: Mapping[str, str]) -> Iterator[list[str]]:
    """Runs of fields that a secret could run through: no sentence ends where one meets the next."""
    run: list[str] = []
    for name in full:
        if run and not scanner.may_run_on(full[run[-1]], full[name]):
            yield from _pairs(run)
            run = []
        run.append(name)
    yield from _pairs(run)
    text = full.get("text", "")
    for name, value in full.items():
        if text and name != "text" and scanner.may_run_on(text, value):
            yield ["text", name]
        if text and name != "text" and scanner.may_run_on(value, text):
            yield [name, "text"]


def _pairs(run: list[str]) -> Iterator[list[str]]:
    """The whole run, and each two of it: a token of fixed length must end where its field ends."""
    if len(run) > 2:  # noqa: PLR2004
        yield run
    for pair in pairwise(run):
        if "text" not in pair:
            yield list(pair)


def _ends(value: str) -> list[tuple[int, str]]:
    """A field, or the head and tail of a long one, with their offsets."""
    if len(value) <= 2 * _WINDOW:
        return [(0, value)]
    return [(0, value[:_WINDOW]), (len(value) - _WINDOW, value[-_WINDOW:])]


def _believed(family: str, pieces: list[tuple[str, int, int]], full: Mapping[str, str]) -> list[tuple[str, int, int]]:
    """The pieces, unless the first is a secret by itself and the next only stands beside it."""
    if any(piece[0].startswith(_LEAF) for piece in pieces):
        return pieces if _cut(family, pieces, full) else []
    name, start, end = pieces[0]
    alone = any(s < end and e > start for _, s, e in scanner.spans(full[name]))
    if family in scanner.GENERIC:
        right = full[pieces[1][0]][pieces[1][1] : pieces[1][2]]
        if alone and len(pieces) == 2 and scanner.halves(full[name][start:end], right):  # noqa: PLR2004
            return pieces
        cut = family == "password" and not alone and end - start > 2 and len(pieces) == 2  # noqa: PLR2004
        return pieces if cut and scanner.continues(right, 3) else []
    if not alone:
        return pieces
    kept = pieces[:1]
    for piece in pieces[1:]:
        value = full[piece[0]][piece[1] : piece[2]]
        if not scanner.continues(value):
            break
        kept.append(piece)
    return kept if len(kept) > 1 else []


def _cut(family: str, pieces: list[tuple[str, int, int]], full: Mapping[str, str]) -> bool:
    """Whether strings of metadata are parts of one token or of one private key, and none is a secret by itself.

    Digits, small letters and capitals must be mixed in both parts: what is less disorderly may be a time or an id.
    """
    parts = [full[name][start:end] for name, start, end in pieces]
    if any(first < end and last > start for name, start, end in pieces for _, first, last in scanner.spans(full[name])):
        return False
    if family == "private-key":
        line = compiled(r"[A-Za-z0-9+/=\s]{16,}$|-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----$")
        return parts[0].startswith("-----BEGIN") and all(line.match(part) for part in parts[1:])
    disorder = compiled(r"(?=.*[0-9])(?=.*[a-z])(?=.*[A-Z]).{8}")
    return len(parts) == 2 and all(disorder.match(part) for part in parts) and scanner.continues(parts[1])  # noqa: PLR2004

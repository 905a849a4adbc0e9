"""The one door's filter: secrets become `[redacted:<family>]`, private passages `[private]`, the rest stays verbatim.

Runs before anything is spooled, stored, indexed or logged, and again at commit. What it returns is
`CleanText`, which nothing else can make, so a plan that skipped it is refused by its type.
Standard library only and cheap to import: hooks load this file with nothing else on the path.
"""

from __future__ import annotations

from itertools import pairwise

from eider.redact import context, scan
from eider.redact.words import is_placeholder, is_reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Final, NoReturn

    from eider.values import Json, Metadata

_WINDOW: Final = 2_000
"""Characters of a field's head and tail that are searched for a secret running into the next; a guess
above every token."""
_BARRIER: Final = " \0 "
"""Between strings that are scanned together and must not run into each other."""
_PASSES: Final = 8
"""Upper bound of the passes until nothing more is found; two are usual."""


class CleanText(str):
    """A string that holds no known secret; only `redact` makes one.

    Slices, concatenations and formatted copies are plain `str`: what is derived must pass again.
    A copy is the value itself. A pickle holds the plain text and is redacted anew when loaded, so a
    forged pickle gains nothing.

    >>> redact("hello"), type(redact("hello")).__name__, type(redact("hello") + "!").__name__
    ('hello', 'CleanText', 'str')
    """

    __slots__ = ()

    def __new__(cls, *_: object, **__: object) -> NoReturn:
        """Refuse: a promise cannot be made by its holder."""
        raise TypeError("CleanText is made by redact(text) only; call redact.")

    def __init_subclass__(cls) -> NoReturn:
        """Refuse: a subclass could promise what it does not keep."""
        raise TypeError("CleanText cannot be subclassed; call redact(text).")

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return redact, (str(self),)

    def __reduce_ex__(self, protocol: object) -> tuple[object, tuple[str]]:
        return self.__reduce__()

    def __copy__(self) -> CleanText:
        return self

    def __deepcopy__(self, memo: object) -> CleanText:
        return self


class Finding:
    """One secret: its family and where it is, `text[start:end]`. Frozen."""

    __slots__ = ("end", "family", "start")
    family: str
    start: int
    end: int

    def __init__(self, *, family: str, start: int, end: int) -> None:
        for name, value in (("family", family), ("start", start), ("end", end)):
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        message = f"Finding is frozen; make a new one instead of setting {name!r}."
        raise AttributeError(message)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Finding) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return f"Finding(family={self.family!r}, start={self.start}, end={self.end})"

    def _key(self) -> tuple[str, int, int]:
        return self.family, self.start, self.end


def redact(text: str) -> CleanText:
    """The text with each secret replaced by `[redacted:<family>]` and each private passage by `[private]`.

    Never fails, takes time linear in the length, and leaves a text without secrets as it is, byte for
    byte. Redacting twice changes nothing more.

    >>> redact("my password is hunter2, remember it")
    'my password is [redacted:password], remember it'
    >>> redact("the deploy <private>is on Friday</private> as said")
    'the deploy [private] as said'
    """
    if isinstance(text, CleanText):
        return text
    clean = text
    for _ in range(_PASSES):
        found = _found(clean)
        if not found:
            break
        clean = _replaced(clean, found)
    return str.__new__(CleanText, clean)


def findings(text: str) -> list[Finding]:
    """Every secret and private passage of the text, in order, without overlaps.

    >>> findings("password=hunter2")
    [Finding(family='password', start=9, end=16)]
    """
    return [Finding(family=family, start=start, end=end) for family, start, end in _found(text)]


def redact_tree(value: Metadata) -> Metadata:
    """Metadata with every string redacted, names too; a name such as `password` redacts its whole value.

    >>> redact_tree({"password": "swordfish", "note": "ok", "tokens": 12})
    {'password': '[redacted:password]', 'note': 'ok', 'tokens': 12}
    """
    return redact_row({}, value)[1]


def redact_fields(fields: Mapping[str, str]) -> dict[str, CleanText]:
    """The strings of one row, each redacted, and a secret split over two of them blanked in both.

    The field called `text` (else the first) is tried before and after every other field; all fields
    are tried one after the other in the order given.

    >>> redact_fields({"text": "use hf_AbCdEfGhIjKlMnOpQ", "session": "rStUvWxYz0123456789"})["session"]
    '[redacted:huggingface-token]'
    """
    blanks: dict[str, list[tuple[str, int, int]]] = {name: [] for name in fields}
    for family, pieces in _crossing(fields):
        for name, start, end in pieces:
            blanks[name].append((family, start, end))
    out: dict[str, CleanText] = {}
    for name, text in fields.items():
        if blanks[name]:
            spans = scan.merged([*_found(text), *blanks[name]])
            out[name] = redact(_replaced(text, spans))
        else:
            out[name] = redact(text)
    return out


def redact_row(fields: Mapping[str, str], metadata: Metadata) -> tuple[dict[str, CleanText], Metadata]:
    """A row's strings and its metadata together, so that a secret split between them is found as well.

    >>> redact_row({"text": "a ghp_0123456789abcdefAB"}, {"rest": "CDEFghijklmnopqrst"})[1]
    {'rest': '[redacted:github-token]'}
    """
    leaves = {f"\0{place}": leaf for place, leaf in enumerate(_leaves(metadata))}
    clean = redact_fields({**fields, **leaves})
    rest = iter([clean[name] for name in leaves])
    tree: dict[str, Json] = {redact(name): _tree(inner, name, rest) for name, inner in metadata.items()}
    return {name: clean[name] for name in fields}, tree


def _found(text: str) -> list[tuple[str, int, int]]:
    spans = scan.spans(text)
    if "<" in text and "private" in text.lower():
        spans = _hide(scan.private_passages(text), spans)
    if spans and ("[redacted:" in text or "[private]" in text):
        spans = _around_marks(text, spans)
    return spans


def _hide(passages: list[tuple[str, int, int]], spans: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Private passages with the secrets outside them; a secret that runs across an edge joins the passage."""
    return scan.merged([*passages, *spans]) if passages else spans


def _around_marks(text: str, spans: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """The spans less what an earlier redaction already replaced: marks are never redacted again."""
    marks = [(m.start(), m.end()) for m in scan.marks(text)]
    out: list[tuple[str, int, int]] = []
    for family, start, end in spans:
        at = start
        for first, last in marks:
            if last <= at or first >= end:
                continue
            if first > at:
                out.append((family, at, first))
            at = max(at, last)
        if at < end:
            out.append((family, at, end))
    return out


def _replaced(text: str, spans: list[tuple[str, int, int]]) -> str:
    parts: list[str] = []
    at = 0
    for family, start, end in spans:
        parts += (text[at:start], "[private]" if family == "private" else f"[redacted:{family}]")
        at = end
    return "".join([*parts, text[at:]])


def _leaves(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _leaves(inner)


def _tree(value: Json, name: str, clean: Iterator[CleanText]) -> Json:
    """The value with its strings taken from `clean`, in the order of `_leaves`; `name` is the key it stands under."""
    if isinstance(value, dict):
        return {redact(key): _tree(inner, key, clean) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_tree(inner, name, clean) for inner in value]
    if isinstance(value, str):
        return _named(next(clean), name)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        level, family = context.name_level(name)
        strong = level == context.STRONG and abs(value) >= 1000  # noqa: PLR2004 (PINs have four digits)
        if strong or redact(str(value)) != str(value):
            return redact(f"[redacted:{family or 'card-number'}]")
    return value


def _named(clean: CleanText, name: str) -> CleanText:
    level, family = context.name_level(name)
    if level < context.MEDIUM or not clean.strip():
        return clean
    if is_placeholder(clean) or is_reference(clean):
        return clean
    if family == "pin" and not clean.isdigit():
        return clean
    return redact(f"[redacted:{family}]")


def _crossing(fields: Mapping[str, str]) -> Iterator[tuple[str, list[tuple[str, int, int]]]]:
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
    for family, start, end in scan.spans("".join(joined)) if places else ():
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
        if run and not scan.may_run_on(full[run[-1]], full[name]):
            yield from _pairs(run)
            run = []
        run.append(name)
    yield from _pairs(run)
    text = full.get("text", "")
    for name, value in full.items():
        if text and name != "text" and scan.may_run_on(text, value):
            yield ["text", name]
        if text and name != "text" and scan.may_run_on(value, text):
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
    name, start, end = pieces[0]
    alone = any(s < end and e > start for _, s, e in scan.spans(full[name]))
    if family in scan.GENERIC:
        right = full[pieces[1][0]][pieces[1][1] : pieces[1][2]]
        if alone and len(pieces) == 2 and scan.halves(full[name][start:end], right):  # noqa: PLR2004
            return pieces
        cut = family == "password" and not alone and end - start > 2 and len(pieces) == 2  # noqa: PLR2004
        return pieces if cut and scan.continues(right, 3) else []
    if not alone:
        return pieces
    kept = pieces[:1]
    for piece in pieces[1:]:
        value = full[piece[0]][piece[1] : piece[2]]
        if not scan.continues(value):
            break
        kept.append(piece)
    return kept if len(kept) > 1 else []

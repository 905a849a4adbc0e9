"""The one door's filter: secrets become `[redacted:<family>]`, private passages `[private]`, the rest stays verbatim.

Runs before anything is spooled, stored, indexed or logged, and again at commit. What it returns is
`CleanText`, which nothing else can make, so a plan that skipped it is refused by its type.
Standard library only and cheap to import: hooks load this file with nothing else on the path.
"""

from __future__ import annotations

from eider.privacy.redact import named_secrets, scanner
from eider.privacy.redact import names as naming
from eider.privacy.redact.names import names_something, says_secret
from eider.privacy.redact.placeholders import is_placeholder, is_reference
from eider.privacy.redact.split import crossing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping
    from typing import Final, NoReturn

    from eider.model.values import Json, Metadata

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


def redact_name(name: str) -> CleanText:
    """A name, key or id as it is, unless it holds a secret whose own format gives it away.

    Idempotency keys, ids, types and names of sessions, speakers, scopes and agents tell rows apart, so words are
    never evidence here: "password reset" and "token: 7" stay. A token of a provider (`sk-…`, `ghp_…`, a JWT, a private
    key) is replaced by its family and the first twelve digits of its SHA-256: it is not stored, equal names stay
    equal in every process, and different ones different. A password in a URL has no digest, since it can be guessed.
    Redacting twice changes nothing more.

    >>> redact_name("langchain:password reset:7f3a"), redact_name("chat:ghp_" + "a1B2c3D4e5" * 3)
    ('langchain:password reset:7f3a', 'chat:[redacted:2aa0b17fcb64:github-token]')
    """
    if isinstance(name, CleanText):
        return name
    clean = name
    for _ in range(_PASSES):
        found = _around_marks(clean, naming.name_spans(clean))
        if not found:
            break
        clean = _replaced(clean, found, naming.mark_of)
    return str.__new__(CleanText, clean)


def redact_tree(value: Metadata) -> Metadata:
    """Metadata with each string redacted by itself, in the same shape.

    The names of entries stay (see `redact_name`), as do ids and types; an entry called `password` has its whole value
    redacted, and an entry whose name says a secret ("password=…") keeps its place under a redacted name of its own.
    A number under such a name, or one that is a card's, becomes a string; nothing else changes its type.

    >>> redact_tree({"password": "swordfish", "note": "ok", "tokens": 12})
    {'password': '[redacted:password]', 'note': 'ok', 'tokens': 12}
    """
    return redact_row({}, value)[1]


def redact_fields(fields: Mapping[str, str], names: Container[str] = ()) -> dict[str, CleanText]:
    """The strings of one row, each redacted, and a secret split over two of them blanked in both.

    The field called `text` (else the first) is tried before and after every other field; all fields
    are tried one after the other in the order given.

    Args:
        fields: The strings, by the field they stand in.
        names: Fields that tell rows apart, such as a session: they pass `redact_name`, and of a secret split between
            one of them and another field only the other part is blanked.

    >>> redact_fields({"text": "use hf_AbCdEfGhIjKlMnOpQ", "speaker": "rStUvWxYz0123456789"})["speaker"]
    '[redacted:huggingface-token]'
    """
    return redact_row(fields, {}, names)[0]


def redact_row(
    fields: Mapping[str, str], metadata: Metadata, names: Container[str] = ()
) -> tuple[dict[str, CleanText], Metadata]:
    """A row's strings and its metadata.

    Each string of the metadata is redacted by itself: a secret never reaches from a whole one into what stands beside
    it. A token cut in two is blanked in both parts where neither is a secret alone and both are mixed letters and digits,
    as no time, hash or word is.

    Args:
        fields: The row's strings.
        metadata: What the host said about it.
        names: Fields that tell rows apart (see `redact_fields`).

    >>> redact_row({"text": "a ghp_0123456789abcdefAB"}, {"rest": "CDEF0hijklmnopqrst"})[1]
    {'rest': '[redacted:github-token]'}
    """
    leaves = list(_leaves(metadata, ""))
    texts = {**fields, **{f"\0{place}": leaf for place, (_, leaf) in enumerate(leaves)}}
    fixed = {name for name in fields if name in names}
    fixed |= {f"\0{place}" for place, (entry, _) in enumerate(leaves) if names_something(entry)}
    blanks: dict[str, list[tuple[str, int, int]]] = {}
    for family, pieces in crossing(texts):
        for name, start, end in pieces:
            if name not in fixed:
                blanks.setdefault(name, []).append((family, start, end))
    clean: dict[str, CleanText] = {}
    for name, text in texts.items():
        if name in fixed:
            clean[name] = redact_name(text)
        elif name in blanks:
            clean[name] = redact(_replaced(text, scanner.merged([*_found(text), *blanks[name]])))
        else:
            clean[name] = _leaf(text) if name.startswith("\0") else redact(text)
    rest = iter([clean[name] for name in list(texts)[len(fields) :]])
    tree = _tree(metadata, "", rest)
    return {name: clean[name] for name in fields}, tree  # pyright: ignore[reportReturnType] (a mapping stays one)


def _found(text: str) -> list[tuple[str, int, int]]:
    spans = scanner.spans(text)
    if "<" in text and "private" in text.lower():
        passages = scanner.private_passages(text)
        spans = scanner.merged([*passages, *spans]) if passages else spans
    if spans and ("[redacted:" in text or "[private]" in text):
        spans = _around_marks(text, spans)
    return spans


def _around_marks(text: str, spans: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """The spans less what an earlier redaction already replaced: marks are never redacted again."""
    marks = [(m.start(), m.end()) for m in scanner.marks(text)]
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


def _replaced(
    text: str,
    spans: list[tuple[str, int, int]],
    mark: Callable[[str, str], str] = lambda family, _: f"[redacted:{family}]",
) -> str:
    parts: list[str] = []
    at = 0
    for family, start, end in spans:
        parts += (text[at:start], "[private]" if family == "private" else mark(family, text[start:end]))
        at = end
    return "".join([*parts, text[at:]])


def _leaves(value: Json, entry: str) -> Iterator[tuple[str, str]]:
    """Each string of a tree with the name of the entry it stands under."""
    if isinstance(value, str):
        yield entry, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, name)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _leaves(inner, entry)


def _tree(value: Json, name: str, clean: Iterator[CleanText]) -> Json:
    """The value with its strings taken from `clean`, in the order of `_leaves`; `name` is the entry it stands under."""
    if isinstance(value, dict):
        return dict(zip(_entries(value), [_tree(inner, key, clean) for key, inner in value.items()], strict=True))
    if isinstance(value, (list, tuple)):
        return [_tree(inner, name, clean) for inner in value]
    if isinstance(value, str):
        text = next(clean)
        return text if names_something(name) else _named(text, name)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        level, family = named_secrets.name_level(name)
        strong = level == named_secrets.STRONG and abs(value) >= 1000  # noqa: PLR2004 (PINs have four digits)
        if strong or redact(str(value)) != str(value):
            return redact(f"[redacted:{family or 'card-number'}]")
    return value


def _leaf(text: str) -> CleanText:
    """A string of metadata; one that is JSON itself, such as a tool's arguments, is redacted as JSON and stays it."""
    clean = redact(text)
    if clean == text or not text.lstrip().startswith(("{", "[")):
        return clean
    import json

    try:
        inner = redact_tree({"": json.loads(text)})[""]
    except (ValueError, RecursionError):
        return clean
    compact = (",", ":") if '": ' not in text else None
    again = json.dumps(inner, ensure_ascii=False, separators=compact, indent=2 if "\n" in text else None)
    return str.__new__(CleanText, again)


def _entries(value: Mapping[str, Json]) -> list[CleanText]:
    """The names of an object's entries, clean and as different from each other as they were."""
    out: dict[CleanText, None] = {}
    for name in value:
        first = redact_name(name)
        if says_secret(first):
            first = redact(str(first))
        clean, number = first, 1
        while clean in out or (clean != name and clean in value):
            number += 1
            clean = str.__new__(CleanText, f"{first} ({number})")
        out[clean] = None
    return list(out)


def _named(clean: CleanText, name: str) -> CleanText:
    level, family = named_secrets.name_level(name)
    if level < named_secrets.MEDIUM or not clean.strip():
        return clean
    if is_placeholder(clean) or is_reference(clean):
        return clean
    if family == "pin" and not clean.isdigit():
        return clean
    return redact(f"[redacted:{family}]")

"""Where the secrets are: one linear pass per kind, and two more over the text with its joints removed.

A token is also found when a line break, a backslash, a zero-width character, a string concatenation or
regular spaces run through it. Standard library only, `re` loaded on first use: hooks load this file.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise

from eider.privacy.redact import login_pairs, named_secrets, unspaced
from eider.privacy.redact.check_digits import numbers
from eider.privacy.redact.placeholders import compiled, is_placeholder, is_reference, looks_random
from eider.privacy.redact.token_formats import INNER, PROVIDERS, STARTS_INSIDE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from re import Match
    from typing import Final

    Span = tuple[str, int, int]

_LITERALS: Final = tuple(dict.fromkeys(literal for _, literal, _ in PROVIDERS))
_WITH: Final = {sign: tuple(x for x in _LITERALS if sign in x) for sign in "_-"}
"""Most literals hold an underscore or a hyphen, most prose does not: two looks instead of a hundred."""
_WITHOUT: Final = tuple(x for x in _LITERALS if "_" not in x and "-" not in x)
_INNER_LITERALS: Final = tuple(dict.fromkeys(literal for _, literal, _, _ in INNER))
_INNER_LENGTH: Final = 36
"""Characters of the shortest token known by a single sign inside it: a colon and the 35 of a Telegram bot."""
_LONG: Final = 20_000
"""Characters above which neither a literal that is itself interrupted nor a shapeless secret in pieces is
sought: in a pasted file they would cost a second scan. A guess."""
_INVISIBLE: Final = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff\u180e"
_CONCAT: Final = (
    r"\\\r?\n[ \t]*"
    r"|(?P<q>[\"'`])(?:[ \t]*(?:[+.&~,]|\|\||\.\.)[ \t]*(?:\\?\r?\n[ \t]*)?|[ \t]+|[ \t]*\\?\r?\n[ \t]*(?:[+.&~][ \t]*)?)(?P=q)"
)
_LINES: Final = r"\\?(?:\r?\n|\\n)[ \t]*(?:[>|#*+][ \t]*)?|" + _CONCAT
_WRAP: Final = r"[ \t]+|" + _LINES

_PEM_LIMIT: Final = 20_000
"""Characters of an unclosed private key; an 8192-bit RSA key has 6,400."""


def spans(text: str) -> list[Span]:
    """Every secret as (family, start, end), in order, without overlaps."""
    literals = _literals(text)
    found = list(_scan(text, literals))
    if "\\" in text or any(text.count(quote) > 1 for quote in "\"'`"):
        found += _through(text, _CONCAT, _scan) if len(text) <= _LONG else ()
        found += _wrapped(text, None if len(text) <= _LONG else literals, _LINES)
    elif "\n" in text:
        found += _wrapped(text, None if len(text) <= _LONG else literals, _LINES)
    found += _wrapped(text, literals, _WRAP)
    if not text.isascii() and any(c in text for c in _INVISIBLE):
        found += _through(text, f"[{_INVISIBLE}]", spans)
    return merged(found)


def shaped(text: str) -> list[Span]:
    """Secrets that their own format gives away, without what only the words around them say."""
    found = [span for span in _formats(text, _literals(text)) if span[0] != "password"]
    if not text.isascii() and any(c in text for c in _INVISIBLE):
        found += _through(text, f"[{_INVISIBLE}]", shaped)
    return merged(found)


def _literals(text: str) -> list[str]:
    found = [x for x in _WITHOUT if x in text]
    for sign, literals in _WITH.items():
        if sign in text:
            found += [x for x in literals if x in text and x not in found]
    return found


def merged(found: list[Span]) -> list[Span]:
    """The spans in order, those that overlap as one, named after the more telling of them."""
    if len(found) < 2:  # noqa: PLR2004
        return found
    out: list[Span] = []
    for family, start, end in sorted(found, key=lambda s: (s[1], -s[2])):
        if out and start < out[-1][2]:
            before = out[-1]
            better = family if family == "private" or (before[0] in GENERIC and family not in GENERIC) else before[0]
            out[-1] = (better, before[1], max(before[2], end))
        else:
            out.append((family, start, end))
    return out


GENERIC: Final = {"password", "secret", "token", "api-key", "bearer-token", "pin"}


def _scan(text: str, literals: list[str] | None = None) -> Iterator[Span]:
    yield from _formats(text, _literals(text) if literals is None else literals)
    if sum(map(text.count, "0123456789")) >= 14:  # noqa: PLR2004 (the shortest card)
        yield from numbers(text)
    low = text.replace("\u0130", "i").lower()  # the one letter whose lower case is longer; offsets must hold
    yield from login_pairs.pairs(text, low)
    yield from unspaced.passwords(text)
    rows = named_secrets.names(low)
    if rows:
        yield from named_secrets.assigned(text, low, rows)


def _formats(text: str, present: list[str]) -> Iterator[Span]:
    if present:
        for family, literal, rest in PROVIDERS:
            if literal in present:
                yield from _provider(text, family, literal, rest)
    short = len(text) <= _LONG and max(map(len, text.split()), default=0) < _INNER_LENGTH
    for literal in _INNER_LITERALS:
        if literal in text and not (short and len(literal) == 1):
            yield from _inner(text, literal)
    if "PRIVATE KEY" in text or "PuTTY" in text:
        yield from _private_keys(text)


def _escaped(literal: str) -> str:
    return compiled(r"([^A-Za-z0-9_/ -])").sub(r"\\\1", literal)


def _provider(text: str, family: str, literal: str, rest: str) -> Iterator[Span]:
    name = _escaped(literal)
    inside = STARTS_INSIDE.get(literal)
    if inside:
        width = 32 if "32" in inside else 14
        pattern = compiled(f"{name}(?<={inside}{name}){rest}(?![A-Za-z0-9])")
        for match in pattern.finditer(text):
            yield family, match.start() - width, match.end()
        return
    free = r"[A-Za-z0-9]" if literal[0] not in "./" else r"\s"
    if literal == "key-":
        free = "[A-Za-z0-9_-]"
    left = f"(?:(?<!{free}{name})|(?<=\\\\[nrt]{name})|(?<=%[0-9A-F][0-9A-F]{name}))"
    pattern = compiled(f"{name}{left}{rest}(?![A-Za-z0-9])")
    for match in pattern.finditer(text):
        end = match.end() - (text[match.end() - 1] == ".")
        if plausible(text[match.start() + len(literal) : end], literal):
            yield family, match.start(), end
            if family == "aws-access-key":
                yield from _aws_secret(text, match.end())


def plausible(body: str, literal: str) -> bool:
    """Whether what follows a provider's literal is a token rather than words or a placeholder.

    >>> plausible("your-api-key-here-please", "sk-"), plausible("proj-a8K2" * 6, "sk-")
    (False, True)
    """
    low = body.lower()
    if len(set(low)) < (6 if len(low) > 9 else 1) or "xxxx" in low or "your" in low or "placeholder" in low:  # noqa: PLR2004
        return False
    if len(literal) > 5 and ("-" not in body and "_" not in body):  # noqa: PLR2004
        return True
    pieces = [p for p in compiled("[-_.]").split(body) if p]
    if sum(map(str.isdigit, body)) > 2:  # noqa: PLR2004
        return not all(p.isalpha() or p.isdigit() or len(p) < 4 for p in pieces) or max(map(len, pieces)) >= 16  # noqa: PLR2004
    least = 8 if len(literal) > 3 else 16  # noqa: PLR2004 (`sk-` also starts names)
    return any(len(p) >= least and random_piece(p) for p in pieces)


def _aws_secret(text: str, at: int) -> Iterator[Span]:
    window = text[at : at + 200]
    for match in compiled(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])").finditer(window):
        if not compiled("[0-9a-fA-F]{40}").match(match.group()):
            yield "aws-secret-key", at + match.start(), at + match.end()


def _inner(text: str, literal: str) -> Iterator[Span]:
    for family, start, source, how in INNER:
        if start != literal:
            continue
        for match in compiled(source).finditer(text):
            begin, end = match.span(1 if match.re.groups else 0)
            if how.isdigit():
                begin = match.start() - int(how)
            if _passes(how, text[begin:end]):
                yield family, begin, end


def _passes(how: str, value: str) -> bool:
    if how == "random":
        return not is_placeholder(value) and not is_reference(value) and looks_random(value)
    if how == "basic":
        from binascii import Error, a2b_base64

        try:
            plain = a2b_base64(value + "=" * (-len(value) % 4))
        except Error:
            return False
        return b":" in plain and all(byte >= 32 for byte in plain)  # noqa: PLR2004 (control characters: not a login)
    if how == "password":
        reference = compiled(r"\$|\{|<|%[({]|\[redacted:").match(value)
        made_up = value.lower().startswith(("example-", "sample-", "dummy-"))
        return not reference and (made_up or not is_placeholder(value))
    return len(set(value)) > 5  # noqa: PLR2004


def _private_keys(text: str) -> Iterator[Span]:
    at = 0
    head = compiled(r"-----BEGIN (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
    tail = compiled(r"-----END (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
    while (match := head.search(text, at)) is not None:
        close = tail.search(text, match.end(), match.end() + _PEM_LIMIT)
        body = compiled(r"(?:[A-Za-z0-9+/=\s,:.()>|\"'-]|\\[nrt\\\"])*").match(
            text, match.end(), match.end() + _PEM_LIMIT
        )
        end = close.end() if close else (body.end() if body else match.end())
        inside = text[match.end() : close.start() if close else end]
        at = max(end, match.end())
        if len(set(compiled("[^A-Za-z0-9+/]").sub("", inside.replace("\\n", "")))) >= 8:  # noqa: PLR2004
            yield "private-key", match.start(), end
    for match in tail.finditer(text):
        body = compiled(r"(?:[A-Za-z0-9+/=]{16,100}(?:\s{1,2}|\\n)){0,200}[A-Za-z0-9+/=]{0,100}(?:\s{1,2}|\\n)?$")
        before = text[max(0, match.start() - 4_000) : match.start()]
        lines = body.search(before) if "-----BEGIN" not in before else None
        if lines and len(lines.group()) >= 16:  # noqa: PLR2004
            yield "private-key", match.start() - len(lines.group()), match.end()
    for match in compiled(r"Private-Lines: [0-9]{1,3}\s{1,2}((?:[A-Za-z0-9+/=]{1,64}\s{1,2}){1,80})").finditer(text):
        yield "private-key", match.start(1), match.end(1)


def _through(text: str, joints: str, scan: Callable[[str], Iterable[Span]]) -> Iterator[Span]:
    """What `scan` finds across joints once they are taken out, in the coordinates of `text`."""
    joined = compiled(joints).sub("", text)
    if len(joined) == len(text):
        return
    places: tuple[list[int], list[int]] | None = None
    for family, start, end in scan(joined):
        places = places or joint_map(text, joints)
        first, last = _origin(start, *places), _origin(end - 1, *places) + 1
        if last - first > end - start:
            yield family, first, last


def joint_map(text: str, joints: str) -> tuple[list[int], list[int]]:
    """Places in the joined text where something was removed, and how much in all up to there."""
    at, removed = [0], [0]
    for match in compiled(joints).finditer(text):
        at.append(match.start() - removed[-1])
        removed.append(removed[-1] + len(match.group()))
    return at, removed


def _origin(place: int, at: list[int], removed: list[int]) -> int:
    return place + removed[bisect_right(at, place) - 1]


def _wrapped(text: str, literals: list[str] | None, joints: str) -> Iterator[Span]:
    """Tokens whose body is interrupted by spaces or line ends; all literals, or those known to be there."""
    if literals == []:
        return
    joined = compiled(joints).sub("", text)
    if len(joined) == len(text):
        return
    sought = _literals(joined) if literals is None else literals
    places: tuple[list[int], list[int]] | None = None
    for family, literal, rest in PROVIDERS:
        if literal not in sought or literal in STARTS_INSIDE:
            continue
        whole = compiled(f"{_escaped(literal)}{rest}")
        for match in whole.finditer(joined):
            if not plausible(match.group()[len(literal) :], literal):
                continue
            places = places or joint_map(text, joints)
            first = _origin(match.start(), *places)
            if first and text[first - 1].isalnum() and text[first - 2 : first] not in {"\\n", "\\r", "\\t"}:
                continue
            end = _kept(joined, match.start(), match.end(), literal, rest, places[0], lines=joints == _LINES)
            if end and whole.fullmatch(joined, match.start(), end):
                last = _origin(end - 1, *places) + 1
                if last - first > end - match.start():
                    yield family, first, last


def _kept(joined: str, start: int, end: int, literal: str, rest: str, cuts: list[int], *, lines: bool) -> int:
    """The end of the pieces that belong to the token: random ones, or ones of one regular length."""
    low, high = bisect_right(cuts, start), bisect_right(cuts, end - 1)
    edges = [start, *dict.fromkeys(c for c in cuts[low:high] if c > start), end]
    pieces = [joined[a:b] for a, b in pairwise(edges)]
    if len(pieces) == 1:
        return 0
    width = len(pieces[1])
    whole = compiled(rest).fullmatch(joined, start + len(literal), edges[1])
    if (
        lines
        and not whole
        and joined[end : end + 1] in ("", *" .,;:)\"'`]}")
        and any(map(str.isdigit, joined[start:end]))
    ):
        return end if plausible(joined[start + len(literal) : end], literal) else 0
    even = [p for p in pieces[1:] if len(p) == width]
    regular = not whole and len(even) > 2 and sum(map(random_piece, even)) * 3 >= len(even)  # noqa: PLR2004
    keep = edges[1]
    for piece, edge in zip(pieces[1:], edges[2:], strict=True):
        if not (random_piece(piece) or (regular and len(piece) == width)):
            body = compiled(rest)
            completes = body.fullmatch(joined, start + len(literal), edge) and len(piece) * 3 <= keep - start
            keep = edge if completes and not body.fullmatch(joined, start + len(literal), keep) else keep
            break
        keep = edge
        if regular and len(piece) < width:
            break
    body = joined[start + len(literal) : keep]
    sure = any(c.isdigit() for c in body) or any(map(random_piece, pieces))
    return keep if keep > edges[1] and plausible(body, literal) and sure else 0


def random_piece(piece: str) -> bool:
    """Whether a run of characters is no word of any language: digits among letters, or capitals inside."""
    if len(piece) < 2:  # noqa: PLR2004
        return False
    if piece.lower() in "abcdefghijklmnopqrstuvwxyz" and len(piece) > 3:  # noqa: PLR2004 (made up, and no word)
        return True
    digit, letter = any(c.isdigit() for c in piece), any(c.isalpha() for c in piece)
    if digit and letter:
        term = compiled(r"[A-Za-z]{1,8}[0-9]{1,2}$|[0-9]{1,4}(?:st|nd|rd|th|s|ms|px|k)$").match(piece)
        return term is None
    if len(piece) < 6:  # noqa: PLR2004
        return False
    vowels = sum(c in "aeiouyAEIOUY" for c in piece)
    if compiled(r"(?i).*[b-df-hj-np-tv-xz]{5}").match(piece):
        return True
    return bool(compiled(r".*[a-z][A-Z].*[A-Za-z]").match(piece)) or (letter and vowels * 5 <= len(piece))


def may_run_on(left: str, right: str) -> bool:
    """Whether a secret could run from the end of one string into the next.

    >>> may_run_on("We sail at noon.", "session-7"), may_run_on("the key is sk-ant-ap", "i03-x1")
    (False, True)
    """
    if left[-1].isspace() or right[0].isspace():
        return False
    tail, head = left[-80:].rsplit(maxsplit=1)[-1], right[:80].split(maxsplit=1)[0]
    if left[-1] in ".!?,;:)\"'" and left[-2:-1].isalpha():
        return left[-1] == "." and any(c.isdigit() for c in tail)
    return len(tail) + len(head) >= 20 or any(c.isdigit() for c in tail + head)  # noqa: PLR2004 (the shortest token)


def halves(left: str, right: str) -> bool:
    """Whether two runs are one shapeless secret: hexadecimal of a usual length together, or alike in their disorder."""
    if compiled("[0-9a-f]+$").match(left) and compiled("[0-9a-f]+$").match(right):
        return len(left) not in _HEX_LENGTHS and len(left) + len(right) in _HEX_LENGTHS
    disorder = compiled(r"(?=.*[0-9])(?=.*[a-z])(?=.*[A-Z]).{8}")
    return bool(disorder.match(left) and disorder.match(right)) and continues(right)


_HEX_LENGTHS: Final = {32, 40, 48, 64, 96, 128}
"""Digits of 16 to 64 random bytes, as keys are usually written."""


def continues(value: str, least: int = 8) -> bool:
    """Whether a field's start is more of the token before it rather than an id or a name of its own."""
    own = compiled(
        r"[0-9a-f]{8}-[0-9a-f]{4}-|[0-9A-Z]{26}$|(?:[a-z]{2,4}|session|project|agent|user|role|team|thread)[_:-]|[0-9]+$"
    ).match(value)
    return len(value) >= least and not own and random_piece(value)


def marks(text: str) -> list[Match[str]]:
    """What an earlier redaction left."""
    return list(compiled(r"\[redacted:(?:[0-9a-f]{12}:)?[a-z-]{1,40}\]|\[private\]").finditer(text))


def private_passages(text: str) -> list[Span]:
    """What stands between `<private>` and `</private>`, tags included; an unclosed tag reaches to the end."""
    out: list[Span] = []
    depth = begin = 0
    for match in compiled(r"(?i)<(/?)\s{0,3}private(?:\s[^<>]{0,100})?\s{0,3}>").finditer(text):
        if match[1]:
            if depth == 1:
                out.append(("private", begin, match.end()))
            depth = max(0, depth - 1)
        else:
            begin = begin if depth else match.start()
            depth += 1
    if depth:
        out.append(("private", begin, len(text)))
    return out

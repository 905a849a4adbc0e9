"""How answers are printed: JSON lines for programs, short lines and aligned tables for people.

Nothing is imported here but what Python has loaded anyway: the hot verbs print through this file.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from typing import Any, Final

    from eider.cli.command import State

_CONTROL: Final = (*range(9), *range(0x0B, 0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""What could drive a terminal or reorder its text; kept texts come from strangers."""
_MARKED: Final = dict.fromkeys(_CONTROL, "\N{REPLACEMENT CHARACTER}")
_COLOURS: Final = {
    "black": 30, "red": 31, "green": 32, "yellow": 33, "blue": 34, "magenta": 35, "cyan": 36, "white": 37,
}  # fmt: skip
"""ANSI codes of the foreground."""
_WIDEST: Final = 100
"""Columns; longer lines tire the eye."""
_PLAIN_WIDTH: Final = 80
_NARROWEST: Final = 20
"""Columns that are left for words, however deep the indent."""


def plain(value: Any) -> Any:
    """A value as JSON knows it: times are ISO 8601 in UTC, values are objects of their fields.

    >>> from datetime import UTC, datetime
    >>> plain({"at": datetime(2026, 5, 1, tzinfo=UTC), "of": ("a",)})
    {'at': '2026-05-01T00:00:00Z', 'of': ['a']}
    """
    if value is None or isinstance(value, str | bool | int | float):
        return round(value, 6) if isinstance(value, float) else value
    if isinstance(value, type):
        return str(value)
    if (names := getattr(value, "__dataclass_fields__", None)) is not None:
        return {name: plain(getattr(value, name)) for name in names}
    if hasattr(value, "astimezone"):
        return iso(value)
    if hasattr(value, "keys"):
        return {str(k): plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if hasattr(value, "__iter__") else str(value)


def iso(at: datetime) -> str:
    """An instant in UTC."""
    from datetime import UTC

    aware = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return aware.isoformat().replace("+00:00", "Z")


def json_line(value: Any) -> None:
    """One object on one line."""
    unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    text = _json(plain(value), ascii_only=not unicode)
    echo(text if text.isprintable() else text.translate({c: f"\\u{c:04x}" for c in _CONTROL}))


def _json(value: Any, *, ascii_only: bool) -> str:
    """What `json.dumps` makes of it; importing json brings `re` and costs more than the answer."""
    try:
        from _json import encode_basestring, encode_basestring_ascii, make_encoder
    except ImportError:  # another Python
        import json

        return json.dumps(value, ensure_ascii=ascii_only, allow_nan=False)
    encode = encode_basestring_ascii if ascii_only else encode_basestring
    encoder: Any = make_encoder(None, str, encode, None, ": ", ", ", False, False, False)
    return "".join(encoder(value, 0))


def clean(text: str) -> str:
    r"""A text that does nothing to a terminal but show.

    >>> clean("\x1b[31mred")
    '�[31mred'
    """
    return text if text.isprintable() else text.translate(_MARKED)


def one_line(text: str) -> str:
    """A text on one line."""
    return clean(" ".join(text.split()))


def echo(line: str, *, err: bool = False) -> None:
    """A line as it is, at once."""
    stream = sys.stderr if err else sys.stdout
    stream.write(line + "\n")
    stream.flush()


def say(text: str = "", **style: Any) -> None:
    """Print a line; coloured on a terminal only."""
    encoding = sys.stdout.encoding or "utf-8"
    shown = clean(text).encode(encoding, "replace").decode(encoding)
    echo(styled(shown, **style) if style and coloured() else shown)


def styled(text: str, *, fg: str | None = None, bold: bool = False, dim: bool = False) -> str:
    r"""A text between ANSI codes.

    >>> styled("eider", fg="green", bold=True)
    '\x1b[32m\x1b[1meider\x1b[0m'
    """
    codes = [*([_COLOURS[fg]] if fg else []), *([1] if bold else []), *([2] if dim else [])]
    return "".join(f"\x1b[{code}m" for code in codes) + text + "\x1b[0m" if codes else text


def coloured() -> bool:
    """Whether colours are wanted: on a terminal, unless NO_COLOR says otherwise."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def complain(message: str, *, prefix: str = "eider: ") -> None:
    """A line on stderr, without any secret that the caller may have typed."""
    try:
        from eider.privacy.redact import redact

        shown = str(redact(message))
    except ImportError:  # a broken installation; what cannot be redacted is not shown
        shown = "this installation is incomplete; install eider anew."
    encoding = sys.stderr.encoding or "utf-8"
    echo((prefix + clean(shown)).encode(encoding, "backslashreplace").decode(encoding), err=True)


def width() -> int:
    """Columns to write in."""
    if not sys.stdout.isatty():
        return _PLAIN_WIDTH
    import shutil

    return max(40, min(_WIDEST, shutil.get_terminal_size((_PLAIN_WIDTH, 24)).columns))


def cells(text: str) -> int:
    """Columns a text takes: wide characters take two, combining ones none.

    >>> cells("eider"), cells("絨鴨")
    (5, 4)
    """
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def wrapped(text: str, columns: int) -> list[str]:
    """A text of single spaces in lines of at most so many characters; a longer word is broken.

    >>> wrapped("an eider lines its nest", 9)
    ['an eider', 'lines its', 'nest']
    """
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        left = word
        while len(left) > (room := columns - len(line) - bool(line)):
            if len(left) > columns and room > 0:
                line, left = f"{line} {left[:room]}" if line else left[:room], left[room:]
            lines.append(line)
            line = ""
        line = f"{line} {left}" if line else left
    return [*lines, line] if line else lines


def indented(text: str, first: str = "", rest: str | None = None, **style: Any) -> None:
    """A paragraph behind a hanging indent."""
    rest = " " * cells(first) if rest is None else rest
    lines = wrapped(one_line(text), max(_NARROWEST, width() - cells(rest))) or [""]
    for place, line in enumerate(lines):
        say((rest if place else first) + line, **style)


def table(rows: Sequence[Sequence[object]], head: Sequence[str] = (), right: Sequence[int] = ()) -> None:
    """Aligned columns; the last one wraps, columns in `right` are set flush right."""
    shown = [[one_line(str(c)) for c in row] for row in ([head, *rows] if head else rows)]
    if not shown:
        return
    wide = [max(cells(row[i]) for row in shown) for i in range(len(shown[0]))]
    for place, row in enumerate(shown):
        *most, last = [_set(c, wide[i], flush=i in right) for i, c in enumerate(row)]
        first = "".join(f"{c}  " for c in most)
        style: dict[str, Any] = {"bold": True} if head and not place else {}
        indented(last.strip(), first, **style)


def _set(text: str, columns: int, *, flush: bool) -> str:
    room = " " * (columns - cells(text))
    return room + text if flush else text + room


def refusals(reasons: Sequence[str], shown: int = 20) -> None:
    """Why rows were not taken: the first of them."""
    for reason in reasons[:shown]:
        indented(reason, "refused  ")
    if len(reasons) > shown:
        say(f"and {len(reasons) - shown} more refused; see all with --json")


def show(state: State, values: Iterable[Any], human: Callable[[], None]) -> None:
    """Print values as JSON lines, or let `human` print them."""
    if state.json:
        for value in values:
            json_line(value)
    else:
        human()


def progress(state: State, label: str) -> AbstractContextManager[Callable[[int, int], None]]:
    """A bar on stderr that is told (done, total); only on a terminal, or with --progress."""
    from eider.cli.progress import progress as made

    return made(state, label)

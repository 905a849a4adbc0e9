"""Prints answers: JSON lines for programs, short lines and aligned tables for people.

Nothing is imported here but what Python has loaded anyway: the hot verbs print through this file.
"""

from __future__ import annotations

import os
import sys

from eider.model.visible_text import escaped, visible_lines, visible_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from typing import Any, Final

    from eider.cli.state import State

_COLOURS: Final = {
    "black": 30, "red": 31, "green": 32, "yellow": 33, "blue": 34, "magenta": 35, "cyan": 36, "white": 37,
}  # fmt: skip
"""ANSI codes of the foreground."""
_MAX_WIDTH: Final = 100
"""Columns; longer lines tire the eye."""
_PLAIN_WIDTH: Final = 80
_MIN_WIDTH: Final = 20
"""Columns that are left for words, however deep the indent."""


def to_json(value: Any) -> Any:
    """Convert a value to JSON types: times to ISO 8601 in UTC, dataclasses to objects.

    >>> from datetime import UTC, datetime
    >>> to_json({"at": datetime(2026, 5, 1, tzinfo=UTC), "of": ("a",)})
    {'at': '2026-05-01T00:00:00Z', 'of': ['a']}
    """
    if value is None or isinstance(value, str | bool | int | float):
        return round(value, 6) if isinstance(value, float) else value
    if isinstance(value, type):
        return str(value)
    if (names := getattr(value, "__dataclass_fields__", None)) is not None:
        return {name: to_json(getattr(value, name)) for name in names}
    if hasattr(value, "astimezone"):
        return utc_text(value)
    if hasattr(value, "keys"):
        return {str(k): to_json(v) for k, v in value.items()}
    return [to_json(v) for v in value] if hasattr(value, "__iter__") else str(value)


def utc_text(at: datetime) -> str:
    """Return an instant as ISO 8601 text in UTC."""
    from datetime import UTC

    aware = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return aware.isoformat().replace("+00:00", "Z")


def print_json(value: Any, *, err: bool = False) -> None:
    """Print one JSON object on one line, on stdout or stderr."""
    encoding = (sys.stderr if err else sys.stdout).encoding or ""
    unicode = encoding.lower().replace("-", "") == "utf8"
    write_line(escaped(_json_text(to_json(value), ascii_only=not unicode)), err=err)


def announce_start(home: str) -> None:
    """Say on a terminal that the first call in a home starts the background server, which takes a few seconds."""
    if sys.stderr.isatty() and not os.access(f"{home}/run", os.F_OK):
        write_line(f"starting Eider's background server for {home}; the first call takes a few seconds …", err=True)


def _json_text(value: Any, *, ascii_only: bool) -> str:
    """Encode JSON as `json.dumps` does, without importing `json`, which would bring `re`."""
    try:
        from _json import encode_basestring, encode_basestring_ascii, make_encoder
    except ImportError:  # another Python
        import json

        return json.dumps(value, ensure_ascii=ascii_only, allow_nan=False)
    encode = encode_basestring_ascii if ascii_only else encode_basestring
    encoder: Any = make_encoder(None, str, encode, None, ": ", ", ", False, False, False)
    return "".join(encoder(value, 0))


def write_line(line: str, *, err: bool = False) -> None:
    """Write a line and flush."""
    stream = sys.stderr if err else sys.stdout
    stream.write((visible_lines(line) if err else line) + "\n")
    stream.flush()


def print_line(text: str = "", **style: Any) -> None:
    """Print a line, in colour on a terminal."""
    encoding = sys.stdout.encoding or "utf-8"
    shown = visible_lines(text).encode(encoding, "replace").decode(encoding)
    write_line(styled(shown, **style) if style and use_colour() else shown)


def styled(text: str, *, fg: str | None = None, bold: bool = False, dim: bool = False) -> str:
    r"""Return a text between ANSI codes.

    >>> styled("eider", fg="green", bold=True)
    '\x1b[32m\x1b[1meider\x1b[0m'
    """
    codes = [*([_COLOURS[fg]] if fg else []), *([1] if bold else []), *([2] if dim else [])]
    return "".join(f"\x1b[{code}m" for code in codes) + text + "\x1b[0m" if codes else text


def use_colour() -> bool:
    """Return whether to use colours: on a terminal without NO_COLOR."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def print_error(message: str, *, prefix: str = "eider: ") -> None:
    """Print an error line on stderr, with secrets redacted."""
    try:
        from eider.privacy.redact import redact

        shown = str(redact(message))
    except ImportError:  # a broken installation; what cannot be redacted is not shown
        shown = "this installation is incomplete; install eider anew."
    encoding = sys.stderr.encoding or "utf-8"
    write_line((prefix + shown).encode(encoding, "backslashreplace").decode(encoding), err=True)


def terminal_width() -> int:
    """Return the width to print in, in columns."""
    if not sys.stdout.isatty():
        return _PLAIN_WIDTH
    import shutil

    return max(40, min(_MAX_WIDTH, shutil.get_terminal_size((_PLAIN_WIDTH, 24)).columns))


def display_width(text: str) -> int:
    """Return a text's width in columns; wide characters take two, combining ones none.

    >>> display_width("eider"), display_width("絨鴨")
    (5, 4)
    """
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def wrap(text: str, columns: int) -> list[str]:
    """Break a text into lines of at most `columns` characters.

    >>> wrap("an eider lines its nest", 9)
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


def print_indented(text: str, first: str = "", rest: str | None = None, **style: Any) -> None:
    """Print a paragraph with a hanging indent."""
    rest = " " * display_width(first) if rest is None else rest
    lines = wrap(visible_text(text), max(_MIN_WIDTH, terminal_width() - display_width(rest))) or [""]
    for place, line in enumerate(lines):
        print_line((rest if place else first) + line, **style)


def print_table(rows: Sequence[Sequence[object]], head: Sequence[str] = (), right: Sequence[int] = ()) -> None:
    """Print aligned columns; the last one wraps, columns in `right` are right-aligned."""
    shown = [[visible_text(str(c)) for c in row] for row in ([head, *rows] if head else rows)]
    if not shown:
        return
    wide = [max(display_width(row[i]) for row in shown) for i in range(len(shown[0]))]
    for place, row in enumerate(shown):
        *most, last = [_pad(c, wide[i], flush=i in right) for i, c in enumerate(row)]
        first = "".join(f"{c}  " for c in most)
        style: dict[str, Any] = {"bold": True} if head and not place else {}
        print_indented(last.strip(), first, **style)


def _pad(text: str, columns: int, *, flush: bool) -> str:
    room = " " * (columns - display_width(text))
    return room + text if flush else text + room


def print_refusals(reasons: Sequence[str], shown: int = 20) -> None:
    """Print the first reasons why rows were refused."""
    for reason in reasons[:shown]:
        print_indented(reason, "refused  ")
    if len(reasons) > shown:
        print_line(f"and {len(reasons) - shown} more refused; see all with --json")


def print_values(state: State, values: Iterable[Any], human: Callable[[], None]) -> None:
    """Print values as JSON lines, or let `human` print them."""
    if state.json:
        for value in values:
            print_json(value)
    else:
        human()

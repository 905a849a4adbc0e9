"""How answers are printed: JSON lines for programs, short lines and aligned tables for people."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from eider.cli.command import State

_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What could drive a terminal or reorder its text; kept texts come from strangers."""
_WIDEST: Final = 100
"""Columns; longer lines tire the eye."""
_PLAIN_WIDTH: Final = 80


def plain(value: Any) -> Any:
    """A value as JSON knows it: times are ISO 8601 in UTC, values are objects of their fields.

    >>> plain({"at": datetime(2026, 5, 1, tzinfo=UTC), "of": ("a",)})
    {'at': '2026-05-01T00:00:00Z', 'of': ['a']}
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if value is None or isinstance(value, str | bool | int | float):
        return round(value, 6) if isinstance(value, float) else value
    return [plain(v) for v in value] if isinstance(value, Iterable) else str(value)


def iso(at: datetime) -> str:
    """An instant in UTC."""
    aware = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return aware.isoformat().replace("+00:00", "Z")


def json_line(value: Any) -> None:
    """One object on one line."""
    unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    text = json.dumps(plain(value), ensure_ascii=not unicode, allow_nan=False)
    click.echo(_CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def clean(text: str) -> str:
    r"""A text that does nothing to a terminal but show.

    >>> clean("\x1b[31mred")
    '�[31mred'
    """
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def one_line(text: str) -> str:
    """A text on one line."""
    return clean(" ".join(text.split()))


def say(text: str = "", **style: Any) -> None:
    """Print a line; coloured on a terminal only."""
    shown = clean(text)
    encoding = sys.stdout.encoding or "utf-8"
    shown = shown.encode(encoding, "replace").decode(encoding)
    click.echo(click.style(shown, **style) if style and coloured() else shown)


def coloured() -> bool:
    """Whether colours are wanted: on a terminal, unless NO_COLOR says otherwise."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def complain(message: str, *, prefix: str = "eider: ") -> None:
    """A line on stderr, without any secret that the caller may have typed."""
    try:
        from eider.redact import redact

        shown = str(redact(message))
    except ImportError:  # a broken installation; what cannot be redacted is not shown
        shown = "this installation is incomplete; install eider anew."
    click.echo(prefix + _CONTROL.sub("\N{REPLACEMENT CHARACTER}", shown), err=True)


def width() -> int:
    """Columns to write in."""
    if not sys.stdout.isatty():
        return _PLAIN_WIDTH
    return max(40, min(_WIDEST, shutil.get_terminal_size((_PLAIN_WIDTH, 24)).columns))


def cells(text: str) -> int:
    """Columns a text takes: wide characters take two, combining ones none.

    >>> cells("eider"), cells("絨鴨")
    (5, 4)
    """
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def indented(text: str, first: str = "", rest: str | None = None, **style: Any) -> None:
    """A paragraph behind a hanging indent."""
    rest = " " * cells(first) if rest is None else rest
    lines = textwrap.wrap(one_line(text), max(20, width() - cells(rest)), break_on_hyphens=False) or [""]
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


def show(state: State, values: Iterable[Any], human: Callable[[], None]) -> None:
    """Print values as JSON lines, or let `human` print them."""
    if state.json:
        for value in values:
            json_line(value)
    else:
        human()


@contextmanager
def progress(state: State, label: str) -> Generator[Callable[[int, int], None]]:
    """A bar on stderr that is told (done, total); only on a terminal, or with --progress.

    Until a total is told the bar says that something goes on.
    """
    wanted = sys.stderr.isatty() if state.progress is None else state.progress
    if not wanted:
        yield lambda _done, _total: None
    elif not sys.stderr.isatty():
        click.echo(f"{label} …", err=True)
        yield _tenths(label)
    else:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        console = Console(stderr=True, no_color=not coloured())
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(label, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)


def _tenths(label: str) -> Callable[[int, int], None]:
    """Ten plain lines instead of a bar."""
    last = -1

    def told(done: int, total: int) -> None:
        nonlocal last
        tenth = 10 if total <= 0 else 10 * done // total
        if tenth > last:
            last = tenth
            click.echo(f"{label} {done}/{total}", err=True)

    return told

"""Shows progress on stderr: a bar on a terminal that is erased at the end, ten plain lines elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

from eider.cli.output import styled, write_line

if TYPE_CHECKING:
    from eider.cli.state import State

_LABEL: Final = 15
"""Characters of a label that a narrow terminal has room for."""
_ERASE: Final = "\x1b[1A\r\x1b[2K"
"""Up to the line that the bar ended, and away with it."""


@contextmanager
def progress(state: State, label: str) -> Generator[Callable[[int, int], None]]:
    """Yield a function (done, total) that draws progress on stderr; on a terminal, or with --progress.

    Until a total is told the bar is empty: something goes on.
    """
    wanted = sys.stderr.isatty() if state.progress is None else state.progress
    if not wanted:
        yield lambda _done, _total: None
    elif not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        write_line(f"{label} …", err=True)
        yield _tenths(label)
    else:
        narrow = shutil.get_terminal_size().columns <= len(label) + 2 * _LABEL  # a bar that wraps cannot be erased
        full, empty = ("━", " ") if os.environ.get("NO_COLOR") else (styled("━", fg="green"), styled("━", dim=True))
        shown = f"{label[:_LABEL] if narrow else label} …"
        with click.progressbar(
            length=1, label=shown, file=sys.stderr, show_eta=False, show_percent=False, show_pos=True,
            width=0 if narrow else 30, fill_char=full, empty_char=empty, bar_template="%(label)s %(bar)s %(info)s",
        ) as bar:  # fmt: skip
            rate = _Rate()

            def told(done: int, total: int) -> None:
                bar.length = max(1, total)
                bar.label = f"{shown}{'' if narrow else rate.told(done, total)}"
                bar.update(done - bar.pos)

            try:
                yield told
            finally:
                bar.render_finish()
                sys.stderr.write(_ERASE)
                bar.hidden = True  # it would end its line once more


def _tenths(label: str) -> Callable[[int, int], None]:
    """Return a progress function that prints a line at each tenth."""
    last, rate = -1, _Rate()

    def told(done: int, total: int) -> None:
        nonlocal last
        tenth = 10 if total <= 0 else 10 * done // total
        if tenth > last:
            last = tenth
            write_line(f"{label} {done}/{total}{rate.told(done, total)}", err=True)

    return told


class _Rate:
    """How fast something goes, and how long it will take."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    def told(self, done: int, total: int) -> str:
        """Return for example " (120 a second, 40 s left)"; nothing while too little is done to say."""
        seconds = time.monotonic() - self._since
        if seconds < 1 or done <= 0 or done >= total:
            return ""
        left = seconds * (total - done) / done
        remaining = f"{left:.0f} s" if left < 90 else f"{left / 60:.0f} min"  # noqa: PLR2004 (seconds that read well)
        return f" ({done / seconds:,.0f} a second, {remaining} left)"

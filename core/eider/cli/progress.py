"""Shows progress on stderr: a bar on a terminal that is erased at the end, ten plain lines elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from eider.cli.output import styled, write_line

if TYPE_CHECKING:
    from eider.cli.state import State

_EVERY: Final = 0.1
"""Seconds between two drawings: a terminal over a slow line keeps up."""
_BAR: Final = 30
_ERASE: Final = "\r\x1b[2K"


@contextmanager
def progress(state: State, label: str) -> Generator[Callable[[int, int], None]]:
    """Yield a function (done, total) that draws progress on stderr; on a terminal, or with --progress.

    Until a total is told the bar says that something goes on.
    """
    wanted = sys.stderr.isatty() if state.progress is None else state.progress
    if not wanted:
        yield lambda _done, _total: None
    elif not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        write_line(f"{label} …", err=True)
        yield _tenths(label)
    else:
        bar = _Bar(label)
        try:
            yield bar.told
        finally:
            bar.erase()


class _Bar:
    """A progress bar on one line that is redrawn."""

    def __init__(self, label: str) -> None:
        self._label, self._began, self._drawn = label, time.monotonic(), 0.0
        self._draw(f"{label} …")

    def told(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._drawn < _EVERY and done < total:
            return
        self._drawn = now
        full = _BAR if total <= 0 else min(_BAR, _BAR * done // total)
        bar = "━" * full if os.environ.get("NO_COLOR") else styled("━" * full, fg="green")
        rest = " " * (_BAR - full) if os.environ.get("NO_COLOR") else styled("━" * (_BAR - full), dim=True)
        seconds = int(now - self._began)
        self._draw(f"{self._label} {bar}{rest} {done}/{total} {seconds // 60}:{seconds % 60:02}")

    def erase(self) -> None:
        sys.stderr.write(_ERASE)
        sys.stderr.flush()

    def _draw(self, line: str) -> None:
        if shutil.get_terminal_size().columns <= len(self._label) + _BAR:  # it would wrap, and could not be erased
            line = self._label[: _BAR // 2] + " …"
        encoding = sys.stderr.encoding or "utf-8"
        sys.stderr.write(_ERASE + line.encode(encoding, "replace").decode(encoding))
        sys.stderr.flush()


def _tenths(label: str) -> Callable[[int, int], None]:
    """Return a progress function that prints a line at each tenth."""
    last = -1

    def told(done: int, total: int) -> None:
        nonlocal last
        tenth = 10 if total <= 0 else 10 * done // total
        if tenth > last:
            last = tenth
            write_line(f"{label} {done}/{total}", err=True)

    return told

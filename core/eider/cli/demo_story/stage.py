"""Prints the demo: acts, calls and their results, or times as JSON lines."""

from __future__ import annotations

import json
import textwrap
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from eider.model.answers import Recollection

_WIDEST: Final = 96
"""Columns; longer lines tire the eye."""
_STYLES: Final[dict[str, dict[str, Any]]] = {"": {}, "bold": {"bold": True}, "dim": {"dim": True}}


class LinePrinter(Protocol):
    """Prints a line; `fg`, `bold` and `dim` where there are colours."""

    def __call__(self, text: str = "", **style: Any) -> None:
        """Print it."""
        ...


class Stage:
    """Prints acts and keeps their times."""

    def __init__(self, say: LinePrinter, *, width: int, as_json: bool = False) -> None:
        """Take who prints and in how many columns; with `as_json` nothing but times is printed."""
        self._say: LinePrinter = _print_nothing if as_json else say
        self.width = min(width, _WIDEST)
        self.as_json = as_json
        self.acts: list[str] = []
        self.times: list[tuple[str, float]] = []

    @contextmanager
    def act(self, title: str) -> Generator[None]:
        """One act under a heading."""
        self._say()
        self._say(f"{len(self.acts) + 1}  {title}", fg="cyan", bold=True)
        self.acts.append(title)
        yield

    @contextmanager
    def time_call(self, step: str) -> Generator[None]:
        """Measure one call."""
        start = time.perf_counter()
        yield
        self.add_time(step, 1e3 * (time.perf_counter() - start))

    def add_time(self, step: str, ms: float) -> None:
        """Keep a time that was measured."""
        self.times.append((step, ms))
        if self.as_json:
            print(json.dumps({"step": step, "ms": round(ms, 2)}), flush=True)

    def say(self, text: str, style: str = "", indent: int = 3, lead: str = "") -> None:
        """A paragraph, its later lines set under the first one's text behind `lead`."""
        first, later = " " * indent + lead, " " * (indent + len(lead))
        lines = textwrap.wrap(
            " ".join(text.split()), self.width - 1, initial_indent=first, subsequent_indent=later,
            break_on_hyphens=False,
        )  # fmt: skip
        for line in lines:
            self._say(line, **_STYLES.get(style, {"fg": style}))

    def show_call(self, call: str) -> None:
        """The call that is made, as one would write it."""
        self.say(call, "bold", lead=">>> ")

    def show_recollection(self, found: Recollection, *, why: bool = True) -> None:
        """One recalled line with the reasons for it."""
        when = ""
        if found.episode is not None:
            when = f"{found.episode.speaker}, {found.episode.at:%d %b}: "
        self.say(f"{when}{found.text}", "green", 5, f"{found.score:5.2f}  ")
        if why:
            self.say(str(found.why), "dim", 12, "why: ")

    def summary(self, total: float) -> None:
        """The times, in two columns."""
        rows = [(step, f"{ms:,.1f}") for step, ms in self.times]
        left, right = max(len(step) for step, _ in rows), max(len(ms) for _, ms in rows)
        self._say()
        self._say(f"{'step':<{left}}  {'ms':>{right}}", bold=True)
        for step, ms in rows:
            self._say(f"{step:<{left}}  {ms:>{right}}")
        self._say()
        self.say(f"{total:.1f} s in all, on this machine, with no network and no key.", "bold", 0)


def _print_nothing(text: str = "", **style: Any) -> None:
    del text, style

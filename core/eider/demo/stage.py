"""How the story looks: coloured in a terminal, plain lines when piped, JSON lines on request."""

from __future__ import annotations

import json
import textwrap
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from eider.answers import Recollection

_WIDEST = 96


class Stage:
    """Prints acts and keeps their times."""

    def __init__(self, *, as_json: bool = False, console: Console | None = None) -> None:
        """Take the console to play on; stdout by default."""
        self.console = console or Console(highlight=False, quiet=as_json, soft_wrap=False)
        self.console.width = min(self.console.width, _WIDEST)
        self.as_json = as_json
        self.acts: list[str] = []
        self.times: list[tuple[str, float]] = []

    @contextmanager
    def act(self, title: str) -> Generator[None]:
        """One act under a heading."""
        self.console.print()
        self.console.print(f"[bold cyan]{len(self.acts) + 1}  {escape(title)}[/]")
        self.acts.append(title)
        yield

    @contextmanager
    def timed(self, step: str) -> Generator[None]:
        """Measure one call."""
        start = time.perf_counter()
        yield
        self.note(step, 1e3 * (time.perf_counter() - start))

    def note(self, step: str, ms: float) -> None:
        """Keep a time that was measured."""
        self.times.append((step, ms))
        if self.as_json:
            print(json.dumps({"step": step, "ms": round(ms, 2)}), flush=True)  # noqa: T201 (what --json is for)

    def say(self, text: str, style: str = "", indent: int = 3, lead: str = "") -> None:
        """A paragraph, its later lines set under the first one's text behind `lead`."""
        first, later = " " * indent + lead, " " * (indent + len(lead))
        lines = textwrap.wrap(
            " ".join(text.split()), self.console.width - 1, initial_indent=first, subsequent_indent=later,
            break_on_hyphens=False,
        )  # fmt: skip
        for line in lines:
            self.console.print(escape(line), style=style, soft_wrap=True)

    def ask(self, call: str) -> None:
        """The call that is made, as one would write it."""
        self.say(call, "bold", lead=">>> ")

    def hit(self, found: Recollection, *, why: bool = True) -> None:
        """One recalled line with the reasons for it."""
        when = ""
        if found.episode is not None:
            when = f"{found.episode.speaker}, {found.episode.at:%d %b}: "
        self.say(f"{when}{found.text}", "green", 5, f"{found.score:5.2f}  ")
        if why:
            self.say(str(found.why), "dim", 12, "why: ")

    def summary(self, total: float) -> None:
        """The times, in two columns."""
        table = Table(box=None, pad_edge=False, show_header=True, header_style="bold")
        table.add_column("step")
        table.add_column("ms", justify="right")
        for step, ms in self.times:
            table.add_row(step, f"{ms:,.1f}")
        self.console.print()
        self.console.print(table)
        self.console.print()
        self.say(f"{total:.1f} s in all, on this machine, with no network and no key.", "bold", 0)

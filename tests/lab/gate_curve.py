"""What the gate before injection would do at other thresholds."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from eider.cli.bench_runs.metrics import share

SILENCES: Final = (0.5, 0.75, 0.9, 0.95)
Heard = list[tuple[str, float]]
"""(text of a line, probability that it helps) of each line the gate looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """One prompt: the best line's weight, and the best wanted line's."""

    wants: bool
    """Whether anything kept would help with it."""
    best: float
    best_wanted: float
    """Minus infinity where no wanted line was looked at."""


def curve(prompts: Sequence[Weighed], silences: Sequence[float] = SILENCES) -> list[dict[str, float]]:
    """For each wished silence on empty prompts: the threshold, its silence, and the prompts that get a wanted line.

    >>> some = [Weighed(wants=n > 1, best=n, best_wanted=n if n > 1 else -1.0) for n in (0.0, 1.0, 0.5, 2.0, 0.9)]
    >>> curve([*some, Weighed(wants=True, best=3.0, best_wanted=0.1)], [0.5])
    [{'above': 0.5, 'silence': 0.5, 'shown': 0.5}]
    """
    empty = sorted(p.best for p in prompts if not p.wants)
    wanting = [p.best_wanted for p in prompts if p.wants]
    found: list[dict[str, float]] = []
    for silence in silences if empty and wanting else ():
        edge = empty[max(0, math.ceil(silence * len(empty)) - 1)]
        quiet = share([best <= edge for best in empty])
        shown = share([best > edge for best in wanting])
        found.append({"above": round(edge, 4), "silence": round(quiet, 3), "shown": round(shown, 3)})
    return found


@contextmanager
def overheard() -> Generator[list[Heard]]:
    """The gate's verdicts within this block, one entry per prompt it judged; `inject` itself stays the real one."""
    pipeline: Any = import_module("eider.guide.inject")
    real = pipeline.admit
    heard: list[Heard] = []

    def listening(lines: Sequence[Any], *more: Any, **named: Any) -> Any:
        verdict = real(lines, *more, **named)
        if (odds := getattr(verdict, "odds", None)) is not None:
            heard.append([(line.text, p) for line, p in zip(lines, odds, strict=False)])
        return verdict

    pipeline.admit = listening
    try:
        yield heard
    finally:
        pipeline.admit = real

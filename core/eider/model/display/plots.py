"""Plots for notebooks; they need matplotlib: `pip install 'eider-memory[view]'`.

Each takes values, draws on the axes given (or new ones) and returns the axes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from eider.model.display.html import colours
from eider.model.display.parts import PALETTE
from eider.model.errors import InputError, MissingExtraError
from eider.model.forgetting_curve import retrievability

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from eider.model.answers import Explanation, Recollection, Retention
    from eider.model.values import Event

_NAMED: Final = 10
"""Memories that a plot names."""
_LABEL: Final = 44
"""Characters of a text beside a plot."""


def decay(memories: Sequence[Explanation], *, days: int = 365, ax: Axes | None = None) -> Axes:
    """Retrievability of memories over the days after their last use, as `why` tells them.

    Args:
        memories: What `memory.why(id)` answered for each.
        days: How far to look.
        ax: Where to draw.

    Raises:
        InputError: There is nothing to draw.
        MissingExtraError: matplotlib is not installed.
    """
    if not memories or days < 1:
        raise InputError(f"{len(memories)} memories over days={days!r} make no curve; pass at least one, and one day.")
    axes = _axes(ax, height=3.6)
    ages = np.linspace(0.0, float(days), 200)
    for place, one in enumerate(memories):
        chances = retrievability(ages, np.full(len(ages), one.usage.stability))
        colour = PALETTE[place % len(PALETTE)]
        axes.plot(ages, chances, color=colour, linewidth=1.8, label=_short(one.memory.text))
    axes.axhline(0.9, color="0.6", linewidth=0.8, linestyle=":")
    axes.set_xlabel("days since last use")
    axes.set_ylabel("retrievability")
    axes.set_ylim(0.0, 1.02)
    axes.set_xlim(0.0, float(days))
    axes.legend(frameon=False, fontsize=8, loc="lower left")
    return axes


def fading(found: Sequence[Retention], *, threshold: float = 0.5, days: int = 730, ax: Axes | None = None) -> Axes:
    """How the retention score of memories falls over the coming days if nothing happens; immune ones are dotted.

    Args:
        found: What `memory.retention()` answered; the first ten are named.
        threshold: Score below which `consolidate` closes.
        days: How far to look.
        ax: Where to draw.

    Raises:
        InputError: There is nothing to draw.
        MissingExtraError: matplotlib is not installed.
    """
    if not found or days < 1:
        raise InputError(f"{len(found)} memories over days={days!r} make no curve; pass at least one, and one day.")
    axes = _axes(ax, height=4.2)
    ahead = np.linspace(0.0, float(days), 120)
    for place, one in enumerate(found):
        rest = sum(one.terms.values()) - one.terms["decay"]
        scores = np.clip(retrievability(one.age + ahead, np.full(len(ahead), one.stability)) + rest, 0.0, 1.0)
        named = place < _NAMED
        axes.plot(
            ahead, scores, ":" if one.immune else "-", color=PALETTE[place % len(PALETTE)] if named else "0.75",
            linewidth=1.8 if named else 0.8, label=_short(one.memory.text) if named else None,
        )  # fmt: skip
    axes.axhline(threshold, color="0.4", linewidth=0.8)
    axes.set_xlabel("days from now")
    axes.set_ylabel("retention")
    axes.set_ylim(0.0, 1.02)
    axes.set_xlim(0.0, float(days))
    axes.legend(frameon=False, fontsize=7, loc="lower left")
    return axes


def shares(found: Sequence[Recollection], *, ax: Axes | None = None) -> Axes:
    """What each signal adds to the scores of recollections; what counts against an item points left.

    Args:
        found: What `recall` answered.
        ax: Where to draw.

    Raises:
        InputError: There is nothing to draw.
        MissingExtraError: matplotlib is not installed.
    """
    if not found:
        raise InputError("0 recollections make no bars; recall something that is kept.")
    axes = _axes(ax, height=0.9 + 0.42 * len(found))
    rows = np.arange(len(found))
    right, left = np.zeros(len(found)), np.zeros(len(found))
    for name, colour in colours(found).items():
        parts = np.array([hit.why.shares.get(name, 0.0) for hit in found])
        start = np.where(parts >= 0, right, left)
        axes.barh(rows, parts, left=start, color=colour, height=0.62, label=name)
        right += np.maximum(parts, 0.0)
        left += np.minimum(parts, 0.0)
    axes.set_yticks(rows, [_short(hit.text) for hit in found], fontsize=8)
    axes.invert_yaxis()
    axes.axvline(0.0, color="0.4", linewidth=0.8)
    axes.set_xlabel("share of the score")
    handles, names = axes.get_legend_handles_labels()
    axes.legend(handles[:8], names[:8], frameon=False, fontsize=7, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return axes


def growth(events: Iterable[Event], *, ax: Axes | None = None) -> Axes:
    """How many episodes and memories there were after each change.

    Args:
        events: What `events` answered, in any order; its `limit` says how far back.
        ax: Where to draw.

    Raises:
        InputError: There is nothing to draw.
        MissingExtraError: matplotlib is not installed.
    """
    ordered = sorted(events, key=lambda e: e.seq)
    if not ordered:
        raise InputError("0 events make no curve; record or remember something first.")
    axes = _axes(ax, height=3.0)
    seen: dict[str, set[str]] = {"ep_": set(), "mem_": set()}
    times: list[datetime] = []
    sizes: dict[str, list[int]] = {"ep_": [], "mem_": []}
    for event in ordered:
        times.append(event.at)
        for prefix, ids in seen.items():
            touched = {i for i in event.ids if i.startswith(prefix)}
            seen[prefix] = ids - touched if event.op == "forget" else ids | touched
            sizes[prefix].append(len(seen[prefix]))
    instants = np.array([t.replace(tzinfo=None) for t in times], "datetime64[us]")
    for prefix, label, colour in (("ep_", "episodes", PALETTE[0]), ("mem_", "memories", PALETTE[1])):
        axes.step(instants, sizes[prefix], where="post", color=colour, label=label, linewidth=1.8)
    axes.set_ylabel("kept")
    axes.set_ylim(bottom=0)
    axes.tick_params(axis="x", rotation=30, labelsize=8)
    axes.legend(frameon=False, fontsize=8)
    return axes


def _axes(ax: Axes | None, height: float) -> Axes:
    """The axes given, or those of a new figure."""
    if ax is None:
        try:
            from matplotlib import pyplot as plt
        except ImportError:
            raise MissingExtraError("matplotlib", "view") from None
        ax = plt.subplots(figsize=(7.2, height), layout="constrained")[1]
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _short(text: str) -> str:
    """One line; a dollar sign would start a formula."""
    line = " ".join(text.split())
    return (line if len(line) <= _LABEL else f"{line[:_LABEL]}…").replace("$", r"\$")

"""What intents bring: questions that are read as asking why, when or for all that is known, with and without it.

EIDER_SHARED=… python tests/lab/intents.py [set ...]
"""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any
from unittest import mock

import corpora
import numpy as np
from genres import SETS, filled

from eider import open as open_store
from eider.language import questions
from eider.language.questions.intents import intent_of
from eider.model.clock import FixedClock


def main() -> None:
    """Print R@5, R@10 and MRR per set and intent, without and with it, and how many answers changed."""
    for name in sys.argv[1:] or SETS:
        found: dict[str, list[list[float]]] = defaultdict(list)
        for corpus in corpora.FAMILIES[name]():
            asked = [a for a in corpus.asked if a.relevant and intent_of(a.text)]
            if not asked:
                continue
            clock = FixedClock(max(i.at for i in corpus.items))
            with (
                tempfile.TemporaryDirectory() as folder,
                open_store(Path(folder) / "a.eider", user="u", clock=clock) as memory,
            ):
                kept = filled(memory, corpus.items)
                for a in asked:
                    how: dict[str, Any] = {"limit": 10, "now": a.now, "tz": "UTC", "scopes": a.scopes}
                    with mock.patch.object(questions, "intent_of", return_value=None):
                        without = [kept[r.id] for r in memory.recall(a.text, **how)]
                    with_it = [kept[r.id] for r in memory.recall(a.text, **how)]
                    found[str(intent_of(a.text))].append(
                        [*_figures(without, a.relevant), *_figures(with_it, a.relevant), without != with_it]
                    )
        for intent, rows in found.items():
            mean = 100 * np.array(rows, float).mean(axis=0)
            print(
                f"{name:12s} {intent:7s} n={len(rows):3d} R@5 {mean[0]:.1f} {mean[3]:.1f}  R@10 {mean[1]:.1f} {mean[4]:.1f}"
                f"  MRR {mean[2]:.1f} {mean[5]:.1f}  changed {mean[6]:.0f} %", flush=True,
            )  # fmt: skip


def _figures(ranked: list[str], relevant: set[str] | frozenset[str]) -> list[float]:
    first = next((1 / (n + 1) for n, i in enumerate(ranked) if i in relevant), 0.0)
    return [*(len(relevant & set(ranked[:k])) / len(relevant) for k in (5, 10)), first]


if __name__ == "__main__":
    main()

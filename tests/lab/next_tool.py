"""How well procedures learned from trajectories say which tool comes next, beside a bigram: `next_tool.py FOLDER`.

FOLDER holds a folder of JSON trajectories per domain, as microsoft/STATE-Bench's `datasets/train_task_trajectories` (MIT).
They have no outcome, so all count as successful. Five folds by trajectory; the last three calls of each are predicted, each
from all calls before it. Every method is filled up with the most frequent tools.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from eider.runs.procedures import Trajectory, next_actions, shared_sequences, without_repeats

FOLDS, HIDDEN, SEED = 5, 3, 15
Predict = Callable[[Sequence[str]], list[str]]


def trajectories(folder: Path) -> list[list[str]]:
    """The calls of each trajectory: tool names with the names of their arguments."""
    found: list[list[str]] = []
    for path in sorted(folder.glob("*.json")):
        turns = json.loads(path.read_text())["conversation"]
        calls = [call for turn in turns for call in turn.get("tool_calls") or ()]
        found.append([f"{call['name']}({', '.join(sorted(call.get('arguments') or ()))})" for call in calls])
    return [list(without_repeats(calls)) for calls in found if len(calls) > HIDDEN]


def bigram(train: Sequence[Sequence[str]]) -> Predict:
    """The tools that followed the last one most often."""
    follows: dict[str, Counter[str]] = {}
    for calls in train:
        for before, after in pairwise(calls):
            follows.setdefault(before, Counter())[after] += 1
    return lambda done: [a for a, _ in follows.get(done[-1], Counter[str]()).most_common()] if done else []


def procedural(train: Sequence[Sequence[str]]) -> Predict:
    """What `eider.runs.procedures` learned."""
    made = [
        Trajectory(str(n), "task", tuple(calls), frozenset(), succeeded=True, failed=False)
        for n, calls in enumerate(train)
    ]
    found = shared_sequences(made)
    return lambda done: next_actions(found, done)


METHODS: dict[str, Callable[[Sequence[Sequence[str]]], Predict]] = {"bigram": bigram, "procedures": procedural}


def scores(calls: list[list[str]]) -> Iterator[tuple[str, int, int, int]]:
    """Method, predictions, right at the first place, right among the first three."""
    order = list(range(len(calls)))
    random.Random(SEED).shuffle(order)
    for name, method in METHODS.items():
        asked = first = three = 0
        for fold in range(FOLDS):
            held = set(order[fold::FOLDS])
            train = [c for n, c in enumerate(calls) if n not in held]
            usual = [a for a, _ in Counter(a for c in train for a in c).most_common()]
            predict = method(train)
            for n in held:
                whole = calls[n]
                for place in range(max(1, len(whole) - HIDDEN), len(whole)):
                    ranked = list(dict.fromkeys((*predict(whole[:place]), *usual)))
                    asked, first, three = (
                        asked + 1,
                        first + (ranked[0] == whole[place]),
                        three + (whole[place] in ranked[:3]),
                    )
        yield name, asked, first, three


def main() -> None:
    """Print a line per domain and method."""
    for domain in sorted(p for p in Path(sys.argv[1]).iterdir() if p.is_dir()):
        calls = trajectories(domain)
        for name, asked, first, three in scores(calls):
            print(
                f"{domain.name:20} {name:11} n={asked:4}  top-1 {100 * first / asked:5.1f}  top-3 {100 * three / asked:5.1f}"
            )


if __name__ == "__main__":
    main()

"""Precision, recall and F1 of `eider.understand.signals` on our own replies, per language, with the kinds it confuses.

    python tests/lab/score_signals.py [--split dev|held|all] [--errors] [--lang en]

A reply is held out when the CRC-32 of its text is even: develop on the rest.
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eider.understand.signals import detect

DATA = Path(__file__).parents[1] / "data" / "signals"
LANGUAGES = ("en", "de", "fr", "es", "zh")


@dataclass
class Score:
    tp: int = 0
    fp: int = 0
    fn: int = 0
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return self.tp / max(1, self.tp + self.fp)

    @property
    def recall(self) -> float:
        return self.tp / max(1, self.tp + self.fn)

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def rows(name: str, split: str = "all") -> list[dict[str, Any]]:
    lines = (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    if split == "all":
        return found
    return [row for row in found if (zlib.crc32(row["reply"].encode()) % 2 == 0) == (split == "held")]


def score(found: list[dict[str, Any]]) -> Score:
    result = Score()
    for row in found:
        signals = detect(row["reply"], row["agent_output"])
        best = max(signals, key=lambda s: s.confidence, default=None)
        got, wanted = best.kind if best else None, row["kind"]
        result.kinds[wanted or "-", got or "-"] += 1
        if wanted and got:
            result.tp += 1
        elif wanted:
            result.fn += 1
            result.errors.append(f"MISS  {wanted:10s} {row['reply'][:110]!r}")
        elif got and best:
            result.fp += 1
            result.errors.append(f"FALSE {row['note']:10s} {row['reply'][:110]!r} {got}: {best.reason}")
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description="score eider.understand.signals on our own replies")
    parser.add_argument("--split", choices=("dev", "held", "all"), default="dev")
    parser.add_argument("--errors", action="store_true")
    parser.add_argument("--lang", default="")
    args = parser.parse_args()
    for name in [args.lang] if args.lang else LANGUAGES:
        result = score(rows(name, args.split))
        print(
            f"{name} {args.split}: P {result.precision:.3f} R {result.recall:.3f} F1 {result.f1:.3f} tp {result.tp} fp {result.fp} fn {result.fn}"
        )
        if args.errors:
            print("".join(f"  {line}\n" for line in result.errors), end="")
        for (wanted, got), count in sorted(result.kinds.items()):
            if args.errors and wanted != got:
                print(f"  {wanted:>10s} taken for {got:10s} {count}", file=sys.stdout)


if __name__ == "__main__":
    main()

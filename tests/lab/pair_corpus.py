"""The labelled pairs and stores that the pair model is trained and measured on."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any
from zlib import crc32

from eider.understand.pair_reading import read

DATA = Path(__file__).parents[1] / "data"
RELATIONS = ("same", "more", "replaces", "ends", "adds", "exception", "narrower", "unrelated")
OLD_LABELS = {"supersede": "replaces", "retract": "ends", "none": "same", "add": "adds", "scope_override": "narrower"}


@dataclass(frozen=True)
class Pair:
    earlier: str
    later: str
    relation: str
    source: str
    lang: str
    weight: float = 1.0


def lines(name: str) -> list[dict[str, Any]]:
    path = DATA / name
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()] if path.exists() else []


def pairs() -> list[Pair]:
    """Pairs labelled with their relation, by several writers."""
    return [
        Pair(row["earlier"], row["later"], row["relation"], row["source"], row["lang"])
        for path in sorted(DATA.glob("learning/changes*.jsonl"))
        for row in lines(f"learning/{path.name}")
    ]


def older_pairs(*, making: bool) -> list[Pair]:
    """The making half of `reconcile.jsonl` or the half that only measures; its labels are coarser."""
    return [
        Pair(row["old"], row["new"], relation, "reconcile", row["lang"], 0.7)
        for row in lines("reconcile.jsonl")
        if (relation := OLD_LABELS.get(row["relation"]) or ("more" if row["relation"] == "merge" else ""))
        and (crc32((row["old"] + row["new"]).encode()) % 2 == 0) is making
    ]


def stores() -> list[list[str]]:
    return [row["memories"] for row in lines("learning/stores.jsonl")]


def neighbours(embed: Any, store: list[str], most: int = 3) -> list[tuple[str, str]]:
    """Each statement of a store as the later one, with its nearest others as earlier ones: nothing changed."""
    rows = embed(store)
    likeness = rows @ rows.T
    found: list[tuple[str, str]] = []
    for index, later in enumerate(store):
        order = [other for other in likeness[index].argsort()[::-1] if other != index][:most]
        found += [(store[other], later) for other in order]
    return found


def rarity() -> dict[str, float]:
    """Weights of stems by how many statements hold them; the empty stem stands for all that are not listed."""
    texts = {text for store in stores() for text in store}
    texts |= {
        text
        for pair in (*pairs(), *older_pairs(making=True), *older_pairs(making=False))
        for text in (pair.earlier, pair.later)
    }
    texts |= {memory["text"] for row in lines("own_memories.jsonl") for memory in row["memories"]}
    count: Counter[str] = Counter()
    for text in texts:
        count.update({word.stem for word in read(text).words if not any(map(str.isdigit, word.stem))})
    total = len(texts)
    return {"": round(math.log(total), 2)} | {
        found: round(math.log(total / times), 2) for found, times in sorted(count.items()) if times > 1
    }


__all__ = ["RELATIONS", "Pair", "combinations", "lines", "neighbours", "older_pairs", "pairs", "rarity", "stores"]

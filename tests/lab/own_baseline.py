"""Plain BM25 and plain static vectors over the project's own labelled data: the floor to beat.

Run `python tests/lab/own_baseline.py`; the printed tables are the ones in tests/data/README.md.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Scorer = Callable[[str], NDArray[np.float64]]
    Ranker = Callable[[Sequence[str]], Scorer]
    Row = dict[str, Any]

DATA = Path(__file__).parents[1] / "data"
CJK = re.compile(r"[\u3400-\u9fff]")
WORD = re.compile(r"[\u3400-\u9fff]+|[^\W_\u3400-\u9fff]+")
K1, B = 1.2, 0.75  # Lucene's defaults; not tuned here.
DEPTH = 5
SILENCE = (0.5, 0.7, 0.8, 0.9, 0.95)
FLOORS = (0.2, 0.3, 0.4, 0.45, 0.5)
NO_BEARING = {"unrelated", "chit-chat", "command", "code-question"}


def words(text: str) -> list[str]:
    """Lower-cased words; Chinese as single characters and pairs."""
    found: list[str] = []
    for word in WORD.findall(text.lower()):
        if CJK.match(word):
            found += [*word, *(word[i : i + 2] for i in range(len(word) - 1))]
        else:
            found.append(word)
    return found


def bm25(texts: Sequence[str]) -> Scorer:
    """Score a query against `texts` as a share of what the query could reach at best."""
    counts = [Counter(words(text)) for text in texts]
    lengths = np.array([sum(count.values()) for count in counts], dtype=np.float64)
    df = Counter(word for count in counts for word in count)
    n = len(texts)
    norm = K1 * (1 - B + B * lengths / lengths.mean())

    def idf(word: str) -> float:
        return math.log(1 + (n - df[word] + 0.5) / (df[word] + 0.5))

    def score(query: str) -> NDArray[np.float64]:
        wanted = set(words(query))
        total = np.zeros(n)
        for word in wanted & df.keys():
            tf = np.array([count[word] for count in counts], dtype=np.float64)
            total += idf(word) * tf * (K1 + 1) / (tf + norm)
        best = sum(idf(word) for word in wanted) * (K1 + 1)
        return total / best if best else total

    return score


def vectors() -> Ranker:
    """Cosine of mean-pooled wordllama token vectors, 256 wide, read from the installed wheel."""
    spec = find_spec("wordllama")
    if spec is None or spec.origin is None:
        message = "wordllama vectors need: pip install wordllama==0.4.0.post1"
        raise SystemExit(message)
    home = Path(spec.origin).parent
    table = load_file(home / "weights" / "l2_supercat_256.safetensors")["embedding.weight"].astype(np.float32)
    tokenizer = Tokenizer.from_file(str(home / "tokenizers" / "l2_supercat_tokenizer_config.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()

    def embed(text: str) -> NDArray[np.float64]:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        pooled = table[ids].mean(axis=0).astype(np.float64) if ids else np.zeros(table.shape[1])
        return pooled / (np.linalg.norm(pooled) or 1.0)

    def prepare(texts: Sequence[str]) -> Scorer:
        matrix = np.stack([embed(text) for text in texts])
        return lambda query: matrix @ embed(query)

    return prepare


def rows(name: str) -> list[Row]:
    """All lines of one file."""
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


def eligible(memory: Row, query: Row, now: str) -> bool:
    """Whether the memory holds on the day asked about and lies in a scope asked for."""
    at = query["as_of"] or now
    holds = memory["valid_from"] <= at and (memory["valid_to"] is None or at < memory["valid_to"])
    return holds and (query["scopes"] is None or memory["scope"] in query["scopes"])


def asked(ranker: Ranker) -> list[Row]:
    """One row per query: the tags, and the eligible memories from best to worst with their scores."""
    found: list[Row] = []
    for store in rows("own_memories.jsonl"):
        memories = store["memories"]
        score = ranker([memory["text"] for memory in memories])
        for query in store["queries"]:
            scores = score(query["text"])
            kept = [i for i, memory in enumerate(memories) if eligible(memory, query, store["now"]) and scores[i] > 0]
            order = sorted(kept, key=lambda i: -scores[i])
            found.append(
                {
                    "tags": query["note"].split("+"),
                    "lang": store["lang"],
                    "relevant": set(query["relevant"]),
                    "ids": [memories[i]["id"] for i in order],
                    "scores": [float(scores[i]) for i in order],
                }
            )
    return found


def recall_and_mrr(queries: Sequence[Row]) -> tuple[float, float]:
    """Recall@5 and mean reciprocal rank over the queries that have something relevant."""
    recall, ranks = [], []
    for query in queries:
        hits = [place for place, id_ in enumerate(query["ids"], 1) if id_ in query["relevant"]]
        recall.append(sum(place <= DEPTH for place in hits) / len(query["relevant"]))
        ranks.append(1 / hits[0] if hits else 0.0)
    return float(np.mean(recall)), float(np.mean(ranks))


def top(query: Row) -> float:
    """Best score; nothing found counts as zero."""
    return query["scores"][0] if query["scores"] else 0.0


def curve(wanted: Sequence[Row], empty: Sequence[Row]) -> None:
    """Print what still comes through at thresholds that silence given shares of the empty queries."""
    silent = np.sort([top(query) for query in empty])
    pairs = [np.mean(silent < top(q)) + 0.5 * np.mean(silent == top(q)) for q in wanted]
    print(f"  AUC of the best score, wanted against empty: {np.mean(pairs):.3f}")
    for share in SILENCE:
        floor = float(np.quantile(silent, share, method="higher"))
        near = np.mean([top(q) <= floor for q in empty if "near-miss" in q["tags"]])
        other = np.mean([top(q) <= floor for q in empty if "near-miss" not in q["tags"]])
        first = np.mean([top(q) > floor and q["ids"][0] in q["relevant"] for q in wanted])
        shown = [[i for i, s in zip(q["ids"][:DEPTH], q["scores"], strict=False) if s > floor] for q in wanted]
        some = np.mean([bool(set(ids) & q["relevant"]) for ids, q in zip(shown, wanted, strict=True)])
        figures = " | ".join(f"{figure:.3f}" for figure in (share, floor, near, other, first, some))
        print(f"| {figures} |")


def floors(wanted: Sequence[Row], empty: Sequence[Row]) -> None:
    """Print, by kind of empty query, what fixed cosine floors silence, and which wanted ones pass."""
    kinds = {
        "no bearing": [q for q in empty if NO_BEARING & set(q["tags"])],
        "general knowledge": [q for q in empty if "general-knowledge" in q["tags"]],
        "near-miss": [q for q in empty if "near-miss" in q["tags"]],
    }
    prompts = [q for q in wanted if "prompt" in q["tags"]]
    questions = [q for q in wanted if "prompt" not in q["tags"]]
    for floor in FLOORS:
        silent = [np.mean([top(q) <= floor for q in group]) for group in kinds.values()]
        passed = [np.mean([top(q) > floor and q["ids"][0] in q["relevant"] for q in g]) for g in (prompts, questions)]
        print(f"| {floor:.2f} | " + " | ".join(f"{figure:.2f}" for figure in (*silent, *passed)) + " |")


def over_memories(name: str, ranker: Ranker) -> None:
    """Print every figure of one ranker over the stores."""
    queries = asked(ranker)
    wanted = [query for query in queries if query["relevant"]]
    print(f"{name}, memories, dates and scopes applied ({len(wanted)} wanted, {len(queries) - len(wanted)} empty)")
    groups = {"all": wanted}
    for lang in ("en", "de", "fr", "es", "zh"):
        groups[f"lang {lang}"] = [query for query in wanted if query["lang"] == lang]
    for tag in ("prompt", "paraphrase", "short", "typo", "chain", "current-version", "past", "cross-lingual", "multi"):
        groups[tag] = [query for query in wanted if tag in query["tags"]]
    for group, members in groups.items():
        recall, mrr = recall_and_mrr(members)
        print(f"| {group} ({len(members)}) | {recall:.3f} | {mrr:.3f} |")
    empty = [query for query in queries if not query["relevant"]]
    curve(wanted, empty)
    floors(wanted, empty)


def over_chats(name: str, ranker: Ranker) -> None:
    """Print Recall@1, 5, 10 and MRR over the turns of every chat."""
    recall: dict[int, list[float]] = {1: [], 5: [], 10: []}
    ranks: list[float] = []
    for chat in rows("own_chats.jsonl"):
        turns = [turn for part in chat["sessions"] for turn in part["turns"]]
        score = ranker([turn["text"] for turn in turns])
        for question in chat["questions"]:
            scores = score(question["text"])
            order = [turns[i]["id"] for i in np.argsort(-scores, kind="stable") if scores[i] > 0]
            evidence = set(question["evidence"])
            for depth, values in recall.items():
                values.append(len(evidence & set(order[:depth])) / len(evidence))
            hits = [place for place, id_ in enumerate(order, 1) if id_ in evidence]
            ranks.append(1 / hits[0] if hits else 0.0)
    figures = " | ".join(f"{np.mean(values):.3f}" for values in (*recall.values(), ranks))
    print(f"{name}, chats ({len(ranks)} questions): R@1 | R@5 | R@10 | MRR\n| {figures} |")


if __name__ == "__main__":
    for label, each in (("BM25", bm25), ("static vectors", vectors())):
        over_memories(label, each)
        over_chats(label, each)

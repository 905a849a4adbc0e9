"""Train the pair model, or measure it on writers and languages that it has not seen.

    python tests/lab/train_pairs.py            train on everything and write the weights (two minutes of one core)
    python tests/lab/train_pairs.py --check    train, write nothing, and fail where the shipped weights are others
    python tests/lab/train_pairs.py measure    writers left out, languages left out, learning curve; writes docs/learning-changes.md

Logistic regressions over features, crossed features and hashed words; deterministic. Boosted trees and small networks
over the same features were worse on unseen writers.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from pair_corpus import DATA, RELATIONS, Pair, lines, neighbours, older_pairs, pairs, rarity, stores
from sklearn.linear_model import LogisticRegression

import eider.understand
from eider.understand import pair_reading
from eider.understand.pair_model import BUCKETS, HEADS, VectorCache, dense_row, standard, vectors, word_buckets
from eider.understand.pairs import (
    CLOSE,
    DOUBT,
    FOLD,
    MAYBE_REVOKES,
    REVOKES,
    _same_frame,
    _shows_change,
    candidates,
    holds_all,
)

WEIGHTS = Path(eider.understand.__file__).with_name("pair_model.npz")
RARITY = WEIGHTS.with_name("pair_rarity.json")
TARGET = Path(__file__).parents[2] / "docs" / "learning-changes.md"
HEAD = """# How a later statement bears on an earlier one: figures

Written by `python tests/lab/train_pairs.py measure`. Pairs, labels and writers: `tests/data/learning`. Every figure is of pairs
whose writer (or language) was left out of training. "Closed" is done without asking, "doubted" is shown and asked about.
"""
SCALE = 0.12
"""Standardised features times this: how much less than a word a single feature is held back."""
MEANING = 0.6
"""The same for the numbers of a vector."""
STRENGTH = 1.5
CHANGES = ("replaces", "ends")
STORE_WEIGHT = 0.2


@dataclass
class Rows:
    """Labelled pairs as the model sees them."""

    dense: NDArray[np.float32]
    words: sp.csr_matrix
    meaning: NDArray[np.float32]
    """Static vectors of the later statements."""
    relation: NDArray[Any]
    writer: NDArray[Any]
    lang: NDArray[Any]
    weight: NDArray[np.float64]
    group: NDArray[np.int64]
    """Number of the revoking sentence or the store; -1 for pairs."""
    framed: NDArray[np.bool_]
    """Both say the same but for a value."""
    shown: NDArray[np.bool_]
    """A cue of change or another value shows why."""
    whole: NDArray[np.bool_]
    """The later one holds all values of the earlier one."""

    def __getitem__(self, index: Any) -> Rows:
        return Rows(*(getattr(self, name)[index] for name in self.__dataclass_fields__))

    def __len__(self) -> int:
        return len(self.relation)


def rows_of(found: list[Pair], groups: list[int] | None = None) -> Rows:
    read = {text: pair_reading.read(text) for pair in found for text in (pair.earlier, pair.later)}
    embed = VectorCache()
    dense = np.array([dense_row(read[p.earlier], read[p.later], embed) for p in found])
    buckets = [word_buckets(read[p.earlier], read[p.later]) for p in found]
    words = sp.csr_matrix(
        (
            np.concatenate([np.full(len(one), max(1, len(one)) ** -0.5) for one in buckets]),
            (np.repeat(np.arange(len(found)), [len(one) for one in buckets]), np.concatenate(buckets)),
        ),
        shape=(len(found), BUCKETS),
    )
    return Rows(
        dense,
        words,
        np.array([embed([p.later])[0] for p in found]),
        np.array([p.relation for p in found]),
        np.array([p.source.split("-")[0] for p in found]),
        np.array([p.lang[:2] for p in found]),
        np.array([p.weight for p in found]),
        np.array(groups or [-1] * len(found)),
        np.array([_same_frame(read[p.earlier], read[p.later]) for p in found]),
        np.array([_shows_change(read[p.earlier], read[p.later]) for p in found]),
        np.array([holds_all(read[p.earlier], read[p.later]) for p in found]),
    )


def join(parts: list[Rows]) -> Rows:
    return Rows(
        *(
            sp.vstack([getattr(part, name) for part in parts]).tocsr()
            if name == "words"
            else np.concatenate([getattr(part, name) for part in parts])
            for name in Rows.__dataclass_fields__
        )
    )


def corpus() -> dict[str, Rows]:
    revoking = [
        row for path in sorted(DATA.glob("learning/revocations*.jsonl")) for row in lines(f"learning/{path.name}")
    ]
    candidates = [
        Pair(memory, row["sentence"], "ends" if index in row["ends"] else "unrelated", "revoking", row["lang"], 0.4)
        for row in revoking
        for index, memory in enumerate(row["memories"])
    ]
    stored = [(number, pair) for number, store in enumerate(stores()) for pair in neighbours(vectors, store)]
    return {
        "pairs": rows_of(pairs()),
        "older": rows_of(older_pairs(making=True)),
        "older held": rows_of(older_pairs(making=False)),
        "revoking": rows_of(candidates, [number for number, row in enumerate(revoking) for _ in row["memories"]]),
        "stores": rows_of(
            [Pair(a, b, "unrelated", "stores", "en", STORE_WEIGHT) for _, (a, b) in stored], [n for n, _ in stored]
        ),
    }


class Model:
    """All heads, trained on some rows."""

    def __init__(self, train: Rows, heads: tuple[str, ...] = HEADS) -> None:
        self.heads = heads
        self.mean, self.scale = train.dense.mean(0), train.dense.std(0) + 1e-6
        matrix = self._matrix(train)
        self.fits = [self._fit(matrix, train, head) for head in heads]

    def _matrix(self, rows: Rows) -> sp.csr_matrix:
        dense = sp.csr_matrix(standard(rows.dense, self.mean, self.scale) * SCALE)
        return sp.hstack([dense, rows.words, sp.csr_matrix(rows.meaning * MEANING)]).tocsr()

    def _fit(self, matrix: sp.csr_matrix, train: Rows, head: str) -> LogisticRegression:
        weight = train.weight.copy()
        if head == "change":
            label = np.isin(train.relation, CHANGES)
        elif head == "revoked":
            label = train.relation == "ends"
            weight[train.relation == "replaces"] = 0
            weight[train.writer == "revoking"] *= 4
        else:
            label = train.relation == head
        keep = weight > 0
        model = LogisticRegression(C=STRENGTH, solver="liblinear", max_iter=300, random_state=0)
        return model.fit(matrix[keep], label[keep], sample_weight=weight[keep])

    def odds(self, rows: Rows) -> NDArray[np.float64]:
        matrix = self._matrix(rows)
        return np.stack([fit.decision_function(matrix) for fit in self.fits], 1)


def slope(odds: NDArray[np.float64], label: NDArray[np.bool_]) -> tuple[float, float]:
    """Factor and offset that turn scores on unseen writers into log odds that hold."""
    fit = LogisticRegression(C=1e4).fit(odds[:, None], label)
    return float(fit.coef_[0, 0]), float(fit.intercept_[0])


def unseen(
    data: dict[str, Rows], by: str, heads: tuple[str, ...] = HEADS, share: float = 1.0, parts: int | None = None
) -> dict[str, NDArray[np.float64]]:
    """Scores of every row by a model that saw nothing of its writer (or of its language), `parts` models in all."""
    known = sorted(set(getattr(data["pairs"], by)))
    names = [known[start :: parts or len(known)] for start in range(parts or len(known))]
    out = {name: np.zeros((len(data[name]), len(heads))) for name in ("pairs", "revoking", "stores")}
    drawn = np.random.default_rng(0).random(len(data["pairs"])) < share
    for number, name in enumerate(names):
        test = {"pairs": np.isin(getattr(data["pairs"], by), name)}
        for part in ("revoking", "stores"):  # store by store
            test[part] = data[part].group % len(names) == number
        if by == "lang":
            test["revoking"] = np.isin(data["revoking"].lang, name)
        older = data["older"] if by == "writer" else data["older"][~np.isin(data["older"].lang, name)]
        train = join(
            [
                older,
                data["pairs"][~test["pairs"] & drawn],
                *(data[part][~test[part]] for part in ("revoking", "stores")),
            ]
        )
        model = Model(train, heads)
        for part, mask in test.items():
            if mask.any():
                out[part][mask] = model.odds(data[part][mask])
    return out


def logistic(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-odds))


def figures(name: str, chance: NDArray[np.float64], rows: Rows) -> None:
    """One line: what closing and doubting do at the thresholds that are shipped."""
    changed = np.isin(rows.relation, CHANGES)
    closed = (chance >= CLOSE) & rows.shown
    asked = ((chance >= DOUBT) | rows.framed) & ~closed
    caught = (closed | asked)[changed].mean() if changed.any() else float("nan")
    still = ~changed
    print(
        f"{name:12} {len(rows):5} pairs {changed.sum():4} changes | close P {changed[closed].mean() if closed.any() else float('nan'):.2f}"
        f" R {closed[changed].mean() if changed.any() else float('nan'):.2f} ({closed.sum()}) | closed or doubted {caught:.2f}"
        f" | nothing changed: closed {closed[still].mean():.3f} doubted {asked[still].mean():.3f}"
    )


def revoking_figures(name: str, chance: NDArray[np.float64], rows: Rows) -> None:
    right = asked = wrong = quiet = calm = 0
    total = 0
    for group in sorted(set(rows.group)):
        mine = rows.group == group
        p, meant = chance[mine], set(np.flatnonzero(rows.relation[mine] == "ends"))
        rivals = [i for i in np.argsort(-p) if p[i] >= max(0.2, 0.5 * p.max())]
        one = p.max() >= REVOKES and len(rivals) == 1
        shown = set(candidates(p)) if p.max() >= MAYBE_REVOKES else set()
        if not meant:
            quiet, calm = quiet + 1, calm + (not shown)
            continue
        total += 1
        right += one and rivals[0] in meant
        wrong += one and rivals[0] not in meant
        asked += not one and bool(shown & meant)
    print(
        f"{name:12} {total} revoking: ended {right / total:.2f} asked with it {asked / total:.2f} wrongly ended {wrong / total:.3f}; nothing meant: silent {calm}/{quiet}"
    )


def measure(data: dict[str, Rows]) -> None:
    for by in ("writer", "lang"):
        print(f"== leave one {by} out")
        odds = unseen(data, by, ("change", "revoked"), parts=9)
        rows = data["pairs"]
        changed = np.isin(rows.relation, CHANGES)
        a, b = slope(odds["pairs"][:, 0], changed)
        chance = logistic(a * odds["pairs"][:, 0] + b)
        for name in sorted(set(getattr(rows, by))):
            mask = getattr(rows, by) == name
            figures(name, chance[mask], rows[mask])
        figures("all", chance, rows)
        given = rows.writer != "near"
        figures("without near", chance[given], rows[given])
        _curve(chance, rows)
        for relation in RELATIONS:
            mask = given & (rows.relation == relation)
            doubted = ((chance >= DOUBT) | rows.framed)[mask]
            print(f"   {relation:10} {mask.sum():4}: {doubted.mean():.2f} closed or doubted")
        stored = logistic(a * odds["stores"][:, 0] + b)
        closed, asked = (stored >= CLOSE) & data["stores"].shown, stored >= DOUBT
        print(
            f"stores: three nearest neighbours of {len(stored) // 3} statements: closed {closed.mean():.4f}, doubted {asked.mean():.4f} of pairs;"
            f" statements with a closing {closed.reshape(-1, 3).any(1).mean():.4f}, a doubt {asked.reshape(-1, 3).any(1).mean():.4f}"
        )
        r = data["revoking"]
        a2, b2 = slope(odds["revoking"][:, 1], r.relation == "ends")
        p = logistic(a2 * odds["revoking"][:, 1] + b2)
        revoking_figures("revocations", p, r)
        if by == "lang":
            for name in sorted(set(r.lang)):
                revoking_figures(name, p[r.lang == name], r[r.lang == name])
    print("== learning curve, leave one writer out")
    for share in (0.25, 0.5, 1.0):
        odds = unseen(data, "writer", ("change",), share, parts=9)["pairs"][:, 0]
        given = data["pairs"].writer != "near"
        changed = np.isin(data["pairs"].relation, CHANGES)[given]
        order = np.argsort(-odds[given])
        precision = np.cumsum(changed[order]) / np.arange(1, len(order) + 1)
        at = [
            round(float(precision[np.searchsorted(np.cumsum(changed[order]), r * changed.sum())]), 2)
            for r in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
        ]
        quiet = np.quantile(odds[given][~changed], 0.85)
        print(
            f"{share:.2f}: precision at recall .1 to .6 {at}; found at 15 % false {(odds[given][changed] > quiet).mean():.2f}"
        )


def _curve(chance: NDArray[np.float64], rows: Rows) -> None:
    changed = np.isin(rows.relation, CHANGES)
    for name, mask in (("all", changed | True), ("without near", rows.writer != "near")):
        order = np.argsort(-chance[mask])
        precision = np.cumsum(changed[mask][order]) / np.arange(1, len(order) + 1)
        good = np.flatnonzero((precision >= 0.9) & (np.arange(len(order)) >= 9))
        last = good[-1] + 1 if len(good) else 0
        quiet = np.quantile(chance[mask & ~changed], 0.85)
        print(
            f"   {name}: P .90 up to recall {changed[mask][order][:last].sum() / changed[mask].sum():.2f} (probability {chance[mask][order][max(0, last - 1)]:.2f});"
            f" at 15 % false {(chance[mask & changed] > quiet).mean():.2f} found (probability {quiet:.2f})"
        )


def train(data: dict[str, Rows]) -> dict[str, NDArray[Any]]:
    """Fit all heads on everything and return the weights by name; slopes come from scores on unseen writers."""
    odds = unseen(data, "writer", parts=4)
    rows = data["pairs"]
    slopes = []
    for number, head in enumerate(HEADS):
        if head == "revoked":
            slopes.append(slope(odds["revoking"][:, number], data["revoking"].relation == "ends"))
            continue
        label = np.isin(rows.relation, CHANGES) if head == "change" else rows.relation == head
        slopes.append(slope(odds["pairs"][:, number], label))
    model = Model(join([data[part] for part in ("pairs", "older", "revoking", "stores")]))
    size = model.mean.shape[0]
    coefficients = np.stack([fit.coef_[0] for fit in model.fits], 1)
    words, meaning = coefficients[size : size + BUCKETS], coefficients[size + BUCKETS :]
    step = (np.abs(words).max(0) / 127).astype(np.float32)
    arrays = {
        "mean": model.mean, "scale": model.scale, "dense": (coefficients[:size] * SCALE).astype(np.float32),
        "words": np.round(words / step).astype(np.int8), "step": step, "meaning": (meaning * MEANING).astype(np.float32),
        "bias": np.array([fit.intercept_[0] for fit in model.fits], np.float32), "slopes": np.array(slopes, np.float32),
    }  # fmt: skip
    chance = logistic(slopes[0][0] * odds["pairs"][:, 0] + slopes[0][1])
    for name in sorted(set(rows.writer)):
        figures(name, chance[rows.writer == name], rows[rows.writer == name])
    figures("others", chance[rows.writer != "near"], rows[rows.writer != "near"])
    _curve(chance, rows)
    share = logistic(odds["pairs"][:, HEADS.index("same") :])
    share /= share.sum(1, keepdims=True)
    folded = (share[:, :2].sum(1) >= FOLD) & rows.whole
    print(
        f"folding on unseen writers: P {np.isin(rows.relation[folded], ('same', 'more')).mean():.2f} of {folded.sum()}; relations right {(np.array(RELATIONS)[share.argmax(1)] == rows.relation).mean():.2f}"
    )
    return arrays


def differing(arrays: dict[str, NDArray[Any]], rarities: dict[str, float]) -> list[str]:
    """Return the names of the parts that training yields otherwise than they are shipped.

    Numbers may differ in their last digits where another processor adds in another order.
    """
    shipped = json.loads(RARITY.read_text("utf-8"))
    with np.load(WEIGHTS) as data:
        found = [
            name
            for name, array in arrays.items()
            if data[name].shape != array.shape or not np.allclose(data[name], array, rtol=1e-3, atol=1e-3)
        ]
    return [*found, *(["rarity"] if shipped != rarities else [])]


def with_rarity(rarities: dict[str, float]) -> None:
    """Read statements with these weights of words from now on."""
    pair_reading.read.cache_clear()
    pair_reading._rarity = lambda: rarities


def main() -> int:
    """Train, check or measure, as the words of the command say."""
    with_rarity({"": 8.8})  # words are counted as a reading without weights finds them
    rarities = rarity()
    with_rarity(rarities)
    if "measure" in sys.argv:
        figures_text = io.StringIO()
        with contextlib.redirect_stdout(figures_text):
            measure(corpus())
        print(figures_text.getvalue())
        TARGET.write_text(f"{HEAD}\n```text\n{figures_text.getvalue()}```\n", "utf-8")
        return 0
    arrays = train(corpus())
    if "--check" in sys.argv:
        others = differing(arrays, rarities)
        print(
            f"the weights in the tree differ: {', '.join(others)}" if others else "the weights in the tree are the same"
        )
        return 1 if others else 0
    np.savez_compressed(WEIGHTS, **arrays)
    RARITY.write_text(json.dumps(rarities, ensure_ascii=False, separators=(",", ":")), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

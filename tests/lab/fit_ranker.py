"""Fit the ranker's weights on all genres and cross-validate them, through the segment and question code that ships.

    python tests/lab/fit_ranker.py            tables: cross-validated, and with each genre left out whole
    python tests/lab/fit_ranker.py --write    and write core/eider/retrieve/weights.py
    python tests/lab/fit_ranker.py --fixed    score the weights that ship, no fitting

Loss: per question the mean over its relevant rows of -log softmax(relevant against all that are not), sets weighted as
in SETS, L2 on standardised columns, signs bounded. First the signals of single rows are fitted, then what the best rows
say about the others, on scores of weights that have not seen the question. Left out together: one LoCoMo conversation,
one assistant chat, one store of memories or chats, a fifth of the questions about documents and records.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
import zlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
import corpora
from intervals import interval
from plain_bm25 import PlainBM25
from scipy.optimize import minimize

from eider.retrieve import rank as ranking
from eider.retrieve.features import NAMES, matrix
from eider.retrieve.query import Question
from eider.retrieve.text_signals import LOOKED_AT, SIGNALS, best_rows_signals
from eider.retrieve.weights import WEIGHTS
from eider.store.segment.segment import Segment

SETS = {
    "locomo": 3.0, "beam": 1.0, "documents": 0.8, "records": 0.6, "isolated": 2.0, "own_isolated": 1.0, "chats": 0.5, "own_chats": 0.5,
}  # fmt: skip
"""What each set weighs in the fit."""
GENRE = {"isolated": "memories", "own_isolated": "memories", "chats": "chats", "own_chats": "chats"}
"""Sets of one genre, which are left out together; the others are genres of their own."""
BY_STORE = {"locomo", "beam"}
BY_QUESTION = {"documents", "records"}
NEGATIVE = {"length", "length_ratio", "question", "greeting"}
FREE = {"coverage_alone", "cosine_alone", "guidance", "guidance_request", "background", "short", "information"}
HAND = {"recency", "strength", "importance", "scope", "pinned", "phrase", "memory"}
"""Not fitted: the data cannot tell. Kept as they are in the shipped weights."""
L2, L2_RELATED = 5e-3, 3e-3
TRAINED_ON = 120
"""Best candidates of a plain mixture per question that are trained on, beside all relevant ones."""
MIXTURE = ("coverage", "passage", "cosine_best", "window_best", "beginning")
FOLDS = 5


@dataclass
class Case:
    family: str
    fold: int
    asked: corpora.Asked
    segment: Segment
    question: Question
    rows: np.ndarray
    x: np.ndarray
    good: np.ndarray
    plain: list[bool]
    """Whether each of the first ten of plain BM25 is relevant."""
    lang: str = "en"
    related: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))

    @property
    def genre(self) -> str:
        return GENRE.get(self.family, self.family)

    def thin(self) -> np.ndarray:
        """The candidates that are trained on."""
        if len(self.good) <= TRAINED_ON:
            return np.ones(len(self.good), bool)
        mixture = self.x[:, [NAMES.index(n) for n in MIXTURE]].sum(axis=1)
        keep = np.zeros(len(self.good), bool)
        keep[np.argsort(-mixture, kind="stable")[:TRAINED_ON]] = True
        return keep | self.good


def gather(families: list[str]) -> list[Case]:
    embed, embed_query = corpora.embedder()
    cases: list[Case] = []
    for family in families:
        for k, corpus in enumerate(corpora.FAMILIES[family]()):
            segment = Segment.build(corpora.rows_of(corpus.items, embed))
            plain = PlainBM25([i.text for i in corpus.items])
            store = k % FOLDS if family in BY_STORE else zlib.crc32(corpus.id.encode()) % FOLDS
            for asked in corpus.asked:
                if not asked.relevant:
                    continue
                fold = zlib.crc32(asked.id.encode()) % FOLDS if family in BY_QUESTION else store
                question = corpora.read(segment, asked, embed_query)
                visible = corpora.visible(segment, asked)
                scan = ranking.scan_rows(segment, question, visible)
                rows = ranking.nominate(segment, question, scan)
                x = matrix(segment, question, scan, rows)
                good = np.array([segment.ids[r] in asked.relevant for r in rows.tolist()])
                base = [segment.ids[r] in asked.relevant for r in plain.best(asked.text, visible)]
                cases.append(Case(family, fold, asked, segment, question, rows, x, good, base, corpus.lang))
    return cases


def fit(
    cases: list[Case], columns: list[np.ndarray], offsets: list[np.ndarray], signs: list[int], l2: float
) -> np.ndarray:
    """Weights of the columns that, added to the offsets, put relevant rows first.

    Args:
        cases: Questions.
        columns: Per question, its signals, shape `(candidates, signals)`.
        offsets: Per question, what is added to the score.
        signs: Of each signal's weight: 1 never negative, -1 never positive, 0 either.
        l2: On standardised columns.
    """
    kept = [(c, x, o, c.thin()) for c, x, o in zip(cases, columns, offsets, strict=True)]
    kept = [(c, x[t], o[t], c.good[t]) for c, x, o, t in kept if c.good.any() and not c.good[t].all()]
    number = Counter(c.family for c, *_ in kept)
    per = np.array([SETS[c.family] / number[c.family] for c, *_ in kept])
    per /= per.sum()
    x = np.concatenate([x for _, x, _, _ in kept]).astype(np.float32)
    base = np.concatenate([o for _, _, o, _ in kept]).astype(np.float64)
    good = np.concatenate([g for *_, g in kept])
    scale = x.std(axis=0)
    scale[scale < 1e-6] = 1
    x /= scale
    lengths = np.array([len(g) for *_, g in kept])
    starts = np.cumsum(lengths) - lengths
    owner = np.repeat(np.arange(len(kept)), lengths)
    share = per[owner] / np.array([g.sum() for *_, g in kept])[owner]

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        s = (x @ w.astype(np.float32)).astype(np.float64) + base
        e = np.exp(s - np.maximum.reduceat(s, starts)[owner])
        z = e + np.add.reduceat(np.where(good, 0, e), starts)[owner] + 1e-12
        value = -(share * (np.log(e + 1e-30) - np.log(z)))[good].sum()
        slope = np.add.reduceat(np.where(good, share / z, 0), starts)[owner] * e
        slope[good] = -(share * (1 - e / z))[good]
        return value + l2 * float(w @ w), (x.T @ slope.astype(np.float32)).astype(np.float64) + 2 * l2 * w

    bounds = [(0, None) if s > 0 else (None, 0) if s < 0 else (None, None) for s in signs]
    found = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 120})
    return found.x / scale


@dataclass
class Fitted:
    rows: np.ndarray
    """Weight of each signal in `NAMES`."""
    related: np.ndarray
    """Weight of each signal in `SIGNALS`."""


def hand() -> np.ndarray:
    return np.array([WEIGHTS.by_name.get(n, 0.0) if n in HAND else 0.0 for n in NAMES])


def fit_rows(cases: list[Case], drop: frozenset[str] = frozenset()) -> np.ndarray:
    at = [i for i, n in enumerate(NAMES) if n not in HAND | drop]
    signs = [-1 if NAMES[i] in NEGATIVE else 0 if NAMES[i] in FREE else 1 for i in at]
    w = hand()
    w[at] = fit(cases, [c.x[:, at] for c in cases], [c.x @ hand() for c in cases], signs, L2)
    return w


def related(case: Case, scores: np.ndarray) -> np.ndarray:
    """What the best rows say about the others, shape `(candidates, signals)`, zero beyond the rows looked at."""
    out = np.zeros((len(case.rows), len(SIGNALS)), np.float32)
    best = np.sort(np.argsort(-scores, kind="stable")[:LOOKED_AT])
    out[best] = best_rows_signals(case.segment, case.question, case.rows[best], scores[best].astype(np.float32))
    return out


def fit_related(cases: list[Case], scores: list[np.ndarray]) -> np.ndarray:
    return fit(cases, [c.related for c in cases], scores, [1] * len(SIGNALS), L2_RELATED)


def folds(cases: list[Case], drop: frozenset[str] = frozenset()) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Scores of every question after the first and the second fit, by weights that have not seen its fold."""
    first: list[np.ndarray] = [np.zeros(0)] * len(cases)
    second = list(first)
    for fold in range(FOLDS):
        w = fit_rows([c for c in cases if c.fold != fold], drop)
        for i, c in enumerate(cases):
            if c.fold == fold:
                first[i] = c.x.astype(np.float64) @ w
                c.related = related(c, first[i])
    for fold in range(FOLDS):
        others = [i for i, c in enumerate(cases) if c.fold != fold]
        w = fit_related([cases[i] for i in others], [first[i] for i in others])
        for i, c in enumerate(cases):
            if c.fold == fold:
                second[i] = first[i] + c.related @ w
    return first, second


def left_out(cases: list[Case], first: list[np.ndarray], drop: frozenset[str] = frozenset()) -> list[np.ndarray]:
    """Scores of every question by weights that have seen nothing of its genre, in neither fit.

    Args:
        cases: Questions, with what the best rows say by scores out of fold.
        first: Those scores: what the second fit learns from.
        drop: Signals left out.
    """
    out: list[np.ndarray] = [np.zeros(0)] * len(cases)
    for genre in sorted({c.genre for c in cases}):
        others = [i for i, c in enumerate(cases) if c.genre != genre]
        rows = fit_rows([cases[i] for i in others], drop)
        best = fit_related([cases[i] for i in others], [first[i] for i in others])
        for i, c in enumerate(cases):
            if c.genre == genre:
                scores = c.x.astype(np.float64) @ rows
                out[i] = scores + related(c, scores) @ best
    return out


def score(case: Case, scores: np.ndarray) -> dict[str, float]:
    order = np.argsort(-scores, kind="stable")
    gain = case.good[order]
    n = len(case.asked.relevant)
    out = {f"R@{k}": float(gain[:k].sum()) / n for k in (1, 5, 10, 50)}
    dcg = sum(g / math.log2(i + 2) for i, g in enumerate(gain[:10]))
    out["NDCG"] = float(dcg / sum(1 / math.log2(i + 2) for i in range(min(10, n))))
    out["MRR"] = next((1 / (i + 1) for i, g in enumerate(gain) if g), 0.0)
    top = case.segment.ids[case.rows[order[0]]]
    if case.asked.as_of and case.asked.best:
        out["as_of"] = float(top == case.asked.best)
    elif "current-version" in case.asked.tags:
        out["current_top"] = float(top == case.asked.best)
    return out


def shipped(case: Case) -> dict[str, float]:
    """Measures of a question as `rank` answers it."""
    visible = corpora.visible(case.segment, case.asked)
    found = ranking.rank(case.segment, case.question, visible, limit=len(case.rows))
    place = {r.row: -i for i, r in enumerate(found)}
    return score(case, np.array([place.get(r, -len(case.rows)) for r in case.rows.tolist()], float))


def table(cases: list[Case], scores: list[dict[str, float]], title: str, *, detail: bool = False) -> None:
    """Print means by set, with plain BM25 beside; with `detail` by type and language as well."""
    groups: dict[str, list[int]] = defaultdict(list)
    for i, c in enumerate(cases):
        groups[c.family].append(i)
        for tag in (*c.asked.tags, c.lang) if detail else ():
            groups[f"{c.family} / {tag}"].append(i)
    print(title)
    for name in sorted(groups):
        rows = groups[name]
        keys = ["R@1", "R@5", "R@10", "R@50", "NDCG", "MRR", "as_of", "current_top"]
        found = {k: [scores[i][k] for i in rows if k in scores[i]] for k in keys}
        cells = [f"{k} {100 * np.mean(v):5.1f}" for k, v in found.items() if v]
        low, high = interval(np.array([scores[i]["R@10"] for i in rows]))
        cells.append(f"R@10 {low:.1f} to {high:.1f} (95 %)")
        plain = [[sum(cases[i].plain[:k]) / len(cases[i].asked.relevant) for i in rows] for k in (5, 10)]
        cells.append(f"| BM25 R@5 {100 * np.mean(plain[0]):5.1f} R@10 {100 * np.mean(plain[1]):5.1f}")
        print(f"  {name:44s} n={len(rows):4d}  " + "  ".join(cells), flush=True)


def write(found: Fitted) -> None:
    """Put fitted weights into core/eider/retrieve/weights.py, three significant digits each."""
    path = corpora.CHECKOUT / "core/eider/retrieve/weights.py"
    text = path.read_text(encoding="utf-8")
    head, _, rest = text.partition("# fitted values begin\n")
    _, _, tail = rest.partition("# fitted values end\n")
    named = [(n, v) for n, v in zip(NAMES, found.rows, strict=True) if n not in HAND]
    named += zip(SIGNALS, found.related, strict=True)
    lines = [f'    "{n}": {v:.3g},\n' for n, v in named if abs(v) >= 0.005]
    train = ",".join(f"{k}={v:g}" for k, v in SETS.items())
    body = f'_FITTED_ON: Final = "{train}"\n_FITTED_AT: Final = "{time.strftime("%Y-%m-%d")}"\n_FITTED: Final = {{\n{"".join(lines)}}}\n'
    path.write_text(f"{head}# fitted values begin\n{body}# fitted values end\n{tail}", encoding="utf-8")


np.seterr(invalid="ignore")  # some BLAS builds flag lanes they throw away


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fixed", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--detail", action="store_true")
    parser.add_argument("--drop", default="", help="signals left out of the fit, apart by commas")
    parser.add_argument("--families", default=",".join(SETS))
    args = parser.parse_args()
    started = time.perf_counter()
    cases = gather(args.families.split(","))
    reached = [c.good.sum() / len(c.asked.relevant) for c in cases]
    print(
        f"{len(cases)} questions, features in {time.perf_counter() - started:.1f} s, {100 * np.mean(reached):.1f} % are candidates"
    )
    if args.fixed:
        table(cases, [shipped(c) for c in cases], "as shipped", detail=args.detail)
        return
    drop = frozenset(filter(None, args.drop.split(",")))
    first, second = folds(cases, drop)
    table(cases, [score(c, s) for c, s in zip(cases, first, strict=True)], "single rows, cross-validated")
    table(
        cases,
        [score(c, s) for c, s in zip(cases, second, strict=True)],
        "with best rows, cross-validated",
        detail=args.detail,
    )
    found = Fitted(fit_rows(cases, drop), fit_related(cases, first))
    for n, v in zip((*NAMES, *SIGNALS), (*found.rows, *found.related), strict=True):
        print(f"{n:22s} {v:7.3f}")
    if args.write:
        write(found)
    left = left_out(cases, first, drop)
    table(cases, [score(c, s) for c, s in zip(cases, left, strict=True)], "genre left out whole")


if __name__ == "__main__":
    main()

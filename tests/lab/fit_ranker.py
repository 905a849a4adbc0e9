"""Fit the ranker's weights and cross-validate them, through the segment and question code that ships.

    python tests/lab/fit_ranker.py            tables of cross-validated results
    python tests/lab/fit_ranker.py --write    and write core/eider/retrieve/weights.py
    python tests/lab/fit_ranker.py --fixed    score the weights that ship, no fitting

Loss: per question the mean over its relevant rows of -log softmax(relevant against all others), families
weighted equally, L2 on standardised columns, signs bounded. Left out together: one LoCoMo conversation; one
fifth of the stores of each other family.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
import zlib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
import corpora
from scipy.optimize import minimize

from eider.retrieve import rank as ranking
from eider.retrieve.features import NAMES, matrix
from eider.retrieve.weights import WEIGHTS
from eider.store.segment.segment import Segment

NEGATIVE = {"list_sitting", "length", "question", "greeting", "generic", "why_length"}
BOUNDS = {"coverage_alone": (-6, None), "guidance": (-1, 1), "guidance_request": (0, 1.5), "background": (-1, 1)}
"""Other bounds than "not negative". Kinds are bounded so that no kind is shut out: which kind is asked for most differs from set to set."""
HAND = {"recency", "strength", "importance", "scope", "pinned", "phrase", "memory"}
"""Not fitted: the data cannot tell. Kept as they are in the shipped weights."""


@dataclass
class Case:
    family: str
    fold: int
    lang: str
    asked: corpora.Asked
    corpus: corpora.Corpus
    x: np.ndarray
    ids: list[str]
    good: np.ndarray


def gather(families: list[str]) -> list[Case]:
    embed, embed_query = corpora.embedder()
    cases: list[Case] = []
    for family in families:
        for k, corpus in enumerate(corpora.FAMILIES[family]()):
            segment = Segment.build(corpora.rows_of(corpus.items, embed))
            fold = k % 5 if corpus.family == "locomo" else zlib.crc32(corpus.id.encode()) % 5
            for asked in corpus.asked:
                if not asked.relevant:
                    continue
                question = corpora.read(segment, asked, embed_query)
                scan = ranking.look(segment, question, corpora.visible(segment, asked))
                rows = ranking.nominate(segment, question, scan)
                x = matrix(segment, question, scan, rows)
                ids = [segment.ids[r] for r in rows.tolist()]
                good = np.array([i in asked.relevant for i in ids])
                cases.append(Case(family, fold, corpus.lang, asked, corpus, x, ids, good))
    return cases


def fit(
    cases: list[Case], l2: float, family_weight: dict[str, float], start: np.ndarray, drop: set[str] = frozenset()
) -> np.ndarray:
    cases = [c for c in cases if c.good.any() and not c.good.all()]
    sizes = defaultdict(int)
    for c in cases:
        sizes[c.family] += 1
    x = np.concatenate([c.x for c in cases]).astype(np.float64)
    scale = x.std(axis=0)
    scale[scale == 0] = 1
    x /= scale
    lengths = np.array([len(c.x) for c in cases])
    starts = np.cumsum(lengths) - lengths
    owner = np.repeat(np.arange(len(cases)), lengths)
    good = np.concatenate([c.good for c in cases])
    per = np.array([family_weight.get(c.family, 1.0) / sizes[c.family] for c in cases])
    share = per[owner] / np.array([c.good.sum() for c in cases])[owner]
    held = np.array([n in HAND for n in NAMES])
    base = x[:, held] @ (start[held] * scale[held])

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        s = x @ w
        s = s + base - x[:, held] @ w[held]
        top = np.maximum.reduceat(s, starts)[owner]
        e = np.exp(s - top)
        neg = np.add.reduceat(np.where(good, 0, e), starts)[owner]
        z = e + neg
        value = -(share * (np.log(e) - np.log(z)))[good].sum()
        # positive i: grad = -(1 - e_i/z_i) x_i + sum_neg e_j/z_i x_j
        p = np.zeros_like(s)
        gi = share * (1 - e / z)
        p[good] = -gi[good]
        coefficient = np.add.reduceat(np.where(good, share / z, 0), starts)[owner]
        p[~good] = (coefficient * e)[~good]
        gradient = x.T @ p + 2 * l2 * w
        gradient[held] = 0
        return value + l2 * float(w @ w), gradient

    bounds = [
        (0, 0) if n in HAND or n in drop else (None, 0) if n in NEGATIVE else BOUNDS.get(n, (0, None)) for n in NAMES
    ]
    bounds = [
        (None if a is None else a * k, None if b is None else b * k) for (a, b), k in zip(bounds, scale, strict=True)
    ]
    result = minimize(loss, np.zeros(len(NAMES)), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 300})
    w = result.x / scale
    w[held] = start[held]
    return w


def score(case: Case, w: np.ndarray) -> dict[str, float]:
    s = case.x.astype(np.float64) @ w
    order = np.argsort(-s, kind="stable")
    ranked = [case.ids[i] for i in order]
    gain = [r in case.asked.relevant for r in ranked]
    n = len(case.asked.relevant)
    out = {f"R@{k}": sum(gain[:k]) / n for k in (1, 5, 10, 50)}
    dcg = sum(g / math.log2(i + 2) for i, g in enumerate(gain[:10]))
    out["NDCG"] = dcg / sum(1 / math.log2(i + 2) for i in range(min(10, n)))
    out["MRR"] = next((1 / (i + 1) for i, g in enumerate(gain) if g), 0.0)
    if case.asked.as_of and case.asked.best:
        out["as_of"] = float(ranked[0] == case.asked.best)
    elif "current-version" in case.asked.tags:
        out["current"] = float(case.asked.best in ranked)
        out["current_top"] = float(ranked[0] == case.asked.best)
    return out


def validate(
    cases: list[Case], l2: float, family_weight: dict[str, float], start: np.ndarray, drop: set[str] = frozenset()
) -> list[dict]:
    out: list[dict] = [{}] * len(cases)
    for fold in range(5):
        w = fit([c for c in cases if c.fold != fold], l2, family_weight, start, drop)
        for i, c in enumerate(cases):
            if c.fold == fold:
                out[i] = score(c, w)
    return out


def table(cases: list[Case], scores: list[dict], detail: bool = True) -> None:
    groups: dict[str, list[dict]] = defaultdict(list)
    for c, s in zip(cases, scores, strict=True):
        groups[c.family].append(s)
        if detail:
            for tag in c.asked.tags:
                groups[f"{c.family} / {tag}"].append(s)
            if c.lang != "en" or "locomo" not in c.family:
                groups[f"{c.family} / {c.lang}"].append(s)
    for name in sorted(groups):
        rows = groups[name]
        keys = ["R@1", "R@5", "R@10", "R@50", "NDCG", "MRR"] + (["as_of", "current_top"] if "isolated" in name else [])
        cells = []
        for k in keys:
            values = [r[k] for r in rows if k in r]
            cells.append(f"{k} {100 * np.mean(values):5.1f}" if values else f"{k}   -  ")
        print(f"{name:38s} n={len(rows):4d}  " + "  ".join(cells))


def write(w: np.ndarray, train: str) -> None:
    """Put fitted weights into core/eider/retrieve/weights.py, three significant digits each."""
    path = corpora.CHECKOUT / "core/eider/retrieve/weights.py"
    text = path.read_text(encoding="utf-8")
    head, _, rest = text.partition("# fitted values begin\n")
    _, _, tail = rest.partition("# fitted values end\n")
    lines = [f'    "{n}": {v:.3g},\n' for n, v in zip(NAMES, w, strict=True) if n not in HAND and abs(v) >= 0.005]
    body = f'_FITTED_ON: Final = "{train}"\n_FITTED_AT: Final = "{time.strftime("%Y-%m-%d")}"\n_FITTED: Final = {{\n{"".join(lines)}}}\n'
    path.write_text(f"{head}# fitted values begin\n{body}# fitted values end\n{tail}", encoding="utf-8")


np.seterr(invalid="ignore")  # some BLAS builds flag lanes they throw away


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fixed", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--l2", type=float, default=1e-2)
    parser.add_argument("--brief", action="store_true")
    parser.add_argument("--ablate", action="store_true")
    parser.add_argument("--families", default="locomo,isolated,chats,own_isolated,own_chats,mixed")
    parser.add_argument("--train", default="locomo=1,isolated=0.5,chats=0.3,own_isolated=0.5,own_chats=0.3,mixed=0.3")
    args = parser.parse_args()
    started = time.perf_counter()
    cases = gather(args.families.split(","))
    print(f"{len(cases)} questions, features in {time.perf_counter() - started:.1f} s", flush=True)
    start = ranking.vector(WEIGHTS).astype(np.float64)
    if args.fixed:
        table(cases, [score(c, start) for c in cases], not args.brief)
        return
    weight = {k: float(v) for k, v in (p.split("=") for p in args.train.split(","))}
    table(cases, validate(cases, args.l2, weight, start), not args.brief)
    w = fit(cases, args.l2, weight, start)
    print("fitted on all:")
    table(cases, [score(c, w) for c in cases], detail=False)
    for n, v in zip(NAMES, w, strict=True):
        print(f"{n:20s} {v:7.3f}")
    if args.write:
        write(w, args.train)
    if args.ablate:
        for n in NAMES:
            if n not in HAND:
                print("without", n)
                table(cases, validate(cases, args.l2, weight, start, {n}), detail=False)


if __name__ == "__main__":
    main()

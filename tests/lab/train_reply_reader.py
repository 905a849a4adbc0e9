"""Trains the reply reader and writes its weights: `python tests/lab/train_reply_reader.py` (a few minutes, deterministic).

Needs scipy (development group). Calibration and zones come from scores of replies whose writer was left out.
`--check` only says whether the weights in the tree are those that this corpus gives.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from reply_training import (
    CLAUSE_WEIGHT,
    DATA,
    OTHER_STRENGTH,
    STATEMENT_WEIGHT,
    STRENGTH,
    Corpus,
    Exchange,
    bare_statements,
    exchanges,
    fit_labels,
    fit_logistic,
    recall_at,
    reply_scores,
    round_weights,
)  # fmt: skip

from eider.understand.scorer import Weights

TARGET = Path(__file__).resolve().parents[2] / "core" / "eider" / "understand" / "data" / "reply_reader.npz"
LEARN_PRECISION, KEPT_RECALL = 0.90, 0.93
VERSION = 1


def fit_keep(corpus: Corpus, bare: Corpus, train: np.ndarray, bare_rows: np.ndarray) -> np.ndarray:
    """Fit the head keep on the units `train` of the exchanges and on the given bare statements."""
    some = np.flatnonzero(bare_rows[bare.row])
    x = sp.vstack([corpus.x[train], bare.x[some]]).tocsr()
    y = np.concatenate([corpus.y[train], bare.y[some]])
    return fit_logistic(x, y, np.concatenate([corpus.weight[train], bare.weight[some]]), STRENGTH)


def left_out_margins(corpus: Corpus, bare: Corpus, group: np.ndarray, bare_group: np.ndarray) -> np.ndarray:
    """Return margins of keep for every unit, from models that saw no line of its group (writer or language)."""
    margin = np.full(len(corpus.units), -20.0)
    for name in sorted(set(group)):
        test = np.flatnonzero((group == name)[corpus.row])
        train = np.flatnonzero((group != name)[corpus.row])
        fitted = fit_keep(corpus, bare, train, bare_group != name)
        margin[test] = corpus.x[test] @ fitted[:-1] + fitted[-1]
    return margin


def calibrate(corpus: Corpus, margin: np.ndarray) -> dict[str, float]:
    """Return slope and offset of the probability, and the borders of the zones, from left-out margins."""
    own = ~corpus.clause
    column = sp.csr_matrix(margin[own][:, None])
    slope, offset = fit_logistic(column, corpus.y[own], np.ones(own.sum()), 100.0)
    best = reply_scores(corpus, margin)
    something = np.array([bool(row.quotes) for row in corpus.rows])
    chance = 1 / (1 + np.exp(-(slope * best + offset)))
    _, learn = recall_at(chance, something, LEARN_PRECISION)
    ask = float(np.quantile(chance[something], 1 - KEPT_RECALL))
    return {"slope": float(slope), "offset": float(offset), "learn": learn, "ask": min(ask, learn)}


def train(rows: list[Exchange], statements: list[Exchange]) -> tuple[Weights, Corpus, np.ndarray]:
    """Return the weights of the whole corpus, the corpus, and the margins of left-out writers."""
    corpus, bare = Corpus(rows), Corpus(statements)
    bare_source = np.array([row.source for row in bare.rows])
    margin = left_out_margins(corpus, bare, corpus.source, bare_source)
    everything = np.arange(len(corpus.units))
    fitted = {"keep": fit_keep(corpus, bare, everything, bare_source != ""), **fit_labels(corpus, everything)}
    recipe = f"logistic regression, C {STRENGTH} (keep) and {OTHER_STRENGTH}, clauses x {CLAUSE_WEIGHT}, bare statements x {STATEMENT_WEIGHT}, L-BFGS"
    about = {"version": VERSION, "recipe": recipe, "script": "tests/lab/train_reply_reader.py", "data": "tests/data/learning", "sources": dict(sorted(Counter(r.source for r in rows).items()))}  # fmt: skip
    return round_weights(fitted, **calibrate(corpus, margin), about=about), corpus, margin


def main() -> int:
    """Train, write, and say what was reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    weights, corpus, margin = train(exchanges(DATA), bare_statements(DATA))
    data = weights.to_bytes()
    best, something = reply_scores(corpus, margin), np.array([bool(row.quotes) for row in corpus.rows])
    print(
        f"{len(corpus.rows)} replies; writers left out: recall {recall_at(best, something, 0.88)[0]:.3f} at precision .88"
    )
    print(f"learn from {weights.learn:.3f}, ask from {weights.ask:.3f}; {len(data):,} bytes")
    if check:
        same = TARGET.read_bytes() == data
        print("the weights in the tree are the same" if same else "the weights in the tree differ")
        return 0 if same else 1
    TARGET.write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())

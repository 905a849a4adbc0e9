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
    beside_pastes,
    exchanges,
    fit_labels,
    fit_logistic,
    pasted,
    recall_at,
    reply_scores,
    round_weights,
    taken_back,
)  # fmt: skip

from eider.understand.scorer import Weights

TARGET = Path(__file__).resolve().parents[2] / "core" / "eider" / "understand" / "data" / "reply_reader.npz"
ENGLISH_PRECISION, OTHER_PRECISION = 0.865, 0.83
"""Least precision of learning on writers left out."""
FURTHER_PRECISION = 0.7
"""Share of further sentences of one message that hold a quote: many readers would keep only the first."""
KEPT_RECALL = 0.93
VERSION = 2


def fold(source: str) -> str:
    """Return which writers are left out together: those with few lines by three or so, the others one by one."""
    few = {"w2de": "w2de", "w2fr": "w2fr", "w2es": "w2fr", "w2": "w2", "w1": f"w1{ord(source[-1]) % 3}"}
    few |= {name: name for name in ("revoking", "w3rev", "w4rev", "w6")}
    few |= {"v": f"v{ord(source[-1]) % 2}", "pasted": f"pasted{ord(source[-1]) % 2}"}
    return next((name for start, name in few.items() if source.startswith(start)), source)


def fit_keep(corpus: Corpus, bare: Corpus, train: np.ndarray, bare_rows: np.ndarray) -> np.ndarray:
    """Fit the head keep on the units `train` of the exchanges and on the given bare statements."""
    some = np.flatnonzero(bare_rows[bare.row])
    x = sp.vstack([corpus.x[train], bare.x[some]]).tocsr()
    y = np.concatenate([corpus.y[train], bare.y[some]])
    return fit_logistic(x, y, np.concatenate([corpus.weight[train], bare.weight[some]]), STRENGTH)


def left_out_margins(
    corpus: Corpus, bare: Corpus, group: np.ndarray, bare_group: np.ndarray, fits: dict[str, np.ndarray] | None = None
) -> np.ndarray:
    """Return margins of keep for every unit, from models that saw no line of its group (writer or language).

    `fits` gets these models by the group that they did not see.
    """
    margin = np.full(len(corpus.units), -20.0)
    for name in sorted(set(group)):
        test = np.flatnonzero((group == name)[corpus.row])
        train = np.flatnonzero((group != name)[corpus.row])
        fitted = fit_keep(corpus, bare, train, bare_group != name)
        margin[test] = corpus.x[test] @ fitted[:-1] + fitted[-1]
        if fits is not None:
            fits[name] = fitted
    return margin


def calibrate(corpus: Corpus, margin: np.ndarray) -> dict[str, float]:
    """Return slope and offset of the probability, and the borders of the zones, from left-out margins."""
    own = ~corpus.clause
    column = sp.csr_matrix(margin[own][:, None])
    slope, offset = fit_logistic(column, corpus.y[own], np.ones(own.sum()), 100.0)
    chance = 1 / (1 + np.exp(-(slope * margin + offset)))
    best = 1 / (1 + np.exp(-(slope * reply_scores(corpus, margin) + offset)))
    something = np.array([bool(row.quotes) for row in corpus.rows])
    english, written = corpus.lang == "en", corpus.written
    borders = [
        recall_at(best[chosen], something[chosen], precision)[1]
        for chosen, precision in ((english & written, ENGLISH_PRECISION), (~english & written, OTHER_PRECISION))
    ]
    others = own & written[corpus.row] & (chance < best[corpus.row]) & (best[corpus.row] >= min(borders))
    further = recall_at(chance[others], corpus.held[others], FURTHER_PRECISION)[1]
    ask = min(float(np.quantile(best[something & written], 1 - KEPT_RECALL)), *borders)
    numbers = {"slope": slope, "offset": offset, "learn": borders[0], "learn_other": borders[1], "ask": ask}
    return {name: float(value) for name, value in numbers.items()} | {
        "further": float(min(0.9, max(*borders, further)))
    }


def train(rows: list[Exchange], statements: list[Exchange]) -> tuple[Weights, Corpus, np.ndarray]:
    """Return the weights of the whole corpus, the corpus, and the margins of left-out writers."""
    corpus, bare = Corpus(rows), Corpus(statements)
    bare_source = np.array([fold(row.source) for row in bare.rows])
    margin = left_out_margins(corpus, bare, np.array([fold(name) for name in corpus.source]), bare_source)
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
    written = exchanges(DATA)
    weights, corpus, margin = train(
        [*written, *pasted(DATA), *beside_pastes(written), *taken_back(DATA)], bare_statements(DATA)
    )
    data = weights.to_bytes()
    best, something = reply_scores(corpus, margin), np.array([bool(row.quotes) for row in corpus.rows])
    best, something = best[corpus.written], something[corpus.written]
    print(f"{len(best)} replies; writers left out: recall {recall_at(best, something, 0.88)[0]:.3f} at precision .88")
    print(
        f"learn from {weights.learn:.3f} ({weights.learn_other:.3f} in other languages), further sentences from {weights.further:.3f}, ask from {weights.ask:.3f}; {len(data):,} bytes"
    )
    if check:
        same = TARGET.read_bytes() == data
        print("the weights in the tree are the same" if same else "the weights in the tree differ")
        return 0 if same else 1
    TARGET.write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())

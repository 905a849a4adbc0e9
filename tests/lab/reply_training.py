"""Corpus, feature matrix and fitting of the reply reader; used by the trainer and by the report."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.optimize
import scipy.sparse as sp

from eider.understand.features import BITS, GROUPS, Message, Surroundings, Unit, features, read_message, units
from eider.understand.scorer import HEADS, Weights

DATA = Path(__file__).resolve().parents[1] / "data" / "learning"
STRENGTH, OTHER_STRENGTH = 2.0, 10.0  # C of the logistic regressions: keep, and the heads with few rows
PASTE_BESIDE, BESIDE_WEIGHT = 120, 0.5
"""Most characters of a reply that is set beside a paste, and how much such a line counts."""
TALK_WEIGHT = 0.5
"""How much a turn of a long talk counts. More of them hold something than of other replies, so they choose no border."""
REVOKING_WEIGHT = 0.15
"""How much a sentence that takes something back counts."""
HELD = 0.6
"""A find is right when it holds this share of a quote's characters."""
CLAUSE_WEIGHT, STATEMENT_WEIGHT = 0.3, 0.03


@dataclass(frozen=True)
class Exchange:
    """One line of the corpus, read."""

    source: str
    lang: str
    agent: str
    reply: str
    quotes: tuple[tuple[int, int, dict[str, str]], ...]
    weight: float = 1.0


def _find_quotes(reply: str, keep: list[dict[str, str]]) -> tuple[tuple[int, int, dict[str, str]], ...]:
    found: list[tuple[int, int, dict[str, str]]] = []
    for quote in keep:
        at = reply.find(quote["quote"])
        while any(at == start for start, _, _ in found) and reply.find(quote["quote"], at + 1) >= 0:
            at = reply.find(quote["quote"], at + 1)
        if at < 0:
            msg = f"quote {quote['quote']!r} is not in the reply {reply!r}"
            raise ValueError(msg)
        found.append((at, at + len(quote["quote"]), quote))
    return tuple(found)


def _lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def exchanges(folder: Path = DATA) -> list[Exchange]:
    """Return all labelled exchanges, of every file `exchanges*.jsonl`."""
    rows = [row for path in sorted(folder.glob("exchanges*.jsonl")) for row in _lines(path)]
    return [
        Exchange(
            r["source"],
            r["lang"],
            r["agent_output"],
            r["user_reply"],
            _find_quotes(r["user_reply"], r["keep"]),
            TALK_WEIGHT if r["source"].startswith("talk") else 1.0,
        )
        for r in rows
    ]


def pasted(folder: Path = DATA) -> list[Exchange]:
    """Return other people's words in a reply (nothing to keep), and the same with a statement of the person's own.

    Those that are marked `apart` only measure.
    """
    label = {"kind": "", "reach": "", "act": ""}
    found = []
    for number, row in enumerate(row for row in _lines(folder / "poison.jsonl") if not row["apart"]):
        source = f"pasted{number % 4}"
        found.append(Exchange(source, row["lang"], row["agent_output"], row["reply"], ()))
        if row["twin"]:
            quotes = _find_quotes(row["twin"], [{"quote": row["own"], **label}])
            found.append(Exchange(source, row["lang"], row["agent_output"], row["twin"], quotes))
    return found


def beside_pastes(rows: Sequence[Exchange], folder: Path = DATA, each: int = 4) -> list[Exchange]:
    """Return short replies of the writers set above other people's words: a paste says nothing of what they mean."""
    rng = np.random.default_rng(0)
    short: dict[str, list[Exchange]] = {}
    for row in rows:
        if len(row.reply) <= PASTE_BESIDE and not row.agent and "\n" not in row.reply:
            short.setdefault(row.lang, []).append(row)
    pastes = [row for row in _lines(folder / "poison.jsonl") if not row["apart"] and "\n" in row["reply"]]
    chosen = [
        (paste, short[paste["lang"]][k])
        for paste in pastes
        if paste["lang"] in short
        for k in rng.integers(len(short[paste["lang"]]), size=each)
    ]
    return [
        Exchange(one.source, one.lang, "", f"{one.reply}\n\n{paste['reply']}", one.quotes, BESIDE_WEIGHT)
        for paste, one in chosen
    ]


def taken_back(folder: Path = DATA) -> list[Exchange]:
    """Return the sentences of `revocations` that end something, and the memories they end: both are kept, and nothing else."""
    rows = [row for path in sorted(folder.glob("revocations*.jsonl")) for row in _lines(path)]
    found: dict[str, Exchange] = {}
    for row in rows:
        for text, act in ((row["sentence"], "revoke"), *((memory, "state") for memory in row["memories"])):
            quotes = ((0, len(text), {"kind": "", "reach": "", "act": act}),)
            if act == "state" or row["ends"]:
                found[text] = Exchange(row["source"], row["lang"], "", text, quotes, REVOKING_WEIGHT)
            else:
                found[text] = Exchange(row["source"], row["lang"], "", text, (), REVOKING_WEIGHT)
    return list(found.values())


def bare_statements(folder: Path = DATA) -> list[Exchange]:
    """Return the statements of `changes` (to keep) and the prompts of `stores` (nothing to keep)."""
    found, seen = [], set()
    label = {"kind": "", "reach": "", "act": ""}
    for row in _lines(folder / "changes.jsonl"):
        for text in (row["earlier"], row["later"]):
            if text not in seen:
                seen.add(text)
                whole = ((0, len(text), label),)
                found.append(Exchange(row["source"], row["lang"], "", text, whole, STATEMENT_WEIGHT))
    for row in _lines(folder / "stores.jsonl"):
        found += [Exchange(row["source"], "en", "", p["text"], (), STATEMENT_WEIGHT) for p in row["prompts"]]
    return found


class Corpus:
    """Units of all exchanges with their features and labels."""

    def __init__(self, rows: Sequence[Exchange]) -> None:
        self.rows = list(rows)
        self.messages: list[Message] = [read_message(r.reply, r.agent) for r in self.rows]
        self.units: list[Unit] = []
        row_of: list[int] = []
        indices, values, ends = [], [], [0]
        for place, message in enumerate(self.messages):
            chosen = units(message, with_clauses=True)
            self.units += chosen
            row_of += [place] * len(chosen)
            for one in features(Surroundings(message), chosen):
                for name in GROUPS:
                    entries, value = one[name]
                    indices.append(entries)
                    values.append(np.full(len(entries), value, np.float32))
                ends.append(ends[-1] + sum(len(one[name][0]) for name in GROUPS))
        self.row = np.array(row_of)
        columns = np.concatenate(indices).astype(np.int32)
        self.x = sp.csr_matrix((np.concatenate(values), columns, np.array(ends)), (len(self.units), 1 << BITS))
        self.clause = np.array([u.clause for u in self.units])
        self.y, self.held = np.zeros(len(self.units), bool), np.zeros(len(self.units), bool)
        self.quote: list[dict[str, str] | None] = [None] * len(self.units)
        for place, unit in enumerate(self.units):
            for start, end, label in self.rows[row_of[place]].quotes:
                shared = min(end, unit.end) - max(start, unit.start)
                self.held[place] |= shared >= HELD * (end - start)
                if shared > 0 and (
                    2 * shared >= unit.end - unit.start or (2 * shared >= end - start and not unit.clause)
                ):
                    self.y[place] = True
                    self.quote[place] = label
        count = np.bincount(self.row[~self.clause], minlength=len(self.rows))[self.row]
        base = np.array([r.weight for r in self.rows])[self.row]
        self.weight = base / np.sqrt(np.maximum(count, 1)) * np.where(self.clause, CLAUSE_WEIGHT, 1.0)
        self.source = np.array([r.source for r in self.rows])
        self.lang = np.array([r.lang for r in self.rows])
        self.written = np.array([r.weight == 1 and not r.source.startswith(("pasted", "w6")) for r in self.rows])
        """Replies as people write them; those of w6 are of two kinds only, so many of each say nothing of their share."""


def fit_logistic(x: sp.csr_matrix, y: np.ndarray, weight: np.ndarray, strength: float, steps: int = 60) -> np.ndarray:
    """Return weights and bias (last) of an L2 logistic regression."""
    x = x.astype(np.float64)
    xt = x.T.tocsr()
    sign = np.where(y, 1.0, -1.0)
    w = weight * strength

    def loss(v: np.ndarray) -> tuple[float, np.ndarray]:
        m = sign * (x @ v[:-1] + v[-1])
        residual = -sign * w / (1 + np.exp(np.clip(m, -30, 30)))
        gradient = np.append(xt @ residual + v[:-1], residual.sum() + 0.01 * v[-1])
        return float(w @ np.logaddexp(0, -m) + 0.5 * v[:-1] @ v[:-1] + 0.005 * v[-1] ** 2), gradient

    return scipy.optimize.minimize(
        loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": steps}
    ).x


def fit_labels(corpus: Corpus, chosen: np.ndarray) -> dict[str, np.ndarray]:
    """Fit the heads other than keep on those kept units among `chosen` whose label says it."""
    kept = [k for k in chosen if corpus.quote[k]]
    fitted = {}
    for head in HEADS[1:]:
        said = "kind" if head == "obey" else "reach" if head in {"everywhere", "project", "person"} else "act"
        rows = np.array([k for k in kept if corpus.quote[k][said]])
        labels = [corpus.quote[k] for k in rows]
        if head == "obey":
            y = np.array([q["kind"] in {"rule", "preference"} for q in labels])
        else:
            y = np.array([head in {q["act"], q["reach"]} for q in labels])
        rare = min(6.0, float(np.sqrt((~y).sum() / max(1, y.sum()))))
        fitted[head] = fit_logistic(corpus.x[rows], y, corpus.weight[rows] * np.where(y, rare, 1), OTHER_STRENGTH, 40)
    return fitted


def round_weights(fitted: dict[str, np.ndarray], **numbers: object) -> Weights:
    """Return the fitted heads as int8 with one scale each."""
    table = np.stack([fitted[head][:-1] for head in HEADS])
    scale = (np.abs(table).max(1) / 127).astype(np.float32)
    return Weights(
        np.round(table / scale[:, None]).astype(np.int8),
        scale,
        np.array([fitted[head][-1] for head in HEADS], np.float32),
        **numbers,
    )


def reply_scores(corpus: Corpus, margin: np.ndarray) -> np.ndarray:
    """Return the best margin of a sentence in each reply."""
    best = np.full(len(corpus.rows), -20.0)
    np.maximum.at(best, corpus.row[~corpus.clause], margin[~corpus.clause])
    return best


def average_precision(score: np.ndarray, y: np.ndarray) -> float:
    order = np.argsort(-score, kind="stable")
    hits = y[order].astype(float)
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits > 0].mean()) if hits.any() else float("nan")


def recall_at(score: np.ndarray, y: np.ndarray, precision: float) -> tuple[float, float]:
    """Return the greatest recall at this precision, and its threshold."""
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(y[order])
    good = np.flatnonzero((hits / np.arange(1, len(order) + 1) >= precision) & (np.arange(len(order)) >= 4))
    return (float(hits[good[-1]] / y.sum()), float(score[order[good[-1]]])) if len(good) else (0.0, 99.0)

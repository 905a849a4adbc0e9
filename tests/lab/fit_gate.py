"""Fit the gate before injection, measure it on stores that were left out, and print its whole curve.

    python tests/lab/fit_gate.py                 left-out figures of all sets, no weights written
    python tests/lab/fit_gate.py --write         and write core/eider/guide/gate/gate.npz; a minute, deterministic
    python tests/lab/fit_gate.py --check         only say whether the weights in the tree are those that this data gives
    python tests/lab/fit_gate.py --plot FILE     and draw silence against prompts served (matplotlib)

Three logistic regressions. The first says whether a prompt wants something of this store, from its words, its runs of
characters, and the signals of all lines looked at. The second, fitted on prompts that want something and, for a quarter, on those that do not, which line it is.
The third makes one probability of both, on prompts whose store neither had seen.

Only the project's own sets are fitted on (`FITTED`); the others are measured with all of them left out. A third kind of
prompt, `other`, are wanted ones put to another user's store: nothing there helps, or only by chance, and real traffic is
full of such prompts; they count `OTHER` of a kind. Questions as of another day are left out: nothing is injected for those.
"""

from __future__ import annotations

import argparse
import dataclasses
import random
import sys
import zlib
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import scipy.sparse as sp

sys.path.insert(0, str(Path(__file__).parent))
import corpora
from scipy.optimize import minimize

from eider.guide.gate.gate import LOOKED_AT, judged, passing
from eider.guide.gate.prompt_reading import Line
from eider.guide.gate.prompt_words import PLACES, entries
from eider.guide.gate.signals import NAMES, OF_LINE, WordBook, signals
from eider.guide.gate.weights import FILE, GateWeights, shipped
from eider.retrieve.rank import rank
from eider.store.segment.segment import Segment

FITTED = ("own_stores", "own_isolated")
MEASURED = ("isolated",)
SHOWN = (*FITTED, *MEASURED, "chats", "own_chats")
TARGET = corpora.CHECKOUT / "core" / "eider" / "guide" / "gate" / FILE
OTHER = 0.25
"""Without such prompts the gate goes by the prompt alone and shows the nearest line to 80 % of them; with all of their
weight it serves a third fewer prompts that want something."""
SHIFT = -1.0
"""Added to the log odds that a prompt wants something before both are multiplied: how far a sure prompt makes up for an
unsure line. At 0, 2 to 5 points fewer prompts are served and 20 more of the `other` ones are left in peace."""
PROMPT_L2, LINE_L2 = 0.25, 0.003
AGGREGATES = 0.2
"""What a signal of the lines counts beside a word of the prompt before fitting; ten times less penalty than needed."""
SILENCE = 0.9
GENERAL = 2
"""Prompts of `general_prompts.txt` put to each store: what an encyclopedia or a poet is asked, in the forms of a search."""
FOLDS = 5


@dataclass
class Case:
    family: str
    kind: str
    """wanted, empty, other, or general."""
    fold: int
    tags: tuple[str, ...]
    prompt: str
    x: np.ndarray
    good: np.ndarray
    empty: str
    p: np.ndarray = field(default_factory=lambda: np.zeros(0))
    fits: np.ndarray = field(default_factory=lambda: np.zeros(0))

    @property
    def top(self) -> float:
        return float(self.p.max(initial=0.0))


def gather(families: tuple[str, ...] = SHOWN) -> list[Case]:
    embed, embed_query = corpora.embedder()
    book = WordBook(lambda words: embed(list(words)))
    out: list[Case] = []
    general = (corpora.OWN / "learning" / "general_prompts.txt").read_text(encoding="utf-8").splitlines()
    for family in families:
        every = list(corpora.FAMILIES[family]())
        chance = random.Random(5)
        for corpus in every:
            segment = Segment.build(corpora.rows_of(corpus.items, embed))
            items = {i.id: i for i in corpus.items}
            asked = [(a, "wanted" if a.relevant else "empty") for a in corpus.asked if not a.as_of]
            if family == "own_stores":
                asked += [(corpora.Asked(id="", text=text, relevant=frozenset(), now=asked[0][0].now), "general")
                          for text in chance.sample(general, GENERAL)]  # fmt: skip
            if "chats" not in family:
                now = max(a.now for a in corpus.asked)
                strange = [
                    a for other in every for a in other.asked
                    if other.id != corpus.id and other.lang == corpus.lang and a.relevant and a.scopes is None and not a.as_of
                ]  # fmt: skip
                asked += [
                    (dataclasses.replace(a, now=now, relevant=frozenset()), "other") for a in chance.sample(strange, 4)
                ]
            for a, kind in asked:
                question = corpora.read(segment, a, embed_query)
                found = rank(segment, question, corpora.visible(segment, a), limit=LOOKED_AT)
                lines = [line_of(items[segment.ids[r.row]], r) for r in found]
                if not lines:
                    continue
                x, reading = signals(a.text, lines, book)
                good = np.array([segment.ids[r.row] in a.relevant for r in found])
                fold = zlib.crc32(corpus.id.encode()) % FOLDS
                out.append(Case(family, kind, fold, a.tags, a.text, x.astype(np.float64), good, reading.empty))
    return out


def line_of(item: corpora.Item, found: object) -> Line:
    return Line(
        text=item.text,
        kind=item.kind,
        scope=item.scope,
        coverage=found.coverage,
        cosine=found.cosine,
        exact=found.exact,
    )


def logistic(x: sp.csr_matrix | np.ndarray, y: np.ndarray, weight: np.ndarray, l2: float) -> np.ndarray:
    """Weights and, last, the bias of a logistic regression."""

    def loss(t: np.ndarray) -> tuple[float, np.ndarray]:
        u = x @ t[:-1] + t[-1]
        value = (weight * np.logaddexp(0.0, np.where(y, -u, u))).sum() + l2 * t[:-1] @ t[:-1]
        slope = weight * (1 / (1 + np.exp(-u)) - y)
        return value, np.append(x.T @ slope + 2 * l2 * t[:-1], slope.sum())

    return minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 500}).x


def aggregated(cases: list[Case]) -> np.ndarray:
    return np.array([np.concatenate([c.x.max(axis=0), c.x.mean(axis=0)]) for c in cases])


def words_of(cases: list[Case]) -> sp.csr_matrix:
    found = [entries(c.prompt) for c in cases]
    row = np.repeat(np.arange(len(cases)), [len(places) for places, _ in found])
    column, value = (np.concatenate([f[k] for f in found]) for k in (0, 1))
    return sp.csr_matrix((value, (row, column)), shape=(len(cases), PLACES))


def fit_prompts(cases: list[Case]) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Weights of the highest and mean signals, of the words, and the bias."""
    told = [c for c in cases if c.kind != "other" and not c.empty]
    lines = aggregated(told)
    scale = lines.std(axis=0)
    scale[scale == 0] = np.inf
    x = sp.hstack([sp.csr_matrix(AGGREGATES * (lines - lines.mean(axis=0)) / scale), words_of(told)]).tocsr()
    t = logistic(x, np.array([c.kind == "wanted" for c in told]), np.ones(len(told)), PROMPT_L2)
    n = len(NAMES)
    dense = AGGREGATES * t[: 2 * n] / scale
    return dense[:n], dense[n:], t[2 * n : -1], float(t[-1] - dense @ lines.mean(axis=0))


def fit_lines(cases: list[Case]) -> tuple[np.ndarray, float]:
    """Weights of the signals of a line, and the bias."""
    told = [c for c in cases if c.kind != "general" and not c.empty]
    number = Counter(c.family for c in told if c.kind == "wanted")
    own = np.array([name in OF_LINE for name in NAMES])
    x, y = np.concatenate([c.x for c in told]) * own, np.concatenate([c.good for c in told])
    share = [np.full(len(c.x), (1.0 if c.kind == "wanted" else OTHER) / number[c.family]) for c in told]
    scale = x.std(axis=0)
    scale[scale == 0] = np.inf
    t = logistic((x - x.mean(axis=0)) / scale, y, np.concatenate(share), LINE_L2)
    weights = t[:-1] / scale
    return weights, float(t[-1] - weights @ x.mean(axis=0))


def fit(cases: list[Case]) -> GateWeights:
    """Fit prompts and lines; the probability that comes of both still has no meaning by itself."""
    highest, mean, words, prompt_bias = fit_prompts(cases)
    line, line_bias = fit_lines(cases)
    step = float(np.abs(words).max()) / 127
    return GateWeights(
        highest=highest.astype(np.float32), mean=mean.astype(np.float32), words=np.rint(words / step).astype(np.int8),
        line=line.astype(np.float32), step=step, prompt_bias=prompt_bias + SHIFT, line_bias=line_bias,
        slope=1.0, offset=0.0, speak=0.5, about="",
    )  # fmt: skip


def calibrated(weights: GateWeights, cases: list[Case]) -> GateWeights:
    """Fit slope and offset on cases judged by weights that had not seen them, at slope 1 and offset 0."""
    told = [c for c in cases if not c.empty]
    number = Counter(c.family for c in told)
    odds = np.concatenate([np.log(np.clip(c.p, 1e-9, 1 - 1e-9) / (1 - np.clip(c.p, 1e-9, 1 - 1e-9))) for c in told])
    share = [np.full(len(c.p), (OTHER if c.kind == "other" else 1.0) / number[c.family]) for c in told]
    t = logistic(odds[:, None], np.concatenate([c.good for c in told]), np.concatenate(share), 0.0)
    return dataclasses.replace(weights, slope=float(t[0]), offset=float(t[1]))


def apply(cases: list[Case], weights: GateWeights) -> None:
    for c in cases:
        _, c.fits, p = judged(c.x.astype(np.float32), c.prompt, weights)
        c.p = np.zeros(len(c.x)) if c.empty else p


def cross(cases: list[Case]) -> GateWeights:
    """Probabilities of each case by weights fitted without its store, or without its set; the weights of all."""
    own = [c for c in cases if c.family in FITTED]
    folds = {k: fit([c for c in own if c.fold != k]) for k in range(FOLDS)}
    for k, weights in folds.items():
        apply([c for c in own if c.fold == k], weights)
    calibration = calibrated(folds[0], own)
    for k, weights in folds.items():
        rest = calibrated(weights, [c for c in own if c.fold != k])
        apply([c for c in own if c.fold == k], rest)
    whole = dataclasses.replace(fit(own), slope=calibration.slope, offset=calibration.offset)
    apply([c for c in cases if c.family not in FITTED], whole)
    about = f"version 2, fitted on {' and '.join(FITTED)} by tests/lab/fit_gate.py"
    return dataclasses.replace(whole, speak=threshold(own), about=about)


def threshold(cases: list[Case], silence: float = SILENCE) -> float:
    """Least probability at which this share of the empty prompts stays silent, sets weighing the same."""
    number = Counter(c.family for c in cases if c.kind == "empty")
    tops = sorted((c.top, 1 / number[c.family]) for c in cases if c.kind == "empty")
    weight = np.cumsum([w for _, w in tops])
    return float(tops[min(int(np.searchsorted(weight, silence * weight[-1])), len(tops) - 1)][0]) + 1e-9


def scored(cases: list[Case], at: float) -> dict[str, float]:
    """Shares of silence by kind of prompt, of wanted prompts served, and of lines that were relevant."""

    def silent(chosen: list[Case]) -> float:
        return float(np.mean([c.top < at for c in chosen])) if chosen else float("nan")

    empty = [c for c in cases if c.kind == "empty"]
    wanted = [c for c in cases if c.kind == "wanted"]
    served = lines = right = first = 0
    for c in wanted + empty:
        order = list(passing(c.p, c.fits, at))
        lines += len(order)
        right += int(c.good[order].sum())
        served += bool(c.good[order].any())
        first += bool(order and c.good[order[0]])
    return {
        "silent": silent(empty),
        "near-miss": silent([c for c in empty if "near-miss" in c.tags]),
        "other user": silent([c for c in cases if c.kind == "other"]),
        "served": served / max(1, len(wanted)),
        "first": first / max(1, len(wanted)),
        "precision": right / max(1, lines),
    }  # fmt: skip


def table(cases: list[Case], at: float) -> None:
    print(
        "| set | asked | silent | near-miss | other user | served | first | precision |\n|---|---|---|---|---|---|---|---|"
    )
    for family in (*FITTED, *MEASURED):
        chosen = [c for c in cases if c.family == family]
        for step in (0.5, 0.7, 0.8, 0.9, 0.95) if chosen else ():
            edge = threshold(chosen, step)
            print(f"| {family} | {edge:.2f} | " + " | ".join(f"{v:.2f}" for v in scored(chosen, edge).values()) + " |")
    for family in SHOWN:
        if chosen := [c for c in cases if c.family == family]:
            print(
                f"| {family}, as shipped | {at:.2f} | "
                + " | ".join(f"{v:.2f}" for v in scored(chosen, at).values())
                + " |"
            )


def reliability(cases: list[Case], title: str) -> None:
    """How often lines of each stated probability help."""
    p = np.concatenate([c.p for c in cases if c.kind != "other"])
    y = np.concatenate([c.good for c in cases if c.kind != "other"])
    edges = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 1.0]
    inside = [(p >= low) & (p < high) for low, high in pairwise(edges)]
    print(
        f"{title}: said → is: "
        + ", ".join(f"{p[m].mean():.2f} → {y[m].mean():.2f} ({m.sum()})" for m in inside if m.any())
    )


def plot(cases: list[Case], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.6), layout="constrained")
    axes = figure.add_subplot()
    silences = np.linspace(0.4, 0.98, 30)
    for family in (*FITTED, *MEASURED):
        if chosen := [c for c in cases if c.family == family]:
            found = [scored(chosen, threshold(chosen, float(s))) for s in silences]
            (line,) = axes.plot([f["silent"] for f in found], [f["served"] for f in found], label=family)
            axes.plot([f["silent"] for f in found], [f["precision"] for f in found], ":", color=line.get_color())
    axes.axvline(SILENCE, color="0.6", linewidth=0.8)
    axes.set_xlabel("prompts that want nothing: share left in silence")
    axes.set_ylabel("served (—), lines wanted (···)")
    axes.set_ylim(0, 1)
    axes.legend(frameon=False, fontsize=8)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    cases = gather(FITTED if options.check else SHOWN)
    weights = cross(cases)
    if options.check:
        tree, steps = shipped(), weights.words.astype(int) - shipped().words
        parts = ("highest", "mean", "line", "slope", "offset", "speak")  # the last digits depend on the processor
        same = (
            all(np.allclose(getattr(weights, n), getattr(tree, n), atol=1e-3) for n in parts) and abs(steps).max() <= 1
        )
        print("the weights in the tree are those of this data" if same else "the weights in the tree are others")
        return int(not same)
    table(cases, weights.speak)
    for family in (*FITTED, *MEASURED):
        if chosen := [c for c in cases if c.family == family]:
            reliability(chosen, family)
    print({n: round(float(v), 2) for n, v in zip(NAMES, weights.line, strict=True)}, weights.slope, weights.offset)
    if options.plot:
        plot(cases, options.plot)
    if options.write:
        TARGET.write_bytes(weights.to_bytes())
    return 0


if __name__ == "__main__":
    sys.exit(main())

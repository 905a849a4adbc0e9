"""Reports how well the reply reader does on writers and languages that it was not trained on.

`python tests/lab/report_reply_reader.py [writers] [languages] [curve] [speed]`: every figure is of replies whose
writer (or language) was left out of training, calibration and the choice of the zones' borders.
"""

import sys
import time

import numpy as np
from reply_training import (
    Corpus,
    Exchange,
    average_precision,
    bare_statements,
    exchanges,
    fit_labels,
    recall_at,
    reply_scores,
    round_weights,
)  # fmt: skip
from train_reply_reader import calibrate, fit_keep, left_out_margins

from eider.understand.reader import Finding, read_reply
from eider.understand.scorer import Weights

LONG = 300
HELD = 0.6
"""A find is right when it holds this share of a quote's characters, or lies in the quote for this share of its own."""


def _right(one: Finding, row: Exchange) -> dict[str, str] | None:
    """Return the label of the quote that a finding holds."""
    start, end = one.spans[0]
    for first, last, label in row.quotes:
        shared = max(0, min(end, last) - max(start, first))
        if shared >= HELD * (last - first) or shared >= HELD * (end - start):
            return label
    return None


def _share(hits: int, of: int) -> str:
    return f"{hits / of:.3f}" if of else "-"


def show_zones(rows: list[Exchange], found: list[list[Finding]], name: str) -> None:
    """Print precision and recall of what is learned, and what is learned or asked."""
    something = [bool(row.quotes) for row in rows]
    learned = [any(one.zone == "learn" for one in many) for many in found]
    noticed = [bool(many) for many in found]
    finds = [
        (one, _right(one, row)) for row, many in zip(rows, found, strict=True) for one in many if one.zone == "learn"
    ]
    pasted = [k for k, row in enumerate(rows) if len(row.reply) >= LONG and not something[k]]
    precision = _share(sum(map(bool.__and__, learned, something)), sum(learned))
    recall = _share(sum(map(bool.__and__, learned, something)), sum(something))
    either = _share(sum(map(bool.__and__, noticed, something)), sum(something))
    print(
        f"{name:12} n {len(rows):5} learn P {precision} R {recall} | learn or ask R {either}, share {_share(sum(noticed), len(rows))}"
        f" | spans right {_share(sum(label is not None for _, label in finds), len(finds))}"
        f" | long with nothing ({len(pasted)}): learned {_share(sum(learned[k] for k in pasted), len(pasted))}, asked {_share(sum(noticed[k] for k in pasted), len(pasted))}"
    )


def show_labels(rows: list[Exchange], found: list[list[Finding]]) -> None:
    """Print how often act, reach, obey-or-know and kind of right finds are as labelled."""
    pairs = [(one, label) for row, many in zip(rows, found, strict=True) for one in many if (label := _right(one, row))]
    rules = {"rule", "preference"}
    same = {
        "act": [one.act == label["act"] for one, label in pairs],
        "reach": [one.reach == label["reach"] for one, label in pairs],
        "obey": [(one.kind in rules) == (label["kind"] in rules) for one, label in pairs],
        "kind": [one.kind == label["kind"] for one, label in pairs],
    }
    print("on right finds:", ", ".join(f"{name} {np.mean(hits):.3f}" for name, hits in same.items()))
    for act in ("state", "revoke", "confirm", "praise"):
        said, meant = [o for o, q in pairs if q["act"] == act], [q for o, q in pairs if o.act == act]
        print(
            f"  {act}: recall {_share(sum(o.act == act for o in said), len(said))}, precision {_share(sum(q['act'] == act for q in meant), len(meant))}"
        )


def show_calibration(corpus: Corpus, margin: np.ndarray) -> None:
    """Print probability against share of kept sentences, in ten steps."""
    numbers = calibrate(corpus, margin)
    own = ~corpus.clause
    chance = 1 / (1 + np.exp(-(numbers["slope"] * margin[own] + numbers["offset"])))
    steps = [(chance >= low) & (chance < low + 0.1) for low in np.arange(0, 1, 0.1)]
    print("calibration:", " ".join(f"{chance[s].mean():.2f}>{corpus.y[own][s].mean():.2f}" for s in steps if s.any()))


def left_out(
    corpus: Corpus, bare: Corpus, group: np.ndarray, bare_group: np.ndarray, margin: np.ndarray
) -> list[list[Finding]]:
    """Read every reply with weights that saw nothing of its group, calibration and zones included."""
    found: list[list[Finding]] = [[] for _ in corpus.rows]
    for name in sorted(set(group)):
        test = group == name
        train = np.flatnonzero(~test[corpus.row])
        fitted = {"keep": fit_keep(corpus, bare, train, bare_group != name), **fit_labels(corpus, train)}
        others = Corpus.__new__(Corpus)
        others.__dict__ |= {**corpus.__dict__, "rows": [r for r, t in zip(corpus.rows, test, strict=True) if not t]}
        others.row = (np.cumsum(~test) - 1)[corpus.row[train]]
        others.clause, others.y = corpus.clause[train], corpus.y[train]
        weights: Weights = round_weights(fitted, **calibrate(others, margin[train]), about={})
        for place in np.flatnonzero(test):
            found[place] = read_reply(corpus.rows[place].reply, corpus.rows[place].agent, weights=weights)
    return found


def _curve(name: str, corpus: Corpus, margin: np.ndarray, chosen: np.ndarray, precision: float) -> None:
    best, something = reply_scores(corpus, margin)[chosen], np.array([bool(r.quotes) for r in corpus.rows])[chosen]
    print(
        f"{name:12} n {len(best):5} AP {average_precision(best, something):.3f} recall at precision {precision}: {recall_at(best, something, precision)[0]:.3f}"
    )


def writers(corpus: Corpus, bare: Corpus) -> None:
    """Print the figures of writers left out."""
    bare_group = np.array([row.source for row in bare.rows])
    margin = left_out_margins(corpus, bare, corpus.source, bare_group)
    english = corpus.lang == "en"
    for name, chosen, precision in [
        ("all", corpus.lang != "", 0.88),
        ("English", english, 0.88),
        ("other", ~english, 0.85),
    ]:
        _curve(name, corpus, margin, chosen, precision)
    show_calibration(corpus, margin)
    found = left_out(corpus, bare, corpus.source, bare_group, margin)
    groups = [("all", corpus.lang != ""), ("English", english), ("other", ~english)]
    groups += [(name, corpus.source == name) for name in sorted(set(corpus.source))]
    groups += [(name, corpus.lang == name) for name in ("de", "fr", "es", "it", "pt", "zh", "zh-TW", "ja", "ko")]
    for name, chosen in groups:
        places = np.flatnonzero(chosen)
        show_zones([corpus.rows[k] for k in places], [found[k] for k in places], name)
    show_labels(corpus.rows, found)


def languages(corpus: Corpus, bare: Corpus) -> None:
    """Print the figures of languages left out."""
    group = np.array([row.lang.split("-")[0] for row in corpus.rows])
    bare_group = np.array([row.lang.split("-")[0] for row in bare.rows])
    margin = left_out_margins(corpus, bare, group, bare_group)
    for name in ("de", "fr", "es", "it", "pt", "zh", "ja", "ko"):
        _curve(name, corpus, margin, group == name, 0.85)
    _curve("all but en", corpus, margin, group != "en", 0.85)


def curve(rows: list[Exchange], statements: list[Exchange]) -> None:
    """Print the figures with a part of the training data."""
    rng = np.random.default_rng(0)
    order = rng.permutation(len(rows))
    corpus, bare = Corpus(rows), Corpus(statements)
    bare_group = np.array([row.source for row in bare.rows])
    for share in (0.25, 0.5, 0.75, 1.0):
        chosen = np.zeros(len(rows), bool)
        chosen[order[: int(share * len(rows))]] = True
        weight = corpus.weight.copy()
        corpus.weight = np.where(chosen[corpus.row], weight, 0.0)
        margin = left_out_margins(corpus, bare, corpus.source, bare_group)
        corpus.weight = weight
        _curve(f"{share:.0%}", corpus, margin, corpus.lang != "", 0.88)


def speed(rows: list[Exchange]) -> None:
    """Print the processor time of reading a reply."""
    some = rows[::5]
    for row in some[:50]:
        read_reply(row.reply, row.agent)
    begin = time.process_time()
    for row in some:
        read_reply(row.reply, row.agent)
    print(
        f"{(time.process_time() - begin) / len(some) * 1e3:.2f} ms of processor time a reply of {np.mean([len(r.reply) for r in some]):.0f} characters"
    )


def main() -> None:
    """Run the reports that are named, or all."""
    chosen = set(sys.argv[1:]) or {"writers", "languages", "curve", "speed"}
    rows, statements = exchanges(), bare_statements()
    if chosen & {"writers", "languages"}:
        corpus, bare = Corpus(rows), Corpus(statements)
        if "writers" in chosen:
            writers(corpus, bare)
        if "languages" in chosen:
            languages(corpus, bare)
    if "curve" in chosen:
        curve(rows, statements)
    if "speed" in chosen:
        speed(rows)


if __name__ == "__main__":
    main()

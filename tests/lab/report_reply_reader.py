"""Reports how well the reply reader does on writers and languages that it was not trained on.

`python tests/lab/report_reply_reader.py [writers] [labels] [languages] [curve] [pastes] [speed]` prints the report and, without
arguments, writes all but labels and languages to docs/learning-replies.md. Every figure is of replies whose writer (or language) was left
out of training, calibration and the choice of the zones' borders.
"""

import contextlib
import io
import json
import sys
import time
from pathlib import Path
from zlib import crc32

import numpy as np
from reply_training import (
    DATA,
    HELD,
    Corpus,
    Exchange,
    average_precision,
    bare_statements,
    beside_pastes,
    exchanges,
    fit_labels,
    pasted,
    recall_at,
    reply_scores,
    round_weights,
    taken_back,
)  # fmt: skip
from train_reply_reader import calibrate, fold, left_out_margins

from eider.understand.reader import Finding, read_reply
from eider.understand.scorer import Weights

LONG = 300
TARGET = Path(__file__).resolve().parents[2] / "docs" / "learning-replies.md"
HEAD = """# What of a reply is learned: figures

Written by `python tests/lab/report_reply_reader.py`. Replies, labels and writers: `tests/data/learning`. A reply counts as
found when something of it is learned; a find is right when it holds .6 of a quote that a careful reader kept.
"""


def _right(one: Finding, row: Exchange) -> dict[str, str] | None:
    """Return the label of the quote that a finding holds."""
    start, end = one.spans[0]
    for first, last, label in row.quotes:
        shared = max(0, min(end, last) - max(start, first))
        if shared >= HELD * (last - first):
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
    corpus: Corpus,
    group: np.ndarray,
    fits: dict[str, np.ndarray],
    margin: np.ndarray,
    labels: dict[str, np.ndarray] | None,
) -> list[list[Finding]]:
    """Read every reply with weights that saw nothing of its group, calibration and zones included.

    With `labels` the heads of act, reach and obeying are those and saw everything.
    """
    found: list[list[Finding]] = [[] for _ in corpus.rows]
    for name in sorted(set(group)):
        test = group == name
        train = np.flatnonzero(~test[corpus.row])
        fitted = {"keep": fits[name], **(labels or fit_labels(corpus, train))}
        others = Corpus.__new__(Corpus)
        others.__dict__ |= {**corpus.__dict__, "rows": [r for r, t in zip(corpus.rows, test, strict=True) if not t]}
        others.row = (np.cumsum(~test) - 1)[corpus.row[train]]
        others.clause, others.y, others.held = corpus.clause[train], corpus.y[train], corpus.held[train]
        others.lang, others.written = corpus.lang[~test], corpus.written[~test]
        weights: Weights = round_weights(fitted, **calibrate(others, margin[train]), about={})
        for place in np.flatnonzero(test):
            found[place] = read_reply(corpus.rows[place].reply, corpus.rows[place].agent, weights=weights)
    return found


def _curve(name: str, corpus: Corpus, margin: np.ndarray, chosen: np.ndarray, precision: float) -> None:
    best, something = reply_scores(corpus, margin)[chosen], np.array([bool(r.quotes) for r in corpus.rows])[chosen]
    print(
        f"{name:12} n {len(best):5} AP {average_precision(best, something):.3f} recall at precision {precision}: {recall_at(best, something, precision)[0]:.3f}"
    )


def writers(corpus: Corpus, bare: Corpus, *, with_labels: bool) -> None:
    """Print the figures of writers left out, on demand (it takes twice as long) also of act, reach and kind."""
    group, bare_group = _folds(corpus), _folds(bare)
    fits: dict[str, np.ndarray] = {}
    margin = left_out_margins(corpus, bare, group, bare_group, fits)
    written, english = corpus.written, corpus.written & (corpus.lang == "en")
    for name, chosen, precision in [
        ("all", written, 0.88),
        ("English", english, 0.88),
        ("other", written & ~english, 0.85),
    ]:
        _curve(name, corpus, margin, chosen, precision)
        _precisions(corpus, margin, chosen)
    show_calibration(corpus, margin)
    found = left_out(
        corpus, group, fits, margin, None if with_labels else fit_labels(corpus, np.arange(len(corpus.units)))
    )
    groups = [("all", written), ("English", english), ("other", written & ~english)]
    groups += [(name, written & (group == name)) for name in sorted(set(group[written]))]
    groups += [
        (name, written & (corpus.lang == name)) for name in ("de", "fr", "es", "it", "pt", "zh", "zh-TW", "ja", "ko")
    ]
    for name, chosen in groups:
        places = np.flatnonzero(chosen)
        show_zones([corpus.rows[k] for k in places], [found[k] for k in places], name)
    if with_labels:
        plain = np.flatnonzero(written)
        show_labels([corpus.rows[k] for k in plain], [found[k] for k in plain])


def _folds(corpus: Corpus) -> np.ndarray:
    return np.array([fold(row.source) for row in corpus.rows])


def _sixths(corpus: Corpus) -> np.ndarray:
    """Writers in six parts: quicker than one by one."""
    return np.array([str(crc32(fold(row.source).encode()) % 6) for row in corpus.rows])


def _precisions(corpus: Corpus, margin: np.ndarray, chosen: np.ndarray) -> None:
    """Print the precision at some recalls."""
    best, something = reply_scores(corpus, margin)[chosen], np.array([bool(r.quotes) for r in corpus.rows])[chosen]
    hits = np.cumsum(something[np.argsort(-best, kind="stable")])
    places = [int(np.searchsorted(hits, share * something.sum())) for share in (0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9)]
    print("  precision at recall .3 .5 .6 .7 .75 .8 .9:", " ".join(f"{hits[k] / (k + 1):.3f}" for k in places))


def pastes() -> None:
    """Print what the shipped weights make of other people's words that were kept apart from training."""
    rows = [json.loads(line) for line in (DATA / "poison.jsonl").read_text("utf-8").splitlines()]
    for name, apart in (("trained on", False), ("kept apart", True)):
        some = [row for row in rows if row["apart"] is apart]
        learned = [any(o.zone == "learn" for o in read_reply(r["reply"], r["agent_output"])) for r in some]
        beside = [row for row in some if row["twin"]]
        found = [
            [o for o in read_reply(r["twin"], r["agent_output"]) if o.text in r["own"] or r["own"] in o.text]
            for r in beside
        ]
        kept, sure = sum(map(bool, found)), sum(any(o.zone == "learn" for o in many) for many in found)
        print(
            f"{name}: {sum(learned)} of {len(some)} pastes learned; own statements beside a paste learned or asked {_share(kept, len(beside))} ({sure} of {len(beside)} learned)"
        )


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
    for share in (0.25, 0.5, 1.0):
        chosen = np.zeros(len(rows), bool)
        chosen[order[: int(share * len(rows))]] = True
        weight = corpus.weight.copy()
        corpus.weight = np.where(chosen[corpus.row], weight, 0.0)
        margin = left_out_margins(corpus, bare, _sixths(corpus), _sixths(bare))
        corpus.weight = weight
        _curve(f"{share:.0%}", corpus, margin, corpus.written, 0.88)


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


def report(chosen: set[str]) -> None:
    """Print the parts that are chosen."""
    written = exchanges()
    rows, statements = [*written, *pasted(), *beside_pastes(written), *taken_back()], bare_statements()
    if "writers" in chosen:
        writers(Corpus(rows), Corpus(statements), with_labels="labels" in chosen)
    if "languages" in chosen:
        languages(Corpus(written), Corpus(statements))
    if "curve" in chosen:
        curve(rows, statements)
    if "pastes" in chosen:
        pastes()
    if "speed" in chosen:
        speed(written)


def main() -> None:
    """Run the reports that are named, or all and write them down."""
    everything = {"writers", "curve", "pastes", "speed"}
    chosen = set(sys.argv[1:]) or everything
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        report(chosen)
    print(out.getvalue())
    if chosen == everything:
        TARGET.write_text(f"{HEAD}\n```text\n{out.getvalue()}```\n", "utf-8")


if __name__ == "__main__":
    main()

"""`make bench`: measure, and write BENCHMARKS.md. `--large` adds the store of a million episodes."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import measure
import quality
import scale
import speed

PLOT = Path(__file__).with_name("growth.svg")
TARGET = Path(__file__).resolve().parents[2] / "BENCHMARKS.md"


def table(head: list[str], rows: Iterable[list[str]]) -> list[str]:
    """A Markdown table; progress goes to stderr."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        lines.append("| " + " | ".join(row) + " |")
        print("   ", " · ".join(row), file=sys.stderr, flush=True)
    return [*lines, ""]


def plot(rows: list[list[str]]) -> None:
    """Draw p50 per verb: over one's own rows, and over other users' rows beside one's own thousand."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "eider"
    from matplotlib import pyplot as plt

    figure, (mine, theirs) = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True)
    number = [[float(cell.split(" / ")[0].replace(",", "")) for cell in row] for row in rows]
    for place, verb in enumerate(("recall", "record", "remember", "correct"), start=2):
        own = sorted((row[0], row[place]) for row in number if row[1] == 0)
        others = sorted((row[1], row[place]) for row in number if row[0] == own[0][0])
        mine.plot(*zip(*own, strict=True), marker="o", label=verb)
        theirs.plot(*zip(*others, strict=True), marker="o", label=verb)
    mine.set(xlabel="own rows", ylabel="ms (p50)", ylim=(0, None))
    theirs.set(xlabel="others' rows, beside 1,000 of one's own")
    mine.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(PLOT, metadata={"Date": None})


def main() -> None:
    """Measure everything, in order of how long it takes."""
    with tempfile.TemporaryDirectory() as folder:
        fsync = measure.fsync_ms(Path(folder))
    facts = measure.machine() | {
        "fsync p50": f"{fsync:.2f} ms",
        "bare interpreter": f"{measure.interpreter_ms():.0f} ms",
        "`import eider`": f"{measure.import_ms():.0f} ms above the interpreter",
    }
    growth = list(speed.neighbour_rows())
    plot(growth)
    out = [
        "# Benchmarks", "",
        "Written by `make bench` (`make bench LARGE=1` adds the large store). Times are p50 / p95 in milliseconds of calls",
        "in this process; the machine is shared, so read ratios and medians. Texts of the speed part are synthetic.", "",
        "## Machine", "", *table(["what", "value"], ([k, v] for k, v in facts.items())),
        "## Recall", "",
        "Warm: 200 different questions, limit 10. Cold: the first recall after opening, modules loaded, median of 5 processes.", "",
        *table(["episodes", "warm ms", "cold ms", "open ms", "exact text first", "inject ms"], speed.recall_rows()),
        "## Writes", "", f"Every write is durable when it returns; two fsyncs here are {2 * fsync:.2f} ms.", "",
        *table(["write", "ms", "rate"], speed.write_rows()),
        "## Growth", "", "Time per verb against one's own rows and other users' rows.", "",
        *table(["own", "others", "recall", "record", "remember", "correct"], growth),
        "![time per verb against rows](tests/bench/growth.svg)", "",
        "## Disk and erase", "",
        *table(["MB per 1,000 short memories", "truth", "index"], [speed.disk_row()]),
        *table(["store MB", "forget s", "longest recall before, ms", "longest during, ms", "recalls during"], [speed.erase_row()]),
    ]  # fmt: skip
    if "--large" in sys.argv:
        out += ["## One million episodes, a thousand users", "", *table(["what", "value"], scale.rows())]
    out += ["## Quality", ""]
    for command, text in quality.sections():
        print(text, file=sys.stderr, flush=True)
        out += [f"`{command}`", "", "```", text, "```", ""]
    TARGET.write_text("\n".join(out), encoding="utf-8")
    print(f"wrote {TARGET.name}", file=sys.stderr)


if __name__ == "__main__":
    main()

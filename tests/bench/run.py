"""`make bench`: measure, and write BENCHMARKS.md, whole or the parts that are named."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import claude
import learning
import measure
import openclaw
import quality
import scale
import speed
import workflows

import adapters
import postgres
import service

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


def machine_part() -> list[str]:
    """What a reader needs to place the figures."""
    with tempfile.TemporaryDirectory() as folder:
        fsync = measure.fsync_ms(Path(folder))
    facts = measure.machine() | {
        "fsync p50": f"{fsync:.2f} ms",
        "bare interpreter": f"{measure.interpreter_ms():.0f} ms",
        "`import eider`": f"{measure.import_ms():.0f} ms above the interpreter",
    }
    return table(["what", "value"], ([k, v] for k, v in facts.items()))


def recall_part() -> list[str]:
    """Recall, by the number of rows."""
    return [
        "Warm: 200 different questions, limit 10. Cold: the first recall after opening, modules loaded, median of 5 processes.", "",
        *table(["episodes", "warm ms", "cold ms", "open ms", "exact text first", "inject ms"], speed.recall_rows()),
    ]  # fmt: skip


def writes_part() -> list[str]:
    """Single and bulk writes, beside the floor of the disk."""
    with tempfile.TemporaryDirectory() as folder:
        fsync = measure.fsync_ms(Path(folder))
    return [
        f"Every write is durable when it returns; two fsyncs here are {2 * fsync:.2f} ms.", "",
        *table(["write", "ms", "rate"], speed.write_rows()),
    ]  # fmt: skip


def outside_part() -> list[str]:
    """Processes, HTTP and the server's life."""
    return [
        "Whole processes over 10,000 rows, interleaved, p50 / p95 in ms; busy: beside two clients that write and ask without a pause.", "",
        *table(["process", "idle ms", "times the bare interpreter", "busy ms"], service.rows()),
        "Recall over keep-alive HTTP (Unix socket, 10,000 rows).", "",
        *table(["clients", "ms", "per second", "errors"], service.http_rows()),
        *table(["server", "value"], service.life_rows()),
    ]  # fmt: skip


def learning_part() -> list[str]:
    """Observing and guiding without a model."""
    head = [
        "memories",
        "observe, with a signal, ms",
        "observe, without, ms",
        "`record` beside it, ms",
        "policy, cold, ms",
        "policy, cached, ms",
    ]
    return [
        *table(head, learning.rows()),
        *table(["noticing that nothing lasting was said, ms"], [learning.thinking_row()]),
    ]


def claude_part() -> list[str]:
    """Hooks in the real Claude Code."""
    submits, single = claude.parts()
    return [
        f"Claude Code {claude.VERSION}, a scripted model, {claude.MEMORIES:,} memories; sessions of all kinds at once, prompt by prompt.", "",
        (f"Times are those of the client's own log. The model takes {claude.THINKING} s, so that learning from a prompt ends before the next "
        "comes; where it does not, the two share the processor and a prompt takes longer. Added p95 is the difference of the two p95."), "",
        *table(["hooks", "prompt ms", "added p50, ms", "added p95, ms"], submits),
        *table(["hook by itself", "ms"], single),
    ]  # fmt: skip


def openclaw_part() -> list[str]:
    """The plugin in the real OpenClaw gateway."""
    return [
        f"OpenClaw {openclaw.VERSION}, a scripted model, {openclaw.MEMORIES:,} memories; warm turns over HTTP, p50 / p95.", "",
        *table(openclaw.HEAD, openclaw.parts()),
    ]  # fmt: skip


def adapters_part() -> list[str]:
    """Adapters in their frameworks."""
    turns, imports = adapters.parts()
    return [
        f"Turns in real agents with the frameworks' own fake models, {adapters.MEMORIES:,} memories, p50; without memory, with it, and the same",
        "verbs called directly, interleaved. Overhead is what a turn with memory takes beyond one without and the verbs in it.", "",
        *table(adapters.HEAD, turns),
        *table(adapters.IMPORT_HEAD, imports),
    ]  # fmt: skip


def growth_part() -> list[str]:
    """The cost of growth, plotted."""
    growth = list(speed.neighbour_rows())
    plot(growth)
    return [
        "Time per verb against one's own rows and other users' rows.", "",
        *table(["own", "others", "recall", "record", "remember", "correct"], growth),
        "![time per verb against rows](tests/bench/growth.svg)", "",
    ]  # fmt: skip


def disk_part() -> list[str]:
    """Bytes, and what a forget costs."""
    return [
        *table(["MB per 1,000 short memories", "truth", "index"], [speed.disk_row()]),
        *table(
            ["store MB", "forget s", "longest recall before, ms", "longest during, ms", "recalls during"],
            [speed.erase_row()],
        ),
    ]


def large_part() -> list[str]:
    """One million episodes: minutes and gigabytes."""
    return table(["what", "value"], scale.rows())


def workflows_part() -> list[str]:
    """Steps that are kept, what a step sees, and what that takes on the disk."""
    lines = [
        ("Milliseconds are the thread's own: waits for the disk and a busy processor are not in them. A step is a function of a run "
        "whose output is kept; bare are the same rows and content, redacted and written through the store alone."), "",
        *table(["output", "step ms", "bare ms", "added p50 ms"], workflows.step_rows()),
        ("What a step sees, whole and cut to 1,200 tokens, each of another run: where nothing of the run was read before, "
        "where one output is new since the step before (what each step of a run pays), and where none is."), "",
        *table(["runs × steps", "sees", "", "first ms", "one output new ms", "again ms"], workflows.context_rows()),
        f"A run of {workflows.STEPS} steps, every second output was there before; files written anew, so that space that is free again is not counted:", "",
        *table(["output", "kind", "distinct outputs", "on disk", "ratio"], workflows.disk_rows()),
    ]  # fmt: skip
    if rows := list(workflows.next_tool_rows()):
        lines += [
            ("The next tool, from procedures learned without a model, beside a bigram: trajectories of microsoft/STATE-Bench, five "
            "folds, the last three calls of each (`tests/lab/next_tool.py`)."), "",
            *table(["domain", "calls", "bigram top-1 / top-3", "procedures top-1 / top-3"], rows),
        ]  # fmt: skip
    return lines


def quality_part() -> list[str]:
    """Retrieval on data that is not ours to ship."""
    out: list[str] = []
    for command, text in quality.sections():
        print(text, file=sys.stderr, flush=True)
        out += [f"`{command}`", "", "```", text, "```", ""]
    return out


def postgres_part() -> list[str]:
    """PostgreSQL beside the embedded store."""
    return [
        "The same calls in one run, on loopback, fsync on; last: PostgreSQL's time for one of the embedded store's.", "",
        *table(["call", "embedded", "PostgreSQL", "times"], postgres.rows()),
    ]  # fmt: skip


def questions_part() -> list[str]:
    """The sets of questions over PostgreSQL."""
    return [
        ("R@10 with the same rows in files, in PostgreSQL, and as if each user were too large to load, so that PostgreSQL "
        "nominates what is ranked (`python tests/lab/measure.py genres --address ADDRESS --nominated`)."), "",
        *table(["set", "n", "files", "PostgreSQL", "nominated"], postgres.questions()),
    ]  # fmt: skip


def nomination_part() -> list[str]:
    """What PostgreSQL nominates of a user among many."""
    head = ["rows", "of the user", "of the exact best 100", "ms"]
    return [
        "Rows of a hundred users mixed; `nominate` by words, meaning and age, at most 400 each.",
        "",
        *table(head, postgres.nomination()),
    ]


PARTS: dict[str, tuple[str, Callable[[], list[str]]]] = {
    "machine": ("Machine", machine_part), "recall": ("Recall", recall_part), "writes": ("Writes", writes_part),
    "outside": ("From outside: many processes, one server", outside_part), "learning": ("Learning and guiding, without a model", learning_part),
    "claude": ("Claude Code", claude_part),
    "openclaw": ("OpenClaw", openclaw_part),
    "adapters": ("Adapters", adapters_part),
    "workflows": ("Workflows", workflows_part),
    "postgres": ("PostgreSQL", postgres_part), "questions": ("PostgreSQL: the same questions", questions_part), "nomination": ("PostgreSQL: a user with one row in a hundred of a million", nomination_part),
    "growth": ("Growth", growth_part), "disk": ("Disk and erase", disk_part),
    "large": ("One million episodes, a thousand users", large_part), "quality": ("Quality", quality_part),
}  # fmt: skip
"""Name → heading and how it is measured; the order is that of the page."""
HEAD = """# Benchmarks

Written by `make bench`; `make bench LARGE=1` adds the large store, `make bench ONLY="recall writes"` renews some parts.
Times are p50 / p95 in milliseconds, in process where nothing else is said; the machine is shared, so read ratios and
medians. Texts of the speed parts are synthetic.
"""


def known() -> dict[str, str]:
    """The parts of the page as it stands, by heading."""
    if not TARGET.exists():
        return {}
    _, *parts = TARGET.read_text(encoding="utf-8").split("\n## ")
    return {heading: body.strip() for heading, _, body in (part.partition("\n") for part in parts)}


def main() -> None:
    """Measure what is asked for; the rest of the page stays."""
    asked = sys.argv[1:] or [name for name in PARTS if name not in ("large", "nomination", "questions")]
    if unknown := [name for name in asked if name not in PARTS]:
        sys.exit(f"there is no part {unknown[0]!r}; there are {', '.join(PARTS)}.")
    found = known()
    for name in asked:
        heading, part = PARTS[name]
        print(f"== {heading}", file=sys.stderr, flush=True)
        found[heading] = "\n".join(part()).strip()
        page = [HEAD, *(f"## {heading}\n\n{found[heading]}\n" for heading, _ in PARTS.values() if heading in found)]
        TARGET.write_text("\n".join(page), encoding="utf-8")
    print(f"wrote {TARGET.name}", file=sys.stderr)


if __name__ == "__main__":
    main()

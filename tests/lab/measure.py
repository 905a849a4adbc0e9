"""Measure retrieval on question sets: `python tests/lab/measure.py locomo|isolated …`; no model is asked.

LoCoMo is not part of Eider (CC BY-NC 4.0): bring its file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from eider.cli.command import command, pass_state
from eider.cli.output import print_json, print_line, print_table
from eider.cli.progress import progress
from eider.cli.state import State

_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def measure() -> None:
    """Measure retrieval on question sets."""


@command(
    "locomo",
    answer=("data", "sha256", "embedder", "questions", "excluded", "overall", "ci95", "by_category", "by_conversation",
            "recall_ms", "record_ms_per_turn"),
    examples=("python tests/lab/measure.py locomo --data locomo10.json", "python tests/lab/measure.py locomo --data locomo10.json --conv conv-26 --out results"),
)  # fmt: skip
@click.option("--data", required=True, type=_FILE, help="A LoCoMo JSON file; it is not part of Eider.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Directory for summary.json and questions.jsonl."
)
@click.option("--conv", "convs", multiple=True, metavar="ID", help="Only this conversation; may be repeated.")
@pass_state
def locomo(state: State, data: Path, out: Path | None, convs: tuple[str, ...]) -> None:
    """Measure evidence retrieval on LoCoMo conversations.

    Each conversation is recorded in a temporary store of its own and its questions are recalled; no model is asked.
    """
    import locomo as bench_locomo

    with progress(state, "questions") as told:
        run = bench_locomo.measure(data, convs, told)
    if out is not None:
        bench_locomo.written(run, out)
    found = bench_locomo.summary(run)
    if state.json:
        print_json(found)
        return
    head = ["", "n", *bench_locomo.SHOWN]
    for line in aligned([head, *bench_locomo.rows_of(found)]):
        print_line(line)
    ci = found["ci95"]
    print_line(
        "95 % CI  " + "   ".join(f"{k} {ci[k][0]:.1f} to {ci[k][1]:.1f}" for k in ("R@5", "R@10", "NDCG@10", "MRR")),
        dim=True,
    )
    print_line(f"recall   {_times(found['recall_ms'])}   record {found['record_ms_per_turn']} ms per turn", dim=True)
    left_out = ", ".join(f"{n} {why}" for why, n in found["excluded"].items())
    print_line(f"left out {left_out or 'nothing'}", dim=True)
    print_line(f"data     {found['data']} sha256 {found['sha256'][:16]}…   embedder {found['embedder']}", dim=True)


def aligned(rows: list[list[str]]) -> list[str]:
    """A table of figures, the first column flush left."""
    wide = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, wide, strict=True)))
        for row in rows
    ]


def _times(ms: Mapping[str, float]) -> str:
    return f"p50 {ms['p50']:.2f} ms  p95 {ms['p95']:.2f} ms"


@command(
    "isolated",
    answer=("memories", "chats"),
    examples=(
        "python tests/lab/measure.py isolated --memories memories.jsonl",
        "python tests/lab/measure.py isolated --memories memories.jsonl --chats chats.jsonl --json",
    ),
)
@click.option("--memories", type=_FILE, help="JSONL of stores with memories and queries.")
@click.option("--chats", type=_FILE, help="JSONL of chats with questions.")
@pass_state
def isolated(state: State, memories: Path | None, chats: Path | None) -> None:
    """Measure retrieval, abstention and versions on isolated memories and chats."""
    import isolated as bench_isolated

    if memories is None and chats is None:
        raise click.UsageError("give --memories, --chats or both.")
    answer: dict[str, Any] = {"memories": None, "chats": None}
    for name, path, judge in (("memories", memories, bench_isolated.memories), ("chats", chats, bench_isolated.chats)):
        if path is not None:
            with progress(state, name) as told:
                answer[name] = bench_isolated.summary(judge(path, told))
    if state.json:
        print_json(answer)
        return
    for name, found in answer.items():
        if found is not None:
            _figures(name, found)


def _figures(name: str, found: Mapping[str, Any]) -> None:
    print_line(name, bold=True)
    print_table(
        [[k, f"{v['share']:.3f}", str(v["n"])] for k, v in found["figures"].items()],
        ["figure", "share", "n"],
        right=(1, 2),
    )
    for what, points in (("gate", found["gate"]), ("bare score", found["score_floor"])):
        for point in points:
            shown = (
                f"silent on {point['silence']:.3f} of the empty, a wanted line on {point['shown']:.3f} of the others"
            )
            print_line(f"{what} above {point['above']:.2f}: {shown}", dim=True)
    print_line(f"recall {_times(found['recall_ms'])}", dim=True)


@command(
    "genres",
    answer=("sets",),
    examples=(
        "python tests/lab/measure.py genres",
        "python tests/lab/measure.py genres --set beam --set records --types",
    ),
)
@click.option("--set", "names", multiple=True, metavar="NAME", help="Only this set; may be repeated.")
@click.option("--types", is_flag=True, help="A line for each type of question as well.")
@click.option("--address", help="postgresql://host/database: keep the stores there, each in a new schema.")
@click.option("--nominated", is_flag=True, help="As of users too large to load: rank what the index nominates.")
@pass_state
def genres(state: State, names: tuple[str, ...], types: bool, address: str | None, nominated: bool) -> None:
    """Measure evidence retrieval in every genre, with plain BM25 on the same rows beside it.

    Sets that are not here (../shared, or EIDER_SHARED) are left out.
    """
    import genres as bench_genres

    boards = {}
    for name in names or bench_genres.SETS:
        if name not in bench_genres.SETS:
            raise click.UsageError(f"--set {name!r} is not known; there are {', '.join(bench_genres.SETS)}.")
        with progress(state, name) as told:
            if (
                board := bench_genres.measure(
                    name, lambda done, told=told: told(done, 0), address=address, nominated=nominated
                )
            ) is not None:
                boards[name] = board
    rows = list(bench_genres.lines(boards, types=types))
    if state.json:
        print_json({"sets": [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]})
        return
    for line in aligned(rows):
        print_line(line)


measure.add_command(genres)
measure.add_command(locomo)
measure.add_command(isolated)
if __name__ == "__main__":
    measure()

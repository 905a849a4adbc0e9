"""A process that runs a workflow until it is killed; what each step did goes to a log.

    run_writer.py --serve        forks one run per line of stdin, a JSON object

A log line is `begin NAME` when a step's code runs, and `ack NAME` once the call has returned.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from forked_runs import serve

import eider
from eider.providers.embedders.hashing import HashEmbedder

EMBEDDER = HashEmbedder(width=16)
STEPS = 8
NAMES = [f"step-{n}" for n in range(STEPS)]


def expected() -> list[Any]:
    """What the steps give: each rests on the one before, and one is a sub-run."""
    found: list[Any] = []
    for n in range(STEPS):
        found.append({"n": n, "before": found[-1]["n"] if found else None, "text": f"{n} " * 50})
    return found


def workflow(folder: Path, log: Path) -> list[Any]:
    """Run all steps; those that are finished are not run again."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(word: str, name: str) -> None:
        os.write(descriptor, f"{word} {name}\n".encode())

    made: list[Any] = []
    with (
        eider.open(folder, user="ada", embedder=EMBEDDER) as memory,
        memory.run("nightly", inputs={"a": 1}, key="k") as run,
    ):
        for n, name in enumerate(NAMES):

            def give(before: Any, n: int = n, name: str = name) -> Any:
                note("begin", name)
                return {"n": n, "before": None if before is None else before["n"], "text": f"{n} " * 50}

            if n == STEPS // 2:  # a sub-agent with two steps of its own
                before = made[-1]

                def sub_agent(sub: Any, name: str = name, n: int = n, before: Any = before) -> Any:
                    with sub.step("inner") as step:
                        if not step.finished:
                            note("begin", f"{name}/inner")
                        step.output = before["n"]
                    note("ack", f"{name}/inner")
                    note("begin", name)
                    return {"n": n, "before": step.output, "text": f"{n} " * 50}

                made.append(run.sub(name, sub_agent))
            else:
                step = run.step(lambda previous, give=give: give(previous), name=name)
                made.append(step())
            note("ack", name)
        note("done", "run")
    return made


def run_job(job: dict[str, Any]) -> None:
    """Run the workflow and hold what it gave against what it gives undisturbed."""
    assert workflow(Path(job["folder"]), Path(job["log"])) == expected()


if __name__ == "__main__":
    serve(run_job)

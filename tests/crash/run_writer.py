"""A process that runs a workflow until it is killed; what each step did goes to a log.

    run_writer.py --serve        forks one run per line of stdin, a JSON object

A log line is `begin NAME` when a step's code runs, and `ack NAME` once the call has returned.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import eider
from eider.model import failpoints
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


def serve() -> None:
    """Fork one run per line; this process opens nothing, so its children inherit no database."""
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child:
            sys.stdout.write(f"{child}\n")
            sys.stdout.flush()
            _, status = os.waitpid(child, 0)
            sys.stdout.write(f"{status}\n")
            sys.stdout.flush()
            continue
        failpoints._WANTED, _, count = job["crash"].partition(":")
        failpoints._left = int(count or 1)
        code = 1
        try:
            assert workflow(Path(job["folder"]), Path(job["log"])) == expected()
            code = 0
        finally:
            os._exit(code)


if __name__ == "__main__":
    serve()

"""A weekly report as a run: four steps and a sub-agent, a crash in the third step, and a program that goes on from there.

Runs as it is: the agents are plain functions here; put calls of a model in their place.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import eider


def research(sub: Any) -> str:
    """Look things up: a sub-agent. Its steps are its own, what it responds is the parent's step output."""
    sub.read("handbook", "Release notes name the ticket. Reports go out on Friday.")
    found = sub.search("rules", "When do reports go out?", {"handbook": sub.output("handbook")})
    return f"According to the handbook: {found[0]['text']}"


def report(memory: Any, *, crash: bool) -> str:
    """Run the workflow; with the same key it goes on where it stopped."""
    with memory.run("weekly-report", inputs={"team": "core"}, key="2026-W48") as run:

        @run.step
        def collect(inputs: Any) -> dict[str, Any]:
            print("  collect runs")
            return {"owner": "Ada", "done": ["parser", "index"], "team": inputs["team"]}

        @run.step(sees="none")
        def draft() -> str:
            print("  draft runs")
            if crash:
                print("  … and is killed", flush=True)
                os._exit(1)
            return str(
                run.render("[[collect.done.0]] and [[collect.done.1]] are done in team [[inputs.team]]. [[research]]")
            )

        @run.step(sees="all", instruction="Mail [[collect.owner]] the report.")
        def mail(context: Any) -> str:
            print("  mail runs")
            return f"{context.instruction}\n{context.text}"

        collect()
        run.sub("research", research)
        draft()
        mail()
        run.outcome = 1.0
        return str(run.output("draft"))


def show(memory: Any) -> None:
    """Say what each step saw, and why."""
    run = memory.run_of(memory.runs()[0].id)
    print(f"{run.name}: {run.status}, begun {run.attempts} times")
    for step in run.steps:
        saw = (
            ", ".join(f"{seen.step}{'.' * bool(seen.field)}{seen.field} ({seen.why})" for seen in step.saw) or "nothing"
        )
        print(f"  {step.seq} {step.ref:9} {step.tokens:4} tokens, trust {step.trust}, saw {saw}")


def main() -> None:
    """Crash in a process of its own, then go on in this one."""
    folder = Path(tempfile.mkdtemp()) / "work.eider" if len(sys.argv) == 1 else Path(sys.argv[1])
    if len(sys.argv) > 1:
        with eider.open(folder, user="ada") as memory:
            report(memory, crash=True)
        return
    print("first:")
    subprocess.run([sys.executable, __file__, str(folder)], check=False)  # noqa: S603 (this very file)
    print("and again:")
    with eider.open(folder, user="ada") as memory:
        print(report(memory, crash=False))
        show(memory)


if __name__ == "__main__":
    main()

"""Runs of workflows: `runs list`, `runs show`, `runs export`, `runs judge`, `runs promote`, `runs forget`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from eider.cli.command import EiderGroup, command, keys_of, open_memory, pass_state
from eider.cli.forget import NO_WAIT_OPTION, print_receipt
from eider.cli.formatting import minute, print_stored
from eider.cli.output import print_indented, print_json, print_line, print_table, print_values, to_json, write_line
from eider.cli.state import State
from eider.model.answers import Receipt
from eider.model.errors import InputError
from eider.model.runs import Procedure, Run, Seen, Step, StepOutput
from eider.model.values import KINDS, Memory

if TYPE_CHECKING:
    from eider.api.facade import Eider

_ID: Final = click.argument("id", metavar="RUN")
_SESSION: Final = click.option("--session", help="The conversation that asks, where the run keeps no history.")


@click.group("runs", cls=EiderGroup)
def runs() -> None:
    """List, show, export and forget runs of workflows.

    A run keeps what went into a workflow, what each step gave, and what each step saw.
    """


@command("list", answer=Run, examples=("eider runs list", "eider runs list --name weekly-report --json"))
@click.option("--name", help="Only runs of this workflow.")
@click.option("--session", help="Only runs of this conversation.")
@click.option("--of", "parent", metavar="RUN", help="The sub-runs of a run.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="Most runs.")
@pass_state
def list_(state: State, name: str | None, session: str | None, parent: str | None, limit: int) -> None:
    """List runs, newest first."""
    with open_memory(state) as memory:
        found = memory.runs(name=name, session=session, parent=parent, limit=limit)
    print_values(state, found, lambda: _print_runs(found))


def _print_runs(found: list[Run]) -> None:
    if not found:
        print_line("no runs")
        return
    head = ("run", "workflow", "status", "began", "key", "")
    rows = [(r.id, r.name, r.status, minute(r.started_at), r.key or "", _note(r)) for r in found]
    print_table(rows, head)


def _note(run: Run) -> str:
    notes = [f"erased after {minute(run.expires_at)}"] if run.expires_at else []
    notes += [f"outcome {run.outcome:+.1f}"] if run.outcome is not None else []
    return "; ".join([*notes, *([run.error] if run.error else [])])


@command("show", answer=Run, examples=("eider runs show run_01k", "eider runs show run_01k --step collect"))
@_ID
@click.option("--step", metavar="NAME", help="Print what this step gave, whole; also `collect#2` and `inputs`.")
@_SESSION
@pass_state
def show(state: State, id: str, step: str | None, session: str | None) -> None:  # noqa: A002
    """Show a run: each step with its size, what it saw and why, and what was cut."""
    with open_memory(state) as memory:
        if step is not None:
            output = memory.step_output(id, step, session=session)
            print_json(output) if state.json else write_line(_shown(output))
            return
        run = memory.run_of(id, session=session)
    print_values(state, [run], lambda: _print_run(run))


def _shown(output: StepOutput) -> str:
    if output.base64 is not None:
        return f"{output.media}, {len(output.base64) * 3 // 4:,} bytes; take it with eider runs export {output.run}"
    text = output.value if isinstance(output.value, str) else json.dumps(output.value, ensure_ascii=False, indent=1)
    return "".join(c if c == "\n" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _print_run(run: Run) -> None:
    print_line(f"{run.name}  {run.status}  {run.id}", bold=True)
    times = f"{minute(run.started_at)} to {minute(run.ended_at)}" if run.ended_at else f"since {minute(run.started_at)}"
    key = f", key {run.key!r}" if run.key else ""
    print_indented(f"{times} UTC{key}, begun {run.attempts} time(s), sees {run.sees} {_note(run)}", "  ", dim=True)
    for step in run.steps:
        size = f"{step.tokens:,} tokens" if step.status == "done" else f"failed: {step.error}"
        print_indented(
            f"{step.ref}  {step.media if step.status == 'done' else ''} {size}, trust {step.trust}", f"{step.seq:>3}  "
        )
        print_indented(f"saw {saw_line(step)}", "     ", dim=True)
        for cut in step.cut:
            print_indented(f"cut: {cut.kept:,} of {cut.of:,} tokens of {cut.step} kept ({cut.why})", "     ")
        if step.child:
            print_indented(f"sub-run: eider runs show {step.child}", "     ", dim=True)


def saw_line(step: Step) -> str:
    """Return what a step saw and why, on one line."""
    return ", ".join(dict.fromkeys(map(_saw, step.saw))) or "nothing"


def _saw(seen: Seen) -> str:
    return f"{seen.step}{'.' + seen.field if seen.field else ''} ({seen.why})"


@command(
    "export",
    answer=(*keys_of(Run), "output", "base64", "run"),
    examples=("eider runs export run_01k", "eider runs export run_01k --to ./run.json"),
)
@_ID
@click.option("--to", "path", metavar="FILE", help="Write there instead of standard output.")
@_SESSION
@pass_state
def export(state: State, id: str, path: str | None, session: str | None) -> None:  # noqa: A002
    """Write a run as JSON: inputs, steps with their outputs, and its sub-runs."""
    with open_memory(state) as memory:
        whole = exported(memory, id, session)
    text = json.dumps(whole, ensure_ascii=False, indent=1)
    if path is None:
        write_line(text)
        return
    try:
        Path(path).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path!r} cannot be written ({error.strerror}); name another file.") from error
    print_line(f"{len(whole['steps'])} steps written to {path}")


def exported(memory: Eider, id: str, session: str | None = None) -> dict[str, Any]:  # noqa: A002
    """Return a run with all it holds, as JSON: outputs beside their steps, bytes in base64, sub-runs inside."""
    run = memory.run_of(id, session=session)
    whole: dict[str, Any] = {**to_json(run), "inputs": memory.step_output(id, "inputs", session=session).value}
    whole.pop("holder")
    whole["steps"] = [_exported_step(memory, run, step, session) for step in run.steps]
    return whole


def _exported_step(memory: Eider, run: Run, step: Step, session: str | None) -> dict[str, Any]:
    made: dict[str, Any] = to_json(step)
    if step.status == "done":
        output = memory.step_output(run.id, f"{step.name}#{step.number}", session=session)
        made |= {"base64": output.base64} if output.base64 is not None else {"output": output.value}
    if step.child is not None:
        made["run"] = exported(memory, step.child, session)
    return made


@command("judge", answer=Run, examples=("eider runs judge run_01k 1", "eider runs judge run_01k 0.5 --json"))
@_ID
@click.argument("outcome", type=click.FloatRange(-1, 1))
@pass_state
def judge(state: State, id: str, outcome: float) -> None:  # noqa: A002
    """Say how an ended run went, from -1 to 1.

    Put -- before a number below 0.
    """
    with open_memory(state) as memory:
        run = memory.judge_run(id, outcome)
    print_values(state, [run], lambda: print_line(f"{run.id}  {outcome:+.2f}"))


@command(
    "promote",
    answer=Memory,
    examples=("eider runs promote run_01k collect.summary", 'eider runs promote run_01k collect --text "Ada owns it."'),
)
@_ID
@click.argument("step", metavar="STEP")
@click.option("--text", help="The statement to keep; by default the output itself.")
@click.option("--kind", type=click.Choice(KINDS), default="fact", show_default=True, help="What it is.")
@click.option("--scope", help="Where it applies; by default the run's.")
@_SESSION
@pass_state
def promote(
    state: State, id: str, step: str, text: str | None, kind: Any, scope: str | None, session: str | None  # noqa: A002
) -> None:  # fmt: skip
    """Make what a step gave a memory."""
    with open_memory(state) as memory:
        kept = memory.promote_step(id, step, text=text, kind=kind, scope=scope, session=session)
    print_values(state, [kept], lambda: print_stored([kept]))


@command("forget", answer=Receipt, examples=("eider runs forget run_01k", "eider runs forget run_01k --keep-promoted"))
@_ID
@click.option("--keep-promoted", is_flag=True, help="Keep the memories that were made of its outputs.")
@NO_WAIT_OPTION
@pass_state
def forget(state: State, id: str, keep_promoted: bool, no_wait: bool) -> None:  # noqa: A002
    """Erase a run, its sub-runs and what was promoted from them, for good."""
    with open_memory(state) as memory:
        receipt = memory.forget_run(id, keep_promoted=keep_promoted, wait=not no_wait)
    print_receipt(state, receipt)


@command(
    "procedures", answer=Procedure, examples=("eider runs procedures", 'eider runs procedures "weekly report" --json')
)
@click.argument("words", metavar="[QUERY]...", nargs=-1)
@pass_state
def procedures(state: State, words: tuple[str, ...]) -> None:
    """Show which sequences of steps led to success before.

    At most two, with how often they succeeded and failed and the runs they rest on.
    """
    with open_memory(state) as memory:
        found = memory.procedures(" ".join(words))
    print_values(state, found, lambda: _print_procedures(found))


def _print_procedures(found: list[Procedure]) -> None:
    for one in found:
        needs = f", needs {', '.join(one.preconditions)}" if one.preconditions else ""
        print_line(f"{', '.join(one.names)}: {one.successes} succeeded, {one.failures} failed{needs}", bold=True)
        print_indented(" → ".join(one.actions), "  ")
        print_indented(f"rests on {', '.join(one.runs[:5])}", "  ", dim=True)
    if not found:
        print_line("nothing was learned yet: two runs with an outcome of 0.7 or more have to share a sequence of steps")


_COMMANDS: Final[tuple[Any, ...]] = (list_, show, export, judge, promote, forget, procedures)
for _one in _COMMANDS:
    runs.add_command(_one)

COMMANDS: Final = {"runs": runs}

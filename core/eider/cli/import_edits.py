"""`eider import DIR`: what a person changed in exported Markdown, shown as a plan and then done."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from eider.api.markdown_edits import read_edits
from eider.cli.command import open_memory
from eider.cli.output import print_indented, print_json, print_line, print_refusals
from eider.cli.state import State
from eider.model.errors import RefusedError


def import_edits(state: State, path: Path, *, dry_run: bool, yes: bool) -> int:
    """Show what was changed in the files, and do it once somebody agreed.

    Raises:
        RefusedError: There is nobody to ask, and --yes was not given.
    """
    with open_memory(state) as memory:
        plan = read_edits(memory, path)
        if state.json:
            for edit in plan.edits:
                print_json({**edit.to_dict(), "done": not dry_run and yes})
        else:
            for edit in plan.edits:
                print_indented(edit.text, f"{edit.does:8}")
                if edit.old:
                    print_indented(edit.old, "  was   ", dim=True)
                where = f"{edit.scope} · {edit.kind}, {edit.place}" if edit.does == "add" else edit.id or ""
                print_indented(where, "        ", dim=True)
            print_line(f"{len(plan.edits)} change(s), {plan.unchanged} unchanged")
        print_refusals(plan.refused)
        if plan.edits and not dry_run:
            if not yes and not sys.stdin.isatty():
                raise RefusedError("there is nobody to ask; look at it with --dry-run, and do it with --yes.")
            if not yes:
                click.confirm("Make these changes? What is forgotten is gone for good.", abort=True, err=True)
            done = plan.apply(memory)
            if not state.json:
                print_line(f"corrected {done['correct']}, forgot {done['forget']}, added {done['add']}")
    return 1 if plan.refused else 0

"""The `doctor` command: finds problems and repairs them."""

from __future__ import annotations

from typing import Final

import click

from eider.cli.command import command, pass_state
from eider.cli.output import print_indented, print_json, print_line
from eider.cli.progress import progress
from eider.cli.state import State
from eider.service.doctor.report import Finding, Report

_COLOURS: Final = {"error": "red", "warning": "yellow", "info": None}


@command("doctor", answer=Finding, examples=("eider doctor", "eider doctor --fix --store ./memory.eider"))
@click.option("--fix", is_flag=True, help="Repair what can be repaired; nothing that was said is deleted.")
@click.option("--deep", is_flag=True, help="Read all rows and the whole search index.")
@click.option("--show", is_flag=True, help="Quote what findings are about; secrets stay hidden.")
@pass_state
def doctor(state: State, fix: bool, deep: bool, show: bool) -> int:
    """Find what is wrong, and mend it.

    The home, its server process, the spool and every store are checked (with --store only that one), and a probe is
    kept, recalled and forgotten in each. Exits with 1 while a warning or an error is left.
    """
    from eider.service.doctor.run import Options, examine

    stores = None if state.store is None else [state.store]
    with progress(state, "doctor") as told:
        report = examine(stores, Options(fix=fix, deep=deep, show=show), progress=told)
    if state.json:
        for finding in report.findings:
            print_json(finding)
    else:
        _print_report(report)
    return 0 if report.is_healthy else 1


def _print_report(report: Report) -> None:
    for finding in report.findings:
        mark = "fixed" if finding.fixed else finding.severity
        colour = "green" if finding.fixed else _COLOURS[finding.severity]
        print_indented(f"{finding.subject}: {finding.message}", f"{mark:<8}", fg=colour)
        if not finding.fixed:
            print_indented(finding.fix, f"{'':<8}fix: ", dim=True)
    left = [f for f in report.findings if not f.fixed]
    looked = f"{report.stores} store(s), {report.checks} checks"
    if not left:
        print_line(f"all is well; {looked}")
        return
    counts = ", ".join(f"{n} {s}(s)" for s in ("error", "warning", "info") if (n := sum(f.severity == s for f in left)))
    if any(f.fixable for f in left):
        counts += "; eider doctor --fix mends some"
    print_line(f"{counts}; {looked}")


COMMANDS: Final = {"doctor": doctor}

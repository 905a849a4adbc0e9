"""`eider import SOURCE`: past conversations out of a host's own records."""

from __future__ import annotations

import os
from pathlib import Path

import click

from eider.api import importers
from eider.api.importers import ImportRequest, ImportSource
from eider.cli.command import open_memory
from eider.cli.output import print_indented, print_json, print_line, print_refusals, print_table
from eider.cli.progress import progress
from eider.cli.state import State
from eider.model.clock import parse_instant


def find_source(what: str) -> ImportSource | None:
    """The host of that name; what lies at a path of the same name is meant with `./` before it."""
    return None if os.sep in what else importers.sources().get(what)


def not_a_source_error(what: str) -> click.UsageError:
    """What to say where options of a source are given for something else."""
    known = ", ".join(map(repr, importers.sources())) or "none"
    return click.UsageError(
        f"{what!r} is no source ({known}), and only those take RECORDS, --project, --since and --tz; leave them out."
    )


def import_conversations(
    state: State, source: ImportSource, where: Path | None, *, project: Path | None, since: str | None, tz: str | None, dry_run: bool
) -> int:  # fmt: skip
    """Import a host's records into the memory that the options name."""
    zone = state.time_zone(tz)
    start = parse_instant(since, tz=zone)[0] if since else None
    wanted = ImportRequest(path=where, project=project, since=start, tz=zone, dry_run=dry_run)
    with open_memory(state, create=True, agent=source.name) as memory, progress(state, "import") as told:
        done = source.bring(memory, wanted, told)
    if state.json:
        print_json(done)
    else:
        would = "would bring" if done.dry_run else "brought"
        print_line(
            f"{source.title}: {done.files} file(s), {done.sessions} session(s), {done.exchanges} prompt(s) of yours"
        )
        if done.projects:
            rows = [
                [p.scope, p.sessions, p.exchanges, p.known, p.learned, f"{p.first:%Y-%m-%d} to {p.last:%Y-%m-%d}"]
                for p in done.projects
            ]
            head = ("project", "sessions", "prompts", "known", "noticed" if done.dry_run else "learned", "said")
            print_table(rows, head=head, right=(1, 2, 3, 4))
        learned = f"{done.memories} statement(s) noticed" if done.dry_run else f"{done.memories} memories learned"
        print_line(f"{would} {done.episodes} episode(s), {learned}; skipped {done.skipped} that are there")
        if done.left_out:
            print_line("left out: " + ", ".join(f"{count} {why}" for why, count in done.left_out.items()), dim=True)
        for text in done.examples:
            print_indented(text, "such as  ")
        print_refusals(done.refused)
    return 1 if done.refused else 0

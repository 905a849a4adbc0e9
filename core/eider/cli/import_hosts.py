"""`eider import`: past conversations out of a host's own records, and files of other tools."""

from __future__ import annotations

import os
from pathlib import Path

import click

from eider.api import importers as importers_of_hosts
from eider.api.import_files import import_from
from eider.api.importers import ImportRequest, ImportSource
from eider.cli.command import open_memory, parse_time
from eider.cli.output import print_indented, print_json, print_line, print_refusals, print_table, write_line
from eider.cli.progress import progress
from eider.cli.state import State
from eider.model.answers import Imported
from eider.model.clock import parse_instant
from eider.model.project_scope import project_scope
from eider.records.importers.source import importer_of, importers


def find_source(what: str) -> ImportSource | None:
    """The host of that name; what lies at a path of the same name is meant with `./` before it."""
    return None if os.sep in what else importers_of_hosts.sources().get(what)


def import_conversations(
    state: State, source: ImportSource, where: Path | None, *, project: Path | None, since: str | None, tz: str | None, dry_run: bool
) -> int:  # fmt: skip
    """Import a host's records into the memory that the options name."""
    zone = state.time_zone(tz)
    start = parse_instant(parse_time(since, zone), tz=zone)[0] if since else None
    wanted = ImportRequest(path=where, project=project, since=start, tz=zone, dry_run=dry_run)
    reached = (0, 0)
    with open_memory(state, create=True, agent=source.name) as memory, progress(state, "import") as told:

        def heard(turns: int, total: int) -> None:
            nonlocal reached
            reached = turns, total
            told(turns, total)

        try:
            done = source.bring(memory, wanted, heard)
        except KeyboardInterrupt:
            write_line(f"{reached[0]} of {reached[1]} turns are in; the same command goes on from there.", err=True)
            raise
    if state.json:
        print_json(done)
    else:
        would = "would import" if done.dry_run else "imported"
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
        _print_left_out(done)
        for text in done.examples:
            print_indented(text, "such as  ")
        print_refusals(done.refused)
    return 1 if done.refused else 0


def import_files(
    state: State, what: str, where: Path | None, *, project: Path | None, since: str | None, tz: str | None, dry_run: bool,
    trust_key: str | None,
) -> int:  # fmt: skip
    """Import a file or directory, by its content or by the importer that is named before it.

    Raises:
        click.UsageError: Nothing is there, or the name before the path is no importer's.
    """
    named = where is not None
    known = importers()
    if named and what not in known:
        names = ", ".join([*importers_of_hosts.sources(), *known])
        raise click.UsageError(f"{what!r} is no source; use one of {names}, or the path alone.")
    if what in known and not named and not Path(what).exists():
        raise click.UsageError(
            f"{what!r} is {known[what].title}; name its file or directory: eider import {what} PATH."
        )
    path: Path = where or click.Path(exists=True, path_type=Path).convert(what, None, click.get_current_context())
    zone = state.time_zone(tz)
    start = parse_instant(parse_time(since, zone), tz=zone)[0] if since else None
    scope = project_scope(project) if project else None
    if (scope or start) and not named and importer_of(path) is None:
        raise click.UsageError(
            f"{str(path)!r} is imported whole; --project and --since are for other tools' data, leave them out."
        )
    with open_memory(state, create=True) as memory, progress(state, "import") as told:
        if named or start or scope:
            done = import_from(
                memory, path, what if named else None, scope=scope, since=start, dry_run=dry_run, progress=told
            )
        else:
            done = memory.import_(path, dry_run=dry_run, trust_key=trust_key, progress=told)
    if state.json:
        print_json(done)
    else:
        title = known[done.source].title if done.source in known else "an export of Eider"
        verb = "would import" if dry_run else "imported"
        print_line(f"{path.name}: {title}")
        runs = f", {done.runs} runs" if done.runs else ""
        print_line(
            f"{verb} {done.episodes} message(s) and {done.memories} memories{runs}; {done.skipped} are there already"
        )
        _print_left_out(done)
        if done.redacted:
            print_line(f"secrets replaced in {done.redacted} of them", dim=True)
        print_indented(done.note, dim=True)
        print_refusals(done.refused)
    return 1 if done.refused else 0


def _print_left_out(done: Imported) -> None:
    if done.left_out:
        print_line("left out: " + ", ".join(f"{count} {why}" for why, count in done.left_out.items()), dim=True)

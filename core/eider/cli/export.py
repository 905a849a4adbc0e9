"""The commands `export` and `import`."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

import click

from eider.cli.command import command, open_memory, pass_state
from eider.cli.output import print_indented, print_json, print_line, print_refusals
from eider.cli.progress import progress
from eider.cli.state import State
from eider.model.answers import Imported
from eider.model.errors import RefusedError
from eider.model.requests import EXPORT_FORMATS
from eider.records.exchange.files import signer


@command(
    "export",
    answer=("path", "format", "rows"),
    examples=("eider export ada.jsonl --user ada", "eider export notes.md --format markdown"),
)
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--format", type=click.Choice(EXPORT_FORMATS), default="jsonl", show_default=True,
    help="jsonl and parquet lose nothing; markdown is for reading.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Write over what is there.")
@pass_state
def export(state: State, path: Path, format: Literal["jsonl", "parquet", "markdown"], force: bool) -> None:  # noqa: A002
    """Write all of a user to a file."""
    if path.exists() and not force and not (path.is_dir() and not any(path.iterdir())):
        raise RefusedError(f"{str(path)!r} exists; name another path, or write over it with --force.")
    with open_memory(state) as memory, progress(state, "export"):
        rows = memory.export(path, format=format)
    if state.json:
        print_json({"path": str(path), "format": format, "rows": rows})
    else:
        print_line(f"{rows} row(s) written to {path}")
        if format != "markdown" and (key := signer(path)) is not None:
            print_indented(
                f"signed by {key}; another home takes its rows at their trust with --trust-key {key}", dim=True
            )


@command(
    "import",
    answer=Imported,
    examples=("eider import ada.jsonl --user ada --dry-run", "eider import claude-code --since 2026-05 --dry-run"),
)
@click.argument("what", metavar="PATH|SOURCE")
@click.argument("where", metavar="[RECORDS]", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only show what would be brought in.")
@click.option("--trust-key", metavar="KEY", help="Take an export signed by this key as one's own.")
@click.option(
    "--project",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="From a source: only this project's conversations.",
)
@click.option("--since", metavar="TIME", help="From a source: nothing that was said before.")
@click.option("--tz", metavar="ZONE", help="From a source: the zone of who spoke; by default this machine's.")
@pass_state
def import_(
    state: State, what: str, where: Path | None, dry_run: bool, trust_key: str | None, project: Path | None,
    since: str | None, tz: str | None,
) -> int:  # fmt: skip
    """Bring an export in, or past conversations.

    PATH is an export. What is there already is skipped, what was forgotten stays forgotten, and secrets are replaced.
    Your own export, signed by this home and unchanged, keeps its trust; all else counts as imported.
    Exits with 1 when rows were refused.

    SOURCE is a host that keeps records of its own, such as claude-code, which are read from where it puts them or from
    RECORDS. Each prompt is learned from as a reply to what the agent had said, at the time when it was said; running it
    again, or over what hooks have told, adds nothing. Because the records are files that anybody at this account could
    have changed, what is learned counts as imported: recall shows it, but it guides no agent until you say it again.
    With --json further keys tell source, files, sessions, exchanges, projects, left_out and examples.
    """
    from eider.cli import import_hosts

    if (source := import_hosts.find_source(what)) is not None:
        return import_hosts.import_conversations(
            state, source, where, project=project, since=since, tz=tz, dry_run=dry_run
        )
    if where is not None or project is not None or since is not None or tz is not None:
        raise import_hosts.not_a_source_error(what)
    path: Path = click.Path(exists=True, path_type=Path).convert(what, None, click.get_current_context())
    with open_memory(state, create=True) as memory, progress(state, "import"):
        done = memory.import_(path, dry_run=dry_run, trust_key=trust_key)
    if state.json:
        print_json(done)
    else:
        verb = "would bring" if dry_run else "brought"
        print_line(
            f"{verb} {done.episodes} episode(s), {done.memories} memories, {done.events} event(s); skipped {done.skipped}"
        )
        print_indented(done.note, dim=True)
        print_refusals(done.refused)
    return 1 if done.refused else 0


COMMANDS: Final = {"export": export, "import": import_}

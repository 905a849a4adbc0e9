"""The commands `export` and `import`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from eider.cli.command import command, open_memory, pass_state
from eider.cli.output import print_indented, print_json, print_line
from eider.cli.progress import progress
from eider.cli.state import State
from eider.model.answers import Imported
from eider.model.errors import RefusedError
from eider.model.requests import EXPORT_FORMATS, ExportFormat
from eider.records.exchange.files import signer


@command(
    "export",
    answer=("path", "format", "rows"),
    examples=("eider export ada.jsonl --user ada", "eider export memory/ --format markdown"),
)
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--format", type=click.Choice(EXPORT_FORMATS), default="jsonl", show_default=True,
    help="jsonl and parquet lose nothing; markdown is to read and edit, pam for other tools.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Write over what is there.")
@pass_state
def export(state: State, path: Path, format: ExportFormat, force: bool) -> None:  # noqa: A002
    """Write all of a user to a file.

    With --format markdown PATH becomes a directory with one file for each scope and kind. Change, delete or add lines
    there, and eider import PATH brings that back.
    """
    if path.exists() and not force and not (path.is_dir() and not any(path.iterdir())):
        raise RefusedError(f"{str(path)!r} exists; name another path, or write over it with --force.")
    with open_memory(state) as memory, progress(state, "export"):
        rows = memory.export(path, format=format)
    if state.json:
        print_json({"path": str(path), "format": format, "rows": rows})
    else:
        print_line(f"{rows} row(s) written to {path}")
        if format in ("jsonl", "parquet") and (key := signer(path)) is not None:
            print_indented(
                f"signed by {key}; another home takes its rows at their trust with --trust-key {key}", dim=True
            )


@command(
    "import",
    answer=Imported,
    examples=("eider import chatgpt-export.zip --dry-run", "eider import claude-code --since 2026-05 --dry-run"),
)
@click.argument("what", metavar="PATH|SOURCE")
@click.argument("where", metavar="[PATH]", required=False, type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only show what would be imported, what would not, and why.")
@click.option("--yes", is_flag=True, help="Do not ask before changes of edited Markdown are made.")
@click.option("--trust-key", metavar="KEY", help="Take an export signed by this key as one's own.")
@click.option("--project", metavar="DIR", type=click.Path(path_type=Path),
              help="From a host: only this project's conversations. From files: their statements hold in this project.")  # fmt: skip
@click.option("--since", metavar="TIME", help="Nothing that was said or written before.")
@click.option("--tz", metavar="ZONE", help="Time zone of --since and of who spoke; by default this machine's.")
@pass_state
def import_(
    state: State, what: str, where: Path | None, dry_run: bool, yes: bool, trust_key: str | None, project: Path | None,
    since: str | None, tz: str | None,
) -> int:  # fmt: skip
    """Import an export of Eider, what another tool keeps, or past conversations of a host.

    PATH is an export of Eider, or a file or directory of another tool: ChatGPT's or Claude.ai's data export,
    Claude Code's memory directory, CLAUDE.md, AGENTS.md or .cursorrules, mem0, MCP server-memory, memman, imprint, a
    LangGraph store, basic-memory notes, Portable AI Memory, or JSON: {"text": …} for a statement,
    {"role": …, "content": …, "at": …} for a message, one object a line or an array. What it is, is seen from its content;
    a name before it says so. What is there already is skipped, so an interrupted import is run again; what was forgotten
    stays forgotten, and secrets are replaced. Your own export, signed by this home and unchanged, keeps its trust; all
    else counts as imported: recall shows it, but it guides no agent until you say it again.
    Exits with 1 when rows were refused.

    A directory that eider export --format markdown wrote is read for what you changed in it: you are shown what would be
    corrected, forgotten and added, and asked; --yes does not ask.

    SOURCE without a path is a host that keeps records of its own, claude-code or codex, which are read from where it puts
    them or from PATH. Each prompt is learned from as a reply to what the agent had said, at the time when it was said.
    With --json further keys tell files, sessions, exchanges, projects and examples.
    """
    from eider.api.markdown_edits import is_markdown_export
    from eider.cli import import_hosts
    from eider.cli.import_edits import import_edits

    if (source := import_hosts.find_source(what)) is not None:
        return import_hosts.import_conversations(
            state, source, where, project=project, since=since, tz=tz, dry_run=dry_run
        )
    if where is None and is_markdown_export(what):
        return import_edits(state, Path(what), dry_run=dry_run, yes=yes)
    return import_hosts.import_files(
        state, what, where, project=project, since=since, tz=tz, dry_run=dry_run, trust_key=trust_key
    )


COMMANDS: Final = {"export": export, "import": import_}

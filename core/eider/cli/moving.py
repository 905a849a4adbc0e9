"""Moving: `export` and `import`."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

import click

from eider.answers import Imported
from eider.cli.command import State, command, opened, pass_state
from eider.cli.output import indented, json_line, progress, say
from eider.errors import RefusedError
from eider.verbs import EXPORT_FORMATS

_SHOWN: Final = 20


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
    with opened(state) as memory, progress(state, "export"):
        rows = memory.export(path, format=format)
    if state.json:
        json_line({"path": str(path), "format": format, "rows": rows})
    else:
        say(f"{rows} row(s) written to {path}")


@command(
    "import",
    answer=Imported,
    examples=("eider import ada.jsonl --user ada --dry-run", "eider import ada.jsonl --store ./copy.eider"),
)
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only show what would be brought in.")
@pass_state
def import_(state: State, path: Path, dry_run: bool) -> int:
    """Bring an export in.

    What is there already is skipped, what was forgotten stays forgotten, and secrets are replaced.
    Exits with 1 when rows were refused.
    """
    with opened(state, create=True) as memory, progress(state, "import"):
        done = memory.import_(path, dry_run=dry_run)
    if state.json:
        json_line(done)
    else:
        verb = "would bring" if dry_run else "brought"
        say(
            f"{verb} {done.episodes} episode(s), {done.memories} memories, {done.events} event(s); skipped {done.skipped}"
        )
        for reason in done.refused[:_SHOWN]:
            indented(reason, "refused  ")
        if len(done.refused) > _SHOWN:
            say(f"and {len(done.refused) - _SHOWN} more refused; see all with --json")
    return 1 if done.refused else 0


COMMANDS: Final = {"export": export, "import": import_}

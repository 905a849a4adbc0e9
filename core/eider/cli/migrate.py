"""Moving stores: `migrate`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import click

from eider.cli.command import command, pass_state
from eider.cli.output import print_json, print_line, print_table
from eider.cli.progress import progress
from eider.cli.state import State
from eider.model import config
from eider.model.errors import InputError
from eider.model.store_paths import DEFAULT_STORE, is_address, is_database, refuse_password, shown_place

_KEYS: Final = ("source", "target", "state", "users", "rows", "moved", "done")


@command("migrate", answer=_KEYS, examples=(
    "eider migrate --from work --to 'postgresql://db/notes?schema=work' --dry-run",
    "eider migrate --all --to postgresql://db/notes",
))  # fmt: skip
@click.option("--from", "source", metavar="STORE", help="Name, path or database address; by default the store in use.")
@click.option(
    "--to",
    "target",
    metavar="STORE",
    required=True,
    help="Path or database address; with --all what shall hold them all.",
)
@click.option("--all", "every", is_flag=True, help="All named stores of this home.")
@click.option("--dry-run", is_flag=True, help="Only say what would be moved.")
@pass_state
def migrate(state: State, source: str | None, target: str, every: bool, dry_run: bool) -> None:
    """Move everything of a store into another place.

    Memories with their history, events and evidence, what was learned, tombstones, and workflow runs. The source stays
    as it was. A move that was interrupted is done again and does only the rest; doing it twice does nothing.
    """
    from eider.api.open import release
    from eider.records.moving.move import move

    if every and source:
        raise click.UsageError("give --from or --all, not both.")
    _check_places(source, target)
    if every:
        folders = sorted(
            p for p in (config.home() / "stores").glob("*.eider") if p.is_dir() and not p.name.startswith(".")
        )
        moves: list[tuple[Path | str, Path | str]] = [(folder, _below(target, folder.stem)) for folder in folders]
    else:
        moves = [(_place(source or state.store or config.setting("store") or DEFAULT_STORE), _place(target))]
    for old, new in moves:
        for place in (old, new):
            if isinstance(place, Path):
                release(place)
        with progress(state, "migrate") as told:
            found = move(old, new, dry_run=dry_run, told=told)
        if state.json:
            print_json(found)
            continue
        print_line(f"{found.source} → {found.target} ({found.state})")
        print_table([[table, f"{rows:,}"] for table, rows in found.rows.items()], ["table", "rows"], right=(1,))
        if found.state == "SAME":
            print_line("all of it is there already")
        elif found.done:
            print_line(
                f"{found.moved:,} row(s) of {found.users} user(s) moved and compared; the source is as it was",
                fg="green",
            )
        else:
            print_line(
                "nothing was moved (--dry-run)"
                if found.state != "POPULATED"
                else "the target holds memories of its own; name another"
            )


def _check_places(*places: str | None) -> None:
    """Refuse what is behind a server, and addresses with a password."""
    for place in places:
        refuse_password(place)
        if is_address(place):
            raise InputError("a store behind a server's address is moved where its files are; run eider migrate there.")


def _place(name: str) -> Path | str:
    if is_database(name):
        return name
    return Path(name).expanduser().absolute() if config.is_path(name) else config.store_path(name)


def _below(target: str, name: str) -> Path | str:
    """Where one of many stores goes: a schema of the database, or a directory below the one that is named."""
    if not is_database(target):
        return Path(target).expanduser().absolute() / f"{name}.eider"
    if "schema=" in target:
        raise InputError(
            f"with --all each store gets a schema of its own; leave schema= out of {shown_place(target)!r}."
        )
    schema = re.sub(r"[^a-z0-9_]", "_", name.lower())
    return f"{target}{'&' if '?' in target else '?'}schema={schema if schema[0].isalpha() else f's_{schema}'}"


COMMANDS: Final = {"migrate": migrate}

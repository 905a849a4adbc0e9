"""Stores: `store list`, `create`, `use`, `remove`, `publish`."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from eider.cli.command import EiderGroup, command, is_store, open_memory, pass_state
from eider.cli.formatting import size_text
from eider.cli.output import print_indented, print_json, print_line, print_table, print_values
from eider.cli.progress import progress
from eider.cli.state import State
from eider.model import config
from eider.model.errors import InputError, RefusedError, StoreMissingError
from eider.model.store_paths import folder_of, refuse_password

if TYPE_CHECKING:
    from eider.store.catalog import Overview

KEYS: Final = (
    "name", "path", "bytes", "users", "episodes", "memories", "in_use", "published", "locked", "locked_by", "trouble",
)  # fmt: skip
_STORE: Final = click.argument("name", metavar="NAME|PATH")


@click.group("store", cls=EiderGroup)
def store() -> None:
    """List, create, choose, remove and publish stores.

    A NAME is a store under EIDER_HOME; a PATH, with a slash or ending in .eider, is a directory of one's own.
    """


def _store_folder(name: str) -> Path:
    """Return the directory that a name or path means; creates nothing.

    Raises:
        InputError: An address was named.
    """
    if "://" in name:
        return folder_of(name)
    return Path(name).expanduser().absolute() if config.is_path(name) else config.store_path(name)


def _existing_store(name: str) -> Path:
    folder = _store_folder(name)
    if not is_store(folder):
        raise StoreMissingError(folder, "list what there is with eider store list.")
    return folder


def _inspect_store(folder: Path, *, in_use: bool) -> Overview:
    """Return a store's contents: from the server if one runs, else by opening it read-only; starts no server."""
    from eider.client.client import Client, ClientError
    from eider.store.catalog import Overview, glance, overview

    client = Client(home_folder=str(config.home()), spawn=False, spool=False)
    try:
        if not client.is_running():
            return overview(folder, in_use=in_use)
        said: dict[str, Any] = client.ask("POST", "/v1/server/count", {"store": str(folder)})
    except ClientError:  # an older server, or one that ends
        return glance(folder, in_use=in_use)
    finally:
        client.close()
    known = {f.name for f in fields(Overview)}
    return replace(Overview(**{name: value for name, value in said.items() if name in known}), in_use=in_use)


@command("list", answer=KEYS, examples=("eider store list", "eider store list --json"))
@pass_state
def list_(state: State) -> None:
    """List stores: size, contents, which is in use, who has it open."""
    chosen = _store_folder(state.store or (config.setting("store") or "default"))
    folders = sorted(p for p in (config.home() / "stores").glob("*.eider") if p.is_dir() and not p.name.startswith("."))
    if chosen not in folders and chosen.is_dir():
        folders.append(chosen)
    found = [_inspect_store(folder, in_use=folder == chosen) for folder in folders]

    def count(number: int | None) -> str:
        return "?" if number is None else str(number)

    def human() -> None:
        rows = [
            [f"{o.name}{' *' if o.in_use else ''}", size_text(o.bytes), count(o.users), count(o.episodes), count(o.memories),
             _state_text(o.locked, o.locked_by, o.published, o.trouble)]
            for o in found
        ]  # fmt: skip
        print_table(rows, ["store (* in use)", "size", "users", "episodes", "memories", "state"], right=(1, 2, 3, 4))
        if not rows:
            print_line("no stores yet; make one with eider store create NAME, or keep something with eider remember")

    print_values(state, found, human)


def _state_text(locked: bool, pid: int | None, published: bool, trouble: str) -> str:
    if locked:
        return f"open in process {pid}" if pid else "open in another process"
    return trouble or ("published" if published else "")


@command(
    "create",
    answer=("name", "path"),
    examples=("eider store create work", "eider store create team --backend postgres --address postgresql://db/notes"),
)
@_STORE
@click.option("--backend", type=click.Choice(["duckdb", "postgres"]), default="duckdb", help="What keeps the rows.")
@click.option("--address", metavar="ADDRESS", help="Of the PostgreSQL database; libpq's own settings by default.")
@click.option("--embedder", metavar="NAME", help="What embeds it, such as onnx; by default the one that is set.")
@pass_state
def create(state: State, name: str, backend: str, address: str | None, embedder: str | None) -> None:
    """Create an empty store that only its owner can read.

    With --backend postgres its rows are in a schema of a PostgreSQL database, by default one of the store's name, which
    many machines may share: each creates a store with the same address. Passwords belong into ~/.pgpass.
    """
    refuse_password(address)
    folder = _store_folder(name)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RefusedError(f"{str(folder)!r} exists; open it with --store {name}, or take another name.")
    if address is not None and backend != "postgres":
        raise InputError("--address is for --backend postgres; add that.")
    state.store = name
    if backend == "postgres":
        from eider.store.backends import make_named

        schema = re.sub(r"[^a-z0-9_]", "_", folder.stem.lower())
        make_named(folder, address if address and "schema=" in address else _with_schema(address, schema))
    try:
        with open_memory(state, create=True, **({} if embedder is None else {"embedder": embedder})):
            pass
    except BaseException:
        if backend == "postgres":
            shutil.rmtree(folder, ignore_errors=True)
        raise
    print_values(state, [{"name": folder.stem, "path": folder}], lambda: print_line(f"made {folder}"))


def _with_schema(address: str | None, schema: str) -> str:
    """An address with a schema named in it."""
    address = address or "postgresql:///"
    return f"{address}{'&' if '?' in address else '?'}schema={schema}"


@command("use", answer=("name", "path"), examples=("eider store use work", "eider store use ./memory.eider"))
@_STORE
@pass_state
def use(state: State, name: str) -> None:
    """Use this store when none is named."""
    folder = _existing_store(name)
    config.write("store", str(folder) if config.is_path(name) else name)
    if state.json:
        print_json({"name": folder.stem, "path": folder})
        return
    print_line(f"{name} is used from now on")
    if os.environ.get("EIDER_STORE"):
        print_line("EIDER_STORE in the environment wins over it")


@command(
    "remove",
    answer=("name", "path", "bytes"),
    examples=("eider store remove work", "eider store remove ./old.eider --yes"),
)
@_STORE
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_state
def remove(state: State, name: str, yes: bool) -> None:
    """Delete a whole store.

    A server process lets go of it; refused while another process has it open. Snapshots and exports made of it stay.
    """
    from eider.api.open import release
    from eider.store.catalog import remove as taken_away

    folder = _existing_store(name)
    if not yes:
        click.confirm(f"Remove {str(folder)!r} and all it holds? This cannot be undone.", abort=True, err=True)
    release(folder)
    size = taken_away(folder)
    if (chosen := config.read().get("store")) and _store_folder(chosen) == folder:
        config.write("store", None)
    answer = {"name": folder.stem, "path": folder, "bytes": size}
    print_values(state, [answer], lambda: print_line(f"removed {folder} ({size_text(size)})"))


@command(
    "publish",
    answer=("name", "path", "bytes"),
    examples=(
        "eider store publish work ./work-2026-05.eider",
        "eider store publish work /srv/shared/team.eider --json",
    ),
)
@_STORE
@click.argument("dest", metavar="DEST", type=click.Path(path_type=Path))
@pass_state
def publish(state: State, name: str, dest: Path) -> None:
    """Copy a store, all its users included, into a snapshot that nobody writes to.

    Recall it beneath another store with recall --layer DEST. An older snapshot at DEST is replaced.
    """
    _existing_store(name)
    state.store = name
    with open_memory(state) as memory, progress(state, "publish"):
        made = memory.publish(dest)
    size = sum(p.stat().st_size for p in made.rglob("*") if p.is_file())
    answer = {"name": made.stem, "path": made, "bytes": size}

    def human() -> None:
        print_line(f"published {made} ({size_text(size)})")
        print_indented("It holds everything of every user; forgetting later does not reach it.", dim=True)

    print_values(state, [answer], human)


for _command in (list_, create, use, remove, publish):
    store.add_command(_command)
COMMANDS: Final = {"store": store}

"""Backups: `backup run`, `list`, `restore`, `prune`, `schedule`."""

from __future__ import annotations

import time as clock
from collections.abc import Mapping
from datetime import UTC, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from eider.cli.command import EiderGroup, command, pass_state
from eider.cli.formatting import size_text
from eider.cli.output import print_indented, print_json, print_line, print_table, print_values
from eider.cli.progress import progress
from eider.cli.state import State
from eider.model import config
from eider.model.errors import InputError, RefusedError, StoreMissingError

if TYPE_CHECKING:
    from eider.records.backup.manifest import Backup

_KEYS: Final = (
    "name", "path", "store", "made_at", "bytes", "users", "events", "verified", "verified_at", "findings",
)  # fmt: skip
_RUN_KEYS: Final = (*_KEYS, "removed", "seconds")
_RESTORED: Final = ("backup", "store", "path", "aside", "erased", "events", "users", "asked", "dry_run")
_HOUR: Final = 3600.0
"""Seconds a backup may take; a million rows take about a minute. A guess."""
_COUNT: Final = click.IntRange(0, 10_000)
_RULE: Final = (
    click.option("--keep", type=_COUNT, metavar="DAYS", help="Keep the newest backup of each of the last DAYS days."),
    click.option("--keep-weekly", type=_COUNT, metavar="N", help="The same of weeks; 4 where --keep is given."),
    click.option("--keep-monthly", type=_COUNT, metavar="N", help="The same of months; 6 where --keep is given."),
)


@click.group("backup", cls=EiderGroup)
def backup() -> None:
    """Make, list, restore and schedule backups.

    A backup holds a copy of a whole store, on request an export of each user as well, and is verified before it has its name. What
    is forgotten later is still in it: a restore erases that again, and rotation (run --keep, prune, a schedule)
    removes such backups once a newer one is verified.
    """


def _retention_rule(keep: int | None, weekly: int | None, monthly: int | None) -> dict[str, int] | None:
    given = {"daily": keep, "weekly": weekly, "monthly": monthly}
    found = {name: count for name, count in given.items() if count is not None}
    return found or None


def _run_task(state: State, order: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """Run a backup task on the server for a named store, in this process for a path."""
    from eider.api.open import is_shared
    from eider.model.store_paths import folder_of

    folder = folder_of(state.store)
    if not (folder.is_dir() and any(folder.iterdir())):
        raise StoreMissingError(folder, "list what there is with eider store list.")
    if is_shared(state.store, shared=None, mine={}):
        from eider.api.wire import decode_error
        from eider.client.client import Client, ClientError

        client = Client(store=str(folder), home_folder=str(config.home()), channel="cli")
        try:
            until = clock.monotonic() + _HOUR
            return client.ask("POST", f"/v1/backup/{order}", {**said, "store": str(folder)}, until=until, again=False)
        except ClientError as error:
            raise decode_error(error.kind, error.message, error.fields) from None
        finally:
            client.close()
    from eider.api.local import open_engine
    from eider.api.open import release
    from eider.records.backup import commands

    if state.store is None or not config.is_path(state.store):
        release(folder)
    engine = open_engine(folder)
    try:
        return (commands.run if order == "run" else commands.prune)(engine, said)
    finally:
        engine.close()


@command("run", answer=_RUN_KEYS, examples=("eider backup run --keep 7", "eider backup run --to /mnt/safe --json"))
@click.option(
    "--to", metavar="DIR", type=click.Path(path_type=Path), help="Directory for it other than EIDER_HOME/backups."
)
@click.option(
    "--export", type=click.Choice(("jsonl", "parquet")), help="Write each user's rows beside the copy as well.",
)  # fmt: skip
@_RULE[0]
@_RULE[1]
@_RULE[2]
@pass_state
def run(
    state: State, to: Path | None, export: str | None, keep: int | None, keep_weekly: int | None, keep_monthly: int | None
) -> None:  # fmt: skip
    """Back a store up.

    With --keep older backups are rotated: those that the rule lets go are removed, and those that still hold
    something that was forgotten. For cron with a store at a path: eider backup run --store PATH --keep 7.
    """
    place = None if to is None else str(to.expanduser().absolute())
    with progress(state, "backup"):
        made = _run_task(
            state,
            "run",
            {"to": place, "export": export, "keep": _retention_rule(keep, keep_weekly, keep_monthly)},
        )

    def human() -> None:
        print_line(
            f"made {made['name']}: {made['users']} user(s), {size_text(made['bytes'])}, verified, in {made['seconds']:.1f} s"
        )
        print_indented(str(made["path"]), dim=True)
        for name in made["removed"]:
            print_line(f"removed {name}")

    print_values(state, [made], human)


@command("list", answer=_KEYS, examples=("eider backup list", "eider backup list --verify --json"))
@click.option("--verify", is_flag=True, help="Hold each against its manifest anew; exits with 1 on findings.")
@pass_state
def list_(state: State, verify: bool) -> int:
    """List backups: age, size, whether verified.

    Those of all stores are listed, or those of the one named with --store.
    """
    from eider.records.backup.commands import describe_backup
    from eider.records.backup.create import verify as verified

    found = _all_backups(state.store)
    if verify:
        with progress(state, "verify") as bar:
            for number, one in enumerate(found):
                found[number] = one if not one.manifest.identity else verified(one.path)
                bar(number + 1, len(found))

    def human() -> None:
        rows = [
            [b.name, _age_text(b.manifest.at), size_text(b.bytes), len(b.manifest.users), _verified_text(b)]
            for b in found
        ]
        print_table(rows, ["backup", "age", "size", "users", "verified"], right=(1, 2, 3))
        if not rows:
            print_line("no backups yet; make one with eider backup run")

    print_values(state, [describe_backup(b) for b in found], human)
    return 1 if verify and any(not b.verified for b in found) else 0


def _all_backups(store: str | None) -> list[Backup]:
    """Return backups of one store or of all, oldest first; one with a broken manifest is marked damaged."""
    from eider.model import backup_paths
    from eider.model.store_paths import folder_of
    from eider.records.backup.manifest import read_or_damaged

    if store is not None:
        return [read_or_damaged(path) for path in backup_paths.backups(folder_of(store))]
    found = [
        read_or_damaged(p.parent)
        for place in backup_paths.shelves()
        for p in place.glob(f"[!.]*/{backup_paths.MANIFEST}")
    ]
    return sorted(found, key=lambda b: (b.manifest.store, b.manifest.at))


def _verified_text(one: Backup) -> str:
    if one.findings:
        return f"DAMAGED: {one.findings[0]}"
    return f"{_age_text(one.verified_at)} ago" if one.verified_at else "never"


def _age_text(at: datetime) -> str:
    seconds = max(0.0, (datetime.now(UTC) - at).total_seconds())
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


@command(
    "restore", answer=_RESTORED,
    examples=("eider backup restore notes/20260501T030000Z --dry-run", "eider backup restore ./20260501T030000Z --store again"),
)  # fmt: skip
@click.argument("name", metavar="NAME|PATH")
@click.option(
    "--replace", is_flag=True, help="Put it in place of the store it was made of, which is set aside, not deleted."
)
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option(
    "--ignore-tombstones", is_flag=True, help="Bring back also what was forgotten, where that cannot be read."
)
@pass_state
def restore(state: State, name: str, replace: bool, dry_run: bool, ignore_tombstones: bool) -> None:
    """Make a store of a backup.

    It gets a name of its own, or the one given with --store. What was forgotten since stays forgotten: it is
    erased from the restored store before that is put in place.
    """
    from eider.api.open import release
    from eider.records.backup.restore import restore as restored

    found = _find_backup(name)
    with progress(state, "restore"):
        done = restored(
            found, _restore_target(state, found, replace=replace), replace=replace, dry_run=dry_run,
            ignore_tombstones=ignore_tombstones, release=release,
        )  # fmt: skip
    if state.json:
        print_json(done)
        return
    would = "would restore" if dry_run else "restored"
    print_line(f"{would} {done.backup} as {done.store}: {done.users} user(s); {done.path}")
    if done.erased:
        print_line(f"{done.erased} item(s) were forgotten since and {'would be' if dry_run else 'were'} erased again")
    if not done.asked:
        print_line("no living store could say what was forgotten since; what newer backups knew of was left out")
    if done.aside:
        print_line(f"the store that was there is now {done.aside}; forgetting in {done.store} does not reach it")


def _find_backup(name: str) -> Backup:
    """Find a backup by path, by store/stamp, or by stamp alone where it is unique."""
    from eider.model.backup_paths import MANIFEST
    from eider.records.backup.manifest import read

    path = Path(name).expanduser().absolute()
    if (path / MANIFEST).is_file():
        return read(path)
    fits = [b for b in _all_backups(None) if name in (b.name, b.path.name)]
    if not fits:
        raise StoreMissingError(path, "list what there is with eider backup list.")
    if len(fits) > 1:
        raise InputError(f"backup {name!r} is one of several stores; take one of {', '.join(b.name for b in fits)}.")
    return fits[0]


def _restore_target(state: State, found: Backup, *, replace: bool) -> Path:
    from eider.model.store_paths import folder_of

    if state.store is not None:
        return folder_of(state.store)
    home = config.home().absolute() / "stores"
    was = Path(found.manifest.folder)
    named = home / f"{found.manifest.store}.eider"
    if replace:
        target = was if was.is_dir() or not named.is_dir() else named
        if not target.is_dir():
            raise RefusedError(f"there is no store at {str(target)!r} to be replaced; leave --replace out.")
        return target
    return config.store_path(f"{found.manifest.store[:40]}-{found.path.name.lower()}")


@command(
    "prune", answer=("removed", "left", "holding"),
    examples=("eider backup prune --before-forget", "eider backup prune --keep 7 --dry-run --json"),
)  # fmt: skip
@click.option("--before-forget", is_flag=True, help="Remove those that still hold something that was forgotten.")
@_RULE[0]
@_RULE[1]
@_RULE[2]
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@pass_state
def prune(
    state: State, before_forget: bool, keep: int | None, keep_weekly: int | None, keep_monthly: int | None, dry_run: bool
) -> None:  # fmt: skip
    """Remove backups of a store.

    One goes only while a newer, verified one stays: make a fresh one first. Copies that were moved elsewhere are
    not reached.
    """
    rule = _retention_rule(keep, keep_weekly, keep_monthly)
    if rule is None and not before_forget:
        raise click.UsageError("say what shall go: --before-forget, --keep DAYS, or both.")
    done = _run_task(state, "prune", {"keep": rule, "before_forget": before_forget, "dry_run": dry_run})

    def human() -> None:
        for name in done["removed"]:
            print_line(f"{'would remove' if dry_run else 'removed'} {name}")
        print_line(f"{len(done['left'])} backup(s) {'would be ' if dry_run else ''}left")
        for name in done["holding"]:
            print_line(
                f"{name} still holds something forgotten; make a newer one with eider backup run, then prune again"
            )

    print_values(state, [done], human)


@command(
    "schedule", answer=("every", "at", "keep"),
    examples=("eider backup schedule daily --at 03:00 --keep 7", "eider backup schedule off"),
)  # fmt: skip
@click.argument("every", required=False, type=click.Choice(("daily", "weekly", "off")))
@click.option("--at", metavar="HH:MM", default="03:00", show_default=True, help="Time of day in your time zone.")
@click.option("--keep", type=_COUNT, default=7, show_default=True, help="Days to keep; 4 weeks and 6 months as well.")
@pass_state
def schedule(state: State, every: str | None, at: str, keep: int) -> None:
    """Let the server back up all named stores.

    It does so when it runs; what was missed is made up for, and a store that did not change is left out. Weekly
    is on Sundays. Without a word the schedule is shown.
    """
    from eider.records.backup.schedule import Schedule, current_schedule, keep_schedule

    if every == "off":
        keep_schedule(None)
    elif every is not None:
        keep_schedule(Schedule(every="weekly" if every == "weekly" else "daily", at=_parse_time(at), keep=keep))
    found = current_schedule()
    shown = {
        "every": found.every if found else "off", "at": f"{found.at:%H:%M}" if found else None,
        "keep": found.keep if found else None,
    }  # fmt: skip
    said = f"{found.every} at {found.at:%H:%M}, {found.keep} day(s) kept" if found else "no backups are scheduled"
    print_values(state, [shown], lambda: print_line(said))


def _parse_time(text: str) -> time:
    try:
        return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 (a time of day has no zone)
    except ValueError:
        raise InputError(f"--at {text!r} is no time of day; write it like 03:00.") from None


for _command in (run, list_, restore, prune, schedule):
    backup.add_command(_command)
COMMANDS: Final = {"backup": backup}

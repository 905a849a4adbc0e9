"""Connects host programs to Eider: `install`, `uninstall`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click

from eider.api.install import installing
from eider.api.install.diff import diff, short_path
from eider.api.install.installing import FileUndo
from eider.api.install.target import Edit, Options, Target, select_targets, targets
from eider.cli.command import command, pass_state
from eider.cli.exit_codes import FAILED, REFUSED, code_of, fail
from eider.cli.output import print_indented, print_json, print_line
from eider.cli.state import State
from eider.model import config
from eider.model.errors import EiderError, RefusedError

_LINE_STYLES: Final[dict[str, dict[str, Any]]] = {
    "head": {"dim": True}, "added": {"fg": "green"}, "gone": {"fg": "red"},
}  # fmt: skip
_DONE_TEXTS: Final = {
    "exact": "as before, byte for byte",
    "gone": "had been removed already",
    "cleaned": "changed since: only what is Eider's is taken out",
    "untouched": "holds nothing of Eider's",
    "stuck": "changed since, and stays as it is",
}
_KEYS: Final = ("target", "path", "action", "what")
_TARGET: Final = click.option("--target", "names", multiple=True, metavar="NAME", help="Which host; may be repeated.")
_PROJECT: Final = click.option("--project", is_flag=True, help="Only this directory's project, in files it may share.")
_DRY: Final = click.option("--dry-run", is_flag=True, help="Only show what would change.")
_YES: Final = click.option("--yes", "-y", is_flag=True, help="Do not ask.")


@command("install", answer=_KEYS, examples=("eider install", "eider install --target claude-code --dry-run"))
@_TARGET
@_PROJECT
@_DRY
@click.option("--no-wizard", is_flag=True, help="Ask for no settings.")
@_YES
@pass_state
def install(
    state: State, names: tuple[str, ...], project: bool, dry_run: bool, no_wizard: bool, yes: bool
) -> int:  # fmt: skip
    """Wire the hosts on this machine to Eider.

    Without --target every host that is found. What changes is shown first and kept beside; eider uninstall puts it
    back byte for byte. On a terminal it asks, and offers to set the store, the user and a model; elsewhere it shows
    the changes and makes none without --yes.
    """
    asks = sys.stdin.isatty() and sys.stdout.isatty() and not (yes or dry_run or state.json)
    unasked = not (asks or yes or dry_run)
    dry_run = dry_run or unasked
    options = _install_options(project=project)
    chosen = select_targets(names) if names else [t for t in select_targets(()) if _is_installable(t, options)]
    if not chosen:
        known = ", ".join(map(repr, targets()))
        raise RefusedError(f"no host that Eider knows was found; name one with --target ({known}).")
    if not dry_run:
        from eider.cli import install_prompts

        install_prompts.save_environment(state)
        if asks and not no_wizard:
            install_prompts.ask_settings()
    code = _for_each_host(chosen, lambda target: _install(state, target, options, dry_run=dry_run, asks=asks))
    return code or (
        fail("nothing was changed, as there is nobody to ask; do it with --yes.", REFUSED) if unasked else 0
    )


@command("uninstall", answer=_KEYS, examples=("eider uninstall", "eider uninstall --target claude-code --dry-run"))
@_TARGET
@_PROJECT
@_DRY
@_YES
@pass_state
def uninstall(state: State, names: tuple[str, ...], project: bool, dry_run: bool, yes: bool) -> int:
    """Undo what eider install changed.

    Files are put back byte for byte; of a file that was changed since, only what is Eider's is taken out. Memories,
    stores and settings of Eider stay. Exits with 1 while something is left that a person has to take out.
    """
    asks = sys.stdin.isatty() and sys.stdout.isatty() and not (yes or dry_run or state.json)
    options = _install_options(project=project)
    chosen = select_targets(names) if names else [t for t in targets().values() if _is_wired(t, options)]
    if not chosen:
        _unless_json(state, lambda: print_line("nothing is wired"))
    return _for_each_host(chosen, lambda target: _uninstall(state, target, options, dry_run=dry_run, asks=asks))


def _install_options(*, project: bool) -> Options:
    return Options(home=config.home(), project=Path.cwd() if project else None)


def _is_installable(target: Target, options: Options) -> bool:
    """Return whether a detected host supports these options."""
    try:
        target.place(options)
    except RefusedError:
        return False
    return True


def _is_wired(target: Target, options: Options) -> bool:
    """Return whether the host is wired or has leftovers to remove."""
    try:
        found, undone = installing.plan_uninstall(target, options)
        return bool(found or undone or installing.other_places(target, options))
    except RefusedError:
        return False
    except EiderError:
        return True


def _for_each_host(chosen: Sequence[Target], does: Callable[[Target], int]) -> int:
    """Apply a function to each host; an error of one does not stop the others."""
    worst = 0
    for target in chosen:
        try:
            code = does(target)
        except EiderError as error:
            code = fail(f"{target.title}: {error}", code_of(type(error)))
        worst = max(worst, code, key=(0, 1, 2, REFUSED, FAILED).index)
    return worst


def _install(state: State, target: Target, options: Options, *, dry_run: bool, asks: bool) -> int:
    plan = target.plan(replace(options, preview=True))
    edits = installing.changed_edits(plan)
    for note in plan.notes:
        _unless_json(state, lambda note=note: print_indented(note, "note  ", fg="yellow"))
    for edit in edits:
        _print_edit(state, edit, edit.what)
    if not edits:
        _unless_json(state, lambda: print_line(f"{target.title} is wired already; nothing changes."))
    elif not dry_run and (not asks or click.confirm(f"Wire {target.title} so?", default=True, err=True)):
        record, edits = installing.install(target, options)
        where = short_path(record.folder) if record else ""
        _unless_json(
            state,
            lambda: print_line(f"{target.title} is wired; {len(edits)} file(s) written, kept as they were in {where}"),
        )
        _unless_json(state, lambda: print_line(f"take it back with {_undo(target, options)}", dim=True))
    if state.json:
        for edit in edits:
            action = "remove" if edit.after is None else "make" if edit.before is None else "change"
            print_json({"target": target.name, "path": str(edit.path), "action": action, "what": edit.what})
    return 0


def _uninstall(state: State, target: Target, options: Options, *, dry_run: bool, asks: bool) -> int:
    found, undone = installing.plan_uninstall(target, options)
    for one in undone:
        _print_edit(state, one.edit, _DONE_TEXTS[one.verdict])
    if not found and not undone:
        _unless_json(state, lambda: print_line(f"{target.title} is not wired in {short_path(target.place(options))}"))
        for place in installing.other_places(target, options):
            _unless_json(
                state, lambda place=place: print_indented(f"It is in {place}, which this call does not mean.", dim=True)
            )
    elif not dry_run and (not asks or click.confirm(f"Take {target.title} back so?", default=True, err=True)):
        found, undone = installing.uninstall(target, options)
        _unless_json(state, lambda: _print_undone(target, undone))
    if state.json:
        for one in undone:
            print_json(
                {
                    "target": target.name,
                    "path": str(one.edit.path),
                    "action": one.verdict,
                    "what": _DONE_TEXTS[one.verdict],
                }
            )
    return 1 if any(one.verdict == "stuck" for one in undone) else 0


def _print_undone(target: Target, undone: Sequence[FileUndo]) -> None:
    for one in undone:
        if one.verdict not in ("exact", "gone"):
            print_line(f"{short_path(one.edit.path)}: {_DONE_TEXTS[one.verdict]}", fg="yellow")
        if one.verdict == "stuck":
            print_indented(f"by hand: {one.edit.by_hand}; then run it again", "  ")
    if all(one.verdict != "stuck" for one in undone):
        print_line(f"{target.title} is as it was; memories stay where they are.")


def _undo(target: Target, options: Options) -> str:
    return f"eider uninstall --target {target.name}{' --project' if options.project else ''}"


def _unless_json(state: State, does: Callable[[], None]) -> None:
    if not state.json:
        does()


def _print_edit(state: State, edit: Edit, what: str) -> None:
    if state.json:
        return
    whole = edit.before is None or edit.after is None
    if whole and not edit.memo and not state.verbose:
        done, text = ("new", edit.after) if edit.before is None else ("removed", edit.before)
        length = len((text or b"").splitlines())
        print_line(f"{short_path(edit.path)}: {what} ({done}, {length} lines; -v shows them)", bold=True)
        return
    print_line(f"{short_path(edit.path)}: {what}", bold=True)
    for tone, line in diff(edit):
        print_line(line, **_LINE_STYLES.get(tone, {}))


COMMANDS: Final = {"install": install, "uninstall": uninstall}

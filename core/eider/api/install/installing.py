"""Applies an install plan, and undoes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from eider.api.install import files, records
from eider.api.install.records import Record, TouchedFile, digest
from eider.api.install.target import Edit, Options, Plan, Target
from eider.model.errors import RefusedError, StoreError
from eider.model.failpoints import point

Verdict = Literal["exact", "gone", "cleaned", "untouched", "stuck"]
"""exact: as before the installation, byte for byte · gone: somebody had removed it, and it stays so · cleaned: edited
since, and only ours was taken out · untouched: nothing of ours was in it · stuck: a person has to do it."""
_BY_SEVERITY: tuple[Verdict, ...] = ("untouched", "exact", "gone", "cleaned", "stuck")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileUndo:
    """What an uninstall does to one file."""

    edit: Edit
    verdict: Verdict


@dataclass(slots=True)
class _FileState:
    """State of a file after the records undone so far."""

    text: bytes | None
    mode: int | None
    verdict: Verdict = "untouched"
    by_hand: str = ""


def changed_edits(plan: Plan) -> list[Edit]:
    """Return the edits that change something; raise if a file cannot be written.

    Raises:
        RefusedError: One cannot be carried out; then none is.
    """
    wanted = [e for e in plan.edits if e.after != e.before or _mode_differs(e)]
    for edit in wanted:
        files.check_writable(edit.path)
    return wanted


def install(target: Target, options: Options) -> tuple[Record | None, list[Edit]]:
    """Install into a host: apply all edits or none; None if nothing has to change.

    Raises:
        RefusedError: A file cannot be understood or used; nothing was changed.
        StoreError: A file could not be written; what was written before it was put back.
    """
    with records.install_lock(options.home):
        for touched in (e.path for e in target.plan(replace(options, preview=True)).edits):
            files.remove_leftovers(touched.parent, touched.name)
        if not changed_edits(target.plan(replace(options, preview=True))):
            return None, []
        edits = changed_edits(target.plan(options))
        for edit in edits:
            if files.read(edit.path) != edit.before:
                raise RefusedError(
                    f"{str(edit.path)!r} was changed by somebody just now; nothing was done, run it again."
                )
        record = records.begin_record(options.home, target.name, target.place(options), edits)
        _write_edits(record, edits)
        return record, edits


def plan_uninstall(target: Target, options: Options) -> tuple[list[Record], list[FileUndo]]:
    """Return what an uninstall would do, without doing it.

    Raises:
        StoreError: A record cannot be read.
    """
    here = str(target.place(options))
    found = [r for r in records.active_records(options.home, target.name) if r.place == here]
    now: dict[str, _FileState] = {}
    for record in found:
        for touched in reversed(record.files):
            path = Path(touched.path)
            state = now.setdefault(touched.path, _FileState(files.read(path), files.mode_of(path)))
            _undo_file(target, record, touched, state)
    undone = [_edit_for(path, state) for path, state in now.items()]
    if not found:
        undone = [FileUndo(edit=edit, verdict="cleaned") for edit in target.unrecorded_edits(options)]
    return found, undone


def uninstall(target: Target, options: Options) -> tuple[list[Record], list[FileUndo]]:
    """Undo a host's installation; files that need manual repair keep their record.

    Raises:
        StoreError: A file could not be written; running it again goes on from there.
    """
    with records.install_lock(options.home):
        found, undone = plan_uninstall(target, options)
        for one in undone:
            if one.edit.after != one.edit.before or _mode_differs(one.edit):
                files.check_writable(one.edit.path)
        for one in undone:
            files.remove_leftovers(one.edit.path.parent, one.edit.path.name)
            _write_edit(one.edit)
            point("install.undone")
        _close_records(found, undone)
        return found, undone


def other_places(target: Target, options: Options) -> list[str]:
    """Return other places where the host is installed."""
    here = str(target.place(options))
    return sorted({r.place for r in records.active_records(options.home, target.name)} - {here})


def _mode_differs(edit: Edit) -> bool:
    found = files.mode_of(edit.path)
    return edit.after is not None and edit.mode is not None and found is not None and found != edit.mode


def _write_edit(edit: Edit) -> None:
    if edit.after is None:
        if edit.before is not None:
            files.remove(edit.path)
    elif edit.after != edit.before or _mode_differs(edit):
        files.write(edit.path, edit.after, edit.mode)


def _write_edits(record: Record, edits: Sequence[Edit]) -> None:
    try:
        for edit in edits:
            _write_edit(edit)
            point("install.written")
    except StoreError:
        for edit, touched in zip(edits, record.files, strict=True):
            if digest(files.read(edit.path)) == touched.after:
                _write_edit(replace(edit, before=edit.after, after=edit.before, mode=touched.mode_before))
        _close_records([record], [])
        raise


def _undo_file(target: Target, record: Record, touched: TouchedFile, now: _FileState) -> None:
    """Update a file's state to before one installation."""
    found = digest(now.text)
    verdict: Verdict = "untouched"
    if found == touched.before and found != touched.after:
        return
    if now.text is None and touched.after is not None:
        verdict = "gone"
    elif found == touched.after and (touched.before is None or record.original(touched) is not None):
        now.text, verdict = record.original(touched), "exact"
    elif now.text is not None:
        left = target.text_without_ours(Path(touched.path), now.text, touched.memo)
        verdict = "stuck" if left is None else "untouched" if left == now.text else "cleaned"
        now.text = now.text if left is None else left
    if now.mode == touched.mode_after and touched.mode_before is not None and verdict != "stuck":
        now.mode = touched.mode_before
    now.by_hand = touched.by_hand if verdict == "stuck" else now.by_hand
    now.verdict = _BY_SEVERITY[max(_BY_SEVERITY.index(now.verdict), _BY_SEVERITY.index(verdict))]


def _edit_for(path: str, now: _FileState) -> FileUndo:
    place = Path(path)
    edit = Edit(
        path=place, before=files.read(place), after=now.text, what="", by_hand=now.by_hand,
        mode=now.mode if now.mode != files.mode_of(place) else None,
    )  # fmt: skip
    return FileUndo(edit=edit, verdict=now.verdict)


def _close_records(found: Sequence[Record], undone: Sequence[FileUndo]) -> None:
    """Close the records whose files were restored, and remove directories made for them."""
    verdicts = {str(one.edit.path): one.verdict for one in undone}
    for record in found:
        mine = {verdicts.get(t.path, "exact") for t in record.files}
        folders = {folder for t in record.files for folder in t.folders}
        for folder in sorted(folders, key=len, reverse=True):
            files.remove_empty(Path(folder))
        if "stuck" not in mine:
            records.close(record, keep="cleaned" in mine)

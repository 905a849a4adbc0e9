"""Records of installations, written before any change: copies of the files and what was added.

`<EIDER_HOME>/install/<target>/<number>-<time>/` holds `manifest.json` and a copy of every touched file. Whenever the
process is killed, each file is as its record says it was before, or as it says it is after.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from eider import __version__
from eider.api.install import files
from eider.api.install.target import Edit
from eider.model import config
from eider.model.distribution import UPGRADE
from eider.model.errors import RefusedError, StoreError
from eider.model.failpoints import point

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
_UNFINISHED_PREFIX: Final = ".making-"
_CLOSED_SUFFIX: Final = ".undone"


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchedFile:
    """One file changed by an installation."""

    path: str
    before: str | None
    """SHA-256 of what it held; None where there was none."""
    after: str | None
    mode_before: int | None
    mode_after: int | None
    backup: str | None
    """Name of the copy beside the manifest."""
    folders: Sequence[str] = ()
    """Directories that were made for it, the outermost first."""
    memo: Mapping[str, Any] = field(default_factory=dict[str, Any])
    by_hand: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One installation."""

    folder: Path
    target: str
    place: str
    version: str
    """Of Eider."""
    python: str
    """Interpreter that the host was wired to."""
    at: str
    files: Sequence[TouchedFile]

    def original(self, touched: TouchedFile) -> bytes | None:
        """Return a file's former content; None if there was none or the copy is damaged."""
        if touched.backup is None:
            return None
        try:
            found = (self.folder / touched.backup).read_bytes()
        except OSError:
            return None
        return found if digest(found) == touched.before else None


def digest(text: bytes | None) -> str | None:
    """Return a content's hash; None for a missing file."""
    return None if text is None else hashlib.sha256(text).hexdigest()


def records_folder(home: Path) -> Path:
    """Return the directory of a home's install records."""
    return home / "install"


@contextmanager
def install_lock(home: Path) -> Generator[None]:
    """Lock out other installations of the same home.

    Raises:
        RefusedError: One is under way.
        StoreError: The home cannot be written.
    """
    import fcntl

    try:
        folder = config.private(records_folder(home))
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, files.PRIVATE)
    except OSError as error:
        raise StoreError(f"{str(home)!r} cannot be written ({error.strerror}); mend its permissions.") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise RefusedError(f"another installation works on {str(home)!r}; wait until it is done.") from None
    finally:
        os.close(descriptor)


def begin_record(home: Path, target: str, place: Path, edits: Sequence[Edit]) -> Record:
    """Write a record with copies of the files before they are changed; durable when it returns."""
    above = config.private(config.private(records_folder(home)) / target)
    for stray in above.glob(f"{_UNFINISHED_PREFIX}*"):
        shutil.rmtree(stray, ignore_errors=True)
    now = datetime.now(UTC)
    making = above / f"{_UNFINISHED_PREFIX}{os.getpid()}"
    making.mkdir(mode=0o700)
    kept = [_copy_original(making, n, edit) for n, edit in enumerate(edits)]
    said = {
        "format": FORMAT, "target": target, "place": str(place), "version": __version__, "python": sys.executable,
        "at": now.isoformat(timespec="seconds"), "files": [asdict(one) for one in kept],
    }  # fmt: skip
    files.write(making / MANIFEST, json.dumps(said, indent=1).encode())
    files.sync_folder(making)
    point("install.noted")
    numbers = [int(p.name.partition("-")[0]) for p in above.iterdir() if p.name[:1].isdigit()]
    folder = above / f"{max(numbers, default=0) + 1:04d}-{now:%Y%m%dT%H%M%SZ}"
    making.rename(folder)
    files.sync_folder(above)
    point("install.begun")
    return _read_record(folder)


def active_records(home: Path, target: str) -> list[Record]:
    """Return installations that were not undone, newest first.

    Raises:
        StoreError: A record cannot be read.
    """
    above = records_folder(home) / target
    if not above.is_dir():
        return []
    folders = sorted(
        (p for p in above.iterdir() if p.name[:1].isdigit() and not p.name.endswith(_CLOSED_SUFFIX)), reverse=True
    )
    return [_read_record(folder) for folder in folders]


def close(record: Record, *, keep: bool) -> Path | None:
    """Mark an installation as undone; its copies are kept only if `keep`."""
    if keep:
        done = record.folder.with_name(record.folder.name + _CLOSED_SUFFIX)
        record.folder.rename(done)
        return done
    gone = record.folder.with_name(f"{_UNFINISHED_PREFIX}{record.folder.name}")
    record.folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)
    for folder in (record.folder.parent, record.folder.parent.parent):
        files.remove_empty(folder)
    return None


def _copy_original(folder: Path, number: int, edit: Edit) -> TouchedFile:
    name = None
    if edit.before is not None:
        name = f"{number}-{edit.path.name}"
        files.write(folder / name, edit.before)
    mode = files.mode_of(edit.path)
    return TouchedFile(
        path=str(edit.path), before=digest(edit.before), after=digest(edit.after), mode_before=mode,
        mode_after=edit.mode if edit.mode is not None else mode, backup=name, memo=edit.memo, by_hand=edit.by_hand,
        folders=[str(f) for f in files.missing_folders(edit.path)],
    )  # fmt: skip


def _read_record(folder: Path) -> Record:
    try:
        said = json.loads((folder / MANIFEST).read_bytes())
        if said["format"] != FORMAT:
            raise StoreError(f"{str(folder)!r} was written by a later Eider; upgrade with {UPGRADE}.")
        touched = [TouchedFile(**one) for one in said["files"]]
        return Record(
            folder=folder, files=touched, **{k: said[k] for k in ("target", "place", "version", "python", "at")}
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{str(folder)!r} cannot be read ({error}); put back by hand what its copies hold, then remove it."
        ) from None

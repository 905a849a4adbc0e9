"""Reads and atomically replaces files of other programs, keeping permissions and links."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from eider.model.errors import RefusedError, StoreError

PRIVATE: Final = 0o600
_READABLE: Final = 0o444
_NEW_SUFFIX: Final = ".eider-new"


def read(path: Path) -> bytes | None:
    """Read a file; None if it does not exist.

    Raises:
        RefusedError: It is no file, or may not be read.
    """
    try:
        if path.exists() and not path.is_file():
            raise RefusedError(f"{str(path)!r} is no file; move it away.")
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RefusedError(f"{str(path)!r} cannot be read ({error.strerror}); mend its permissions.") from None


def mode_of(path: Path) -> int | None:
    """Return a file's permissions; None if it does not exist."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return None


def check_writable(path: Path) -> None:
    """Raise if a file cannot be replaced.

    Raises:
        RefusedError: It cannot; the message says what stands in the way.
    """
    real = Path(os.path.realpath(path))
    folder = real.parent
    if real.exists() and not os.access(real, os.W_OK):
        raise RefusedError(f"{str(real)!r} may not be written; mend its permissions (chmod u+w).")
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir():
        raise RefusedError(f"{str(folder)!r} is no directory; move it away.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise RefusedError(f"nothing can be written to {str(folder)!r}; mend its permissions (chmod u+wx).")


def missing_folders(path: Path) -> list[Path]:
    """Return the directories missing above a file, outermost first."""
    found: list[Path] = []
    folder = Path(os.path.realpath(path)).parent
    while not folder.exists():
        found.insert(0, folder)
        folder = folder.parent
    return found


def write(path: Path, text: bytes, mode: int | None = None) -> None:
    """Replace a file's content atomically; permissions and symbolic links stay.

    Args:
        path: Which file; directories on the way are made.
        text: All of it.
        mode: Permissions it shall have; None keeps those it has, or makes a new one its owner's alone.

    Raises:
        StoreError: It could not be written; the file is as it was.
    """
    real = Path(os.path.realpath(path))
    kept = mode_of(real)
    mode = mode if mode is not None else kept if kept is not None else PRIVATE
    fresh = real.with_name(f".{real.name}{_NEW_SUFFIX}.{os.getpid()}")
    try:
        for folder in missing_folders(real):
            folder.mkdir(exist_ok=True, mode=0o700)
            folder.chmod(0o700 | (mode & _READABLE) | ((mode & _READABLE) >> 2))
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
            file.flush()
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        fresh.replace(real)
        sync_folder(real.parent)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise StoreError(
            f"{str(real)!r} cannot be written ({error.strerror}); free some space, or mend its permissions."
        ) from None


def remove(path: Path) -> None:
    """Delete a file; a symbolic link to it stays."""
    real = Path(os.path.realpath(path))
    try:
        real.unlink(missing_ok=True)
        sync_folder(real.parent)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"{str(real)!r} cannot be removed ({error.strerror}); mend its permissions.") from None


def remove_empty(folder: Path) -> bool:
    """Remove a directory if it is empty."""
    try:
        folder.rmdir()
    except OSError:
        return False
    return True


def remove_leftovers(folder: Path, name: str) -> None:
    """Remove temporary files that a killed process left beside a file."""
    for stray in folder.glob(f".{name}{_NEW_SUFFIX}.*") if folder.is_dir() else ():
        stray.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Sync a directory to disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

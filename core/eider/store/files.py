"""The directory of a store: which file is the truth, and how far it was acknowledged."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from eider.model.errors import (
    InputError,
    ReadOnlyStoreError,
    StoreDamagedError,
    StoreError,
    StoreFullError,
    StoreMissingError,
)
from eider.store.event_chain import GENESIS

CURRENT: Final = "CURRENT"
HEAD: Final = "head"
INDEX: Final = "index"
PUBLISHED: Final = "PUBLISHED"
_TRUTH: Final = "truth-{:06d}.duckdb"
HEADLESS: Final = "head.missing"
"""A file that is there while nobody has looked into why the head was gone; it holds the last event that was left."""
_HEAD_BYTES: Final = 96
_NAME_ONLY: Final = getattr(os, "O_PATH", 0)
"""Flag of a descriptor that holds an inode and opens no file: closing it drops no lock that DuckDB has there."""


class StoreFiles:
    """Paths within one store directory, and the two small files that guard the large one.

    `CURRENT` names the one valid truth file; it is replaced by rename, so a crash leaves the old or the new.
    `head` holds the number and hash of the last acknowledged event: DuckDB drops a damaged write-ahead log
    without a word, and this is how the loss is noticed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._head_fd = self._log_fd = -1

    @property
    def index(self) -> Path:
        """Directory of the derived index."""
        return self.folder / INDEX

    @property
    def published(self) -> bool:
        """Whether this is an immutable snapshot."""
        return (self.folder / PUBLISHED).exists()

    @property
    def writable(self) -> bool:
        """Whether this process may write here."""
        return not self.published and os.access(self.folder, os.W_OK | os.X_OK)

    def truth(self) -> Path:
        """The valid truth file.

        Raises:
            StoreMissingError: There is no store here.
            StoreDamagedError: `CURRENT` or the file it names is gone or unreadable.
        """
        if not self.folder.is_dir():
            raise StoreMissingError(self.folder)
        try:
            name = (self.folder / CURRENT).read_text().strip()
        except FileNotFoundError:
            raise self._nameless() from None
        except (OSError, UnicodeDecodeError) as error:
            raise StoreDamagedError(self.folder, f"{CURRENT} cannot be read ({error})", _RESTORE) from error
        path = self.folder / name
        if not name.startswith("truth-") or "/" in name:
            raise StoreDamagedError(self.folder, f"{CURRENT} names {name[:40]!r}", _RESTORE)
        if not path.is_file():
            raise StoreDamagedError(self.folder, f"{name!r} is gone", _RESTORE)
        return path

    def _nameless(self) -> Exception:
        if any(self.folder.glob("truth-*.duckdb")):
            return StoreDamagedError(self.folder, f"{CURRENT} is gone", _RESTORE)
        return StoreMissingError(self.folder, "the directory holds no store; open an empty or a new path.")

    def next_truth(self) -> Path:
        """Where the next generation of the truth goes."""
        number = int(self.truth().stem.removeprefix("truth-"))
        return self.folder / _TRUTH.format(number + 1)

    @staticmethod
    def settle(path: Path) -> None:
        """Put a new truth file safely on the disk, before anybody has it open."""
        path.chmod(0o600)
        sync(path)

    def point_to(self, path: Path) -> None:
        """Make a settled truth file the valid one, for good: fsync, rename, fsync of the directory."""
        _write_synced(self.folder / CURRENT, path.name)

    def sweep(self) -> list[str]:
        """Remove what a crash left behind: other generations and half-written files."""
        kept = self.truth().name
        left = [p for p in self.folder.glob("truth-*.duckdb*") if not p.name.startswith(kept)]
        left += [p for name in ("*.new.*", "owner.json.*") for p in self.folder.glob(name) if p.is_file()]
        for path in left:
            path.unlink(missing_ok=True)
        return [path.name for path in left]

    def settle_log(self, truth: Path) -> None:
        """Make the name of a new write-ahead log durable: a file that was synced may still lose its directory entry.

        The last one's inode is held, or a new one might get its number and pass for it.
        """
        with contextlib.suppress(OSError):
            log = truth.with_name(f"{truth.name}.wal")
            found = log.stat()
            if self._log_fd >= 0:
                known = os.fstat(self._log_fd)
                if (known.st_dev, known.st_ino) == (found.st_dev, found.st_ino):
                    return
                os.close(self._log_fd)
                self._log_fd = -1
            sync(self.folder)
            if _NAME_ONLY:
                self._log_fd = os.open(log, _NAME_ONLY | os.O_CLOEXEC)

    def note_head(self, seq: int, digest: str) -> None:
        """Remember the last acknowledged event; ordered after its commit, and cheap.

        On a full disk it stays behind: the commit is durable, and a head that lags accuses nobody.
        """
        with contextlib.suppress(OSError):
            fresh = False
            if self._head_fd < 0:
                fresh = not (self.folder / HEAD).exists()
                self._head_fd = os.open(self.folder / HEAD, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            line = f"{seq:020d} {digest}".encode().ljust(_HEAD_BYTES - 1) + b"\n"
            os.pwrite(self._head_fd, line, 0)
            if fresh:
                os.fsync(self._head_fd)
                sync(self.folder)

    def mark_headless(self, seq: int) -> None:
        """Remember that the note of the last event was gone when the store was opened, until somebody has looked."""
        with contextlib.suppress(OSError):
            if not (self.folder / HEADLESS).exists():
                _write_synced(self.folder / HEADLESS, str(seq))

    def head(self) -> tuple[int, str] | None:
        """The last acknowledged event's number and hash, if any was."""
        with contextlib.suppress(OSError, ValueError):
            number, digest = (self.folder / HEAD).read_text().split()
            if number.isdigit() and len(digest) == len(GENESIS):
                return int(number), digest
        return None

    def close(self) -> None:
        """Close what is held open."""
        for descriptor in (self._head_fd, self._log_fd):
            if descriptor >= 0:
                os.close(descriptor)
        self._head_fd = self._log_fd = -1


_RESTORE: Final = "Restore the directory from a backup, or import an export into a new store."


def create(folder: Path, fill: Callable[[Path], None]) -> None:
    """Make a store appear whole or not at all.

    Everything is built in a sibling directory and renamed, so that no crash leaves a half-made store
    and of two racing creators one simply finds the other's.

    Args:
        folder: Where the store shall be; absent, or an empty directory.
        fill: Writes the first truth file at the path it is given, and closes it.
    """
    made = folder.with_name(f".{folder.name}.{os.getpid()}.{secrets.token_hex(4)}")
    # take away what killed creations left beside it; a living creator keeps its own
    with contextlib.suppress(OSError):
        for half in folder.parent.glob(f".{glob.escape(folder.name)}.*.????????"):
            pid = half.name.split(".")[-2]
            if pid.isdigit() and not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
                shutil.rmtree(half, ignore_errors=True)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made.mkdir(mode=0o700)
    except OSError as error:
        raise uncreatable(folder, error) from error
    try:
        first = made / _TRUTH.format(1)
        fill(first)
        first.chmod(0o600)
        sync(first)
        _write_synced(made / CURRENT, first.name)
        _write_synced(made / HEAD, f"{0:020d} {GENESIS}".ljust(_HEAD_BYTES - 1))
        with contextlib.suppress(OSError):  # another process was faster, and its store is as good
            made.rename(folder)
            folder.chmod(0o700)
            sync(folder.parent)
    except OSError as error:
        raise uncreatable(folder, error) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


def uncreatable(folder: Path, error: OSError) -> Exception:
    """What the operating system says of a place, as an error of ours."""
    if error.errno == errno.ENAMETOOLONG:
        return InputError(f"store name {folder.name[:40]!r}… has {len(folder.name)} characters; use at most 200.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return ReadOnlyStoreError(folder, f"it cannot be created: {error.strerror}")
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return InputError(f"{str(folder.parent)!r} is not a directory; name a path whose parent is one.")
    if error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
        return StoreFullError(folder, error.strerror or "disk full")
    return StoreError(f"{str(folder)!r} cannot be created ({error.strerror}); name another path.")


def sync(path: Path) -> None:
    """Flush a file or directory to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_synced(path: Path, text: str) -> None:
    fresh = path.with_name(f"{path.name}.new.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync(path.parent)

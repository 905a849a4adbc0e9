"""One process owns a store: a `flock` on a file of its own, which is never read."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from eider.model.errors import ReadOnlyStoreError, StoreError, StoreFullError, StoreLockedError

LOCK: Final = "owner.lock"
OWNER: Final = "owner.json"


class OwnerLock:
    """The right to open a store's files, held from open to close.

    DuckDB's own lock is a POSIX lock: closing any other descriptor of its file drops it, so it cannot be
    the guard. `flock` belongs to the open descriptor; who holds it is noted in a second file, so that
    nobody needs to open the lock to ask.
    """

    def __init__(self, folder: Path, *, shared: bool = False) -> None:
        """Take the lock at once or say who has it.

        Args:
            folder: The store's directory.
            shared: Several readers of a store that nobody writes.

        Raises:
            StoreLockedError: Another process has it.
            ReadOnlyStoreError: The lock file cannot be made.
        """
        self._folder, self._shared = folder, shared
        self._fd = self._open(folder / LOCK, shared=shared)
        try:
            fcntl.flock(self._fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._fd)
            self._fd = -1
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                fix = "keep the store on a local disk"
                raise StoreError(f"{str(folder)!r} cannot be locked ({error.strerror}); {fix}.") from error
            raise StoreLockedError(folder, holder(folder)) from None
        _held.add(self)
        if not shared:
            with suppress(OSError):  # on a full disk the lock holds all the same, only its owner stays unnamed
                # say who holds it; written aside and renamed, so that a reader never sees half of it
                fresh = self._folder / f"{OWNER}.{os.getpid()}"
                descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                with os.fdopen(descriptor, "w") as file:
                    json.dump({"pid": os.getpid()}, file)
                fresh.replace(self._folder / OWNER)

    @staticmethod
    def _open(path: Path, *, shared: bool) -> int:
        flags = os.O_CLOEXEC | (os.O_RDONLY if shared else os.O_RDWR | os.O_CREAT)
        try:
            return os.open(path, flags, 0o600)
        except FileNotFoundError:
            if not shared:
                raise
            return os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)  # nobody ever wrote here, and nobody can
        except PermissionError as error:
            raise ReadOnlyStoreError(path.parent) from error
        except OSError as error:
            if error.errno == errno.EROFS:
                raise ReadOnlyStoreError(path.parent, "the file system is read-only") from error
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StoreFullError(path.parent, os.strerror(error.errno)) from error
            raise

    def close(self) -> None:
        """Give the lock back; closing twice is harmless."""
        if self._fd < 0:
            return
        if not self._shared:
            (self._folder / OWNER).unlink(missing_ok=True)
        os.close(self._fd)
        self._fd = -1

    def abandon(self) -> None:
        """In a forked child: let go of the descriptor without touching the parent's files.

        The lock belongs to the open description both share: a child that kept it would lock the store
        after its parent has closed it.
        """
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def holder(folder: Path) -> int | None:
    """Process id noted by the owner, if there is one."""
    try:
        return int(json.loads((folder / OWNER).read_text())["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


_held: weakref.WeakSet[OwnerLock] = weakref.WeakSet()


def _after_fork() -> None:
    for lock in list(_held):
        lock.abandon()


os.register_at_fork(after_in_child=_after_fork)

"""What keeps a home from remembering, as one line with its fix: told at a session's start and in `eider status`."""

from __future__ import annotations

import errno
import shutil
import threading
from pathlib import Path
from typing import Final

from eider.model.errors import EmbedderMismatchError, SpoolError, StoreDamagedError, StoreError, StoreLockedError

LEAST_BYTES: Final = 20 * 1024 * 1024
"""Free bytes below which a disk is called full: less than one commit may need."""
_TOLD: Final = (StoreError, SpoolError, EmbedderMismatchError)


class Trouble:
    """The latest fault of each store that was not followed by a write that went well."""

    def __init__(self, home: str) -> None:
        """Know of nothing yet."""
        self._home = Path(home)
        self._faults: dict[str, str] = {}
        self._lock = threading.Lock()

    def note(self, store: str, error: BaseException) -> None:
        """Note a fault of a store; errors of a request are nobody's trouble but the caller's."""
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EROFS, errno.EDQUOT)
        if isinstance(error, StoreLockedError) or not (full or isinstance(error, _TOLD)):
            return
        said = " ".join(str(error).split()).rstrip(".")
        if isinstance(error, StoreDamagedError):
            said += "; eider doctor --fix names the newest good backup"
        with self._lock:
            self._faults[store] = f"{store}: {said}"

    def solved(self, store: str) -> None:
        """Note that a store was written to."""
        if self._faults:
            with self._lock:
                self._faults.pop(store, None)

    def lines(self) -> list[str]:
        """Return one line per trouble; none where all is well."""
        with self._lock:
            found = list(self._faults.values())
        return found + full_disk(self._home)


def full_disk(home: Path) -> list[str]:
    """Return a line where the disk of a home is full."""
    try:
        free = shutil.disk_usage(home).free
    except OSError as error:
        return [f"{str(home)!r} cannot be read ({error.strerror}); mend its permissions"]
    if free >= LEAST_BYTES:
        return []
    return [
        f"the disk of {str(home)!r} is full ({free // 2**20} MB are free); free some space: until then nothing new is kept"
    ]

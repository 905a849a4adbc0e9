"""Two directories change places in one step, so that a kill leaves the one or the other."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from eider.model.failpoints import point
from eider.store.files import sync

_AT_FDCWD: Final = -100
_EXCHANGE: Final = 2
"""RENAME_EXCHANGE of Linux and RENAME_SWAP of macOS have the same number."""
_UNKNOWN: Final = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM)


def exchange(one: Path, other: Path) -> None:
    """Let two directories of the same file system change names.

    Where the system or the file system cannot do it in one step, three renames do; between the first two nothing
    has the second name, and the next restore puts back what a kill left there.
    """
    if not _at_once(one, other):
        aside = one.with_name(f"{one.name}.aside")
        other.rename(aside)
        point("restore.between")
        try:
            one.rename(other)
        except OSError:
            aside.rename(other)
            raise
        aside.rename(one)
    sync(other.parent)


def _at_once(one: Path, other: Path) -> bool:
    library = ctypes.CDLL(None, use_errno=True)
    first, second = os.fsencode(one), os.fsencode(other)
    with suppress(AttributeError):
        if sys.platform == "darwin":
            failed = library.renamex_np(first, second, _EXCHANGE)
        else:
            failed = library.renameat2(_AT_FDCWD, first, _AT_FDCWD, second, _EXCHANGE)
        if not failed:
            return True
        number = ctypes.get_errno()
        if number not in _UNKNOWN:
            raise OSError(number, os.strerror(number), str(other))
    return False

"""What keeps the owner small: memory that was freed goes back to the system, and nothing is imported in passing."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any, Final

_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1
"""Parameters of `mallopt`, from glibc's malloc.h."""
_BLOCK: Final = 1024 * 1024
"""Bytes from which a block is the system's again once it is freed. glibc's own limit grows to 32 MB, and what it keeps
below that is in pieces: 35 MB after 2,000 rows. Arrays of a recall among 100,000 rows are smaller."""
_TOP: Final = 4 * _BLOCK
"""Free bytes that are kept at hand."""
_UNWANTED: Final = frozenset(("pandas",))


def _glibc() -> Any:
    """The C library where it is glibc, else nothing that has its functions."""
    return ctypes.CDLL(None) if sys.platform.startswith("linux") else None


def keep_little() -> None:
    """Have large blocks go back as soon as they are freed; nothing where the C library decides by itself."""
    with suppress(OSError, AttributeError):
        _glibc().mallopt(_MMAP_THRESHOLD, _BLOCK)
        _glibc().mallopt(_TRIM_THRESHOLD, _TOP)


def give_back() -> None:
    """Return what is free to the system: building segments and indexing leave tens of megabytes in small pieces.

    Takes a fraction of a millisecond where little is free, and some milliseconds after a bulk write.
    """
    with suppress(OSError, AttributeError):
        _glibc().malloc_trim(0)


class _Hidden:
    """Finds some packages missing."""

    @staticmethod
    def find_spec(name: str, *_: Any) -> None:
        """Refuse what is unwanted, and leave the rest to the next finder."""
        if name in _UNWANTED:
            raise ModuleNotFoundError(f"{name} is not for the owner", name=name)


def arrow_alone() -> None:
    """Import Arrow and let it find that there is no pandas, which it would import at the first array: 30 MB, 0.4 s.

    It looks once. Whoever wants a data frame makes it in their own process, of the Arrow table that was sent.
    """
    hidden: Any = _Hidden()
    sys.meta_path.insert(0, hidden)
    try:
        with suppress(ImportError):
            import_module("pyarrow.dataset")
    finally:
        sys.meta_path.remove(hidden)

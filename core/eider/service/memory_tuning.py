"""Keeps the server's memory small: returns freed memory and avoids unneeded imports."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final, cast

_ARENA_MAX: Final = -8
"""Parameter of `mallopt`, from glibc's malloc.h."""
_ARENAS: Final = 2
"""Heaps that threads share. glibc gives each of the first 8 per core its own, and what is free in one serves no other:
180 MB of 860 after 20,000 rows from eight clients. CPU time of recalls and writes by eight threads stayed the same."""
_UNWANTED: Final = frozenset(("pandas",))
_CATALOG_CLIENT: Final = "lance_namespace_urllib3_client"
"""Several hundred pydantic models of a REST catalog, which LanceDB imports for the annotations of calls to one."""


def _glibc() -> Any:
    """Return the C library if it is glibc."""
    return ctypes.CDLL(None) if sys.platform.startswith("linux") else None


def limit_math_threads() -> None:
    """Limit linear algebra to one thread, unless set otherwise; call before importing NumPy.

    A second thread saves no time and doubles the work: `recall` took 5.3 ms of processor with one and 9.3 with two among
    10,000 rows, 11.6 and 23 among 100,000, and the same time on the clock (four interleaved runs each, two cores).
    """
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        os.environ.setdefault(name, "1")


def limit_heaps() -> None:
    """Limit glibc's heaps; call before threads start."""
    with suppress(OSError, AttributeError):
        _glibc().mallopt(_ARENA_MAX, _ARENAS)


def release_free_memory() -> None:
    """Return free memory to the system.

    For moments of rest: a fraction of a millisecond where little is free, some milliseconds after a bulk write. Having
    glibc do it with every large block that is freed (`mallopt`) saved 30 MB more, and made each write a fifth dearer:
    6.7 to 8 ms of CPU at 200,000 rows.
    """
    with suppress(OSError, AttributeError):
        _glibc().malloc_trim(0)


class _HiddenPackages:
    """Import finder that hides some packages."""

    @staticmethod
    def find_spec(name: str, *_: Any) -> None:
        """Refuse hidden packages; leave the rest to the next finder."""
        if name in _UNWANTED:
            raise ModuleNotFoundError(f"{name} is not for the server", name=name)


def hide_pandas() -> None:
    """Keep Arrow from importing pandas, which it does at its first array (30 MB, 0.4 s).

    Whoever wants a data frame makes it in their own process, of the Arrow table that was sent.
    """
    if not any(isinstance(finder, _HiddenPackages) for finder in sys.meta_path):
        sys.meta_path.insert(0, cast("Any", _HiddenPackages()))


class _NamesOnly(ModuleType):
    """Module in which every name is an empty class."""

    def __getattr__(self, name: str) -> type:
        """Make the class, once."""
        if name.startswith("__"):
            raise AttributeError(name)
        made = type(name, (), {"__module__": self.__name__})
        setattr(self, name, made)
        return made


class _CatalogClient(Loader):
    """Import finder and loader that puts empty classes in place of the catalog client's models."""

    @classmethod
    def find_spec(cls, name: str, *_: Any) -> ModuleSpec | None:
        """Take the client and its modules; leave the rest to the next finder."""
        return ModuleSpec(name, cls(), is_package=True) if name.partition(".")[0] == _CATALOG_CLIENT else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Make the module."""
        return _NamesOnly(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Run nothing: names are made when they are asked for."""


def leave_out_catalog_client() -> None:
    """Let LanceDB be imported without the models of a REST catalog's client: two thirds of its import, and 20 MB.

    The server opens tables in directories and asks no catalog. Call before LanceDB is imported.
    """
    finder: Any = _CatalogClient
    if finder not in sys.meta_path:
        sys.meta_path.insert(0, finder)

"""Status figures of the server."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eider.client import spool
from eider.model.errors import EiderError

if TYPE_CHECKING:
    from eider.store.engine import Engine


def server_figures(home: str, began: float, engines: Mapping[Path, Engine]) -> dict[str, Any]:
    """Return the figures that `eider status` shows.

    Args:
        home: `EIDER_HOME`.
        began: When the server started, seconds since 1970.
        engines: Stores that are open.
    """
    return {
        "uptime": max(0.0, time.time() - began), "jobs": job_counts(engines), "spool_bytes": spool.waiting_bytes(home),
        "rss_bytes": memory_bytes(),
    }  # fmt: skip


def job_counts(engines: Mapping[Path, Engine]) -> dict[str, int]:
    """Count jobs of all open stores by state, without done ones."""
    total: dict[str, int] = dict.fromkeys(("waiting", "running", "dead"), 0)
    for engine in engines.values():
        try:
            found = engine.jobs.counts()
        except EiderError:  # one store that cannot be read hides nothing of the others
            continue
        for state in total:
            total[state] += found[state]
    return total


def memory_bytes() -> int:
    """Return the memory of this process in bytes, or its peak where that is all the system tells."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

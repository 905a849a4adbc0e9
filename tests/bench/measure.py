"""Timing, and what the machine itself costs: figures are given beside a floor of the same run."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of repeated calls."""

    p50: float
    p95: float
    n: int

    def __str__(self) -> str:
        return f"{self.p50:.2f} / {self.p95:.2f}"


def each(call: Callable[[object], object], inputs: Iterable[object]) -> Times:
    """Time one call per input, in milliseconds."""
    spent: list[float] = []
    for one in inputs:
        start = time.perf_counter()
        call(one)
        spent.append((time.perf_counter() - start) * 1e3)
    return Times(float(np.percentile(spent, 50)), float(np.percentile(spent, 95)), len(spent))


def once(call: Callable[[], object]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def fsync_ms(folder: Path) -> float:
    """p50 of writing 4 KiB and fsync."""
    with tempfile.NamedTemporaryFile(dir=folder) as file:

        def write(_: object) -> None:
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())

        return each(write, range(100)).p50


def interpreter_ms() -> float:
    """p50 of starting a bare interpreter."""
    return each(lambda _: subprocess.run([sys.executable, "-I", "-S", "-c", "pass"], check=True), range(15)).p50


def import_ms() -> float:
    """p50 of a process that imports eider and ends, less the same process without."""
    whole = each(lambda _: subprocess.run([sys.executable, "-c", "import eider"], check=True), range(15)).p50
    bare = each(lambda _: subprocess.run([sys.executable, "-c", "pass"], check=True), range(15)).p50
    return whole - bare


def machine() -> dict[str, str]:
    """What a reader needs to place the figures."""
    import duckdb
    import lancedb

    return {
        "cores": str(os.cpu_count()),
        "load at start": f"{os.getloadavg()[0]:.1f}",
        "Python": platform.python_version(),
        "DuckDB": duckdb.__version__,
        "LanceDB": lancedb.__version__,
        "NumPy": np.__version__,
    }


def rss_mb() -> float:
    """Resident memory of this process."""
    import psutil

    return psutil.Process().memory_info().rss / 1e6


def size_mb(folder: Path) -> float:
    """Bytes of all files below a directory, in MB."""
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) / 1e6

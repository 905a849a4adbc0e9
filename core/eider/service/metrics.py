"""Figures for Prometheus: what was asked, how long it took, and what is held. Counting is a few additions."""

from __future__ import annotations

import os
import sys
import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from eider.client.client import VERSION
from eider.client.spool import waiting_bytes

if TYPE_CHECKING:
    from prometheus_client.core import Metric

    from eider.service.http_request import AccessRecord
    from eider.store.engine import Engine

MEDIA: Final = "text/plain; version=0.0.4; charset=utf-8"
BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Seconds; the targets (8, 30, 40, 80 ms) each lie between two of them."""


class Metrics:
    """Counts since the server began, and a look at what it holds when somebody asks."""

    def __init__(
        self, home: str, engines: Callable[[], Mapping[Path, Engine]], gauges: Mapping[str, Callable[[], float]] | None = None
    ) -> None:  # fmt: skip
        """Start at zero.

        Args:
            home: `EIDER_HOME`.
            engines: The stores that are open.
            gauges: Further figures by name.
        """
        self.home, self._engines, self.gauges = home, engines, dict(gauges or {})
        self.began = time.time()
        self._answers: Counter[tuple[str, str]] = Counter()
        self._slots: dict[str, list[int]] = {}
        self._seconds: Counter[str] = Counter()
        self._lock = threading.Lock()

    def seen(self, seen: AccessRecord) -> None:
        """Count an answered request."""
        with self._lock:
            self._answers[seen.route, str(seen.status)] += 1
            slots = self._slots.setdefault(seen.route, [0] * (len(BOUNDS) + 1))
            slots[bisect_left(BOUNDS, seen.seconds)] += 1
            self._seconds[seen.route] += seen.seconds  # pyright: ignore[reportArgumentType]

    def text(self) -> tuple[str, str]:
        """Media type and everything, as Prometheus reads it."""
        from prometheus_client import CollectorRegistry, generate_latest

        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Now(self.families))  # pyright: ignore[reportArgumentType]
        return MEDIA, generate_latest(registry).decode()

    def families(self) -> Iterator[Metric]:
        """All figures as they are now."""
        yield from self._counted()
        yield from self._store_metrics()
        yield from self._process()

    def _counted(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

        with self._lock:
            answers, seconds = dict(self._answers), dict(self._seconds)
            slots = {route: list(found) for route, found in self._slots.items()}
        counted = CounterMetricFamily("eider_requests", "Answered requests.", labels=["route", "status"])
        for labels, count in sorted(answers.items()):
            counted.add_metric(labels, count)
        yield counted
        lasted = HistogramMetricFamily("eider_request_seconds", "Time until the answer.", labels=["route"])
        for route, found in sorted(slots.items()):
            below, buckets = 0, list[tuple[str, float]]()
            for bound, count in zip((*map(str, BOUNDS), "+Inf"), found, strict=True):
                below += count
                buckets.append((bound, below))
            lasted.add_metric([route], buckets, seconds[route])
        yield lasted

    def _store_metrics(self) -> Iterator[Metric]:
        engines = self._engines()
        yield _gauge("eider_open_stores", "Stores held open.", len(engines))
        yield _gauge("eider_spool_bytes", "Bytes of writes that wait in the spool.", waiting_bytes(self.home))
        for name, figure in self.gauges.items():
            yield _gauge(f"eider_{name}", "", figure())
        rows = _family("eider_rows", "Rows of open stores.", ["store", "table"])
        lag = _family(
            "eider_index_lag_rows", "Rows not yet in the search index; they are recalled all the same.", ["store"]
        )
        jobs = _family("eider_jobs", "Background jobs.", ["store", "state"])
        segments = _family("eider_segment_bytes", "Memory of loaded segments.", ["store"])
        for folder, engine in engines.items():
            with suppress(Exception):  # one that is being closed is left out
                totals = engine.store.inspection.totals()
                rows.add_metric([folder.stem, "episodes"], totals.episodes)
                rows.add_metric([folder.stem, "memories"], totals.memories)
                lag.add_metric([folder.stem], engine.store.index.pending())
                segments.add_metric([folder.stem], engine.segments.nbytes)
                for state, count in engine.store.job_list.counts().items():
                    jobs.add_metric([folder.stem, state], count)
        yield from (rows, lag, jobs, segments)

    def _process(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, InfoMetricFamily

        yield InfoMetricFamily("eider", "What runs.", {"version": VERSION, "python": sys.version.split()[0]})
        yield _gauge("process_start_time_seconds", "When the server began.", self.began)
        yield _gauge("process_resident_memory_bytes", "Memory of the server.", resident())
        spent = CounterMetricFamily("process_cpu_seconds", "Processor time of the server.")
        spent.add_metric([], time.process_time())
        yield spent


class _Now:
    """What a registry asks for its figures."""

    def __init__(self, families: Callable[[], Iterable[Metric]]) -> None:
        self.collect = families


def _family(name: str, said: str, labels: list[str]) -> Any:
    from prometheus_client.core import GaugeMetricFamily

    return GaugeMetricFamily(name, said, labels=labels)


def _gauge(name: str, said: str, value: float) -> Any:
    from prometheus_client.core import GaugeMetricFamily

    return GaugeMetricFamily(name, said, value=value)


def resident() -> float:
    """Bytes of memory this process takes; its highest so far where the present is not told."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024

"""Figures for Prometheus: read by its own parser, adding up, without content."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

import eider
from eider.providers.embedders.hashing import HashEmbedder
from eider.service.http_request import AccessRecord
from eider.service.metrics import BOUNDS, Metrics

SECRET = "a violet kite over Ulm"


def seen(route: str, seconds: float, status: int = 200) -> AccessRecord:
    """An answered request."""
    return AccessRecord(route=route, status=status, seconds=seconds, body={"request": {"text": SECRET}}, client="")


def figures(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample by name and labels, as Prometheus reads them."""
    media, text = metrics.text()
    assert media.startswith("text/plain")
    assert SECRET not in text
    families = list(text_string_to_metric_families(text))
    assert len({family.name for family in families}) == len(families)
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for f in families for s in f.samples}


def test_requests_are_counted_by_route_and_status(tmp_path: Path) -> None:
    """Each answer is counted once, and lands in the bucket of its time."""
    metrics = Metrics(str(tmp_path), dict)
    for seconds in (0.0005, 0.004, 0.004, 20.0):
        metrics.seen(seen("recall", seconds))
    metrics.seen(seen("recall", 0.001, 404))
    found = figures(metrics)
    assert found["eider_requests_total", (("route", "recall"), ("status", "200"))] == 4
    assert found["eider_requests_total", (("route", "recall"), ("status", "404"))] == 1
    buckets = [found["eider_request_seconds_bucket", (("le", str(b)), ("route", "recall"))] for b in BOUNDS]
    assert buckets == sorted(buckets)
    assert buckets[BOUNDS.index(0.001)] == 2
    assert buckets[BOUNDS.index(0.005)] == 4
    assert found["eider_request_seconds_bucket", (("le", "+Inf"), ("route", "recall"))] == 5
    assert found["eider_request_seconds_count", (("route", "recall"),)] == 5
    assert found["eider_request_seconds_sum", (("route", "recall"),)] == pytest.approx(20.0095)


def test_open_stores_are_measured(tmp_path: Path) -> None:
    """Rows, jobs and what the index has yet to take are told for each open store."""
    with eider.open(tmp_path / "notes.eider", user="ada", embedder=HashEmbedder()) as memory:
        memory.remember("Tea.")
        memory.record("Hello.")
        engine: Any = memory._engine
        metrics = Metrics(str(tmp_path), lambda: {tmp_path / "notes.eider": engine}, {"answer": lambda: 42})
        found = figures(metrics)
        assert found["eider_rows", (("store", "notes"), ("table", "memories"))] == 1
        assert found["eider_rows", (("store", "notes"), ("table", "episodes"))] == 1
        assert found["eider_index_lag_rows", (("store", "notes"),)] == engine.store.index.pending()
        assert found["eider_open_stores", ()] == 1
        assert found["eider_answer", ()] == 42
    assert "eider_rows" not in {name for name, _ in figures(metrics)}, "a closed store is left out"


def test_the_process_is_measured(tmp_path: Path) -> None:
    """Memory, processor time, spool and version are told."""
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "writes.jsonl").write_text("x" * 123)
    found = figures(Metrics(str(tmp_path), dict))
    assert found["eider_spool_bytes", ()] == 123
    assert found["process_resident_memory_bytes", ()] > 1_000_000
    assert found["process_cpu_seconds_total", ()] > 0
    assert any(name == "eider_info" and dict(labels)["version"] == eider.__version__ for name, labels in found)

"""Checks of one open store: its chain, its index, its vectors and its size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from eider.language.analysis import ANALYZER
from eider.service.doctor.files import size_of
from eider.service.doctor.registry import StoreContext, store_check
from eider.service.doctor.report import Finding, Severity
from eider.store import maintenance
from eider.store.files import StoreFiles

ROW_BYTES: Final = 4_000
"""Bytes that a row may take on disk, truth and index together: 4 MB per 1,000 rows, as documented."""
_SIZE_SLACK: Final = 64 * 1024 * 1024
"""Bytes a store may take whatever it holds: DuckDB and LanceDB grow in steps. A guess."""


def _rebuild_derived(patient: StoreContext, finding: Finding) -> None:
    """Add missing embeddings, drop orphaned ones, and rebuild the index."""
    del finding
    maintenance.complete(patient.engine)


def _reload_segments(patient: StoreContext, finding: Finding) -> None:
    del finding
    patient.engine.segments.drop()


_KINDS: Final[dict[str, tuple[str, Severity, str]]] = {
    "run eider rebuild": ("index-differs", "warning", "eider rebuild, or eider doctor --fix"),
    "run eider verify --fix": ("index-differs", "warning", "eider rebuild, or eider doctor --fix"),
    "reopen it": ("segment-differs", "warning", "eider stop, or eider doctor --fix"),
}
"""What `verify` advises → kind, severity and fix; whatever else it says asks for a backup."""


@store_check("truth and index", repairs={"index-differs": _rebuild_derived, "segment-differs": _reload_segments})
def integrity(patient: StoreContext) -> Iterator[Finding]:
    """Check the event chain, the rows, and what is derived from them."""
    for told in maintenance.verify(patient.engine, deep=patient.deep).findings:
        what, _, advice = told.rstrip(".").rpartition("; ")
        kind, severity, fix = _KINDS.get(advice, ("chain-broken", "error", "restore a backup; until then read only"))
        yield Finding(kind=kind, severity=severity, subject=patient.name, message=what, fix=fix)


def _embed_again(patient: StoreContext, finding: Finding) -> None:
    del finding
    patient.engine.writable()
    maintenance.refresh(patient.engine)


@store_check("vectors", repairs={"vectors-mixed": _embed_again})
def vectors(patient: StoreContext) -> Iterator[Finding]:
    """Find vectors of several embedders, or of the fallback one."""
    engine = patient.engine
    stale = len(engine.store.material.outdated(engine.embedder.fingerprint, ANALYZER))
    if stale:
        yield Finding(
            kind="vectors-mixed", severity="warning", subject=patient.name,
            message=f"{stale:,} vector(s) are not of {engine.embedder.fingerprint!r} and compare with nothing",
            fix="eider doctor --fix makes them anew",
        )  # fmt: skip
    if why := getattr(engine.embedder, "degraded", ""):
        yield Finding(
            kind="embedder-degraded",
            severity="info",
            subject=patient.name,
            message=str(why),
            fix="pip install wordllama",
        )


def _compact(patient: StoreContext, finding: Finding) -> None:
    del finding
    patient.engine.writable()
    patient.engine.scrub()


@store_check(
    "size", repairs={"store-large": _compact, "index-large": lambda patient, _: maintenance.rebuild(patient.engine)}
)
def store_size(patient: StoreContext) -> Iterator[Finding]:
    """Find files that are too large for what they hold."""
    folder, rows = patient.engine.store.place.folder, patient.engine.store.segments.count()
    if folder is None:
        return
    whole, index = size_of(folder), size_of(StoreFiles(folder).index)
    if (grown := size_finding(whole, index, rows)) is None:
        return
    what, took = ("its index takes", index) if grown == "index-large" else ("it takes", whole)
    yield Finding(
        kind=grown, severity="warning", subject=patient.name,
        message=f"{what} {took // 10**6:,} MB for {rows:,} rows; {ROW_BYTES // 1000} MB per 1,000 are usual for the whole",
        fix="eider doctor --fix writes it anew, without what was erased or replaced",
    )  # fmt: skip


def size_finding(whole: int, index: int, rows: int) -> str | None:
    """Return the kind of finding for a store's size; None if it is in proportion.

    >>> size_finding(50_000_000, 1_000_000, 10), size_finding(900_000_000, 800_000_000, 1_000)
    (None, 'index-large')
    """
    allowed = rows * ROW_BYTES + _SIZE_SLACK
    if whole <= allowed:
        return None
    return "index-large" if index > whole - index else "store-large"

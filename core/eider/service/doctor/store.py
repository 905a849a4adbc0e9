"""Checks of one open store: its chain, its index, its vectors and its size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from eider.language.analysis import ANALYZER
from eider.service.doctor.files import size_of
from eider.service.doctor.registry import Patient, store_check
from eider.service.doctor.report import Finding, Severity
from eider.store import maintenance

ROW_BYTES: Final = 4_000
"""Bytes that a row may take on disk, truth and index together: 4 MB per 1,000 rows, as documented."""
_SLACK: Final = 64 * 1024 * 1024
"""Bytes a store may take whatever it holds: DuckDB and LanceDB grow in steps. A guess."""
_BATCH: Final = 1_000
_LACKING: Final = (
    "SELECT user_id, id FROM (SELECT user_id, id FROM episodes UNION "
    "SELECT user_id, id FROM memories WHERE state <> 'erased') t ANTI JOIN embeddings x ON x.id = t.id ORDER BY 1, 2"
)
_ORPHANS: Final = (
    "DELETE FROM embeddings WHERE id NOT IN (SELECT id FROM episodes) AND id NOT IN (SELECT id FROM memories)"
)


def _renew(patient: Patient, finding: Finding) -> None:
    """Make what is missing of the search material, drop what belongs to nothing, build the index anew."""
    del finding
    engine = patient.engine
    engine.writable()
    with engine.store.database.reading() as db:
        lacking: list[tuple[str, str]] = db.execute(_LACKING).fetchall()
    for user in dict.fromkeys(owner for owner, _ in lacking):
        ids = [i for owner, i in lacking if owner == user]
        for start in range(0, len(ids), _BATCH):
            _index(patient, user, ids[start : start + _BATCH])
    with engine.store.database.writing() as db:
        db.execute(_ORPHANS)
    maintenance.rebuild(engine)


def _index(patient: Patient, user: str, ids: list[str]) -> None:
    engine = patient.engine
    episodes = engine.store.episodes(ids, user=user)
    memories = engine.store.memories([i for i in ids if not i.startswith("ep_")], user=user)
    made = engine.indexed_episodes(episodes) | engine.indexed_memories([m for m in memories if m.text])
    with engine.store.database.writing() as db:
        for id_, item in made.items():
            row = [id_, user, engine.embedder.fingerprint, item.vector, ANALYZER, item.analysis]
            db.execute("INSERT INTO embeddings VALUES (?, ?, ?, ?, ?, ?)", row)


def _reload(patient: Patient, finding: Finding) -> None:
    del finding
    patient.engine.segments.drop()


_KINDS: Final[dict[str, tuple[str, Severity, str]]] = {
    "run eider rebuild": ("index-differs", "warning", "eider rebuild, or eider doctor --fix"),
    "run eider verify --fix": ("index-differs", "warning", "eider rebuild, or eider doctor --fix"),
    "reopen it": ("segment-differs", "warning", "eider stop, or eider doctor --fix"),
}
"""What `verify` advises → kind, severity and fix; whatever else it says asks for a backup."""


@store_check("truth and index", mends={"index-differs": _renew, "segment-differs": _reload})
def truth(patient: Patient) -> Iterator[Finding]:
    """The event chain, the rows, and what is derived from them."""
    for told in maintenance.verify(patient.engine, deep=patient.deep).findings:
        what, _, advice = told.rstrip(".").rpartition("; ")
        kind, severity, fix = _KINDS.get(advice, ("chain-broken", "error", "restore a backup; until then read only"))
        yield Finding(kind=kind, severity=severity, subject=patient.name, message=what, fix=fix)


def _refresh(patient: Patient, finding: Finding) -> None:
    del finding
    patient.engine.writable()
    maintenance.refresh(patient.engine)


@store_check("vectors", mends={"vectors-mixed": _refresh})
def vectors(patient: Patient) -> Iterator[Finding]:
    """Whether all vectors are of one embedder, and of the good one."""
    engine = patient.engine
    with engine.store.database.reading() as db:
        sql = "SELECT count(*) FROM embeddings WHERE embedder <> ? OR analyzer <> ?"
        stale = db.execute(sql, [engine.embedder.fingerprint, ANALYZER]).fetchall()[0][0]
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


def _shrink(patient: Patient, finding: Finding) -> None:
    del finding
    patient.engine.writable()
    patient.engine.scrub()


@store_check(
    "size", mends={"store-large": _shrink, "index-large": lambda patient, _: maintenance.rebuild(patient.engine)}
)
def size(patient: Patient) -> Iterator[Finding]:
    """Whether the files have grown beyond what they hold."""
    files, rows = patient.engine.opened.files, patient.engine.store.count()
    whole, index = size_of(files.folder), size_of(files.index)
    if (grown := oversized(whole, index, rows)) is None:
        return
    what, took = ("its index takes", index) if grown == "index-large" else ("it takes", whole)
    yield Finding(
        kind=grown, severity="warning", subject=patient.name,
        message=f"{what} {took // 10**6:,} MB for {rows:,} rows; {ROW_BYTES // 1000} MB per 1,000 are usual for the whole",
        fix="eider doctor --fix writes it anew, without what was erased or replaced",
    )  # fmt: skip


def oversized(whole: int, index: int, rows: int) -> str | None:
    """Kind of finding that a store's bytes deserve; None while they are in proportion.

    >>> oversized(50_000_000, 1_000_000, 10), oversized(900_000_000, 800_000_000, 1_000)
    (None, 'index-large')
    """
    allowed = rows * ROW_BYTES + _SLACK
    if whole <= allowed:
        return None
    return "index-large" if index > whole - index else "store-large"

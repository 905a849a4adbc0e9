"""Upkeep: hold everything derived against the truth, and build it anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

from eider.language.analysis import ANALYZER
from eider.model.answers import Verified
from eider.model.clock import from_db
from eider.model.errors import IndexDamagedError
from eider.store import event_chain, rows
from eider.store.database import Cursor
from eider.store.engine import Engine
from eider.store.jobs import Job, Progress, handles
from eider.store.large_users import count_terms
from eider.store.publish import publish as publish_to
from eider.store.segment.segment import Segment

_BATCH: Final = 5_000
_SHOWN: Final = 5


def verify(engine: Engine, *, deep: bool = False) -> Verified:
    """Check the event chain, references between rows, and the search index.

    Args:
        engine: The open store.
        deep: Also read the whole search index and compare every loaded segment with a fresh one.
    """
    with engine.store.database.reading() as db:
        findings, checked = examined(db)
    if engine.opened.files.index.exists() or deep:
        checked["index"] = _check_index(engine, findings)
    if deep:
        checked["segments"] = _check_segments(engine, findings)
    return Verified(findings=tuple(findings), checked=checked)


def examined(db: Cursor) -> tuple[list[str], dict[str, int]]:
    """Findings and counts of what the truth alone can tell: the chain, its payloads, references between rows."""
    findings: list[str] = []
    checked = {"events": _check_chain(db, findings), "payloads": _check_payloads(db, findings)}
    checked |= _check_rows(db, findings)
    return findings, checked


def _check_chain(db: Cursor, findings: list[str]) -> int:
    previous, last, seen = event_chain.GENESIS, 0, 0
    sql = f"SELECT {rows.columns(rows.EVENT)} FROM events WHERE seq > ? ORDER BY seq LIMIT {_BATCH}"  # noqa: S608
    while found := db.execute(sql, [last]).fetchall():
        links = [
            event_chain.Link(
                seq=seq,
                at=from_db(at),
                actor=actor,
                op=op,
                ids=tuple(json.loads(ids)),
                commitment=commitment,
                previous=prev,
            )
            for seq, at, _, actor, op, ids, commitment, prev, _ in found
        ]
        hashes = [row[-1] for row in found]
        if links[0].seq != last + 1:
            findings.append(f"events {last + 1} to {links[0].seq - 1} are missing; restore a backup")
            previous = links[0].previous
        findings += [f"{fault}; restore a backup" for fault in event_chain.faults(links, hashes, previous)][:_SHOWN]
        previous, last, seen = hashes[-1], links[-1].seq, seen + len(found)
    return seen


def _check_payloads(db: Cursor, findings: list[str]) -> int:
    """Content that is still there must be what was committed to."""
    last, seen = 0, 0
    sql = (
        "SELECT e.seq, e.commitment, p.nonce, p.payload FROM events e JOIN event_payloads p USING (seq) "
        "WHERE e.seq > ? ORDER BY e.seq LIMIT ?"
    )
    while found := db.execute(sql, [last, _BATCH]).fetchall():
        for seq, commitment, nonce, payload in found:
            if event_chain.commit_to(payload, nonce)[1] != commitment:
                findings.append(f"the content of event {seq} was altered; restore a backup")
        last, seen = found[-1][0], seen + len(found)
    return seen


def _check_rows(db: Cursor, findings: list[str]) -> dict[str, int]:
    """Every text has search material; every version but the last is retired; no event has lost its rows."""
    checks = {
        "{n} episode(s) without search material; run eider rebuild": (
            "SELECT count(*) FROM episodes e ANTI JOIN embeddings x ON x.id = e.id"
        ),
        "{n} memories without search material; run eider rebuild": (
            "SELECT count(*) FROM memories m ANTI JOIN embeddings x ON x.id = m.id WHERE m.state <> 'erased'"
        ),
        "{n} memories with more than one open version; restore a backup": (
            "SELECT count(*) FROM (SELECT id FROM memories WHERE retired_at IS NULL GROUP BY id HAVING count(*) > 1)"
        ),
        "{n} rows of events that do not exist; restore a backup": (
            "SELECT count(*) FROM (SELECT rev FROM episodes UNION SELECT rev FROM memories WHERE state <> 'erased') r "
            "ANTI JOIN events e ON e.seq = r.rev"
        ),
        "{n} vectors without a text; run eider verify --fix": (
            "SELECT count(*) FROM embeddings x ANTI JOIN episodes e ON e.id = x.id ANTI JOIN memories m ON m.id = x.id"
        ),
    }
    for message, sql in checks.items():
        if n := db.execute(sql).fetchall()[0][0]:
            findings.append(message.format(n=n))
    counted = "SELECT count(*) FROM {}"
    return {t: db.execute(counted.format(t)).fetchall()[0][0] for t in ("episodes", "memories", "embeddings")}


def _check_index(engine: Engine, findings: list[str]) -> int:
    try:
        missing, surplus = engine.opened.outbox.compare()
        inventory = len(engine.opened.index.inventory())
    except IndexDamagedError as error:
        findings.append(str(error))
        return 0
    if missing:
        findings.append(f"{len(missing)} row(s) are missing or old in the search index; run eider rebuild")
    if surplus:
        findings.append(f"{len(surplus)} row(s) of the search index are no longer in the store; run eider rebuild")
    return inventory


def _check_segments(engine: Engine, findings: list[str]) -> int:
    users = engine.store.users()
    for user in users:
        fresh = Segment.build(engine.store.rows(user=user))
        with engine.segments.hold(user) as held:
            ids = {i for row, i in enumerate(held.ids) if held.alive[row]}
        if ids != set(fresh.ids):
            findings.append(
                f"the loaded rows of a user differ from the store by {len(ids ^ set(fresh.ids))}; reopen it"
            )
    return len(users)


def refresh(engine: Engine, progress: Callable[[int, int], None] | None = None) -> int:
    """Make the vectors and analyses anew that are of another embedder or version; returns how many."""
    database, wanted = engine.store.database, [engine.embedder.fingerprint, ANALYZER]
    with database.reading() as db:
        sql = "SELECT user_id, id FROM embeddings WHERE embedder <> ? OR analyzer <> ? ORDER BY user_id, id"
        stale = db.execute(sql, wanted).fetchall()
    for start in range(0, len(stale), _BATCH):
        part = stale[start : start + _BATCH]
        for user in dict.fromkeys(owner for owner, _ in part):
            _refresh(engine, user, [i for owner, i in part if owner == user])
        if progress is not None:
            progress(min(start + _BATCH, len(stale)), len(stale))
    with database.writing() as db:
        db.execute("DELETE FROM meta WHERE name IN ('embedder', 'analyzer')")
        db.execute("INSERT INTO meta VALUES ('embedder', ?), ('analyzer', ?)", wanted)
        db.execute("DELETE FROM term_stats")
    engine.opened.stale = False
    engine.segments.drop()
    if stale and engine.opened.files.index.exists():
        engine.opened.outbox.rebuild(None)
    return len(stale)


def _refresh(engine: Engine, user: str, ids: list[str]) -> None:
    episodes = engine.store.episodes(ids, user=user)
    memories = engine.store.memories([i for i in ids if not i.startswith("ep_")], user=user)
    made = engine.indexed_episodes(episodes) | engine.indexed_memories([m for m in memories if m.text])
    columns = [list(made), [x.vector for x in made.values()], [x.analysis for x in made.values()]]
    with engine.store.database.writing() as db:
        sql = (
            "UPDATE embeddings SET vector = fresh.v, analysis = fresh.a, embedder = $4, analyzer = $5 "
            "FROM (SELECT unnest($1) AS i, unnest($2) AS v, unnest($3) AS a) AS fresh WHERE id = fresh.i"
        )
        db.execute(sql, [*columns, engine.embedder.fingerprint, ANALYZER])


@handles("heal")
def heal(engine: Engine, job: Job, progress: Progress) -> None:
    """After a kill: bring the search index back in step with the truth."""
    del job
    engine.opened.outbox.heal()
    progress(1, 1)


@handles("count_terms")
def recount(engine: Engine, job: Job, progress: Progress) -> None:
    """Count the terms of a user too large to load."""
    count_terms(engine.store, job.user)
    progress(1, 1)


@handles("reindex")
def reindex(engine: Engine, job: Job, progress: Progress) -> None:
    """Build the search index anew, behind the back of whoever reads and writes."""
    del job
    engine.opened.outbox.rebuild(progress)


def rebuild(engine: Engine, progress: Callable[[int, int], None] | None = None) -> int:
    """Build the search index anew from the truth; no embedder is asked. Returns its rows."""
    engine.writable()
    engine.segments.drop()
    return engine.opened.outbox.rebuild(progress)


def publish(engine: Engine, path: str | Path) -> Path:
    """Copy the store into an immutable snapshot; what was shown and not yet written is written first."""
    engine.usage.flush()
    return publish_to(engine.store, Path(path), engine.now())

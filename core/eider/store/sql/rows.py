"""Values to database rows and back; the only place that knows column orders."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from eider.model.changes import Indexing
from eider.model.clock import from_db, to_db
from eider.model.runs import RUN_OPS, STEP_OPS
from eider.model.values import Doubt, Edge, Episode, Event, Memory, Metadata, Span, Usage
from eider.store import event_chain

Row = tuple[Any, ...]

EPISODE: Final = (
    "id rev user_id speaker role session seq said_at tz recorded_at origin content metadata idem_key".split()
)
MEMORY: Final = (
    "id rev user_id agent kind content scope origin trust subject entities importance confidence evidence "
    "valid_from valid_to from_precision to_precision recorded_at superseded_by pinned state merged_from "
    "idem_key retired_at act reach answers said_again wording doubt"
).split()
EVENT: Final = "seq happened_at user_id actor op ids commitment previous hash".split()
EMBEDDING: Final = "id user_id embedder vector analyzer analysis spare_vector spare_embedder".split()
USAGE: Final = "id user_id stability last_used uses shown".split()


def columns(names: Sequence[str], table: str = "") -> str:
    """A select list."""
    return ", ".join(f"{table}.{name}" if table else name for name in names)


def _json_text(value: Any) -> str | None:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if value else None


def _db_time(value: datetime | None) -> datetime | None:
    return None if value is None else to_db(value)


def episode_row(episode: Episode, rev: int, seq: int) -> Row:
    """Columns of `EPISODE`."""
    e = episode
    return (
        str(e.id), rev, str(e.user), str(e.speaker), e.role, str(e.session), seq, to_db(e.at), e.tz,
        to_db(e.recorded_at), e.origin, str(e.text), _json_text(e.metadata), e.key,
    )  # fmt: skip


def episode_of(row: Row) -> Episode:
    """The value of one row of `EPISODE`."""
    id_, _, user, speaker, role, session, seq, at, tz, recorded, origin, text, metadata, key = row
    return Episode(
        id=id_, text=text, user=user, speaker=speaker, role=role, session=session, seq=seq, at=from_db(at), tz=tz,
        recorded_at=from_db(recorded), origin=origin, metadata=json.loads(metadata) if metadata else {}, key=key,
    )  # fmt: skip


def memory_row(memory: Memory, rev: int) -> Row:
    """Columns of `MEMORY`."""
    m = memory
    return (
        str(m.id), rev, str(m.user), str(m.agent), m.kind, str(m.text), str(m.scope), m.origin, m.trust,
        str(m.subject), _json_text(list(m.entities)), m.importance, m.confidence,
        _json_text(_spans(m.evidence)), to_db(m.valid_from), _db_time(m.valid_to),
        m.from_precision, m.to_precision, to_db(m.recorded_at), m.superseded_by, m.pinned, m.state,
        _json_text(list(m.merged_from)), m.key, _db_time(m.retired_at), m.act, m.reach,
        None if m.answers is None else _json_text(_spans([m.answers])), _json_text(_spans(m.said_again)),
        str(m.wording) or None, None if m.doubt is None else json.dumps(m.doubt.fields()),
    )  # fmt: skip


def memory_of(row: Row) -> Memory:
    """The value of one row of `MEMORY`."""
    (id_, rev, user, agent, kind, text, scope, origin, trust, subject, entities, importance, confidence, evidence,
     valid_from, valid_to, from_precision, to_precision, recorded, successor, pinned, state, merged, key,
     retired, act, reach, answers, again, wording, doubt) = row  # fmt: skip
    return Memory(
        id=id_, rev=rev, kind=kind, text=text, user=user, agent=agent, scope=scope, origin=origin, trust=trust,
        subject=subject, entities=tuple(json.loads(entities)) if entities else (), importance=importance,
        confidence=confidence, evidence=spans_of(evidence), valid_from=from_db(valid_from),
        valid_to=None if valid_to is None else from_db(valid_to), from_precision=from_precision,
        to_precision=to_precision, recorded_at=from_db(recorded), superseded_by=successor, pinned=pinned,
        state=state, merged_from=tuple(json.loads(merged)) if merged else (), key=key,
        retired_at=None if retired is None else from_db(retired), act=act, reach=reach,
        answers=None if answers is None else spans_of(answers)[0], said_again=spans_of(again), wording=wording or "",
        doubt=None if doubt is None else doubt_of(json.loads(doubt)),
    )  # fmt: skip


def doubt_of(fields: Mapping[str, Any]) -> Doubt:
    """The doubt that `Doubt.fields` wrote."""
    return Doubt(
        by=fields["by"], since=datetime.fromisoformat(fields["since"]), probability=fields["probability"],
        relation=fields["relation"], runner_up=fields["runner_up"],
    )  # fmt: skip


def _spans(spans: Iterable[Span]) -> list[list[str | int]]:
    return [[s.episode, s.start, s.end] for s in spans]


def spans_of(text: str | None) -> tuple[Span, ...]:
    """Evidence as stored."""
    return tuple(Span(episode=e, start=a, end=b) for e, a, b in json.loads(text)) if text else ()


def usage_row(usage: Usage, user: str) -> Row:
    """Columns of `USAGE`."""
    return (usage.id, user, usage.stability, to_db(usage.last_used), usage.uses, usage.shown)


def usage_of(row: Row) -> Usage:
    """The value of one row of `USAGE`."""
    id_, _, stability, last_used, uses, shown = row
    return Usage(id=id_, stability=stability, last_used=from_db(last_used), uses=uses, shown=shown)


def edge_row(edge: Edge, user: str, rev: int) -> Row:
    """Columns of the table `edges`."""
    return (user, edge.source, edge.target, edge.kind, edge.weight, rev)


def ids_of(text: str) -> tuple[str, ...]:
    """Ids of an event as stored."""
    return tuple(json.loads(text))


def embedding_row(id: str, user: str, embedder: str, analyzer: str, made: Indexing) -> Row:  # noqa: A002
    """Columns of `EMBEDDING`."""
    own = "" if made.pending else made.embedder or embedder
    return (str(id), str(user), own, made.vector, analyzer, made.analysis, made.spare, made.spare_embedder or None)


def event_of(row: Row, payload: Metadata | None) -> Event:
    """An event with the reason its payload gives, if that is still there."""
    seq, at, _, actor, op, ids, *_ = row
    reason = str(payload.get("reason", "")) if payload else ""
    return Event(
        id=event_chain.event_id(seq), seq=seq, at=from_db(at), actor=actor, op=op, ids=tuple(json.loads(ids)), reason=reason,
        erased=payload is None and op not in (*RUN_OPS, *STEP_OPS),
    )  # fmt: skip

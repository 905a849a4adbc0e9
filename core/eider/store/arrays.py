"""A user's rows as the ranker's arrays, read from DuckDB or built from what was just committed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eider.model.changes import Indexing
from eider.model.clock import local_date, to_db
from eider.model.forgetting_curve import initial_stability
from eider.model.values import GLOBAL, KINDS, ORIGINS, ROLES, STATES, TRUST, Episode, Memory
from eider.store.segment.segment import FOREVER, SegmentRows

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ROLE: Final = {role: code for code, role in enumerate(ROLES)}
ORIGIN_CODE: Final = {origin: code for code, origin in enumerate(ORIGINS)}
KIND_CODE: Final = {kind: code for code, kind in enumerate(KINDS)}
STATE_CODE: Final = {state: code for code, state in enumerate((*STATES, "superseded"))}
EPISODE_KIND: Final = -1


def micros(at: datetime) -> int:
    """Microseconds since 1970, UTC."""
    gap = at - _EPOCH
    return (gap.days * 86_400 + gap.seconds) * 1_000_000 + gap.microseconds


def plain(column: Any) -> NDArray[Any]:
    """Unmask a column (DuckDB hands out masked arrays where it may be null); bytes stay bytes."""
    if isinstance(column, list) and column and isinstance(column[0], bytes):
        kept = np.empty(len(column), object)  # an array of fixed-size bytes would lose the zeros at their ends
        kept[:] = column
        return kept
    if not isinstance(column, np.ma.MaskedArray):
        return np.asarray(column)
    plain = np.ma.getdata(column)
    if column.dtype == object:
        plain = plain.copy()
        plain[np.ma.getmaskarray(column)] = None
    return plain


def _days(instants: NDArray[Any], zones: Sequence[str]) -> NDArray[np.int32]:
    """Local dates; the zones are few, so the common one (UTC) needs no Python per row."""
    days = instants.astype("datetime64[D]").astype(np.int64) + _EPOCH.toordinal()
    if any(z != "UTC" for z in set(zones)):
        for i, name in enumerate(zones):
            if name != "UTC":
                at = instants[i].astype("datetime64[us]").item().replace(tzinfo=UTC)
                days[i] = local_date(at, name).toordinal()
    return days.astype(np.int32)


def _matrix(blobs: Sequence[bytes], width: int) -> NDArray[np.float32]:
    size = 4 * width
    empty = bytes(size)
    whole = b"".join(bytes(b) if len(b) == size else empty for b in blobs)
    return np.frombuffer(whole, np.float32).reshape(len(blobs), width)


def episodes_from(found: Mapping[str, Any], width: int) -> SegmentRows:
    """Build rows from columns of utterances, each of length n.

    Args:
        found: Lists or arrays by name; instants are datetime64, `scope` may hold None.
        width: Floats of a vector; `vector` holds float32 bytes, of another length where there is none.
    """
    n = len(found["id"])
    said = np.asarray(found["said_at"]).astype("datetime64[us]")
    scopes = [scope or GLOBAL for scope in plain(found["scope"])]
    return SegmentRows(
        ids=list(plain(found["id"])),
        is_memory=np.zeros(n, np.bool_),
        analysis=[bytes(a) for a in plain(found["analysis"])],
        vectors=_matrix(list(plain(found["vector"])), width),
        session=list(plain(found["session"])),
        seq=plain(found["seq"]).astype(np.int64),
        at=said.astype(np.int64),
        local_day=_days(said, list(plain(found["tz"]))),
        speaker=list(plain(found["speaker"])),
        role=np.array([_ROLE[r] for r in plain(found["role"])], np.int8),
        kind=np.full(n, EPISODE_KIND, np.int8),
        scope=scopes,
        valid_from=said.astype(np.int64),
        valid_to=np.full(n, FOREVER, np.int64),
        trust=np.array([TRUST[o] for o in plain(found["origin"])], np.int8),
        state=np.zeros(n, np.int8),
        importance=np.full(n, 3, np.int8),
        pinned=np.zeros(n, np.bool_),
        stability=np.full(n, initial_stability(3), np.float32),
        last_used=said.astype(np.int64),
        evidence=[()] * n,
        successor=[""] * n,
        origin=np.array([ORIGIN_CODE[o] for o in plain(found["origin"])], np.int8),
    )


def memories_from(found: Mapping[str, Any], width: int) -> SegmentRows:
    """Build rows from columns of statements, as `episodes_from`; `evidence` holds tuples of episode ids.

    `valid_to`, `stability` and `last_used` may be masked, NaN or NaT: open, and never used.
    """
    n = len(found["id"])
    starts = np.asarray(found["valid_from"]).astype("datetime64[us]").astype(np.int64)
    kinds, importance = list(plain(found["kind"])), plain(found["importance"]).astype(np.int8)
    fresh = [initial_stability(int(i), k) for i, k in zip(importance, kinds, strict=True)]
    ends = _instants(found["valid_to"], np.full(n, FOREVER, np.int64))
    dropped = (ends <= starts) & (np.array([s == "active" for s in plain(found["state"])], np.bool_))
    """Words that a person did not want kept: they say nothing of the utterance they are from."""
    learned = np.asarray(found["recorded_at"]).astype("datetime64[us]").astype(np.int64)
    return SegmentRows(
        ids=list(plain(found["id"])),
        is_memory=np.ones(n, np.bool_),
        analysis=[bytes(a) for a in plain(found["analysis"])],
        vectors=_matrix(list(plain(found["vector"])), width),
        session=[""] * n,
        seq=np.zeros(n, np.int64),
        at=starts,
        local_day=(starts // 86_400_000_000 + _EPOCH.toordinal()).astype(np.int32),
        speaker=list(plain(found["subject"])),
        role=np.zeros(n, np.int8),
        kind=np.array([KIND_CODE[k] for k in kinds], np.int8),
        scope=list(plain(found["scope"])),
        valid_from=starts,
        valid_to=ends,
        trust=plain(found["trust"]).astype(np.int8),
        state=np.array([STATE_CODE[s] for s in plain(found["state"])], np.int8),
        importance=importance,
        pinned=plain(found["pinned"]).astype(np.bool_),
        stability=_or(found["stability"], np.array(fresh, np.float32)),
        last_used=_instants(found["last_used"], learned),
        evidence=[() if never else cited for cited, never in zip(found["evidence"], dropped, strict=True)],
        successor=[after or "" for after in plain(found["successor"])],
        origin=np.array([ORIGIN_CODE[o] for o in plain(found["origin"])], np.int8),
    )


def _instants(column: Any, missing: NDArray[np.int64]) -> NDArray[np.int64]:
    """Microseconds, with another value where the column is null."""
    plain = np.ma.getdata(column).astype("datetime64[us]")
    null = np.ma.getmaskarray(column) | np.isnat(plain)
    return np.where(null, missing, plain.astype(np.int64))


def _or(column: Any, missing: NDArray[np.float32]) -> NDArray[np.float32]:
    plain = np.ma.getdata(column).astype(np.float32)
    return np.where(np.ma.getmaskarray(column) | np.isnan(plain), missing, plain).astype(np.float32)


def join_rows(first: SegmentRows, second: SegmentRows) -> SegmentRows:
    """Two sets of rows as one."""
    if not len(first.ids):
        return second
    if not len(second.ids):
        return first

    def both(name: str) -> Any:
        a, b = getattr(first, name), getattr(second, name)
        return np.concatenate([a, b]) if isinstance(a, np.ndarray) else [*a, *b]

    return SegmentRows(**{name: both(name) for name in SegmentRows.__slots__})


def of_episodes(episodes: Sequence[Episode], made: Mapping[str, Indexing], width: int) -> SegmentRows:
    """Rows of utterances that were just committed."""
    return episodes_from(
        {
            "id": [str(e.id) for e in episodes],
            "analysis": [made[e.id].analysis for e in episodes],
            "vector": [made[e.id].vector for e in episodes],
            "session": [str(e.session) for e in episodes],
            "seq": [e.seq for e in episodes],
            "said_at": np.array([to_db(e.at) for e in episodes], "datetime64[us]"),
            "tz": [e.tz for e in episodes],
            "speaker": [str(e.speaker) for e in episodes],
            "role": [e.role for e in episodes],
            "origin": [e.origin for e in episodes],
            "scope": [scope_of(e) for e in episodes],
        },
        width,
    )


def of_memories(memories: Sequence[Memory], made: Mapping[str, Indexing], width: int) -> SegmentRows:
    """Rows of statements that were just committed and have no usage yet."""
    never = np.array([np.datetime64("NaT")] * len(memories), "datetime64[us]")
    starts, ends = ([getattr(m, f) for m in memories] for f in ("valid_from", "valid_to"))
    return memories_from(
        {
            "id": [str(m.id) for m in memories],
            "analysis": [made[m.id].analysis for m in memories],
            "vector": [made[m.id].vector for m in memories],
            "valid_from": np.array([to_db(t) for t in starts], "datetime64[us]"),
            "valid_to": np.array([np.datetime64("NaT") if t is None else to_db(t) for t in ends], "datetime64[us]"),
            "kind": [m.kind for m in memories],
            "scope": [str(m.scope) for m in memories],
            "trust": [m.trust for m in memories],
            "state": ["superseded" if m.state == "active" and m.superseded_by else m.state for m in memories],
            "importance": [m.importance for m in memories],
            "pinned": [m.pinned for m in memories],
            "evidence": [tuple(s.episode for s in (*m.evidence, *m.said_again)) for m in memories],
            "subject": [str(m.subject) for m in memories],
            "origin": [m.origin for m in memories],
            "recorded_at": np.array([to_db(m.recorded_at) for m in memories], "datetime64[us]"),
            "stability": np.full(len(memories), np.nan, np.float32),
            "last_used": never,
            "successor": [m.superseded_by or (m.doubt.by if m.doubt is not None else None) for m in memories],
        },
        width,
    )


def scope_of(episode: Episode) -> str:
    """The scope a host noted in the metadata of an utterance; global without one."""
    scope = episode.metadata.get("scope")
    return scope if isinstance(scope, str) and scope else GLOBAL

"""Segments from plain descriptions, for tests of what ranks."""

from __future__ import annotations

import zlib
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eider.language.analysis import analyse
from eider.store.segment.segment import FOREVER, SegmentRows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

WIDTH: Final = 8
TODAY: Final = date(2026, 5, 4)


def vector_of(text: str) -> NDArray[np.float32]:
    """A unit vector that depends on the text alone and means nothing."""
    vector = np.random.default_rng(zlib.crc32(text.encode("utf-8", "surrogatepass"))).normal(size=WIDTH)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def segment_rows(items: Sequence[Mapping[str, Any]]) -> SegmentRows:
    """Rows from one mapping each: `id`, `text`, and whatever differs from the defaults.

    Other keys: memory, session, seq, at, day, speaker, role, kind, scope, valid_from, valid_to, trust, state,
    importance, pinned, stability, evidence, successor, vector.
    """

    def column(name: str, default: object, kind: type[np.generic]) -> NDArray[Any]:
        return np.array([item.get(name, default) for item in items], kind)

    at = column("at", 0, np.int64)
    vectors = [item.get("vector", vector_of(item["text"])) for item in items]
    return SegmentRows(
        ids=[item["id"] for item in items],
        is_memory=column("memory", False, np.bool_),
        analysis=[analyse(item["text"], said_on=TODAY).to_bytes() for item in items],
        vectors=np.array(vectors, np.float32) if vectors else np.zeros((0, WIDTH), np.float32),
        session=[item.get("session", "") for item in items],
        seq=column("seq", 0, np.int64),
        at=at,
        local_day=column("day", TODAY.toordinal(), np.int32),
        speaker=[item.get("speaker", "") for item in items],
        role=column("role", 0, np.int8),
        kind=np.array([item.get("kind", 0 if item.get("memory") else -1) for item in items], np.int8),
        scope=[item.get("scope", "global") for item in items],
        valid_from=column("valid_from", 0, np.int64),
        valid_to=column("valid_to", FOREVER, np.int64),
        trust=column("trust", 2, np.int8),
        state=column("state", 0, np.int8),
        importance=column("importance", 3, np.int8),
        pinned=column("pinned", False, np.bool_),
        stability=column("stability", 30, np.float32),
        last_used=at,
        evidence=[tuple(item.get("evidence", ())) for item in items],
        successor=[item.get("successor", "") for item in items],
    )

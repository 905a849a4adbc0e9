"""Writes items of a LangGraph store: a version for each put, a mark for each delete, and erasing behind.

An overwritten or deleted value is gone for every reader at once. Its bytes go with one erasure for all that was
overwritten or deleted meanwhile, on the memory's background writer.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from langgraph.store.base import PutOp

from eider.api.conversation_state import state_of
from eider.privacy.redact import redact_name
from eider_langchain.store_filters import Namespace
from eider_langchain.store_reads import StoreReader
from eider_langchain.store_rows import (
    DELETED,
    Index,
    Row,
    expiry,
    extended_fields,
    item_id,
    json_value,
    namespaces,
    record_fields,
    row_of,
    scope_of,
)

if TYPE_CHECKING:
    from eider import Eider
    from eider_langchain.store_vectors import StoreVectors

_MAX_OLD: Final = 256
"""Overwritten versions of an item that may wait to be erased. A guess."""
_QUIET: Final = 0.5
"""Seconds without a write after which is erased. A guess."""
_MAX_WAITS: Final = 100
"""How often that is waited for, each time a tenth of a second. A guess."""
_TICK: Final = timedelta(microseconds=1)


class StoreWriter:
    """Puts, deletes and erases the items of one store; thread-safe."""

    def __init__(
        self, memory: Eider, user: str, clock: Callable[[], datetime], fields: Sequence[str], *, keep_history: bool,
        vectors: StoreVectors | None,
    ) -> None:  # fmt: skip
        """Create it; see `EiderStore`."""
        self._memory, self._user, self._clock, self._fields = memory, user, clock, tuple(fields)
        self._keep_history, self._vectors = keep_history, vectors
        self.turn = threading.RLock()
        self._waiting: dict[str, Namespace] = {}
        """Items with versions to erase; and in `emptied` namespaces that may hold nothing any more."""
        self.emptied: dict[str, Namespace] = {}
        self._looked_back = self._queued = False
        self._written_at = 0.0

    def put(self, ops: Sequence[PutOp], before: Mapping[str, Row | None]) -> None:
        """Write the new versions of items, and marks for those that are deleted."""
        rows = [self._version(op, before[item_id(op.namespace, op.key)]) for op in ops]
        kept = [(op, row) for op, row in zip(ops, rows, strict=True) if row is not None]
        if not kept:
            return
        if self._vectors is not None:
            kept = [(op, row) for (op, _), row in zip(kept, self._vectors.embedded(kept), strict=True)]
        self._memory.record_many([self._record(op, row) for op, row in kept], user=self._user)
        for op, row in kept:
            if row.deleted:
                self.emptied[scope_of(row.namespace)] = tuple(op.namespace)
        new = {tuple(op.namespace) for op, row in kept if not row.deleted and _is_new(before[row.session])}
        names = [
            {"text": json.dumps(n, ensure_ascii=False), "kind": "context", "scope": scope, "pinned": True}
            for n, scope in ((n, scope_of(n)) for n in sorted(new))
            if not self._memory.search(user=self._user, kinds=["context"], scopes=[scope], limit=1).total
        ]
        if names:
            self._memory.remember_many(names, user=self._user)
        if self._waiting or not self._looked_back:
            self._written_at = time.monotonic()
            if not self._queued:
                self._queued = True
                state_of(self._memory).writer.write_later(self._erase_when_quiet)

    def extend_life(self, rows: Sequence[Row], share: float) -> None:
        """Let items live on of whose life a share has passed."""
        now = self._clock()
        for row in rows:
            if row.life_spent(now) < share:
                continue
            with self.turn:
                versions = StoreReader(self._memory, self._user)
                newest = versions.newest(row.session)
                if newest is not None and newest.id == row.id:
                    text = versions.versions(row.session)[0].text
                    written = max(now, row.written + _TICK)
                    old = self._note_old(row)
                    self._memory.record_many(
                        [extended_fields(replace(row, first=old), text, written)], user=self._user
                    )  # fmt: skip

    def erase(self, items: Mapping[str, Namespace], *, wait: bool = False) -> None:
        """Erase what items no longer need: all of what is deleted, and else what was overwritten."""
        reader = StoreReader(self._memory, self._user)
        ids = [id_ for item in items for id_ in self._unneeded(reader, item)]
        with self.turn:
            for scope, namespace in {**{scope_of(n): n for n in items.values()}, **self.emptied}.items():
                if not reader.holds_something(scope):
                    named = namespaces(self._memory, self._user).get(tuple(map(redact_name, namespace)))
                    ids += [named] if named is not None else []
                self.emptied.pop(scope, None)
            if ids:
                self._memory.forget_many(ids, user=self._user, wait=wait)

    def flush(self, timeout: float) -> bool:
        """Erase all that waits for it; False when that takes longer than `timeout` seconds."""
        writer = state_of(self._memory).writer
        writer.write_later(self.erase_waiting)
        return writer.flush(timeout)

    def _erase_when_quiet(self, tries: int = 0) -> None:
        """Erase once nothing was written for a moment: an erasure writes the file anew, and would hold writers up."""
        if tries < _MAX_WAITS and time.monotonic() - self._written_at < _QUIET:
            state_of(self._memory).writer.write_later(partial(self._erase_when_quiet, tries + 1))
        else:
            self._queued = False
            self.erase_waiting()

    def erase_waiting(self) -> None:
        """Erase what waits for it, and once what an earlier process left."""
        if not self._looked_back:
            self._looked_back = True
            left = self._memory.search(DELETED, user=self._user, kinds=["episode"], limit=10_000)
            rows = [row for r in left.items if r.episode is not None and (row := row_of(r.episode)) is not None]
            self._waiting.update({row.session: row.namespace for row in rows if row.deleted})
        waiting, self._waiting = self._waiting, {}
        if waiting:
            self.erase(waiting)

    # ------------------------------------------------------------------

    def _version(self, op: PutOp, before: Row | None) -> Row | None:
        """The next version of an item; None where there is nothing to delete."""
        now = self._clock()
        lives = before is not None and before.is_alive(now)
        if op.value is None and (before is None or before.deleted):
            return None
        written = now if before is None else max(now, before.written + _TICK)
        if op.value is None:
            self._waiting[item_id(op.namespace, op.key)] = tuple(op.namespace)
        return Row(
            id="", session=item_id(op.namespace, op.key), namespace=tuple(op.namespace), key=op.key,
            value={} if op.value is None else json_value(op.value), deleted=op.value is None,
            created=before.created if before is not None and lives else written, updated=written, written=written,
            ttl=op.ttl, expires=expiry(now, op.ttl), first=None if before is None else self._note_old(before),
        )  # fmt: skip

    def _note_old(self, before: Row) -> int:
        """Place of the oldest version that may be there once another follows; many old ones are noted for erasure."""
        first = before.seq if before.first is None else before.first
        full = before.seq - first >= _MAX_OLD and not self._keep_history
        if full or before.deleted or not before.is_alive(self._clock()):
            self._waiting[before.session] = before.namespace
            return before.seq
        return first

    def _record(self, op: PutOp, row: Row) -> dict[str, Any]:
        index: Index = False if row.deleted else op.index
        return record_fields(row, index, self._fields)

    def _unneeded(self, reader: StoreReader, item: str) -> list[str]:
        """Ids of the versions of an item that nobody needs, the oldest last."""
        rows = [(episode, row_of(episode)) for episode in reader.versions(item)]
        if not rows or rows[0][1] is None or rows[0][1].deleted or not rows[0][1].is_alive(self._clock()):
            return [episode.id for episode, _ in rows]
        if not self._keep_history:
            return [episode.id for episode, _ in rows[1:]]
        last = next((place for place, (_, row) in enumerate(rows) if row is None or row.deleted), len(rows))
        return [episode.id for episode, _ in rows[last:]]


def _is_new(before: Row | None) -> bool:
    return before is None or before.deleted

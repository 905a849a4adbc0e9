"""LangGraph's long-term store on Eider: items with versions, erased for real, found by their words.

All items of an `EiderStore` belong to one reserved user (default `langgraph`), apart from what people said. Writing an
item again adds a version and keeps the older ones (`history`); deleting it erases all of them.

Where LangGraph's own stores disagree, or Eider has reasons, it is as follows (M: InMemoryStore, S: SqliteStore):

- `created_at` survives overwriting (as S; M starts anew); times are aware, in UTC (as M; S has naive ones).
- Within a batch reads see what was there before it, the last write to a key wins (as both).
- Bad namespaces are refused in `batch` too (as S).
- A search without a query answers newest first (as S; M in order of insertion).
- A query ranks without any `index` given: by the words and the meaning of the item's `fields`, with the store's own
  embedder. Scores are Eider's, larger is better, not cosines. Items without searched text come last, score None (as M;
  S leaves them out).
- Filters reach into nested objects (as M; S refuses); `$ne` matches where the field is missing (as M; S does not); texts
  have an order among themselves (as S; M raises), and what cannot be compared does not match (M raises, S casts).
- TTLs work (as S; M refuses). What has expired is gone at once; `sweep_ttl` erases it. A read prolongs a life by writing
  a version, once a twentieth of it has passed.
- A namespace whose last item is deleted is no longer listed (as S; M goes on listing it).
- Values are JSON (as S; M keeps any object) of at most 60,000 characters; secrets in them are redacted string by string, and recalled text
  that carries Eider's marks is taken out, like everywhere in Eider. An item whose row was damaged has the value
  {"damaged": …} and can be deleted.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from langgraph.store import base
from langgraph.store.base import GetOp, Item, ListNamespacesOp, Op, PutOp, Result, SearchItem, SearchOp, TTLConfig

from eider.model.errors import UnknownIdError
from eider.privacy.redact import redact_name
from eider_langchain.store_filters import Namespace, matches, namespace_matches
from eider_langchain.store_rows import (
    PAGE,
    Index,
    Row,
    episodes,
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
    from eider import Eider, Episode

_REFRESH_SHARE: Final = 0.05
"""Share of a life that passes before a read prolongs it: at most twenty versions a life."""
_EXTRA_RESULTS: Final = 5
"""Hits beyond a page that may be older versions, expired or filtered out before more is looked at. A guess."""
_TICK: Final = timedelta(microseconds=1)
_checked: Callable[[Op], None] | None = getattr(base, "validate_op_namespace", None)
"""Since LangGraph 1.2.1 or so; before it, `put` and `search` check by themselves."""


class EiderStore(base.BaseStore):
    """A LangGraph store on an open memory; safe to share between threads.

    store = EiderStore(memory)
    store.put(("users", "ada"), "diet", {"text": "eats no nuts"})
    store.search(("users",), query="allergies")
    """

    supports_ttl = True

    def __init__(
        self, memory: Eider, *, user: str = "langgraph", fields: Sequence[str] = ("$",), ttl: TTLConfig | None = None,
        erase: Literal["later", "now"] = "later", clock: Callable[[], datetime] | None = None,
    ) -> None:  # fmt: skip
        """Keep items in a memory.

        Args:
            memory: An open memory.
            user: Reserved user they belong to; another one is another store.
            fields: Paths of a value that are searched for, unless `put(index=…)` says otherwise; "$" is the whole value.
            ttl: LangGraph's configuration: `default_ttl` in minutes, `refresh_on_read`.
            erase: What is deleted is gone at once for every reader; with "now" a delete waits until its bytes have
                left the disk as well.
            clock: The present, aware; for tests.
        """
        super().__init__()
        self._memory = memory.channel("langgraph", "agent")
        self._user, self._fields, self._erase = user, tuple(fields), erase
        self.ttl_config = ttl
        self._clock = clock or (lambda: datetime.now(UTC))
        self._writing = threading.RLock()

    # ------------------------------------------------------------------ LangGraph's interface

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Answer operations: the reads first, then the writes."""
        asked = list(ops)
        for op in asked:
            if _checked is not None:
                _checked(op)
        results: list[Result] = [self._read(op) for op in asked]
        writes = {(op.namespace, op.key): op for op in asked if isinstance(op, PutOp)}
        if writes:
            with self._writing:
                self._put([op for op in writes.values() if op.value is not None])
                for op in writes.values():
                    if op.value is None:
                        self._delete(item_id(op.namespace, op.key), op.namespace)
        return results

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """`batch` in a thread."""
        return await asyncio.to_thread(self.batch, list(ops))

    def history(self, namespace: Namespace, key: str) -> list[Item]:
        """All versions of an item, oldest first; none of what was deleted."""
        rows = [row for row in map(row_of, self._versions(item_id(namespace, key))) if row is not None]
        written = {row.updated: row for row in rows}  # a prolonged life is no other version
        return [written[at].item() for at in sorted(written)]

    def sweep_ttl(self) -> int:
        """Erase what has expired; returns how many items that were."""
        now = self._clock()
        with self._writing:
            gone = [row for row in self._current_rows(None) if not row.is_alive(now)]
            for row in gone:
                self._delete(row.session, row.namespace)
        return len(gone)

    # ------------------------------------------------------------------ reading

    def _read(self, op: Op) -> Result:
        match op:
            case GetOp():
                row = self._row(op.namespace, op.key)
                if row is None or not row.is_alive(self._clock()):
                    return None
                self._extend_life([row], asked=op.refresh_ttl)
                return row.item()
            case SearchOp():
                return self._search(op)
            case ListNamespacesOp():
                found = [
                    n for n in namespaces(self._memory, self._user) if namespace_matches(n, op.match_conditions or ())
                ]
                cut = {n if op.max_depth is None else n[: op.max_depth] for n in found}
                return sorted(cut)[op.offset : op.offset + op.limit]
            case PutOp():
                return None
            case _:
                raise ValueError(f"operation {type(op).__name__!r} is unknown; use LangGraph's.")

    def _row(self, namespace: Namespace, key: str) -> Row | None:
        found = next(episodes(self._memory, self._user, session=item_id(namespace, key), most=1), None)
        return None if found is None else row_of(found)

    def _versions(self, item: str) -> list[Episode]:
        return list(episodes(self._memory, self._user, session=item))

    def _current_rows(self, scopes: Sequence[str] | None) -> list[Row]:
        """The newest version of each item, newest first."""
        newest: dict[str, Row] = {}
        for episode in episodes(self._memory, self._user, scopes=scopes):
            if (row := row_of(episode)) is not None:
                newest.setdefault(row.session, row)
        return sorted(newest.values(), key=lambda row: row.updated, reverse=True)

    def _search(self, op: SearchOp) -> list[SearchItem]:
        prefix = tuple(map(redact_name, op.namespace_prefix))
        scopes = (
            [scope_of(n) for n in namespaces(self._memory, self._user) if n[: len(prefix)] == prefix]
            if prefix
            else None
        )
        if scopes == []:
            return []
        now = self._clock()
        scored = self._search_page(op, scopes, now) if op.query else None
        if scored is None:
            rows = [r for r in self._current_rows(scopes) if r.is_alive(now) and matches(r.value, op.filter or {})]
            scored = self._rank(op.query, rows, scopes) if op.query else [(r, None) for r in rows]
        page = scored[op.offset : op.offset + op.limit]
        self._extend_life([row for row, _ in page], asked=op.refresh_ttl)
        return [row.search_item(score) for row, score in page]

    def _search_page(
        self, op: SearchOp, scopes: Sequence[str] | None, now: datetime
    ) -> list[tuple[Row, float | None]] | None:  # fmt: skip
        """The best, without listing all there is; None where what is found by its words does not fill the page."""
        most, limit = op.offset + op.limit, op.offset + op.limit + _EXTRA_RESULTS
        current: dict[str, str | None] = {}
        while True:
            found = self._memory.recall(
                op.query or "", user=self._user, kinds=["episode"], scopes=scopes, limit=min(PAGE, limit)
            )
            best: list[tuple[Row, float | None]] = []
            for r in found:
                row = None if r.episode is None else row_of(r.episode)
                if row is None or not row.searched or not row.is_alive(now) or not matches(row.value, op.filter or {}):
                    continue
                if row.session not in current:
                    newest = self._row(row.namespace, row.key)
                    current[row.session] = newest and newest.id
                if current[row.session] == row.id:
                    best.append((row, r.score))
                if len(best) >= most:
                    return best
            if len(found) < limit:
                return None
            limit *= 10

    def _rank(
        self, query: str, rows: Sequence[Row], scopes: Sequence[str] | None
    ) -> list[tuple[Row, float | None]]:  # fmt: skip
        """Best first, then what the ranker did not look at, then what is not searched for."""
        by_id = {row.id: row for row in rows if row.searched}
        found = (
            self._memory.recall(query, user=self._user, kinds=["episode"], scopes=scopes, limit=PAGE) if by_id else []
        )
        best: list[tuple[Row, float | None]] = [(by_id.pop(r.id), r.score) for r in found if r.id in by_id]
        return [*best, *((row, None) for row in by_id.values()), *((row, None) for row in rows if not row.searched)]

    # ------------------------------------------------------------------ writing

    def _put(self, ops: Sequence[PutOp]) -> None:
        if not ops:
            return
        items = [self._version(op) for op in ops]
        self._memory.record_many(items, user=self._user)
        self._register_namespaces({op.namespace for op in ops})

    def _version(self, op: PutOp) -> dict[str, Any]:
        now, before = self._clock(), self._row(op.namespace, op.key)
        written = now if before is None else max(now, before.written + _TICK)
        lives = before is not None and before.is_alive(now)
        row = Row(
            id="", session=item_id(op.namespace, op.key), namespace=tuple(op.namespace), key=op.key, value=json_value(op.value),
            created=before.created if before is not None and lives else written, updated=written, written=written,
            ttl=op.ttl, expires=expiry(now, op.ttl),
        )  # fmt: skip
        index: Index = op.index
        return record_fields(row, index, self._fields)

    def _register_namespaces(self, places: set[Namespace]) -> None:
        """Have namespaces listed; one that is already stays as it is."""
        names = [
            {"text": json.dumps(n, ensure_ascii=False), "kind": "context", "scope": scope, "pinned": True}
            for n, scope in ((n, scope_of(n)) for n in sorted(places))
            if not self._memory.search(user=self._user, kinds=["context"], scopes=[scope], limit=1).total
        ]
        if names:
            self._memory.remember_many(names, user=self._user)

    def _extend_life(self, rows: Sequence[Row], *, asked: bool) -> None:
        """Let what was read live on, where that is wanted and a part of its life has passed."""
        if not asked or self.ttl_config is None or not self.ttl_config.get("refresh_on_read", True):
            return
        now = self._clock()
        for row in rows:
            if row.life_spent(now) < _REFRESH_SHARE:
                continue
            with self._writing:
                kept = next(episodes(self._memory, self._user, session=row.session, most=1), None)
                if kept is not None and kept.id == row.id:
                    written = max(now, row.written + _TICK)
                    self._memory.record_many([extended_fields(row, kept.text, written)], user=self._user)

    def _delete(self, item: str, namespace: Namespace) -> None:
        """Erase all versions, the oldest first: whatever interrupts, no older one comes back."""
        versions = self._versions(item)
        for place, episode in enumerate(reversed(versions)):
            last = place == len(versions) - 1
            self._forget(episode.id, wait=last and self._erase == "now")
        scope = scope_of(tuple(namespace))
        if versions and next(episodes(self._memory, self._user, scopes=[scope], most=1), None) is None:
            named = namespaces(self._memory, self._user).get(tuple(map(redact_name, namespace)))
            if named is not None:
                self._forget(named, wait=self._erase == "now")

    def _forget(self, id: str, *, wait: bool) -> None:  # noqa: A002 (the word users know)
        try:
            self._memory.forget(id, user=self._user, wait=wait)
        except UnknownIdError:  # another process was faster
            return

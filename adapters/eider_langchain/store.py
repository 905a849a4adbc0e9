"""LangGraph's long-term store on Eider: erased for real, found by words and meaning, with versions where wanted.

All items of an `EiderStore` belong to one reserved user (default `langgraph`), apart from what people said.

Where LangGraph's own stores disagree, or Eider has reasons, it is as follows (M: InMemoryStore, S: SqliteStore):

- `created_at` survives overwriting (as S; M starts anew); times are aware, in UTC (as M; S has naive ones).
- Within a batch reads see what was there before it, the last write to a key wins (as both).
- Bad namespaces are refused in `batch` too (as S).
- A search without a query answers newest first (as S; M in order of insertion).
- Without `index` a query ranks by the words and the meaning of the item's `fields`, with the memory's own embedder, and
  scores are Eider's, larger is better. With `index` the host's embedder ranks, and scores are cosines (as both).
  Items without searched text come last, score None (as M; S leaves them out).
- Filters reach into nested objects (as M; S refuses), also by dotted names (as S); `$ne` matches where the field is missing
  (as M; S does not); texts have an order among themselves (as S; M raises), and what cannot be compared does not match (M
  raises, S casts). Any text is a name (S refuses some, against SQL that is not there).
- TTLs work (as S; M refuses). What has expired is gone at once; `sweep_ttl` and the sweeper erase it. A read prolongs a life
  where `refresh_on_read` is set (as S), by writing a version once a twentieth of it has passed.
- A namespace whose last item is deleted is no longer listed (as S; M goes on listing it), in other processes once it is
  erased.
- Overwritten and deleted values are gone for every reader at once, and erased behind: up to 256 overwritten ones of an item
  wait for that. `keep_history=True` keeps them, for `history`.
- Values are JSON (as S; M keeps any object) of at most 900,000 characters; secrets in them are redacted string by string,
  NUL and halves of emoji are repaired, and recalled text that carries Eider's marks is taken out, like everywhere in
  Eider. An item whose row was damaged has the value {"damaged": …} and can be deleted.
- There are no tables, migrations or vector types to configure; `setup` does nothing.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from langgraph.store import base
from langgraph.store.base import GetOp, Item, ListNamespacesOp, Op, PutOp, Result, SearchItem, SearchOp, TTLConfig

import eider
from eider.privacy.redact import redact_name
from eider_langchain.store_filters import Namespace, matches, namespace_matches
from eider_langchain.store_reads import StoreReader
from eider_langchain.store_rows import PAGE, Row, item_id, row_of, scope_of
from eider_langchain.store_vectors import StoreVectors
from eider_langchain.store_writes import StoreWriter

if TYPE_CHECKING:
    from langgraph.store.base import IndexConfig

    from eider import Eider

_REFRESH_SHARE: Final = 0.05
"""Share of a life that passes before a read prolongs it: at most twenty versions a life."""
_EXTRA_RESULTS: Final = 5
"""Hits beyond a page that may be older versions, expired or filtered out before more is looked at. A guess."""
_SWEEP_MINUTES: Final = 5.0
"""Between two sweeps where the configuration does not say, as in LangGraph's own stores."""
_checked: Callable[[Op], None] | None = getattr(base, "validate_op_namespace", None)
"""Since LangGraph 1.2.1 or so; before it, `put` and `search` check by themselves."""
_log: Final = logging.getLogger("eider")


class EiderStore(base.BaseStore):
    """A LangGraph store on an open memory; safe to share between threads.

    store = EiderStore(memory)
    store.put(("users", "ada"), "diet", {"text": "eats no nuts"})
    store.search(("users",), query="allergies")
    """

    supports_ttl = True

    def __init__(
        self, memory: Eider, *, user: str = "langgraph", fields: Sequence[str] = ("$",), index: IndexConfig | None = None,
        ttl: TTLConfig | None = None, keep_history: bool = False, erase: Literal["later", "now"] = "later",
        clock: Callable[[], datetime] | None = None,
    ) -> None:  # fmt: skip
        """Keep items in a memory.

        Args:
            memory: An open memory.
            user: Reserved user they belong to; another one is another store.
            fields: Paths of a value that are searched for, unless `put(index=…)` says otherwise; "$" is the whole value.
            index: LangGraph's configuration (`dims`, `embed`, `fields`), where an embedder of the host's is to rank;
                without it Eider's own does.
            ttl: LangGraph's configuration: `default_ttl` in minutes, `refresh_on_read`, `sweep_interval_minutes`.
            keep_history: Whether overwritten values stay, for `history`.
            erase: What is deleted is gone at once for every reader; with "now" a delete waits until its bytes have
                left the disk as well.
            clock: The present, aware; for tests.
        """
        super().__init__()
        self._memory, self._user, self._erase = memory.channel("langgraph", "agent"), user, erase
        self.ttl_config, self.index_config = ttl, index
        self._vectors = None if index is None else StoreVectors(index)
        self.embeddings = None if self._vectors is None else self._vectors.embeddings
        self._clock = clock or (lambda: datetime.now(UTC))
        searched = fields if self._vectors is None else self._vectors.fields
        self._writer = StoreWriter(
            self._memory, user, self._clock, searched, keep_history=keep_history, vectors=self._vectors
        )
        self._keep_history = keep_history
        self._sweeper: threading.Thread | None = None
        self._sweeper_stop = threading.Event()

    @classmethod
    @contextmanager
    def from_conn_string(
        cls, conn_string: str, *, index: IndexConfig | None = None, ttl: TTLConfig | None = None, **settings: Any
    ) -> Generator[Self]:  # fmt: skip
        """Open a memory by its path, or the name of a shared store, and close it at the end.

        Args:
            conn_string: What `eider.open` takes.
            index: As in the constructor.
            ttl: As in the constructor.
            settings: What else the constructor takes.
        """
        with eider.open(conn_string) as memory:
            store = cls(memory, index=index, ttl=ttl, **settings)
            try:
                yield store
            finally:
                store.stop_ttl_sweeper(1.0)

    def setup(self) -> None:
        """Do nothing: a memory is ready when it is open."""

    # ------------------------------------------------------------------ LangGraph's interface

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Answer operations: the reads first, then the writes."""
        asked = list(ops)
        for op in asked:
            if _checked is not None:
                _checked(op)
        reader = StoreReader(self._memory, self._user, asked)
        results: list[Result] = [self._read(op, reader) for op in asked]
        writes = {(op.namespace, op.key): op for op in asked if isinstance(op, PutOp)}
        if writes:
            self._write([*writes.values()])
        return results

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """`batch` in a thread."""
        return await asyncio.to_thread(self.batch, list(ops))

    def history(self, namespace: Namespace, key: str) -> list[Item]:
        """All versions of an item, oldest first, where the store keeps them, else the present one; none of what was deleted."""
        rows: list[Row] = []
        for episode in StoreReader(self._memory, self._user).versions(item_id(namespace, key)):
            row = row_of(episode)
            if row is not None and (row.deleted or (rows and not self._keep_history)):
                break
            rows += [row] if row is not None else []
        written = {row.updated: row for row in reversed(rows)}  # a prolonged life is no other version
        return [written[at].item() for at in sorted(written)]

    def flush(self, timeout: float = 2.0) -> bool:
        """Wait until what was overwritten and deleted is erased; False when that takes longer than `timeout` seconds."""
        return self._writer.flush(timeout)

    # ------------------------------------------------------------------ what has expired

    def sweep_ttl(self) -> int:
        """Erase what has expired; returns how many items that were."""
        now = self._clock()
        gone = [row for row in StoreReader(self._memory, self._user).rows(None) if not row.is_alive(now)]
        if gone:
            self._writer.erase({row.session: row.namespace for row in gone})
        return sum(not row.deleted for row in gone)

    def start_ttl_sweeper(self, sweep_interval_minutes: float | None = None) -> concurrent.futures.Future[None]:
        """Sweep again and again in a thread; returns what can be waited for or cancelled.

        Args:
            sweep_interval_minutes: Minutes between two sweeps; by default as the configuration says, else 5.
        """
        ended: concurrent.futures.Future[None] = concurrent.futures.Future()
        ended.add_done_callback(lambda one: self._sweeper_stop.set() if one.cancelled() else None)
        if self.ttl_config is None:
            ended.set_result(None)
            return ended
        if self._sweeper is not None and self._sweeper.is_alive():
            return ended
        self._sweeper_stop.clear()
        interval = sweep_interval_minutes or self.ttl_config.get("sweep_interval_minutes") or _SWEEP_MINUTES

        def sweep() -> None:
            while not self._sweeper_stop.wait(interval * 60):
                try:
                    self.sweep_ttl()
                except Exception as error:  # noqa: BLE001 (the next sweep may succeed)
                    _log.warning("what has expired could not be erased (%s); it is tried again", type(error).__name__)
            if not ended.done():
                ended.set_result(None)

        self._sweeper = threading.Thread(target=sweep, name="eider-ttl-sweeper", daemon=True)
        self._sweeper.start()
        return ended

    def stop_ttl_sweeper(self, timeout: float | None = None) -> bool:
        """Stop the sweeper; False when it goes on for longer than `timeout` seconds."""
        thread = self._sweeper
        self._sweeper_stop.set()
        if thread is None or not thread.is_alive():
            return True
        thread.join(timeout)
        return not thread.is_alive()

    # ------------------------------------------------------------------ reading

    def _read(self, op: Op, reader: StoreReader) -> Result:
        match op:
            case GetOp():
                row = reader.row(op.namespace, op.key)
                if row is None or not row.is_alive(self._clock()):
                    return None
                self._extend_life([row], asked=op.refresh_ttl)
                return row.item()
            case SearchOp():
                return self._search(op, reader)
            case ListNamespacesOp():
                emptied = set(self._writer.emptied)  # before what is named is read: erasing ends while this goes on
                found = [n for n in reader.namespaces() if namespace_matches(n, op.match_conditions or ())]
                left = [n for n in found if scope_of(n) not in emptied or reader.holds_something(scope_of(n))]
                cut = {n if op.max_depth is None else n[: op.max_depth] for n in left}
                return sorted(cut)[op.offset : op.offset + op.limit]
            case PutOp():
                return None
            case _:
                raise ValueError(f"operation {type(op).__name__!r} is unknown; use LangGraph's.")

    def _search(self, op: SearchOp, reader: StoreReader) -> list[SearchItem]:
        prefix = tuple(map(redact_name, op.namespace_prefix))
        scopes = [scope_of(n) for n in reader.namespaces() if n[: len(prefix)] == prefix] if prefix else None
        if scopes == []:
            return []
        now = self._clock()
        scored = self._search_page(op, scopes, now, reader) if op.query and self._vectors is None else None
        if scored is None:
            rows = (r for r in reader.rows(scopes) if r.is_alive(now) and matches(r.value, op.filter or {}))
            if op.query:
                scored = self._rank(op.query, [*rows], scopes)
            else:
                scored = [(row, None) for row in islice(rows, op.offset + op.limit)]
        page = scored[op.offset : op.offset + op.limit]
        self._extend_life([row for row, _ in page], asked=op.refresh_ttl)
        return [row.search_item(score) for row, score in page]

    def _search_page(
        self, op: SearchOp, scopes: Sequence[str] | None, now: datetime, reader: StoreReader
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
                    newest = reader.row(row.namespace, row.key)
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
        if self._vectors is not None:
            return self._vectors.ranked(query, rows)
        by_id = {row.id: row for row in rows if row.searched}
        found = (
            self._memory.recall(query, user=self._user, kinds=["episode"], scopes=scopes, limit=PAGE) if by_id else []
        )
        best: list[tuple[Row, float | None]] = [(by_id.pop(r.id), r.score) for r in found if r.id in by_id]
        return [*best, *((row, None) for row in by_id.values()), *((row, None) for row in rows if not row.searched)]

    # ------------------------------------------------------------------ writing

    def _write(self, ops: Sequence[PutOp]) -> None:
        with self._writer.turn:
            reader = StoreReader(self._memory, self._user, ops)
            self._writer.put(ops, {item_id(op.namespace, op.key): reader.row(op.namespace, op.key) for op in ops})
        if self._erase == "now" and (deleted := [op for op in ops if op.value is None]):
            self._writer.erase({item_id(op.namespace, op.key): tuple(op.namespace) for op in deleted}, wait=True)

    def _extend_life(self, rows: Sequence[Row], *, asked: bool) -> None:
        """Let what was read live on, where that is wanted and a part of its life has passed."""
        if asked and self.ttl_config is not None and self.ttl_config.get("refresh_on_read", False):
            self._writer.extend_life(rows, _REFRESH_SHARE)

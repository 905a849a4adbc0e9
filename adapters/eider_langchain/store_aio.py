"""`EiderStore` with the async interface of LangGraph's async stores."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, Self

from langgraph.store.base import Op, Result, TTLConfig
from langgraph.store.base.batch import AsyncBatchedBaseStore

import eider
from eider_langchain.store import EiderStore

if TYPE_CHECKING:
    from types import TracebackType

    from langgraph.store.base import IndexConfig

    from eider import Eider

_log: Final = logging.getLogger("eider")


class AsyncEiderStore(AsyncBatchedBaseStore):
    """An `EiderStore` for async code: operations that are asked for at once are answered as one batch.

    Its sync methods are for other threads than the loop's, as in LangGraph's own async stores.

    async with AsyncEiderStore.from_conn_string("./memory.eider") as store:
        await store.aput(("users", "ada"), "diet", {"text": "eats no nuts"})
    """

    supports_ttl = True

    def __init__(self, memory: Eider, **settings: Any) -> None:
        """Keep items in a memory; made where a loop runs. The settings are those of `EiderStore`."""
        super().__init__()
        self.sync = EiderStore(memory, **settings)
        self.ttl_config, self.index_config = self.sync.ttl_config, self.sync.index_config
        self.embeddings = self.sync.embeddings
        self._sweeper: asyncio.Task[None] | None = None

    @classmethod
    @asynccontextmanager
    async def from_conn_string(
        cls, conn_string: str, *, index: IndexConfig | None = None, ttl: TTLConfig | None = None, **settings: Any
    ) -> AsyncGenerator[Self]:  # fmt: skip
        """Open a memory by its path, or the name of a shared store, and close it at the end; see `EiderStore`."""
        memory = await asyncio.to_thread(eider.open, conn_string)
        try:
            async with cls(memory, index=index, ttl=ttl, **settings) as store:
                yield store
        finally:
            await asyncio.to_thread(memory.close)

    async def setup(self) -> None:
        """Do nothing: a memory is ready when it is open."""

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """Answer operations: the reads first, then the writes."""
        return await asyncio.to_thread(self.sync.batch, list(ops))

    async def sweep_ttl(self) -> int:
        """Erase what has expired; returns how many items that were."""
        return await asyncio.to_thread(self.sync.sweep_ttl)

    async def start_ttl_sweeper(self, sweep_interval_minutes: float | None = None) -> asyncio.Task[None]:
        """Sweep again and again; returns the task that does."""
        if self._sweeper is None or self._sweeper.done():
            config: Any = self.ttl_config or {}
            minutes = sweep_interval_minutes or config.get("sweep_interval_minutes") or 5.0
            work = self._sweep(minutes * 60) if self.ttl_config is not None else asyncio.sleep(0)
            self._sweeper = asyncio.create_task(work, name="eider-ttl-sweeper")
        return self._sweeper

    async def stop_ttl_sweeper(self, timeout: float | None = None) -> bool:  # noqa: ASYNC109 (LangGraph's name)
        """Stop the sweeper; False when it goes on for longer than `timeout` seconds."""
        if self._sweeper is None or self._sweeper.done():
            return True
        self._sweeper.cancel()
        _, left = await asyncio.wait([self._sweeper], timeout=timeout)
        return not left

    async def _sweep(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await self.sweep_ttl()
            except Exception as error:  # noqa: BLE001 (the next sweep may succeed)
                _log.warning("what has expired could not be erased (%s); it is tried again", type(error).__name__)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop_ttl_sweeper()

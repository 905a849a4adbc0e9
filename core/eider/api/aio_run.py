"""An open run for async code: the same one, with what waits for the store moved to a thread."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from eider.api.run import OpenRun
from eider.api.run_steps import StepBlock

if TYPE_CHECKING:
    from eider.model.runs import Run, StepContext
    from eider.model.values import Json, Memory


class AsyncOpenRun:
    """A run of a workflow, for an `async with` block; functions that become steps are awaited, sync ones as well.

    async with memory.run("weekly-report", inputs={"team": "core"}) as run:

        @run.step
        async def collect(inputs): ...

        await collect()
    """

    def __init__(self, opened: Callable[[], OpenRun]) -> None:
        """Use `memory.run()` instead."""
        self._opened = opened
        self._run: OpenRun | None = None

    @property
    def sync(self) -> OpenRun:
        """The run itself, for code in threads."""
        if self._run is None:
            raise RuntimeError("the run has not begun; use it within `async with memory.run(…) as run`.")
        return self._run

    @property
    def id(self) -> str:
        """Its id."""
        return self.sync.id

    @property
    def record(self) -> Run:
        """It as a value, with the steps that ended so far."""
        return self.sync.record

    @property
    def resumed(self) -> bool:
        """Whether it goes on with an earlier one of its key."""
        return self.sync.resumed

    @property
    def outcome(self) -> float | None:
        """How it went, from -1 to 1; set it before the block ends."""
        return self.sync.outcome

    @outcome.setter
    def outcome(self, outcome: float | None) -> None:
        self.sync.outcome = outcome

    def step(self, function: Callable[..., Any] | str | None = None, **options: Any) -> Any:
        """Make a step of a function, to be awaited, or of a block; see `OpenRun.step`."""
        if callable(function):
            return self._awaited(function, self.sync.step(function, **options))
        block = self.sync.step(function, **options)
        return _AsyncBlock(block, self._awaited)

    @staticmethod
    def _awaited(function: Callable[..., Any], step: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
        if inspect.iscoroutinefunction(function):
            return step

        @functools.wraps(function)
        async def call(*args: Any, **kwargs: Any) -> Any:
            return await asyncio.to_thread(step, *args, **kwargs)

        return call

    async def keep(self, name: str, output: Any, **options: Any) -> Any:
        """Keep an output under a step's name; see `OpenRun.keep`."""
        return await asyncio.to_thread(self.sync.keep, name, output, **options)

    async def read(self, step: str, document: str | bytes, *, media: str | None = None) -> Any:
        """Keep a whole document as a step's output."""
        return await asyncio.to_thread(self.sync.read, step, document, media=media)

    async def search(
        self, step: str, query: str, documents: Mapping[str, str] | Sequence[str] | None = None, *,
        recall: bool = False, limit: int = 8,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Keep the passages that bear on a query as a step's output; see `OpenRun.search`."""
        return await asyncio.to_thread(self.sync.search, step, query, documents, recall=recall, limit=limit)

    async def sub(self, name: str, workflow: Callable[..., Any], *, inputs: Mapping[str, Json] | None = None) -> Any:
        """Run a workflow, sync or async, as a step; see `OpenRun.sub`."""
        if inspect.iscoroutinefunction(workflow):
            return await self.sync.sub(name, workflow, inputs=inputs)
        return await asyncio.to_thread(self.sync.sub, name, workflow, inputs=inputs)

    async def respond(self, output: Any, *, media: str | None = None) -> Any:
        """Answer to whoever asked for the run."""
        return await asyncio.to_thread(self.sync.respond, output, media=media)

    async def output(self, step: str) -> Any:
        """Return what a step gave, whole."""
        return await asyncio.to_thread(self.sync.output, step)

    async def render(self, text: str) -> str:
        """Return a text with its references replaced; see `OpenRun.render`."""
        return await asyncio.to_thread(self.sync.render, text)

    async def context(self, step: str | None = None, **options: Any) -> StepContext:
        """Return what a step sees, within the tokens there are; see `OpenRun.context`."""
        return await asyncio.to_thread(self.sync.context, step, **options)

    async def promote(self, step: str, **options: Any) -> Memory:
        """Make what a step gave a memory, on purpose."""
        return await asyncio.to_thread(self.sync.promote, step, **options)

    async def __aenter__(self) -> Self:
        self._run = await asyncio.to_thread(self._opened)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.sync.__exit__, kind, error, trace)


class _AsyncBlock:
    """A step that is being declared, or an `async with` block that is one."""

    def __init__(self, block: StepBlock, awaited: Callable[..., Callable[..., Awaitable[Any]]]) -> None:
        self._block, self._awaited = block, awaited

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
        return self._awaited(function, self._block(function))

    async def __aenter__(self) -> StepBlock:
        return await self._block.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._block.__aexit__(kind, error, trace)

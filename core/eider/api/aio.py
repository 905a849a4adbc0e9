"""The async front: each verb in a thread of its own. The sync core is the only implementation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from eider.api.aio_run import AsyncOpenRun
from eider.api.facade import Eider
from eider.api.open import open as _open

P = ParamSpec("P")
R = TypeVar("R")


def _threaded(
    verb: Callable[Concatenate[Eider, P], R],
) -> Callable[Concatenate[AsyncEider, P], Coroutine[Any, Any, R]]:
    async def call(self: AsyncEider, *args: P.args, **kwargs: P.kwargs) -> R:
        return await asyncio.to_thread(verb, self.sync, *args, **kwargs)

    call.__name__, call.__doc__ = verb.__name__, verb.__doc__
    return call


class AsyncEider:
    """One open memory for async code: the same verbs, arguments, values and errors."""

    def __init__(self, sync: Eider) -> None:
        """Wrap an open memory."""
        self.sync = sync

    add = _threaded(Eider.add)
    record = _threaded(Eider.record)
    record_many = _threaded(Eider.record_many)
    remember = _threaded(Eider.remember)
    remember_many = _threaded(Eider.remember_many)
    observe = _threaded(Eider.observe)
    observe_many = _threaded(Eider.observe_many)
    add_rules = _threaded(Eider.add_rules)
    policy = _threaded(Eider.policy)
    scopes = _threaded(Eider.scopes)
    consolidate_scopes = _threaded(Eider.consolidate_scopes)
    inbox = _threaded(Eider.inbox)
    settle = _threaded(Eider.settle)
    open_loop = _threaded(Eider.open_loop)
    set_outcome = _threaded(Eider.set_outcome)
    close_loop = _threaded(Eider.close_loop)
    learned = _threaded(Eider.learned)
    reset_learned = _threaded(Eider.reset_learned)
    alpha_estimate = _threaded(Eider.alpha_estimate)
    recall = _threaded(Eider.recall)
    inject = _threaded(Eider.inject)
    search = _threaded(Eider.search)
    correct = _threaded(Eider.correct)
    deactivate = _threaded(Eider.deactivate)
    reinforce = _threaded(Eider.reinforce)
    pin = _threaded(Eider.pin)
    unpin = _threaded(Eider.unpin)
    forget = _threaded(Eider.forget)
    forget_many = _threaded(Eider.forget_many)
    forget_user = _threaded(Eider.forget_user)
    undo = _threaded(Eider.undo)
    retention = _threaded(Eider.retention)
    consolidate = _threaded(Eider.consolidate)
    history = _threaded(Eider.history)
    events = _threaded(Eider.events)
    health = _threaded(Eider.health)
    diff = _threaded(Eider.diff)
    why = _threaded(Eider.why)
    sql = _threaded(Eider.sql)
    related = _threaded(Eider.related)
    link = _threaded(Eider.link)
    unlink = _threaded(Eider.unlink)
    rebuild_links = _threaded(Eider.rebuild_links)
    export = _threaded(Eider.export)
    import_ = _threaded(Eider.import_)
    import_lines = _threaded(Eider.import_lines)
    begin_run = _threaded(Eider.begin_run)
    keep_step = _threaded(Eider.keep_step)
    end_run = _threaded(Eider.end_run)
    judge_run = _threaded(Eider.judge_run)
    renew_run = _threaded(Eider.renew_run)
    step_output = _threaded(Eider.step_output)
    render_run = _threaded(Eider.render_run)
    run_context = _threaded(Eider.run_context)
    search_documents = _threaded(Eider.search_documents)
    runs = _threaded(Eider.runs)
    run_of = _threaded(Eider.run_of)
    promote_step = _threaded(Eider.promote_step)
    forget_run = _threaded(Eider.forget_run)
    procedures = _threaded(Eider.procedures)
    drain = _threaded(Eider.drain)
    verify = _threaded(Eider.verify)
    rebuild = _threaded(Eider.rebuild)
    embedder = _threaded(Eider.embedder)
    swap_embedder = _threaded(Eider.swap_embedder)
    publish = _threaded(Eider.publish)
    close = _threaded(Eider.close)

    def run(self, name: str, **options: Any) -> AsyncOpenRun:
        """Begin a run of a workflow, for an `async with` block; the arguments of `Eider.run`."""
        return AsyncOpenRun(lambda: self.sync.run(name, **options))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class _Opening:
    """A memory that is being opened: awaited, or entered with `async with`."""

    def __init__(self, opened: Callable[[], Eider]) -> None:
        self._opened, self._memory = opened, None

    def __await__(self) -> Generator[Any, None, AsyncEider]:
        return self.__aenter__().__await__()

    async def __aenter__(self) -> AsyncEider:
        self._memory = AsyncEider(await asyncio.to_thread(self._opened))
        return self._memory

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._memory is not None:
            await self._memory.close()


def open(*args: Any, **kwargs: Any) -> _Opening:  # noqa: A001 (the arguments of eider.open)
    """Open a memory for async code: `async with eider.aio.open(…) as memory`, or `memory = await eider.aio.open(…)`.

    The arguments are those of `eider.open`.
    """
    return _Opening(partial(_open, *args, **kwargs))

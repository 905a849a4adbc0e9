"""Steps of a LlamaIndex workflow as steps of a run: what each gives is kept, and a crashed run goes on where it stopped."""

from __future__ import annotations

import functools
import inspect
import json
import types
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from llama_index.core.workflow import Event, JsonSerializer, Workflow

if TYPE_CHECKING:
    from eider.api.run import OpenRun
    from eider.api.run_steps import StepBlock

WorkflowT = TypeVar("WorkflowT", bound=Workflow)
_WAITS = "WaitingForEvent"
"""Raised within a step that waits for an event; the step is run again when it has come."""


def keep_steps(workflow: WorkflowT, run: OpenRun) -> WorkflowT:
    """Make the steps of a workflow steps of a run.

    The events that a step returns, or sends with `ctx.send_event`, are kept under its name; a second event gives `step#2`.
    With the run's `key` a finished step gives its events again instead of running. What a step writes to `ctx.store` is
    not kept: pass it on in an event.

    Args:
        workflow: An instance; other instances of its class are left alone.
        run: An open run.

    Returns:
        The workflow.
    """
    steps: dict[str, Any] = {
        name: method
        for name, method in inspect.getmembers(workflow, inspect.ismethod)
        if hasattr(method, "_step_config")
    }
    serializer = JsonSerializer(allowed_types=_events(m._step_config for m in steps.values()))  # noqa: SLF001 (the framework's own mark)
    for name, method in steps.items():
        setattr(workflow, name, types.MethodType(_KeptStep(name, method, serializer, run).function(), workflow))
    return workflow


def _events(configs: Iterable[Any]) -> list[type[Event]]:
    """The classes of events that a workflow passes between its steps."""
    found: dict[type[Event], None] = {}
    for config in configs:
        for kind in (*config.accepted_events, *config.return_types, *config.bare_return_types):
            if isinstance(kind, type) and issubclass(kind, Event):
                found[kind] = None
    return list(found)


class _KeptStep:
    """A step of a workflow that runs once."""

    def __init__(self, name: str, method: Any, serializer: JsonSerializer, run: OpenRun) -> None:
        self.name, self.method, self.serializer, self.run = name, method, serializer, run
        self.config = method._step_config  # noqa: SLF001 (the framework's own mark)

    def function(self) -> Callable[..., Any]:
        """Return the step as a function whose first argument is the workflow."""
        given = self.method.__func__
        if inspect.iscoroutinefunction(self.method):

            @functools.wraps(given)
            async def call_async(_: object, **kwargs: Any) -> Any:
                sent = self.begin(kwargs)
                async with self.run.step(self.name, sees="all") as step:
                    if step.finished:
                        return self.again(step.output, sent)
                    step.retried_by_host = True
                    with _waiting(step):
                        return self.give(step, await self.method(**kwargs), sent)

            return call_async

        @functools.wraps(given)
        def call(_: object, **kwargs: Any) -> Any:
            sent = self.begin(kwargs)
            with self.run.step(self.name, sees="all") as step:
                if step.finished:
                    return self.again(step.output, sent)
                step.retried_by_host = True
                with _waiting(step):
                    return self.give(step, self.method(**kwargs), sent)

        return call

    def begin(self, kwargs: dict[str, Any]) -> _Sent | None:
        """Note what the step sends through its context, where it has one."""
        if self.config.context_parameter is None:
            return None
        sent = kwargs[self.config.context_parameter] = _Sent(kwargs[self.config.context_parameter])
        return sent

    def give(self, step: StepBlock, returned: Any, sent: _Sent | None) -> Any:
        """Keep what the step gave; one that waits for more events has not given anything."""
        events = sent.events if sent else []
        if returned is None and not events:
            step.withdraw()
        else:
            step.output = {
                "returned": _written(returned, self.serializer),
                "sent": [[_written(event, self.serializer), to] for event, to in events],
            }
        return returned

    def again(self, output: Any, sent: _Sent | None) -> Any:
        """Give once more what the step gave when it ran."""
        for event, to in output["sent"] if sent else ():
            sent.context.send_event(_read(event, self.serializer), to)  # pyright: ignore[reportOptionalMemberAccess]
        return _read(output["returned"], self.serializer)


@contextmanager
def _waiting(step: StepBlock) -> Generator[None]:
    """A step that is stopped because it waits for an event is run again when that has come."""
    try:
        yield
    except Exception as error:
        if type(error).__name__ == _WAITS:
            step.withdraw()
        raise


class _Sent:
    """A step's context that notes what is sent through it."""

    def __init__(self, context: Any) -> None:
        self.context = context
        self.events: list[tuple[Event, str | None]] = []

    def send_event(self, message: Event, step: str | None = None) -> None:
        self.events.append((message, step))
        self.context.send_event(message, step)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.context, name)


def _written(value: Any, serializer: JsonSerializer) -> Any:
    if isinstance(value, list):
        return [_written(v, serializer) for v in value]
    return None if value is None else {"event": json.loads(serializer.serialize(value))}


def _read(value: Any, serializer: JsonSerializer) -> Any:
    if isinstance(value, list):
        return [_read(v, serializer) for v in value]
    return None if value is None else serializer.deserialize(json.dumps(value["event"]))

"""Steps of a run: functions whose parameters are bound by name, and blocks."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar, Token
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from eider.model.errors import InputError, StepReferenceError
from eider.model.runs import Cut, Seen, Sees, Step
from eider.runs.references import INPUTS, PREVIOUS, Reference, find, previous, the_previous

if TYPE_CHECKING:
    from eider.api.run import OpenRun
    from eider.model.values import Origin

_GIVEN: Final = (INPUTS, PREVIOUS, "context", "run")
_BOUND: Final = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
CURRENT: ContextVar[Execution | None] = ContextVar("eider_step", default=None)
"""The step whose code runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOptions:
    """What a workflow says about a step."""

    name: str
    sees: Sees | None = None
    instruction: str = ""
    origin: Origin = "agent"
    function: Callable[..., Any] | None = None

    def parameters(self) -> list[inspect.Parameter]:
        """Return the parameters of its function that can be bound by name."""
        if self.function is None:
            return []
        return [p for p in inspect.signature(self.function).parameters.values() if p.kind in _BOUND]


@dataclass(slots=True, kw_only=True)
class Execution:
    """One execution of a step that is under way."""

    run: str
    options: StepOptions
    sees: Sees
    number: int
    after: int
    """`seq` of the last step that had ended when it began."""
    in_order: bool
    known: Step | None = None
    """Where it is finished already."""
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    saw: list[Seen] = field(default_factory=list[Seen])
    cut: list[Cut] = field(default_factory=list[Cut])

    @property
    def name(self) -> str:
        """The step's name."""
        return self.options.name

    @property
    def ref(self) -> str:
        """The execution's name in references."""
        return self.name if self.number == 1 else f"{self.name}#{self.number}"

    def note(self, *seen: Seen) -> None:
        """Note what it was given."""
        self.saw += [s for s in dict.fromkeys(seen) if s not in self.saw]


def by_rule(sees: Sees, steps: list[Step]) -> list[Seen]:
    """Return what a step sees by its rule alone."""
    shown = [] if sees == "none" else previous(steps) if sees == "previous" else steps
    return [Seen(step=s.ref, why="previous" if sees == "previous" else "all") for s in shown]


def bound(run: OpenRun, execution: Execution, args: tuple[Any, ...], kwargs: dict[str, Any]) -> inspect.BoundArguments:
    """Bind a step's parameters: what the caller passes, then inputs, previous, context, run, and steps by name.

    Raises:
        StepReferenceError: A parameter names no step, and has no default.
    """
    function = execution.options.function
    assert function is not None  # noqa: S101 (only functions are bound)
    signature = inspect.signature(function)
    made = signature.bind_partial(*args, **kwargs)
    steps = run.steps_before(execution.after)
    if made.arguments:
        execution.note(*(Seen(step=s.ref, why="argument") for s in steps))
    execution.note(*by_rule(execution.sees, steps))
    for parameter in execution.options.parameters():
        if parameter.name in made.arguments:
            continue
        try:
            made.arguments[parameter.name] = _given(run, execution, parameter.name, steps)
        except StepReferenceError as error:
            if parameter.default is inspect.Parameter.empty or not error.known:
                raise
    return made


def _given(run: OpenRun, execution: Execution, name: str, steps: list[Step]) -> Any:
    if name == "run":
        return run
    if name == INPUTS:
        execution.note(Seen(step=INPUTS, why="parameter"))
        return run.inputs
    if name == "context":
        return run.context()
    if name == PREVIOUS:
        if execution.sees == "none":
            raise InputError(
                f"step {execution.ref!r} sees none, so it is given no 'previous'; name the step it needs, or say sees='previous'."
            )
        step = the_previous(steps)
    else:
        step = find(Reference(step_named(name, steps, run.declared), written=name), steps, declared=run.declared)
    if step is None:
        return None
    execution.note(Seen(step=step.ref, why="parameter"))
    return run.value_of(step)


def step_named(parameter: str, steps: list[Step], declared: list[str]) -> str:
    """Return the step that a parameter means: `weekly_report` also means `weekly-report`."""
    names = dict.fromkeys((*(s.name for s in steps), *declared))
    alike = [n for n in names if n.replace("-", "_").replace(" ", "_") == parameter]
    return parameter if parameter in names or len(alike) != 1 else alike[0]


class StepBlock:
    """A step that is being declared (`@run.step(…)`) or a block of code that is one (`with run.step("name") as step`)."""

    def __init__(self, run: OpenRun, name: str | None, options: dict[str, Any]) -> None:
        """Use `run.step()` instead."""
        self._run, self._name, self._options = run, name, options
        self._execution: Execution | None = None
        self._token: Token[Execution | None] | None = None
        self.output: Any = None
        """What the step gives; set it in the block."""
        self.media: str | None = None
        """Media type, where the output is bytes."""
        self.retried_by_host = False
        """Whether a framework tries a failed step again: then that is another attempt, not another round."""
        self.origin: Origin | None = None
        """Whose words the output turned out to be, where that is less than what was said of the step."""

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Make a step of a function."""
        return step_function(self._run, function, self._name, self._options)

    @property
    def finished(self) -> bool:
        """Whether the step was finished before, in a run that is resumed: `output` holds what it gave."""
        return self._execution is not None and self._execution.known is not None

    def withdraw(self) -> None:
        """Take the step back: it is not kept, and asked for anew under the same number."""
        if self._token is not None:
            CURRENT.reset(self._token)
            self._token = None
        if self._execution is not None and self._execution.known is None:
            self._run.withdraw(self._execution)
            self._execution = None

    def __enter__(self) -> Self:
        execution = self._begin()
        if execution.known is not None:
            self.output = self._run.value_of(execution.known)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if (execution := self._end()) is not None:
            self._finish(execution, error)

    async def __aenter__(self) -> Self:
        execution = self._begin()
        if execution.known is not None:
            self.output = await asyncio.to_thread(self._run.value_of, execution.known)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if (execution := self._end()) is None:
            return
        if error is None or isinstance(error, Exception):
            await asyncio.to_thread(self._finish, execution, error)
        else:  # an interruption keeps nothing, and lets nobody wait
            self._finish(execution, error)

    def _begin(self) -> Execution:
        if self._name is None:
            raise InputError("a block needs a name: with run.step('collect') as step.")
        self._execution = execution = self._run.begin(StepOptions(name=self._name, **self._options))
        if execution.known is None:
            self._run.note_open_code(execution)
            self._token = CURRENT.set(execution)
        return execution

    def _end(self) -> Execution | None:
        """Leave the block; returns the execution if its outcome is still to be kept."""
        execution, self._execution = self._execution, None
        if self._token is not None:
            CURRENT.reset(self._token)
            self._token = None
        return execution if execution is not None and execution.known is None else None

    def _finish(self, execution: Execution, error: BaseException | None) -> None:
        if self.origin is not None:
            execution.options = replace(execution.options, origin=self.origin)
        self.output = self._run.finish(execution, self.output, error, media=self.media)
        if error is not None and self.retried_by_host:
            self._run.withdraw(execution)


def step_function(
    run: OpenRun, function: Callable[..., Any], name: str | None, options: dict[str, Any]
) -> Callable[..., Any]:  # fmt: skip
    """Return a function that is a step: called, it runs once and is kept; in a resumed run it gives what it gave."""
    made = StepOptions(name=name or function.__name__, function=function, **options)
    run.declare(made)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        execution = run.begin(made)
        if execution.known is not None:
            return run.value_of(execution.known)
        token = CURRENT.set(execution)
        try:
            arguments = bound(run, execution, args, kwargs)
            output = function(*arguments.args, **arguments.kwargs)
        except BaseException as error:
            run.finish(execution, None, error)
            raise
        finally:
            CURRENT.reset(token)
        return run.finish(execution, output, None)

    @functools.wraps(function)
    async def call_async(*args: Any, **kwargs: Any) -> Any:
        execution = run.begin(made)
        if execution.known is not None:
            return await asyncio.to_thread(run.value_of, execution.known)
        token = CURRENT.set(execution)
        try:
            arguments = await asyncio.to_thread(bound, run, execution, args, kwargs)
            output = await function(*arguments.args, **arguments.kwargs)
        except BaseException as error:
            if isinstance(error, Exception):
                await asyncio.to_thread(run.finish, execution, None, error)
            raise
        finally:
            CURRENT.reset(token)
        return await asyncio.to_thread(run.finish, execution, output, None)

    return call_async if inspect.iscoroutinefunction(function) else call

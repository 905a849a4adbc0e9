"""What an open run knows of itself: which steps ended, which are asked for, and how each is kept once."""

from __future__ import annotations

import asyncio
import threading
from base64 import b64encode
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from eider.api.run_steps import CURRENT, Execution, StepOptions, by_rule
from eider.api.run_values import content_of, restore_value, value_of
from eider.model.errors import EiderError, InputError, RunChangedError
from eider.model.requests_runs import step_name
from eider.model.runs import JSON, TEXT, Content, Seen, Step
from eider.runs.references import INPUTS

if TYPE_CHECKING:
    from eider.api.facade import Eider
    from eider.model.runs import Run, StepKind

_HELD_VALUES: Final = 256 * 1024
"""Bytes of an output up to which it is kept at hand; larger ones are read again."""
_MOST_HELD: Final = 32 * 1024 * 1024
_AS_JSON: Final = 1024 * 1024
"""Bytes of a text or JSON value up to which it is sent as itself; JSON may treble a longer one."""
_RENEW_SECONDS: Final = 30.0
_ERROR: Final = 20_000


class RunRecord:
    """A run that is worked on: begins steps, keeps them, notices changed code, and ends. Safe to share between threads."""

    def __init__(self, memory: Eider, record: Run, *, holder: str, allow_changes: bool = False) -> None:
        """Use `memory.run()` instead."""
        self._memory, self._record, self._holder, self._allow_changes = memory, record, holder, allow_changes
        self._lock = threading.RLock()
        self._steps = list(record.steps)
        self._declared: dict[str, StepOptions] = {}
        self._calls: dict[str, int] = {}
        self._asked: set[tuple[str, int]] = set()
        self._new: list[str] = []
        self._retried = False
        self._held: dict[str, Content] = {}
        self._answer = record.output
        self._line = _line_of_work()
        self._over = threading.Event()
        self.resumed = record.attempts > 1 or record.status == "done"
        """Whether it goes on with, or repeats the answers of, an earlier one of its key."""
        self.outcome: float | None = None
        """How it went, from -1 to 1; set it before the block ends. Procedures are learned from 0.7 on."""
        if record.holds_until is not None:
            threading.Thread(target=self._renew, name="eider-run", daemon=True).start()

    # ------------------------------------------------------------------ looking

    @property
    def id(self) -> str:
        """Its id."""
        return self._record.id

    @property
    def name(self) -> str:
        """What the workflow is called."""
        return self._record.name

    @property
    def record(self) -> Run:
        """It as a value, with the steps that ended so far."""
        return replace(self._record, steps=tuple(self._steps))

    @property
    def inputs(self) -> Any:
        """What went in, made anew each time."""
        return self._content(self._record.inputs, INPUTS).value()

    @property
    def declared(self) -> list[str]:
        """Names of the steps that the workflow has declared."""
        return list(self._declared)

    @property
    def result(self) -> Any:
        """What was responded; None while nothing was."""
        return self.output(self._answer) if self._answer else None

    def steps_before(self, seq: int) -> list[Step]:
        """Return the steps that had ended by a place in the order of completion."""
        with self._lock:
            return [s for s in self._steps if s.seq <= seq]

    def value_of(self, step: Step) -> Any:
        """Return what a step gave, made anew each time."""
        content = self._content(step.digest, f"{step.name}#{step.number}")
        return restore_value(content.value(), step.model, f"output of {step.ref!r}")

    def output(self, step: str) -> Any:
        """Return what a step gave, whole: `collect`, `collect#2`, or `inputs`.

        Raises:
            StepReferenceError: There is no such step, it failed, or several are meant.
        """
        return value_of(self._memory.step_output(self.id, step, session=self._record.session, user=self._record.user))

    # ------------------------------------------------------------------ how steps begin and end

    def declare(self, options: StepOptions) -> None:
        """Note a function as a step.

        Raises:
            InputError: Another function is a step of that name.
        """
        step_name(options.name)
        with self._lock:
            known = self._declared.setdefault(options.name, options)
        code, before = getattr(options.function, "__code__", None), getattr(known.function, "__code__", None)
        if code is not before:
            places = " and ".join(
                f"line {c.co_firstlineno} of {c.co_filename}" if c else "a callable" for c in (before, code)
            )
            raise InputError(f"step {options.name!r} is declared twice ({places}); give one of them another name=.")
        self._declared[options.name] = options

    def begin(self, options: StepOptions) -> Execution:
        """Begin an execution of a step, or find that it is finished.

        Raises:
            RunChangedError: The code asks for another step than the run had at this place.
        """
        step_name(options.name)
        if options.function is None and options.name in self._declared:
            raise InputError(f"step {options.name!r} is a function of this run; give this one another name.")
        with self._lock:
            number = self._calls[options.name] = self._calls.get(options.name, 0) + 1
            in_order = self._current() is None and _line_of_work() == self._line
            known = next((s for s in self._steps if s.name == options.name and s.number == number), None)
            if known is None and in_order:
                self._refuse_change(options.name, number)
            if known is None:
                self._new.append(options.name)
            self._asked.add((options.name, number))
            self._retried |= known is not None and known.status == "failed"
            done = known if known is not None and known.status == "done" else None
            after = self._last_seq()
        return Execution(
            run=self.id,
            options=options,
            sees=options.sees or self._record.sees,
            number=number,
            after=after,
            in_order=in_order,
            known=done,
        )

    def withdraw(self, execution: Execution) -> None:
        """Take an execution back that was begun; the next one has its number."""
        with self._lock:
            if self._calls.get(execution.name) == execution.number:
                self._calls[execution.name] -= 1
            self._asked.discard((execution.name, execution.number))
            if execution.name in self._new:
                self._new.remove(execution.name)

    def note_open_code(self, execution: Execution) -> None:
        """Note what code in the open may have used: what its `sees` says, else any earlier output."""
        steps = self.steps_before(execution.after)
        if execution.options.sees is None:
            execution.note(*(Seen(step=s.ref, why="argument") for s in steps))
        execution.note(*by_rule(execution.sees, steps))

    def finish(
        self, execution: Execution, output: Any, error: BaseException | None, *, media: str | None = None,
        kind: StepKind = "output", child: str | None = None,
    ) -> Any:  # fmt: skip
        """Keep what a step gave, or how it failed; returns what is kept. An interruption is no failure: it runs again."""
        if error is not None:
            if isinstance(error, Exception):
                with suppress(EiderError):  # the step's own error is the one to tell
                    self._kept(execution, None, "", _told(error), kind="output", child=child)
            return None
        try:
            content, model = content_of(output, f"output of step {execution.ref!r}", media)
            step = self._kept(execution, content, model, None, kind=kind, child=child)
        except InputError as refused:
            self.finish(execution, None, refused)
            raise
        if step.digest == content.digest:
            self._hold(content)
        return self.value_of(step)

    def _kept(
        self, execution: Execution, content: Content | None, model: str, error: str | None, *, kind: StepKind,
        child: str | None,
    ) -> Step:  # fmt: skip
        sent: dict[str, Any] = {}
        if content is not None:
            plain = content.media in (TEXT, JSON) and len(content.data) <= _AS_JSON
            sent = (
                {"output": content.value()}
                if plain
                else {"base64": b64encode(content.data).decode(), "media": content.media}
            )
        step = self._memory.keep_step(
            self.id, execution.name, holder=self._holder, number=execution.number, kind=kind, model=model, error=error,
            started_at=execution.started_at.isoformat(), after=execution.after, sees=execution.sees,
            origin=execution.options.origin, saw=execution.saw, cut=execution.cut, child=child,
            in_order=execution.in_order, user=self._record.user, **sent,
        )  # fmt: skip
        with self._lock:
            self._steps = [s for s in self._steps if (s.name, s.number) != (step.name, step.number)]
            self._steps.append(step)
            self._steps.sort(key=lambda s: s.seq)
        return step

    def _refuse_change(self, name: str, number: int) -> None:
        """A step that a resumed run does not know, where another one follows in what it has done."""
        if not self.resumed or self._allow_changes or self._retried:
            return
        waiting = [
            s for s in self._steps if s.in_order and s.status == "done" and (s.name, s.number) not in self._asked
        ]
        if waiting:
            asked = name if number == 1 else f"{name}#{number}"
            why = f"it has finished {waiting[0].ref!r} where the code now asks for {asked!r}"
            raise RunChangedError(
                self.id,
                self.name,
                why,
                f"Name the step {waiting[0].name!r} again, begin another run with another key, or pass allow_changes=True.",
            )

    def _current(self) -> Execution | None:
        """The step of this run whose code asks."""
        execution = CURRENT.get()
        return execution if execution is not None and execution.run == self.id else None

    def _last_seq(self) -> int:
        return self._steps[-1].seq if self._steps else 0

    def _content(self, digest: str, name: str) -> Content:
        with self._lock:
            content = self._held.get(digest)
        if content is None:
            found = self._memory.step_output(self.id, name, session=self._record.session, user=self._record.user)
            value = value_of(replace(found, model=""))
            content = Content(found.media, value) if isinstance(value, bytes) else Content.of(value)
            self._hold(content)
        return content

    def _hold(self, content: Content) -> None:
        with self._lock:
            if len(content.data) <= _HELD_VALUES and sum(len(c.data) for c in self._held.values()) <= _MOST_HELD:
                self._held[content.digest] = content

    # ------------------------------------------------------------------ how the run ends

    def close(self, error: BaseException | None = None) -> None:
        """End the run: done, failed with an error, or (interrupted) stopped; closing twice is harmless."""
        if self._over.is_set():
            return
        self._over.set()
        changed = self._change() if error is None else None
        status = (
            "done" if error is None and changed is None else "failed" if isinstance(error, Exception) else "stopped"
        )
        self._record = self._memory.end_run(
            self.id, holder=self._holder, status=status, error="" if error is None else _told(error), outcome=self.outcome,
            output=self._answer, user=self._record.user,
        )  # fmt: skip
        if changed is not None:
            raise changed

    def _change(self) -> RunChangedError | None:
        """What a resumed run did before that its code never asked for, while it asked for other steps."""
        left = [s.ref for s in self._steps if s.status == "done" and (s.name, s.number) not in self._asked]
        if not (self.resumed and left and self._new) or self._allow_changes or self._retried:
            return None
        why = f"it has finished {', '.join(map(repr, left))}, which the code never asked for, and the code asked for {', '.join(map(repr, self._new))}"
        return RunChangedError(
            self.id,
            self.name,
            why,
            "Give the steps their former names, begin another run with another key, or pass allow_changes=True.",
        )

    def _renew(self) -> None:
        while not self._over.wait(_RENEW_SECONDS):
            with suppress(EiderError):
                self._memory.renew_run(self.id, holder=self._holder, user=self._record.user)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
            return
        with suppress(EiderError):  # the workflow's own error is the one to tell
            self.close(error)


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:_ERROR]


def _line_of_work() -> tuple[int, int]:
    """Thread and task: what runs in one of them runs one after the other."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        task = None
    return threading.get_ident(), id(task) if task is not None else 0

"""Requests of the verbs about runs of workflows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from eider.model import validation
from eider.model.answers import Receipt
from eider.model.errors import InputError
from eider.model.json_check import check_json
from eider.model.requests import Named, UserRequest
from eider.model.runs import (
    JSON,
    SEES,
    STEP_KINDS,
    TEXT,
    Cut,
    Procedure,
    Rendered,
    Run,
    RunStatus,
    Seen,
    Sees,
    Snippet,
    Step,
    StepContext,
    StepKind,
    StepOutput,
)
from eider.model.values import GLOBAL, KINDS, ORIGINS, Json, Memory, MemoryKind, Origin

RESERVED: Final = ("inputs", "previous", "context", "run")
"""Names that mean something else where a step is named."""
ENDINGS: Final = ("done", "failed", "stopped")
_IN_REFERENCES: Final = re.compile(r'[\[\]#.|"\\]')
_MEDIA: Final = re.compile(r"[\w.+-]+/[\w.+-]+(;.{0,100})?")
MAX_DOCUMENTS: Final = 1_000


def step_name(value: object) -> str:
    """A step's name: one that a reference can hold."""
    name = validation.name(value, "step")
    if (found := _IN_REFERENCES.search(name)) is not None:
        raise InputError(
            f"step={name!r} holds {found[0]!r}, which has a meaning in references; use letters, digits, spaces, - and _."
        )
    if name != name.strip():
        raise InputError(f"step={name!r} begins or ends with a space; write {name.strip()!r}.")
    if name in RESERVED:
        raise InputError(f"step={name!r} means something else in references; choose another name.")
    return name


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginRun(UserRequest[Run]):
    """Begin a run of a workflow, or go on with the one of that key."""

    verb: ClassVar[str] = "begin_run"

    name: str
    holder: str
    """Which process works on it: `machine:process:start:word`; another one is refused while this one lives."""
    inputs: Mapping[str, Json] | None = None
    key: str | None = None
    """The same name and key go on with a run that did not end: what is finished is not run again."""
    sees: Sees = "previous"
    """What steps see that do not say themselves."""
    history: bool = True
    """Keep it. Without, all of it is erased some time after its end."""
    session: str | None = None
    """Conversation it belongs to; follow-ups there may read a run without history until it is erased."""
    scope: str = GLOBAL
    origin: Origin = "user"
    """Who gave the inputs; the channel may lower it."""
    parent: str | None = None
    """The run that this one is a step of."""
    parent_step: str | None = None
    seen: Sequence[str] = ()
    """Steps of the parent that this run was given something of: it is trusted no more than they are."""

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.name(self.name, "name")
        validation.name(self.holder, "holder")
        if self.inputs is not None:
            if not isinstance(self.inputs, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] (strangers call this)
                raise InputError(
                    f"inputs is {type(self.inputs).__name__}; pass a mapping, such as inputs={{'team': 'core'}}."
                )
            check_json(self.inputs, "inputs")
        validation.key(self.key)
        validation.one_of(self.sees, SEES, "sees")
        validation.one_of(self.origin, ORIGINS, "origin")
        validation.scope(self.scope)
        if self.session is not None:
            validation.name(self.session, "session")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepStep(Named[Step]):
    """Keep what a step of a run gave, durably; the same step again answers as the first time."""

    verb: ClassVar[str] = "keep_step"

    step: str
    holder: str
    number: int = 1
    kind: StepKind = "output"
    output: Json = None
    """A text or JSON value."""
    base64: str | None = None
    """In place of `output`: bytes, in base64."""
    media: str | None = None
    """Media type of the bytes, such as image/png; or `text` or `json`, which they are then read as."""
    model: str = ""
    error: str | None = None
    """What went wrong, where it failed."""
    started_at: str | None = None
    after: int | None = None
    """`seq` of the last step that had ended when it began; by default of the last there is."""
    sees: Sees = "previous"
    origin: Origin = "agent"
    """Whose words the output is; `tool` or `document` for what was fetched."""
    saw: Sequence[Seen] = ()
    cut: Sequence[Cut] = ()
    child: str | None = None
    in_order: bool = False
    """Nothing of the workflow ran beside it, so that a resumed run asks for it at the same place again."""

    def __post_init__(self) -> None:
        Named.__post_init__(self)
        step_name(self.step)
        validation.name(self.holder, "holder")
        validation.whole(self.number, "number", 1, 1_000_000)
        validation.one_of(self.kind, STEP_KINDS, "kind")
        validation.one_of(self.sees, SEES, "sees")
        validation.one_of(self.origin, ORIGINS, "origin")
        if self.base64 is not None and not (self.media in (TEXT, JSON) or _MEDIA.fullmatch(str(self.media))):
            raise InputError(
                f"media={self.media!r} is no media type; say what the bytes are, such as media='image/png'."
            )
        if self.base64 is not None and self.output is not None:
            raise InputError("output and base64 are two outputs; pass one of them.")
        check_json(self.output, "output")


@dataclass(frozen=True, slots=True, kw_only=True)
class EndRun(Named[Run]):
    """End a run, or let go of it so that it can be resumed."""

    verb: ClassVar[str] = "end_run"

    holder: str
    status: RunStatus = "done"
    """`done`, `failed`, or `stopped`: not ended, another process may go on."""
    error: str = ""
    outcome: float | None = None
    """How it went, from -1 to 1; procedures are learned from 0.7 on."""
    output: str = ""
    """The step whose output is the run's."""

    def __post_init__(self) -> None:
        Named.__post_init__(self)
        validation.one_of(self.status, ENDINGS, "status")
        if self.outcome is not None:
            validation.outcome(self.outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeRun(Named[Run]):
    """Say how an ended run went, from -1 to 1."""

    verb: ClassVar[str] = "judge_run"

    outcome: float

    def __post_init__(self) -> None:
        Named.__post_init__(self)
        validation.outcome(self.outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewRun(Named[Run]):
    """Say that the process that works on a run still lives."""

    verb: ClassVar[str] = "renew_run"

    holder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOutputOf(Named[StepOutput]):
    """Read what a step gave, whole."""

    verb: ClassVar[str] = "step_output"

    step: str
    """Such as `collect`, `collect#2`, or `inputs`."""
    session: str | None = None
    """The conversation that asks; needed for a run without history that has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderRun(Named[Rendered]):
    """Put what steps gave into a text, where `[[step]]`, `[[step.field.0]]`, `[[step#2]]` or `[[inputs.x]]` stands."""

    verb: ClassVar[str] = "render_run"

    text: str
    declared: Sequence[str] = ()
    """Steps that the workflow has, whether they ran or not: errors tell them from misspelled ones."""
    after: int | None = None
    session: str | None = None

    def __post_init__(self) -> None:
        Named.__post_init__(self)
        validation.string(self.text, "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext(Named[StepContext]):
    """Say what a step sees, within the tokens there are; what is cut is said."""

    verb: ClassVar[str] = "run_context"

    sees: Sees | None = None
    """By default what the run says."""
    instruction: str = ""
    """What the step is to do; it may hold references, and portions are chosen for it."""
    references: Sequence[str] = ()
    """What the step is given by name beside those in its instruction."""
    history: str = ""
    """What was said before, as it goes to the model: counted."""
    tool_inputs: str = ""
    """What goes to the model about tools: counted."""
    model: str | None = None
    """Whose window is meant; windows are in a dated file of their own."""
    window: int | None = None
    """Tokens, in place of the model's."""
    reserve: int | None = None
    """Tokens left free for the answer."""
    declared: Sequence[str] = ()
    after: int | None = None
    session: str | None = None

    def __post_init__(self) -> None:
        Named.__post_init__(self)
        for name in ("instruction", "history", "tool_inputs"):
            validation.string(getattr(self, name), name, limit=validation.MAX_OBSERVED)
        if self.sees is not None:
            validation.one_of(self.sees, SEES, "sees")
        if self.window is not None:
            validation.whole(self.window, "window", 1, 1_000_000_000)
        if self.reserve is not None:
            validation.whole(self.reserve, "reserve", 0, 1_000_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchDocuments(UserRequest[list[Snippet]]):
    """Find the passages of documents that bear on a query; nothing is kept."""

    verb: ClassVar[str] = "search_documents"

    query: str
    documents: Mapping[str, str]
    """Name → text."""
    limit: int = 8

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.text(self.query, "query")
        validation.whole(self.limit, "limit", 1, 1_000)
        if len(self.documents) > MAX_DOCUMENTS:
            raise InputError(f"{len(self.documents)} documents; pass at most {MAX_DOCUMENTS} at a time.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs(UserRequest[list[Run]]):
    """List runs, newest first, without their steps."""

    verb: ClassVar[str] = "runs"

    name: str | None = None
    session: str | None = None
    parent: str | None = None
    """The sub-runs of this run."""
    limit: int = 50

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.whole(self.limit, "limit", 1, validation.MAX_LIMIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOf(Named[Run]):
    """Show a run with its steps: what each gave, saw, and was not given."""

    verb: ClassVar[str] = "run_of"

    session: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PromoteStep(Named[Memory]):
    """Make what a step gave a memory, on purpose."""

    verb: ClassVar[str] = "promote_step"

    step: str
    """Such as `collect`, or a part of it: `collect.summary`."""
    text: str | None = None
    """The statement to keep; by default the output itself."""
    kind: MemoryKind = "fact"
    scope: str | None = None
    """By default the run's."""
    session: str | None = None

    def __post_init__(self) -> None:
        Named.__post_init__(self)
        validation.one_of(self.kind, KINDS, "kind")
        if self.scope is not None:
            validation.scope(self.scope)
        if self.text is not None:
            validation.text(self.text, limit=validation.MAX_STATEMENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetRun(Named[Receipt]):
    """Erase a run with its sub-runs and what was promoted from them, for good."""

    verb: ClassVar[str] = "forget_run"

    keep_promoted: bool = False
    wait: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ProceduresFor(UserRequest[list[Procedure]]):
    """Show which sequences of steps led to success before, at most two."""

    verb: ClassVar[str] = "procedures"

    query: str = ""
    """What is to be done; empty for the best known."""
    done: Sequence[str] = ()
    """Actions so far, such as `search(query)`: only procedures that can go on from there."""

    def __post_init__(self) -> None:
        validation.user(self.user)
        validation.string(self.query, "query")

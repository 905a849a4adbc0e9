"""Runs of workflows: what went in, what each step gave, and what each step saw of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, get_args

from eider.model.shown import Shown
from eider.model.values import Json

Sees = Literal["all", "previous", "none"]
SEES: Final = get_args(Sees)
RunStatus = Literal["running", "done", "failed", "stopped"]
"""`stopped`: its process let go of it, or died, before it ended."""
RUN_STATUSES: Final = get_args(RunStatus)
StepStatus = Literal["done", "failed"]
StepKind = Literal["output", "document", "snippets", "run"]
STEP_KINDS: Final = get_args(StepKind)
WHYS: Final = ("parameter", "reference", "previous", "all", "argument")
"""Why a step was given something; see `Seen`."""

RUN_OPS: Final = ("begin_run", "end_run", "judge_run", "import_run")
STEP_OPS: Final = ("keep_step", "promote_step", "import_step")
"""Events whose content is the row itself, which is forgotten with the run."""

TEXT: Final = "text"
JSON: Final = "json"
"""In the place of a media type, which only bytes have."""
MAX_CONTENT: Final = 16 * 1024 * 1024
"""Bytes of one output."""
RETENTION_SECONDS: Final = 7200.0
"""How long a run without history is kept after its end, for follow-ups in the same conversation."""


@dataclass(frozen=True, slots=True)
class Content:
    """An output as it is kept: bytes of a media type. Equal contents are kept once per user."""

    media: str
    data: bytes
    _digest: str = field(default="", init=False, repr=False, compare=False)

    @property
    def digest(self) -> str:
        """Name of the content: 40 hexadecimal digits of the SHA-256 over media type and bytes."""
        if not self._digest:
            made = hashlib.sha256(self.media.encode() + b"\0" + self.data).hexdigest()[:40]
            object.__setattr__(self, "_digest", made)
        return self._digest

    @property
    def is_text(self) -> bool:
        """Whether it can stand in a text."""
        return self.media in (TEXT, JSON) or self.media.startswith("text/")

    def value(self) -> Any:
        """Return the output itself: a text, a JSON value made anew, or bytes."""
        if self.media == TEXT:
            return self.data.decode()
        return json.loads(self.data) if self.media == JSON else self.data

    def text(self) -> str:
        """Return it as it stands in a text: texts as they are, other values as JSON."""
        value = self.value()
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        return text_of(value)

    @classmethod
    def of(cls, value: Any) -> Content:
        """Return how a text or JSON value is kept; the same value always gives the same bytes."""
        if isinstance(value, str):
            try:
                return cls(TEXT, value.encode())
            except UnicodeEncodeError:  # half of a surrogate pair: JSON can escape it
                return cls(JSON, json.dumps(value).encode())
        try:
            return cls(JSON, json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode())
        except UnicodeEncodeError:
            return cls(JSON, json.dumps(value, separators=(",", ":"), allow_nan=False).encode())


def text_of(value: Json) -> str:
    """Return a value as it stands in a text.

    >>> text_of("a"), text_of({"n": [1, None]})
    ('a', '{"n": [1, null]}')
    """
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Something that a step was given."""

    step: str
    """An earlier step, such as `collect` or `collect#2`; or `inputs`."""
    why: str
    """`parameter`, `reference`, `previous`, `all`, or `argument`: the caller passed it, and it may hold any output."""
    field: str = ""
    """The part that was given, such as `owner.0`; empty for the whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """What was left out of a step's context for want of room."""

    step: str
    kept: int
    """Tokens that are there."""
    of: int
    """Tokens of the whole."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Shown):
    """One finished or failed step of a run; its output is read with `step_output`."""

    run: str
    name: str
    number: int
    """1 for the first time, 2 for the next round of a loop."""
    kind: StepKind
    status: StepStatus
    seq: int
    """Place in the order of completion, from 1."""
    after: int
    """`seq` of the last step that had ended when it began: what ended later it cannot have seen."""
    started_at: datetime
    ended_at: datetime
    trust: int
    """0 quoted only, 1 shown, 2 obeyed: the least of its origin and of all it saw."""
    media: str = JSON
    size: int = 0
    """Bytes."""
    tokens: int = 0
    digest: str = ""
    model: str = ""
    """`module:Class` of a pydantic model or dataclass that the output was."""
    error: str = ""
    attempts: int = 1
    sees: Sees = "previous"
    saw: tuple[Seen, ...] = ()
    cut: tuple[Cut, ...] = ()
    child: str | None = None
    """The run that gave the output, where this was a sub-run."""
    promoted: tuple[str, ...] = ()
    """Memories made of the output on purpose."""
    in_order: bool = False
    """Nothing of the workflow ran beside it, so that a resumed run asks for it at the same place again."""

    @property
    def ref(self) -> str:
        """Its name in references: `collect`, and from the second round on `collect#2`."""
        return self.name if self.number == 1 else f"{self.name}#{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Shown):
    """One execution of a workflow."""

    id: str
    user: str
    agent: str
    name: str
    status: RunStatus
    sees: Sees
    """What steps see that do not say themselves."""
    history: bool
    """Whether it is kept; without, it is erased some time after its end."""
    scope: str
    trust: int
    """Of what it was given."""
    started_at: datetime
    key: str | None = None
    session: str | None = None
    """The conversation it belongs to."""
    active_at: datetime | None = None
    """When it last went on."""
    ended_at: datetime | None = None
    expires_at: datetime | None = None
    """When it is erased."""
    parent: str | None = None
    parent_step: str | None = None
    error: str = ""
    outcome: float | None = None
    """How it went, from -1 to 1; None while nobody has said."""
    attempts: int = 1
    """How often it was begun: 2 after one resumption."""
    inputs: str = ""
    """Digest of what went in."""
    holder: str = ""
    """Which process works on it: machine, process, and a word of its own."""
    holds_until: datetime | None = None
    """When a holder on another machine counts as gone unless it renews."""
    output: str = ""
    """The step whose output is the run's."""
    steps: tuple[Step, ...] = ()
    """In the order of completion."""

    def step(self, name: str, number: int) -> Step | None:
        """Return one execution of a step.

        Args:
            name: What the step is called.
            number: Which execution of it, from 1.

        Returns:
            The step; None where it did not run so often.
        """
        return next((s for s in self.steps if s.name == name and s.number == number), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOutput:
    """An output on its way: a text or JSON value, or bytes in base64."""

    run: str
    step: str
    media: str
    digest: str
    value: Json = None
    base64: str | None = None
    """Where the output is bytes."""
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A text with its references replaced by what they name."""

    text: str
    saw: tuple[Seen, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepContext(Shown):
    """What a step may see, within the tokens there are."""

    text: str
    """Outputs it sees, each under its name; what was cut is said in a line of its own."""
    instruction: str
    """With its references replaced."""
    tokens: int
    """Of instruction, text, history and tool inputs together."""
    window: int
    reserve: int
    """Tokens left free for the answer."""
    cut: tuple[Cut, ...] = ()
    saw: tuple[Seen, ...] = ()
    sizes: Mapping[str, int] = field(default_factory=dict[str, int])
    """Tokens of each part: `instruction`, `history`, `tool_inputs`, and the steps by name."""

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """A passage of a document that bears on a query."""

    source: str
    """Name of the document."""
    text: str
    start: int
    """Where it begins in the document, in characters."""
    score: float
    """In [0, 1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure(Shown):
    """A sequence of steps or tools that led to success more than once."""

    actions: tuple[str, ...]
    """Name and argument shape of each, such as `search(query)`."""
    names: tuple[str, ...]
    """What runs that followed it were called."""
    preconditions: tuple[str, ...]
    """Inputs that all of those runs had."""
    successes: int
    failures: int
    confidence: float
    """Mean of the Beta posterior, (successes + 1) / (successes + failures + 2)."""
    runs: tuple[str, ...]
    """Those it rests on, newest first."""
    score: float = 0.0
    """How well it fits the query, in [0, 1]."""

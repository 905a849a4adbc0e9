"""What is asked of a language model, and what a model and a vendor promise."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

from eider.model.errors import ModelError

T = TypeVar("T")
DIRECT: Final = "anthropic"
"""The provider that is called by its own library; all others go through `instructor`."""
_PASSING: Final = frozenset({408, 409, 425, 429})
"""HTTP statuses that say nothing about the question, besides the service's own faults."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt(Generic[T]):
    """One question to a model, and the type of its answer."""

    name: str
    version: str
    """Changes with every change of wording or answer; stored with what it produced."""
    system: str
    """What the model is to do. Nothing a user said is in it."""
    text: str
    """What it is to do that with: data within delimiters, escaped."""
    answer: type[T]
    """A pydantic model; its fields are asked for in their order."""
    max_tokens: int = 1024
    seconds: float | None = None
    """What the answer may take; None is what the model is set to."""

    @property
    def source(self) -> str:
        """Name and version: "signal/1"."""
        return f"{self.name}/{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Generic[T]):
    """What a vendor returned, and what it cost."""

    value: T
    input_tokens: int = 0
    output_tokens: int = 0


class Model(Protocol):
    """Answers prompts."""

    @property
    def name(self) -> str:
        """`provider:model`, as noted on what it produced."""
        ...

    def ask(self, prompt: Prompt[T]) -> T:
        """Answer one prompt with a value of its answer type.

        Raises:
            ModelError: It did not answer, or with something else; `retryable` says whether later may be better.
            ModelRefusedError: It declined.
            BudgetSpentError: The day's tokens are spent; nothing was asked.
        """
        ...


class Vendor(Protocol):
    """One provider's library, called once per prompt; what surrounds the call is not its business."""

    def answer(self, prompt: Prompt[T], seconds: float) -> Answer[T]:
        """Ask once, with the library's own retries; no attempt begins after `seconds`.

        Raises:
            ModelError: It failed; `tokens` is what it cost all the same, and the cause is chained.
        """
        ...


class OwnVendor(Vendor, Protocol):
    """A model that this process brings itself, such as one of a framework: `eider.open(path, mode=…, model=it)`."""

    @property
    def name(self) -> str:
        """`provider:model`, as noted on what it produced."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """Which model of which provider."""

    provider: str
    model: str

    @property
    def name(self) -> str:
        """The one way it is written on what it produced."""
        return f"{self.provider}:{self.model}"

    @property
    def extra(self) -> str:
        """What has to be installed for it."""
        return "anthropic" if self.provider == DIRECT else "llm"


def passes(status: object) -> bool:
    """Whether the same question may be answered later by a service that ended with this HTTP status, or with none.

    >>> passes(529), passes(429), passes(401), passes(None)
    (True, True, False, True)
    """
    return not isinstance(status, int) or status in _PASSING or status >= 500  # noqa: PLR2004 (the service's own fault)


def model_name(vendor: str, model: object) -> str:
    """Return `vendor:model` in printable ASCII, as it is noted on what the model produced.

    >>> model_name("LangChain", "claude haiku")
    'langchain:claude-haiku'
    """
    return f"{re.sub(r'[^a-z0-9_-]+', '-', vendor.lower()).strip('-') or 'model'}:{re.sub(r'[^!-~]+', '-', str(model)) or 'model'}"


def unanswered(name: str, prompt: Prompt[Any], error: BaseException) -> ModelError:
    """Return what it means that a framework's model raised; its text may quote what a user said, so it is not told."""
    return ModelError(
        f"{name} did not answer {prompt.source} ({type(error).__name__}); it is asked again later.",
        retryable=passes(getattr(error, "status_code", None)),
    )


def misanswered(name: str, prompt: Prompt[Any], tokens: int = 0) -> ModelError:
    """Return what it means that a model answered in another form than asked, at this cost."""
    return ModelError(f"{name} answered {prompt.source} in another form than asked.", tokens=tokens)

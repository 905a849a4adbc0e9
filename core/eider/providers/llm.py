"""Models: what is asked of one, what it promises, and how one is reached by name.

Core knows no vendor. `connect("anthropic:claude-…")` imports the plugin `eider_models`, whose vendors do the calling;
deadline, circuit breaker, daily budget and counters are around every vendor alike (`eider.providers.llm_guard`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

from eider.model.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from eider.providers.llm_guard import Guarded, Purse

T = TypeVar("T")
DIRECT: Final = "anthropic"
"""The provider that is called by its own library; all others go through `instructor`."""
_SHOWN: Final = 60
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


def spec_of(text: str) -> Spec:
    """A model's name taken apart: `provider:model` or `provider/model`.

    Raises:
        ConfigError: It is neither.

    >>> spec_of("openai/gpt-x").name, spec_of("ollama:qwen3:8b").model
    ('openai:gpt-x', 'qwen3:8b')
    """
    places = [place for mark in ":/" if (place := text.find(mark)) >= 0]
    provider, model = (text[: min(places)], text[min(places) + 1 :]) if places else ("", "")
    plain = provider.isascii() and provider.replace("-", "").replace("_", "").isalnum()
    if not plain or not model or any(c.isspace() or not c.isprintable() for c in model):
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        raise ConfigError(
            f"model {shown!r} names no provider; write provider:model, such as 'anthropic:claude-haiku-4-5'."
        )
    return Spec(provider=provider.lower(), model=model)


def check(text: str) -> Spec:
    """A model's name that this installation can ask.

    Raises:
        ConfigError: It names no model.
        MissingExtraError: What asks it is not installed.
    """
    spec = spec_of(text)
    needed = ("eider_models", "anthropic") if spec.provider == DIRECT else ("eider_models", "instructor")
    for package in needed:
        if find_spec(package) is None:
            raise MissingExtraError(package, spec.extra)
    return spec


def connect(
    spec: str, *, purse: Purse | None = None, clock: Callable[[], float] | None = None, **settings: Any
) -> Guarded:
    """A model by name, ready to be asked; nothing is sent yet.

    Args:
        spec: `provider:model` or `provider/model`.
        purse: Keeps what was spent, and the day's limit; by default in memory, without a limit.
        clock: Seconds that only grow; for tests.
        settings: `key` and `url` of the provider, `retries` of its library, `deadline` in seconds.

    Raises:
        ConfigError: It names no model, or a setting cannot be used.
        MissingExtraError: What asks it is not installed.
    """
    from eider.providers.llm_guard import DEADLINE, Guarded

    found = check(spec)
    deadline = float(settings.pop("deadline", DEADLINE))
    vendor: Vendor = import_module("eider_models").vendor(found, _known(settings))
    more: dict[str, Any] = {} if clock is None else {"clock": clock}
    return Guarded(vendor, found.name, purse=purse, deadline=deadline, **more)


_SETTINGS: Final = frozenset({"key", "url", "retries"})


def _known(settings: Mapping[str, Any]) -> dict[str, Any]:
    for name in settings:
        if name not in _SETTINGS:
            raise ConfigError(
                f"setting {name!r} of a model is unknown; there are {', '.join(sorted(_SETTINGS))}, deadline."
            )
    return {name: value for name, value in settings.items() if value is not None}

"""How a language model is reached by its name.

Core knows no vendor. `connect("anthropic:claude-…")` imports the plugin `eider_models`, whose vendors do the calling;
deadline, circuit breaker, daily budget and counters are around every vendor alike (`eider.providers.llm_guard`).
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from eider.model.errors import ConfigError, MissingExtraError
from eider.model.llm import DIRECT, Spec, Vendor

if TYPE_CHECKING:
    from eider.providers.llm_guard import Guarded, Purse

_SHOWN: Final = 60


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
    for name in settings:
        if name not in _SETTINGS:
            raise ConfigError(
                f"setting {name!r} of a model is unknown; there are {', '.join(sorted(_SETTINGS))}, deadline."
            )
    known = {name: value for name, value in settings.items() if value is not None}
    vendor: Vendor = import_module("eider_models").vendor(found, known)
    more: dict[str, Any] = {} if clock is None else {"clock": clock}
    return Guarded(vendor, found.name, purse=purse, deadline=deadline, **more)


_SETTINGS: Final = frozenset({"key", "url", "retries"})

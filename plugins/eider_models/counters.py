"""Counts by the services themselves, and by tokenizers that are on this machine; nothing is fetched to count."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from eider.model.errors import ConfigError, MissingExtraError
from eider.providers.token_budget import HeuristicCounter

_SECONDS: Final = 5.0
"""What one count may take before the estimate, which errs high, stands in for it. A guess."""
_BEFORE: Final = "."
"""Sent before every text: services refuse blank ones. What it costs alone, envelope included, is taken off."""

Count = Callable[[str], int]


def anthropic(model: str, *, key: str | None = None, url: str | None = None) -> Count:
    """Counts by Anthropic's `count_tokens`; nothing is generated and nothing billed."""
    try:
        import anthropic as library
    except ImportError as error:
        raise MissingExtraError("anthropic", "anthropic") from error
    made: list[Any] = []

    def ask(text: str) -> int:
        if not made:
            made.append(library.Anthropic(api_key=key, base_url=url, timeout=_SECONDS, max_retries=0))
        return made[0].messages.count_tokens(model=model, messages=[{"role": "user", "content": text}]).input_tokens

    return _subtract_empty(ask)


def openai(model: str, *, key: str | None = None, url: str | None = None) -> Count:
    """Counts by OpenAI's `responses/input_tokens`."""
    try:
        import openai as library
    except ImportError as error:
        raise MissingExtraError("openai", "llm") from error
    made: list[Any] = []

    def ask(text: str) -> int:
        if not made:
            made.append(library.OpenAI(api_key=key, base_url=url, timeout=_SECONDS, max_retries=0))
        return made[0].responses.input_tokens.count(model=model, input=text).input_tokens

    return _subtract_empty(ask)


def voyage(model: str, **_settings: Any) -> Count:
    """Counts by a Voyage model's tokenizer, where its file is in the cache of Hugging Face already.

    Raises:
        ConfigError: It is not.
    """
    from huggingface_hub import try_to_load_from_cache
    from tokenizers import Tokenizer

    name = f"voyageai/{model}"
    place = try_to_load_from_cache(name, "tokenizer.json")
    if not isinstance(place, str):
        raise ConfigError(
            f"the tokenizer of {name!r} is not on this machine, and counting downloads nothing; "
            f"fetch it once with tokenizers.Tokenizer.from_pretrained({name!r}), or use counter 'heuristic'."
        )
    made: Any = Tokenizer.from_file(place)

    def count(text: str) -> int:
        return len(made.encode(text, add_special_tokens=False).ids)

    return count


def _subtract_empty(ask: Count) -> Count:
    """What a text costs itself: the count with it less the count without; the estimate where nobody answers."""
    alone: list[int] = []
    estimate = HeuristicCounter()

    def count(text: str) -> int:
        try:
            if not alone:
                alone.append(ask(_BEFORE))
            return ask(_BEFORE + text) - alone[0]
        except Exception:  # noqa: BLE001 (no count is worth an error: the estimate errs high)
            return estimate.count(text)

    return count

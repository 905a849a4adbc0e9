"""Token counters by name: the estimate that needs nothing, or a model's own count where it can be had."""

from __future__ import annotations

import hashlib
import os
import tempfile
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from eider.model import config
from eider.model.errors import ConfigError, MissingExtraError
from eider.providers.token_budget import HeuristicCounter

if TYPE_CHECKING:
    from collections.abc import Callable

    from eider.model.protocols import TokenCounter

ENCODING: Final = "o200k_base"
"""The encoding `tiktoken` stands for where none is named: that of OpenAI's models since 2024."""
_PLACE: Final = "https://openaipublic.blob.core.windows.net/encodings/{}.tiktoken"
"""Where tiktoken 0.12 fetches an encoding; the name of its cached file is the SHA-1 of this."""
_REMOTE: Final = {"anthropic": "anthropic", "openai": "llm", "voyage": "llm"}
"""Provider → extra that its counter comes with."""
_CACHED: Final = 4_096
"""Counts kept per counter: a policy counts the same lines again and again."""


def counter(name: str = "heuristic", **settings: Any) -> TokenCounter:
    """A counter by name; none of them downloads anything when it is made.

    Args:
        name: "heuristic"; "tiktoken" or "tiktoken:ENCODING" (only where the encoding's file is there already);
            "anthropic:MODEL" or "openai:MODEL" (asks the service); "voyage:MODEL" (only where its tokenizer is there).
        settings: `key` and `url` of a service, where its library's own are not meant.

    Raises:
        ConfigError: There is no such counter, or what it needs is not there.
        MissingExtraError: A package is not installed.

    >>> counter().count("Prefers tea.")
    3
    """
    kind, _, model = name.partition(":")
    if kind == "heuristic" and not model:
        return HeuristicCounter()
    if kind == "tiktoken":
        return _Counted(_tiktoken(model or ENCODING))
    if kind in _REMOTE and model:
        if find_spec("eider_models") is None:
            raise MissingExtraError("eider_models", _REMOTE[kind])
        made: Any = getattr(import_module("eider_models.counters"), kind)
        return _Counted(made(model, **settings))
    raise ConfigError(
        f"counter {name!r} is unknown; take 'heuristic', 'tiktoken', 'anthropic:MODEL', 'openai:MODEL' or 'voyage:MODEL'."
    )


def configured_counter() -> TokenCounter:
    """The counter that is set, else the estimate; a model's key is handed to its own provider only."""
    name = config.setting("counter") or "heuristic"
    if name == "heuristic":
        return HeuristicCounter()
    kind, model = name.partition(":")[0], config.setting("model") or ""
    own = model.startswith((f"{kind}:", f"{kind}/")) and kind in _REMOTE
    return counter(name, **({"key": config.setting("model_key"), "url": config.setting("model_url")} if own else {}))


class _Counted:
    """A counter over a function: the empty text costs nothing, any other something, and counts are kept."""

    def __init__(self, count: Callable[[str], int]) -> None:
        self._count = lru_cache(maxsize=_CACHED)(count)

    def count(self, text: str) -> int:
        """Tokens of a text; lone surrogates, which no service takes, count as what replaces them."""
        if not text:
            return 0
        return max(1, self._count(text.encode("utf-8", "replace").decode("utf-8")))


def _tiktoken(encoding: str) -> Callable[[str], int]:
    if find_spec("tiktoken") is None:
        raise ConfigError("counter 'tiktoken' needs a package that is not installed; run: pip install tiktoken")
    place = cached_encoding(encoding)
    if place is None:
        raise ConfigError(
            f"the file of encoding {encoding!r} is not in tiktoken's cache, and counting downloads nothing; "
            f"fetch it once with tiktoken.get_encoding({encoding!r}), or use counter 'heuristic'."
        )
    made: Any = import_module("tiktoken").get_encoding(encoding)

    def count(text: str) -> int:
        return len(made.encode(text, disallowed_special=()))

    return count


def cached_encoding(encoding: str) -> Path | None:
    """The file of an encoding where tiktoken keeps what it fetched; None if it was not fetched."""
    folder = os.environ.get("TIKTOKEN_CACHE_DIR", os.environ.get("DATA_GYM_CACHE_DIR"))
    if folder == "":  # tiktoken keeps nothing then
        return None
    place = Path(folder) if folder else Path(tempfile.gettempdir()) / "data-gym-cache"
    file = place / hashlib.sha1(_PLACE.format(encoding).encode()).hexdigest()  # noqa: S324 (a file's name)
    return file if file.is_file() else None

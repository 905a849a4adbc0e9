"""How an embedder or a reranker is reached by its name.

Core knows no service. `connect("openai:text-embedding-3-small")` asks the entry point `openai` of the group
`eider.embedders`, which names a function `make(model, options)`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode

from eider.model import config
from eider.model.errors import ConfigError, MissingExtraError
from eider.providers.embedders import default_embedder
from eider.providers.embedders.hashing import HashEmbedder

if TYPE_CHECKING:
    from eider.model.protocols import Embedder, Reranker

GROUP: Final = "eider.embedders"
RERANKERS: Final = "eider.rerankers"
BUILT_IN: Final = ("default", "hash", "wordllama")
_OF_THIS_MACHINE: Final = frozenset({"url", "key"})
"""Options that say where a service is, not which vectors it makes; a store does not note them."""
_KEYS: Final[Mapping[str, tuple[str, ...]]] = {"cohere": ("CO_API_KEY", "COHERE_API_KEY")}
"""Variables that services' own libraries read, where that is not `PROVIDER_API_KEY`."""
_SHOWN: Final = 80
_MOST_PATIENT: Final = 30.0
_WIDTH: Final = 256
"""Of the built-in embedders, where no store has noted another one."""


@dataclass(frozen=True, slots=True)
class EmbedderName:
    """A name taken apart: `provider:model?option=value&…`; the model may be left out where a provider has one only."""

    provider: str
    model: str
    options: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, text: str) -> EmbedderName:
        """Take a name apart.

        Raises:
            ConfigError: It is none.

        >>> EmbedderName.of("ollama:nomic-embed-text:latest?dimensions=256").model
        'nomic-embed-text:latest'
        """
        said, _, query = text.strip().partition("?")
        provider, _, model = said.partition(":")
        plain = provider.isascii() and provider.replace("-", "").replace("_", "").isalnum()
        options = parse_qsl(query, keep_blank_values=True)
        if not plain or any(c.isspace() or not c.isprintable() for c in model) or bool(query) is not bool(options):
            shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
            raise ConfigError(
                f"embedder {shown!r} cannot be used; write provider:model, such as 'openai:text-embedding-3-small', or "
                "one of 'default', 'hash', 'onnx'."
            )
        return cls(provider.lower(), model, tuple(options))

    @property
    def noted(self) -> str:
        """The name as a store notes it: without addresses and keys."""
        kept = [(name, value) for name, value in self.options if name not in _OF_THIS_MACHINE]
        said = f"{self.provider}:{self.model}" if self.model else self.provider
        return f"{said}?{urlencode(kept)}" if kept else said


def connect(text: str, *, width: int | None = None) -> Embedder:
    """Return an embedder by name; nothing is sent yet, and nothing heavy loaded where that can wait.

    Args:
        text: "default", "hash", or `provider:model`, with options behind a question mark.
        width: Length of its vectors where a store has noted it, so that a service need not be asked.

    Raises:
        ConfigError: There is no such provider, or an option cannot be used.
        MissingExtraError: What it needs is not installed.
    """
    name = EmbedderName.of(text)
    if name.provider in BUILT_IN:
        if name.model or name.options:
            raise ConfigError(f"embedder {text!r} takes neither a model nor options; write {name.provider!r}.")
        if name.provider == "hash":
            return HashEmbedder(width=width or _WIDTH)
        if width in (None, _WIDTH):
            return default_embedder()
        from eider.providers.embedders.wordllama import WordLlamaEmbedder

        return WordLlamaEmbedder(width=width)
    more = {} if width is None else {"width": str(width)}
    made = _maker(GROUP, "embedder", name)(name.model, {**more, **_options(name)})
    if (patience := config.setting("embedder_patience")) and getattr(made, "query_seconds", None) is not None:
        made.query_seconds = _seconds(patience)
    return made


def _seconds(said: str) -> float:
    try:
        found = float(said)
    except ValueError:
        found = 0.0
    if not 0 < found <= _MOST_PATIENT:
        raise ConfigError(
            f"setting 'embedder_patience' is {said!r}; set seconds above 0, at most {_MOST_PATIENT:g}, such as '0.8'."
        )
    return found


def connect_reranker(text: str) -> Reranker:
    """Return a reranker by name, as `connect` does an embedder."""
    name = EmbedderName.of(text)
    return _maker(RERANKERS, "reranker", name)(name.model, _options(name))


def check(text: str) -> str:
    """Return an embedder's name that this installation knows; nothing is loaded.

    Raises:
        ConfigError: There is no such provider.
    """
    name = EmbedderName.of(text)
    if name.provider not in BUILT_IN:
        _point(GROUP, "embedder", name)
    return text.strip()


def _point(group: str, what: str, name: EmbedderName) -> Any:
    known = {point.name: point for point in entry_points(group=group)}
    if (found := known.get(name.provider)) is None:
        there = ", ".join(map(repr, sorted([*known, *(BUILT_IN if group == GROUP else ())])))
        raise ConfigError(f"{what} {name.noted!r} is unknown; there are {there}.")
    return found


def _maker(group: str, what: str, name: EmbedderName) -> Callable[[str, Mapping[str, str]], Any]:
    point = _point(group, what, name)
    try:
        return point.load()
    except ImportError as error:
        raise MissingExtraError(str(error.name or point.module), name.provider) from error


def _options(name: EmbedderName) -> dict[str, str]:
    """What the name says; else key and address from the environment or the settings."""
    found = dict(name.options)
    own = [os.environ.get(v) for v in _KEYS.get(name.provider, (f"{name.provider.upper().replace('-', '_')}_API_KEY",))]
    key = next((k for k in own if k), None) or _set_for(name.provider, config.setting("embedder_key"))
    url = _set_for(name.provider, config.setting("embedder_url"))
    return {**({"key": key} if key else {}), **({"url": url} if url else {}), **found}


def _set_for(provider: str, said: str | None) -> str | None:
    """Return what a setting says of one provider: `openai=…,voyage=…`, or one value for all.

    >>> _set_for("voyage", "openai=sk-1, voyage=pa-2"), _set_for("openai", "sk-1"), _set_for("tei", "openai=sk-1")
    ('pa-2', 'sk-1', None)
    """
    parts = [part.strip() for part in (said or "").split(",") if part.strip()]
    named = dict(
        part.split("=", 1) for part in parts if "=" in part and part.split("=", 1)[0].replace("-", "").isalnum()
    )
    if named:
        return named.get(provider)
    return said.strip() if said and said.strip() else None

"""Opening a memory by what the environment says: `eider.from_env()`."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from eider.model import config
from eider.model.errors import ConfigError, EiderError

if TYPE_CHECKING:
    from eider.api.facade import Eider

_TRUE: Final = frozenset("1 true yes on".split())
_FALSE: Final = frozenset("0 false no off".split())
_LONGEST: Final = 60


def from_env(**given: Any) -> Eider:
    """Open a memory as the environment says, else the config file, else as `eider.open` would by itself.

    `EIDER_STORE`, `EIDER_USER`, `EIDER_AGENT_ID`, `EIDER_AGENT_DESCRIPTION`, `EIDER_MODE`, `EIDER_MODEL`, `EIDER_SCOPES`
    and `EIDER_LAYERS` (with commas), `EIDER_DYNAMIC_SCOPES`, `EIDER_SHARED` and `EIDER_READ_ONLY` (true or false),
    `EIDER_TOKEN`. `EIDER_HOME`, `EIDER_TZ`, `EIDER_EMBEDDER`, `EIDER_COUNTER` and `EIDER_MODEL_TOKENS` are checked as well.

    Args:
        given: Arguments of `eider.open` that win over all of it.

    Raises:
        ConfigError: A variable cannot be used; the message names it, its value and the fix.
    """
    from eider.api.open import open as open_memory

    arguments: dict[str, Any] = {}
    for variable, (argument, made) in _ARGUMENTS.items():
        said = _variable(variable)
        if said is not None and argument not in given:
            arguments[argument] = _made(variable, said, made)
    for variable, made in _CHECKED.items():
        if (said := _variable(variable)) is not None:
            _made(variable, said, made)
    arguments |= given
    mode = arguments.get("mode", "frugal")
    if mode != "frugal" and not arguments.get("model"):
        raise ConfigError(f"EIDER_MODE={mode!r} asks a model and EIDER_MODEL is unset; set it to provider:model.")
    return open_memory(**arguments)


def _variable(variable: str) -> str | None:
    """What the environment says, else the config file; blank is unset."""
    found = os.environ.get(variable)
    if found is None or not found.strip():
        name = variable.removeprefix("EIDER_").lower()
        found = config.read().get("agent" if name == "agent_id" else name)
        if found is None and name == "agent_id":
            found = os.environ.get("EIDER_AGENT")
    return found.strip() if found is not None and found.strip() else None


def _made(variable: str, said: str, made: Callable[[str], Any]) -> Any:
    try:
        return made(said)
    except EiderError as error:
        shown = said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"
        raise ConfigError(f"{variable}={shown!r} cannot be used: {error}") from error


# ---------------------------------------------------------------------- what each may say


def _flag(said: str) -> bool:
    lower = said.lower()
    if lower not in _TRUE | _FALSE:
        raise ConfigError("set it to true or false.")
    return lower in _TRUE


def _store(said: str) -> str:
    if not said.startswith(("http://", "https://")):
        from eider.model.store_paths import folder_of

        folder_of(said)
    return said


def _user(said: str) -> str:
    from eider.model.validation import user

    return user(said)


def _agent(said: str) -> str:
    from eider.model.validation import name

    return name(said, "agent")


def _mode(said: str) -> str:
    from eider.store.agent_settings import check_mode

    lower = said.lower()
    check_mode(lower)
    return lower


def _model(said: str) -> str:
    from eider.providers.llm import spec_of

    spec_of(said)
    return said


def _listed(said: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in said.split(",") if part.strip())


def _scopes(said: str) -> tuple[str, ...]:
    from eider.model.validation import scopes

    return scopes(_listed(said)) or ()


def _tz(said: str) -> str:
    from eider.model.clock import zone

    zone(said)
    return said


def _embedder(said: str) -> str:
    from eider.providers.embedders.names import check

    return check(said)


def _counter(said: str) -> str:
    from eider.providers.token_counters import counter

    counter(said)
    return said


def _tokens(said: str) -> int | None:
    from eider.store.agent_settings import daily_of

    return daily_of(said)


_ARGUMENTS: Final[dict[str, tuple[str, Callable[[str], Any]]]] = {
    "EIDER_STORE": ("store", _store), "EIDER_USER": ("user", _user), "EIDER_AGENT_ID": ("agent", _agent),
    "EIDER_AGENT_DESCRIPTION": ("agent_description", str), "EIDER_MODE": ("mode", _mode), "EIDER_MODEL": ("model", _model),
    "EIDER_SCOPES": ("scopes", _scopes), "EIDER_DYNAMIC_SCOPES": ("dynamic_scopes", _flag), "EIDER_LAYERS": ("layers", _listed),
    "EIDER_SHARED": ("shared", _flag), "EIDER_READ_ONLY": ("read_only", _flag), "EIDER_TOKEN": ("token", str),
}  # fmt: skip
_CHECKED: Final[dict[str, Callable[[str], Any]]] = {
    "EIDER_TZ": _tz, "EIDER_EMBEDDER": _embedder, "EIDER_COUNTER": _counter, "EIDER_MODEL_TOKENS": _tokens,
}  # fmt: skip

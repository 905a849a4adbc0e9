"""How many tokens a model takes: a dated table, and what a user has set in its place."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from eider.model import config
from eider.model.errors import ConfigError

FILE: Final = "windows.toml"


@dataclass(frozen=True, slots=True)
class Windows:
    """Context windows by the beginning of a model's name."""

    default: int
    reserve: int
    """Tokens left free for an answer where nobody says how many."""
    by_name: tuple[tuple[str, int], ...]
    """The longest names first."""

    def of(self, model: str | None) -> int:
        """Return a model's window; `provider:` or `provider/` before its name changes nothing."""
        name = (model or "").rpartition(":")[2].rpartition("/")[2].lower()
        return next((tokens for start, tokens in self.by_name if name.startswith(start)), self.default)


def windows() -> Windows:
    """Return the table, with a user's own file over it.

    Raises:
        ConfigError: The user's file cannot be used.
    """
    own = config.home() / FILE
    try:
        return _read(own, own.stat().st_mtime_ns)
    except FileNotFoundError:
        return _read(None, 0)


@lru_cache(maxsize=8)
def _read(own: Path | None, changed: int) -> Windows:
    del changed
    whole: dict[str, Any] = tomllib.loads(resources.files("eider.runs").joinpath(FILE).read_text())
    if own is not None:
        try:
            said = tomllib.loads(own.read_text())
        except (OSError, ValueError) as error:
            raise ConfigError(
                f'{str(own)!r} cannot be read ({error}); write lines such as "my-model" = 32_000 below [windows].'
            ) from error
        table: dict[str, Any] = {**whole["windows"], **said.get("windows", {})}
        whole = {**whole, **said, "windows": table}
    numbers = {"default": whole["default"], "reserve": whole["reserve"], **whole["windows"]}
    for name, tokens in numbers.items():
        if isinstance(tokens, bool) or not isinstance(tokens, int) or tokens < 1:
            raise ConfigError(f"{str(own)!r} says {name!r} = {tokens!r}; set a whole number of tokens.")
    by_name = sorted(((n.lower(), t) for n, t in whole["windows"].items()), key=lambda one: -len(one[0]))
    return Windows(whole["default"], whole["reserve"], tuple(by_name))

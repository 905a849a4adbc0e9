"""Reads and checks the parts of a request other than the verb's own fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from eider.model import config
from eider.model.errors import InputError
from eider.model.store_paths import folder_of


def object_in(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return an object field of a request; missing is empty.

    Raises:
        InputError: It is something else.
    """
    given = body.get(name)
    if given is not None and not isinstance(given, Mapping):
        raise InputError(f"{name} is {type(given).__name__}; pass a JSON object.")
    return dict(cast("Mapping[str, Any]", given or {}))


def _configured_layers() -> list[str]:
    """Return the configured layers with an absolute path."""
    said = (config.setting("layers") or "").split(",")
    return [path for one in said if (path := one.strip()) and (not config.is_path(path) or Path(path).is_absolute())]


def layers(body: Mapping[str, Any]) -> Sequence[str]:
    """Return the layers a request names, else the configured ones that exist.

    Raises:
        InputError: It is no list of texts.
    """
    given = body.get("layers")
    if given is None:
        return [path for path in _configured_layers() if folder_of(path).is_dir()]
    if not isinstance(given, list | tuple) or not all(isinstance(one, str) for one in given):
        raise InputError(f"layers={given!r} cannot be used; pass a list of names or absolute paths.")
    return given

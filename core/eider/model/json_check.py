"""Whether a value is one that JSON can say."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any, Final

from eider.model.errors import InputError

MAX_DEPTH: Final = 100
"""Levels of lists and objects."""


def check_json(value: Any, what: str) -> None:
    """Refuse what JSON cannot say, naming the place.

    Raises:
        InputError: It holds itself, is nested too deeply, or holds something that is no JSON.
    """
    _check(value, what, set())


def _check(value: Any, what: str, above: set[int]) -> None:
    if value is None or isinstance(value, (str, bool, int)):
        return
    if isinstance(value, float):
        if not isfinite(value):
            raise InputError(f"{what} is {value}, which JSON has no word for; pass None or a text.")
        return
    if not isinstance(value, (list, tuple, Mapping)):
        raise InputError(
            f"{what} is {type(value).__name__}; keep str, numbers, bool, None, lists and dicts of those, pydantic models, "
            "or bytes with a media type."
        )
    if id(value) in above:
        raise InputError(f"{what} holds itself; keep a value without circles, such as ids in place of objects.")
    if len(above) >= MAX_DEPTH:
        raise InputError(f"{what[:60]}… is nested deeper than {MAX_DEPTH} levels; keep it flatter, or as a text.")
    above.add(id(value))
    for key, inner in value.items() if isinstance(value, Mapping) else enumerate(value):
        if isinstance(value, Mapping) and not isinstance(key, str):
            raise InputError(
                f"{what} has the name {str(key)[:40]!r}, which is {type(key).__name__}; names are str in JSON."
            )
        _check(inner, f"{what}.{str(key)[:40]}", above)
    above.discard(id(value))

"""What steps return, as it is kept, and back."""

from __future__ import annotations

import dataclasses
import sys
from base64 import b64decode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from eider.model.errors import InputError
from eider.model.json_check import MAX_DEPTH, check_json
from eider.model.runs import Content

if TYPE_CHECKING:
    from eider.model.runs import StepOutput


def content_of(value: Any, what: str, media: str | None = None) -> tuple[Content, str]:
    """Return an output as it is kept, and the class it was of where that is no JSON.

    Raises:
        InputError: It cannot be kept; the message names the place.
    """
    if isinstance(value, (bytes, bytearray, memoryview)):
        if not media:
            raise InputError(f"{what} is bytes; say what they are with media=, such as media='image/png'.")
        return Content(media, bytes(value)), ""
    if media:
        raise InputError(f"{what} is {type(value).__name__} with media={media!r}; media is for bytes alone.")
    model = ""
    if _is_model(value):
        model = f"{type(value).__module__}:{type(value).__qualname__}"
    plain = plain_of(value)
    check_json(plain, what)
    return Content.of(plain), model


def plain_of(value: Any, above: frozenset[int] = frozenset()) -> Any:
    """Return a value with pydantic models and dataclasses as objects; what is no JSON, and circles, stay as they are."""
    if id(value) in above or len(above) > MAX_DEPTH:
        return value
    above |= {id(value)}
    if hasattr(type(value), "model_dump"):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain_of(getattr(value, f.name), above) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {k: plain_of(v, above) for k, v in value.items()} if _has_models(value.values()) else value
    if isinstance(value, (list, tuple)):
        return [plain_of(v, above) for v in value] if _has_models(value) else value
    return value


def _has_models(values: Any) -> bool:
    return any(_is_model(v) or isinstance(v, (list, tuple, Mapping)) for v in values)


def _is_model(value: Any) -> bool:
    return not isinstance(value, type) and (hasattr(type(value), "model_dump") or dataclasses.is_dataclass(value))


def restore_value(value: Any, model: str, what: str) -> Any:
    """Return a kept output as the class it was of, where this process has that class; else as it is kept.

    Raises:
        InputError: The class has changed and does not take it any more.
    """
    module, _, name = model.partition(":")
    found: Any = sys.modules.get(module)
    for part in name.split(".") if model else ():
        found = getattr(found, part, None)
    if not isinstance(found, type):
        return value
    try:
        if hasattr(found, "model_validate"):
            return found.model_validate(value)  # pyright: ignore[reportAttributeAccessIssue]
        return found(**value) if dataclasses.is_dataclass(found) else value
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{what} was kept as {model!r}, which does not take it any more ({error}); give the class its former fields, or begin another run."
        ) from error


def value_of(output: StepOutput) -> Any:
    """Return an output that was read."""
    value = output.value if output.base64 is None else b64decode(output.base64)
    return restore_value(value, output.model, f"output of {output.step!r}")

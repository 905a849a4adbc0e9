"""Values as JSON and back, by their own type hints: what the server sends is what the library would have returned."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, fields
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeVar, get_type_hints

import msgspec

from eider.model.errors import EiderError, InputError

T = TypeVar("T")
_PLACE: Final = re.compile(r"^(?P<fault>.*?)(?: - at `\$\.?(?P<place>.*)`)?$", re.DOTALL)
"""How msgspec names a fault and where it is."""

_UNSENT: Final = (bytes, bytearray)
"""Left as they are, for JSON to refuse."""


def encode(value: Any) -> Any:
    """Return a value as JSON knows it: instants are ISO 8601, values are objects of their fields.

    Raises:
        InputError: It holds something that cannot be sent.

    >>> encode({"at": datetime(2026, 5, 1), "of": ["a"]})
    {'at': '2026-05-01T00:00:00', 'of': ['a']}
    """
    return msgspec.to_builtins(value, enc_hook=_plain, str_keys=True, builtin_types=_UNSENT)


def _plain(value: Any) -> Any:
    """Return what msgspec does not know in terms of what it does."""
    if isinstance(value, str | Path):
        return str(value)
    if hasattr(value, "arrow"):
        # an answer of `sql` as an Arrow stream
        import pyarrow as pa

        sink = pa.BufferOutputStream()
        table = value.arrow()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return {"arrow": base64.b64encode(sink.getvalue().to_pybytes()).decode(), "truncated": value.truncated}
    if hasattr(type(value), "keys"):
        return dict(value)
    if hasattr(type(value), "__getitem__"):
        return list(value)
    raise InputError(f"{type(value).__name__} cannot be sent; pass texts, numbers, times, lists and mappings.")


def decode(given: Any, kind: type[T]) -> T:
    """Return JSON as a value of a type; every part has to be of the type that its hint names.

    Raises:
        InputError: Something is missing, or of another type.
    """
    try:
        return msgspec.convert(given, kind, dec_hook=_made)
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, EiderError):  # a check of the value itself
            raise error.__cause__ from None
        found = _PLACE.match(str(error))
        place, fault = (found["place"] or "the value", found["fault"]) if found else ("the value", str(error))
        raise InputError(f"{place}: {fault.replace('`', '')}; send it as GET /openapi.json says.") from None


def _made(kind: type[Any], given: Any) -> Any:
    """Return a value of a type that msgspec does not know; of paths there are texts, functions are never sent."""
    return kind(given) if kind is Path else given


def decode_request(given: Any, kind: type[T]) -> T:
    """Return a request from JSON that strangers sent; what it lacks, or has too much, is named.

    Raises:
        InputError: A field is unknown, missing, or cannot be used.
    """
    name, known = kind.__name__.lower(), fields(kind)  # pyright: ignore[reportArgumentType] (requests are dataclasses)
    if not isinstance(given, Mapping):
        raise InputError(f"{name} is {type(given).__name__}; send a JSON object of its fields.")
    if unknown := sorted(given.keys() - {f.name for f in known}):
        raise InputError(f"{unknown[0]!r} is no field of {name}; known are {', '.join(f.name for f in known)}.")
    needed = [f.name for f in known if f.default is MISSING and f.default_factory is MISSING]
    if missing := [n for n in needed if n not in given]:
        raise InputError(f"{missing[0]!r} is missing; {name} needs {', '.join(needed)}.")
    try:
        return decode(given, kind)
    except InputError:
        kind(**given)  # its own checks say more of what is wrong
        raise


def table_of(given: Mapping[str, Any]) -> Any:
    """The answer of `sql` again."""
    import pyarrow as pa

    from eider.model.table import Table

    with pa.ipc.open_stream(base64.b64decode(given["arrow"])) as reader:
        return Table(reader.read_all(), truncated=bool(given["truncated"]))


# ---------------------------------------------------------------------- errors


def encode_error(error: EiderError) -> dict[str, Any]:
    """An error with its values."""
    said: dict[str, Any] = {}
    for name, value in vars(error).items():
        if not name.startswith("_"):
            with suppress(InputError):  # what somebody hung onto it need not travel
                said[name] = encode(value)
    return {"kind": type(error).__name__, "message": str(error), "fields": said}


def decode_error(kind: str, message: str, given: Mapping[str, Any]) -> EiderError:
    """The same error again; one of a later version becomes the plain base with its message."""
    from eider.model import errors

    found = getattr(errors, kind, EiderError)
    cls = found if isinstance(found, type) and issubclass(found, EiderError) else EiderError
    error = cls.__new__(cls, message)
    error.args = (message,)
    hints = _error_hints(cls)
    for name, value in given.items():
        made = value
        with suppress(InputError, KeyError):  # what is not as its constructor takes it stays as it was sent
            made = decode(value, hints[name])
        setattr(error, name, tuple(made) if isinstance(made, list) else made)
    return error


@lru_cache(maxsize=128)
def _error_hints(cls: type[EiderError]) -> Mapping[str, Any]:
    """Attribute → type, as the constructor takes them."""
    from eider.model import errors

    named = {**vars(errors), "Path": Path, "datetime": datetime, "Sequence": Sequence}
    return get_type_hints(cls.__init__, globalns=named)

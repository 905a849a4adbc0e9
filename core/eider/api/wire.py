"""Values as JSON and back, by their own type hints: what the server sends is what the library would have returned."""

from __future__ import annotations

import base64
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from eider.model import answers, changes, learned, outcomes, requests, requests_learning, requests_reading, values
from eider.model.errors import EiderError, InputError

_NAMES: Final = {
    **vars(values),
    **vars(learned),
    **vars(outcomes),
    **vars(answers),
    **vars(requests),
    **vars(requests_reading),
    **vars(requests_learning),
    **vars(changes),
}


def encode(value: Any) -> Any:  # noqa: PLR0911 (one return per kind of value)
    """A value as JSON knows it; instants are ISO 8601, values are objects of their fields.

    >>> encode({"at": datetime(2026, 5, 1), "of": ("a",)})
    {'at': '2026-05-01T00:00:00', 'of': ['a']}
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: encode(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, list | tuple):  # before the abstract ones: their cache has been seen to say no under threads
        return [encode(v) for v in value]
    if isinstance(value, Mapping):
        return {str(k): encode(v) for k, v in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return [encode(v) for v in value]
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "arrow"):
        return _table(value)
    raise InputError(f"{type(value).__name__} cannot be sent; pass texts, numbers, times, lists and mappings.")


def decode(given: Any, hint: Any) -> Any:  # noqa: PLR0911 (one return per kind of hint)
    """JSON as the value a type hint names; what has another form stays as it is for the checks of the request.

    Raises:
        InputError: A field is unknown, missing or cannot be read.
    """
    if hint in _PLAIN:  # most fields: a bulk answer has tens of thousands
        return given
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _one_of(given, get_args(hint))
    if isinstance(hint, type) and is_dataclass(hint):
        return _dataclass(given, hint)
    if hint in _READERS and isinstance(given, str):
        return _read(given, hint)
    if hint is float and isinstance(given, int) and not isinstance(given, bool):
        return float(given)
    if isinstance(given, list) and origin is tuple:
        return _tuple(given, get_args(hint))
    if isinstance(given, list) and isinstance(origin, type) and issubclass(origin, Sequence):
        return [decode(v, get_args(hint)[0]) for v in given]
    if isinstance(given, Mapping) and isinstance(origin, type) and issubclass(origin, Mapping):
        return {k: decode(v, get_args(hint)[1]) for k, v in given.items()}
    return given


_PLAIN: Final = frozenset((str, int, bool))
_READERS: Final[Mapping[Any, Callable[[str], Any]]] = {
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    Path: Path,
}


def _read(given: str, hint: Any) -> Any:
    try:
        return _READERS[hint](given)
    except ValueError:
        raise InputError(f"{given[:40]!r} is no time; write it like 2026-05-04T10:00:00+00:00.") from None


def _one_of(given: Any, hints: tuple[Any, ...]) -> Any:
    """The alternative that can hold it; texts are taken as texts where that is one of them."""
    plain = [h for h in hints if h is not type(None)]
    if given is None or not plain:
        return given
    if isinstance(given, str):
        return given if str in plain else decode(given, plain[0])
    if isinstance(given, Mapping) and len(plain) > 1:  # a value that was sent has all of its fields
        known = [h for h in plain if isinstance(h, type) and is_dataclass(h) and set(given) == set(hints_of(h))]
        return decode(given, known[0]) if known else given
    return decode(given, plain[0]) if len(plain) == 1 else given


def _tuple(given: list[Any], of: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(of) == 2 and of[1] is ...:  # noqa: PLR2004 (tuple[T, ...])
        return tuple(decode(v, of[0]) for v in given)
    if len(of) != len(given):
        raise InputError(f"{len(given)} entries where {len(of)} belong; send exactly those.")
    return tuple(decode(v, h) for v, h in zip(given, of, strict=True))


@lru_cache(maxsize=256)
def hints_of(kind: type) -> Mapping[str, Any]:
    """Field → type hint, resolved: by what its module knows, and what only a checker would import there."""
    hints = get_type_hints(kind, globalns={**_NAMES, **vars(sys.modules[kind.__module__])})
    return {f.name: hints[f.name] for f in fields(kind)}


@lru_cache(maxsize=256)
def _needed(kind: Any) -> tuple[str, ...]:
    """Fields without a default."""
    return tuple(f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING)


def _dataclass(given: Any, kind: type) -> Any:
    if not isinstance(given, Mapping):
        raise InputError(f"{kind.__name__.lower()} is {type(given).__name__}; send a JSON object of its fields.")
    hints = hints_of(kind)
    if unknown := sorted(given.keys() - hints.keys()):
        raise InputError(f"{unknown[0]!r} is no field of {kind.__name__.lower()}; known are {', '.join(hints)}.")
    needed = _needed(kind)
    if missing := [n for n in needed if n not in given]:
        raise InputError(f"{missing[0]!r} is missing; {kind.__name__.lower()} needs {', '.join(needed)}.")
    return kind(**{name: decode(given[name], hints[name]) for name in given})


def _table(value: Any) -> dict[str, Any]:
    """An answer of `sql` as an Arrow stream."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    table = value.arrow()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return {"arrow": base64.b64encode(sink.getvalue().to_pybytes()).decode(), "truncated": value.truncated}


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
        made = decode(value, hints.get(name))
        setattr(error, name, tuple(made) if isinstance(made, list) else made)
    return error


@lru_cache(maxsize=128)
def _error_hints(cls: type[EiderError]) -> Mapping[str, Any]:
    """Attribute → type, as the constructor takes them."""
    from eider.model import errors

    named = {**vars(errors), "Path": Path, "datetime": datetime, "Sequence": Sequence}
    return get_type_hints(cls.__init__, globalns=named)

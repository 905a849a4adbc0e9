"""Values as JSON and back, by their own type hints: what the owner sends is what the library would have returned."""

from __future__ import annotations

import base64
import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from eider import answers, changes, requests, values, verbs
from eider.errors import EiderError, InputError

_NAMES: Final = {**vars(values), **vars(answers), **vars(requests), **vars(verbs), **vars(changes)}


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
    if isinstance(value, Mapping):
        return {str(k): encode(v) for k, v in value.items()}
    if isinstance(value, Sequence):
        return [encode(v) for v in value]
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "arrow"):
        return _table(value)
    raise InputError(f"{type(value).__name__} cannot be sent; pass texts, numbers, times, lists and mappings.")


def decode(given: Any, hint: Any) -> Any:  # noqa: C901, PLR0911 (one branch per kind of hint)
    """JSON as the value a type hint names.

    Raises:
        InputError: A field is unknown, missing or of another type.
    """
    origin = get_origin(hint)
    if hint is Any or hint is object or hint is None:
        return given
    if origin in (Union, types.UnionType):
        return _one_of(given, get_args(hint))
    if origin is Literal or hint in (str, int, float, bool):
        return float(given) if hint is float and isinstance(given, int) else given
    if hint is datetime:
        return _instant(given)
    if hint is date:
        return date.fromisoformat(given)
    if hint is Path:
        return Path(given)
    if isinstance(hint, type) and is_dataclass(hint):
        return _dataclass(given, hint)
    if origin is tuple:
        return _tuple(given, get_args(hint))
    if origin is not None and issubclass(origin, Mapping):
        of = get_args(hint)[1]
        return {k: decode(v, of) for k, v in given.items()}
    if origin is not None and issubclass(origin, Sequence):
        made = [decode(v, get_args(hint)[0]) for v in given]
        return made if origin is list else origin(made) if issubclass(origin, list) else made
    return given


def _one_of(given: Any, hints: tuple[Any, ...]) -> Any:
    """The first alternative that can hold it; texts are taken as texts where that is one of them."""
    if given is None:
        return None
    plain = [h for h in hints if h is not type(None)]
    if isinstance(given, str):
        return given if str in plain or not plain else decode(given, plain[0])
    if isinstance(given, Mapping):
        known = [h for h in plain if isinstance(h, type) and is_dataclass(h)]
        return decode(given, known[0]) if len(plain) == 1 and known else given
    return decode(given, plain[0]) if len(plain) == 1 else given


def _tuple(given: Any, of: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(of) == 2 and of[1] is ...:  # noqa: PLR2004 (tuple[T, ...])
        return tuple(decode(v, of[0]) for v in given)
    return tuple(decode(v, h) for v, h in zip(given, of, strict=True))


def _instant(given: Any) -> datetime:
    try:
        return datetime.fromisoformat(given)
    except (TypeError, ValueError):
        raise InputError(f"{given!r} is no time; write it like 2026-05-04T10:00:00+00:00.") from None


@lru_cache(maxsize=256)
def hints_of(kind: type) -> Mapping[str, Any]:
    """Field → type hint, resolved."""
    return get_type_hints(kind, globalns=_NAMES)


def _dataclass(given: Any, kind: type) -> Any:
    if not isinstance(given, Mapping):
        raise InputError(f"{kind.__name__.lower()} is {type(given).__name__}; send a JSON object of its fields.")
    hints = hints_of(kind)
    if unknown := sorted(set(given) - set(hints)):
        raise InputError(f"{unknown[0]!r} is no field of {kind.__name__.lower()}; known are {', '.join(hints)}.")
    needed = [f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING]
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

    from eider.query import Table

    with pa.ipc.open_stream(base64.b64decode(given["arrow"])) as reader:
        return Table(reader.read_all(), truncated=bool(given["truncated"]))


# ---------------------------------------------------------------------- errors


def encode_error(error: EiderError) -> dict[str, Any]:
    """An error with its values."""
    return {
        "kind": type(error).__name__,
        "message": str(error),
        "fields": {k: encode(v) for k, v in vars(error).items() if not k.startswith("_")},
    }


def decode_error(kind: str, message: str, given: Mapping[str, Any]) -> EiderError:
    """The same error again; one of a later version becomes the plain base with its message."""
    from eider import errors

    found = getattr(errors, kind, EiderError)
    cls = found if isinstance(found, type) and issubclass(found, EiderError) else EiderError
    error = cls.__new__(cls, message)
    error.args = (message,)
    for name, value in given.items():
        made = Path(value) if name == "path" and isinstance(value, str) else value
        setattr(error, name, tuple(made) if isinstance(made, list) else made)
    return error

"""Converts type hints to JSON Schema, as `eider.api.wire` encodes them."""

from __future__ import annotations

import ast
import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, ForwardRef, Literal, Union, get_args, get_origin

from eider.api.wire import encode, hints_of
from eider.model import values

Schema = dict[str, Any]
_PLAIN: Final[Mapping[Any, Schema]] = {
    str: {"type": "string"}, int: {"type": "integer"}, float: {"type": "number"}, bool: {"type": "boolean"},
    type(None): {"type": "null"}, datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"}, Path: {"type": "string"},
}  # fmt: skip
_ANYTHING: Final = {"null", "boolean", "number", "string", "array", "object"}


class Schemas:
    """Schemas by name, filled by what refers to them."""

    def __init__(self, *, asked: frozenset[str]) -> None:
        """Create an empty collection.

        Args:
            asked: Modules whose values come from callers: what has a default may be left out there, and unknown
                names are refused. All others are answers, which are always whole and may gain fields.
        """
        self.named: dict[str, Schema] = {}
        self._asked = asked

    def of(self, hint: Any) -> Schema:  # noqa: PLR0911 (one return per kind of hint)
        """Return the schema of a type hint."""
        if hint in (values.Metadata, dict):
            return {"type": "object"}
        if isinstance(hint, ForwardRef) or hint in (Any, object):
            return {}
        if hint in _PLAIN:
            return dict(_PLAIN[hint])
        origin, inner = get_origin(hint), get_args(hint)
        if origin is Literal:
            return {"enum": list(inner)}
        if origin in (Union, types.UnionType):
            return self._union_schema(inner)
        if isinstance(hint, type) and is_dataclass(hint):
            return self._reference(hint)
        if origin is tuple and (len(inner) != 2 or inner[1] is not ...):  # noqa: PLR2004 (tuple[T, ...])
            return {
                "type": "array",
                "prefixItems": [self.of(i) for i in inner],
                "minItems": len(inner),
                "maxItems": len(inner),
            }
        if origin is not None and issubclass(origin, Mapping):
            return {"type": "object", "additionalProperties": self.of(inner[1])}
        if origin is not None and issubclass(origin, Sequence):
            return {"type": "array", "items": self.of(inner[0])}
        return {}

    def _union_schema(self, alternatives: Sequence[Any]) -> Schema:
        """Return the schema of a union, merging alternatives that are encoded alike."""
        found: list[Schema] = []
        for one in alternatives:
            schema = self.of(one)
            if schema not in found:
                found.append(schema)
        if {"type": "string"} in found:
            found = [s for s in found if s.get("type") != "string" or s == {"type": "string"}]
        if {str(s.get("type")) for s in found} >= _ANYTHING:
            return {}
        if all(set(s) == {"type"} for s in found):
            return {"type": found[0]["type"] if len(found) == 1 else [s["type"] for s in found]}
        return found[0] if len(found) == 1 else {"anyOf": found}

    def _reference(self, kind: type) -> Schema:
        name = kind.__name__
        if name not in self.named:
            self.named[name] = {}  # it may refer to itself
            self.named[name] = self._object_schema(kind)
        return {"$ref": f"#/components/schemas/{name}"}

    def _object_schema(self, kind: type) -> Schema:
        asked, hints, said = kind.__module__ in self._asked, hints_of(kind), _field_docs(kind)
        known = [f for f in fields(kind) if _is_sendable(hints[f.name])]
        properties = {f.name: self._property_schema(f, hints[f.name], said.get(f.name), asked=asked) for f in known}
        found: Schema = {"type": "object", "description": inspect.getdoc(kind) or "", "properties": properties}
        required = [
            f.name for f in known if not asked or not (f.default is not MISSING or f.default_factory is not MISSING)
        ]
        if required:
            found["required"] = required
        if asked:
            found["additionalProperties"] = False
        return found

    def _property_schema(self, field: Field[Any], hint: Any, said: str | None, *, asked: bool) -> Schema:
        schema = self.of(hint)
        if said:
            schema = {**schema, "description": said}
        if asked and field.default is not MISSING and field.default is not None:
            schema = {**schema, "default": encode(field.default)}
        return schema


def _is_sendable(hint: Any) -> bool:
    """Return whether a field can be encoded; a function cannot."""
    return not any(get_origin(h) is Callable or get_origin(h) is _CALLABLE for h in (hint, *get_args(hint)))


_CALLABLE: Final = get_origin(Callable[[], None])


@lru_cache(maxsize=256)
def _field_docs(kind: type) -> Mapping[str, str]:
    """Return the docstring under each field, read from the source, including parents."""
    found: dict[str, str] = {}
    for parent in reversed(kind.__mro__):
        try:
            tree = ast.parse(inspect.cleandoc(inspect.getsource(parent)) if parent.__module__ != "builtins" else "")
        except (OSError, TypeError, SyntaxError):
            continue
        body = tree.body[0].body if tree.body and isinstance(tree.body[0], ast.ClassDef) else []
        for field, below in pairwise(body):
            match field, below:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                    found[name] = said
                case _:
                    pass
    return found

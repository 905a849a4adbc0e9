"""Converts type hints to JSON Schema, as `eider.api.wire` encodes them."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from dataclasses import is_dataclass
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, get_args, get_type_hints

import msgspec

Schema = dict[str, Any]
_PLACE: Final = "#/components/schemas/{name}"


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

    def of(self, hint: Any) -> Schema:
        """Return the schema of a type hint; the values it names are added to `named`."""
        (schema,), parts = msgspec.json.schema_components([hint], schema_hook=_unknown, ref_template=_PLACE)
        for kind in _dataclasses_in(hint, set()):
            if kind.__name__ not in self.named:
                self.named[kind.__name__] = self._described(parts[kind.__name__], kind)
        return schema

    def _described(self, schema: Schema, kind: type) -> Schema:
        asked, said = kind.__module__ in self._asked, _field_docs(kind)
        properties: dict[str, Schema] = schema["properties"]
        properties.pop("progress", None)  # a function of the calling process, which is not sent
        for name, hint in get_type_hints(kind).items():
            if (known := properties.get(name)) is None:
                continue
            if datetime in (hint, *get_args(hint)):
                one = next(s for s in known.get("anyOf", [known]) if s.get("type") == "string")
                one["format"] = "date-time"
            if not asked or known.get("default", ...) is None:
                known.pop("default", None)
            elif "default" in known:
                known["default"] = msgspec.json.decode(msgspec.json.encode(known["default"]))  # tuples are arrays
            if name in said:
                known["description"] = said[name]
        if asked:
            return {**schema, "additionalProperties": False}
        return {**schema, "required": list(properties)}


def _unknown(kind: type) -> Schema:
    """Return the schema of a type that JSON has no word for: paths are texts, functions are not sent."""
    return {"type": "string" if kind is Path else "null"}


def _dataclasses_in(hint: Any, seen: set[type]) -> set[type]:
    """Return the dataclasses that a hint names, and those that these name."""
    if isinstance(hint, type) and is_dataclass(hint):
        inner = () if hint in seen else get_type_hints(hint).values()
        seen.add(hint)
    else:
        inner = get_args(hint)
    for one in inner:
        _dataclasses_in(one, seen)
    return seen


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

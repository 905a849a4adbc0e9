"""PostgreSQL's way with the shared SQL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from eider.store.sql.session import Given

_MARK: Final = re.compile(r"\$([a-z]+)|\?")


class PostgresDialect:
    """`Dialect`."""

    row_key = "user_id, id"
    text_type = "text"
    claimed = "FOR UPDATE SKIP LOCKED"

    def names_any(self, column: str, mark: str) -> str:
        """Whether a JSON list of strings in a column shares one with the list at a mark."""
        return f"jsonb_exists_any({column}::jsonb, {mark})"

    def quotes_any(self, column: str, mark: str) -> str:
        """Whether a JSON list of [id, start, end] in a column has an id of the list at a mark."""
        return f"jsonb_exists_any(jsonb_path_query_array({column}::jsonb, '$[*][0]'), {mark})"

    def quoted_ids(self, column: str) -> str:
        """Return the ids of a JSON list of [id, start, end] as a list."""
        return f"ARRAY(SELECT jsonb_array_elements({column}::jsonb)->>0)"

    def says_any(self, column: str, mark: str, *, binary: bool = False) -> str:
        """Whether a text, or UTF-8 bytes, contains any of the texts in the list at a mark."""
        found = f"position(convert_to(said.it, 'UTF8') in {column})" if binary else f"strpos({column}, said.it)"
        return f"EXISTS (SELECT 1 FROM unnest({mark}::text[]) AS said(it) WHERE {found} > 0)"  # noqa: S608 (constants)


DIALECT: Final = PostgresDialect()


def translated(sql: str, given: Given) -> tuple[str, list[Any]]:
    """Return a statement with PostgreSQL's own marks, and its values in their order.

    >>> translated("SELECT 1 WHERE a = ? AND b = ?", [1, 2])
    ('SELECT 1 WHERE a = $1 AND b = $2', [1, 2])
    >>> translated("SELECT 1 WHERE a = $user OR $user IN (SELECT unnest($ids))", {"ids": [3], "user": "u"})
    ('SELECT 1 WHERE a = $1 OR $1 IN (SELECT unnest($2))', ['u', [3]])
    """
    text, names = _numbered(sql)
    if isinstance(given, Mapping):
        return text, [given[name] for name in names]
    return text, list(given)


@lru_cache(maxsize=1024)
def _numbered(sql: str) -> tuple[str, tuple[str, ...]]:
    places: dict[str, int] = {}
    count = 0

    def mark(found: re.Match[str]) -> str:
        nonlocal count
        if name := found[1]:
            return f"${places.setdefault(name, len(places) + 1)}"
        count += 1
        return f"${count}"

    return _MARK.sub(mark, sql), tuple(places)

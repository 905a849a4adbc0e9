"""A user's rows in a DuckDB of their own that can reach nothing else.

The second and last module that imports DuckDB: the truth is opened in `eider.store.duck.database`, this one
never touches a file and serves every backend.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

import duckdb
import pyarrow as pa

from eider.model.errors import SqlError

Cursor = duckdb.DuckDBPyConnection
_BATCH: Final = 2_048
"""Rows per fetch: DuckDB's own vector size."""
TABLES: Final = ("episodes", "memories", "versions", "events", "usage", "edges")
"""Tables a query may name."""

_NODES: Final = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}
"""Parts of a query that only read; a WITH may also hold an INSERT or DELETE."""
_SOURCES: Final = {"range", "generate_series", "unnest", "json_each", "json_tree", "repeat", "summary"}
"""Table functions that make rows out of their arguments; every other one reads files, settings or memory."""
_KEPT_OUT: Final = {
    "current_setting", "getenv", "getvariable", "glob", "json_execute_serialized_sql", "nextval", "currval", "query",
    "query_table", "setval", "sleep_ms", "which_secret", "write_log",
}  # fmt: skip
"""Functions that look or act outside the rows; they fail by themselves, this says why."""
_READS: Final = re.compile(r"(read_|parquet_|arrow_|pandas_|python_|sniff_|duckdb_|pragma_)\w+")
_EXPLAIN: Final = re.compile(r"\s*EXPLAIN\s+(?:ANALYZE\s+)?", re.IGNORECASE)
_ALLOWED: Final = "ask one SELECT (or WITH, DESCRIBE, SHOW, SUMMARIZE, EXPLAIN) over " + ", ".join(TABLES)


def answer(
    tables: Callable[[], Mapping[str, pa.Table]],
    query: str,
    *,
    params: Sequence[object] = (),
    rows: int,
    seconds: float,
    memory: int,
) -> tuple[pa.Schema, list[pa.RecordBatch], bool]:
    """Run one reading statement over these tables and nothing else.

    Args:
        tables: Reads what it may see; not asked for a query that is refused.
        query: A single SELECT, WITH, DESCRIBE, SHOW, SUMMARIZE or EXPLAIN.
        params: Values for its placeholders, in order.
        rows: Most rows handed out.
        seconds: Most time it may take.
        memory: Most megabytes for the rows and the query together.

    Returns:
        Schema, batches, and whether rows were left out.

    Raises:
        SqlError: It was refused, failed, or took too long; the message says what to do.
    """
    try:
        with duckdb.connect(
            ":memory:",
            config={
                "memory_limit": f"{memory}MB",
                "threads": 2,
                "temp_directory": "",  # nothing is spilled: the rows never reach the disk
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "allow_community_extensions": False,
                "python_enable_replacements": False,  # else `FROM name` would look into the caller's variables
            },
        ) as db:
            _check(db, query)
            _fill(db, tables())
            with _interrupted_cursor(db, seconds) as cursor:
                return _fetch(cursor, query, params, rows)
    except duckdb.InterruptException:
        raise SqlError(too_slow(seconds)) from None
    except duckdb.OutOfMemoryException:
        raise SqlError(too_large(memory)) from None
    except duckdb.PermissionException as error:
        raise SqlError(f"refused: {_first(error)}; {_ALLOWED}.") from None
    except duckdb.Error as error:
        raise SqlError(f"{_first(error)}; {_ALLOWED}.") from None


def too_slow(seconds: float) -> str:
    """Return what is said of a query that took too long."""
    return f"the query ran longer than {seconds:g} s and was stopped; narrow it, or pass a larger seconds=."


def too_large(memory: int) -> str:
    """Return what is said of a query that needs too much memory."""
    return f"the query needs more than {memory} MB of memory; select fewer rows or columns, or pass a larger memory=."


def _fill(db: Cursor, tables: Mapping[str, pa.Table]) -> None:
    """Copy the rows in, then turn the key: what follows can reach no file, setting or extension."""
    for name, table in tables.items():
        db.register("given", table)
        db.execute(f"CREATE TABLE {name} AS SELECT * FROM given").fetchall()  # noqa: S608 (names are ours)
        db.unregister("given")
    db.execute("SET TimeZone='UTC'")
    db.execute("SET enable_external_access=false")
    db.execute("SET lock_configuration=true")


def _check(db: Cursor, query: str) -> None:
    """Refuse whatever is not one statement that only reads rows."""
    found = duckdb.extract_statements(query)
    if len(found) != 1:
        raise SqlError(f"the query holds {len(found)} statements; {_ALLOWED}, one at a time.")
    text = query
    if found[0].type == duckdb.StatementType.EXPLAIN:
        text = _EXPLAIN.sub("", query, count=1)
        if text == query or _EXPLAIN.match(text):
            raise SqlError(f"this EXPLAIN cannot be read; write EXPLAIN SELECT …, and {_ALLOWED}.")
        return _check(db, text)
    if found[0].type != duckdb.StatementType.SELECT:
        raise SqlError(f"{found[0].type.name} statements are refused: one's rows are only read here; {_ALLOWED}.")
    cursor = db.cursor()
    try:
        tree = cursor.execute("SELECT json_serialize_sql($1::VARCHAR)", [text]).fetchall()[0][0]
    finally:
        cursor.close()
    for part in _parts(json.loads(tree)):
        kind = part.get("type")
        if part.get("error") is True:
            raise SqlError(f"{part.get('error_message', 'it cannot be read')}; {_ALLOWED}.")
        if isinstance(kind, str) and kind.endswith("_NODE") and kind not in _NODES:
            raise SqlError(
                f"{kind.split('_')[0]} inside the query is refused: one's rows are only read here; {_ALLOWED}."
            )
        function = part.get("function")
        source = str(function.get("function_name", "")).casefold() if kind == "TABLE_FUNCTION" and function else None
        if source is not None and source not in _SOURCES:
            raise SqlError(f"table function {source!r} is refused: nothing outside these rows is read; {_ALLOWED}.")
        name = str(part.get("function_name", "")).casefold()
        if kind == "FUNCTION" and (name in _KEPT_OUT or _READS.fullmatch(name)):
            raise SqlError(f"function {name!r} is refused: it reaches outside these rows; {_ALLOWED}.")
    return None


def _parts(tree: Any) -> Iterator[Mapping[str, Any]]:
    """Every node of a parsed query; by a stack, so that deep nesting is no matter."""
    left = [tree]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            yield node
            left.extend(node.values())
        elif isinstance(node, list):
            left.extend(node)


@contextmanager
def _interrupted_cursor(db: Cursor, seconds: float) -> Generator[Cursor]:
    """A cursor that is interrupted when its time is over."""
    cursor = db.cursor()
    timer = threading.Timer(seconds, cursor.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield cursor
    finally:
        timer.cancel()
        timer.join()  # an interrupt under way must not meet a closed cursor
        with suppress(duckdb.Error):
            cursor.close()


def _fetch(
    cursor: Cursor, query: str, params: Sequence[object], rows: int
) -> tuple[pa.Schema, list[pa.RecordBatch], bool]:
    """At most so many rows, streamed: what is left out is never fetched."""
    relation = cursor.sql(query, params=list(params)) if params else cursor.sql(query)
    if relation is None:  # pyright: ignore[reportUnnecessaryComparison] (a statement without a result)
        raise SqlError(f"the query has no result; {_ALLOWED}.")
    reader = relation.to_arrow_reader(min(_BATCH, rows + 1))
    kept: list[pa.RecordBatch] = []
    left = rows
    for batch in reader:
        if batch.num_rows > left:
            kept.append(batch.slice(0, left))
            return reader.schema, kept, True
        kept.append(batch)
        left -= batch.num_rows
    return reader.schema, kept, False


def _first(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300].rstrip(".;")

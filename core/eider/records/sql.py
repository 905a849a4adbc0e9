"""One's own rows in SQL."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from eider.model.errors import InputError
from eider.model.table import Table, plain
from eider.privacy.ingress import Clean

if TYPE_CHECKING:
    import pyarrow as pa

    from eider.model.requests_reading import Sql
    from eider.store.engine import Engine

_MAX_SECONDS: Final = 3_600
_WHOLE: Final = 38
"""Digits of DuckDB's HUGEINT, which Arrow shows as a decimal."""


def sql(engine: Engine, accepted: Clean[Sql]) -> Table:
    """Answer a query over a user's own rows, in a database that holds nothing else and can reach nothing.

    The tables: `episodes`, `memories` (as they stand, with their status), `versions` (all of them), `events`,
    `usage`, `edges`. Instants are TIMESTAMP in UTC: `said_at`, `happened_at`, `valid_from`, `recorded_at`.

    Raises:
        SqlError: The query is refused, wrong, too slow or too large.
    """
    request = accepted.request
    import pyarrow as pa

    from eider.store.sql_worker import answer

    user = request.user
    if not 0 < request.seconds <= _MAX_SECONDS:
        raise InputError(f"seconds={request.seconds!r} is out of range; pass more than 0, at most {_MAX_SECONDS}.")
    schema, batches, truncated = answer(
        lambda: engine.store.transfer.tables(user, engine.now()),
        request.query, params=request.params, rows=request.rows, seconds=request.seconds, memory=request.memory,
    )  # fmt: skip
    return Table(_tidy(pa.Table.from_batches(batches, schema)), truncated=truncated)


def _tidy(table: pa.Table) -> pa.Table:
    """Timestamps say UTC, intervals are durations, sums of whole numbers are whole numbers again."""
    import pyarrow as pa

    def tidied(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
        kind = column.type
        if pa.types.is_timestamp(kind):
            return column.cast(pa.timestamp(kind.unit, "UTC"))
        if pa.types.is_interval(kind):
            lasts = [plain(value) for value in column.to_pylist()]
            whole = all(value is None or isinstance(value, timedelta) for value in lasts)
            return pa.array(lasts, pa.duration("us")) if whole else pa.array(map(_interval_text, lasts), pa.string())
        if pa.types.is_decimal(kind) and kind.precision == _WHOLE and kind.scale == 0:
            with suppress(pa.ArrowInvalid):  # beyond 64 bits
                return column.cast(pa.int64())
        return column

    return pa.Table.from_arrays([tidied(column) for column in table.columns], names=table.column_names)


def _interval_text(interval: Any) -> str | None:
    """An interval with months, which last differently, in words."""
    if interval is None or isinstance(interval, timedelta):
        return None if interval is None else str(interval)
    return f"{interval.months} months {interval.days} days {interval.nanoseconds / 1e9:g} s"

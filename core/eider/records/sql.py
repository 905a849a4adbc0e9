"""One's own rows in SQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from eider.model.errors import InputError, MissingExtraError
from eider.privacy.ingress import user_name

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from eider.model.verbs import Sql
    from eider.store.engine import Engine

_MAX_SECONDS: Final = 3_600
_WHOLE: Final = 38
"""Digits of DuckDB's HUGEINT, which Arrow shows as a decimal."""
_SHOWN: Final = 50
"""Rows a notebook shows."""


class Table:
    """The answer to a query: rows and columns that do not change."""

    __slots__ = ("__dict__", "_arrow", "truncated")

    def __init__(self, arrow: pa.Table, *, truncated: bool = False) -> None:
        """Take over an Arrow table.

        Args:
            arrow: The result; its timestamps are UTC.
            truncated: Whether rows beyond the cap were left out.
        """
        object.__setattr__(self, "_arrow", arrow)
        object.__setattr__(self, "truncated", truncated)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{name!r} cannot be set: the answer to a query does not change.")

    @property
    def columns(self) -> tuple[str, ...]:
        """Their names, in order."""
        return tuple(self._arrow.column_names)

    @cached_property
    def rows(self) -> list[tuple[Any, ...]]:
        """One tuple per row; instants are aware, in UTC."""
        columns = [[_plain(value) for value in column.to_pylist()] for column in _without_zones(self._arrow).columns]
        return list(zip(*columns, strict=True)) if columns else []

    def arrow(self) -> pa.Table:
        """As `pyarrow.Table`; timestamps carry the zone UTC."""
        return self._arrow

    def pandas(self) -> pd.DataFrame:
        """As `pandas.DataFrame`.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        try:
            import_module("pandas")
        except ImportError:
            raise MissingExtraError("pandas", "view") from None
        return self._arrow.to_pandas()

    def polars(self) -> pl.DataFrame:
        """As `polars.DataFrame`.

        Raises:
            MissingExtraError: polars is not installed.
        """
        try:
            import polars  # noqa: ICN001 (optional)
        except ImportError:
            raise MissingExtraError("polars", "view") from None
        return polars.DataFrame(polars.from_arrow(self._arrow))

    def __len__(self) -> int:
        return self._arrow.num_rows

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.rows)

    def __repr__(self) -> str:
        more = ", truncated" if self.truncated else ""
        return f"Table({len(self)} rows: {', '.join(self.columns)}{more})"

    def _repr_html_(self) -> str:
        from eider.model.display.html import table

        return table(self.columns, self.rows[:_SHOWN], total=len(self), truncated=self.truncated)


def sql(engine: Engine, request: Sql) -> Table:
    """Answer a query over a user's own rows, in a database that holds nothing else and can reach nothing.

    The tables: `episodes`, `memories` (as they stand, with their status), `versions` (all of them), `events`,
    `usage`, `edges`. Instants are TIMESTAMP in UTC: `said_at`, `happened_at`, `valid_from`, `recorded_at`.

    Raises:
        SqlError: The query is refused, wrong, too slow or too large.
    """
    import pyarrow as pa

    from eider.store.sql_sandbox import answer, rows_of

    user = user_name(request.user)
    if not 0 < request.seconds <= _MAX_SECONDS:
        raise InputError(f"seconds={request.seconds!r} is out of range; pass more than 0, at most {_MAX_SECONDS}.")
    schema, batches, truncated = answer(
        lambda: rows_of(engine.store.database, user, engine.now()),
        request.query, rows=request.rows, seconds=request.seconds,
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
            lasts = [_plain(value) for value in column.to_pylist()]
            whole = all(value is None or isinstance(value, timedelta) for value in lasts)
            return pa.array(lasts, pa.duration("us")) if whole else pa.array(map(_said, lasts), pa.string())
        if pa.types.is_decimal(kind) and kind.precision == _WHOLE and kind.scale == 0:
            with suppress(pa.ArrowInvalid):  # beyond 64 bits
                return column.cast(pa.int64())
        return column

    return pa.Table.from_arrays([tidied(column) for column in table.columns], names=table.column_names)


def _said(interval: Any) -> str | None:
    """An interval with months, which last differently, in words."""
    if interval is None or isinstance(interval, timedelta):
        return None if interval is None else str(interval)
    return f"{interval.months} months {interval.days} days {interval.nanoseconds / 1e9:g} s"


def _lasting(interval: Any) -> Any:
    """An interval; one without months always lasts as long."""
    if interval.months:
        return interval
    return timedelta(days=interval.days, microseconds=interval.nanoseconds // 1_000)


def _without_zones(table: pa.Table) -> pa.Table:
    """Timestamps as naive UTC: turned to Python without asking for a zone database."""
    import pyarrow as pa

    naive = [
        column.cast(pa.timestamp("us"), safe=False) if pa.types.is_timestamp(column.type) else column
        for column in table.columns
    ]
    return pa.Table.from_arrays(naive, names=[f"c{i}" for i in range(len(naive))])


def _plain(value: Any) -> Any:
    """A cell as Python has it: instants aware, intervals without months as timedelta, nested ones as well."""
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    if isinstance(value, Decimal) and value == value.to_integral_value() and value.as_tuple().exponent == 0:
        return int(value)
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return _lasting(value) if hasattr(value, "nanoseconds") else value

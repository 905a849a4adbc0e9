"""The answer to a query in SQL: rows and columns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from eider.model.errors import MissingExtraError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

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
        columns = [[plain(value) for value in column.to_pylist()] for column in _without_zones(self._arrow).columns]
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


def plain(value: Any) -> Any:
    """A cell as Python has it: instants aware, intervals without months as timedelta, nested ones as well."""
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    if isinstance(value, Decimal) and value == value.to_integral_value() and value.as_tuple().exponent == 0:
        return int(value)
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return _lasting(value) if hasattr(value, "nanoseconds") else value


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

"""Statements that divide a store over the machines of a Citus cluster."""

from __future__ import annotations

import re
import sys
from typing import Final

from eider_postgres.address import read
from eider_postgres.migrate import scripts

_EVERYWHERE: Final = ("meta", "chain", "tombstones", "jobs")
"""Small tables that have no owner, or whose work is for all; every machine has them whole."""
_FIRST: Final = "episodes"
_CREATED: Final = re.compile(r"CREATE TABLE (\w+)")


def statements(schema: str) -> str:
    """Return what an administrator runs once, after the store was made and before it has rows.

    A user's rows of all tables lie on one machine, so every question of a user is asked there alone.
    """
    tables = [name for _, sql in scripts() for name in _CREATED.findall(sql)]
    lines = [f"SELECT create_reference_table('{schema}.{table}');" for table in tables if table in _EVERYWHERE]
    owned = [table for table in tables if table not in _EVERYWHERE]
    owned.sort(key=lambda table: (table != _FIRST, table in ("words", "meanings")))  # these refer to embeddings
    for table in owned:
        beside = "" if table == _FIRST else f", colocate_with => '{schema}.{_FIRST}'"
        lines.append(f"SELECT create_distributed_table('{schema}.{table}', 'user_id'{beside});")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(statements(read(sys.argv[1]).schema))

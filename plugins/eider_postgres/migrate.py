"""The schema of a store: numbered migrations, row-level security on every table with an owner, and its self-test."""

from __future__ import annotations

import secrets
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final, LiteralString

import psycopg
from psycopg import Connection

from eider.model.errors import ConfigError, StoreDamagedError, StoreError, StoreTooNewError
from eider.model.failpoints import point
from eider_postgres.address import Address

LEAST_VECTOR: Final = (0, 8, 4)
"""Oldest pgvector that is used: 0.8.2 to 0.8.4 mend overflow and corruption of its indexes."""
_OWNER: Final = (
    "(user_id = (SELECT nullif(current_setting('eider.user', true), '')) "
    "OR (SELECT current_setting('eider.everyone', true) = 'on'))"
)
"""Settings are read in a SELECT of their own: once for a statement, not once for each row."""
_WORDS: Final = (
    "(user_id = (SELECT nullif(current_setting('eider.user', true), '')) "
    "AND terms && (SELECT string_to_array(nullif(current_setting('eider.terms', true), ''), ',')::bigint[]))"
)
"""The words asked for stand in the policy itself: beside a policy PostgreSQL uses no index for an operator that might
tell of rows that are hidden, which those of arrays, texts and JSON might; within it, it does."""


@cache
def scripts() -> list[tuple[int, str]]:
    """(number, SQL) of every migration, in order."""
    files = resources.files("eider_postgres").joinpath("migrations").iterdir()
    found = sorted((f.name, f.read_text()) for f in files if f.name.endswith(".sql"))
    return [(int(name.split("_")[0]), sql) for name, sql in found]


def newest() -> int:
    """Schema number this version writes."""
    return scripts()[-1][0]


def is_made(address: Address) -> bool:
    """Return whether the schema of a store is there."""
    with psycopg.connect(address.conninfo, autocommit=True) as db:
        return _schema_of(db, address.schema) > 0


def settle(address: Address) -> tuple[int, dict[str, dict[str, str]]]:
    """Make the schema where there is none, or bring it to the newest.

    Returns:
        The server's number of type halfvec, and table → column → type.

    Raises:
        StoreTooNewError: A later version of Eider wrote it.
        ConfigError: The role, or pgvector, cannot be used.
        StoreDamagedError: An index was not finished.
    """
    with psycopg.connect(address.conninfo, autocommit=True) as db:
        row = db.execute(
            "SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        if row is not None and row[1]:
            raise ConfigError(
                f"role {row[0]!r} passes by row-level security; use one that does not: "
                "CREATE ROLE eider LOGIN; GRANT CREATE ON DATABASE … TO eider."
            )
        halfvec = _vector(db)
        with db.transaction():
            db.execute("SELECT pg_advisory_xact_lock(hashtextextended($$eider schema $$ || %s, 0))", [address.schema])
            found = _schema_of(db, address.schema)
            if found > newest():
                raise StoreTooNewError(Path(address.shown), found, newest())
            if found < newest():
                _migrate(db, address, found)
        _check_indexes(db, address)
        _self_test(db, address)
        return halfvec, _types(db, address.schema)


def _types(db: Connection[Any], schema: str) -> dict[str, dict[str, str]]:
    sql = (
        "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a "
        "JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = %s AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped"
    )
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in db.execute(sql, [schema]).fetchall():
        found.setdefault(table, {})[column] = kind
    return found


def _vector(db: Connection[Any]) -> int:
    found = db.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchone()
    if found is None:
        try:
            db.execute("CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public")
        except psycopg.Error as error:
            said = str(error).splitlines()[0]
            raise ConfigError(
                f"pgvector cannot be used ({said}); let an administrator run CREATE EXTENSION vector."
            ) from error
        found = db.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchone()
    version = tuple(int(part) for part in str(found[0] if found else "0").split("."))
    if version < LEAST_VECTOR:
        raise ConfigError(
            f"pgvector {'.'.join(map(str, version))} has faults that lose rows; install 0.8.4 or newer and run "
            "ALTER EXTENSION vector UPDATE."
        )
    row = db.execute("SELECT to_regtype('halfvec')::oid::bigint").fetchone()
    if row is None or row[0] is None:
        raise ConfigError("pgvector is in a schema that is not searched; ALTER EXTENSION vector SET SCHEMA public.")
    return int(row[0])


def _schema_of(db: Connection[Any], schema: str) -> int:
    row = db.execute("SELECT to_regclass(%s)", [f"{schema}.meta"]).fetchone()
    if row is None or row[0] is None:
        return 0
    row = db.execute(_in(schema, "SELECT content FROM {}.meta WHERE name = 'schema'")).fetchone()
    return int(row[0]) if row else 0


def _in(schema: str, sql: str) -> Any:
    """A statement about one schema, whose name was checked when the address was read."""
    return sql.format(f'"{schema}"')


def _migrate(db: Connection[Any], address: Address, found: int) -> None:
    if not found:
        row = db.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [address.schema]).fetchone()
        if row is None:
            db.execute(_in(address.schema, "CREATE SCHEMA {}"))
    db.execute(_in(address.schema, "SET LOCAL search_path = {}, public"))
    db.execute("SELECT set_config('eider.everyone', 'on', true)")
    divided = "PARTITION BY HASH (user_id)" if address.partitions else ""
    for number, sql in scripts():
        if number > found:
            text: Any = (
                sql.replace("PARTITIONED;", f"{divided};") if address.partitions else sql.replace(" PARTITIONED;", ";")
            )
            db.execute(text)
            db.execute("DELETE FROM meta WHERE name = 'schema'")
            db.execute("INSERT INTO meta VALUES ('schema', %s)", [str(number)])
    for table in _tables(db, "p"):
        for n in range(address.partitions):
            partition: Any = (
                f"CREATE TABLE IF NOT EXISTS {table}_{n} PARTITION OF {table} "
                f"FOR VALUES WITH (MODULUS {address.partitions}, REMAINDER {n})"
            )
            db.execute(partition)
    if not found:
        db.execute("INSERT INTO meta VALUES ('secret', %s)", [secrets.token_hex(32)])
    _secure(db)
    point("migrate.written")


def _tables(db: Connection[Any], kinds: str) -> list[str]:
    sql = (
        "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = ANY(%s) "
        "AND NOT relispartition ORDER BY relname"
    )
    return [row[0] for row in db.execute(sql, [list(kinds)]).fetchall()]


def _secure(db: Connection[Any]) -> None:
    """Let every table that has an owner show only the rows of the user that a transaction names."""
    sql = (
        "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'user_id' "
        "WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')"
    )
    for (table,) in db.execute(sql).fetchall():
        alter: LiteralString = "ALTER TABLE {0} ENABLE ROW LEVEL SECURITY; ALTER TABLE {0} FORCE ROW LEVEL SECURITY"
        _run(db, alter.format(table))
        _run(db, f"DROP POLICY IF EXISTS eider_owner ON {table}; DROP POLICY IF EXISTS eider_adds ON {table}")
        if table.split("_")[0] == "words":
            _run(db, f"CREATE POLICY eider_owner ON {table} FOR SELECT USING ({_WORDS})")
            _run(db, f"CREATE POLICY eider_adds ON {table} FOR INSERT WITH CHECK ({_OWNER})")
        else:
            seen = (
                f"({_OWNER} OR user_id = '')" if table == "jobs" else _OWNER
            )  # work for nobody names ids, never content
            _run(db, f"CREATE POLICY eider_owner ON {table} USING ({seen}) WITH CHECK ({seen})")


def _run(db: Connection[Any], sql: Any) -> None:
    db.execute(sql)


def _check_indexes(db: Connection[Any], address: Address) -> None:
    """An index whose making was broken off stays, is used by nobody, and is never made again by itself."""
    sql = (
        "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND NOT i.indisvalid"
    )
    for (name,) in db.execute(sql, [address.schema]).fetchall():
        if name.startswith("meanings_near"):
            _run(db, _in(address.schema, f"DROP INDEX IF EXISTS {{}}.{name}"))
            continue
        raise StoreDamagedError(
            Path(address.shown),
            f"index {name!r} is not valid",
            f"Run REINDEX INDEX CONCURRENTLY {address.schema}.{name}.",
        )


def _self_test(db: Connection[Any], address: Address) -> None:
    """Make sure that a transaction that names nobody, or somebody else, sees nothing of a user.

    Raises:
        StoreError: The server shows rows that it has to hide; nothing was kept.
    """
    probe = f"eider-self-test-{secrets.token_hex(8)}"
    with db.transaction(force_rollback=True):
        db.execute(_in(address.schema, "SET LOCAL search_path = {}, public"))
        db.execute("SELECT set_config('eider.user', %s, true)", [probe])
        db.execute("INSERT INTO learned VALUES (%s, 'probe', 0, '{}', now() AT TIME ZONE 'UTC')", [probe])
        counts: list[int] = []
        for user in (probe, "", f"{probe}-other"):
            db.execute("SELECT set_config('eider.user', %s, true)", [user])
            row = db.execute("SELECT count(*) FROM learned WHERE name = 'probe' AND user_id = %s", [probe]).fetchone()
            counts.append(int(row[0]) if row else -1)
    if counts != [1, 0, 0]:
        raise StoreError(
            f"{address.shown!r} does not keep users apart (a row was seen {counts} times by its user, nobody and "
            "another); restore row-level security on its tables before it is used."
        )

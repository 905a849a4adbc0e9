"""A password of the database is needed in no address, and shown by nothing."""

from __future__ import annotations

import io
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from click.testing import CliRunner
from cluster import Cluster
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

import eider
from eider.cli import app
from eider.model.errors import InputError
from eider.providers.embedders.hashing import HashEmbedder
from eider.store.backends import exists_at
from eider_postgres.address import read

ROLE = "locked"
PASSWORD = "Hunter2 is 'sécret' \\ / ? # % @ : end"
SHOWN = "Hunter2"


@pytest.fixture(scope="module")
def locked() -> Iterator[Cluster]:
    """A server whose role has to say its password."""
    server = Cluster()
    try:
        with psycopg.connect(server.admin(), autocommit=True) as db:
            db.execute(sql.SQL("CREATE ROLE locked LOGIN PASSWORD {}").format(PASSWORD))
            db.execute("GRANT CREATE ON DATABASE eider TO locked")
        rules = server.data / "pg_hba.conf"
        rules.write_text(
            "host all postgres 127.0.0.1/32 trust\nhost all eider 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
        )
        server.ask("SELECT pg_reload_conf()")
        yield server
    finally:
        server.close()


def bare(server: Cluster, schema: str) -> str:
    """Address of a store of that role, without its password."""
    return f"postgresql://{ROLE}@127.0.0.1:{server.port}/eider?schema={schema}"


def with_it(address: str, password: str = PASSWORD) -> str:
    return address.replace(f"{ROLE}@", f"{ROLE}:{quote(password, safe='')}@")


def test_a_password_file_is_enough(locked: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named by `PGPASSFILE`; without it the server refuses, and the error says where and not what."""
    address = bare(locked, "s_passfile")
    monkeypatch.delenv("PGPASSWORD", raising=False)
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))
    with pytest.raises(eider.errors.StoreUnreachableError, match="no password supplied"):
        eider.open(address, user="ada", embedder=HashEmbedder())
    kept = tmp_path / "pgpass"
    escaped = PASSWORD.replace("\\", "\\\\").replace(":", "\\:")
    kept.write_text(f"127.0.0.1:{locked.port}:eider:{ROLE}:{escaped}\n")
    kept.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(kept))
    with eider.open(address, user="ada", embedder=HashEmbedder()) as memory:
        made = memory.remember("The heron is back.")
    service = tmp_path / "services"
    service.write_text(f"[memory]\nhost=127.0.0.1\nport={locked.port}\nuser={ROLE}\ndbname=eider\n")
    monkeypatch.setenv("PGSERVICEFILE", str(service))
    with eider.open("postgresql:///?service=memory&schema=s_passfile", user="ada", embedder=HashEmbedder()) as memory:
        assert memory.recall("heron", limit=1)[0].id == made.id


def test_a_password_in_the_address_is_shown_by_nothing(locked: Cluster, tmp_path: Path, caplog: Any) -> None:
    """In errors with their causes, logs, health, exports, the list of processes, and rows of the store itself."""
    caplog.set_level(logging.DEBUG)
    address = with_it(bare(locked, "s_shown"))
    seen: list[str] = []
    with eider.open(address, user="ada", embedder=HashEmbedder()) as memory:
        memory.remember("The heron is back.")
        memory.sql("SELECT count(*) FROM memories")
        seen += [repr(memory), str(memory.health()), str(memory.verify(deep=True)), repr(memory._engine.store)]
        seen += [path.read_bytes().decode("utf-8", "replace") for path in Path("/proc").glob("[0-9]*/cmdline")]
        memory.export(tmp_path / "all.jsonl")
        seen.append((tmp_path / "all.jsonl").read_text())
        pool = memory._engine.store.connection.database._pool
        seen += [repr(pool), str(pool.get_stats())]
        with pytest.raises(eider.errors.EiderError) as failed:
            memory.publish(tmp_path / "copy")
        seen.append(told(failed.value))
        locked.ask("ALTER ROLE locked NOLOGIN")
        locked.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'locked'")
        with pytest.raises(eider.errors.StoreUnreachableError) as failed:
            memory.record("Not kept.")
        seen.append(told(failed.value))
        locked.ask("ALTER ROLE locked LOGIN")
    for table, column in locked.ask(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 's_shown' AND data_type = 'text'"
    ):
        seen += [str(row) for row in locked.ask(f"SELECT {column} FROM s_shown.{table}")]
    seen.append(caplog.text)
    assert not [one for one in seen if SHOWN in one or quote(PASSWORD, safe="") in one]


def told(error: BaseException) -> str:
    """All that a traceback shows, causes included."""
    shown = io.StringIO()
    traceback.print_exception(error, file=shown)
    return shown.getvalue()


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=6, max_size=30).map(lambda t: f"Zq7{t}Zq7"),
    st.booleans(),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_password_written_in_any_way_fails_without_a_word_of_it(password: str, escaped: bool) -> None:
    """Whether the address is written as it should be or not; nobody listens at it."""
    written = quote(password, safe="") if escaped else password
    for address in (
        f"postgresql://ada:{written}@127.0.0.1:1/notes?schema=work",
        f"postgresql://127.0.0.1:1/notes?user=ada&password={quote(password, safe='')}",
        f"postgresql://ada:{written}@127.0.0.1:1/notes?no_such_setting=1",
        f"postgresql://ada:12{written}@127.0.0.1:1/notes",
    ):
        for act in (lambda a: eider.open(a, embedder=HashEmbedder()), exists_at):
            with pytest.raises(eider.errors.EiderError) as failed:
                act(address)
            assert "Zq7" not in "".join(str(one) for one in chain_of(failed.value)), address
        if escaped:
            assert read(address.replace("no_such_setting=1", "")).shown.count("Zq7") == 0


def chain_of(error: BaseException) -> Iterator[BaseException]:
    one: BaseException | None = error
    while one is not None:
        yield one
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


@pytest.mark.parametrize("written", ["postgresql://ada:Zq7@db/notes", "postgresql://db/notes?user=ada&password=Zq7"])
def test_commands_take_no_address_with_a_password(
    written: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody on the machine may read a command, and a setting is a file."""
    monkeypatch.setenv("EIDER_HOME", str(tmp_path))
    monkeypatch.setenv("EIDER_SERVER", "off")
    for words in (
        ["migrate", "--from", "work", "--to", written],
        ["migrate", "--all", "--to", written],
        ["migrate", "--from", written, "--to", "work"],
        ["store", "create", "team", "--backend", "postgres", "--address", written],
        ["store", "create", "team", "--address", written],
        ["config", "set", "store", written],
        ["remember", "The heron is back.", "--store", written],
        ["store", "use", written],
        ["doctor", "--store", written],
    ):
        done = CliRunner().invoke(app.cli, words)
        assert done.exit_code != 0, words
        assert "Zq7" not in done.output, words
    monkeypatch.setenv("EIDER_STORE", written)  # which only this account can read
    for words in (["config", "show"], ["config", "get", "store"], ["doctor"], ["health"], ["store", "list"]):
        assert "Zq7" not in CliRunner().invoke(app.cli, words).output, words
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"Zq7" in path.read_bytes()]


def test_the_marks_that_end_a_password_are_named() -> None:
    """Somebody who did not write them otherwise learns how."""
    with pytest.raises(InputError, match="%2F"):
        read("postgresql://ada:12/34@db/notes")

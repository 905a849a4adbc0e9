"""The server keeps users apart by itself: also where a statement forgets to say whose rows it wants."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import psycopg
import pytest
from cluster import Cluster

import eider
from eider.model.errors import ConfigError, StoreError
from eider.providers.embedders.hashing import HashEmbedder
from eider.store.protocols import Store
from eider_postgres import cursor as cursors
from eider_postgres.address import read

USERS = [f"user-{n}" for n in range(20)]
_PREDICATE = re.compile(r"(?:\w+\.)?user_id = (\$\d+)")


def careless(sql: str, given: Any) -> tuple[str, list[Any]]:
    """A statement without its predicate; the user that was passed changes nothing."""
    text, values = translated(sql, given)
    return _PREDICATE.sub(r"\1::text IS NOT NULL", text), values


translated = cursors.translated


@pytest.fixture(scope="module")
def crowd(cluster: Cluster) -> Iterator[tuple[str, Store, dict[str, str]]]:
    """A store of twenty users: its address, itself, and id → whose it is."""
    address = cluster.address()
    with eider.open(address, embedder=HashEmbedder(width=16)) as memory:
        owners: dict[str, str] = {}
        for user in USERS:
            said = memory.record_many(
                [{"text": f"The ferry leaves at {n}.", "speaker": user} for n in range(6)], user=user
            )
            kept = [memory.remember(f"Ada prefers tea number {n}.", user=user) for n in range(2)]
            memory.reinforce(kept[0].id, user=user)
            owners |= {str(one.id): user for one in (*said, *kept)}
        yield address, memory._engine.store, owners


def questions(store: Store, ids: list[str]) -> list[Callable[[str], list[str]]]:
    """What may be asked about ids of others; each answers with the ids it was told."""
    about = np.ones(16, np.float32)
    return [
        lambda user: [str(e.id) for e in store.reads.episodes(ids, user=user)],
        lambda user: [str(m.id) for m in store.reads.memories(ids, user=user)],
        lambda user: [str(m.id) for m in store.reads.memories(None, user=user)],
        lambda user: [str(m.id) for m in store.reads.versions(ids[0], user=user)],
        lambda user: list(store.usage.get(None, user=user)),
        lambda user: [i for e in store.events.newest(user=user, ids=ids) for i in e.ids],
        lambda user: list(store.segments.rows(user=user, ids=ids).ids),
        lambda user: store.candidates.neighbours(ids, user=user, reach=3),
        lambda user: store.index.nominate("ferry tea", about, user=user, limit=40) or [],
        lambda user: store.erasure_checks.still_saying(["ferry"], user=user),
    ]


def leaked(store: Store, owners: dict[str, str], count: int) -> int:
    """How many of so many random questions told somebody of another user's row."""
    chance, ids, told = random.Random(7), list(owners), 0
    for _ in range(count):
        user = chance.choice(USERS)
        ask = chance.choice(questions(store, chance.sample(ids, 5)))
        told += any(owners[i] != user for i in ask(user))
    return told


@pytest.mark.slow
def test_without_the_predicate_nothing_leaks(
    crowd: tuple[str, Store, dict[str, str]], cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """10,000 questions across users find nothing; with row-level security off, they do."""
    address, store, owners = crowd
    monkeypatch.setattr(cursors, "translated", careless)
    assert leaked(store, owners, 10_000) == 0
    schema = read(address).schema
    tables = [
        row[0] for row in cluster.ask("SELECT tablename FROM pg_tables WHERE schemaname = %s AND rowsecurity", [schema])
    ]
    try:
        for table in tables:
            cluster.ask(f"ALTER TABLE {schema}.{table} DISABLE ROW LEVEL SECURITY")
        assert leaked(store, owners, 100) > 50
    finally:
        for table in tables:
            cluster.ask(f"ALTER TABLE {schema}.{table} ENABLE ROW LEVEL SECURITY")


def test_every_table_with_an_owner_hides_its_rows(crowd: tuple[str, Store, dict[str, str]], cluster: Cluster) -> None:
    """Enforced for the tables' owner as well; whoever names nobody sees no row, and adds none."""
    address, _, _ = crowd
    schema = read(address).schema
    sql = (
        "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity FROM pg_class c JOIN pg_attribute a "
        "ON a.attrelid = c.oid AND a.attname = 'user_id' WHERE c.relnamespace = %s::regnamespace AND c.relkind = 'r'"
    )
    tables = dict(cluster.ask(sql, [schema]))
    assert len(tables) > 20
    assert all(tables.values())
    with psycopg.connect(address.partition("?")[0], autocommit=True) as db:
        db.execute(f"SET search_path = {schema}, public")
        for table in sorted(set(tables) - {"jobs"}):
            assert db.execute(f"SELECT count(*) FROM {table}").fetchall() == [(0,)], table
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            db.execute("INSERT INTO learned VALUES ('user-1', 'x', 0, '{}', now())")


def test_a_role_that_passes_by_row_security_is_refused(cluster: Cluster) -> None:
    """With the fix, before anything is made."""
    with pytest.raises(ConfigError, match="CREATE ROLE"):
        eider.open(f"{cluster.admin()}?schema=s_super")
    assert cluster.ask("SELECT 1 FROM pg_namespace WHERE nspname = 's_super'") == []


def test_a_store_without_row_security_is_not_opened(address: str, cluster: Cluster) -> None:
    """The self-test of every opening sees that a row is shown to somebody else."""
    eider.open(address, embedder=HashEmbedder()).close()
    schema = read(address).schema
    cluster.ask(f"ALTER TABLE {schema}.learned DISABLE ROW LEVEL SECURITY")
    try:
        with pytest.raises(StoreError, match="does not keep users apart"):
            eider.open(address, embedder=HashEmbedder())
    finally:
        cluster.ask(f"ALTER TABLE {schema}.learned ENABLE ROW LEVEL SECURITY")

"""PostgreSQL beside the embedded store: the same calls in the same run, and nomination in a store of a million rows."""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import psycopg

sys.path.insert(0, str(Path(__file__).parents[1] / "service"))
sys.path.insert(0, str(Path(__file__).parents[1] / "postgres"))
from cluster import Cluster

import eider
from eider.language.analysis import analyse
from eider.store.segment.columns import parse
from eider_postgres.cursor import Half, maker_of, user_terms

_ROWS: Final = 10_000
_CALLS: Final = 300
_TENANTS: Final = 100
_ALL: Final = int(os.environ.get("EIDER_BENCH_ROWS", "1000000"))
_WIDTH: Final = 256
_WORDS: Final = [f"{a}{b}" for a in "bar fen gul hod kel lim mor nep pol rag".split() for b in "ak en ix ol ur".split()]


def _times(call: Callable[[int], object], count: int = _CALLS, skip: int = 20) -> tuple[float, float]:
    """(p50, p95) in milliseconds, without the first calls."""
    taken: list[float] = []
    for n in range(count + skip):
        began = time.perf_counter()
        call(n)
        taken.append((time.perf_counter() - began) * 1000)
    kept = sorted(taken[skip:])
    return kept[len(kept) // 2], kept[int(len(kept) * 0.95)]


def _sentence(chance: random.Random, n: int) -> str:
    return " ".join(chance.choices(_WORDS, k=9)) + f" in row {n}."


def rows() -> list[list[str]]:
    """What a call takes in both, and how often as long; the disk is waited for."""
    cluster, chance = Cluster(fsync=True), random.Random(7)
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            eider.open(Path(folder) / "m.eider", user="ada") as here,
            eider.open(cluster.address(), user="ada") as there,
            psycopg.connect(cluster.admin(), autocommit=True) as db,
        ):
            db.execute("CREATE TABLE bare (id TEXT PRIMARY KEY, content TEXT)")
            items = [{"text": _sentence(chance, n), "speaker": "ada"} for n in range(_ROWS)]
            bulk: list[float] = []
            for memory in (here, there):
                began = time.perf_counter()
                memory.record_many(items)
                bulk.append(_ROWS / (time.perf_counter() - began))
            insert = _times(
                lambda n: db.execute("INSERT INTO bare VALUES (%s, %s)", [f"row {n}", _sentence(chance, n)])
            )
            found = [["one bare INSERT", "", f"{insert[0]:.2f} / {insert[1]:.2f}", ""]]
            for name, call in (
                ("recall, 10,000 rows, warm", lambda m: lambda n: m.recall(_sentence(chance, n), limit=10)),
                ("record", lambda m: lambda n: m.record(_sentence(chance, n))),
                ("remember", lambda m: lambda n: m.remember(_sentence(chance, n))),
            ):
                embedded, server = _times(call(here)), _times(call(there))
                times = [f"{a:.2f} / {b:.2f}" for a, b in (embedded, server)]
                found.append([name, *times, f"{server[0] / embedded[0]:.2f}"])
            found.append(
                ["bulk record, rows a second", f"{bulk[0]:,.0f}", f"{bulk[1]:,.0f}", f"{bulk[0] / bulk[1]:.2f}"]
            )
            return found
    finally:
        cluster.close()


def questions() -> list[list[str]]:
    """R@10 of every set of questions that is here: from files, from a server, and of what a server nominates."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "lab"))
    import genres

    cluster, found = Cluster(buffers="512MB"), list[list[str]]()
    address = cluster.address().partition("?")[0]
    try:
        for name in genres.SETS:
            ways = ({}, {"address": address}, {"address": address, "nominated": True})
            boards = [board for way in ways if (board := genres.measure(name, **way)) is not None]
            if boards:
                shares = [f"{100 * float(np.mean([one[1] for one in board.own])):.1f}" for board in boards]
                found.append([genres.NAMES[name], str(len(boards[0].own)), *shares])
        return found
    finally:
        cluster.close()


def nomination() -> list[list[str]]:
    """Of a user with one row in a hundred: how many of the exact best are nominated, and how long that takes."""
    cluster, chance, noise = Cluster(buffers="2GB"), random.Random(7), np.random.default_rng(7)
    try:
        address = cluster.address("big")
        with eider.open(address) as memory:
            store = memory._engine.store
            centres = noise.normal(size=(400, _WIDTH)).astype(np.float32)
            mine, texts = _fill(cluster, store, centres, noise, chance)
            store.candidates.count_terms(user="tenant-0")
            store.index_upkeep.prepare(store.place.embedder)  # as `eider rebuild` does
            hits: list[float] = []

            def ask(n: int) -> None:
                del n
                text = texts[chance.randrange(len(texts))]
                vector = centres[chance.randrange(400)] + 0.6 * noise.normal(size=_WIDTH).astype(np.float32)
                vector /= np.linalg.norm(vector)
                best = np.argsort(-(mine @ vector))[:100]
                began = time.perf_counter()
                found = set(store.index.nominate(text, vector, user="tenant-0", limit=400) or ())
                spent.append((time.perf_counter() - began) * 1000)
                hits.append(len(found & {f"ep_{i:09}" for i in best * _TENANTS}) / len(best))

            spent: list[float] = []
            for n in range(120):
                ask(n)
            kept = sorted(spent[20:])
            return [[f"{_ALL:,}", f"{_ALL // _TENANTS:,}", f"{np.mean(hits):.3f}", f"{kept[50]:.1f} / {kept[95]:.1f}"]]
    finally:
        cluster.close()


def _fill(cluster: Cluster, store: Any, centres: Any, noise: Any, chance: random.Random) -> tuple[Any, list[str]]:
    """Rows of a hundred users, mixed; returns the first user's vectors and texts."""
    mine: list[Any] = []
    texts: list[str] = []
    adapters = store.connection.database._adapters
    with psycopg.connect(cluster.admin(), autocommit=False, context=adapters) as db:
        db.execute(
            "SET session_replication_role = replica"
        )  # their rows of embeddings are left out, but the first user's
        db.execute("SET search_path = big, public")
        db.execute("DROP INDEX words_terms")
        columns, maker = (
            "COPY meanings (user_id, id, maker, meaning) FROM STDIN (FORMAT BINARY)",
            maker_of(store.place.embedder),
        )
        halfvec = db.execute("SELECT 'halfvec'::regtype::oid::bigint").fetchall()[0][0]
        for start in range(0, _ALL, 10_000):
            vectors = centres[noise.integers(400, size=10_000)] + 0.6 * noise.normal(size=(10_000, _WIDTH))
            vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
            said = [_sentence(chance, n) for n in range(start, start + 10_000)]
            made = [analyse(text, said_on=None).to_bytes() for text in said]
            terms, _ = parse(made)
            ends = np.cumsum(terms.lengths)
            with db.cursor() as cursor, cursor.copy(columns) as copy:
                copy.set_types(["text", "text", "text", halfvec])
                for n in range(10_000):
                    copy.write_row((f"tenant-{n % _TENANTS}", f"ep_{start + n:09}", maker, Half(vectors[n])))
            with db.cursor() as cursor, cursor.copy("COPY words FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(["text", "text", "int8[]"])
                for n in range(10_000):
                    user = f"tenant-{n % _TENANTS}"
                    copy.write_row(
                        (user, f"ep_{start + n:09}", user_terms(user, terms.flat[ends[n] - terms.lengths[n] : ends[n]]))
                    )
            mine.append(vectors[::_TENANTS])
            texts += said[::_TENANTS]
            for n in range(0, 10_000, _TENANTS):
                row = ["tenant-0", f"ep_{start + n:09}", vectors[n].tobytes(), made[n]]
                db.execute(
                    "INSERT INTO embeddings (user_id, id, embedder, vector, analyzer, analysis) VALUES (%s, %s, 'x', %s, '1', %s)",
                    row,
                )
        db.execute("SET maintenance_work_mem = '512MB'")
        db.execute("CREATE INDEX words_terms ON words USING gin (terms)")
        db.commit()
        db.autocommit = True
        db.execute("VACUUM ANALYZE meanings")
        db.execute("VACUUM ANALYZE words")
    return np.concatenate(mine), texts

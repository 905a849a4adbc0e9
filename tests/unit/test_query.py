"""One's own rows in SQL: everything about them, nothing about anybody or anything else."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import eider
from eider.model.errors import InputError, MissingExtraError, SqlError
from eider.providers.embedders.hashing import HashEmbedder


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[eider.Eider]:
    """One store for all: queries change nothing."""
    with eider.open(tmp_path_factory.mktemp("store") / "a.eider", user="ada", embedder=HashEmbedder()) as opened:
        opened.record("We ship on Friday.", at="2026-05-01T10:00:00+02:00", session="s", metadata={"scope": "work"})
        first = opened.remember("Prefers snake_case.", kind="preference", valid_from="2026-04")
        opened.correct(first.id, "Prefers camelCase.")
        opened.remember("Bob's own business.", user="bob")
        opened.record("Bob said this.", user="bob")
        yield opened


HOSTILE = [
    "SELECT * FROM read_csv('{file}')",
    "SELECT * FROM read_text('{file}')",
    "SELECT * FROM read_blob('{file}')",
    "SELECT * FROM read_json('{file}')",
    "SELECT * FROM read_parquet('{file}')",
    "SELECT * FROM parquet_metadata('{file}')",
    "SELECT * FROM '{file}'",
    "SELECT * FROM '{folder}/*.csv'",
    "SELECT * FROM glob('{folder}/*')",
    "SELECT (SELECT count(*) FROM glob('{folder}/*')) FROM episodes",
    "WITH x AS (SELECT * FROM read_csv_auto('{file}')) SELECT * FROM x",
    "SELECT * FROM sniff_csv('{file}')",
    "SELECT * FROM read_duckdb('{folder}/a.eider/truth.duckdb')",
    "ATTACH '{folder}/new.duckdb' AS other",
    "DETACH memory",
    "USE memory",
    "COPY episodes TO '{folder}/out.csv'",
    "COPY (SELECT 1) TO '{folder}/out.parquet' (FORMAT parquet)",
    "COPY episodes FROM '{file}'",
    "EXPORT DATABASE '{folder}/dump'",
    "IMPORT DATABASE '{folder}/dump'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SELECT * FROM 'https://example.com/x.csv'",
    "SET enable_external_access=true",
    "SET lock_configuration=false",
    "RESET memory_limit",
    "PRAGMA database_list",
    "PRAGMA enable_profiling='json'",
    "CALL pragma_version()",
    "CREATE TABLE mine AS SELECT 1",
    "CREATE TEMP TABLE mine AS SELECT 1",
    "CREATE MACRO f(x) AS x",
    "CREATE SECRET s (TYPE s3)",
    "INSERT INTO episodes SELECT * FROM episodes",
    "UPDATE memories SET text = 'x'",
    "DELETE FROM memories",
    "DROP TABLE memories",
    "TRUNCATE memories",
    "ALTER TABLE memories ADD COLUMN x INT",
    "WITH gone AS (DELETE FROM memories RETURNING *) SELECT * FROM gone",
    "WITH new AS (INSERT INTO usage SELECT * FROM usage RETURNING *) SELECT * FROM new",
    "BEGIN TRANSACTION",
    "CHECKPOINT",
    "VACUUM",
    "PREPARE q AS SELECT 1",
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE memories",
    "EXPLAIN ANALYZE COPY episodes TO '{folder}/out.csv'",
    "EXPLAIN DELETE FROM memories",
    "EXPLAIN EXPLAIN SELECT 1",
    "EXPLAIN ANALYZE SELECT * FROM read_csv('{file}')",
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM query_table('memories')",
    "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
    "SELECT * FROM arrow_scan(1, 2, 3)",
    "SELECT * FROM pandas_scan(1)",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT current_setting('memory_limit')",
    "SELECT getenv('HOME')",
    "SELECT getvariable('x')",
    "SELECT nextval('s')",
    "SELECT write_log('x')",
    "SELECT sleep_ms(10)",
    "SELECT * FROM HOSTILE",
    "SELECT * FROM tmp_path",
    "SELECT * FROM memory.main.nowhere",
    "SELECT nonsense FROM episodes",
    "SELEC 1",
    "-- only a comment",
    ";",
]


@pytest.mark.parametrize("query", HOSTILE)
def test_a_query_reaches_nothing_but_its_rows(memory: eider.Eider, tmp_path: Path, query: str) -> None:
    """Files, settings, extensions, other tables, Python's variables and every change are refused with a way out."""
    file = tmp_path / "secret.csv"
    file.write_text("word\nxyzzy\n")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(SqlError) as refused:
        memory.sql(query.format(file=file, folder=tmp_path))
    assert "ask one SELECT" in str(refused.value)
    assert "xyzzy" not in str(refused.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_refused_queries_change_nothing(memory: eider.Eider) -> None:
    """After all of the above the rows are what they were."""
    assert memory.sql("SELECT count(*) FROM memories").rows == [(2,)]
    assert memory.verify(deep=True)


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT text, status FROM memories ORDER BY rev, text DESC", 2),
        ("FROM episodes", 1),
        ("WITH m AS (SELECT * FROM versions) SELECT kind, count(*) FROM m GROUP BY kind", 1),
        ("SELECT unnest(ids) FROM events", 4),
        ("SELECT * FROM range(3)", 3),
        ("DESCRIBE memories", 25),
        ("SHOW TABLES", 6),
        ("SUMMARIZE memories", 25),
        ("EXPLAIN SELECT * FROM memories", 1),
        ("explain analyze select * from memories", 1),
        ("VALUES (1), (2)", 2),
        ("SELECT m.text FROM memories m JOIN edges e ON e.source = m.id", 1),
        ("WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 4) SELECT * FROM t", 4),
        ("SELECT metadata->>'$.scope' FROM episodes WHERE said_at > TIMESTAMP '2026-01-01'", 1),
    ],
)
def test_reading_statements_are_answered(memory: eider.Eider, query: str, rows: int) -> None:
    """SELECT, WITH, DESCRIBE, SHOW, SUMMARIZE and EXPLAIN work over all six tables."""
    assert len(memory.sql(query)) == rows


def test_nobody_elses_rows_are_there(memory: eider.Eider) -> None:
    """No table holds a byte of another user, and a stranger's tables are empty."""
    for name in ("episodes", "memories", "versions", "events", "usage", "edges"):
        assert "Bob" not in str(memory.sql(f"SELECT * FROM {name}").rows)
        assert len(memory.sql(f"SELECT * FROM {name}", user="nobody")) == 0
    assert memory.sql("SELECT text FROM memories", user="bob").rows == [("Bob's own business.",)]


def test_instants_are_aware_and_utc(memory: eider.Eider) -> None:
    """A time of the table is the instant that was recorded, also nested, also where SQL made it."""
    said = datetime(2026, 5, 1, 8, tzinfo=UTC)
    found = memory.sql(
        "SELECT said_at, [said_at] AS all_at, date_trunc('month', said_at), now() > said_at FROM episodes"
    )
    assert found.rows == [(said, [said], datetime(2026, 5, 1, tzinfo=UTC), True)]
    assert str(found.arrow().schema.field("said_at").type) == "timestamp[us, tz=UTC]"


def test_a_table_reads_in_every_common_form(memory: eider.Eider) -> None:
    """Arrow, pandas and polars hold the same rows; sums of whole numbers stay whole."""
    found = memory.sql("SELECT count(*) AS n, sum(importance) AS total, interval 2 days AS gap FROM memories")
    assert found.columns == ("n", "total", "gap")
    assert list(found) == [(2, 6, timedelta(days=2))]
    assert found.arrow().num_rows == len(found.pandas()) == len(found.polars()) == 1
    assert found.polars()["total"][0] == found.pandas()["total"][0] == 6
    assert "2" in found._repr_html_()
    assert repr(found) == "Table(1 rows: n, total, gap)"
    with pytest.raises(AttributeError, match="cannot be set"):
        found.truncated = True


def test_two_columns_of_one_name_are_both_kept(memory: eider.Eider) -> None:
    """Rows are by place, so nothing is lost to a name."""
    assert memory.sql("SELECT 1 AS a, 2 AS a").rows == [(1, 2)]


def test_intervals_with_months_are_words(memory: eider.Eider) -> None:
    """A month lasts differently, so it is no timedelta."""
    found = memory.sql("SELECT interval 1 month AS gap UNION ALL SELECT NULL")
    assert found.rows == [("1 months 0 days 0 s",), (None,)]


def test_rows_beyond_the_cap_are_left_out_and_said(memory: eider.Eider) -> None:
    """A result is cut at the cap, keeps its order, and says so."""
    cut = memory.sql("SELECT range AS n FROM range(10000) ORDER BY n DESC", rows=5_000)
    assert (len(cut), cut.truncated, cut.rows[0]) == (5_000, True, (9_999,))
    whole = memory.sql("SELECT * FROM range(5000)", rows=5_000)
    assert (len(whole), whole.truncated) == (5_000, False)
    assert "cut at the row cap" in cut._repr_html_()


def test_a_query_that_takes_too_long_is_stopped(memory: eider.Eider) -> None:
    """The time cap interrupts; the store answers on."""
    with pytest.raises(SqlError, match=r"longer than 0\.2 s"):
        memory.sql("SELECT count(*) FROM range(100000000) a, range(1000000) b", seconds=0.2)
    assert memory.recall("camelCase")


def test_a_query_that_takes_too_much_memory_is_stopped(memory: eider.Eider) -> None:
    """The memory cap holds, and nothing is spilled to disk."""
    with pytest.raises(SqlError, match="memory"):
        memory.sql("SELECT list(range || repeat('x', 100)) FROM range(20000000)", seconds=60)


@pytest.mark.parametrize("seconds", [0, -1, 1e9])
def test_a_senseless_time_cap_is_named(memory: eider.Eider, seconds: float) -> None:
    """The message names the value and the bounds."""
    with pytest.raises(InputError, match="seconds="):
        memory.sql("SELECT 1", seconds=seconds)


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_a_missing_package_names_the_extra(memory: eider.Eider, monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """Without pandas or polars the rows and Arrow still work."""
    found = memory.sql("SELECT 1")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=r"eider-memory\[view\]"):
        getattr(found, package)()
    assert found.rows == [(1,)]


def test_forgotten_things_are_not_in_sql(tmp_path: Path) -> None:
    """What was erased is in no table; its event stays and says so."""
    with eider.open(tmp_path / "b.eider", user="ada", embedder=HashEmbedder()) as memory:
        memory.forget(memory.remember("A passing secret.").id)
        for name in ("memories", "versions"):
            assert "passing" not in str(memory.sql(f"SELECT * FROM {name}").rows)
        assert (True,) in memory.sql("SELECT erased FROM events").rows


def test_what_a_caller_changes_in_an_answer_stays_with_the_caller(tmp_path: Path) -> None:
    """Answers are the caller's own: changing one does not change what is recalled next."""
    with eider.open(tmp_path / "a.eider", user="ada") as memory:
        memory.record("The kettle is blue.", metadata={"place": {"room": "kitchen"}})
        for _ in range(2):
            (hit,) = memory.recall("kettle", limit=1)
            assert hit.episode is not None
            assert hit.episode.metadata == {"place": {"room": "kitchen"}}
            hit.episode.metadata["place"]["room"] = "attic"  # type: ignore[index,call-overload]


@pytest.mark.parametrize(
    "query", ["select repeat('x', 600000000)", "select length(repeat('x', 3000000000))", "select range(90000000)"]
)
def test_one_long_value_ends_at_the_limits(memory: eider.Eider, query: str) -> None:
    """What DuckDB cannot interrupt or count ends with its process; the next query is answered by another."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(SqlError, match=r"more than 128 MB|longer than 1 s"):
        memory.sql(query, seconds=1, memory=128)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 128 * 1024
    assert memory.sql("select 1 as one").rows == [(1,)]


def test_a_query_without_end_is_stopped(memory: eider.Eider) -> None:
    """A cross join that would take years gives the writer's turn and the process back."""
    endless = (
        "select count(*) from range(1000000) a, range(1000000) b, range(1000000) c where a.range + b.range = c.range"
    )
    with pytest.raises(SqlError, match="longer than"):
        memory.sql(endless, seconds=0.2)
    assert memory.recall("camelCase")


def test_a_larger_limit_is_given_on_demand(memory: eider.Eider) -> None:
    """What is too large for one limit is answered within another."""
    query = "select length(repeat('x', 150000000)) as n"
    with pytest.raises(SqlError, match="more than 64 MB"):
        memory.sql(query, memory=64)
    assert memory.sql(query, memory=1024).rows == [(150_000_000,)]


def test_values_of_a_query_are_bound_and_not_read_as_sql(tmp_path: Path) -> None:
    """Question marks and numbers take values of the kinds that JSON has; anything else is named."""
    with eider.open(tmp_path / "bound.eider", user="ada") as memory:
        memory.remember("Likes O'Hara's tea.")
        memory.remember("Likes rum.")
        found = memory.sql("SELECT text FROM memories WHERE text = ? AND importance >= ?", ["Likes O'Hara's tea.", 1])
        assert found.arrow().to_pylist() == [{"text": "Likes O'Hara's tea."}]
        assert memory.sql("SELECT $1 AS a, $2 AS b", [None, True]).arrow().to_pylist() == [{"a": None, "b": True}]
        assert not memory.sql("SELECT text FROM memories WHERE text = ?", ["x' OR 1=1 --"]).arrow().num_rows
        assert memory.sql("SELECT text FROM memories ORDER BY text LIMIT ?", [1]).arrow().num_rows == 1
        with pytest.raises(eider.EiderError, match=r"params\[0\]"):
            memory.sql("SELECT ?", [object()])  # pyright: ignore[reportArgumentType]
        with pytest.raises(eider.EiderError):
            memory.sql("SELECT ?")

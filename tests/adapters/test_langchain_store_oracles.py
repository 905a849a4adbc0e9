"""EiderStore against LangGraph's own stores: the same operations, the same answers, but for what is documented."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_agents import a_memory  # noqa: F401
from langgraph.store.base import Item, MatchCondition, Op, PutOp
from langgraph.store.memory import InMemoryStore
from langgraph.store.sqlite import SqliteStore

import eider
from eider_langchain import EiderStore

LABEL = st.sampled_from(["a", "b", "users"])
NAMESPACE = st.lists(LABEL, min_size=1, max_size=3).map(tuple)
KEY = st.sampled_from(["k1", "k2", "K1", "ключ", "k 3"])
VALUE = st.fixed_dictionaries(
    {"n": st.integers(-5, 5), "s": st.sampled_from(["x", "y", "zz", ""]), "yes": st.booleans()},
    optional={"nest": st.fixed_dictionaries({"a": st.integers(0, 2)}), "list": st.lists(st.integers(0, 2), max_size=2)},
)
PUT = st.tuples(NAMESPACE, KEY, st.one_of(*[VALUE] * 6, st.none())).map(lambda op: PutOp(*op))
BATCHES = st.lists(st.lists(PUT, min_size=1, max_size=5), min_size=1, max_size=3)
PLAIN = st.one_of(
    st.none(),
    st.fixed_dictionaries({"s": st.sampled_from(["x", "zz"])}),
    st.fixed_dictionaries({"n": st.sampled_from(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]).flatmap(
        lambda name: st.fixed_dictionaries({name: st.integers(-3, 3)}))}),
    st.fixed_dictionaries({"yes": st.booleans(), "n": st.just({"$gte": 0})}),
)  # fmt: skip
CONDITION = st.builds(
    MatchCondition, st.sampled_from(["prefix", "suffix"]),
    st.lists(st.one_of(LABEL, st.just("*")), min_size=1, max_size=2).map(tuple),
)  # fmt: skip


@pytest.fixture(scope="module", name="sqlite")
def a_database() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    yield connection
    connection.close()


def three(memory: eider.Eider, sqlite: sqlite3.Connection) -> tuple[EiderStore, InMemoryStore, SqliteStore]:
    """Empty stores of each kind."""
    database = SqliteStore(sqlite)
    database.setup()
    sqlite.execute("DELETE FROM store")
    return EiderStore(memory, user=uuid4().hex), InMemoryStore(), database


def plain(items: list[Any]) -> list[tuple[Any, ...]]:
    return sorted((i.namespace, i.key, str(i.value)) for i in items)


QUIET = settings(max_examples=settings().max_examples // 3, suppress_health_check=list(HealthCheck), derandomize=True)


@QUIET
@given(
    batches=BATCHES, wanted=PLAIN, prefix=st.one_of(st.just(()), NAMESPACE), conditions=st.lists(CONDITION, max_size=2)
)
def test_what_was_put_reads_the_same_in_all_three(
    memory: eider.Eider, sqlite: sqlite3.Connection, batches: list[list[Op]], wanted: Any, prefix: tuple[str, ...],
    conditions: list[MatchCondition],
) -> None:  # fmt: skip
    """Whatever was put and deleted, in whatever batches: gets, searches, filters and namespaces agree."""
    ours, theirs, database = three(memory, sqlite)
    touched: set[tuple[tuple[str, ...], str]] = set()
    for batch in batches:
        for store in (ours, theirs, database):
            store.batch(batch)
        touched |= {(op.namespace, op.key) for op in batch if isinstance(op, PutOp)}
    for namespace, key in touched:
        mine, other, third = (s.get(namespace, key) for s in (ours, theirs, database))
        assert _value(mine) == _value(other) == _value(third)
        assert mine is None or (mine.namespace, mine.key) == (namespace, key)
    found = ours.search(prefix, filter=wanted, limit=100)
    assert plain(found) == plain(theirs.search(prefix, filter=wanted, limit=100))
    assert plain(found) == plain(database.search(prefix, filter=wanted, limit=100))
    assert [i.updated_at for i in found] == sorted((i.updated_at for i in found), reverse=True)
    pages = [ours.search(prefix, filter=wanted, limit=2, offset=o) for o in range(0, len(found) + 1, 2)]
    assert [i.key for page in pages for i in page] == [i.key for i in found]
    assert ours.list_namespaces(limit=100) == database.list_namespaces(limit=100)
    assert ours.list_namespaces(max_depth=1) == database.list_namespaces(max_depth=1)
    held = {i.namespace for i in theirs.search((), limit=1000)}
    for condition in conditions:
        asked: Any = {condition.match_type: condition.path}
        names = ours.list_namespaces(**asked, limit=100)
        assert names == [n for n in theirs.list_namespaces(**asked, limit=100) if n in held]


@QUIET
@given(values=st.lists(VALUE, min_size=1, max_size=4), nest=st.integers(0, 2), least=st.integers(0, 2))
def test_filters_reach_into_objects_as_in_memory(
    memory: eider.Eider, sqlite: sqlite3.Connection, values: list[dict[str, Any]], nest: int, least: int
) -> None:
    """Nested filters, lists, and `$ne` where a field is missing: SqliteStore refuses or differs, InMemoryStore decides."""
    ours, theirs, _ = three(memory, sqlite)
    for store in (ours, theirs):
        store.batch([PutOp(("a",), f"k{n}", value) for n, value in enumerate(values)])
    for wanted in ({"nest": {"a": nest}}, {"list": [nest]}, {"nest": {"$ne": {"a": nest}}}, {"nest": None}):
        assert plain(ours.search(("a",), filter=wanted)) == plain(theirs.search(("a",), filter=wanted))
    ours.search(("a",), filter={"nest": {"a": {"$gte": least}}})  # InMemoryStore raises where the field is missing


WORDS = ("puffin", "walrus", "heron", "badger", "otter", "lynx")


def _embed(texts: list[str]) -> list[list[float]]:
    """A bag of the six words."""
    return [[float(text.count(word)) for word in WORDS] for text in texts]


@QUIET
@given(bags=st.lists(st.sampled_from(WORDS), min_size=2, max_size=6, unique=True), which=st.integers(0, 5))
def test_a_query_prefers_the_item_that_says_it(memory: eider.Eider, bags: list[str], which: int) -> None:
    """The best hit and the set of hits are those of a vector search over the same field."""
    ours = EiderStore(memory, user=uuid4().hex, fields=["text"])
    theirs = InMemoryStore(index={"dims": len(WORDS), "embed": _embed, "fields": ["text"]})
    for store in (ours, theirs):
        store.batch([PutOp(("zoo",), word, {"text": f"the {word} sleeps", "other": "lynx"}) for word in bags])
        store.batch([PutOp(("zoo",), "hidden", {"text": bags[0]}, index=False)])
    query = bags[which % len(bags)]
    mine, other = ours.search(("zoo",), query=query), theirs.search(("zoo",), query=query)
    assert mine[0].key == other[0].key == query
    assert plain(mine) == plain(other)
    assert mine[-1].key == other[-1].key == "hidden"
    assert mine[-1].score is None


def test_when_an_item_was_created_survives_overwriting_as_in_a_database(
    memory: eider.Eider, sqlite: sqlite3.Connection
) -> None:
    """InMemoryStore starts anew; SqliteStore does not, and neither do we."""
    for store in three(memory, sqlite):
        store.put(("a",), "k", {"n": 1})
        first = store.get(("a",), "k")
        store.put(("a",), "k", {"n": 2})
        second = store.get(("a",), "k")
        assert first is not None
        assert second is not None
        assert (first.created_at == second.created_at) is not isinstance(store, InMemoryStore)


def _value(item: Item | None) -> Any:
    return None if item is None else item.value

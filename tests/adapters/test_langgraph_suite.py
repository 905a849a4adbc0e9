"""LangGraph's own tests of its SQLite store, adapted (langgraph `libs/checkpoint-sqlite/tests`, MIT licence): same inputs, same answers.

Of that suite these do not hold, each for its reason: `test_vector_store_initialization` looks into SQLite's tables,
`test_nonnull_migrations` at its migrations, and `test_sql_injection_vulnerability` wants odd filter names refused, which
here are names that no item has: there is no SQL to inject into.
"""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.embeddings import Embeddings
from langgraph.store.base import GetOp, ListNamespacesOp, MatchCondition, PutOp, SearchOp

from eider_langchain import AsyncEiderStore, EiderStore


class CharacterEmbeddings(Embeddings):
    """Frequencies of characters, projected at random."""

    def __init__(self, dims: int = 500) -> None:
        self._rng, self.dims = random.Random(42), dims
        self._projections: dict[str, list[float]] = defaultdict(
            lambda: [self._rng.gauss(0, 1 / math.sqrt(self.dims)) for _ in range(self.dims)]
        )

    def embed_query(self, text: str) -> list[float]:
        found = [0.0] * self.dims
        for char, count in Counter(text).items():
            found = [one + count / len(text) * part for one, part in zip(found, self._projections[char], strict=True)]
        norm = math.sqrt(sum(one * one for one in found)) or 1.0
        return [one / norm for one in found]

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]


@pytest.fixture(name="store", scope="module")
def a_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EiderStore]:
    """One file for all; each test has a namespace of its own."""
    path = str(tmp_path_factory.mktemp("suite") / "m.eider")
    with EiderStore.from_conn_string(path, index={"dims": 500, "embed": CharacterEmbeddings()}) as store:
        store.setup()
        yield store


def keys(found: Any) -> list[str]:
    return [item.key for item in found]


def test_batch_order(store: EiderStore) -> None:
    """Answers stand in the order of what was asked; a batch reads what was there before it."""
    store.put(("order", "foo"), "key1", {"data": "value1"})
    store.put(("order", "bar"), "key2", {"data": "value2"})
    got, put, found, names, none = store.batch([
        GetOp(("order", "foo"), "key1"), PutOp(("order", "bar"), "key2", {"data": "value3"}),
        SearchOp(("order",), {"data": "value1"}), ListNamespacesOp((MatchCondition("prefix", ("order",)),)), GetOp(("order",), "key3"),
    ])  # fmt: skip
    assert (got.value, put, keys(found), none) == ({"data": "value1"}, None, ["key1"], None)  # type: ignore[union-attr]
    assert names == [("order", "bar"), ("order", "foo")]


def test_batch_put_and_delete(store: EiderStore) -> None:
    """A deletion of what never was is nothing."""
    done = store.batch(
        [PutOp(("put",), "key1", {"a": 1}), PutOp(("put",), "key2", {"a": 2}), PutOp(("put",), "key3", None)]
    )
    assert done == [None] * 3
    assert sorted(keys(store.search(("put",)))) == ["key1", "key2"]


def test_list_namespaces(store: EiderStore) -> None:
    """Prefixes, suffixes, wildcards, depth and pages."""
    for one, two, three in (
        ("t", "documents", "public"),
        ("t", "documents", "private"),
        ("t", "images", "public"),
        ("p", "documents", "public"),
    ):
        store.put(("names", one, two, three), "dummy", {"content": "dummy"})
    assert len(store.list_namespaces(prefix=("names",))) == 4
    assert len(store.list_namespaces(prefix=("names", "t"))) == 3
    assert len(store.list_namespaces(prefix=("names",), suffix=("public",))) == 3
    assert len(store.list_namespaces(prefix=("names", "*", "documents"))) == 3
    assert store.list_namespaces(prefix=("names",), max_depth=2) == [("names", "p"), ("names", "t")]
    assert len(store.list_namespaces(prefix=("names",), limit=3)) == 3
    assert len(store.list_namespaces(prefix=("names",), offset=3)) == 1


def test_vector_update_with_embedding(store: EiderStore) -> None:
    """A rewritten item is ranked by what it says now; one without vectors comes last."""
    for key, text in (("doc1", "zany zebra Xerxes"), ("doc2", "something about dogs"), ("doc3", "text about birds")):
        store.put(("update",), key, {"text": text})
    before = store.search(("update",), query="Zany Xerxes")
    assert before[0].key == "doc1"
    store.put(("update",), "doc1", {"text": "new text about dogs"})
    after = next(item for item in store.search(("update",), query="Zany Xerxes") if item.key == "doc1")
    assert after.score is not None
    assert before[0].score is not None
    assert after.score < before[0].score
    store.put(("update",), "doc4", {"text": "new text about dogs"}, index=False)
    assert "doc4" not in keys(store.search(("update",), query="new text about dogs", limit=3))


def test_vector_search_with_filters(store: EiderStore) -> None:
    """The filter says which, the query in which order."""
    for key, text, color, score in (
        ("doc1", "red apple", "red", 4.5), ("doc2", "red car", "red", 3.0), ("doc3", "green apple", "green", 4.0), ("doc4", "blue car", "blue", 3.5),
    ):  # fmt: skip
        store.put(("filters",), key, {"text": text, "color": color, "score": score})
    assert keys(store.search(("filters",), query="apple", filter={"color": "red"})) == ["doc1", "doc2"]
    assert keys(store.search(("filters",), query="car", filter={"color": "red"}))[0] == "doc2"
    assert keys(store.search(("filters",), query="bbbbluuu", filter={"score": {"$gt": 3.2}}))[0] == "doc4"
    assert keys(store.search(("filters",), query="apple", filter={"score": {"$gte": 4.0}, "color": "green"})) == [
        "doc3"
    ]


def test_embed_with_path(store: EiderStore) -> None:
    """Each named text has a vector of its own, and the best counts; what is not named has none."""
    fields = ["key0", "key1", "key3"]
    store.put(("path",), "doc1", {"key1": "xxx", "key2": "yyy", "key3": "zzz"}, index=fields)
    store.put(("path",), "doc2", {"key0": "uuu", "key1": "vvv", "key2": "www", "key3": "xxx"}, index=fields)
    both = store.search(("path",), query="xxx")
    assert all(item.score is not None and item.score > 0.9 for item in both)
    for query, best in (("uuu", "doc2"), ("zzz", "doc1")):
        first, second = store.search(("path",), query=query)
        assert first.key == best
        assert (first.score or 0) > (second.score or 0)
    assert all(item.score is not None and item.score < 0.9 for item in store.search(("path",), query="www"))


@pytest.mark.parametrize("query", ["aaa", "bbb", "ccc", "abcd", "poisson"])
def test_scores(store: EiderStore, query: str) -> None:
    """They are cosines."""
    store.put(("scores", query), "doc", {"key0": "aaa"}, index=["key0", "key1"])
    (found,) = store.search(("scores", query), query=query)
    embed = CharacterEmbeddings().embed_query if store.embeddings is None else store.embeddings.embed_query
    assert found.score == pytest.approx(sum(a * b for a, b in zip(embed("aaa"), embed(query), strict=True)), abs=1e-3)


@pytest.mark.parametrize("value", ["public' OR '1'='1", "public'; --", "public\x00' OR '1'='1", "') OR ('1'='1"])
def test_sql_in_filters_finds_nothing(store: EiderStore, value: str) -> None:
    """Values and names of filters are compared, never run."""
    store.put(("docs",), "doc1", {"access": "public"})
    assert store.search(("docs",), filter={"access": value}) == []
    assert store.search(("docs",), filter={value: "public"}) == []


@pytest.mark.parametrize("text", ["你好", "🎉 emoji", "Ελληνικά", "ñandú", "\u202eright to left"])
def test_non_ascii(store: EiderStore, text: str) -> None:
    """Any script, in values, keys and namespaces."""
    store.put(("users", text), text, {"text": text})
    item = store.get(("users", text), text)
    assert item is not None
    assert item.value == {"text": text}
    assert keys(store.search(("users", text), query=text)) == [text]


async def test_large_batches_async(tmp_path: Path) -> None:
    """Hundreds of mixed operations at once are answered together, each with its own."""
    import asyncio

    async with AsyncEiderStore.from_conn_string(str(tmp_path / "m.eider")) as store:
        asked: list[Any] = []
        for number in range(100):
            place = ("test", "foo", str(number % 2))
            asked += [
                store.aput(place, f"key{number}", {"n": number}), store.aget(place, f"key{number}"), store.alist_namespaces(max_depth=2),
                store.asearch(("test",)), store.adelete(place, f"key{number}"),
            ]  # fmt: skip
        assert len(await asyncio.gather(*asked)) == 500
        assert await store.asearch(()) == []

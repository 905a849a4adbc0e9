"""LangGraph's long-term store on Eider: what it promises beyond what LangGraph's own stores agree on."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.tools import ToolRuntime, tool
from langchain_agents import a_memory, a_user, calling, scripted  # noqa: F401
from langgraph.store.base import GetOp, PutOp, SearchOp

import eider
from eider.model.errors import InputError
from eider_langchain import AsyncEiderStore, EiderStore, store_rows, store_writes

PLACE = ("users", "ada")


class Clock:
    """A present that moves when it is told to."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def wait(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)


@pytest.fixture(name="store")
def a_store(memory: eider.Eider, ada: str) -> EiderStore:
    return EiderStore(memory, user=ada)


def test_an_item_outlives_the_process(tmp_path: Path) -> None:
    """What was put is there when the memory is opened again, with its times."""
    with eider.open(tmp_path / "m.eider") as memory:
        EiderStore(memory).put(PLACE, "diet", {"text": "eats no nuts", "since": 2020, "tags": ["food"]})
        first = EiderStore(memory).get(PLACE, "diet")
    with eider.open(tmp_path / "m.eider") as memory:
        assert EiderStore(memory).get(PLACE, "diet") == first


def test_overwriting_keeps_the_older_versions_where_wanted(memory: eider.Eider, ada: str) -> None:
    """Readers see the newest; history has all, oldest first, of the present life; when it was created stays."""
    store = EiderStore(memory, user=ada, keep_history=True)
    store.put(PLACE, "coffee", {"cups": 0})
    store.delete(PLACE, "coffee")
    for cups in (1, 2, 3):
        store.put(PLACE, "coffee", {"cups": cups})
    item = store.get(PLACE, "coffee")
    assert item is not None
    assert item.value == {"cups": 3}
    versions = store.history(PLACE, "coffee")
    assert [v.value["cups"] for v in versions] == [1, 2, 3]
    assert {v.created_at for v in versions} == {item.created_at}
    assert item.updated_at > item.created_at
    assert [i.value for i in store.search(PLACE)] == [{"cups": 3}]
    assert store.flush(30)
    assert store.history(PLACE, "coffee") == versions
    assert memory.search(user=ada, kinds=["episode"]).total == 3
    assert [v.value["cups"] for v in EiderStore(memory, user=ada).history(PLACE, "coffee")] == [3]


@pytest.mark.slow
def test_a_deleted_item_is_erased_with_all_its_versions(memory: eider.Eider, store: EiderStore, ada: str) -> None:
    """No version, no name of its namespace, no row of it is left; the same key can be used again."""
    store.put(PLACE, "secret", {"text": "the nickname is Rumpelstilzchen"})
    store.put(PLACE, "secret", {"text": "the nickname is Rumpelstilzchen the second"})
    store.delete(PLACE, "secret")
    assert store.get(PLACE, "secret") is None
    assert store.history(PLACE, "secret") == []
    assert store.search((), query="Rumpelstilzchen") == []
    assert store.list_namespaces() == []
    assert store.flush(30)
    assert memory.search(user=ada).total == 0
    memory.drain()
    assert memory.verify()
    assert len(memory.sql("SELECT * FROM episodes UNION ALL BY NAME SELECT * FROM memories WHERE status <> 'erased'", user=ada)) == 0  # fmt: skip
    store.put(PLACE, "secret", {"text": "the nickname is Rumpelstilzchen"})
    assert store.get(PLACE, "secret") is not None


def test_a_query_finds_items_by_their_words_best_first(store: EiderStore) -> None:
    """No index needs to be set up; what is not searched for comes last, without a score."""
    store.put(PLACE, "a", {"text": "Ada is allergic to peanuts", "kind": "health"})
    store.put(PLACE, "b", {"text": "Ada drives a red car", "kind": "thing"})
    store.put(PLACE, "c", {"text": "peanuts peanuts peanuts"}, index=False)
    found = store.search(("users",), query="Which allergies does Ada have?")
    assert [i.key for i in found] == ["a", "b", "c"]
    assert found[0].score is not None
    assert found[1].score is not None
    assert found[0].score > found[1].score
    assert found[2].score is None
    assert [i.key for i in store.search(("users",), query="allergies", filter={"kind": "thing"})] == ["b"]
    assert [i.key for i in store.search(("users",), query="allergies", limit=1, offset=1)] == ["b"]


def test_a_page_is_the_beginning_of_all_that_is_found(memory: eider.Eider, ada: str) -> None:
    """However short it is, and whatever older versions, expired and filtered items lie among the best hits."""
    clock = Clock()
    store = EiderStore(memory, user=ada, clock=clock)
    for number in range(12):
        store.put(PLACE, "draft", {"text": f"The harbour plan, draft {number}", "kind": "draft"})
        store.put(PLACE, f"note-{number}", {"text": f"Harbour plan {'plan ' * number}", "kind": "note"})
        store.put(PLACE, f"brief-{number}", {"text": "Harbour plan", "kind": "note"}, ttl=1)
    clock.wait(2)
    for kind in (None, {"kind": "note"}):
        everything = store.search(PLACE, query="harbour plan", filter=kind, limit=500)
        assert len(everything) == (13 if kind is None else 12)
        for limit, offset in ((1, 0), (3, 0), (2, 5), (4, 11)):
            page = store.search(PLACE, query="harbour plan", filter=kind, limit=limit, offset=offset)
            assert page == everything[offset : offset + limit]


def test_only_the_named_fields_are_searched(memory: eider.Eider, ada: str) -> None:
    """`fields` of the store, and `index` of one put, say by what an item is found."""
    store = EiderStore(memory, user=ada, fields=["title", "parts[*].name"])
    store.put(PLACE, "a", {"title": "puffin", "body": "walrus", "parts": [{"name": "beak"}, {"name": "wing"}]})
    store.put(PLACE, "b", {"title": "heron", "body": "walrus"}, index=["body"])
    assert store.search(PLACE, query="walrus")[0].key == "b"
    assert store.search(PLACE, query="wing")[0].key == "a"
    assert store.search(PLACE, query="puffin")[0].key == "a"


def test_an_item_expires_and_a_read_prolongs_it(memory: eider.Eider, ada: str) -> None:
    """Gone at once when its time has come, erased by the sweep; reading in between gives it its time again."""
    clock = Clock()
    store = EiderStore(memory, user=ada, ttl={"refresh_on_read": True, "default_ttl": 10.0}, clock=clock)
    store.put(PLACE, "kept", {"n": 1})
    store.put(PLACE, "lost", {"n": 2})
    store.put(PLACE, "forever", {"n": 3}, ttl=None)
    clock.wait(8)
    assert store.get(PLACE, "kept") is not None
    assert store.get(PLACE, "lost", refresh_ttl=False) is not None
    clock.wait(8)
    assert store.get(PLACE, "lost") is None
    assert {i.key for i in store.search(PLACE)} == {"kept", "forever"}
    assert len(store.history(PLACE, "kept")) == 1
    assert store.sweep_ttl() == 1
    assert store.history(PLACE, "lost") == []
    clock.wait(8)
    assert store.get(PLACE, "kept") is not None
    clock.wait(11)
    assert store.get(PLACE, "kept") is None
    assert store.get(PLACE, "forever") is not None


def test_a_prolonged_item_is_still_found_by_its_words(memory: eider.Eider, ada: str) -> None:
    """Prolonging changes when it ends and nothing else."""
    clock = Clock()
    store = EiderStore(memory, user=ada, ttl={"default_ttl": 10.0}, clock=clock)
    store.put(PLACE, "a", {"text": "Ada is allergic to peanuts"})
    before = store.get(PLACE, "a")
    clock.wait(5)
    assert store.get(PLACE, "a") == before
    (found,) = store.search(PLACE, query="peanuts")
    assert found.score is not None
    assert found.updated_at == found.created_at


def test_within_a_batch_reads_come_before_writes(store: EiderStore) -> None:
    """And the last write to a key wins, as in LangGraph's own stores."""
    results = store.batch([
        PutOp(PLACE, "k", {"v": 1}), GetOp(PLACE, "k"), PutOp(PLACE, "k", {"v": 2}), SearchOp(PLACE),
    ])  # fmt: skip
    assert results == [None, None, None, []]
    item = store.get(PLACE, "k")
    assert item is not None
    assert item.value == {"v": 2}
    assert len(store.history(PLACE, "k")) == 1


async def test_the_async_twins_answer_the_same(store: EiderStore) -> None:
    """aput, aget, asearch, alist_namespaces, adelete."""
    await store.aput(PLACE, "k", {"v": 1})
    assert (await store.aget(PLACE, "k")) == store.get(PLACE, "k")
    assert (await store.asearch(PLACE)) == store.search(PLACE)
    assert (await store.alist_namespaces()) == [PLACE]
    await store.adelete(PLACE, "k")
    assert await store.aget(PLACE, "k") is None


def test_a_large_store_is_read_page_by_page(
    memory: eider.Eider, store: EiderStore, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is left out where there is more than one answer holds."""
    monkeypatch.setattr(store_rows, "PAGE", 3)
    places = [("users", f"u{n}") for n in range(8)]
    store.batch([PutOp(place, "k", {"n": n}) for n, place in enumerate(places)])
    assert store.list_namespaces() == places
    assert [i.value["n"] for i in store.search(("users",), filter={"n": {"$lt": 7}}, limit=20)] == [6, 5, 4, 3, 2, 1, 0]
    keeping = EiderStore(memory, user=ada, keep_history=True)
    for n in range(7):
        keeping.put(places[0], "k", {"n": n})
    assert len(keeping.history(places[0], "k")) == 8


def test_items_are_apart_from_what_people_said(memory: eider.Eider, store: EiderStore, ada: str) -> None:
    """A store's items do not enter prompts, and what a user said is no item."""
    store.put(PLACE, "k", {"text": "the staging server is called puffin"})
    memory.record("The staging server is called heron.", user=f"{ada}-person")
    assert "puffin" not in memory.inject("What is the staging server called?", user=f"{ada}-person").text
    assert [i.key for i in store.search((), query="staging server heron")] == ["k"]
    assert EiderStore(memory, user=f"{ada}-other").search(()) == []


def test_an_agents_tools_reach_the_store(store: EiderStore) -> None:
    """`create_agent(store=…)` hands it to tools, as any store of LangGraph's."""

    @tool
    def save(text: str, runtime: ToolRuntime) -> str:
        """Save a note."""
        assert runtime.store is not None
        runtime.store.put(("notes",), "n1", {"text": text})
        return "saved"

    model = scripted(calling("save", text="buy milk"), "done")
    create_agent(model, tools=[save], store=store).invoke({"messages": [("user", "Note: buy milk")]})
    item = store.get(("notes",), "n1")
    assert item is not None
    assert item.value == {"text": "buy milk"}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Importing Send from langgraph.constants is deprecated")
async def test_langmems_tools_work_on_it(store: EiderStore) -> None:
    """Create, find, change and delete, as langmem does it, sync and async."""
    from langmem import create_manage_memory_tool, create_search_memory_tool

    config: Any = {"configurable": {"user_id": "ada"}}
    manage = create_manage_memory_tool(namespace=("memories", "{user_id}"), store=store)
    search = create_search_memory_tool(namespace=("memories", "{user_id}"), store=store)
    told = manage.invoke({"content": "Ada is allergic to peanuts.", "action": "create"}, config)
    key = told.split()[-1]
    assert "peanuts" in search.invoke({"query": "allergies"}, config)
    await manage.ainvoke({"content": "Ada is allergic to walnuts.", "action": "update", "id": key}, config)
    assert "walnuts" in str(await search.ainvoke({"query": "allergies"}, config))
    manage.invoke({"action": "delete", "id": key}, config)
    assert store.list_namespaces() == []


def test_a_key_that_is_written_often_keeps_few_versions(
    memory: eider.Eider, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often: the older ones are erased behind, together, and deleting leaves none."""
    monkeypatch.setattr(store_writes, "_MAX_OLD", 10)
    store = EiderStore(memory, user=ada)
    other = EiderStore(memory, user=ada)  # another process
    for number in range(60):
        (store if number % 2 else other).put(PLACE, "state", {"n": number})
    assert store.flush(30)
    assert memory.search(user=ada, kinds=["episode"]).total <= 11
    assert [item.value for item in other.history(PLACE, "state")] == [{"n": 59}]
    other.delete(PLACE, "state")
    assert store.get(PLACE, "state") is None
    store.put(PLACE, "state", {"n": -1})
    assert other.flush(30)
    assert store.flush(30)
    assert [item.value for item in other.search(())] == [{"n": -1}]
    assert memory.search(user=ada, kinds=["episode"]).total == 1


@pytest.mark.parametrize("how", ["sync", "async"])
async def test_a_sweeper_erases_what_has_expired(memory: eider.Eider, ada: str, how: str) -> None:
    """In the background, until it is stopped; a read prolongs a life only where that is wanted."""
    ttl: Any = {"default_ttl": 0.0005, "sweep_interval_minutes": 0.001}
    store = EiderStore(memory, user=ada, ttl=ttl) if how == "sync" else AsyncEiderStore(memory, user=ada, ttl=ttl)
    started: Any = store.start_ttl_sweeper()
    if how == "async":
        await (await started and asyncio.sleep(0))
    await store.aput(PLACE, "k", {"text": "gone soon"})
    await store.aput(PLACE, "forever", {"n": 1}, ttl=None)
    for _ in range(200):
        await asyncio.sleep(0.05)
        if memory.search(user=ada, kinds=["episode"]).total == 1:
            break
    assert [item.key for item in await store.asearch(())] == ["forever"]
    assert memory.search(user=ada, kinds=["episode"]).total == 1
    stopped: Any = store.stop_ttl_sweeper(5)
    assert (await stopped if how == "async" else stopped) is True


async def test_a_store_opens_from_a_path(tmp_path: Path) -> None:
    """As LangGraph's own stores do, sync and async; operations asked for at once are answered together."""
    path = str(tmp_path / "m.eider")
    with EiderStore.from_conn_string(path) as store:
        store.setup()
        store.put(PLACE, "k", {"n": 1})
    async with AsyncEiderStore.from_conn_string(path, ttl={"default_ttl": None}) as astore:
        await astore.setup()
        done = await asyncio.gather(
            *(astore.aput(PLACE, f"k{n}", {"n": n}) for n in range(50)), astore.aget(PLACE, "k")
        )
        assert done[-1].value == {"n": 1}
        assert len(await astore.asearch((), limit=100)) == 51
        assert await astore.sweep_ttl() == 0
        with pytest.raises(asyncio.InvalidStateError):
            astore.get(PLACE, "k")
        assert (await asyncio.to_thread(astore.get, PLACE, "k1")) is not None


def test_with_an_index_of_the_hosts_scores_are_cosines(memory: eider.Eider, ada: str) -> None:
    """The embedder that LangGraph's configuration names ranks; the best of an item's texts counts."""
    asked: list[int] = []

    def embed(texts: list[str]) -> list[list[float]]:
        asked.append(len(texts))
        return [[text.count("a") + 0.5, text.count("b"), text.count("c")] for text in texts]

    store = EiderStore(memory, user=ada, index={"dims": 3, "embed": embed, "fields": ["one", "two"]})
    store.batch(
        [
            PutOp(PLACE, "x", {"one": "a", "two": "b"}),
            PutOp(PLACE, "y", {"one": "ab"}),
            PutOp(PLACE, "z", {"three": "a"}),
        ]
    )
    assert asked == [3]
    found = EiderStore(memory, user=ada, index={"dims": 3, "embed": embed}).search(PLACE, query="a")
    assert [(item.key, item.score and round(item.score, 3)) for item in found] == [
        ("x", 1.0),
        ("y", 0.832),
        ("z", None),
    ]
    whole = EiderStore(memory, user=f"{ada}-2", index={"dims": 3, "embed": embed})
    whole.batch(
        [PutOp(PLACE, "x", {"b": "bbb"}), PutOp(PLACE, "y", {"c": "ccc"}), PutOp(PLACE, "z", {"b": "b"}, index=False)]
    )
    assert [item.key for item in whole.search(PLACE, query="bb")] == ["x", "y", "z"]
    with pytest.raises(InputError, match="'embed'"):
        EiderStore(memory, user=ada, index={"dims": 3})  # pyright: ignore[reportArgumentType]


def test_a_filter_may_name_the_way_to_a_field(store: EiderStore) -> None:
    """As in LangGraph's databases: "user.access-level"; a field of that very name comes first."""
    store.put(PLACE, "k", {"user": {"access-level": 3}, "a.b": 1, "a": {"b": 2}})
    assert store.search(PLACE, filter={"user.access-level": {"$gte": 3}})
    assert store.search(PLACE, filter={"a.b": 1})
    assert not store.search(PLACE, filter={"user.name": "ada"})

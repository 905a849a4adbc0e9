"""The LangGraph store where something is wrong or large: secrets, damage, killed processes, odd and many values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from langchain_agents import a_memory, a_user, calling, scripted  # noqa: F401
from langgraph.store.base import GetOp, InvalidNamespaceError, ListNamespacesOp, PutOp, SearchOp

import eider
from eider.model.errors import InputError, TooLargeError
from eider_langchain import EiderStore, store_rows

PLACE = ("users", "ada")
SECRETS = {
    "web token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0." + "abcdefghijklmnopqrstuvwxyz012345",
    "model key": "sk-proj-" + "abcdefghijklmnopqrstuvwx1234567890",
    "bot token": "xoxb-" + "123456789012-abcdefghijkl",
}


@pytest.fixture(name="store")
def a_store(memory: eider.Eider, ada: str) -> EiderStore:
    return EiderStore(memory, user=ada)


def test_what_cannot_be_kept_is_refused_by_name(store: EiderStore) -> None:
    """Nothing of a refused batch is written."""
    for bad in ({"when": datetime.now(UTC)}, {"x": float("nan")}, ["no", "object"]):
        with pytest.raises(InputError, match="value="):
            store.put(PLACE, "bad", bad)  # pyright: ignore[reportArgumentType]
    with pytest.raises(TooLargeError):
        store.batch([PutOp(PLACE, "good", {"v": 1}), PutOp(PLACE, "bad", {"text": "x" * 1_000_000})])
    with pytest.raises(InvalidNamespaceError):
        store.batch([PutOp(("a.b",), "k", {"v": 1})])
    store.put(PLACE, "k", {"v": 1})
    with pytest.raises(ValueError, match="operator '\\$in' is unknown"):
        store.search(PLACE, filter={"v": {"$in": [1]}})
    assert {i.key for i in store.search(())} == {"k"}


def test_secrets_do_not_reach_the_disk_through_a_store(store: EiderStore) -> None:
    """Values pass the same filter as everything else."""
    store.put(PLACE, "login", {"user": "ada", "password": "hunter2-and-more"})
    item = store.get(PLACE, "login")
    assert item is not None
    assert item.value == {"user": "ada", "password": "[redacted:password]"}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=list(SECRETS))
def test_a_secret_costs_no_item_but_its_own_words(store: EiderStore, secret: str) -> None:
    """Wherever it stands, also in namespace and key, both items are found, read, written again and deleted."""
    place = (*PLACE, "token: a1b2c3d4e5f6", secret.replace(".", "-"))  # LangGraph refuses dots
    store.put(place, "colour", {"text": "likes green"})
    store.put(place, f"note of {secret}", {"text": f"the user pasted {secret}", "commit": "a" * 30 + "0123456789"})
    item = store.get(place, f"note of {secret}")
    assert item is not None
    assert item.value["commit"] == "a" * 30 + "0123456789"
    assert len(store.search(place)) == len(store.search(())) == 2
    (named,) = store.list_namespaces()
    assert named == item.namespace
    assert named[:3] == place[:3]
    store.put(named, item.key, {"text": "gone"})
    store.delete(named, item.key)
    assert [found.key for found in store.search(place)] == ["colour"]
    store.delete(place, "colour")
    assert store.list_namespaces() == []


def test_a_damaged_row_is_told_and_can_be_deleted(store: EiderStore, memory: eider.Eider, ada: str) -> None:
    """What cannot be read makes nothing else unreadable."""
    store.put(PLACE, "colour", {"text": "likes green"})
    about = {"namespace": [*PLACE], "id": "note", "created": "[redacted:jwt]:15", "updated": 7}
    memory.channel("langgraph", "agent").record(
        "likes red", user=ada, role="agent", session=store_rows.item_id(PLACE, "note"),
        metadata={"scope": store_rows.scope_of(PLACE), "item": about, "value": {}},
    )  # fmt: skip
    item = store.get(PLACE, "note")
    assert item is not None
    assert item.value == {store_rows.DAMAGED: "likes red"}
    assert {found.key for found in store.search(())} == {"colour", "note"}
    store.delete(PLACE, "note")
    assert [found.key for found in store.search(())] == ["colour"]


def test_what_a_killed_process_left_is_erased_by_the_next(memory: eider.Eider, ada: str) -> None:
    """A delete whose erasure never ran is a mark; whoever writes next erases it."""
    killed = EiderStore(memory, user=ada)
    killed.put(PLACE, "secret", {"text": "Rumpelstilzchen"})
    killed._writer._looked_back = True
    killed._writer.erase_waiting = lambda: None
    killed.delete(PLACE, "secret")
    assert EiderStore(memory, user=ada).get(PLACE, "secret") is None
    assert memory.search("Rumpelstilzchen", user=ada).total
    store = EiderStore(memory, user=ada)
    store.put(("other",), "k", {"n": 1})
    assert store.flush(30)
    assert not memory.search("Rumpelstilzchen", user=ada).total
    assert store.list_namespaces() == [("other",)]


def test_long_values_and_odd_characters_are_kept(store: EiderStore) -> None:
    """As any JSON that a graph keeps; what no database holds is repaired."""
    value = {
        "page": "word " * 100_000,
        "odd": "NUL \x00, half \ud83d",
        "pair": "\ud83d\ude00",
        "list": [{"a\x00": None}],
    }
    store.put(PLACE, "page", value)
    item = store.get(PLACE, "page")
    assert item is not None
    assert item.value == {**value, "odd": "NUL \ufffd, half \ufffd", "pair": "😀", "list": [{"a\ufffd": None}]}
    assert store.search(PLACE, query="word")[0].key == "page"


def test_many_mixed_operations_are_one_batch(
    store: EiderStore, memory: eider.Eider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is needed again is read once, and all that is written is one commit, however many they are."""
    asked: list[str] = []
    execute = type(memory._backend).execute
    monkeypatch.setattr(type(memory._backend), "execute", lambda self, r: asked.append(r.verb) or execute(self, r))
    store.batch([PutOp(("a", str(n % 2)), f"k{n}", {"n": n}) for n in range(150)])
    ops: list[Any] = []
    for number in range(300):
        place, key = ("a", str(number % 2)), f"k{number}"
        ops += [
            PutOp(place, key, {"n": -number}), GetOp(place, key), SearchOp(("a",), {"n": {"$lt": 9}}),
            ListNamespacesOp(), GetOp(place, "none"), PutOp(place, f"k{number + 1}", None),
        ]  # fmt: skip
    asked.clear()
    results = store.batch(ops)
    assert len(results) == 1_800
    assert results[1].value == {"n": 0}
    assert [item.value["n"] for item in results[2]] == [8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert results[3] == [("a", "0"), ("a", "1")]
    assert len(asked) < 40
    assert len(store.search((), limit=10_000)) == 300

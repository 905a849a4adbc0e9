"""What people type first works: values in place of ids, pages that iterate, texts of answers, plain dictionaries."""

import asyncio
import json
from pathlib import Path

import pytest

import eider


@pytest.fixture
def memory(tmp_path: Path) -> eider.Eider:
    return eider.open(":memory:", user="ada")


def test_verbs_take_the_value_or_its_id(memory: eider.Eider) -> None:
    rule = memory.remember("Deploy on Tuesdays.", kind="rule")
    newer = memory.correct(rule, "Deploy on Thursdays.")
    assert memory.why(newer).memory.id == newer.id
    assert [one.memory.text for one in memory.history(memory.recall("deploy")[0])]
    memory.undo(memory.events()[0])
    assert memory.forget(rule).ids
    with pytest.raises(eider.errors.InputError, match=r"id=3"):
        memory.forget(3)  # pyright: ignore[reportArgumentType]


def test_a_page_iterates_and_a_hit_says_what_it_is(memory: eider.Eider) -> None:
    memory.record("We met in Oslo.", at="2026-05-01T10:00", tz="Europe/Oslo")
    memory.remember("Prefers tea.", kind="preference", scope="project:a")
    page = memory.search()
    assert [hit.text for hit in page] == [page[0].text, page[1].text]
    by_kind = {hit.kind: hit for hit in page}
    assert by_kind["episode"].scope == "global"
    assert by_kind["episode"].at is not None
    assert by_kind["episode"].at.isoformat() == "2026-05-01T08:00:00+00:00"
    assert (by_kind["preference"].scope, by_kind["preference"].source) == ("project:a", "user")


def test_answers_are_their_text_and_become_dictionaries(memory: eider.Eider) -> None:
    rule = memory.remember("Deploy on Tuesdays.", kind="rule")
    policy = memory.policy()
    assert str(policy) == policy.text
    assert str(memory.inject("When do we deploy on Tuesdays?")) == memory.inject("When do we deploy on Tuesdays?").text
    values = (rule, policy, memory.recall("deploy")[0], memory.search(), memory.health(), memory.events()[0])
    for value in values:
        assert json.loads(json.dumps(value.to_dict()))
    assert rule.to_dict()["text"] == "Deploy on Tuesdays."


def test_async_open_is_awaited_or_entered(tmp_path: Path) -> None:
    async def both() -> list[str]:
        async with eider.aio.open(tmp_path / "store", user="ada") as memory:
            await memory.remember("Prefers tea.")
        again = await eider.aio.open(tmp_path / "store", user="ada")
        try:
            return [hit.text for hit in await again.recall("tea")]
        finally:
            await again.close()

    assert asyncio.run(both()) == ["Prefers tea."]


def test_a_store_that_is_open_here_already_is_told_so(tmp_path: Path) -> None:
    with (
        eider.open(tmp_path / "store", user="ada"),
        pytest.raises(eider.errors.StoreError, match="in this process already"),
    ):
        eider.open(tmp_path / "store", user="ada")


@pytest.mark.parametrize("store", [3, 2.5, ["a"], b"store"])
def test_a_store_of_another_type_is_refused_by_name(store: object) -> None:
    with pytest.raises(eider.errors.InputError, match=r"store="):
        eider.open(store)  # pyright: ignore[reportArgumentType]


def test_metadata_that_is_too_deep_is_refused(memory: eider.Eider) -> None:
    deep: dict[str, object] = {}
    for _ in range(5_000):
        deep = {"a": deep}
    with pytest.raises(eider.errors.InputError, match="metadata"):
        memory.record("hello", metadata=deep)  # pyright: ignore[reportArgumentType]

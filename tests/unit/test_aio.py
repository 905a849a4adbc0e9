"""The async front: same verbs, same answers, and the loop stays free."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from eider import aio
from eider.model.errors import InputError


def test_the_verbs_can_be_awaited(tmp_path: Path) -> None:
    """Open, write, read and close inside a loop."""

    async def story() -> list[str]:
        async with await aio.open(tmp_path / "m.eider", user="ada") as memory:
            await memory.remember("Prefers green tea.")
            return [hit.text for hit in await memory.recall("tea")]

    assert asyncio.run(story()) == ["Prefers green tea."]


def test_calls_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    """Forty writes and reads together: nothing is lost, nothing refused."""

    async def storm() -> int:
        async with await aio.open(tmp_path / "m.eider", user="ada") as memory:
            await asyncio.gather(
                *(memory.record(f"note {i}", session="s") for i in range(40)),
                *(memory.recall("note") for _ in range(40)),
            )
            page = await memory.search(limit=100)
            places = sorted(item.episode.seq for item in page.items if item.episode)
            assert places == list(range(40)), "each has its own place in the session"
            return page.total

    assert asyncio.run(storm()) == 40


def test_errors_are_the_same(tmp_path: Path) -> None:
    """What the sync front raises, the async front raises."""

    async def wrong() -> None:
        async with await aio.open(tmp_path / "m.eider", user="ada") as memory:
            await memory.record("")

    with pytest.raises(InputError, match="empty"):
        asyncio.run(wrong())

"""Fixtures that several test modules use."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from scope_stores import MODEL, Scripted

import eider
from eider.providers.embedders.hashing import HashEmbedder


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Callable[[str], eider.Eider]]:
    """Opens stores by name; all are closed in the end."""
    opened: list[eider.Eider] = []

    def of(name: str) -> eider.Eider:
        opened.append(eider.open(tmp_path / f"{name}.eider", user="ada", embedder=HashEmbedder()))
        return opened[-1]

    yield of
    for one in opened:
        one.close()


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A memory with a past: talk, corrections, uses, a pin, something forgotten, and another user."""
    folder = tmp_path_factory.mktemp("lived") / "source.eider"
    with eider.open(folder, user="ada", embedder=HashEmbedder()) as memory:
        memory.remember("Zebra stripes are Bob's own.", user="bob")
        memory.record("Wir treffen uns am Freitag.\nUm acht.", at="2026-05-01T20:00:00", tz="Europe/Berlin", session="s",
                      metadata={"scope": "work", "n": [1, None, 1.5, {"x": "y"}]}, key="host:1")  # fmt: skip
        memory.record('😀 \u2028 \\ " \u202e tail', role="agent", session="s", at="2026-05-01T18:01:00Z")
        old = memory.remember("Prefers snake_case.", kind="preference", valid_from="2026-03", key="host:2")
        new = memory.correct(old.id, "Prefers camelCase.", key="host:3")
        memory.remember("The ferry of the Zebra line leaves at nine.", user="bob")
        memory.pin(new.id)
        memory.reinforce(new.id)
        memory.undo(memory.events(limit=1)[0].id)
        memory.remember("Was in Rome.", kind="context", valid_from="2026-01-02", valid_to="2026-01-09", importance=5)
        first = memory.remember("A plan.")
        second = memory.correct(first.id, "A walrus plan.")
        memory.correct(second.id, "No plan.")
        memory.forget(second.id)
    return folder


@pytest.fixture
def source(lived: Path, store: Callable[[str], eider.Eider], tmp_path: Path) -> eider.Eider:
    """A copy of it for each test."""
    shutil.copytree(lived, tmp_path / "source.eider")
    return store("source")


@pytest.fixture
def opens(tmp_path: Path) -> Iterator[Callable[..., eider.Eider]]:
    """Opens one store anew, for an agent set up as told; `model` stands in for the named one."""
    held: list[eider.Eider] = []

    def of(mode: str = "frugal", model: Scripted | None = None, **how: Any) -> eider.Eider:
        for one in held:
            one.close()
        named = {} if mode == "frugal" else {"model": MODEL}
        memory = eider.open(tmp_path / "s.eider", user="ada", mode=mode, **named, **how)
        memory._engine.agents.models[MODEL] = model or Scripted()  # pyright: ignore[reportPrivateUsage]
        held.append(memory)
        return memory

    yield of
    for one in held:
        one.close()

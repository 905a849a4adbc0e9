"""Fixtures of the tests that start server processes."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from homes import Home

import eider


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """A server that was run within this process leaves no handlers behind: processes forked later would not end at SIGTERM."""
    before = {sign: signal.getsignal(sign) for sign in (signal.SIGTERM, signal.SIGINT)}
    yield
    for sign, handler in before.items():
        signal.signal(sign, handler)


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A home whose names are shared through a server; nothing of it outlives the test."""
    made = Home()
    monkeypatch.setenv("EIDER_HOME", str(made.path))
    monkeypatch.setenv("EIDER_SERVER", "auto")
    yield made
    made.close()


@pytest.fixture
def homes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], Home]]:
    """Homes at paths that a test chooses."""
    made: list[Home] = []

    def at(path: Path) -> Home:
        made.append(Home(path))
        return made[-1]

    yield at
    for one in made:
        one.close()


@pytest.fixture
def memory(home: Home) -> Iterator[eider.Eider]:
    """A shared memory behind the server of that home."""
    with eider.open("notes", user="ada") as opened:
        yield opened

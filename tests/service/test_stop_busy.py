"""A server ends when it is told to, whatever it is computing."""

from __future__ import annotations

import threading

import pytest
from homes import PATIENCE, Home

from eider.service import run as serving

pytestmark = pytest.mark.slow


def test_the_deadline_ends_what_does_not_end_by_itself(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is started once, when the server is told to end."""
    ended: list[int] = []
    over = threading.Event()
    monkeypatch.setattr(serving, "_STOP_SECONDS", 0.05)
    monkeypatch.setattr(serving._HomeFiles, "end_at_once", lambda _: (ended.append(1), over.set()))
    place = serving._HomeFiles(str(home.path), -1)
    place.request_stop()
    place.request_stop()
    assert over.wait(PATIENCE)
    assert ended == [1]

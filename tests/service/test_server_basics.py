"""A name is shared through one process that any client starts."""

from __future__ import annotations

import pytest
from homes import Home

import eider

pytestmark = pytest.mark.slow


def test_a_name_is_held_by_one_process_for_everybody(home: Home, memory: eider.Eider) -> None:
    """Two openers of a name see each other's writes at once, through one server."""
    memory.remember("Prefers snake_case.")
    with eider.open("notes", user="ada") as other:
        assert [hit.text for hit in other.recall("snake_case")] == ["Prefers snake_case."]
    assert memory.shared
    assert len(home.servers()) == 1

"""What is private stays out of everything that is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import eider
from eider_claude_hooks import plan, transcript, words
from eider_claude_hooks.words import blank_private, split_private, user_words


def holding(folder: Path, word: str) -> list[Path]:
    """Files with a word in them, however it is written."""
    wanted = word.lower().encode()
    return [file for file in folder.rglob("*") if file.is_file() and wanted in file.read_bytes().lower()]


def test_private_passages_are_nowhere_on_disk(
    claude: Any, memory: eider.Eider, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the prompt's nor what the answer repeats of it; what stood beside it is found, so the search would see it."""
    session = claude()
    session.starts()
    session.transcript = tmp_path / "elsewhere.jsonl"  # the client's own record is the client's
    session.transcript.parent.mkdir(exist_ok=True)
    session.asks("Book the zeppelin. <private>My locker code is Quixote-4711.</private> Thanks.")
    session.says("Booked the zeppelin; the code Quixote-4711 is safe with me.")
    session.tell(
        "SubagentStop",
        agent_id="a",
        agent_type="Explore",
        last_assistant_message="It is QUIXOTE-4711 for the zeppelin.",
    )
    session.tell(
        "PostToolUse",
        tool_name="ExitPlanMode",
        tool_use_id="t",
        tool_response={"plan": "1. Use quixote-4711 to open it."},
    )
    session.settled()
    texts = [hit.text for hit in memory.search(limit=100).items]
    assert len(texts) >= 4
    assert any("zeppelin" in text for text in texts)
    assert not any("quixote" in text.lower() for text in texts)
    session.transcript.unlink()
    assert holding(tmp_path, "zeppelin")
    assert not holding(tmp_path, "quixote")
    assert not holding(tmp_path, "4711")
    assert "uixote" not in caplog.text


def test_private_passages_are_not_caught_up_either(claude: Any, memory: eider.Eider) -> None:
    session = claude()
    session.exchanges("Hello <private>Quixote</private> there", "Good day, Quixote.", hook=False)
    session.tell("SessionEnd")
    session.handler.tidy()
    session.settled()
    assert sorted(hit.text for hit in memory.search(limit=10).items) == ["Good day, [private].", "Hello  there"]


def test_a_prompt_that_is_all_private_leaves_nothing(claude: Any, memory: eider.Eider) -> None:
    session = claude()
    assert session.asks("<private>Always use tabs.</private>") == ""
    session.settled()
    assert memory.search(limit=10).items == ()


@given(st.text(), st.text(min_size=1), st.text())
def test_nothing_inside_leaves(before: str, inside: str, after: str) -> None:
    """Whatever stands around it, however it is nested, closed or not."""
    for text in (f"{before}<private>❬{inside}❭</private>{after}", f"{before}<PRIVATE >❬{inside}❭"):
        kept, _ = split_private(text)
        assert "❬" not in kept or "❬" in before + after or "private" in inside.lower()


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    """A prompt may be anything."""
    read = user_words(text)
    assert read.text == read.text.strip()
    blank_private(text, read.private)


@pytest.mark.parametrize("module", [words, plan, transcript])
def test_examples_in_docstrings_hold(module: Any) -> None:
    """They are promises."""
    import doctest

    assert doctest.testmod(module).attempted > 0
    assert doctest.testmod(module).failed == 0

"""The start of a session: what the user asked for, what is open; the same bytes until something changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import eider
from eider.client import briefing_cache
from eider.providers.token_budget import HeuristicCounter
from eider_claude_hooks import briefing
from eider_claude_hooks.hook import briefing_name
from eider_claude_hooks.hook_handler import HookHandler
from eider_claude_hooks.hook_host import CLAUDE_CODE

RULE = "No, always indent with tabs in this project."


def kept(tmp_path: Path, project: Path) -> Path:
    """Where the last briefing of a directory stays."""
    return Path(briefing_cache.cache_folder(str(tmp_path / "home"), "claude-code")) / briefing_name(str(project))


def test_a_briefing_tells_what_the_user_asked_for_as_recalled(claude: Any) -> None:
    """Rules of this project, framed so that nothing of it is learned again."""
    claude().exchanges(RULE, "Tabs it is.")
    text = claude("two").starts()
    assert text.count("always indent with tabs in this project.") == 1
    assert text.index("<eider-memory ") < text.index("always indent") < text.index("</eider-memory>")
    assert "skill eider" in text


def test_a_store_that_knows_nothing_says_only_how_to_use_it(claude: Any) -> None:
    assert claude().starts() == CLAUDE_CODE.how


@pytest.mark.parametrize("source", ["startup", "resume", "clear"])
def test_a_briefing_is_the_same_bytes_until_something_changes(
    claude: Any, handlers: Callable[[], HookHandler], memory: eider.Eider, source: str, project: Path
) -> None:
    """The client puts the same text into a conversation once; another server says the same."""
    memory.remember("Always indent with tabs.", kind="rule", scope=eider.project_scope(project))
    memory.remember("Never deploy on Fridays.", kind="rule")
    first = claude().starts()
    assert claude("two").starts(source) == first
    assert claude("three", handler=handlers()).starts() == first
    memory.remember("Answer in English.", kind="rule")
    assert claude("four").starts() != first


def test_what_a_briefing_told_does_not_come_with_a_prompt(claude: Any, memory: eider.Eider, project: Path) -> None:
    """The conversation holds it already."""
    memory.remember("Always indent with tabs.", kind="rule", scope=eider.project_scope(project))
    session = claude()
    assert "tabs" in session.starts()
    assert session.asks("Please fix the indentation of main.py") == ""


def test_contradictions_are_put_to_the_agent_to_ask_about(claude: Any, memory: eider.Eider, project: Path) -> None:
    """What waits for the user's word is told, with its id, where it belongs."""
    memory.observe(user_reply="I live in Berlin.", scope=eider.project_scope(project))
    memory.observe(user_reply="I am living in Munich.", scope=eider.project_scope(project))
    waiting = memory.inbox()
    text = claude().starts()
    assert all(
        f"Ask the user in passing, or where this session shows the answer, run eider inbox accept|reject {one.id}."
        in text
        for one in waiting
    )
    assert ("Open: " in text) is bool(waiting)


def test_a_briefing_keeps_within_its_tokens(claude: Any, memory: eider.Eider, project: Path) -> None:
    """Six hundred tokens, however much is known; and far from what the client cuts off."""
    memory.remember_many([
        {"text": f"Rule {n}: always check the {n}th harbour crane before the ship number {n} leaves.", "kind": "rule", "scope": eider.project_scope(project)}
        for n in range(300)
    ])  # fmt: skip
    memory.observe(user_reply="I live in Berlin.", scope=eider.project_scope(project))
    memory.observe(user_reply="I am living in Munich.", scope=eider.project_scope(project))
    text = claude().starts()
    assert 300 < HeuristicCounter().count(text) <= 600
    assert len(text) < 10_000


def test_the_last_briefing_stays_for_a_cold_start_and_goes_with_what_is_forgotten(
    claude: Any, memory: eider.Eider, tmp_path: Path, project: Path
) -> None:
    """For this account alone; a forget takes it away at once, and it is made anew without that."""
    rule = memory.remember("Always indent with tabs.", kind="rule", scope=eider.project_scope(project))
    memory.remember("Never deploy on Fridays.", kind="rule")
    session = claude()
    text = session.starts()
    session.settled()
    place = kept(tmp_path, project)
    assert json.loads(place.read_text()) == {"text": text}
    assert place.stat().st_mode & 0o777 == 0o600
    memory.forget(rule.id)
    session.handler.changed(Path("notes.eider"), "forget")
    assert not place.exists()
    session.handler.tidy()
    session.settled()
    assert "Fridays" in place.read_text()
    assert "tabs" not in place.read_text()


def test_a_briefing_compiled_before_a_forget_is_not_kept_after_it(tmp_path: Path) -> None:
    """The forget may come between the compiling and the writing."""
    found = briefing.BriefingFiles(tmp_path)
    turn = found.generation()
    found.delete_all()
    found.save("/somewhere", "what was forgotten", turn)
    assert not list(tmp_path.rglob("*.json"))


def test_an_embedded_forget_takes_briefings_away_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no server runs, whoever forgets sees to it."""
    monkeypatch.setenv("EIDER_HOME", str(tmp_path))
    place = Path(briefing_cache.cache_folder(str(tmp_path), "claude-code"))
    place.mkdir(parents=True)
    (place / "a.json").write_text('{"text": "Always indent with tabs."}')
    with eider.open("notes", user="ada") as memory:
        rule = memory.remember("Always indent with tabs.", kind="rule")
        assert (place / "a.json").exists()
        memory.forget(rule.id)
    assert not (place / "a.json").exists()


def test_a_compacted_session_is_told_what_it_was_about(claude: Any, memory: eider.Eider, project: Path) -> None:
    """Its beginning is gone: the rules come again, and what was said about the matter at hand."""
    memory.remember("Always indent with tabs.", kind="rule", scope=eider.project_scope(project))
    memory.remember("The exporter writes CSV with semicolons.", kind="decision", scope=eider.project_scope(project))
    session = claude()
    session.starts()
    session.exchanges("Make the exporter write CSV files for the harbour.", "The exporter is done.")
    assert session.asks("Please fix the indentation of main.py") == ""
    text = session.starts("compact")
    assert "Always indent with tabs." in text
    assert "semicolons" in text


def test_after_compaction_what_was_given_may_come_again(claude: Any) -> None:
    """The conversation has lost it."""
    claude().exchanges(RULE, "Tabs it is.")
    session = claude("two")
    ask = "Please fix the indentation of {}.py"
    assert "tabs" in session.asks(ask.format("main"))
    session.handler.sessions.session_of(session.event("Stop")).forget_given()
    assert "tabs" in session.asks(ask.format("util"))


def test_a_listener_that_is_not_ours_is_told_to_the_person_alone(
    tmp_path: Path, memory: eider.Eider, project: Path
) -> None:
    """Another program on the hook port would hear every prompt."""
    from eider.service.hooks import Around

    around = Around(
        home=tmp_path, memory=memory.channel, fault=lambda *_: None, port=lambda: (None, "port 1 cannot be had")
    )
    event = {"hook_event_name": "SessionStart", "session_id": "one", "cwd": str(project), "source": "startup"}
    handler = HookHandler(around)
    answer = handler.answer(event, float("inf"))
    handler.close(10)
    assert "port 1" in answer["systemMessage"]
    assert "port 1" not in answer["hookSpecificOutput"]["additionalContext"]

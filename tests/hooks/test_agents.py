"""Subagents and plans: briefed for their task, kept for what they came to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import eider


def said(memory: eider.Eider) -> dict[str, Any]:
    return {hit.text: hit.episode for hit in memory.search(limit=200).items if hit.episode is not None}


def test_a_subagent_is_told_what_helps_with_its_task(claude: Any, memory: eider.Eider, project: Path) -> None:
    """It sees nothing of the conversation: rules, and what bears on its prompt, though the conversation has them."""
    memory.remember("Always indent with tabs.", kind="rule", scope=eider.project_scope(project))
    memory.remember("The harbour crane is painted yellow.", scope=eider.project_scope(project))
    session = claude()
    session.starts()
    given = {"subagent_type": "Explore", "description": "look", "prompt": "Find out how the harbour crane is painted."}
    assert session.tell("PreToolUse", tool_name="Agent", tool_input=given, tool_use_id="t1") == {}
    text = session.told("SubagentStart", agent_id="a1", agent_type="Explore")
    assert text.count("Always indent with tabs.") == 1
    assert text.count("painted yellow") == 1
    assert len(text) < 10_000


def test_each_of_several_subagents_gets_what_its_own_prompt_asks_for(
    claude: Any, memory: eider.Eider, project: Path
) -> None:
    """They start in the order in which those of their type were asked."""
    memory.remember("The harbour crane is painted yellow.", scope=eider.project_scope(project))
    memory.remember("The login page is written in Elm.", scope=eider.project_scope(project))
    session = claude()
    for kind, prompt in (
        ("Explore", "How is the harbour crane painted?"),
        ("Plan", "In which language is the login page written?"),
    ):
        session.tell("PreToolUse", tool_name="Task", tool_input={"subagent_type": kind, "prompt": prompt})
    plan = session.told("SubagentStart", agent_id="a2", agent_type="Plan")
    explore = session.told("SubagentStart", agent_id="a1", agent_type="Explore")
    assert "Elm" in plan
    assert "Elm" not in explore.replace(plan, "")
    assert "yellow" in explore


def test_a_subagent_is_told_nothing_where_nothing_is_known(claude: Any) -> None:
    assert claude().tell("SubagentStart", agent_id="a1", agent_type="Explore") == {}


def test_what_a_subagent_came_to_is_kept_once_in_its_name(claude: Any, memory: eider.Eider) -> None:
    session = claude()
    for _ in range(2):
        session.tell("SubagentStop", agent_id="a1", agent_type="Explore", last_assistant_message="The crane is yellow.")
    session.settled()
    (episode,) = said(memory).values()
    assert (episode.text, episode.speaker, episode.role, episode.trust) == (
        "The crane is yellow.",
        "Explore",
        "agent",
        1,
    )


def test_a_subagent_that_read_pages_is_believed_no_more_than_they(claude: Any, memory: eider.Eider) -> None:
    """Told by its own tools, or by its own transcript."""
    session = claude()
    session.tell(
        "PostToolUse", tool_name="WebFetch", tool_input={}, tool_response={}, agent_id="a1", agent_type="Explore"
    )
    session.tell(
        "SubagentStop", agent_id="a1", agent_type="Explore", last_assistant_message="The page says it is yellow."
    )
    other = claude("record")
    other.writes("assistant", [{"type": "tool_use", "id": "t", "name": "WebSearch", "input": {}}])
    session.tell("SubagentStop", agent_id="a2", agent_type="Explore", last_assistant_message="The search says it is red.",
                 agent_transcript_path=str(other.transcript))  # fmt: skip
    session.settled()
    assert {e.trust for e in said(memory).values()} == {0}
    session.exchanges("Write the exporter.", "Done.")
    assert said(memory)["Done."].trust == 1


def test_forks_of_the_client_itself_are_not_kept(claude: Any, memory: eider.Eider) -> None:
    """Around a compaction they end like subagents, without a type."""
    session = claude()
    session.tell("SubagentStop", agent_id="a1", agent_type="", last_assistant_message="Summary: tabs.")
    assert session.tell("SubagentStart", agent_id="a1", agent_type="") == {}
    session.settled()
    assert said(memory) == {}


def test_an_approved_plan_is_kept_as_decisions(claude: Any, memory: eider.Eider, project: Path) -> None:
    """Its points, in the agent's words, once; they help with later prompts and command nobody."""
    plan = "# Export\n\nWe write files.\n\n1. Write CSV with semicolons as separators.\n   - like the others\n2. Stream rows to disk.\n"
    session = claude()
    session.asks("Plan the exporter.")
    asked = {"tool_name": "ExitPlanMode", "tool_use_id": "t1", "tool_input": {"plan": plan}}
    assert session.tell("PreToolUse", **asked) == {}
    session.settled()
    assert not [hit for hit in memory.search(limit=50).items if hit.memory]
    for _ in range(2):
        assert session.tell("PostToolUse", **{**asked, "tool_input": {}, "tool_response": {"plan": plan}}) == {}
    session.settled()
    found = [hit.memory for hit in memory.search(limit=50).items if hit.memory is not None]
    assert {(m.kind, m.scope, m.trust) for m in found} == {("decision", eider.project_scope(project), 1)}
    assert {m.text for m in found} == {
        'Plan "Export": Write CSV with semicolons as separators.', 'Plan "Export": Stream rows to disk.',
    }  # fmt: skip
    assert "semicolons" in claude("two").asks("Which separators does the CSV export write, semicolons?")
    assert "semicolons" not in claude("three").starts()


def test_a_plan_that_was_not_approved_is_not_kept(claude: Any, memory: eider.Eider) -> None:
    """Only a tool that ran was let through."""
    session = claude()
    session.asks("Plan the exporter.")
    session.tell("PreToolUse", tool_name="ExitPlanMode", tool_input={"plan": "1. Delete the harbour."})
    session.settled()
    assert not [hit for hit in memory.search(limit=50).items if "harbour" in hit.text]


def test_more_pinned_rules_than_the_client_takes_are_cut_in_sight(claude: Any, memory: eider.Eider) -> None:
    """What is longer than its limit would be lost as a whole, at a session's start and for a subagent."""
    for n in range(60):
        memory.remember(
            f'Always tell depot {n} before <any> "heavy" delivery leaves {"by road or rail, " * 20}late.',
            kind="rule",
            pinned=True,
        )
    session = claude()
    for text in (session.starts(), session.told("SubagentStart", agent_id="a1", agent_type="Explore")):
        said = sum(line.startswith("- Always tell depot") for line in text.splitlines())
        assert 10 < said < 60
        assert f"{60 - said} more that the user pinned have no room here" in text

"""Whatever a session of Claude Code goes through, memory is told everything once and tells everything once."""

from __future__ import annotations

from pathlib import Path

import pytest
from claude_code import Machine
from places import how_often
from replies import SUMMARISING, planned, send
from set_up import briefing, eventually, heard, kept, marked, recalled

import eider

pytestmark = pytest.mark.client
RULE = "Always indent with tabs in this codebase."
FACT = "The staging database listens on port 6543."
TASK = "Find out which port the staging database listens on."


def test_a_subagent_is_briefed_and_its_result_kept(equipped: Machine, memory: eider.Eider) -> None:
    """It reads what is relevant to its own task, marked and once; what it found is an agent's utterance."""
    found = "I looked: the port is written in compose.yaml."
    own = {"when": {"last_user": TASK}, "times": 1, "reply": {"text": found}}
    equipped.stub.script.load({"rules": [own], "replies": [send(TASK), {"text": "It is in compose.yaml."}]})
    with equipped.talk() as talk:
        talk.say("Good morning.")
        equipped.stub.reset()
        memory.remember(FACT)
        memory.remember("The invoice service is written in Elixir.")
        turn = talk.say("Ask somebody about the ports.")
    (theirs,) = [sent for sent in turn.requests if sent["why"] == "rule 0"]
    assert how_often(theirs, FACT) == 1
    ((place, text),) = marked(theirs).items()
    assert place.startswith("messages[0].user[")
    assert FACT in text
    assert "Elixir" not in text
    eventually(lambda: found in heard(memory, role="agent"), "the subagent's result")
    assert not [text for text in heard(memory, role="user") if TASK in text], "a task is not what the user said"


@pytest.mark.parametrize("approved", [True, False])
def test_a_plan_is_kept_when_it_was_approved(equipped: Machine, memory: eider.Eider, approved: bool) -> None:
    """What the person agreed to are decisions; what they refused is nothing."""
    equipped.stub.script.load({"replies": planned("Use SQLite for the queue.\n")})
    with equipped.talk("--permission-mode", "plan", ask=True) as talk:
        talk.approves = approved
        talk.say("Plan the queue.")
        talk.say("Thank you for now.")
    eventually(lambda: "Thank you for now." in heard(memory), "the last prompt")
    if approved:
        eventually(lambda: any("SQLite for the queue" in text for text in kept(memory)), "the plan")
    memory.drain()
    decided = [one for one in memory.search(kinds=["decision"]).items if "SQLite" in one.text]
    assert bool(decided) is approved


def test_nothing_important_is_lost_in_compaction(equipped: Machine, memory: eider.Eider) -> None:
    """After /compact the model is told its rules again, and what the session was about; nothing is heard twice."""
    memory.remember(RULE, kind="rule")
    equipped.stub.script.load({"rules": [SUMMARISING]})
    with equipped.talk() as talk:
        talk.say("We are porting the harbour scheduler to asyncio.")
        talk.say("/compact")
        after = talk.say("Go on.").requests[0]
    told = briefing(after, "messages[0].user[5].text")  # after the summary, which is the client's own
    assert how_often(after, RULE) == 1
    assert RULE in told
    assert "harbour scheduler" in told
    eventually(lambda: "Go on." in heard(memory), "the last prompt")
    assert heard(memory, role="user") == ["We are porting the harbour scheduler to asyncio.", "Go on."]
    assert not [text for text in heard(memory) if "<summary>" in text or "<analysis>" in text]


def test_resuming_doubles_nothing(equipped: Machine, memory: eider.Eider) -> None:
    """Neither in what the model reads nor in what memory has heard; a fork's copy of the past is no news either."""
    memory.remember(RULE, kind="rule")
    first = equipped.claude("Add a parser.")
    again = equipped.claude("Add a lexer.", args=["--resume", first.id])
    fork = equipped.claude("Add a printer.", args=["--resume", first.id, "--fork-session"])
    assert [how_often(talk.requests[0], RULE) for talk in (first, again, fork)] == [1, 1, 1]
    prompts = ["Add a parser.", "Add a lexer.", "Add a printer."]
    eventually(lambda: len(heard(memory, role="user")) >= 3, "three prompts")
    memory.drain()
    assert heard(memory, role="user") == prompts
    assert len(heard(memory, role="agent")) == 3


def test_two_sessions_at_once_do_not_mix(equipped: Machine, memory: eider.Eider) -> None:
    """Turns that interleave: each session holds its own, and a correction is read against its own session's answer."""
    with equipped.talk() as one, equipped.talk() as two:
        equipped.stub.reset(
            {"replies": [{"text": "I will indent with four spaces."}, {"text": "I will deploy at noon."}]}
        )
        one.say("Add a parser.")
        two.say("Plan the deployment.")
        one.say("No, always indent with tabs in this codebase.")
        two.say("Tell me a joke about penguins.")
    eventually(lambda: len(heard(memory, role="user")) >= 4, "four prompts")
    assert heard(memory, "user", one.id) == ["Add a parser.", "No, always indent with tabs in this codebase."]
    assert heard(memory, "user", two.id) == ["Plan the deployment.", "Tell me a joke about penguins."]
    assert heard(memory, "agent", one.id)[0] == "I will indent with four spaces."
    assert heard(memory, "agent", two.id)[0] == "I will deploy at noon."
    eventually(lambda: any("indent with tabs" in text for text in kept(memory)), "the rule")


def test_projects_are_isolated(equipped: Machine, memory: eider.Eider, tmp_path: Path) -> None:
    """What belongs to one project is told there, and nowhere else; what is global is told everywhere."""
    other = tmp_path / "other"
    other.mkdir()
    memory.remember("Deploys of this service need a ticket.", kind="rule", scope=eider.project_scope(equipped.project))
    memory.remember("Prefers short answers.", kind="preference")
    here, there = (
        equipped.claude("Hello, what is new?").requests[0],
        equipped.claude("Hello, what is new?", cwd=other).requests[0],
    )
    assert "need a ticket" in briefing(here)
    assert how_often(there, "need a ticket") == 0
    assert "Prefers short answers." in briefing(here)
    assert "Prefers short answers." in briefing(there)


def test_a_project_can_stay_out_of_it(equipped: Machine, memory: eider.Eider) -> None:
    """`.eider.toml` in its root: nothing is told and nothing is kept."""
    memory.remember(RULE, kind="rule")
    (equipped.project / ".eider.toml").write_text("enabled = false\n")
    out = equipped.claude("How do I indent in this codebase?")
    (equipped.project / ".eider.toml").unlink()
    again = equipped.claude("How do I indent?")
    assert not marked(out.requests[0])
    assert RULE in briefing(again.requests[0])
    eventually(lambda: heard(memory, role="user"), "the second prompt")
    memory.drain()
    assert heard(memory, role="user") == ["How do I indent?"]


def test_what_the_client_itself_says_is_nobodys_word(equipped: Machine, memory: eider.Eider) -> None:
    """A background agent's notification comes as a prompt; it is neither kept nor answered with memories."""
    counted = {"when": {"last_user": "Count the ports"}, "times": 1, "reply": {"text": "There are four ports."}}
    equipped.stub.script.load(
        {"rules": [counted], "replies": [send("Count the ports.", background=True), {"text": "Somebody counts."}]}
    )
    with equipped.talk() as talk:
        talk.say("Let somebody count.")
        eventually(
            lambda: [sent for sent in equipped.stub.turns() if "<task-notification>" in str(sent["body"])],
            "the notification",
        )
        talk.say("Thanks.")
    eventually(lambda: "Thanks." in heard(memory), "the last prompt")
    assert heard(memory, role="user") == ["Let somebody count.", "Thanks."]
    assert not [sent for sent in talk.requests if recalled(sent)]


def test_words_beside_what_the_client_put_in_are_heard(equipped: Machine, memory: eider.Eider) -> None:
    """A selection, a command's output and half a character in the same prompt: the person's words are kept, and those alone."""
    prompts = [
        "<ide_selection>The user selected line 3 of /a.py: import os</ide_selection>\nAlways use maven for builds.",
        "Add a lexer.\n<bash-stdout>total 0</bash-stdout>\n[Request interrupted by user]",
        "Add a printer \ud83d please.",
    ]
    equipped.claude(*prompts)
    wanted = ["Always use maven for builds.", "Add a lexer.", "Add a printer � please."]
    eventually(lambda: len(heard(memory, role="user")) >= 3, "three prompts")
    assert heard(memory, role="user") == wanted

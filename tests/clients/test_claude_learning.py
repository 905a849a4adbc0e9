"""What a user says in one session of Claude Code holds in the next; what is recalled helps, and is not learned again."""

from __future__ import annotations

import re

import pytest
from claude_code import Machine
from places import how_often, where_is
from set_up import Form, briefing, eventually, heard, install, kept, marked, recalled

import eider

pytestmark = pytest.mark.client
RULE = "Always indent with tabs in this codebase."
LEARNED = "indent with tabs in this codebase."
FACT = "The staging database listens on port 6543."
QUESTION = "What port does the staging database listen on?"


@pytest.mark.parametrize("form", ["http", "command"])
def test_a_correction_holds_in_the_next_session(machine: Machine, memory: eider.Eider, form: Form) -> None:
    """The model reads it once, first of all; without Eider it does not know."""
    equipped = install(machine, form=form)
    assert ('"http"' in machine.settings.read_text()) is (form == "http")
    equipped.stub.script.load({"replies": [{"text": "I will indent the new module with four spaces."}]})
    first = equipped.claude("Add a module for the parser.", "No, always indent with tabs in this codebase.")
    assert not any(marked(sent) for sent in first.requests)
    eventually(lambda: LEARNED in memory.policy(scopes=[eider.project_scope(equipped.project)]).text, "the rule")

    second = equipped.claude("Add a module for the lexer.").requests[0]
    assert where_is(second, LEARNED) == ["messages[0].user[0].text"]
    assert LEARNED in briefing(second)
    assert how_often(second, LEARNED) == 1

    without = equipped.claude("Add a module for the lexer.", env={"EIDER_HOOKS": "off"}).requests[0]
    assert not where_is(without, LEARNED)
    assert not marked(without)


def test_what_a_briefing_told_is_not_told_again(equipped: Machine, memory: eider.Eider) -> None:
    """A question about it is answered by what the model was given at the start."""
    memory.remember(RULE, kind="rule")
    talk = equipped.claude("How do I indent in this codebase?", "And once more: how should I indent in this codebase?")
    assert [how_often(turn.requests[0], RULE) for turn in talk.turns] == [1, 1]
    assert [recalled(turn.requests[0]) for turn in talk.turns] == ["", ""]


def test_only_what_helps_is_recalled(equipped: Machine, memory: eider.Eider) -> None:
    """An irrelevant prompt brings nothing, a relevant one the right memory, marked, and only once in a session."""
    with equipped.talk() as talk:
        talk.say("Good morning.")
        kept = memory.remember(FACT)
        memory.remember("The invoice service is written in Elixir.")
        joke = talk.say("Tell me a joke about penguins.").requests[0]
        asked = talk.say(QUESTION).requests[0]
        again = talk.say(f"{QUESTION} I forgot.").requests[0]
    assert not marked(joke)
    told = recalled(asked)
    ids = re.search(r'ids="([^"]*)"', told)
    assert ids is not None
    assert ids[1].split() == [kept.id]
    assert FACT in told
    assert "Elixir" not in told
    assert recalled(again) == ""
    assert how_often(again, FACT) == 1


def test_what_is_recalled_is_not_learned_again(equipped: Machine, memory: eider.Eider) -> None:
    """Ten rounds in which the model repeats what it was given: no memory more, and not a word of it as an utterance."""
    memory.remember(FACT)
    echo = {"text": "You once told me: {TOLD} Anything else?", "extract": {"TOLD": "(<eider-memory.*?</eider-memory>)"}}
    equipped.stub.script.load({"default": echo})
    before = kept(memory)
    for _ in range(2):
        talk = equipped.claude(*[f"{QUESTION} ({number})" for number in range(5)])
        assert all(FACT in turn.text for turn in talk.turns), "the model must have repeated it"

    eventually(lambda: len(heard(memory)) >= 20, "ten prompts and ten answers")
    memory.drain()
    assert sum(text.startswith(QUESTION) for text in heard(memory)) == 10
    assert len(heard(memory)) == 20
    assert not [text for text in heard(memory) if "6543" in text or "eider-memory" in text]
    assert kept(memory) == before == [FACT]

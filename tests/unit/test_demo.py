"""The story that `eider demo` tells is true."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from eider.cli.app import cli
from eider.cli.demo_story import story


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What it prints when piped, on one line."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EIDER_HOME", str(tmp_path_factory.mktemp("home")))
        result = CliRunner().invoke(cli, ["demo"])
    assert result.exit_code == 0, (result.output, result.exception)
    assert "\x1b" not in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    return " ".join(result.stdout.split())


def test_the_present_and_may_have_their_own_answers(told: str) -> None:
    """The corrected decision comes back now, the old one as of May."""
    past = told.index('as_of="2026-05-15"')
    assert told.index(story.BEFORE, past) < told.index(story.AFTER, past)


def test_the_first_process_is_killed(told: str) -> None:
    """What is recalled was acknowledged by a process that closed nothing."""
    assert "killed with kill -9" in told


def test_an_objection_in_one_process_is_obeyed_in_the_next(told: str) -> None:
    """Nobody wrote a rule down: the killed process learned it, the new one's policy says it, with the words it rests on."""
    learned, killed = (
        told.index("Learned: please write release notes in two short paragraphs, and always name who is on call."),
        told.index("killed with"),
    )
    asked = told.index("memory.policy(")
    rule = told.index(
        'ada: "please write release notes in two short paragraphs, and always name who is on call.', asked
    )
    assert learned < killed < asked < rule
    quoted = told.index("please write release notes in two short paragraphs", told.index("memory.why(", rule))
    assert told.index("memory.why(", rule) < quoted
    assert story.OBJECTED in told[:killed]


def test_an_agent_gets_what_it_needs_and_no_more(told: str) -> None:
    """The working prompt is helped, the general one is left alone."""
    working = told.index("Write the deploy checklist")
    general = told.index(story.GENERAL)
    assert "<eider-memory" in told[working:general]
    assert "silent: " in told[general : general + 200]


def test_the_password_was_never_kept(told: str) -> None:
    """It is redacted in every answer and in every file."""
    assert story.PASSWORD not in told
    assert "[redacted:url-password]" in told
    assert "files that ever held the password of April: 0" in told


def test_the_address_is_gone(told: str) -> None:
    """The same scan finds it before and not after."""
    assert f"rows that still say '{story.ADDRESS}': 0" in told
    assert "letter for letter: 0 before" not in told
    assert "before, 0 after" in told


def test_the_ended_rule_comes_back(told: str) -> None:
    """Undo restores what a mistake ended."""
    assert told.index("rules about refunds: none") < told.index(f"rules about refunds: {story.RULE}")


def test_times_can_be_read_by_programs() -> None:
    """--json prints one step per line."""
    result = CliRunner().invoke(cli, ["demo", "--json"])
    steps = [json.loads(line) for line in result.stdout.splitlines()]
    assert {"step", "ms"} == set(steps[0])
    assert len(steps) >= 8

"""Learning on the command line: what was said is obeyed by the next process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from eider.cli.app import cli
from eider.cli.command import keys_of

RULES = (
    "Never push to main.", "Squash commits before merging.", "Wrap errors with the operation's name.",
    "Write dates as ISO 8601.", "Keep functions short enough for a screen.",
)  # fmt: skip


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Call the command line on a store of its own; the exit code is checked."""
    monkeypatch.setenv("EIDER_EMBEDDER", "hash")
    monkeypatch.setenv("EIDER_USER", "ada")
    monkeypatch.delenv("EIDER_ORIGIN", raising=False)

    def call(*words: str, stdin: str | None = None, code: int = 0) -> Result:
        result = CliRunner().invoke(cli, [words[0], "--store", str(tmp_path / "t.eider"), *words[1:]], input=stdin)
        assert result.exit_code == code, (result.output, result.stderr, result.exception)
        return result

    return call


def test_a_correction_is_obeyed_by_the_next_command(run: Any) -> None:
    """What observe learned is what policy prints; the reasons are shown."""
    shown = run("observe", "No, please write in paragraphs.", "--agent-output", "I suggest bullet points.").stdout
    assert "please write in paragraphs." in shown
    assert "why: noticed rule" in shown
    assert "please write in paragraphs." in run("policy").stdout


def test_small_talk_says_that_nothing_was_learned(run: Any) -> None:
    """An empty answer is an answer."""
    assert run("observe", "ok", "thanks").stdout == "why: nothing lasting was said\n"


def test_what_is_replaced_is_shown_as_closed(run: Any) -> None:
    """A newer value and the older one it ends."""
    run("observe", "My phone is a Fairphone.")
    shown = run("observe", "My phone is a Pixel now.").stdout
    assert "closed" in shown
    assert "Pixel" in shown
    assert "Fairphone" in shown


def test_either_side_may_come_from_stdin(run: Any) -> None:
    """Not both; a key makes it once."""
    out = ("observe", "No, please write in paragraphs.", "--agent-output", "-", "--key", "k")
    assert "please write in paragraphs." in run(*out, stdin="I suggest bullet points.\n").stdout
    assert "observed before" in run(*out, stdin="I suggest bullet points.\n").stdout
    assert "squash" in run("observe", "-", stdin="We always squash before we merge.\n").stdout
    assert "one of them" in run("observe", "-", "--agent-output", "-", code=2).stderr


def test_directions_are_rules_of_their_scope(run: Any) -> None:
    """Each argument or each line is one; the policy of another scope does not show them."""
    assert "kept" in run("add-rules", "-", "--scope", "project:a", stdin="\n".join(RULES)).stdout
    run("add-rules", "Answer in German.")
    everywhere = run("policy", "--scope", "project:b").stdout
    assert "Answer in German." in everywhere
    assert RULES[0] not in everywhere
    assert RULES[0] in run("policy", "--scope", "project:a").stdout
    assert "no rule" in run("add-rules", "-", stdin="\n", code=2).stderr


def test_a_policy_keeps_its_budget(run: Any) -> None:
    """What is left out is counted on stderr; refusing is an error of the caller's asking."""
    run("add-rules", "-", stdin="\n".join(RULES))
    done = run("policy", "--budget", "30")
    assert len(done.stdout.splitlines()) < 12
    assert "left out" in done.stderr
    assert "budget" in run("policy", "--budget", "30", "--on-budget-exceeded", "error", code=3).stderr


def test_an_empty_policy_says_how_to_fill_it(run: Any) -> None:
    """Nothing on stdout, the fix on stderr."""
    run("remember", "A fact.")
    done = run("policy", "--context", "zebra")
    assert (done.stdout, "eider observe" in done.stderr) == ("", True)


def test_json_has_the_documented_keys(run: Any) -> None:
    """One object per line."""
    for words in (("observe", "Always add tests."), ("add-rules", "Answer in German."), ("policy",)):
        (line,) = run(*words, "--json").stdout.splitlines()
        assert tuple(json.loads(line)) == keys_of(cli.get_command(None, words[0]).answer)  # type: ignore[arg-type, union-attr]


def test_an_agent_that_observes_teaches_no_rule(run: Any) -> None:
    """--as-agent is the lower door."""
    run("observe", "Always add tests.", "--as-agent")
    assert run("policy").stdout == ""


def test_what_the_user_asks_to_keep_is_kept_as_heard(run: Any) -> None:
    """A wish becomes a rule and replaces its opposite; what holds none of that is kept as it stands; twice is once."""
    first = run("remember", "--heard", "Always indent with tabs.").stdout.split()[0]
    assert [json.loads(line)["text"] for line in run("search", "--kind", "rule", "--json").stdout.splitlines()] == [
        "Always indent with tabs."
    ]
    assert "plum" in run("remember", "--heard", "-", stdin="The staging database is called plum.").stdout
    again = run("remember", "--heard", "Always indent with tabs.")
    assert "known" in again.stdout + again.stderr or first in again.stdout
    said = [
        json.loads(line) for line in run("search", "--kind", "rule", "--kind", "fact", "--json").stdout.splitlines()
    ]
    assert sorted(one["text"] for one in said) == ["Always indent with tabs.", "The staging database is called plum."]
    both = run("remember", "--heard", "Deploys happen on Tuesdays; ask Marisol before touching prod.").stdout
    assert "Deploys happen on Tuesdays; ask Marisol before touching prod." in both
    run("remember", "--heard", "I prefer tea. <private>My pin <PRIVATE>is</private> 4711</ private > ")
    assert "4711" not in run("search", "--json").stdout
    assert "private" in run("remember", "--heard", "<private>My pin is 4711.", code=2).stderr


def test_why_shows_the_words_in_their_place_and_how_sure_each_step_was(run: Any, tmp_path: Path) -> None:
    """What was said around a quotation, how likely it was worth keeping, and what a doubt rests on, in plain words."""
    run("observe", "Thanks for that. Our standup is always at nine.")
    run("observe", "Our standup is at ten.")
    found = map(json.loads, run("search", "--json", "--kind", "rule", "--kind", "fact").stdout.splitlines())
    kept = {one["memory"]["text"]: one["id"] for one in found}
    shown = " ".join(run("why", next(i for text, i in kept.items() if "nine" in text)).stdout.split())
    assert "Thanks for that. [Our standup is always at nine.] (ada" in shown
    assert "worth keeping was" in shown
    assert "in doubt since “Our standup is at ten.”" in shown
    assert "Most likely the later one replaces this, or else it" in shown
    listed = CliRunner().invoke(cli, ["inbox", "list", "--store", str(tmp_path / "t.eider")])
    asked = " ".join(listed.stdout.split())
    assert "Later came “Our standup is at ten.”. Does that replace “Our standup is always at nine.”?" in asked
    assert "reject: Both hold" in asked

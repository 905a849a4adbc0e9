"""What people type who come from other tools, and what they are told when it is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import eider
from eider.cli.app import ALIASES, SUMMARIES, cli
from eider.cli.exit_codes import in_commands
from eider.model.clock import FixedClock


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("guess") / "a.eider"
    with eider.open(path, user="ada", clock=FixedClock("2026-05-01T10:00:00Z")) as memory:
        memory.remember("Likes tea.")
    return path


@pytest.fixture
def run(folder: Path):  # noqa: ANN201
    def call(*words: str, user: str = "ada") -> Result:
        return CliRunner().invoke(cli, [*words, "--store", str(folder), "--user", user])

    return call


def test_words_of_other_tools_find_their_command(run) -> None:  # noqa: ANN001
    """`list` and `ls` list, `help` helps, and every such word stands for a command that is there."""
    assert set(ALIASES.values()) <= set(SUMMARIES)
    assert not set(ALIASES) & set(SUMMARIES)
    for word in ("list", "ls", "search"):
        assert "Likes tea." in run(word).stdout
    assert "recall [OPTIONS] QUESTION" in CliRunner().invoke(cli, ["help", "recall"]).stdout
    assert "Exit codes" in CliRunner().invoke(cli, ["help"]).stdout
    assert "scopes" not in CliRunner().invoke(cli, ["nope"]).stderr


def test_options_take_the_librarys_names_and_words_for_times(run) -> None:  # noqa: ANN001
    """`--kinds` is `--kind`, and "yesterday" is a time."""
    assert "Likes tea." in run("search", "--kinds", "fact", "--since", "2026").stdout
    assert run("recall", "tea", "--until", "yesterday").exit_code == 0
    wrong = run("recall", "tea", "--since", "blue")
    assert wrong.exit_code == 2
    assert "'yesterday'" in wrong.stderr


def test_an_unknown_scope_or_user_is_said(run) -> None:  # noqa: ANN001
    """Finding nothing is no error, but a misspelt name is not passed over."""
    found = run("recall", "tea", "--scope", "projet:x")
    assert (found.exit_code, "there is no scope 'projet:x'" in found.stderr) == (0, True)
    assert "nothing is kept for user 'ghost'" in run("search", "tea", user="ghost").stderr


def test_hints_name_commands(run) -> None:  # noqa: ANN001
    """Where an error names a method, the command line names the command."""
    assert "eider search --user ada" in run("why", "mem_x").stderr
    assert in_commands("export(format='parquet') or open(path)") == "'eider export --format parquet' or open(path)"


def test_a_group_alone_lists_what_it_is_about(run) -> None:  # noqa: ANN001
    """`eider inbox` is `eider inbox list`, options after it included; where nothing can be listed the help comes."""
    for group in ("inbox", "scopes", "runs"):
        assert run(group).stdout == run(group, "list").stdout, group
        assert run(group, "--json").stdout == run(group, "list", "--json").stdout, group
    assert "eider config [OPTIONS]" not in run("config").stdout
    assert "accept" in CliRunner().invoke(cli, ["inbox", "--help"]).stdout
    assert run("loop").exit_code == 2


def test_an_unknown_event_is_looked_for_among_events(run) -> None:  # noqa: ANN001
    """A hint that lists something else would lead nowhere."""
    assert "'eider events --user ada'" in run("undo", "evt_x").stderr


def test_errors_are_json_when_answers_are(run) -> None:  # noqa: ANN001
    """One object on stderr with kind, message and exit code; stdout stays empty."""
    for words, kind, code in ((("why", "mem_x"), "UnknownIdError", 3), (("recall",), "UsageError", 2)):
        done = run(*words, "--json")
        told = json.loads(done.stderr)["error"]
        assert (told["kind"], told["exit_code"], done.exit_code, done.stdout) == (kind, code, code, "")


def test_a_wrong_shape_names_what_is_accepted(run, tmp_path: Path) -> None:  # noqa: ANN001
    """Of lines and of arrays."""
    for text in ("hello\n", "[1, 2]", '{"note": "x"}\n', '[{"role": "user"}, 3]'):
        path = tmp_path / "wrong.json"
        path.write_text(text)
        done = run("import", str(path))
        assert '{"role": …, "content": …, "at": …}' in " ".join(done.output.split()), (text, done.output)

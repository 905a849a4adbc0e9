"""What the commands do, one process for all of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from eider.cli.app import cli
from eider.cli.command import keys_of
from eider.cli.output import print_table
from eider.model import config

SECRET = "AKIA" + "QZ7RTW2MXNVB4KLD"
ID = re.compile(r"(?:mem|ep)_[0-9a-z]{26}")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Call the command line on a store of its own; the exit code is checked."""
    monkeypatch.setenv("EIDER_EMBEDDER", "hash")
    monkeypatch.setenv("EIDER_USER", "ada")
    monkeypatch.delenv("EIDER_ORIGIN", raising=False)

    def call(*words: str, stdin: str | bytes | None = None, code: int = 0) -> Result:
        store = [] if words[0] in {"store", "config"} or "--store" in words else ["--store", str(tmp_path / "t.eider")]
        result = CliRunner().invoke(cli, [*words[:1], *store, *words[1:]], input=stdin)
        assert result.exit_code == code, (result.output, result.stderr, result.exception)
        return result

    return call


def lines(result: Result) -> list[dict[str, Any]]:
    """JSON lines of stdout."""
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_forgetting_lists_what_goes_and_asks_on_a_terminal(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dry run erases nothing; on a terminal a no erases nothing; what is said again is listed as such."""
    id_ = run("remember", "My locker is number 12.").stdout.split()[0]
    run("record", "So my locker is number 12. Shall we go?", "--role", "agent")
    shown = run("forget", id_, "--dry-run").stdout
    assert "My locker is number 12." in shown
    assert "(said again)" in shown
    monkeypatch.setattr("eider.cli.forget.is_terminal", lambda: True)
    assert "number 12" in run("forget", id_, stdin="n\n", code=130).stdout
    assert "locker" in run("search").stdout
    assert "said again" in run("forget", id_, stdin="y\n").stdout
    assert "locker" not in run("search").stdout


def test_what_is_remembered_is_recalled(run: Any) -> None:
    """A statement kept by one command comes back from another, with the reasons."""
    id_ = run("remember", "Prefers snake_case.", "--kind", "preference").stdout.split()[0]
    shown = run("recall", "snake_case", "please").stdout
    assert "Prefers snake_case." in shown
    assert id_ in shown
    assert "why:" in shown
    assert run("recall", "snake_case", "--brief").stdout == "Prefers snake_case.\n"


def test_json_has_the_documented_keys(run: Any) -> None:
    """Each line is one object with the keys that the help names, times in UTC."""
    commands = cli.get_command
    kept = lines(run("record", "The ferry leaves at ten.", "--json"))
    kept += lines(run("remember", "Takes the early ferry.", "--json"))
    assert tuple(kept[0]) == keys_of(commands(None, "record").answer)  # type: ignore[arg-type, union-attr]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", kept[0]["at"])
    memory = kept[1]["id"]
    asked = {
        "recall": ["ferry"], "inject": ["ferry"], "search": [], "why": [memory], "history": [memory], "events": [],
        "diff": ["--since", "2020"], "health": [], "reinforce": [memory], "pin": [memory], "unpin": [memory],
        "consolidate": ["--dry-run"], "retention": [], "drain": [], "verify": [], "deactivate": [memory],
    }  # fmt: skip
    for name, words in asked.items():
        found = lines(run(name, *words, "--json"))
        assert found, name
        expected = keys_of(commands(None, name).answer)  # type: ignore[arg-type, union-attr]
        assert all(tuple(row) == expected for row in found), name


def test_many_texts_are_read_from_stdin(run: Any) -> None:
    """`-` takes one text, a text per line, or JSON lines."""
    run("record", "-", stdin="first line\nsecond line\n")
    assert lines(run("search", "--json"))[0]["text"] == "first line\nsecond line"
    run("remember", "-", "--lines", "--kind", "rule", stdin="Ask first.\n\nThen act.\n")
    rows = (
        '{"text": "Said in May.", "at": "2026-05-04T10:00", "session": "s"}\n{"text": "And this.", "role": "agent"}\n'
    )
    assert len(lines(run("record", "-", "--jsonl", "--json", stdin=rows))) == 2
    kinds = [r["memory"]["kind"] for r in lines(run("search", "--kind", "rule", "--json"))]
    assert kinds == ["rule", "rule"]


def test_a_bad_line_of_stdin_is_named_and_nothing_is_kept(run: Any) -> None:
    """A fault in line 2 leaves line 1 out as well."""
    run("remember", "Something to start with.")
    told = run("record", "-", "--jsonl", stdin='{"text": "fine"}\nnot json\n', code=2).stderr
    assert "line 2" in told
    told = run("record", "-", "--jsonl", stdin='{"text": "fine"}\n{"txt": "odd"}\n', code=2).stderr
    assert "items[1]" in told
    assert [r["text"] for r in lines(run("search", "--json"))] == ["Something to start with."]


def test_a_text_may_begin_with_a_dash(run: Any) -> None:
    """After `--` nothing is an option; without it the hint says so."""
    assert "-5 degrees" in run("remember", "--", "-5 degrees", "is", "cold").stdout
    assert "Put -- before" in run("remember", "-5 degrees", code=2).stderr


def test_a_correction_keeps_the_past(run: Any) -> None:
    """Old and new can both be asked for; history shows the versions; undo brings the old one back."""
    old = lines(run("remember", "Deploys on Tuesday.", "--valid-from", "2020", "--json"))[0]
    run("correct", old["id"], "Deploys", "on", "Thursday.")
    assert run("recall", "deploys", "--brief").stdout == "Deploys on Thursday.\n"
    assert run("recall", "deploys", "--brief", "--as-of", "2021").stdout == "Deploys on Tuesday.\n"
    assert "Deploys on Tuesday." in run("history", old["id"]).stdout
    assert "Thursday" in run("diff", "--since", "2020").stdout
    event = lines(run("events", "--json"))[0]
    assert (event["op"], event["actor"]) == ("correct", "cli")
    run("undo", event["id"])
    assert run("recall", "deploys", "--brief").stdout == "Deploys on Tuesday.\n"


def test_what_is_forgotten_is_gone(run: Any) -> None:
    """Forget prints its receipt; forgetting it again finds nothing; a whole user needs a yes."""
    id_ = ID.search(run("remember", "Lives in Gull Lane.").stdout)
    assert id_
    assert "checks: structure held, logic held" in run("forget", id_[0]).stdout
    assert "no memory" in run("forget", id_[0], code=3).stderr
    run("remember", "Likes tea.")
    run("forget-user", "ada", stdin="n\n", code=130)
    run("forget-user", "ada", "--yes")
    assert run("search").stdout == "nothing found\n"


def test_silence_is_an_answer(run: Any) -> None:
    """Nothing to inject, nothing found: stdout says little, the exit code is 0."""
    run("remember", "Prefers snake_case.")
    quiet = run("inject", "capital of Australia")
    assert (quiet.stdout, bool(quiet.stderr)) == ("", True)
    assert run("search", "--scope", "project:none").stdout == "nothing found\n"


def test_exit_codes_say_what_happened(run: Any, tmp_path: Path) -> None:
    """2 cannot be used, 3 refused or not there, 4 failed."""
    assert "no store" in run("recall", "anything", code=3).stderr
    assert not (tmp_path / "t.eider").exists()
    run("remember", "One fact.")
    run("recall", code=2)
    run("recall", "x", "--limit", "0", code=2)
    run("recall", "x", "--as-of", "yesterday-ish", code=2)
    run("history", "mem_none", code=3)
    run("config", "get", "colour", code=2)
    assert "did you mean 'recall'" in run("recal", "x", code=2).stderr
    (tmp_path / "t.eider" / "CURRENT").write_text("truth-000009.duckdb\n")
    told = run("recall", "x", code=4).stderr
    assert told.startswith("eider: ")
    assert told.count("\n") == 1


def test_no_secret_is_printed(run: Any) -> None:
    """Neither what was kept nor what was refused comes back with the key in it."""
    for words in (["record", f"the key is {SECRET}"], ["remember", f"Uses {SECRET} on staging."]):
        result = run(*words, "-v")
        assert SECRET not in result.stdout + result.stderr
    bad = run("remember", "x", "--kind", SECRET, code=2)
    bad_time = run("recall", "x", "--as-of", SECRET, "-v", code=2)
    bad_user = run("remember", "x", "--user", SECRET, code=2)
    for result in (bad, bad_time, bad_user, run("search", "--json"), run("events", "--json")):
        assert SECRET not in result.stdout + result.stderr


def test_an_agent_claims_less_than_a_person(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """--as-agent and EIDER_ORIGIN lower what enters; nothing raises it."""
    assert lines(run("remember", "Said by a person.", "--json"))[0]["trust"] == 2
    assert lines(run("remember", "Said by an agent.", "--as-agent", "--json"))[0]["trust"] == 1
    monkeypatch.setenv("EIDER_ORIGIN", "document")
    assert lines(run("remember", "Read in a document.", "--json"))[0]["trust"] == 0
    monkeypatch.setenv("EIDER_ORIGIN", "root")
    assert "EIDER_ORIGIN='root'" in run("remember", "x", code=2).stderr


def test_kept_text_cannot_drive_a_terminal(run: Any) -> None:
    """Escape sequences are shown as marks, in text and in JSON."""
    run("remember", "-", stdin="Red \x1b[31malert\x07 \u202eevil\u200b \U000e0041\u3164")
    for result in (run("recall", "alert"), run("search"), run("search", "--json")):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\u200b\u3164\U000e0041]", result.stdout)


def test_people_read_eighty_columns(run: Any) -> None:
    """No line of an answer is wider, however long the text."""
    run("remember", "A long statement. " * 40)
    for words in (["recall", "statement"], ["search"], ["health"], ["events"]):
        assert max(map(len, run(*words).stdout.splitlines())) <= 80


def test_users_do_not_see_each_other(run: Any) -> None:
    """--user decides, before or after the command."""
    run("remember", "Ada's own.", "--user", "ada")
    assert run("search", "--user", "bob").stdout == "nothing found\n"
    result = CliRunner().invoke(cli, ["--user", "bob", "--json", "config", "show"])
    assert result.exit_code == 0
    assert len(lines(result)) == len(config.SETTINGS)


def test_a_group_without_a_word_shows_its_commands() -> None:
    """Who does not know how to go on is told in lines that can be read."""
    result = CliRunner().invoke(cli, ["graph"])
    assert result.exit_code == 2
    assert "\n  unlink  " in result.stderr


def test_stdin_must_be_utf8(run: Any) -> None:
    """Another encoding is refused with the way to convert it."""
    assert "iconv" in run("remember", "-", stdin=b"caf\xe9", code=2).stderr


def test_upkeep_reports(run: Any) -> None:
    """Verify, drain and rebuild say what they did; progress goes to stderr on request."""
    run("remember", "One fact.")
    assert "all is well" in run("verify", "--deep").stdout
    assert "row(s) indexed" in run("drain").stdout
    rebuilt = run("rebuild", "--progress")
    assert rebuilt.stdout == "1 row(s) indexed\n"
    assert "rebuild 1/1" in rebuilt.stderr


def test_wide_characters_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    """Columns line up when a cell holds characters of double width."""
    print_table([["絨鴨", "a"], ["duck", "b"]])
    assert capsys.readouterr().out == "絨鴨  a\nduck  b\n"


def test_export_and_import_round_trip(run: Any, tmp_path: Path) -> None:
    """What one store exports another takes in; an existing file is not written over."""
    run("remember", "Takes the early ferry.")
    path = tmp_path / "out.jsonl"
    run("export", str(path))
    assert "--force" in run("export", str(path), code=3).stderr
    other = ["--store", str(tmp_path / "other.eider")]
    run("import", str(path), "--dry-run", *other)
    run("import", str(path), *other)
    assert run("recall", "ferry", "--brief", *other).stdout == "Takes the early ferry.\n"


def test_sql_sees_ones_own_rows(run: Any) -> None:
    """Columns of the query are the keys of each line; a bad query is refused."""
    run("remember", "One.")
    assert lines(run("sql", "select count(*) as n from memories", "--json")) == [{"n": 1}]
    run("sql", "select * from read_csv('/etc/passwd')", code=3)
    assert "text" in run("sql", "select * from memories").stdout

"""`eider install` and `eider uninstall` as people and scripts call them."""

from __future__ import annotations

import json
import os
import pty
import select
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from eider.cli.app import cli
from eider.model import config

SECRET = "sk-ant-api03-" + "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


def run(*words: str, code: int = 0) -> Result:
    """Call the command line; the exit code is checked."""
    result = CliRunner().invoke(cli, list(words))
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return result


@pytest.fixture
def settings(account: Path) -> Path:
    """Settings with a key in them."""
    path = account / ".claude" / "settings.json"
    path.write_text(json.dumps({"env": {"ANTHROPIC_API_KEY": SECRET}, "theme": "dark"}, indent=4))
    return path


def test_a_newcomer_installs_and_takes_it_back(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The difference is shown, without any secret; what was done and how to undo it is said; then it is as before."""
    monkeypatch.setenv("EIDER_HOOK_FORM", "http")
    before = settings.read_bytes()
    said = run("install", "--yes").stdout
    assert '+            "Bash(eider:*)"' in said
    assert "eider uninstall --target claude-code" in said
    for secret in (SECRET, json.loads((config.home() / "hooks.json").read_text())["token"]):
        assert secret not in said
    assert "nothing changes" in run("install", "--yes").stdout
    said = run("uninstall").stdout
    assert "as it was" in said
    assert SECRET not in said
    assert settings.read_bytes() == before
    assert run("uninstall").stdout == "nothing is wired\n"
    assert "is not wired" in run("uninstall", "--target", "claude-code").stdout


def test_a_dry_run_only_shows(settings: Path) -> None:
    """Nothing is written, reserved or set; of taking back likewise."""
    before = settings.read_bytes(), list(settings.parent.iterdir()), list(config.home().iterdir())
    assert "Bash(eider:*)" in run("install", "--dry-run").stdout
    assert (settings.read_bytes(), list(settings.parent.iterdir()), list(config.home().iterdir())) == before
    run("install", "--yes")
    wired = settings.read_bytes()
    assert "byte for byte" in run("uninstall", "--dry-run").stdout
    assert settings.read_bytes() == wired


def test_every_file_is_one_line_of_json(settings: Path) -> None:
    """With the documented keys, and nothing else on stdout."""
    made = [json.loads(line) for line in run("install", "--json", "--yes").stdout.splitlines()]
    assert {tuple(one) for one in made} == {("target", "path", "action", "what")}
    assert {one["action"] for one in made} == {"make", "change"}
    back = [json.loads(line) for line in run("uninstall", "--json").stdout.splitlines()]
    assert {one["path"] for one in back} == {one["path"] for one in made}
    assert {one["action"] for one in back} == {"exact"}


def test_broken_settings_are_refused_with_the_place(settings: Path) -> None:
    """Exit code 3, one line, the file untouched."""
    settings.write_text('{\n  // my theme\n  "theme": "dark"\n}\n')
    result = run("install", code=3)
    assert "line 2, column 3: a comment" in result.stderr
    assert repr(str(settings)) in result.stderr
    assert settings.read_text() == '{\n  // my theme\n  "theme": "dark"\n}\n'


def test_what_a_person_has_to_do_is_said(settings: Path) -> None:
    """A skill that somebody rewrote stays; exit code 1 until it is gone."""
    run("install", "--yes")
    skill = settings.parent / "skills" / "eider" / "SKILL.md"
    skill.write_text("mine")
    result = run("uninstall", code=1)
    assert "by hand: remove the file" in result.stdout
    skill.unlink()
    run("uninstall")
    assert not skill.parent.exists()


def test_a_machine_without_any_host_is_told(account: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is made up; a host that is named is wired all the same."""
    (account / ".claude").rmdir()
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    assert "--target" in run("install", code=3).stderr
    assert "there is no target 'emacs'" in run("install", "--target", "emacs", code=2).stderr
    run("install", "--target", "claude-code", "--yes")
    assert (account / ".claude" / "settings.json").is_file()


def test_it_is_said_where_it_is_wired_instead(settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another configuration directory is another installation."""
    run("install", "--yes")
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "other"))
    assert str(settings.parent) in run("uninstall").stdout.replace("\n", " ")


def test_the_project_is_the_working_directory(account: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--project` both ways; the account's own settings are not meant."""
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    assert "--project" in run("install", "--project", "--yes").stdout
    assert (project / ".claude" / "settings.json").is_file()
    assert list((account / ".claude").iterdir()) == []
    run("uninstall", "--project")
    assert list(project.iterdir()) == []


def test_what_the_shell_says_is_kept(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that is started elsewhere does not see the shell; a key is never taken from there, nor a setting replaced."""
    config.write("store", "mine")
    for name, value in (("STORE", "other"), ("USER", "ada"), ("MODEL_KEY", SECRET)):
        monkeypatch.setenv(f"EIDER_{name}", value)
    assert "user = ada" in run("install", "--yes").stdout
    assert config.read() == {"store": "mine", "user": "ada"}


# ---------------------------------------------------------------------- on a terminal


def typed(account: Path, words: list[str], answers: list[tuple[str, str]]) -> tuple[str, int]:
    """Run on a terminal; each answer is typed when its question stands there."""
    main, side = pty.openpty()
    env = {"HOME": str(account), "PATH": os.environ["PATH"], "EIDER_HOME": str(config.home()), "LANG": "C.UTF-8",
           "TERM": "xterm", "USER": "ada", "LOGNAME": "ada", "EIDER_HOOK_FORM": "command"}  # fmt: skip
    process = subprocess.Popen([sys.executable, "-m", "eider", *words], env=env, stdin=side, stdout=side, stderr=side)
    os.close(side)
    said, seen = "", 0
    left = list(answers)
    while True:
        ready, _, _ = select.select([main], [], [], 60)
        assert ready, said
        try:
            part = os.read(main, 65_536).decode("utf-8", "replace")
        except OSError:
            break
        if not part:
            break
        said += part
        if left and (at := said.find(left[0][0], seen)) >= 0:
            seen = at + len(left[0][0])
            os.write(main, f"{left.pop(0)[1]}\n".encode())
    os.close(main)
    assert left == [], said
    return said, process.wait(timeout=60)


def test_a_terminal_is_asked(settings: Path, account: Path) -> None:
    """Store, user, model and its key, which is not shown and lies in a file for this account alone; then whether."""
    said, code = typed(
        account, ["install"],
        [("Store [default]:", "notes"), ("Whose memory [ada]:", ""), ("Model", "anthropic:claude-haiku-4-5"),
         ("Its key", SECRET), ("Wire Claude Code so?", "y")],
    )  # fmt: skip
    assert code == 0
    assert SECRET not in said
    assert "\x1b[32m" in said
    kept: dict[str, Any] = config.read()
    assert {k: kept.get(k) for k in ("store", "user", "model", "model_key")} == {
        "store": "notes", "user": None, "model": "anthropic:claude-haiku-4-5", "model_key": SECRET,
    }  # fmt: skip
    assert stat.S_IMODE((config.home() / "config.json").stat().st_mode) == 0o600
    assert (config.home() / "install" / "claude-code").is_dir()


def test_no_is_no(settings: Path, account: Path) -> None:
    """Nothing is written, and no settings are asked for with --no-wizard; a model is not needed."""
    before = settings.read_bytes()
    said, code = typed(account, ["install", "--no-wizard"], [("Wire Claude Code so?", "n")])
    assert code == 0
    assert "Store" not in said
    assert settings.read_bytes() == before
    assert [p.name for p in settings.parent.iterdir()] == ["settings.json"]


def test_a_mistake_is_asked_again(settings: Path, account: Path) -> None:
    """A store whose name cannot be one is refused at once."""
    said, code = typed(
        account, ["install"],
        [("Store [default]:", "a/../../b"), ("Store [default]:", ""), ("Whose memory [ada]:", "bob"), ("Model", ""),
         ("Wire Claude Code so?", "n")],
    )  # fmt: skip
    assert code == 0
    assert "Its key" not in said
    assert config.read().get("user") == "bob"


def test_without_a_terminal_nothing_is_changed_unasked(settings: Path) -> None:
    """A script that does not say --yes sees what would change, and how to do it."""
    before = settings.read_bytes()
    done = run("install", code=3)
    assert '+            "Bash(eider:*)"' in done.stdout
    assert "--yes" in done.stderr
    assert settings.read_bytes() == before
    assert not (settings.parent / "skills").exists()

"""What doctor finds about Claude Code, and what --fix mends."""

from __future__ import annotations

import json
import re
import socket
import stat
from pathlib import Path
from typing import Any

import pytest

from eider.api.install import installing
from eider.api.install.target import Options
from eider.client import hook_port
from eider.service.doctor.registry import HOME_CHECKS, HomeContext, load_checks, run_check
from eider.service.doctor.report import Finding
from eider_claude_hooks.target import TARGET


@pytest.fixture
def settings(account: Path, options: Options, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Claude Code, wired over http."""
    monkeypatch.setenv("EIDER_HOOK_FORM", "http")
    load_checks(home=True)
    installing.install(TARGET, options)
    return account / ".claude" / "settings.json"


def found(options: Options, *, fix: bool = False) -> dict[str, Finding]:
    """Findings that are left, by kind, but for the one that says in which form hooks are."""
    return {kind: one for kind, one in told(options, fix=fix).items() if kind != "claude-hooks-form"}


def told(options: Options, *, fix: bool = False) -> dict[str, Finding]:
    """All findings that are left, by kind."""
    check = HOME_CHECKS["claude-code"]
    findings = run_check(check, HomeContext(home=options.home), subject=str(options.home), fix=fix)
    return {f.kind: f for f in findings if not f.fixed}


def mended(options: Options, kind: str) -> None:
    """It is found, mended, and found no more."""
    before = found(options)
    assert before[kind].fixable, before
    assert found(options, fix=True) == {}
    assert found(options) == {}


def changed(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert re.search(old, text)
    path.write_text(re.sub(old, new, text))


def test_what_is_well_is_not_mentioned(settings: Path, options: Options) -> None:
    """Wired over http, with no server running: the port is free and ours."""
    assert found(options) == {}


def test_the_form_of_the_hooks_and_its_reason_are_told(
    settings: Path, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a note, which leaves doctor content; with the way to the other form."""
    over_http = told(options)["claude-hooks-form"]
    monkeypatch.setenv("EIDER_HOOK_FORM", "auto")
    installing.install(TARGET, options)
    command = told(options)["claude-hooks-form"]
    assert (over_http.severity, command.severity) == ("info", "info")
    assert "hook_form=http" in over_http.message
    assert "it starts the server again" in command.message
    assert "hook_form http" in command.fix


def test_a_host_that_was_never_wired_is_not_looked_at(account: Path, options: Options) -> None:
    """Not even settings that cannot be read, or a home that is not meant."""
    load_checks(home=True)
    (account / ".claude" / "settings.json").write_text("// x")
    assert found(options) == {}
    assert list(HOME_CHECKS["claude-code"].run(HomeContext(home=None))) == []


def test_hooks_that_somebody_took_out(settings: Path, options: Options) -> None:
    """claude-hooks-missing: doctor puts them back, as it was asked to."""
    settings.write_text("{}")
    mended(options, "claude-hooks-missing")


def test_settings_that_cannot_be_read(settings: Path, options: Options) -> None:
    """claude-settings-unreadable: a person mends them."""
    settings.write_text("{ // x\n}")
    left = found(options, fix=True)
    assert list(left) == ["claude-settings-unreadable"]
    assert "a comment" in left["claude-settings-unreadable"].message


def test_a_script_that_is_gone(settings: Path, options: Options) -> None:
    """claude-hook-lost: an upgrade moved the package."""
    changed(settings, r"[^\"]*/eider_claude_hooks/hook\.py", "/gone/eider_claude_hooks/hook.py")
    mended(options, "claude-hook-lost")


def test_an_interpreter_that_does_not_run(settings: Path, options: Options, tmp_path: Path) -> None:
    """claude-python-broken: the environment of it is half gone."""
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    data: dict[str, Any] = json.loads(settings.read_text())
    for groups in data["hooks"].values():
        if "command" in groups[0]["hooks"][0]:
            groups[0]["hooks"][0]["command"] = str(python)
    settings.write_text(json.dumps(data))
    mended(options, "claude-python-broken")


def test_a_token_that_is_not_ours(settings: Path, options: Options) -> None:
    """claude-token-differs: nothing that is posted would be heard."""
    hook_port.reserve(options.home, rotate=True)
    mended(options, "claude-token-differs")


def test_a_port_that_somebody_else_took(settings: Path, options: Options) -> None:
    """claude-port-taken: the token is not shown to them again, and hooks go elsewhere."""
    known = hook_port.read(options.home)
    assert known is not None
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        thief.bind(("127.0.0.1", known.port))
        thief.listen()
        before = found(options)
        assert before["claude-port-taken"].severity == "error"
        assert found(options, fix=True) == {}
        fresh = hook_port.read(options.home)
    assert fresh is not None
    assert fresh.port != known.port
    assert fresh.token != known.token
    assert str(fresh.port) in settings.read_text()


def test_settings_that_others_may_read(settings: Path, options: Options) -> None:
    """claude-settings-open: they hold a token."""
    settings.chmod(0o644)
    mended(options, "claude-settings-open")
    assert stat.S_IMODE(settings.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["skills/eider/SKILL.md", "commands/why.md"])
def test_a_skill_of_another_version(settings: Path, options: Options, name: str) -> None:
    """claude-skill-outdated: what an upgrade left behind, or somebody removed."""
    path = settings.parent / name
    path.write_text(path.read_text() + "old")
    mended(options, "claude-skill-outdated")
    path.unlink()
    mended(options, "claude-skill-outdated")


def test_hooks_of_another_version(settings: Path, options: Options) -> None:
    """claude-hooks-outdated: another table of events."""
    changed(settings, "Agent\\|Task", "Task")
    mended(options, "claude-hooks-outdated")


def test_hooks_that_are_switched_off(settings: Path, options: Options) -> None:
    """claude-hooks-off: a note, for it may be meant."""
    changed(settings, r"\A\{", '{"disableAllHooks": true,')
    assert found(options)["claude-hooks-off"].severity == "info"


def test_after_mending_everything_can_be_taken_back(settings: Path, options: Options) -> None:
    """Mending is one more installation."""
    changed(settings, "Agent\\|Task", "Task")
    found(options, fix=True)
    installing.uninstall(TARGET, options)
    left = json.loads(settings.read_text()) if settings.exists() else {}
    assert "eider" not in json.dumps(left)

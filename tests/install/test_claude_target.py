"""Claude Code as a host: which form its hooks take, and what is written where."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from eider.api.install import installing
from eider.api.install.target import Options
from eider.client import hook_port
from eider.model.errors import ConfigError
from eider_claude_hooks import machine
from eider_claude_hooks.target import TARGET


def settings(account: Path) -> dict[str, Any]:
    return json.loads((account / ".claude" / "settings.json").read_text())


def forms(found: dict[str, Any]) -> dict[str, str]:
    return {event: groups[-1]["hooks"][0]["type"] for event, groups in found["hooks"].items()}


def test_by_choice_hooks_go_over_http(account: Path, options: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    """All but those for which the client takes no http; the file is its owner's alone, the token is this home's."""
    monkeypatch.setenv("EIDER_HOOK_FORM", "http")
    (account / ".claude" / "settings.json").write_text("{}")
    (account / ".claude" / "settings.json").chmod(0o644)
    installing.install(TARGET, options)
    found = settings(account)
    assert {event for event, form in forms(found).items() if form == "command"} == {"SessionStart", "PreCompact"}
    known = hook_port.read(options.home)
    assert known is not None
    hook = found["hooks"]["UserPromptSubmit"][0]["hooks"][0]
    assert hook["url"] == f"http://127.0.0.1:{known.port}/v1/hooks/claude-code"
    assert hook["headers"] == {"Authorization": f"Bearer {known.token}", "Eider-Hooks": "$EIDER_HOOKS"}
    assert hook["allowedEnvVars"] == ["EIDER_HOOKS"]
    assert stat.S_IMODE((account / ".claude" / "settings.json").stat().st_mode) == 0o600
    command = found["hooks"]["SessionStart"][0]["hooks"][0]
    assert Path(command["command"]).is_file()
    assert command["args"][:2] == ["-I", "-S"]
    assert Path(command["args"][-1]).is_file()
    assert found["permissions"] == {"allow": ["Bash(eider:*)"]}
    assert found["env"] == {"EIDER_ORIGIN": "agent", "EIDER_HOME": str(options.home)}
    assert (account / ".claude" / "skills" / "eider" / "SKILL.md").is_file()


@pytest.mark.parametrize("why", ["auto", "settings", "managed", "chosen"])
def test_else_they_go_over_the_socket(
    account: Path, options: Options, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    """Unless http is chosen, and where addresses are restricted: no port is reserved, no token written."""
    path = account / ".claude" / "settings.json"
    path.write_text('{"allowedHttpHookUrls": ["https://*"]}' if why == "settings" else "{}")
    if why in ("settings", "managed"):
        monkeypatch.setenv("EIDER_HOOK_FORM", "http")
    if why == "managed":
        monkeypatch.setattr(machine, "managed_settings", lambda: {"allowedHttpHookUrls": []})
    if why == "chosen":
        monkeypatch.setenv("EIDER_HOOK_FORM", "command")
    plan = TARGET.plan(options)
    said = {"settings": "of the settings", "managed": "managed"}.get(why, "starts the server again")
    assert said in plan.edits[-1].what
    installing.install(TARGET, options)
    assert set(forms(settings(account)).values()) == {"command"}
    assert not (options.home / "hooks.json").exists()
    assert "Bearer" not in path.read_text()


def test_a_slow_machine_may_be_given_time(account: Path, options: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hooks are told so, the client waits accordingly, and what is no number is refused."""
    monkeypatch.setenv("EIDER_HOOK_FORM", "http")
    (account / ".claude" / "settings.json").write_text("{}")
    monkeypatch.setenv("EIDER_HOOK_PATIENCE", "4")
    installing.install(TARGET, options)
    found = settings(account)
    assert found["env"]["EIDER_HOOK_PATIENCE"] == "4"
    assert {g[0]["hooks"][0]["type"]: g[0]["hooks"][0]["timeout"] for g in found["hooks"].values()} == {
        "command": 12, "http": 4,
    }  # fmt: skip
    monkeypatch.setenv("EIDER_HOOK_PATIENCE", "for ever")
    with pytest.raises(ConfigError, match="'for ever'"):
        TARGET.plan(options)


def test_a_form_that_is_none_is_refused(account: Path, options: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names those that are."""
    monkeypatch.setenv("EIDER_HOOK_FORM", "carrier pigeon")
    with pytest.raises(ConfigError, match="'auto', 'http', 'command'"):
        TARGET.plan(options)


def test_a_project_gets_nothing_of_this_machine(account: Path, options: Options, tmp_path: Path) -> None:
    """No port, token, path of this machine or home is in files that may be committed; they may be read by the team."""
    project = tmp_path / "project"
    project.mkdir()
    installing.install(TARGET, Options(home=options.home, project=project))
    texts = {str(p.relative_to(project)): p for p in project.rglob("*") if p.is_file()}
    assert {".claude/settings.json", ".claude/hooks/eider.sh", ".claude/skills/eider/SKILL.md"} <= set(texts)
    for path in texts.values():
        text = path.read_text()
        assert not [w for w in (str(account), str(options.home), sys.executable, "Bearer", "127.0.0.1") if w in text]
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list((account / ".claude").iterdir()) == []
    installing.uninstall(TARGET, Options(home=options.home, project=project))
    assert list(project.rglob("*")) == []


def test_the_token_is_new_with_each_change_and_stays_without_one(
    account: Path, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Installing again where all is well keeps it; installing anew rotates it, and showing a plan reserves nothing."""
    monkeypatch.setenv("EIDER_HOOK_FORM", "http")
    TARGET.plan(Options(home=options.home, preview=True))
    assert hook_port.read(options.home) is None
    installing.install(TARGET, options)
    first = hook_port.read(options.home)
    installing.install(TARGET, options)
    assert hook_port.read(options.home) == first
    installing.uninstall(TARGET, options)
    installing.install(TARGET, options)
    second = hook_port.read(options.home)
    assert first is not None
    assert second is not None
    assert first.token != second.token


def test_two_configurations_share_one_token(
    account: Path, options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wiring a second one does not cut off the first; each is taken back by itself."""
    installing.install(TARGET, options)
    first = hook_port.read(options.home)
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "second"))
    installing.install(TARGET, options)
    assert hook_port.read(options.home) == first
    assert installing.other_places(TARGET, options) == [str(account / ".claude")]
    installing.uninstall(TARGET, options)
    assert not (tmp_path / "second").exists()
    monkeypatch.delenv("CLAUDE_CONFIG_DIR")
    assert settings(account)["hooks"]


def test_what_others_wrote_under_our_names_stays(account: Path, options: Options) -> None:
    """Somebody's own /remember is not replaced, and that is said; one of ours that is old is."""
    commands = account / ".claude" / "commands"
    commands.mkdir()
    (commands / "remember.md").write_text("Write it on the wall.\n")
    (commands / "why.md").write_text("---\nallowed-tools: Bash(eider why:*)\n---\nOld.\n")
    plan = TARGET.plan(options)
    assert [note for note in plan.notes if "remember.md" in note]
    installing.install(TARGET, options)
    assert (commands / "remember.md").read_text() == "Write it on the wall.\n"
    assert "Old." not in (commands / "why.md").read_text()
    installing.uninstall(TARGET, options)
    assert sorted(p.name for p in commands.iterdir()) == ["remember.md", "why.md"]
    assert "Old." in (commands / "why.md").read_text()


def test_switched_off_hooks_are_told(account: Path, options: Options) -> None:
    """Wiring them would do nothing."""
    (account / ".claude" / "settings.json").write_text('{"disableAllHooks": true}')
    assert [note for note in TARGET.plan(options).notes if "disableAllHooks" in note]


def test_memories_are_not_touched(account: Path, options: Options) -> None:
    """Taking it back leaves stores and settings of Eider as they are."""
    kept = options.home / "stores" / "default.eider" / "x"
    kept.parent.mkdir(parents=True)
    kept.write_text("memory")
    (options.home / "config.json").write_text("{}")
    installing.install(TARGET, options)
    installing.uninstall(TARGET, options)
    assert kept.read_text() == "memory"
    assert (options.home / "config.json").read_text() == "{}"


def test_people_are_told_from_accounts_of_programs(tmp_path: Path) -> None:
    """Numbers from 1000 on, with a shell to log in to, other than ours and nobody."""
    passwd = tmp_path / "passwd"
    passwd.write_text(
        "root:x:0:0::/root:/bin/bash\ndaemon:x:2:2::/:/usr/sbin/nologin\n"
        f"me:x:{os.getuid()}:1::/home/me:/bin/zsh\nbob:x:4001:1::/home/bob:/bin/zsh\n"
        "svc:x:4002:1::/srv:/usr/sbin/nologin\nnobody:x:65534:1::/:/bin/sh\nold:x:4003:1::/:/bin/false\nbroken line\n"
    )
    assert machine.other_people(str(passwd)) == ["bob"]
    assert machine.other_people(str(tmp_path / "none")) == []


def test_rules_of_the_machine_are_read(tmp_path: Path) -> None:
    """What cannot be read has no rules."""
    (tmp_path / "rules.json").write_text('{"allowedHttpHookUrls": []}')
    (tmp_path / "broken.json").write_text("{")
    paths = [str(tmp_path / name) for name in ("none.json", "broken.json", "rules.json")]
    assert machine.managed_settings(paths) == {"allowedHttpHookUrls": []}

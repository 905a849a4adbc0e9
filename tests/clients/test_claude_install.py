"""`eider install`, a session, `eider uninstall`: settings are as they were, byte for byte; the plugin needs neither."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from claude_code import Machine
from set_up import briefing, eider_command, eventually, heard, install, marked, patient

import eider

pytestmark = pytest.mark.client
RULE = "Always indent with tabs in this codebase."
PLUGIN = Path(__file__).parents[2] / "claude_hooks" / "eider_claude_hooks" / "plugin"


def own(note: Path) -> str:
    """Settings as a person keeps them: tabs, two keys on a line, a hook of theirs, and no end of line."""
    command = json.dumps(f"cat >/dev/null; echo mine >> '{note}'; echo FOREIGN CONTEXT")
    return (
        '{\n\t"model": "claude-sonnet-4-5", "cleanupPeriodDays":   30,\n\t"permissions": {"allow": ["Bash(ls:*)"]},\n'
        '\t"hooks": {"UserPromptSubmit": [{"hooks": [{"type": "command", "command": ' + command + "}]}]}}"
    )


@pytest.mark.parametrize("exists", [True, False])
def test_uninstall_leaves_settings_as_they_were(
    machine: Machine, memory: eider.Eider, tmp_path: Path, exists: bool
) -> None:
    """What a person had set up works beside Eider's own entries, and is byte for byte what it was in the end."""
    note = tmp_path / "note"
    if exists:
        machine.settings.write_text(own(note))
    before = machine.settings.read_bytes() if exists else None
    install(machine)
    once = machine.settings.read_bytes()
    assert once != before
    assert install(machine).settings.read_bytes() == once, "twice is as good as once"
    memory.remember(RULE, kind="rule")
    talk = machine.claude("Add a parser.")
    assert RULE in briefing(talk.requests[0])
    assert note.exists() is exists
    eventually(lambda: heard(memory, role="user"), "the prompt")

    done = eider_command(machine, "uninstall", "--target", "claude-code")
    assert done.returncode == 0, done.stderr
    assert (machine.settings.read_bytes() if machine.settings.exists() else None) == before
    after = machine.claude("Add a lexer.").requests[0]
    assert not marked(after)
    assert ("FOREIGN CONTEXT" in str(after["body"])) is exists
    assert heard(memory, role="user") == ["Add a parser."], "what is remembered stays"


@pytest.mark.parametrize(
    "text", ['{\n  // mine\n  "model": "sonnet"\n}\n', '{"model": "sonnet"', "[]", '{"hooks": []}']
)
def test_settings_that_cannot_be_read_are_left_alone(machine: Machine, text: str) -> None:
    """Comments and broken JSON: one clear line that names the file, and not a byte is changed."""
    machine.settings.write_text(text)
    done = eider_command(machine, "install", "--target", "claude-code", "--no-wizard", "--yes")
    assert done.returncode not in {0, 70}
    assert str(machine.settings) in done.stderr
    assert "Traceback" not in done.stderr
    assert machine.settings.read_text() == text
    assert sorted(path.name for path in machine.settings.parent.iterdir()) == ["settings.json"]


def test_a_dry_run_changes_nothing(machine: Machine) -> None:
    """It shows what would be written, without the token, and writes nothing."""
    machine.settings.write_text("{}\n")
    done = eider_command(machine, "install", "--target", "claude-code", "--no-wizard", "--yes", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "UserPromptSubmit" in done.stdout
    assert machine.settings.read_text() == "{}\n"


@pytest.mark.parametrize("name", ["plugin", 'Ada\'s "own" plugin'])
def test_the_plugin_works_by_itself(machine: Machine, memory: eider.Eider, tmp_path: Path, name: str) -> None:
    """A directory given to the client, wherever it lies: rules are told, prompts are heard, settings stay empty."""
    place = Path(shutil.copytree(PLUGIN, tmp_path / name))
    memory.remember(RULE, kind="rule")
    patient(machine)
    talk = machine.claude("Add a parser.", args=["--plugin-dir", str(place)], env=machine.with_eider_on_path())
    assert RULE in briefing(talk.requests[0])
    eventually(lambda: heard(memory, role="user") == ["Add a parser."], "the prompt")
    eventually(lambda: heard(memory, role="agent"), "the answer")
    assert not machine.settings.exists()


def test_the_plugin_is_installed_from_a_marketplace(machine: Machine, memory: eider.Eider) -> None:
    """It validates strictly without a finding, installs from the repository's own marketplace, and remembers."""
    root = Path(__file__).parents[2]
    machine.env |= machine.with_eider_on_path() | {"EIDER_HOOK_PATIENCE": "20"}

    def plugin(*told: str) -> str:
        done = subprocess.run([str(machine.binary), "plugin", *told], env=machine.environment(), capture_output=True, text=True,
                              cwd=machine.project, stdin=subprocess.DEVNULL, timeout=120, check=False)  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "warning" not in plugin("validate", "--strict", str(PLUGIN)).lower()
    plugin("validate", "--strict", str(root))
    plugin("marketplace", "add", str(root))
    plugin("install", "eider@eider")
    machine.claude("Write the exporter.")
    eventually(lambda: "Write the exporter." in heard(memory), "the prompt")

"""The real Codex with Eider's hooks: briefed, heard, caught up, imported from; and Eider's tools in its first turn."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from homes import PATIENCE, Home
from installed import SYSTEM_PATH
from set_up import EIDER, eventually, heard, kept
from stub_model import StubModel

import eider

pytestmark = pytest.mark.client
RULE = "No, always indent with tabs in this codebase."
PROVIDER = """model = "stub"
model_provider = "stub"
approval_policy = "never"
sandbox_mode = "danger-full-access"

[model_providers.stub]
name = "stub"
base_url = "{base}/v1"
wire_api = "responses"
env_key = "STUB_KEY"
"""


@dataclass(kw_only=True)
class Codex:
    """A machine of its own with Codex on it."""

    program: Path
    root: Path
    stub: StubModel
    home: Home
    env: dict[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        self.folder = self.root / "account" / ".codex"
        self.project = self.root / "project"
        for place in (self.folder, self.project):
            place.mkdir(parents=True)
        (self.folder / "config.toml").write_text(PROVIDER.format(base=self.stub.base_url))
        self.env = {
            "PATH": SYSTEM_PATH, "HOME": str(self.folder.parent), "CODEX_HOME": str(self.folder), "STUB_KEY": "dummy-key",
            "EIDER_HOME": str(self.home), "EIDER_HOOK_PATIENCE": "10", "LANG": "C.UTF-8",
            "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost",
        }  # fmt: skip
        if "TMPDIR" in os.environ:
            self.env["TMPDIR"] = os.environ["TMPDIR"]

    def eider(self, *told: str) -> str:
        """What a person types."""
        done = subprocess.run([str(EIDER), *told], cwd=self.project, env=self.env, capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, timeout=PATIENCE)  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def says(self, prompt: str, *, resume: bool = False) -> list[dict[str, Any]]:
        """One prompt; what the model was sent for it."""
        before = len(self.stub.turns())
        more = ["resume", "--last"] if resume else []
        told = [
            str(self.program),
            "exec",
            *more,
            "--skip-git-repo-check",
            "--json",
            "--dangerously-bypass-hook-trust",
            prompt,
        ]
        done = subprocess.run(told, cwd=self.project, env=self.env, capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, timeout=PATIENCE)  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        assert "turn.completed" in done.stdout
        assert "hook failed" not in done.stdout.lower()
        return self.stub.turns()[before:]


@pytest.fixture
def codex(codex_program: Path, home: Home, stub: StubModel, tmp_path: Path) -> Codex:
    """Codex, with Eider installed into it."""
    made = Codex(program=codex_program, root=tmp_path, stub=stub, home=home)
    made.eider("config", "set", "hook_patience", "10")
    made.eider("install", "--target", "codex", "--no-wizard", "--yes")
    return made


def test_a_correction_holds_in_codexs_next_session(codex: Codex, memory: eider.Eider) -> None:
    """Prompt and answer are kept once each, under the project; the next session is told, and Eider's tools are there."""
    codex.stub.script.load({"replies": [{"text": "Done, with spaces."}, {"text": "Tabs it is."}]})
    codex.says("Write the exporter.")
    codex.says(RULE, resume=True)
    eventually(lambda: "Tabs it is." in heard(memory, role="agent"), "the last answer")
    assert heard(memory, role="user") == ["Write the exporter.", RULE]
    assert heard(memory, role="agent") == ["Done, with spaces.", "Tabs it is."]
    eventually(lambda: any("tabs" in text for text in kept(memory)), "the rule")
    (sent,) = codex.says("Add a parser.")[:1]
    told = [item for item in sent["body"]["input"] if "eider-memory" in json.dumps(item)]
    assert "tabs" in json.dumps(told)
    assert {item["role"] for item in told} == {"developer"}
    assert "eider" in json.dumps(sent["body"]["tools"])


def test_what_codex_said_while_no_server_ran_is_caught_up(codex: Codex, home: Home, memory: eider.Eider) -> None:
    """From its rollout, once, in order; nothing of it is shown to the user."""
    codex.says("Write the exporter.")
    eventually(lambda: "Write the exporter." in heard(memory), "the first prompt")
    memory.close()
    home.kill()
    codex.says("Now the tests.", resume=True)
    codex.says("And the docs.", resume=True)
    with eider.open(user="ada") as later:
        eventually(lambda: len(heard(later, role="user")) >= 3, "what nobody heard")
        assert heard(later, role="user") == ["Write the exporter.", "Now the tests.", "And the docs."]


def test_old_sessions_are_imported_once(codex: Codex, memory: eider.Eider) -> None:
    """What was said before Eider was there, with its times; what hooks have told is not doubled."""
    codex.eider("uninstall", "--target", "codex")
    codex.says("Write the exporter.")
    codex.says(RULE, resume=True)
    codex.eider("install", "--target", "codex", "--no-wizard", "--yes")
    codex.says("Add a parser.")
    eventually(lambda: "Add a parser." in heard(memory), "the hook's prompt")
    for _ in range(2):
        codex.eider("import", "codex")
        assert heard(memory, role="user") == ["Write the exporter.", RULE, "Add a parser."]

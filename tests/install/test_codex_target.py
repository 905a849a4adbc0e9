"""Codex as a host: hooks beside others', the MCP server at the end of the settings, and both taken out to the byte."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eider.api.install import installing
from eider.api.install.target import Options
from eider.model.errors import RefusedError
from eider_claude_hooks import codex_target
from eider_claude_hooks.codex_target import TARGET

THEIRS = {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "notify-send done"}]}]}}
CONFIGS = [
    "",
    'model = "o"\n',
    'model = "o"',
    '[mcp_servers.docs]\ncommand = "docs"\n',
    '# a\r\nmodel = "o"\r\n',
    "\n\n",
]


@pytest.fixture
def codex(account: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Codex's directory of an account."""
    place = account / ".codex"
    place.mkdir()
    monkeypatch.delenv("CODEX_HOME", raising=False)
    return place


@pytest.mark.parametrize("config", [None, *CONFIGS])
@pytest.mark.parametrize("hooks", [None, json.dumps(THEIRS), json.dumps(THEIRS, indent=2) + "\n"])
def test_installing_and_uninstalling_leaves_every_byte(
    codex: Path, options: Options, config: str | None, hooks: str | None
) -> None:
    """Twice installed is once installed; what others wrote is still there meanwhile."""
    for name, text in (("config.toml", config), ("hooks.json", hooks)):
        if text is not None:
            (codex / name).write_bytes(text.encode())
    before = {file.name: file.read_bytes() for file in codex.iterdir()}
    assert installing.install(TARGET, options)[0] is not None
    assert installing.install(TARGET, options)[0] is None
    wired = json.loads((codex / "hooks.json").read_text())["hooks"]
    assert {"SessionStart", "UserPromptSubmit", "Stop", "SessionEnd"} <= set(wired)
    assert (hooks is None) or "notify-send done" in str(wired["Stop"])
    server = tomllib.loads((codex / "config.toml").read_bytes().decode())["mcp_servers"]["eider"]
    assert server["command"] == sys.executable
    installing.uninstall(TARGET, options)
    assert {file.name: file.read_bytes() for file in codex.iterdir()} == before


def test_what_was_written_since_stays(codex: Path, options: Options) -> None:
    """Tables behind ours, hooks beside ours."""
    (codex / "config.toml").write_text('model = "o"\n')
    installing.install(TARGET, options)
    with (codex / "config.toml").open("a") as file:
        file.write('\n[mcp_servers.docs]\ncommand = "docs"\n')
    assert installing.install(TARGET, options)[0] is None
    installing.uninstall(TARGET, options)
    assert (codex / "config.toml").read_text() == 'model = "o"\n\n[mcp_servers.docs]\ncommand = "docs"\n'


def test_a_server_of_that_name_is_the_users(codex: Path, options: Options) -> None:
    (codex / "config.toml").write_text('[mcp_servers.eider]\ncommand = "mine"\n')
    plan = TARGET.plan(options)
    assert [edit.path.name for edit in plan.edits] == ["hooks.json"]
    assert any("stays as it is" in note for note in plan.notes)


@pytest.mark.parametrize(
    ("name", "text"), [("config.toml", "model = "), ("config.toml", "\xff"), ("hooks.json", "{"), ("hooks.json", "[]")]
)
def test_files_that_cannot_be_read_are_left_alone(codex: Path, options: Options, name: str, text: str) -> None:
    (codex / name).write_bytes(text.encode("latin-1"))
    with pytest.raises(RefusedError, match=name):
        installing.install(TARGET, options)
    assert [file.name for file in codex.iterdir()] == [name]


@given(st.text(alphabet='ab ="\n\r#[]', max_size=40))
def test_taking_the_table_out_undoes_putting_it_in(text: str) -> None:
    """For whatever is valid before."""
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    made = codex_target._with_block(text, Options(home=Path("/h")))
    assert codex_target._without_block(made.encode()) in (
        text.encode(),
        (text + "\n").encode(),
        (text + "\r\n").encode(),
    )

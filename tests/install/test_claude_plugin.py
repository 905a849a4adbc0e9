"""The plugin: its files are whole, agree with what is installed elsewhere, and find Eider from wherever they lie."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import eider
import eider_claude_hooks
from eider.cli.app import cli
from eider.providers.token_counters import counter
from eider_claude_hooks import assets
from eider_claude_hooks.wiring import EVENTS, Form, exec_form, plugin_form

PLUGIN = Path(eider_claude_hooks.__file__).parent / "plugin"
SKILL = (PLUGIN / assets.SKILL).read_text()
COMMANDS = sorted((PLUGIN / "commands").glob("*.md"))
LINE = re.compile(r"^eider .*$|(?<=`)eider [a-z][^`]*(?=`)", re.MULTILINE)


def test_the_manifest_names_this_version() -> None:
    """The plugin goes with the package."""
    manifest = json.loads((PLUGIN / ".claude-plugin" / "plugin.json").read_text())
    assert (manifest["name"], manifest["version"]) == ("eider", eider.__version__)


def test_hooks_are_those_that_are_installed_elsewhere() -> None:
    """One table of events; every one goes through the launcher, for a plugin knows neither port nor interpreter."""
    written = json.loads((PLUGIN / "hooks" / "hooks.json").read_text())
    assert written["hooks"] == Form(command=plugin_form()).hooks()
    assert list(written["hooks"]) == [event.name for event in EVENTS]


def test_the_skill_is_short() -> None:
    """At most 1,500 tokens, its description included; the description alone is read in every session."""
    assert counter("heuristic").count(SKILL) <= 1_500
    description = re.search(r"^description: (.+)$", SKILL, re.MULTILINE)
    assert description is not None
    assert counter("heuristic").count(description[1]) <= 80


def test_there_are_five_commands() -> None:
    """Each says what it does; those that change anything are started by a person alone."""
    assert [path.stem for path in COMMANDS] == ["forget", "memory-status", "recall", "remember", "why"]
    for path in COMMANDS:
        head = path.read_text().split("---")[1]
        assert "description: " in head
        assert "allowed-tools: Bash(" in head
        assert ("disable-model-invocation: true" in head) is (path.stem in {"forget", "remember"})


@pytest.mark.parametrize("path", COMMANDS, ids=lambda p: p.stem)
def test_what_a_person_typed_reaches_no_shell(path: Path) -> None:
    """Words stand within a quoted here-document, or in the prompt: neither quotes nor `$(…)` are read by a shell."""
    for block in re.findall(r"```!\n(.*?)```", path.read_text(), re.DOTALL):
        if "$ARGUMENTS" in block:
            first, second, *_ = block.splitlines()
            assert first.endswith("- <<'END-OF-WHAT-THE-USER-SAID'")
            assert second == "$ARGUMENTS"
    assert "!`" not in path.read_text()


def test_every_command_line_that_is_shown_parses() -> None:
    """Skill and commands name no option that the command line has not."""
    import shlex

    import click

    texts = [SKILL, *(path.read_text() for path in COMMANDS)]
    lines = [part for text in texts for line in LINE.findall(text) for part in line.partition("  #")[0].split("; ")]
    assert len(lines) > 15
    for line in lines:
        name, *given = shlex.split(line.partition(" <<")[0], comments=True)[1:]
        command = cli.get_command(click.Context(cli), name)
        assert command is not None, line
        if isinstance(command, click.Group):
            command = command.commands[given.pop(0)]
        command.make_context(name, given)


def test_what_the_skill_shows_is_what_is_printed() -> None:
    """The line that a result looks like, to the letter."""
    from eider.cli import formatting as lines

    shown = re.search(r"^mem_\S+ .*$", SKILL, re.MULTILINE)
    assert shown is not None
    id_, kind, scope, day, text = re.fullmatch(r"(\S+) (\S+) (\S+) (\S+): (.+)", shown[0]).groups()  # type: ignore[union-attr]
    memory = {"id": id_, "kind": kind, "scope": scope, "valid_from": f"{day}T10:00:00Z", "trust": 2}
    assert lines.agent_line(_Row(id=id_, text=text, memory=_Row(**memory), episode=None)) == shown[0]


class _Row:
    def __init__(self, **said: object) -> None:
        self.__dict__.update(said)


# ---------------------------------------------------------------------- the launcher


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the plugin below a path with a space and quotes."""
    place = tmp_path / """my "plu'gin"""
    shutil.copytree(PLUGIN, place)
    return place


def launched(plugin: Path, env: dict[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a hook as Claude Code does: no shell of its own, the plugin's place put into the words."""
    command = plugin_form()
    words = [command["command"], *(word.replace("${CLAUDE_PLUGIN_ROOT}", str(plugin)) for word in command["args"])]
    whole = {"PATH": "/usr/bin:/bin", "HOME": str(cwd), "CLAUDE_PLUGIN_ROOT": str(plugin), **env}
    return subprocess.run(
        words, input='{"x": 1}', env=whole, cwd=cwd, capture_output=True, text=True, timeout=20, check=False
    )


def script(folder: Path, name: str = "hook.py") -> Path:
    """A hook that says what it was given."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("import sys; print(sys.argv[0], sys.stdin.read(), sys.flags.isolated)")
    return folder / name


def test_the_launcher_takes_what_install_noted(copied: Path, tmp_path: Path) -> None:
    """Interpreter and hook, each on a line; paths may hold spaces and quotes."""
    home = tmp_path / """a 'home"""
    (home / "install").mkdir(parents=True)
    hook = script(tmp_path / """where "it is""")
    (home / "install" / "claude-code.python").write_text(f"{sys.executable}\n{hook}\n")
    done = launched(copied, {"EIDER_HOME": str(home)}, tmp_path)
    assert (done.stdout, done.returncode) == (f'{hook} {{"x": 1}} 1\n', 0)


def test_where_settings_have_the_hooks_the_launcher_keeps_still(copied: Path, tmp_path: Path) -> None:
    """A plugin, or a project's hooks, beside `eider install`: what is told is told once."""
    hook = script(tmp_path / "eider_claude_hooks")
    (tmp_path / "install").mkdir()
    (tmp_path / "install" / "claude-code.python").write_text(f"{sys.executable}\n{hook}\n")
    env = {"EIDER_HOME": str(tmp_path), "CLAUDE_CONFIG_DIR": str(tmp_path / "its config")}
    (tmp_path / "its config").mkdir()
    settings = tmp_path / "its config" / "settings.json"
    settings.write_text(json.dumps({"hooks": Form(command=plugin_form()).hooks()}))
    assert launched(copied, env, tmp_path).stdout.startswith(str(hook)), "a project's own hooks, or the plugin's"
    settings.write_text(json.dumps({"hooks": Form(command=exec_form(sys.executable, str(hook))).hooks()}))
    assert launched(copied, env, tmp_path).stdout == ""


@pytest.mark.parametrize("shebang", ["#!{python}\nx\n", "#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''\n",
                                     "#!/bin/sh\n'''exec' '{python}' \"$0\" \"$@\"\n' '''\n"])  # fmt: skip
def test_without_it_the_program_on_path_says_where_python_is(tmp_path: Path, shebang: str) -> None:
    """As pip and uv write it, with a short and a long path; the hook lies beside the plugin in the package."""
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "eider").write_text(shebang.format(python=sys.executable))
    (bin_ / "eider").chmod(0o755)
    package = tmp_path / "the package"
    shutil.copytree(PLUGIN, package / "plugin")
    hook = script(package)
    (package / "hook_handler.py").touch()
    done = launched(package / "plugin", {"PATH": f"{bin_}:/usr/bin:/bin"}, tmp_path)
    assert done.stdout.startswith(f"{package / 'plugin'}/../{hook.name} ")
    assert done.returncode == 0


def test_a_copy_of_the_plugin_asks_the_package(copied: Path, tmp_path: Path) -> None:
    """And runs no hook.py that happens to lie near it."""
    script(copied.parent)
    bin_, data = Path(sys.executable).parent, tmp_path / "plugin's data"
    data.mkdir()
    env = {"PATH": f"{bin_}:/usr/bin:/bin", "EIDER_HOOKS": "off", "CLAUDE_PLUGIN_DATA": str(data)}
    done = launched(copied, env, tmp_path)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
    python, hook = (data / "eider.python").read_text().splitlines()
    assert (Path(python).parent, Path(hook)) == (bin_, PLUGIN.parent / "hook.py")
    (data / "eider.python").write_text(f"{sys.executable}\n{script(tmp_path / 'later')}\n")
    assert launched(copied, env, tmp_path).stdout.startswith(str(tmp_path / "later"))


@pytest.mark.parametrize(
    "noted", ["", "/nowhere/python\n/nowhere/hook.py\n", "\n", f"{sys.executable}\n/nowhere/hook.py\n"]
)
def test_without_eider_it_is_silent(copied: Path, tmp_path: Path, noted: str) -> None:
    """Nothing on either stream, and 0: a hook that ends with 2 would block the prompt."""
    (tmp_path / ".local/share/eider/install").mkdir(parents=True)
    (tmp_path / ".local/share/eider/install/claude-code.python").write_text(noted)
    done = launched(copied, {}, tmp_path)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_a_plugin_that_is_gone_blocks_nothing(tmp_path: Path) -> None:
    """Where the launcher itself was removed, the hook still ends with 0."""
    done = launched(tmp_path / "nowhere", {}, tmp_path)
    assert (done.stdout, done.returncode) == ("", 0)


def test_the_launcher_is_plain_sh(tmp_path: Path) -> None:
    """It parses in whatever /bin/sh is."""
    for shell in ("sh", "dash", "bash"):
        if shutil.which(shell):
            done = subprocess.run(
                [shell, "-n", PLUGIN / assets.SCRIPT], capture_output=True, check=False, env=os.environ
            )
            assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(("kept", "expected"), [
    ('{"recalled": 3, "injected_tokens": 210, "learned": 1}', "eider: 3 lines, 210 tokens, 1 learned"),
    ('{"recalled": 0, "injected_tokens": 0, "learned": 0}', "eider: on"), ("broken", "eider: on"), (None, "eider: not installed"),
])  # fmt: skip
def test_the_status_bar_says_what_memory_gave(tmp_path: Path, kept: str | None, expected: str) -> None:
    """By a bare interpreter, from what the server keeps of the session."""
    if kept is not None:
        place = tmp_path / "hooks" / "claude-code" / "sessions"
        place.mkdir(parents=True)
        (place / "abc-1.json").write_text(kept)
    script = PLUGIN.parent / "statusline.py"
    for said, wanted in (('{"session_id": "abc-1"}', expected), ("no json", "")):
        done = subprocess.run([sys.executable, "-I", "-S", str(script)], input=said, capture_output=True, text=True,
                              env={"EIDER_HOME": str(tmp_path)}, check=True)  # fmt: skip
        assert done.stdout.strip() == wanted


def test_the_marketplace_offers_the_plugin_where_it_lies() -> None:
    root = PLUGIN.parents[2]
    (offered,) = json.loads((root / ".claude-plugin" / "marketplace.json").read_text())["plugins"]
    assert (root / offered["source"]).resolve() == PLUGIN.resolve()
    assert offered["name"] == json.loads((PLUGIN / ".claude-plugin" / "plugin.json").read_text())["name"]

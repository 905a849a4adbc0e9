"""What the help promises: every command has it, and it costs next to nothing."""

from __future__ import annotations

import inspect
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from eider.api.verbs import VERBS
from eider.cli.app import SECTIONS, SUMMARIES, cli
from eider.cli.command import EiderCommand, keys_of

BULK = {"record_many", "remember_many"}
WITHIN = {
    "embedder": "embed status",
    "swap_embedder": "embed swap",
    "inbox": "inbox list",
    "settle": "inbox accept",
    "open_loop": "loop open",
    "set_outcome": "loop outcome",
    "close_loop": "loop close",
    "reset_learned": "learned",
    "scopes": "scopes list",
    "runs": "runs list",
    "rebuild_links": "graph rebuild",
    "consolidate_scopes": "scopes consolidate",
    "run_of": "runs show",
    "step_output": "runs show",
    "judge_run": "runs judge",
    "promote_step": "runs promote",
    "forget_run": "runs forget",
    "procedures": "runs procedures",
}
"""Verbs that are commands of a group under another name."""
PROGRAMS = {
    "import_lines",
    "observe_many",
    "forget_many",
    "begin_run",
    "keep_step",
    "renew_run",
    "end_run",
    "render_run",
    "run_context",
    "search_documents",
}
"""Verbs for programs: stores of other frameworks, and what runs a workflow."""
HEAVY = {"numpy", "duckdb", "lancedb", "pyarrow", "rich", "wordllama", "tokenizers"}


def commands() -> Iterator[tuple[str, EiderCommand]]:
    """Every command that does something, with the words that reach it."""
    context = click.Context(cli)
    for name in cli.list_commands(context):
        found = cli.get_command(context, name)
        if isinstance(found, click.Group):
            for sub, command in found.commands.items():
                assert isinstance(command, EiderCommand)
                yield f"{name} {sub}", command
        else:
            assert isinstance(found, EiderCommand)
            yield name, found


ALL = dict(commands())


def test_every_verb_is_a_command() -> None:
    """The command line leaves no verb out, some are in a group; bulk forms read stdin."""
    named = {WITHIN.get(verb, verb.rstrip("_").replace("_", "-")) for verb in VERBS if verb not in BULK | PROGRAMS}
    assert named <= set(ALL) | {name.split()[-1] for name in ALL}
    for bulk in BULK:
        assert "--jsonl" in {o for p in ALL[bulk.removesuffix("_many")].params for o in p.opts}


def test_the_list_of_commands_says_what_each_command_says() -> None:
    """`eider --help` shows each command's own first line."""
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        assert inspect.cleandoc(command.help or "").splitlines()[0] == SUMMARIES[name]
    assert set(SUMMARIES) == {name for section in SECTIONS.values() for name in section}


@pytest.mark.parametrize("name", ALL)
def test_every_command_shows_two_lines_to_copy(name: str) -> None:
    """Help ends with two examples that name the command, and both parse."""
    command = ALL[name]
    assert len(command.examples) == 2
    with click.Context(cli, info_name="eider") as top:
        text = command.get_help(click.Context(command, info_name=name, parent=top))
    for example in command.examples:
        assert text.rstrip().splitlines()[-2:].count(f"  {example}") == 1
        words = shlex.split(example.partition(" < ")[0])
        assert words[: 1 + len(name.split())] == ["eider", *name.split()]
        given = words[1 + len(name.split()) :]
        given = [str(__file__) if word.endswith((".json", ".jsonl")) else word for word in given]
        command.make_context(name, given)


@pytest.mark.parametrize("name", ALL)
def test_every_command_documents_its_json(name: str) -> None:
    """Keys printed with --json are named in the help."""
    keys = keys_of(ALL[name].answer)
    assert keys
    with click.Context(cli, info_name="eider") as top:
        text = " ".join(ALL[name].get_help(click.Context(ALL[name], info_name=name, parent=top)).split())
    assert f"Keys with --json: {', '.join(keys)}." in text


@pytest.mark.parametrize("name", ALL)
def test_help_fits_eighty_columns(name: str) -> None:
    """Nothing but an example to copy is wider than a terminal."""
    command = ALL[name]
    text = command.get_help(click.Context(command, info_name=f"eider {name}", terminal_width=80))
    examples = {f"  {e}" for e in command.examples}
    assert [line for line in text.splitlines() if len(line) > 80 and line not in examples] == []


@pytest.mark.parametrize(
    "given", [["--help"], ["recall", "--help"], ["store", "--help"], ["bench", "mine", "--help"], ["--version"], ["recal"],
              ["recall"], ["remember", "--kind", "odd", "x"], ["config", "show"]]
)  # fmt: skip
def test_help_and_mistakes_load_nothing_heavy(given: list[str]) -> None:
    """What needs no store answers without numpy, a database or rich."""
    code = (
        "import sys\n"
        "from eider.cli import main\n"
        f"sys.argv = ['eider', *{given!r}]\n"
        "try:\n    main()\n"
        "except SystemExit:\n    pass\n"
        f"print('heavy', sorted({HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.splitlines()[-1:] == ["heavy []"], done.stderr


def test_the_command_lines_of_the_readme_parse() -> None:
    """Nobody copies a line that does not work."""
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    lines = [line.strip() for line in text.splitlines() if line.startswith("eider ")]
    assert lines
    for line in lines:
        name, *given = shlex.split(line.partition("#")[0])[1:]
        command = cli.get_command(click.Context(cli), name)
        assert command is not None, line
        if isinstance(command, click.Group):
            command = command.commands[given.pop(0)]
        given = [__file__ if word.endswith((".json", ".jsonl")) else word for word in given]
        command.make_context(name, given)

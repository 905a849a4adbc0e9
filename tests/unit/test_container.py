"""The container of a shared server: its files are linted, and say what the command line understands."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml

from eider.cli.app import cli

ROOT = Path(__file__).parents[2]
DOCKERFILES = [ROOT / "Dockerfile", ROOT / "openclaw_plugin" / "eider_openclaw" / "nano" / "Dockerfile"]


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda f: str(f.relative_to(ROOT)))
def test_dockerfiles_pass_their_linter(file: Path) -> None:
    """Also its hints, not only its errors."""
    linter = Path(sys.executable).parent / "hadolint"
    done = subprocess.run(
        [linter, "--ignore", "DL3013", "--ignore", "DL3066", file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_container_starts_a_command_that_is_there() -> None:
    """Entry point, arguments and health check are command lines of Eider; the server keeps what it has in a volume."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    given = {
        word: json.loads(line.partition(word)[2])
        for line in lines
        for word in ("ENTRYPOINT ", "CMD ")
        if word in line and "[" in line
    }
    entry, checks = (
        given["ENTRYPOINT "],
        [json.loads(line.partition("CMD ")[2]) for line in lines if line.startswith("HEALTHCHECK")],
    )
    arguments = next(json.loads(line.removeprefix("CMD ")) for line in lines if line.startswith("CMD "))
    for _, name, *words in ([*entry, *arguments], *checks):
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        command.make_context(name, words)


def test_the_compose_file_keeps_the_memory_and_opens_no_more_than_needed() -> None:
    """A volume for the home, a port of this machine alone, no capabilities."""
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    server = compose["services"]["eider"]
    assert server["volumes"] == ["memory:/data"]
    assert "memory" in compose["volumes"]
    assert all(port.startswith("127.0.0.1:") for port in server["ports"])
    assert server["cap_drop"] == ["ALL"]
    assert "EIDER_HOME=/data" in (ROOT / "Dockerfile").read_text()

"""NanoClaw's checkout: two files get blocks, two are added, nothing else changes, and all of it is taken back."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from eider import __version__
from eider.api.install import installing
from eider.api.install.target import Options
from eider.model.errors import RefusedError
from eider_openclaw import nanoclaw
from eider_openclaw.nanoclaw import DOCKERFILE, RUNNER, SKILL, START, TARGET

IMAGE = """\
# syntax=docker/dockerfile:1.7
FROM node:22-slim
ARG CLAUDE_CODE_VERSION=2.1.329
RUN apt-get update && apt-get install -y tini

COPY entrypoint.sh /app/entrypoint.sh
RUN chmod +x /app/entrypoint.sh
USER node
WORKDIR /workspace/group

# tini reaps zombies.
ENTRYPOINT ["/usr/bin/tini", "--", "/app/entrypoint.sh"]
"""
MOUNTS = """\
import fs from 'fs';
import path from 'path';
import { DATA_DIR } from './config.js';

function buildMounts(agentGroup: AgentGroup): VolumeMount[] {
  const mounts: VolumeMount[] = [];
  mounts.push({ hostPath: DATA_DIR, containerPath: '/workspace', readonly: false });

  // Additional mounts from container config
  mounts.push(...agentGroup.mounts);

  return mounts;
}

async function buildContainerArgs(mounts: VolumeMount[]): Promise<string[]> {
  const args: string[] = ['run', '--rm'];
  args.push('--entrypoint', 'bash');
  args.push(CONTAINER_IMAGE);

  args.push('-c', 'exec bun run /app/src/index.ts');

  return args;
}
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout as NanoClaw lays it out, in a directory with a space and a quote."""
    place = tmp_path / "nano's claw"
    for name, text in ((DOCKERFILE, IMAGE), (RUNNER, MOUNTS)):
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return place


@pytest.fixture
def options(checkout: Path, tmp_path: Path) -> Options:
    return Options(home=tmp_path / "home", project=checkout)


def everything(place: Path) -> dict[str, tuple[bytes, int]]:
    """Every file below a directory, with its permissions."""
    return {str(p.relative_to(place)): (p.read_bytes(), p.stat().st_mode) for p in place.rglob("*") if p.is_file()}


def test_what_was_installed_is_taken_back_byte_for_byte(checkout: Path, options: Options) -> None:
    """Files, permissions and directories are as they were."""
    before = everything(checkout)
    assert installing.install(TARGET, options)[0]
    assert set(everything(checkout)) - set(before) == {SKILL, START}
    installing.uninstall(TARGET, options)
    assert everything(checkout) == before
    assert not (checkout / ".claude").exists()


def test_installing_again_changes_nothing(checkout: Path, options: Options) -> None:
    """A second run finds all as it should be."""
    installing.install(TARGET, options)
    once = everything(checkout)
    assert installing.install(TARGET, options) == (None, [])
    assert everything(checkout) == once


def test_a_block_of_an_older_version_is_replaced(checkout: Path, options: Options) -> None:
    """An update leaves one block, of this version."""
    installing.install(TARGET, options)
    image = checkout / DOCKERFILE
    image.write_text(image.read_text().replace(f"eider-memory=={__version__}", "eider-memory==0.0.1"))
    installing.install(TARGET, options)
    assert image.read_text().count(f"eider-memory=={__version__}") == 1
    assert image.read_text().count(">>> eider") == 1


def test_what_was_edited_since_loses_only_ours(checkout: Path, options: Options) -> None:
    """A user's later line stays."""
    installing.install(TARGET, options)
    image = checkout / DOCKERFILE
    image.write_text(image.read_text().replace("WORKDIR", "ENV MINE=1\nWORKDIR"))
    installing.uninstall(TARGET, options)
    assert image.read_text() == IMAGE.replace("WORKDIR", "ENV MINE=1\nWORKDIR")


def test_blocks_that_no_record_knows_of_are_found(checkout: Path, options: Options) -> None:
    """A home that was lost does not keep anybody from removing it."""
    installing.install(TARGET, options)
    shutil.rmtree(options.home)
    installing.uninstall(TARGET, options)
    assert (checkout / DOCKERFILE).read_text() == IMAGE
    assert (checkout / RUNNER).read_text() == MOUNTS


def test_the_runner_starts_what_the_image_holds(checkout: Path, options: Options) -> None:
    """The script that the runner calls is in the image, before root is given up; an image of before starts as it did."""
    installing.install(TARGET, options)
    image, runner = (checkout / DOCKERFILE).read_text(), (checkout / RUNNER).read_text()
    assert image.index("COPY eider-start.sh /opt/eider/start") < image.index("USER node")
    assert (checkout / START).stat().st_mode & 0o777 == 0o755
    (said,) = re.findall(r"^  args\.push\('-c', '(.*)'\);$", runner, re.MULTILINE)
    assert (
        said
        == "[ -x /opt/eider/start ] && exec /opt/eider/start bun run /app/src/index.ts; exec bun run /app/src/index.ts"
    )


def test_home_and_mounts_are_the_same_places(checkout: Path, options: Options) -> None:
    """What the host mounts is where the image has its home, in one piece and writable."""
    installing.install(TARGET, options)
    home = re.search(r"^ENV EIDER_HOME=(\S+)$", (checkout / DOCKERFILE).read_text(), re.MULTILINE)
    assert home is not None
    mounts = (checkout / RUNNER).read_text()
    assert f"containerPath: '{home[1]}', readonly: false" in mounts
    assert "containerPath: '/home/node/eider-global.eider', readonly: true" in mounts
    assert '"$HOME/eider-global.eider"' in (checkout / START).read_text()
    assert mounts.index(">>> eider") < mounts.index("// Additional mounts")


def test_what_starts_eider_leaves_the_agents_streams_alone(checkout: Path, options: Options, tmp_path: Path) -> None:
    """It takes nothing from standard input, prints nothing to standard output, and the agent starts whatever fails."""
    installing.install(TARGET, options)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "eider").write_text("#!/bin/sh\ncat; echo wired; exit 3\n")
    (programs / "eider").chmod(0o755)
    for home in (tmp_path / "home", Path("/proc/nowhere")):
        env = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(tmp_path), "EIDER_HOME": str(home)}
        done = subprocess.run(
            [str(checkout / START), "cat"], input="for the agent", env=env, capture_output=True, text=True, check=True
        )
        assert done.stdout == "for the agent"
        assert "goes on without memory" in done.stderr


@pytest.mark.slow
def test_an_agent_that_is_started_so_keeps_a_line_and_finds_it(
    checkout: Path, options: Options, tmp_path: Path
) -> None:
    """What the skill has its reader run, with the real program; the agent inside has its hooks."""
    installing.install(TARGET, options)
    home = Path(tempfile.mkdtemp(prefix="en-"))
    env = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(tmp_path), "EIDER_HOME": str(home)}
    check = 'eider remember "The check word is heron." && eider recall "What is the check word?"'
    try:
        done = subprocess.run([str(checkout / START), "sh", "-c", check], env=env, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, check=False, timeout=240)  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "without memory" not in done.stderr
        assert "heron" in done.stdout.rpartition("remember")[2]
        assert "hook.py" in (tmp_path / ".claude" / "settings.json").read_text()
    finally:
        shutil.rmtree(home)


@pytest.mark.parametrize(
    ("name", "text", "names"),
    [
        (DOCKERFILE, IMAGE.replace("USER node\n", ""), "version of NanoClaw"),
        (RUNNER, MOUNTS.replace("exec bun run", "exec node"), "what a container runs"),
        (RUNNER, MOUNTS.replace("  args.push('-c', 'exec bun run /app/src/index.ts');\n", ""), "what a container runs"),
        (RUNNER, "export const nothing = 1;\n", "version of NanoClaw"),
        (RUNNER, MOUNTS.replace("\n", "\r\n"), "line ends"),
    ],
)
def test_what_is_not_known_is_refused_and_untouched(
    checkout: Path, options: Options, name: str, text: str, names: str
) -> None:
    """A file in another shape is named, and no file is changed."""
    (checkout / name).write_bytes(text.encode())
    before = everything(checkout)
    with pytest.raises(RefusedError, match=names):
        installing.install(TARGET, options)
    assert everything(checkout) == before


def test_another_directory_is_refused(tmp_path: Path) -> None:
    """Outside a checkout nothing is guessed."""
    with pytest.raises(RefusedError, match="no checkout"):
        TARGET.plan(Options(home=tmp_path, project=tmp_path))
    with pytest.raises(RefusedError, match="--project"):
        TARGET.plan(Options(home=tmp_path))


def test_the_dockerfiles_are_well_formed() -> None:
    """Every line is an instruction, a comment, or goes on from the one before; no shell line is broken."""
    known = "FROM ARG RUN ENV COPY USER WORKDIR VOLUME ENTRYPOINT CMD".split()
    for name in ("Dockerfile", "Dockerfile.block"):
        text = re.sub(r"\\\n\s*", "", nanoclaw.asset(name))
        for line in text.splitlines():
            assert not line or line.startswith("#") or line.split()[0] in known, (name, line)
            if line.startswith("RUN "):
                subprocess.run(["sh", "-n", "-c", line.removeprefix("RUN ")], check=True)
            if line.startswith(("ENTRYPOINT ", "CMD ", "VOLUME ")):
                json.loads(line.partition(" ")[2])


def test_the_skill_names_commands_that_exist() -> None:
    """What a person or an agent would copy from it is understood by the command line."""
    from eider.cli.app import SUMMARIES

    text = nanoclaw.asset("add-eider/SKILL.md")
    head = text.split("---")[1]
    assert re.search(r"^name: add-eider$", head, re.MULTILINE)
    assert f"eider-memory=={__version__}" in text
    said = re.findall(r"(?:^|CONTAINER |pipx run --spec \S+ )eider (?:--\w+ \w+ )*([a-z]+)", text, re.MULTILINE)
    assert len(said) >= 7
    assert set(said) <= set(SUMMARIES)

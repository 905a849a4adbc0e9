"""NanoClaw's checkout: three files get a block each, nothing else changes, and all of it is taken back."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from eider import __version__
from eider.api.install import installing
from eider.api.install.target import Options
from eider.model.errors import RefusedError
from eider_openclaw import nanoclaw
from eider_openclaw.nanoclaw import DOCKERFILE, ENTRY, RUNNER, SKILL, TARGET

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
ENTRYPOINT = """\
#!/bin/bash
# What the container runs.
set -e

cat > /tmp/input.json

exec bun run /app/src/index.ts < /tmp/input.json
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
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout as NanoClaw lays it out, in a directory with a space and a quote."""
    place = tmp_path / "nano's claw"
    for name, text in ((DOCKERFILE, IMAGE), (ENTRY, ENTRYPOINT), (RUNNER, MOUNTS)):
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (place / ENTRY).chmod(0o755)
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
    assert set(everything(checkout)) - set(before) == {SKILL}
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
    assert image.read_text().count(">>> eider") == 2


def test_what_was_edited_since_loses_only_ours(checkout: Path, options: Options) -> None:
    """A user's later line stays, the former entry point comes back."""
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
    assert (checkout / ENTRY).read_text() == ENTRYPOINT
    assert (checkout / RUNNER).read_text() == MOUNTS


def test_eider_is_the_first_process_and_hands_over_what_was_there(checkout: Path, options: Options) -> None:
    """The entry point is Eider's `serve` with the former one beneath it, without another init."""
    installing.install(TARGET, options)
    text = (checkout / DOCKERFILE).read_text()
    found = re.search(r"^ENTRYPOINT (.*)$", text, re.MULTILINE)
    assert found is not None
    assert json.loads(found[1]) == ["/opt/eider/bin/eider", "serve", "--", "/app/entrypoint.sh"]
    assert text.index("pip install") < text.index("USER node"), "the image is set up before root is given up"


def test_an_entry_point_without_an_init_is_kept_whole(checkout: Path, options: Options) -> None:
    """Its own words follow the dashes as they are."""
    image = checkout / DOCKERFILE
    image.write_text(IMAGE.replace('["/usr/bin/tini", "--", "/app/entrypoint.sh"]', '["/bin/sh", "-c", "exec x y"]'))
    installing.install(TARGET, options)
    assert '"--", "/bin/sh", "-c", "exec x y"]' in image.read_text()


def test_home_and_mounts_are_the_same_places(checkout: Path, options: Options) -> None:
    """What the host mounts is where the image has its home; the spool is not among it."""
    installing.install(TARGET, options)
    home = re.search(r"^ENV EIDER_HOME=(\S+)$", (checkout / DOCKERFILE).read_text(), re.MULTILINE)
    assert home is not None
    mounts = (checkout / RUNNER).read_text()
    assert f"`{home[1]}/${{part}}`" in mounts
    assert f"'{home[1]}/global.eider', readonly: true" in mounts
    assert "['stores', 'run']" in mounts
    assert mounts.index(">>> eider") < mounts.index("// Additional mounts")


def test_what_the_entry_point_says_goes_to_the_log(checkout: Path, options: Options) -> None:
    """The block takes nothing from standard input, prints nothing to standard output, and stops nothing."""
    installing.install(TARGET, options)
    block = (checkout / ENTRY).read_text().partition(">>> eider\n")[2].partition("# <<< eider")[0]
    script = f"set -e\neider() {{ cat; echo wired; return 3; }}\n{block}\ncat"
    done = subprocess.run(["bash", "-c", script], input="for the agent", capture_output=True, text=True, check=True)
    assert done.stdout == "for the agent"
    assert "wired" in done.stderr
    assert "goes on without memory" in done.stderr
    subprocess.run(["bash", "-n", str(checkout / ENTRY)], check=True)


@pytest.mark.parametrize(
    ("name", "text", "names"),
    [
        (
            DOCKERFILE,
            IMAGE.replace('["/usr/bin/tini", "--", "/app/entrypoint.sh"]', "/app/entrypoint.sh"),
            "ENTRYPOINT",
        ),
        (DOCKERFILE, IMAGE.replace('["/usr/bin/tini"', '[/usr/bin/tini"'), "JSON"),
        (DOCKERFILE, IMAGE + IMAGE, "single"),
        (ENTRY, "#!/bin/bash\necho nothing known\n", "version of NanoClaw"),
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

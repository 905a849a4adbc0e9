"""The plugin where something is not as it should be, and installed in its other ways."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from homes import Home
from installed import node
from openclaw_gateway import PLUGIN, Gateway, Machine
from ports import free_port
from stub_model import StubModel

pytestmark = pytest.mark.client
INVALID = 78


@pytest.fixture
def machine(openclaw_program: Path, tmp_path: Path) -> Iterator[Machine]:
    """A machine with OpenClaw, and an Eider that nobody has asked yet."""
    home = Home()
    home.settings(embedder="hash", user="ada")
    with StubModel({"default": {"text": "I suggest bullet points."}}) as stub:
        yield Machine(root=tmp_path, home=home, stub=stub)
    home.close()


def doctor(machine: Machine) -> dict[str, str]:
    """What the doctor finds in OpenClaw: kind → what to do."""
    done = subprocess.run(
        [sys.executable, "-m", "eider", "doctor", "--json"], env=machine.environment(), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return {one["kind"]: one["fix"] for one in found if one["kind"].startswith("openclaw")}


def test_a_closed_gate_is_a_finding_and_costs_no_turn(machine: Machine) -> None:
    """OpenClaw refuses the hooks; nothing is recalled or learned, and the doctor says which setting opens it."""
    machine.write(free_port())
    machine.change({"plugins": {"entries": {"eider": {"hooks": {"allowConversationAccess": False}}}}})
    with Gateway(machine, keep=True) as gateway:
        assert gateway.say("No, write in paragraphs.", learns=False).text == "I suggest bullet points."
        assert "allowConversationAccess" in gateway.said()
    assert not (machine.state / "eider" / "progress.json").exists()
    fixes = doctor(machine)
    assert "plugins.entries.eider.hooks.allowConversationAccess to true" in fixes["openclaw-gate-closed"]


def test_a_setting_that_is_none_is_refused_by_the_gateway(machine: Machine) -> None:
    """It does not start, and OpenClaw names the plugin and the setting."""
    machine.settings = {"budgett": 7}
    gateway = Gateway(machine)
    assert gateway.process.wait(60) == INVALID
    told = machine.run("config", "validate")
    assert "plugins.entries.eider.config: invalid config" in told.stdout + told.stderr
    assert '"budgett"' in told.stdout + told.stderr


def test_a_packed_plugin_works_from_openclaws_own_directory(machine: Machine) -> None:
    """`npm pack`, `openclaw plugins install`, and `eider install` opens the gate without a second copy."""
    environment = {**machine.environment(), "npm_config_cache": str(machine.root / "npm")}
    told = ["npm", "pack", str(PLUGIN), "--pack-destination", str(machine.root), "--silent"]
    packed = subprocess.run(
        told, env=environment, check=True, capture_output=True, text=True, timeout=60
    ).stdout.split()[-1]
    names = subprocess.run(
        ["tar", "tzf", str(machine.root / packed)], check=True, capture_output=True, text=True
    ).stdout.split()
    assert not [name for name in names if "/test/" in name or name.endswith((".py", "tsconfig.json"))]
    machine.write(free_port(), with_plugin=False)
    archive = f"npm-pack:{machine.root / packed}"
    done = machine.run("plugins", "install", archive, "--force", "--accept-capabilities")
    assert done.returncode == 0, done.stdout + done.stderr
    done = subprocess.run(
        [sys.executable, "-m", "eider", "install", "--target", "openclaw", "--no-wizard", "--yes"], env=machine.environment(),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert str(PLUGIN) not in json.dumps(json.loads(machine.config.read_text())["plugins"].get("load", {}))
    machine.be_patient()
    with Gateway(machine, keep=True) as gateway:
        gateway.say("How?", "explicit:one")
        gateway.say("No, please write in paragraphs.", "explicit:one")
        assert "write in paragraphs." in gateway.say("Hello.", "explicit:two").system
    assert doctor(machine) == {}


def test_the_plugins_own_tests_pass() -> None:
    """`node --test`, with the machine's Node.js."""
    files = sorted(str(path) for path in (PLUGIN / "test").glob("*.test.js"))
    assert files
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("EIDER_", "NODE_"))}
    done = subprocess.run(
        [str(node()), "--test", *files], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_the_javascript_is_typed(typescript: Path) -> None:
    """`tsc --checkJs`, strict, over the plugin and its tests."""
    told = [str(node()), str(typescript / "typescript" / "bin" / "tsc"), "-p", str(PLUGIN / "tsconfig.json")]
    told += ["--typeRoots", str(typescript / "@types")]
    done = subprocess.run(told, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout

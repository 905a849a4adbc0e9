"""The name to install is said alike everywhere: the index gives `eider` itself to another project."""

import importlib.util
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from eider.model import distribution

ROOT = Path(__file__).parents[2]
OTHER_NAME = re.compile(
    r"""(?:pip|uv|uvx|pipx)\s+(?:install|add|run|tool install)(?:[ \t]+-[-\w]+(?:[ \t]+\.)?)*[ \t]+['"]?eider(?![-_\w./:])"""
)


def test_the_lock_has_every_requirement_at_a_version_that_is_allowed() -> None:
    """`make lock` was run after a requirement was added or moved; it names no index."""
    spec = importlib.util.spec_from_file_location("lock", ROOT / "tests" / "lock.py")
    assert spec is not None
    assert spec.loader is not None
    lock = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(lock)
    lines = [line for line in (ROOT / "dev.lock").read_text().splitlines() if not line.startswith("#")]
    pins = {
        canonicalize_name(name): version
        for name, _, version in (line.partition(" ;")[0].partition("==") for line in lines)
    }
    assert all(pins.values())
    for asked in map(Requirement, lock.requirements()):
        if asked.marker is None or asked.marker.evaluate():
            assert asked.specifier.contains(pins[canonicalize_name(asked.name)]), asked


def texts() -> list[Path]:
    """Everything that is kept under version control and can be read."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a checkout: nothing lists the files")
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_the_project_is_named_as_the_constant_says() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["name"] == distribution.NAME
    assert project["optional-dependencies"]["all"][0].startswith(f"{distribution.NAME}[")


def test_no_text_tells_to_install_the_other_project() -> None:
    found = []
    for path in texts():
        if path == Path(__file__) or not path.is_file():
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(ROOT)}: {one.group()}" for one in OTHER_NAME.finditer(text)]
    assert not found


@pytest.mark.parametrize(("before", "after"), [("pip install ", ""), ("pip install -U ", ""), ("uv add '", "[mcp]'")])
def test_the_wrong_name_would_be_noticed(before: str, after: str) -> None:
    assert OTHER_NAME.search(f"{before}eider{after}")

"""Fixtures of the tests that drive real clients: each has a machine of its own, with a server process of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from claude_code import Machine
from homes import Home
from installed import OPENAPI_TYPES, UnreachableError, claude_binary, codex_binary, mcp_judges, node, npm
from openclaw_gateway import openclaw
from openclaw_gateway import typescript as typescript_packages
from set_up import install
from stub_model import StubModel

import eider

_missing: dict[str, str] = {}


def fetched(name: str, fetch: Callable[[], Path]) -> Path:
    """A client; without npm the test is skipped, loudly, but never where CI runs it."""
    try:
        return fetch()
    except UnreachableError as error:
        _missing[name] = str(error)
    if os.environ.get("CI"):
        pytest.fail(f"{name} cannot be fetched: {_missing[name]}")
    pytest.skip(f"{name} cannot be fetched with npm")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was not tested is said in red, below everything else."""
    for name, why in _missing.items():
        terminalreporter.write_sep("!", f"NOT TESTED: the real {name}", red=True, bold=True)
        terminalreporter.write_line(f"npm could not fetch it; set EIDER_CLIENT_CACHE to a filled cache. {why[-400:]}")


@pytest.fixture(scope="session")
def claude() -> Path:
    """The real Claude Code."""
    return fetched("Claude Code", claude_binary)


@pytest.fixture(scope="session")
def codex_program() -> Path:
    """The real Codex."""
    return fetched("Codex", codex_binary)


@pytest.fixture(scope="session")
def openclaw_program() -> Path:
    """The real OpenClaw."""
    return fetched("OpenClaw", openclaw)


@pytest.fixture(scope="session")
def conformance() -> Path:
    """MCP's conformance suite, and its inspector beside it."""
    return fetched("MCP conformance suite", mcp_judges)


@pytest.fixture(scope="session")
def typescript() -> Path:
    """What checks the types of JavaScript."""
    return fetched("TypeScript", typescript_packages)


@pytest.fixture(scope="session")
def node_program() -> Path:
    """A Node that runs TypeScript as it is."""
    return fetched("Node", node)


@pytest.fixture(scope="session")
def openapi_types() -> Path:
    """What makes TypeScript types of an OpenAPI document."""
    packages = fetched("openapi-typescript", lambda: npm(*OPENAPI_TYPES))
    return packages / "node_modules" / "openapi-typescript" / "bin" / "cli.js"


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """An EIDER_HOME; its server is spawned by whoever comes first, as anywhere, and nothing of it outlives the test."""
    made = Home()
    made.settings(embedder="hash", user="ada")
    monkeypatch.setenv("EIDER_HOME", str(made.path))
    monkeypatch.delenv("EIDER_SERVER", raising=False)
    yield made
    made.close()


@pytest.fixture
def memory(home: Home) -> Iterator[eider.Eider]:
    """The memory that the machine's clients share, as another program sees it."""
    with eider.open(user="ada") as opened:
        yield opened


@pytest.fixture
def stub() -> Iterator[StubModel]:
    """The model behind the clients."""
    with StubModel() as served:
        yield served


@pytest.fixture
def machine(claude: Path, home: Home, stub: StubModel, tmp_path: Path) -> Machine:
    """A machine with Claude Code on it, and no Eider yet."""
    return Machine(binary=claude, root=tmp_path, stub=stub, env={"EIDER_HOME": str(home)})


@pytest.fixture
def equipped(machine: Machine) -> Machine:
    """A machine on which `eider install` was run."""
    return install(machine)

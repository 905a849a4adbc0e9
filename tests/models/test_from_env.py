"""`eider.from_env()`: what the environment says, checked variable by variable."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import eider
from eider.model import config
from eider.model.errors import ConfigError

Env = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def _clear(monkeypatch: Env) -> None:
    for name in [n for n in os.environ if n.startswith("EIDER_") and n not in ("EIDER_HOME", "EIDER_SERVER")]:
        monkeypatch.delenv(name)


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: Env) -> Iterator[list[eider.Eider]]:
    monkeypatch.setenv("EIDER_STORE", str(tmp_path / "m.eider"))
    memories: list[eider.Eider] = []
    yield memories
    for memory in memories:
        memory.close()


def set_all(monkeypatch: Env, **given: str) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"EIDER_{name}", value)


def test_all_of_it_reaches_the_store(opened: list[eider.Eider], monkeypatch: Env) -> None:
    """Agent, mode, model and scopes are the agent's in the store; the user is whose memory is meant."""
    set_all(
        monkeypatch, USER="ada", AGENT_ID="reviewer", AGENT_DESCRIPTION="Reads code.", MODE="Balanced",
        MODEL="anthropic/claude-x", SCOPES="project:alpha, role:reviewer", DYNAMIC_SCOPES="yes",
    )  # fmt: skip
    opened.append(eider.from_env())
    found = opened[0]._engine.agents.of("reviewer")
    assert (found.mode, found.model, found.description) == ("balanced", "anthropic/claude-x", "Reads code.")
    assert (found.scopes, found.dynamic_scopes) == (("project:alpha", "role:reviewer"), True)
    assert opened[0].remember("Likes tea.").user == "ada"


def test_nothing_set_is_what_open_does(opened: list[eider.Eider]) -> None:
    """Blank variables are unset; the mode is frugal."""
    opened.append(eider.from_env(user="ada"))
    assert opened[0]._engine.agents.of("default").mode == "frugal"


def test_the_config_file_stands_in(opened: list[eider.Eider], monkeypatch: Env) -> None:
    """What the environment does not say the file may; the environment wins."""
    config.write("mode", "eager")
    config.write("model", "anthropic:x")
    config.write("user", "ada")
    monkeypatch.setenv("EIDER_MODE", "balanced")
    opened.append(eider.from_env())
    assert opened[0]._engine.agents.of("default").mode == "balanced"
    assert opened[0].remember("Likes tea.").user == "ada"


def test_arguments_win(opened: list[eider.Eider], monkeypatch: Env) -> None:
    """What the caller passes is not asked of the environment, however wrong that is."""
    set_all(monkeypatch, MODE="greedy", USER="bob")
    opened.append(eider.from_env(mode="frugal", user="ada"))
    assert opened[0].remember("Likes tea.").user == "ada"


WRONG = {
    "EIDER_MODE": ("greedy", "'frugal'"), "EIDER_MODEL": ("claude", "provider:model"), "EIDER_DYNAMIC_SCOPES": ("perhaps", "true or false"),
    "EIDER_SHARED": ("2", "true or false"), "EIDER_READ_ONLY": ("maybe", "true or false"), "EIDER_TZ": ("Mars/Olympus", "Mars/Olympus"),
    "EIDER_EMBEDDER": ("best", "'default', 'fastembed', 'hash'"), "EIDER_COUNTER": ("fingers", "'heuristic'"),
    "EIDER_MODEL_TOKENS": ("lots", "number of tokens"), "EIDER_STORE": ("a/../../b", "a/../../b"), "EIDER_USER": ("u" * 10_000, "limit"),
    "EIDER_AGENT_ID": ("a\nb", "one line"), "EIDER_SCOPES": ("x" * 10_000, "limit"),
}  # fmt: skip


@pytest.mark.parametrize("variable", WRONG)
def test_every_bad_value_is_named(opened: list[eider.Eider], monkeypatch: Env, variable: str) -> None:
    """The error names the variable, its value and what to do; nothing is opened."""
    value, fix = WRONG[variable]
    monkeypatch.setenv("EIDER_MODEL", "anthropic:x")
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError) as raised:
        opened.append(eider.from_env(**({} if variable == "EIDER_USER" else {"user": "ada"})))
    said = str(raised.value)
    assert variable in said
    assert repr(value)[1:20] in said
    assert fix in said
    assert len(said) < 500


def test_a_mode_that_asks_needs_a_model(opened: list[eider.Eider], monkeypatch: Env) -> None:
    """The message names both variables."""
    monkeypatch.setenv("EIDER_MODE", "eager")
    with pytest.raises(ConfigError, match=r"EIDER_MODE='eager'.*EIDER_MODEL"):
        opened.append(eider.from_env(user="ada"))


def test_importing_it_costs_nothing_more() -> None:
    """It is there by name before anything heavy is loaded."""
    import subprocess
    import sys

    code = "import eider, sys; eider.from_env; print([m for m in ('numpy', 'duckdb', 'pydantic', 'anthropic') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"

"""An account of its own, with Claude Code's directory in it and nobody else on the machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from eider.api.install.target import Options
from eider.model import config
from eider_claude_hooks import machine


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home directory with a space and quotes in its name; its .claude is there, without settings."""
    home = tmp_path / """an 'odd" home"""
    (home / ".claude").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}/usr/bin{os.pathsep}/bin")
    for name in ("CLAUDE_CONFIG_DIR", "EIDER_HOOK_FORM", "EIDER_HOOK_PATIENCE", "EIDER_ORIGIN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(machine, "other_people", list)
    monkeypatch.setattr(machine, "managed_settings", dict)
    return home


@pytest.fixture
def options() -> Options:
    """All that the account does with the host."""
    return Options(home=config.home())

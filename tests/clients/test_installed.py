"""Clients are installed once, whole, and outside the checkout."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest
from installed import UnreachableError, npm


@pytest.fixture
def fake_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An npm that notes each call, and does what $FAKE says."""
    program = tmp_path / "bin" / "npm"
    program.parent.mkdir()
    calls = tmp_path / "calls"
    program.write_text(f'#!/bin/sh\necho "$@" >> {calls}\nmkdir node_modules\n. {tmp_path}/does\n')
    program.chmod(0o755)
    (tmp_path / "does").write_text("true\n")
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("EIDER_CLIENT_CACHE", str(tmp_path / "cache"))
    return tmp_path


def test_two_runs_at_once_install_once(fake_npm: Path) -> None:
    """The second waits, and takes what the first has made."""
    (fake_npm / "does").write_text("sleep 0.2\n")
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(npm("some-client@1.2.3"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {fake_npm / "cache" / "some-client@1.2.3"}
    assert len((fake_npm / "calls").read_text().splitlines()) == 1


def test_another_version_is_another_folder(fake_npm: Path) -> None:
    """An upgrade fetches anew; neither overwrites the other."""
    assert npm("@scope/client@1.0.0") != npm("@scope/client@1.0.1")
    assert len((fake_npm / "calls").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("says", "error"),
    [
        ("echo 'npm error code ENOTFOUND' >&2; exit 1", UnreachableError),
        ("echo 'npm error code EBADENGINE' >&2; exit 1", RuntimeError),
    ],
)
def test_a_failed_install_leaves_nothing(fake_npm: Path, says: str, error: type[Exception]) -> None:
    """What is half there would be taken for whole; only a missing network may skip a test."""
    (fake_npm / "does").write_text(says)
    with pytest.raises(error, match="npm error code"):
        npm("some-client@1.2.3")
    assert not [entry for entry in (fake_npm / "cache").iterdir() if entry.is_dir()]


def test_a_machine_without_npm_is_told_apart(fake_npm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No npm is like no network."""
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent / "nowhere"))
    with pytest.raises(UnreachableError, match="npm"):
        npm("some-client@1.2.3")

"""One project has one scope, wherever and however it is checked out."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from eider import project_scope
from eider.scoping import normalised

SPELLINGS = [
    "git@code.example.org:ada/engine.git", "ssh://git@code.example.org:22/ada/engine", "https://code.example.org/Ada/engine.git",
    "https://ada:token@code.example.org/ada/engine/", "git://code.example.org/ada/engine.git",
]  # fmt: skip


def git(folder: Path, *arguments: str) -> None:
    settings = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *settings, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize("url", SPELLINGS)
def test_spellings_of_a_remote_mean_the_same(url: str) -> None:
    """Scheme, login, port, case and suffix do not matter, and no login leaks into the scope."""
    assert normalised(url) == "code.example.org/ada/engine"


def test_worktrees_and_subfolders_share_the_scope(tmp_path: Path) -> None:
    """What one worktree learned the other finds."""
    main = tmp_path / "main"
    main.mkdir()
    git(main, "init", "-q")
    git(main, "commit", "-q", "--allow-empty", "-m", "x")
    git(main, "remote", "add", "origin", SPELLINGS[0])
    git(main, "worktree", "add", "-q", str(tmp_path / "other"))
    (main / "src").mkdir()
    wanted = "project:code.example.org/ada/engine"
    assert {project_scope(p) for p in (main, main / "src", tmp_path / "other")} == {wanted}


def test_without_a_remote_the_folder_names_the_project(tmp_path: Path) -> None:
    """A folder that is no repository has a scope as well."""
    plain = tmp_path / "My Notes"
    plain.mkdir()
    assert project_scope(plain) == "project:my-notes"

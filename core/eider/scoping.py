"""Scopes that mean the same project wherever it is checked out."""

from __future__ import annotations

import re
from configparser import ConfigParser, Error
from pathlib import Path
from typing import Final

_URL: Final = re.compile(r"^(?:[a-z+]+://)?(?:[^@/]+@)?([^/:]+)(?::\d+)?[:/]+(.+?)(?:\.git)?/*$", re.IGNORECASE)


def project_scope(path: str | Path = ".") -> str:
    """The scope of the project a path lies in: its git remote, normalised; worktrees and clones alike.

    Without a remote it is the name of the repository's (or the given) directory.

    >>> normalised("git@example.org:Ada/Engine.git") == normalised("https://example.org/ada/engine")
    True
    """
    place = Path(path).expanduser().absolute()
    for folder in (place, *place.parents):
        if (folder / ".git").exists():
            git = _common(folder / ".git")
            remote = _remote(git)
            return f"project:{normalised(remote)}" if remote else f"project:{_plain(git.parent.name)}"
    return f"project:{_plain(place.name)}"


def _common(git: Path) -> Path:
    """The repository's own directory; a worktree has a file that points into it."""
    if git.is_file():
        target = git.read_text(errors="replace").partition("gitdir:")[2].strip()
        own = (git.parent / target).resolve()
        common = own / "commondir"
        return (own / common.read_text().strip()).resolve() if common.is_file() else own
    return git


def _remote(git: Path) -> str | None:
    """Address of origin, else of any remote."""
    settings = ConfigParser(strict=False, interpolation=None, allow_no_value=True)
    try:
        settings.read_string((git / "config").read_text(errors="replace"))
    except (OSError, Error):
        return None
    remotes = {s: settings[s].get("url") for s in settings.sections() if s.startswith("remote ")}
    return remotes.get('remote "origin"') or next((url for url in remotes.values() if url), None)


def normalised(url: str) -> str:
    """Host and path of a remote in lower case, without scheme, login, port and suffix."""
    found = _URL.match(url.strip())
    return f"{found[1]}/{found[2]}".lower() if found else _plain(url)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-") or "unnamed"

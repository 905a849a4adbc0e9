"""Scopes that mean the same project wherever it is checked out."""

from __future__ import annotations

import os
import re
import unicodedata
from configparser import ConfigParser, Error
from hashlib import blake2b
from pathlib import Path
from typing import Final

from eider.model.scope_word import scope_word

_URL: Final = re.compile(r"^(?:[a-z+]+://)?(?:[^@/]+@)?([^/:]+)(?::\d+)?[:/]+(.+?)(?:\.git)?/*$", re.IGNORECASE)
_GAP: Final = re.compile(r"[\s-]*\s[\s-]*")
_DIGEST_BYTES: Final = 4
"""8 hexadecimal digits: two of a user's 1,000 projects collide with a probability of 1 in 9,000."""
_DIGEST: Final = re.compile(rf"(?<=.)-[0-9a-f]{{{2 * _DIGEST_BYTES}}}$")
_CLONES: Final = 8
"""Clones of clones that are followed."""
_LONGEST: Final = 200
"""Characters of the readable part of a scope; names of scopes have at most 256."""


def project_scope(path: str | Path = ".") -> str:
    """Return the scope of the project a path lies in: its git remote, the same for worktrees and clones.

    Without a remote it is the name of the repository's (or the given) directory and a digest of where that lies, so
    that projects of the same name are two. A clone of a repository on this machine has that one's scope. A project
    without a remote that is moved is a new one.

    Args:
        path: A directory within the project.

    Returns:
        Such as "project:example.org/ada/engine".

    >>> normalised("git@example.org:Ada/Engine.git") == normalised("https://example.org/ada/engine")
    True
    """
    place = Path(path).expanduser().resolve()
    for folder in (place, *place.parents):
        if (folder / ".git").exists():
            git = _common(folder / ".git")
            remote = _remote(git)
            for _ in range(_CLONES):  # a clone of a clone
                original = Path(remote.removeprefix("file://")) if remote else None
                if original is None or not original.is_absolute() or not (original / ".git").exists():
                    break
                git = _common(original / ".git")
                remote = _remote(git)
            if remote:
                return f"project:{normalised(remote)}"
            return _placed(git.parent if git.name == ".git" else git)
    return _placed(place)


def _common(git: Path) -> Path:
    """The repository's own directory; a worktree has a file that points into it."""
    if git.is_file():
        target = git.read_text(errors="replace").partition("gitdir:")[2].strip()
        own = (git.parent / target).resolve()
        common = own / "commondir"
        return (own / common.read_text().strip()).resolve() if common.is_file() else own
    return git.resolve()


def _remote(git: Path) -> str | None:
    """Address of origin, else of any remote; a relative path is read from the repository."""
    settings = ConfigParser(strict=False, interpolation=None, allow_no_value=True)
    try:
        settings.read_string((git / "config").read_text(encoding="utf-8", errors="surrogateescape"))
    except (OSError, Error):
        return None
    remotes = {s: settings[s].get("url") for s in settings.sections() if s.startswith("remote ")}
    found = remotes.get('remote "origin"') or next((url for url in remotes.values() if url), None)
    return str((git.parent / found).resolve()) if found and found.startswith(("./", "../")) else found


def normalised(url: str) -> str:
    """Return host and path of a remote in lower case, without scheme, login, port and suffix.

    Two addresses that differ in more than that stay two: where the name cannot keep a character, a digest follows.
    """
    plain = url.strip().removeprefix("file://")
    found = None if plain.startswith("/") else _URL.match(plain)
    address = f"{found[1]}/{found[2]}" if found else plain.rstrip("/").removesuffix(".git")
    address = unicodedata.normalize("NFC", address).lower()
    name = scope_word(_tidy(address))
    return name if name == address and len(name) <= _LONGEST else f"{name[:_LONGEST]}-{_digest(address)}"


def without_digest(scope: str) -> str:
    """Return a scope as people say it.

    >>> without_digest("project:api-3f0c92ab"), without_digest("project:api")
    ('project:api', 'project:api')
    """
    return _DIGEST.sub("", scope)


def _placed(place: Path) -> str:
    """The scope of a project that is known by its place alone."""
    where = unicodedata.normalize("NFC", os.path.normcase(place))
    name = scope_word(_tidy(place.name)).strip(".-")
    return f"project:{name[:_LONGEST] or 'unnamed'}-{_digest(where)}"


def _tidy(text: str) -> str:
    """As names of scopes are registered: folded, with a dash for each gap."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return _GAP.sub("-", folded.strip())


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogateescape"), digest_size=_DIGEST_BYTES).hexdigest()

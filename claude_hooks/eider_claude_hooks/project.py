"""Where a session works: its project's scope and branch, what the project allows, and what the host loads by itself."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import eider

FILE: Final = ".eider.toml"
_FRESH: Final = 10.0
"""Seconds for which a directory's scope and branch are not looked up again."""
_READ: Final = 64 * 1024
"""Characters read of one of the host's files."""
_LINES: Final = 400
"""Sentences of the host's files that are held against what is learned. A guess."""
_SHORT: Final = 12
"""Characters below which a line states nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One working directory."""

    scope: str
    branch: str = ""
    learns: bool = True
    injects: bool = True
    root: Path

    @property
    def scopes(self) -> tuple[str, ...]:
        """Scopes visible from the project: its own and the global one."""
        return (self.scope, "global")


places: dict[str, tuple[float, list[int], Place]] = {}


def place_of(cwd: str) -> Place:
    """What is known of a directory; whether it stays out of everything holds from the moment that is said."""
    known = places.get(cwd)
    if (
        known is not None
        and time.monotonic() - known[0] < _FRESH
        and known[1] == _config_times(Path(cwd), known[2].root)
    ):
        return known[2]
    if len(places) > 256:  # noqa: PLR2004 (more directories than anybody works in)
        places.clear()
    place = _read_place(Path(cwd))
    places[cwd] = (time.monotonic(), _config_times(Path(cwd), place.root), place)
    return place


def _config_times(cwd: Path, root: Path) -> list[int]:
    """When each `.eider.toml` that counts here was written, in nanoseconds; 0 where there is none."""
    stamps: list[int] = []
    for folder in (cwd, *cwd.parents):
        try:
            stamps.append((folder / FILE).stat().st_mtime_ns)
        except OSError:
            stamps.append(0)
        if folder == root:
            break
    return stamps


def _read_place(cwd: Path) -> Place:
    root = next((f for f in (cwd, *cwd.parents) if (f / ".git").exists()), cwd)
    learns, injects = permissions(cwd, root)
    return Place(
        scope=eider.project_scope(cwd), branch=_current_branch(root / ".git"), learns=learns, injects=injects, root=root
    )


def permissions(cwd: Path, root: Path) -> tuple[bool, bool]:
    """(learn, inject) as the nearest `.eider.toml` says; one that cannot be read means neither."""
    for folder in (cwd, *cwd.parents):
        if (folder / FILE).is_file():
            try:
                said = tomllib.loads((folder / FILE).read_text(encoding="utf-8"))
            except (OSError, ValueError):
                return False, False
            whole = said.get("enabled", True) is True
            return whole and said.get("learn", True) is True, whole and said.get("inject", True) is True
        if folder == root:
            break
    return True, True


def _current_branch(git: Path) -> str:
    """The branch that is checked out; empty where none is."""
    with suppress(OSError):
        if git.is_file():  # a worktree
            git = (git.parent / git.read_text(errors="replace").partition("gitdir:")[2].strip()).resolve()
        head = (git / "HEAD").read_text(errors="replace").strip()
        return head.removeprefix("ref: refs/heads/") if head.startswith("ref: ") else ""
    return ""


# ---------------------------------------------------------------------- what the host loads by itself


def host_files(place: Place, cwd: str, transcript: str | None) -> list[Path]:
    """Files that the client gives its agent to read, as far as they can be guessed; others it names itself."""
    found = [
        folder / name
        for folder in {Path(cwd), place.root}
        for name in ("CLAUDE.md", "CLAUDE.local.md", ".claude/CLAUDE.md")
    ]
    if transcript:
        sessions = Path(transcript).parent
        found.append(sessions.parent.parent / "CLAUDE.md")
        with suppress(OSError):
            found += sorted((sessions / "memory").glob("*.md"))[:32]
    return found


_files: dict[Path, tuple[tuple[int, int], tuple[str, ...]]] = {}


def sentences_of(files: Iterable[Path]) -> tuple[str, ...]:
    """The sentences of such files; kept in memory while the files stay as they are, and nowhere else."""
    lines: dict[str, None] = {}
    for path in dict.fromkeys(files):
        lines.update(dict.fromkeys(_read_sentences(path)))
    return tuple(lines)[:_LINES]


def _read_sentences(path: Path) -> tuple[str, ...]:
    try:
        found = path.stat()
        stamp = (found.st_mtime_ns, found.st_size)
        before = _files.get(path)
        if before is not None and before[0] == stamp:
            return before[1]
        with path.open(encoding="utf-8", errors="replace") as file:
            text = file.read(_READ)
    except OSError:
        return ()
    lines = tuple(
        s for line in text.splitlines() if len(s := line.strip().lstrip("-*#>0123456789. ").strip()) >= _SHORT
    )
    if len(_files) > 512:  # noqa: PLR2004 (more files than anybody's sessions load)
        _files.clear()
    _files[path] = (stamp, lines)
    return lines

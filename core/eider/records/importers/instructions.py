"""Instruction files of coding agents: CLAUDE.md, AGENTS.md, GEMINI.md, .cursorrules, .mdc and the like, as rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from eider.model.errors import InputError
from eider.model.project_scope import project_scope
from eider.records.importers.markdown import front_matter, passages
from eider.records.importers.source import Found, Importer, Skipped, Wanted, statement

_NAMES: Final = (
    "claude.md", "claude.local.md", "agents.md", "agents.override.md", "gemini.md", ".cursorrules", ".windsurfrules",
    ".clinerules", "copilot-instructions.md",
)  # fmt: skip
_PLACES: Final = (".", ".claude", ".github", ".cursor/rules")
"""Where in a project such files lie."""
_PERSONAL: Final = (".claude", ".codex", ".gemini")
"""Directories below the home directory whose files hold in every project."""
_IMPORT: Final = re.compile(r"(?<![\w`@.])@((?:~/|\.{0,2}/)?[\w.\-/]+)")
_DEPTH: Final = 5
"""Files that import files, as Claude Code follows them."""
_LARGEST: Final = 1 << 20
"""Bytes of a file that is read."""


def detect(path: Path) -> bool:
    """Whether it is such a file, or a project that has some."""
    return any(True for _ in _files(path))


def iterate(path: Path, wanted: Wanted) -> Iterator[Found]:
    """Yield each list item and paragraph as a rule of the project, with its heading."""
    seen: set[Path] = set()
    for file in _files(path):
        yield from _file(file, file, wanted.scope or _scope(file), 0, seen)


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        if path.name.lower() in _NAMES or path.suffix == ".mdc":
            yield path
        return
    for place in _PLACES:
        folder = path / place
        if folder.is_dir():
            yield from (
                p for p in sorted(folder.iterdir()) if p.is_file() and (p.name.lower() in _NAMES or p.suffix == ".mdc")
            )


def _scope(file: Path) -> str:
    """Return where the rules of a file hold: its project, or everywhere when it is the user's own."""
    folder = file.resolve().parent
    if folder.parent == Path.home() and folder.name in _PERSONAL:
        return "global"
    inner = next((p for p in (folder, *folder.parents) if p.name in (".claude", ".cursor", ".github")), None)
    return project_scope(inner.parent if inner else folder)


def _file(file: Path, root: Path, scope: str, depth: int, seen: set[Path]) -> Iterator[Found]:
    place = file.resolve()
    if place in seen:
        return
    seen.add(place)
    try:
        if file.stat().st_size > _LARGEST:
            yield file.name, Skipped("files of more than a megabyte")
            return
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        yield file.name, InputError(f"cannot be read ({type(error).__name__}); save it as UTF-8.")
        return
    values, body, lines = front_matter(text)
    globs = values.get("globs")
    where = ", ".join(globs) if isinstance(globs, list) else globs or ""
    for passage in passages(body, lines + 1):
        at = f"{file.name} line {passage.line}"
        if passage.skipped() is None:
            yield from _follow_imports(at, passage.text, file, root, scope, depth, seen)
        if passage.skipped() is None and not _IMPORT.sub("", passage.text).strip(" .,:;"):
            continue  # nothing but the name of a file
        said = passage.under_heading() if not where else f"In {where}: {passage.under_heading()}"
        yield at, passage.skipped() or statement(said, kind="rule", scope=scope)


def _follow_imports(
    at: str, text: str, file: Path, root: Path, scope: str, depth: int, seen: set[Path]
) -> Iterator[Found]:  # fmt: skip
    """Follow `@path` to files of the project and of the user's own settings, and nowhere else."""
    for found in _IMPORT.finditer(re.sub(r"`[^`]*`", "", text)):
        name = found[1].rstrip(".")
        target = Path(name).expanduser() if name.startswith("~") else file.parent / name
        if not target.is_file():
            continue
        allowed = (root.resolve().parent, *(Path.home() / folder for folder in _PERSONAL))
        if not any(target.resolve().is_relative_to(folder) for folder in allowed):
            yield at, Skipped("imported files outside of the project")
        elif depth >= _DEPTH:
            yield at, Skipped("files imported more than five deep")
        else:
            yield from _file(target, root, scope, depth + 1, seen)


IMPORTER: Final = Importer(
    name="instructions", title="CLAUDE.md, AGENTS.md, GEMINI.md, .cursorrules or .mdc", detect=detect, iterate=iterate
)

"""Files under `/memories`, kept as memories: overwriting one is a new version, deleting one erases it.

Each file is one memory whose first line is its path. So what an agent writes down is recalled like anything else it
knows, at the trust of an agent, and whoever asks `why` of it is answered.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from eider.api.tools import error_answer
from eider.model.errors import ClosedMemoryError, EiderError
from eider_anthropic.shown import listing, numbered_lines, occurrences, snippet

if TYPE_CHECKING:
    from eider import Eider
    from eider.model.values import Memory

ROOT: Final = "/memories"
SCOPE: Final = "memories"
MAX_FILE: Final = 19_000
"""Characters of a file: a memory holds 20,000, its path included."""
MAX_PATH: Final = 512
_ENCODED: Final = re.compile(r"\\|%2[ef]|%5c", re.IGNORECASE)
"""Ways to write a way out that another reader of the path might understand."""
_PAGE: Final = 1_000


class FileFault(Exception):  # noqa: N818 (what a model is told, never seen outside)
    """A command cannot be carried out; the message is the model's answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileVersion:
    """A file as it was."""

    path: str
    text: str
    memory: Memory


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryFiles:
    """The files of one user; every command answers as Anthropic's own implementation does."""

    memory: Eider
    user: str | None = None
    scope: str = SCOPE
    """Another scope is another set of files."""

    # ------------------------------------------------------------------ reading

    def view(self, path: str, lines: Sequence[int] | None = None) -> str:
        """A file with line numbers, or a listing of a directory."""
        place = _normalize_path(path)
        files = self._by_path()
        if place in files:
            return numbered_lines(path, _content(files[place]), lines)
        if place == ROOT or any(name.startswith(f"{place}/") for name in files):
            return listing(path, place, {name: _content(memory) for name, memory in files.items()})
        raise FileFault(f"The path {path} does not exist. Please provide a valid path.")

    def history(self, path: str) -> list[FileVersion]:
        """Every version of a file, oldest first, also under its former names."""
        memory = self._find_file(path, self._by_path())
        return [
            FileVersion(path=_path(one), text=_content(one), memory=one)
            for one in (*reversed(self._older_versions(memory)), memory)
        ]

    # ------------------------------------------------------------------ writing

    def create(self, path: str, text: str) -> str:
        """A new file."""
        place, files = _check_file_path(path), self._by_path()
        if place in files:
            raise FileFault(f"File {path} already exists")
        self._check_free(place, path, files)
        self.memory.remember(
            _encode_file(place, text), user=self.user, kind="context", scope=self.scope, pinned=True
        )  # pinned: a file does not fade
        return f"File created successfully at: {path}"

    def replace(self, path: str, old: str, new: str) -> str:
        """The one occurrence of a text becomes another."""
        memory = self._find_file(path, self._by_path())
        content = _content(memory)
        places = occurrences(content, old)
        if not places:
            raise FileFault(f"No replacement was performed, old_str `{old}` did not appear verbatim in {path}.")
        if len(places) > 1:
            at = ", ".join(str(content[:p].count("\n") + 1) for p in places)
            raise FileFault(
                f"No replacement was performed. Multiple occurrences of old_str `{old}` in lines: {at}. "
                "Please ensure it is unique"
            )
        changed = content.replace(old, new)
        self._rewrite(memory, changed)
        head = "The memory file has been edited. Here is the snippet showing the change (with line numbers):\n"
        return head + snippet(changed, content[: places[0]].count("\n"))

    def insert(self, path: str, line: int, text: str) -> str:
        """Text after a line; 0 is the beginning."""
        memory = self._find_file(path, self._by_path())
        lines = _content(memory).split("\n")
        if lines[-1] == "":
            lines.pop()
        if not 0 <= line <= len(lines):
            raise FileFault(
                f"Invalid `insert_line` parameter: {line}. It should be within the range [0, {len(lines)}]."
            )
        lines.insert(line, text.rstrip("\n"))
        changed = "\n".join(lines)
        self._rewrite(memory, changed if changed.endswith("\n") else f"{changed}\n")
        return f"The file {path} has been edited."

    def delete(self, path: str) -> str:
        """A file or a directory, with all versions, for good."""
        place = _normalize_path(path)
        if place == ROOT:
            raise FileFault("Cannot delete the /memories directory itself")
        gone = [memory for name, memory in self._file_memories() if name == place or name.startswith(f"{place}/")]
        if not gone:
            raise FileFault(f"The path {path} does not exist")
        self._erase_all_versions(gone)
        return f"Successfully deleted {path}"

    def rename(self, old: str, new: str) -> str:
        """A file or a directory gets another path; its versions go with it."""
        source, target = _normalize_path(old), _check_file_path(new)
        if source == ROOT:
            raise FileFault("Cannot rename the /memories directory itself")
        files = self._by_path()
        if target in files or any(name.startswith(f"{target}/") for name in files):
            raise FileFault(f"The destination {new} already exists")
        moved = {name: m for name, m in files.items() if name == source or name.startswith(f"{source}/")}
        if not moved:
            raise FileFault(f"The path {old} does not exist")
        if target.startswith(f"{source}/"):
            raise FileFault(f"Cannot rename {old} to {new}, which is within it")
        self._check_free(target, new, files)
        for name, memory in moved.items():
            self._write(memory, _encode_file(target + name[len(source) :], _content(memory)))
        return f"Successfully renamed {old} to {new}"

    def clear(self) -> str:
        """Erase every file."""
        self._erase_all_versions([memory for _, memory in self._file_memories()])
        return "All memory cleared"

    # ------------------------------------------------------------------

    def _file_memories(self) -> list[tuple[str, Memory]]:
        """Path and memory of all files, newest first."""
        found: list[tuple[str, Memory]] = []
        while True:
            page = self.memory.search(
                "", user=self.user, scopes=[self.scope], kinds=["context"], limit=_PAGE, offset=len(found)
            )
            found += [(_path(one.memory), one.memory) for one in page.items if one.memory is not None]
            if not page.items or len(found) >= page.total:
                return [(path, memory) for path, memory in found if path.startswith(f"{ROOT}/")]

    def _by_path(self) -> dict[str, Memory]:
        """Path → memory; of two with one path the newer."""
        return dict(reversed(self._file_memories()))

    def _find_file(self, path: str, files: dict[str, Memory]) -> Memory:
        place = _normalize_path(path)
        if place in files:
            return files[place]
        if place == ROOT or any(name.startswith(f"{place}/") for name in files):
            raise FileFault(f"The path {path} is not a file.")
        raise FileFault(f"The path {path} does not exist. Please provide a valid path.")

    def _check_free(self, place: str, path: str, files: dict[str, Memory]) -> None:
        """No file lies beneath another, and none where a directory is."""
        above = next((name for name in files if place.startswith(f"{name}/")), None)
        if above is not None:
            raise FileFault(f"Cannot write {path}: {above} is a file")
        if any(name.startswith(f"{place}/") for name in files):
            raise FileFault(f"File {path} already exists")

    def _rewrite(self, memory: Memory, content: str) -> None:
        self._write(memory, _encode_file(_path(memory), content))

    def _write(self, memory: Memory, text: str) -> None:
        if text == memory.text:
            return
        try:
            self.memory.correct(memory.id, text, user=self.user)
        except ClosedMemoryError:
            raise FileFault(f"The file {_path(memory)} was changed meanwhile; view it again and retry.") from None

    def _older_versions(self, memory: Memory) -> list[Memory]:
        """What a memory has replaced, newest first."""
        before: list[Memory] = []
        waiting = [*self.memory.why(memory.id, user=self.user).replaces]
        while waiting:
            found = self.memory.why(waiting.pop(0), user=self.user)
            before.append(found.memory)
            waiting += found.replaces
        return before

    def _erase_all_versions(self, gone: Sequence[Memory]) -> None:
        """All versions; the bytes leave the disk once, with the last."""
        ids = [one.id for memory in gone for one in (memory, *self._older_versions(memory))]
        for place, one in enumerate(ids, 1):
            self.memory.forget(one, user=self.user, wait=place == len(ids))


def error_text(error: EiderError) -> str:
    """A fault of memory in words a model can act on; nothing of it stops the model's turn."""
    fault = error_answer(error)
    if "error" in fault:
        return f"The memory directory cannot be used now: {fault['error']['message']} ({fault['error']['fix']})"
    return f"Queued: {fault['why']}"


# ---------------------------------------------------------------------- paths


def _normalize_path(path: str) -> str:
    """A path in its one spelling, within the root.

    Raises:
        FileFault: It leads elsewhere.
    """
    if path != ROOT and not path.startswith(f"{ROOT}/"):
        raise FileFault(f"Path must start with {ROOT}, got: {path}")
    rest = path[len(ROOT) :].lstrip("/")
    place = posixpath.normpath(posixpath.join(ROOT, rest))
    if _ENCODED.search(path) or not path.isprintable() or not (place == ROOT or place.startswith(f"{ROOT}/")):
        raise FileFault(f"Path {path} would escape {ROOT} directory")
    return place


def _check_file_path(path: str) -> str:
    """The path of a file that may be written."""
    place = _normalize_path(path)
    if place == ROOT:
        raise FileFault(f"The path {path} is a directory; name a file beneath it.")
    if len(place) > MAX_PATH:
        raise FileFault(f"The path has {len(place)} characters, the limit is {MAX_PATH}; choose a shorter one.")
    return place


def _path(memory: Memory) -> str:
    return memory.text.partition("\n")[0]


def _content(memory: Memory) -> str:
    return memory.text.partition("\n")[2]


def _encode_file(place: str, content: str) -> str:
    if len(content) > MAX_FILE:
        raise FileFault(
            f"The file would have {len(content):,} characters, the limit is {MAX_FILE:,}; "
            "split it into several files, or keep only what matters."
        )
    return f"{place}\n{content}"

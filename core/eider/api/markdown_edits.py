"""Brings back what a person changed in an exported directory of Markdown: as a plan first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, cast

from eider.model.errors import InputError
from eider.model.shown import Value
from eider.model.values import KINDS, Memory, MemoryKind
from eider.records.exchange.markdown_folder import INDEX, Folder, digest, plain, read_folder

if TYPE_CHECKING:
    from eider.api.facade import Eider

_PAGE: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit(Value):
    """One change that somebody made in the files."""

    does: Literal["correct", "forget", "add"]
    place: str
    """File and line; for what was deleted its id."""
    text: str
    """What it says now; for what was deleted what it said."""
    id: str | None = None
    old: str = ""
    """What a corrected statement says in the store."""
    scope: str = "global"
    kind: MemoryKind = "fact"


@dataclass(frozen=True, slots=True, kw_only=True)
class EditPlan:
    """What applying the edits would do; nothing is written yet."""

    edits: tuple[Edit, ...]
    unchanged: int
    refused: tuple[str, ...]
    """What cannot be done, each with the reason."""

    def apply(self, memory: Eider) -> Counter[str]:
        """Carry the plan out, and return how often each thing was done.

        Raises:
            EiderError: A change failed; those before it were made, and a new plan holds the rest.
        """
        done = Counter[str]()
        for edit in self.edits:
            if edit.does == "add":
                memory.remember(edit.text, kind=edit.kind, scope=edit.scope)
            elif edit.does == "correct":
                memory.correct(cast("str", edit.id), edit.text)
            else:
                memory.forget(cast("str", edit.id), only_this=True)
            done[edit.does] += 1
        return done


def is_markdown_export(path: str | Path) -> bool:
    """Whether a path is a directory that `export` wrote as Markdown."""
    return (Path(path).expanduser() / INDEX).is_file()


def read_edits(memory: Eider, path: str | Path) -> EditPlan:
    """Return what was changed in an exported directory of Markdown since it was written.

    Args:
        memory: The store that it came from.
        path: What `export(path, format="markdown")` wrote.

    Raises:
        InputError: It is no such directory, or another user's.
    """
    folder = read_folder(Path(path).expanduser())
    if memory.user is not None and folder.user != memory.user:
        raise InputError(f"{str(path)!r} is the memory of {folder.user!r}; open it with user={folder.user!r}.")
    return _Reading(folder, _current(memory)).plan()


def _current(memory: Eider) -> dict[str, Memory]:
    found: dict[str, Memory] = {}
    offset, total = 0, 1
    while offset < total:
        page = memory.search("", kinds=KINDS, status="current", limit=_PAGE, offset=offset)
        found.update({hit.memory.id: hit.memory for hit in page.items if hit.memory is not None})
        offset, total = offset + _PAGE, page.total
    return found


class _Reading:
    """Compares files and store."""

    def __init__(self, folder: Folder, current: dict[str, Memory]) -> None:
        self._folder, self._current = folder, current
        self._refused = list(folder.refused)
        self._edits: list[Edit] = []
        self._unchanged = 0

    def plan(self) -> EditPlan:
        seen: set[str] = set()
        for one in self._folder.statements:
            if one.id is None:
                self._edits.append(
                    Edit(does="add", place=one.place, text=one.text, scope=one.scope, kind=cast("MemoryKind", one.kind))
                )
                continue
            if one.id in seen:
                self._refused.append(f"{one.place}: {one.id} stands there twice; keep one.")
                continue
            seen.add(one.id)
            if one.text:
                self._compare(one.id, one.text, one.scope, one.kind, one.place)
        for id_, said in self._folder.exported.items():
            memory = self._current.get(id_)
            if id_ in seen or memory is None:
                continue  # still there, or gone from the store as well
            if digest(plain(memory.text)) != said:
                self._refused.append(f"{id_}: was deleted here and changed in the store; export again.")
            else:
                self._edits.append(Edit(does="forget", place=id_, text=memory.text, id=id_))
        return EditPlan(edits=tuple(self._edits), unchanged=self._unchanged, refused=tuple(self._refused))

    def _compare(self, id_: str, text: str, scope: str, kind: str, place: str) -> None:
        memory, written = self._current.get(id_), self._folder.exported.get(id_)
        edited = written != digest(text)
        if memory is None:
            if edited:
                self._refused.append(f"{place}: {id_} is not current any more; add it as a new line without the id.")
            return
        if (memory.scope, memory.kind) != (scope, kind):
            self._refused.append(
                f"{place}: {id_} was moved from {memory.scope} · {memory.kind}; take the line with its id away to add it here."
            )
        elif text == plain(memory.text) or not edited:
            self._unchanged += 1
        elif written != digest(plain(memory.text)):
            self._refused.append(f"{place}: {id_} was changed here and in the store; export again.")
        else:
            self._edits.append(Edit(does="correct", place=place, text=text, id=id_, old=memory.text))

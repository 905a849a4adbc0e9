"""A disk after a power cut, made from a trace of what a process did to its files (trace_writes.c).

Nothing is taken for durable but what was synced: a file's bytes by a sync of the file, a name (new, changed or gone) by a
sync of its directory, as POSIX promises and no more.
"""

from __future__ import annotations

import os
import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_NOTE: Final = struct.Struct("=IIIiQQ")
_SECTOR: Final = 512
"""Bytes that reach a disk whole or not at all."""


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that was done: open, write, truncate, sync, rename, unlink or directory."""

    kind: str
    inode: int
    offset: int
    flags: int
    path: str
    data: bytes


def notes(log: Path) -> Iterator[Note]:
    """Read a trace; a torn last note is left out."""
    with log.open("rb") as file:
        while len(head := file.read(_NOTE.size)) == _NOTE.size:
            kind, path, data, flags, inode, offset = _NOTE.unpack(head)
            name, written = file.read(path), file.read(data)
            if len(written) == data:
                yield Note(chr(kind), inode, offset, flags, os.fsdecode(name), written)


@dataclass(slots=True, eq=False)
class File:
    """What is on the disk, and the writes since the last sync; a write without bytes is a truncation."""

    durable: bytearray = field(default_factory=bytearray)
    waiting: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        for offset, data in self.waiting:
            apply(self.durable, offset, data)
        self.waiting = []

    def content(self, draw: random.Random | None) -> bytes:
        """What a power cut leaves: what was synced, and with `draw` any of the sectors written since."""
        if draw is None or not self.waiting:
            return bytes(self.durable)
        left = bytearray(self.durable)
        for offset, data in self.waiting:
            if data is None:
                if draw.random() < 0.5:
                    apply(left, offset, None)
                continue
            for start in range(0, len(data), _SECTOR):
                if draw.random() < 0.5:
                    apply(left, offset + start, data[start : start + _SECTOR])
        return bytes(left)


def apply(content: bytearray, offset: int, data: bytes | None) -> None:
    """Write or, without data, truncate; a hole is zeros."""
    end = offset + len(data or b"")
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    if data is None:
        del content[offset:]
    else:
        content[offset:end] = data


class Disk:
    """The files below one directory, as the process sees them and as they would survive."""

    def __init__(self, root: Path) -> None:
        self.root = str(root)
        self.seen: dict[str, File | None] = {}
        """Path to file, or to None for a directory, as the process sees it."""
        self.kept: dict[str, File | None] = {}
        """The same as it is on the disk."""
        self._changes: dict[str, list[tuple[str, File | None, bool]]] = {}
        """Directory to its changes since its last sync: path, what it names, and whether the name came or went."""
        self._by_inode: dict[int, File | str] = {}

    def follow(self, note: Note) -> None:
        """Do what the process did."""
        match note.kind:
            case "o":
                self._open(note)
            case "d":
                self._by_inode[note.inode] = note.path
                self._name(note.path, None)
            case "w":
                self._file(note.inode).waiting.append((note.offset, note.data))
            case "t":
                self._file(note.inode).waiting.append((note.offset, None))
            case "s":
                self._sync(note.inode)
            case "u":
                self._unname(note.path)
            case "r":
                self._rename(*note.path.split("\n"))
            case _:
                raise AssertionError(note)

    def text_of(self, path: Path) -> bytes:
        """What the process sees in a file."""
        found = self.seen.get(str(path))
        if found is None:
            return b""
        whole = bytearray(found.durable)
        for offset, data in found.waiting:
            apply(whole, offset, data)
        return bytes(whole)

    def cut(self, target: Path, draw: random.Random | None) -> None:
        """Write what a power cut would leave now below `target`; with `draw`, some of what was not synced as well."""
        names = dict(self.kept)
        for changes in self._changes.values() if draw else ():
            for path, file, came in changes[: draw.randint(0, len(changes)) if draw else 0]:
                if came:
                    names[path] = file
                else:
                    names.pop(path, None)
        for path, file in sorted(names.items(), key=lambda item: item[0].count("/")):
            place = target / os.path.relpath(path, self.root)
            if not place.parent.is_dir():
                continue  # in a directory whose own name is not on the disk
            if file is None:
                place.mkdir(mode=0o700, exist_ok=True)
            else:
                place.write_bytes(file.content(draw))

    def _rename(self, old: str, new: str) -> None:
        for path in [p for p in self.seen if p == old or p.startswith(f"{old}/")]:
            moved = self.seen[path]
            self._unname(path)
            self._name(new + path[len(old) :], moved)
        for inode, path in self._by_inode.items():
            if isinstance(path, str) and (path == old or path.startswith(f"{old}/")):
                self._by_inode[inode] = new + path[len(old) :]

    def _open(self, note: Note) -> None:
        if note.flags & os.O_DIRECTORY or note.path == self.root or self.seen.get(note.path, note) is None:
            self._by_inode[note.inode] = note.path
            return
        if note.path not in self.seen:
            self._name(note.path, File())
        found = self.seen[note.path]
        assert found is not None
        self._by_inode[note.inode] = found
        if note.flags & os.O_TRUNC:
            found.waiting.append((0, None))

    def _file(self, inode: int) -> File:
        found = self._by_inode[inode]
        assert isinstance(found, File)
        return found

    def _sync(self, inode: int) -> None:
        found = self._by_inode[inode]
        if isinstance(found, File):
            found.sync()
            return
        for path, file, came in self._changes.pop(found, ()):
            if came:
                self.kept[path] = file
            else:
                self.kept.pop(path, None)

    def _name(self, path: str, file: File | None) -> None:
        self.seen[path] = file
        self._changes.setdefault(str(Path(path).parent), []).append((path, file, True))

    def _unname(self, path: str) -> None:
        file = self.seen.pop(path, None)
        self._changes.setdefault(str(Path(path).parent), []).append((path, file, False))

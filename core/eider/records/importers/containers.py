"""Files of an export, whether it lies there as a zip, a directory or one file, read piece by piece."""

from __future__ import annotations

import io
import json
import sqlite3
import zipfile
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final, cast

from eider.model.errors import InputError

_CHUNK: Final = 1 << 20
_LONGEST: Final = 64 << 20
"""Characters of one element of an array; a longer one is refused instead of filling the memory. A guess."""
_SQLITE: Final = b"SQLite format 3\0"


class Files:
    """The files of an export by their names, without the folders they lie in."""

    def __init__(self, path: Path) -> None:
        """Look what is there.

        Raises:
            InputError: It is a zip that cannot be read.
        """
        self._path = path
        self._zip: zipfile.ZipFile | None = None
        if path.is_dir():
            self._names = {p.name: str(p) for p in sorted(path.iterdir()) if p.is_file()}
        elif zipfile.is_zipfile(path):
            try:
                self._zip = zipfile.ZipFile(path)
            except (zipfile.BadZipFile, OSError) as error:
                raise InputError(f"{str(path)!r} is no zip that can be read ({error}); download it again.") from error
            self._names = {PurePosixPath(n).name: n for n in sorted(self._zip.namelist()) if not n.endswith("/")}
        else:
            self._names = {path.name: str(path)}

    def names(self) -> list[str]:
        """Return the names, sorted."""
        return sorted(self._names)

    @contextmanager
    def open(self, name: str) -> Generator[IO[bytes]]:
        """Open one of them for reading."""
        where = self._names[name]
        with self._zip.open(where) if self._zip is not None else Path(where).open("rb") as file:
            yield cast("IO[bytes]", file)

    def elements(self, name: str) -> Generator[Any]:
        """Yield the elements of a JSON array, or the one value that the file holds.

        Raises:
            InputError: It is not valid JSON, or breaks off.
        """
        with self.open(name) as file, io.TextIOWrapper(file, encoding="utf-8-sig") as text:
            try:
                yield from _elements(text)
            except (UnicodeDecodeError, zipfile.BadZipFile, EOFError) as error:
                raise InputError(f"{name!r} cannot be read ({str(error)[:100]}); export it again.") from error

    def value(self, name: str) -> Any:
        """Return the one JSON value of a file."""
        with closing(self.elements(name)) as elements:
            return next(elements, None)

    def first(self, name: str) -> Any:
        """Return the first element of an array; None where it cannot be read. Never raises."""
        with suppress(InputError, OSError, KeyError, RuntimeError), closing(self.elements(name)) as elements:
            return next(elements, None)
        return None


def _elements(text: IO[str]) -> Iterator[Any]:
    decoder, buffer, place, count = json.JSONDecoder(), text.read(_CHUNK).lstrip(), 0, 0
    if not buffer.startswith("["):
        yield from _whole(buffer, text)
        return
    place = 1
    while True:
        while place < len(buffer) and buffer[place] in " \t\r\n,":
            place += 1
        if place < len(buffer):
            if buffer[place] == "]":
                return
            try:
                value, end = decoder.raw_decode(buffer, place)
                if end < len(buffer):
                    yield value
                    place, count = end, count + 1
                    continue
            except (ValueError, RecursionError):
                pass
        held = buffer[place:]
        more = text.read(max(_CHUNK, len(held)))
        if not more or len(held) > _LONGEST:
            raise InputError(f"element {count + 1} is not valid JSON, or breaks off; what is before it was read.")
        buffer, place = held + more, 0


def _whole(buffer: str, text: IO[str]) -> Iterator[Any]:
    """Yield the one value of a file that is no array."""
    rest = text.read(_LONGEST)
    try:
        yield json.loads(buffer + rest)
    except (ValueError, RecursionError) as error:
        raise InputError(f"is not valid JSON ({str(error)[:100]}).") from None


def one_file(path: Path, *endings: str) -> bool:
    """Whether a path is a file with one of these endings."""
    return path.is_file() and path.name.lower().endswith(endings)


def tables(path: Path) -> dict[str, set[str]]:
    """Return the tables of an SQLite database with their columns; nothing where it is none. Never raises."""
    with suppress(OSError, sqlite3.Error):
        with path.open("rb") as file:
            if file.read(len(_SQLITE)) != _SQLITE:
                return {}
        with closing(_database(path)) as db:
            names = [str(row["name"]) for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {
                n: {str(c["name"]) for c in db.execute("SELECT name FROM pragma_table_info(?)", [n])} for n in names
            }
    return {}


def rows(path: Path, sql: str) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of a query on another tool's SQLite database, which is opened for reading only.

    Raises:
        InputError: It cannot be read.
    """
    try:
        with closing(_database(path)) as db:
            for row in db.execute(sql):
                yield dict(row)
    except sqlite3.Error as error:
        raise InputError(f"{str(path)!r} cannot be read ({error}); close the program that uses it.") from error


def _database(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    db.row_factory = sqlite3.Row
    db.text_factory = lambda data: data.decode("utf-8", "replace")  # pyright: ignore[reportAttributeAccessIssue]
    return db

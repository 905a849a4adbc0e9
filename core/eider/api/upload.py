"""Files that travel to and from a server on another machine: exports as they were written, imports as they are.

A directory (a Parquet export) travels as a plain tar of its files. Both ends hold what passes in a file, never whole
in memory.
"""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from eider.model.errors import EiderError, InputError, TooLargeError

MAX_UPLOAD: Final = 1024 * 1024 * 1024
"""Bytes of a file that is imported from afar; about three million rows, gzipped five times that."""
FILE: Final = "application/octet-stream"
FOLDER: Final = "application/x-tar"
REQUEST: Final = "eider-request"
"""Header that carries the request of an import, whose body is the file."""
ROWS: Final = "eider-rows"
"""Header that says how many rows an export holds."""
CHUNK: Final = 256 * 1024
_MEMBERS: Final = 10_000
_PLACE: Final = "tmp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A file as an answer; it has no name any more, and is gone when it is closed."""

    file: IO[bytes]
    size: int
    media: str
    rows: int


def sweep(home: str) -> None:
    """Take away what a killed server left half sent."""
    shutil.rmtree(os.path.join(home, _PLACE), ignore_errors=True)


@contextmanager
def private(home: str) -> Generator[Path]:
    """A directory of one's own for as long as the block lasts."""
    held = os.path.join(home, _PLACE)
    os.makedirs(held, mode=0o700, exist_ok=True)
    place = Path(tempfile.mkdtemp(dir=held))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def sent(path: Path, rows: int) -> Sent:
    """What was exported, ready to be sent; its name may be removed at once."""
    media = FILE
    if path.is_dir():
        path, media = packed(path, path.with_name("export.tar")), FOLDER
    file = path.open("rb")
    return Sent(file=file, size=os.fstat(file.fileno()).st_size, media=media, rows=rows)


def packed(folder: Path, to: Path) -> Path:
    """A directory's files as a tar; nothing but their names and bytes goes in."""
    with tarfile.open(to, "w", format=tarfile.PAX_FORMAT) as tar:
        for found in sorted(folder.iterdir()):
            if found.is_file():
                head = tarfile.TarInfo(found.name)
                head.size, head.mode = found.stat().st_size, 0o600
                with found.open("rb") as file:
                    tar.addfile(head, file)
    return to


def unpack_into(packed: IO[bytes], folder: Path) -> Path:
    """The files of a tar in a directory: plain files under plain names, nothing else is believed.

    Raises:
        InputError: It is no tar, or holds what an export never does.
        TooLargeError: It is larger than what may be sent.
    """
    folder.mkdir(0o700)
    size = 0
    try:
        with tarfile.open(fileobj=packed, mode="r:") as tar:
            for number, member in enumerate(tar):
                name, size = member.name, size + member.size
                if not member.isreg() or name != os.path.basename(name) or name.startswith(".") or number >= _MEMBERS:
                    raise InputError(f"{name[:40]!r} is nothing that an export holds; send a tar of its files alone.")
                if size > MAX_UPLOAD:
                    raise TooLargeError("the files", size, MAX_UPLOAD, "bytes")
                file = tar.extractfile(member)
                if file is not None:
                    with (folder / name).open("xb") as to:
                        shutil.copyfileobj(file, to, CHUNK)
    except (tarfile.TarError, FileExistsError, EOFError) as error:
        raise InputError(f"the files cannot be unpacked ({type(error).__name__}); send a tar of an export.") from None
    return folder


def path_of_upload(file: Path, media: str) -> Path:
    """What was sent along, as the path that an import reads."""
    if not media.startswith(FOLDER):
        return file
    with file.open("rb") as tar:
        return unpack_into(tar, file.with_name("import"))


@contextmanager
def told_of(place: Path, given: str) -> Generator[None]:
    """Say in errors what the caller named, not where its content is held meanwhile."""
    try:
        yield
    except EiderError as error:
        error.args = tuple(a.replace(str(place), given) if isinstance(a, str) else a for a in error.args)
        if hasattr(error, "path"):
            error.path = Path(given)  # pyright: ignore[reportAttributeAccessIssue]
        raise


def close(answer: Sent) -> None:
    """Let go of a file that was sent, or was not."""
    with suppress(OSError):
        answer.file.close()

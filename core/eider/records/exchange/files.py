"""Files of an export: lines of JSON, gzipped or not, or a directory of Parquet; written whole or not at all."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import file_digest, sha256
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final, cast

from eider.model.errors import InputError, ReadOnlyStoreError, StoreFullError, StoreMissingError
from eider.model.failpoints import point
from eider.model.processes import is_running
from eider.privacy import signing

Line = dict[str, Any]
HEADER: Final = "header.json"
TYPES: Final = ("event", "episode", "memory", "edge", "usage", "content", "run", "step")
"""Kinds of rows, in the order they are written: history first, so that rows can name it; outputs before runs."""
MARK: Final = "eider"
VERSION: Final = 1
SHAPES: Final = '{"text": …} for a statement, {"role": …, "content": …, "at": …} for a message, one object a line'
KEY: Final = "key"
SIGNATURE: Final = "signature"
_LONGEST: Final = 100 * 1024 * 1024
"""Bytes of a line: an output of the greatest length, all of it escaped."""
_ROWS: Final = 5_000
"""Rows of Parquet held at once."""
_JSON: Final = ("metadata", "payload", "evidence", "answers", "said_again", "doubt", "saw", "cut")
"""Fields that Parquet keeps as JSON text."""


def json_line(line: Mapping[str, Any]) -> str:
    """One line of JSON; the same row always reads the same."""
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


# ---------------------------------------------------------------------- writing


@contextmanager
def replacing(path: Path) -> Generator[Path]:
    """A place beside `path` to write to, which takes its name once all is written and on disk.

    Raises:
        InputError: There is no such directory, or a directory is in the way.
        StoreFullError: The disk is full; what was at the path is untouched.
    """
    # take away what killed processes left
    for left in path.parent.glob(f".{glob_safe(path.name)}.*.partial"):
        pid = left.name.removesuffix(".partial").rpartition(".")[2]
        with suppress(OSError):
            if pid.isdigit() and not is_running(int(pid)):
                _removed(left)
    beside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield beside
        point("export.written")
        if not path.is_dir() or not beside.is_dir():
            beside.replace(path)
        else:
            old = path.with_name(f".{path.name}.old.{os.getpid()}.partial")
            path.rename(old)
            point("export.between")
            beside.rename(path)
            _removed(old)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except PermissionError as error:
        raise ReadOnlyStoreError(path.parent) from error
    except FileNotFoundError as error:
        raise InputError(f"{str(path.parent)!r} does not exist; create it, or name another path.") from error
    except OSError as error:
        raise StoreFullError(path.parent, os.strerror(error.errno or 0)) from error
    finally:
        _removed(beside)


def glob_safe(name: str) -> str:
    """A name without the signs that a pattern gives a meaning."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def _removed(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def new_private_file(path: Path) -> Generator[IO[bytes]]:
    """A new file that only its owner may read, on disk when the block ends; compressed when its name says so."""
    if path.is_dir():
        raise InputError(f"{str(path)!r} is a directory; name a file, or export as format='parquet'.")
    with replacing(path) as beside:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as raw:
            if path.suffix == ".gz":
                with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6) as packed:
                    yield cast("IO[bytes]", packed)
            else:
                yield raw
            raw.flush()
            os.fsync(raw.fileno())


def write_lines(path: Path, header: Line, lines: Callable[[], Iterable[Line]]) -> int:
    """Write the header, signed over all rows, and the rows; returns how many rows.

    Args:
        path: Where to.
        header: What stands first.
        lines: Gives all rows, the same ones each time.
    """
    rows, digest = 0, sha256()
    for line in lines():
        digest.update(f"{json_line(line)}\n".encode())
    with new_private_file(path) as file:
        file.write(f"{json_line(sign_header(header, digest.digest()))}\n".encode())
        for line in lines():
            file.write(f"{json_line(line)}\n".encode())
            rows += 1
    return rows


def write_parquet(path: Path, header: Line, tables: Mapping[str, Callable[[], Iterator[Line]]]) -> int:
    """Write a directory with one Parquet file for each kind of row; an older export there is replaced."""
    if path.is_file():
        raise InputError(f"{str(path)!r} is a file; a Parquet export is a directory, so name another path.")
    if path.is_dir() and any(path.iterdir()) and not (path / HEADER).exists():
        raise InputError(f"{str(path)!r} holds something else than an export; name an empty or new directory.")
    rows = 0
    with replacing(path) as beside:
        beside.mkdir(0o700)
        for name, lines in tables.items():
            rows += _write_table(beside / f"{_plural(name)}.parquet", name, lines())
        with _private(beside / HEADER) as file:
            file.write(f"{json_line(sign_header(header, _digest_of_tables(beside)))}\n".encode())
    return rows


def _plural(name: str) -> str:
    return {"memory": "memories", "usage": "usage"}.get(name, f"{name}s")


def sign_header(header: Line, digest: bytes) -> Line:
    """Return a header with the signature of this home over itself and the rows; as it is where there is no key."""
    secret = signing.home_key()
    if secret is None:
        return header
    whole = {**header, KEY: signing.public_key(secret)}
    return {**whole, SIGNATURE: signing.sign(secret, _message(whole, digest))}


def signer(path: Path) -> str | None:
    """Return the public key that signed an export; None where it is not signed, or was changed since.

    Raises:
        OSError: It cannot be read.
    """
    if path.is_dir():
        header, digest = _parse_chunk((path / HEADER).read_bytes()), _digest_of_tables(path)
    else:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            file = cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if packed else raw
            try:
                header, rows = _parse_chunk(file.readline(_LONGEST)), sha256()
                while chunk := file.read(1 << 20):
                    rows.update(chunk)
            except (EOFError, gzip.BadGzipFile):
                return None
            digest = rows.digest()
    if isinstance(header, InputError):
        return None
    key, signature = str(header.get(KEY)), str(header.pop(SIGNATURE, ""))
    return key if signing.verifies(key, _message(header, digest), signature) else None


def _message(header: Line, digest: bytes) -> bytes:
    return b"eider export\0" + json_line(header).encode() + b"\0" + digest


def _digest_of_tables(folder: Path) -> bytes:
    """Return a digest of the names and bytes of all tables of an export."""
    whole = sha256()
    for table in sorted(folder.glob("*.parquet")):
        with table.open("rb") as file:
            whole.update(f"{table.name}\0{file_digest(file, 'sha256').hexdigest()}\0".encode())
    return whole.digest()


@contextmanager
def _private(path: Path) -> Generator[IO[bytes]]:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _write_table(path: Path, name: str, lines: Iterator[Line]) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema, rows = _schema(name), 0
    with _private(path) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        while batch := [_pack_line(line) for line in islice(lines, _ROWS)]:
            writer.write_table(pa.Table.from_pylist(batch, schema=schema))
            rows += len(batch)
    return rows


def _schema(name: str) -> Any:
    """Columns of a kind of row; instants are text as in JSON, to the microsecond and with their zone."""
    import pyarrow as pa

    text, whole, real, flag, texts = pa.string(), pa.int64(), pa.float64(), pa.bool_(), pa.list_(pa.string())
    instant = pa.timestamp("us", "UTC")
    fields = {
        "event": {"seq": whole, "at": instant, "actor": text, "op": text, "ids": texts, "payload": text},
        "episode": {
            "id": text, "rev": whole, "session": text, "seq": whole, "at": instant, "tz": text, "speaker": text,
            "role": text, "origin": text, "text": text, "recorded_at": instant, "metadata": text, "key": text,
        },
        "memory": {
            "id": text, "rev": whole, "kind": text, "text": text, "agent": text, "scope": text, "origin": text,
            "trust": whole, "subject": text, "entities": texts, "importance": whole, "confidence": real,
            "evidence": text, "valid_from": instant, "valid_to": instant, "from_precision": text,
            "to_precision": text, "recorded_at": instant, "retired_at": instant, "superseded_by": text,
            "pinned": flag, "state": text, "merged_from": texts, "key": text, "act": text, "reach": text,
            "answers": text, "said_again": text, "wording": text, "doubt": text,
        },
        "edge": {"source": text, "target": text, "kind": text, "weight": real, "rev": whole},
        "usage": {"id": text, "stability": real, "last_used": instant, "uses": whole, "shown": whole},
        "content": {"digest": text, "media": text, "text": text, "base64": text},
        "run": {
            "id": text, "agent": text, "name": text, "key": text, "status": text, "sees": text, "scope": text, "session": text,
            "trust": whole, "started_at": instant, "active_at": instant, "ended_at": instant, "parent": text,
            "parent_step": text, "error": text, "outcome": real, "attempts": whole, "inputs": text, "output": text,
        },
        "step": {
            "run": text, "name": text, "number": whole, "kind": text, "status": text, "seq": whole, "after": whole,
            "started_at": instant, "ended_at": instant, "trust": whole, "media": text, "size": whole, "tokens": whole,
            "digest": text, "model": text, "error": text, "attempts": whole, "sees": text, "saw": text, "cut": text,
            "child": text, "promoted": texts, "in_order": flag,
        },
    }  # fmt: skip
    return pa.schema(fields[name])


_INSTANTS: Final = (
    "at", "recorded_at", "retired_at", "valid_from", "valid_to", "last_used", "started_at", "active_at", "ended_at"
)  # fmt: skip


def _pack_line(line: Line) -> Line:
    from datetime import datetime

    packed = {k: v for k, v in line.items() if k != "type"}
    for name in _JSON:
        if packed.get(name) is not None:
            packed[name] = json_line(packed[name])
    for name in _INSTANTS:
        if packed.get(name) is not None:
            packed[name] = datetime.fromisoformat(packed[name])
    return packed


# ---------------------------------------------------------------------- reading


def read(path: Path) -> tuple[Line | None, Iterator[tuple[str, Line | InputError]]]:
    """Header (None where there is none) and rows, each with its place; a broken row is an error in its place.

    Raises:
        StoreMissingError: Nothing is there.
        InputError: It cannot be read.
    """
    if not path.exists():
        raise StoreMissingError(path, "name the file or directory that export wrote.")
    try:
        return _read_parquet(path) if path.is_dir() else _read_lines(path)
    except PermissionError as error:
        raise InputError(f"{str(path)!r} may not be read; give this user permission.") from error


def _read_parquet(path: Path) -> tuple[Line, Iterator[tuple[str, Line | InputError]]]:
    if not (path / HEADER).is_file():
        raise InputError(f"{str(path)!r} holds no {HEADER!r}; name a directory that export(format='parquet') wrote.")
    header = _parse_chunk((path / HEADER).read_bytes())
    if isinstance(header, InputError):
        raise header
    return header, _parquet_rows(path)


def _parquet_rows(path: Path) -> Iterator[tuple[str, Line | InputError]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    for name in TYPES:
        file = path / f"{_plural(name)}.parquet"
        if not file.is_file():
            continue
        place, row = file.name, 0
        try:
            with pq.ParquetFile(file) as table:
                for batch in table.iter_batches(_ROWS):
                    for line in batch.to_pylist():
                        row += 1
                        yield f"{place} row {row}", _unpack_line(name, line)
        except (pa.ArrowException, OSError) as error:
            yield f"{place} after row {row}", InputError(f"cannot be read ({str(error).splitlines()[0][:200]}).")


def _unpack_line(name: str, packed: Line) -> Line | InputError:
    line: Line = {"type": name, **packed}
    for field in _JSON:
        if isinstance(line.get(field), str):
            try:
                line[field] = json.loads(line[field])
            except ValueError:
                return InputError(f"{field} is no JSON; export again.")
    return line


def _read_lines(path: Path) -> tuple[Line | None, Iterator[tuple[str, Line | InputError]]]:
    """The first line decides: with a header it is an export, else lines of somebody else's making."""
    rows = _lines(path)
    first = next(rows, None)
    if first is None:
        return None, iter(())
    line = first[1]
    if isinstance(line, dict) and MARK in line:
        return line, rows
    if isinstance(line, dict) and line.get("type") in TYPES and "rev" in line:
        raise InputError(f"the header of {str(path)!r} is missing; its first line must be the one export wrote.")
    return None, _with_first(first, rows)


def _with_first(
    first: tuple[str, Line | InputError], rest: Iterator[tuple[str, Line | InputError]]
) -> Iterator[tuple[str, Line | InputError]]:
    yield first
    yield from rest


def _lines(path: Path) -> Iterator[tuple[str, Line | InputError]]:
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        file = cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if packed else raw
        number = 0
        try:
            while chunk := file.readline(_LONGEST):
                number += 1
                if not chunk.endswith(b"\n") and len(chunk) >= _LONGEST:
                    while (rest := file.readline(_LONGEST)) and not rest.endswith(b"\n"):
                        pass
                    yield f"line {number}", InputError(f"has more than {_LONGEST:,} bytes; split it.")
                elif chunk.strip():
                    yield f"line {number}", _parse_chunk(chunk)
        except (EOFError, gzip.BadGzipFile, OSError) as error:
            yield f"after line {number}", InputError(f"the file breaks off ({error}); export again.")


def _parse_chunk(chunk: bytes) -> Line | InputError:
    try:
        found = json.loads(chunk.removeprefix(b"\xef\xbb\xbf").decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        return InputError(f"is not valid JSON ({str(error)[:100]}); write {SHAPES}.")
    return cast("Line", found) if isinstance(found, dict) else InputError(f"is no JSON object; write {SHAPES}.")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")

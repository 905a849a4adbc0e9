"""Queries run in a process of their own, so that their limits hold whatever one value costs.

DuckDB looks for an interrupt between vectors only, and the memory of one long value escapes its limit. A process ends
when it is killed, and the system refuses it more memory than it may have. The process is started at the first query,
kept for the next ones, opens no file, and ends with its parent.
"""

from __future__ import annotations

import atexit
import io
import json
import os
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final

import pyarrow as pa

from eider.model.errors import SqlError
from eider.store import sql_sandbox
from eider.store.sql_sandbox import too_large, too_slow

_ROOT: Final = str(Path(__file__).parents[2])
_START: Final = "import sys; sys.path.insert(0, sys.argv.pop(1)); from eider.store.sql_worker import main; main()"
_SLACK_SECONDS: Final = 1.0
"""Beyond a query's time, in which DuckDB may end it by itself; then its process is killed."""
_START_SECONDS: Final = 30.0
"""For a process to start and to take in the rows, on a machine that is busy."""
_SLACK_MEMORY: Final = 192 * 2**20
"""Bytes beyond a query's memory, for the answer on its way."""
_WORKERS: Final = 2
"""Queries that run at the same time; more wait."""
_MB: Final = 2**20
_LENGTH: Final = struct.Struct(">Q")
_CHUNK: Final = 1 << 20
_turns: Final = threading.BoundedSemaphore(_WORKERS)
_idle: Final[list[tuple[int, subprocess.Popen[bytes]]]] = []
"""Processes that wait for a query, each with the process that started it."""


def answer(
    tables: Callable[[], Mapping[str, pa.Table]],
    query: str,
    *,
    params: Sequence[object] = (),
    rows: int,
    seconds: float,
    memory: int,
) -> tuple[pa.Schema, list[pa.RecordBatch], bool]:
    """Run one reading statement over these tables in another process.

    Args:
        tables: Reads what it may see.
        query: A single SELECT, WITH, DESCRIBE, SHOW, SUMMARIZE or EXPLAIN.
        params: Values for its placeholders, in order.
        rows: Most rows handed out.
        seconds: Most time it may take; it ends at most a second later.
        memory: Most megabytes that rows, query and answer may take together.

    Returns:
        Schema, batches, and whether rows were left out.

    Raises:
        SqlError: It was refused, failed, or took too much time or memory; the message says what to do.
    """
    if not _turns.acquire(timeout=seconds):
        raise SqlError(f"other queries ran for all of the {seconds:g} s; wait for them, or pass a larger seconds=.")
    worker: subprocess.Popen[bytes] | None = None
    try:
        worker = _worker()
        said, body = _ask(worker, tables(), query, params=params, rows=rows, seconds=seconds, memory=memory)
    except BaseException:
        if worker is not None:
            _end(worker)
        raise
    else:
        _idle.append((os.getpid(), worker))
    finally:
        _turns.release()
    if "error" in said:
        raise SqlError(str(said["error"]))
    with pa.ipc.open_stream(body) as reader:
        return reader.schema, list(reader), bool(said["truncated"])


def _worker() -> subprocess.Popen[bytes]:
    while _idle:
        owner, worker = _idle.pop()
        if owner == os.getpid() and worker.poll() is None:
            return worker
    given = [sys.executable, "-P", "-X", "utf8", "-c", _START, _ROOT]
    try:
        return subprocess.Popen(given, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # noqa: S603
    except OSError as error:
        raise SqlError(f"no process for the query can be started ({error.strerror}); try again.") from error


def _ask(
    worker: subprocess.Popen[bytes], tables: Mapping[str, pa.Table], query: str, *, params: Sequence[object], rows: int, seconds: float, memory: int
) -> tuple[dict[str, Any], bytes]:  # fmt: skip
    """Send a query and its rows; the answer, or that it went beyond a limit."""
    if worker.stdin is None or worker.stdout is None:
        raise SqlError("the query's process cannot be reached; try again.")
    head = json.dumps(
        {
            "query": query,
            "params": list(params),
            "rows": rows,
            "seconds": seconds,
            "memory": memory,
            "tables": list(tables),
        }
    )
    try:
        _send(worker.stdin, head.encode())
        for table in tables.values():
            _send(worker.stdin, _packed(table.schema, table.to_batches()))
        _receive(worker.stdout, time.monotonic() + _START_SECONDS, _CHUNK)  # it has them, and begins
    except (OSError, EOFError, TimeoutError):
        raise SqlError(too_large(memory)) from None
    try:
        end = time.monotonic() + seconds + _SLACK_SECONDS
        said: dict[str, Any] = json.loads(_receive(worker.stdout, end, _CHUNK))
        return said, b"" if "error" in said else _receive(worker.stdout, end + _SLACK_SECONDS, memory * _MB)
    except TimeoutError:
        raise SqlError(too_slow(seconds)) from None
    except (OSError, EOFError, OverflowError):  # the system refused it more memory
        raise SqlError(too_large(memory)) from None


def _packed(schema: pa.Schema, batches: list[pa.RecordBatch]) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return sink.getvalue()


def _send(to: IO[bytes], data: bytes) -> None:
    to.write(_LENGTH.pack(len(data)))
    to.write(data)
    to.flush()


def _receive(pipe: IO[bytes], end: float, most: int) -> bytes:
    """One message.

    Raises:
        TimeoutError: It does not come in time.
        EOFError: The process ended.
        OverflowError: It is too long.
    """
    size = _LENGTH.unpack(_read(pipe, _LENGTH.size, end))[0]
    if size > most:
        raise OverflowError(size)
    return _read(pipe, size, end)


def _read(pipe: IO[bytes], size: int, end: float) -> bytes:
    found, descriptor = bytearray(), pipe.fileno()
    while len(found) < size:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            raise TimeoutError
        if not (part := os.read(descriptor, min(_CHUNK, size - len(found)))):
            raise EOFError
        found += part
    return bytes(found)


def _end(worker: subprocess.Popen[bytes]) -> None:
    worker.kill()
    for pipe in (worker.stdin, worker.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    worker.wait()


@atexit.register
def _end_all() -> None:
    while _idle:
        owner, worker = _idle.pop()
        if owner == os.getpid():
            _end(worker)


# ---------------------------------------------------------------------- the other process


def main() -> None:
    """Answer queries until the parent ends."""
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while (head := _message(source)) is not None:
        asked: dict[str, Any] = json.loads(head)
        tables = {name: pa.ipc.open_stream(_message(source) or b"").read_all() for name in asked["tables"]}
        _send(sink, b"")
        # let the system refuse this process more than it has and `more` bytes, where the system can
        import resource

        with suppress(OSError, ValueError):
            held = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5]) * resource.getpagesize()
            resource.setrlimit(
                resource.RLIMIT_DATA, (held + (asked["memory"] * _MB + _SLACK_MEMORY), resource.RLIM_INFINITY)
            )
        try:
            schema, batches, truncated = sql_sandbox.answer(
                lambda tables=tables: tables, asked["query"], params=asked["params"], rows=asked["rows"], seconds=asked["seconds"],
                memory=asked["memory"],
            )  # fmt: skip
            body = _packed(schema, batches)
        except SqlError as error:
            _send(sink, json.dumps({"error": str(error)}).encode())
            continue
        except MemoryError:
            _send(sink, json.dumps({"error": too_large(asked["memory"])}).encode())
            continue
        _send(sink, json.dumps({"truncated": truncated}).encode())
        _send(sink, body)


def _message(source: IO[bytes]) -> bytes | None:
    size = source.read(_LENGTH.size)
    return source.read(_LENGTH.unpack(size)[0]) if len(size) == _LENGTH.size else None

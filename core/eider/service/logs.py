"""What the server was asked and what went wrong, as lines of JSON without content: `log/calls.jsonl`, `log/errors.jsonl`.

Users are digests under a key of this home, stores are names, messages keep no word that came with the request. Lines
are handed to a thread; a log that cannot be written loses lines and counts them, and no request waits for it.
"""

from __future__ import annotations

import atexit
import hashlib
import hmac
import json
import logging
import os
import queue
import re
import secrets
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from io import TextIOWrapper
from logging.handlers import QueueListener, RotatingFileHandler
from typing import TYPE_CHECKING, Any, Final

from eider.model.errors import EiderError
from eider.privacy.redact import redact

if TYPE_CHECKING:
    from eider.service.http_request import AccessRecord

SIZE: Final = 10 * 1000 * 1000
"""Bytes after which a file is set aside."""
FILES: Final = 3
"""Files of each kind, the present one included."""
WAITING: Final = 20_000
"""Lines that may wait; more are dropped and counted."""
_MAX_SAID: Final = 50_000
"""Characters of a request that are compared with a message; what is longer is told without its message."""
_SHORT: Final = 4
_OWN: Final = "eider"
"""In every fix a message names, in every path of a store, and no content."""
_FREE: Final = ("SqlError", "ProviderError")
"""Errors whose messages quote others at length."""
_WORD: Final = re.compile(r"\w+")
_QUOTED: Final = re.compile(r"""(['"]).*\1""", re.DOTALL)
_OPEN: Final = re.compile(r"""(?<!\w)['"].*""", re.DOTALL)
_CLIENT: Final = re.compile(r"\d+(\.\d+){1,3}/\d+")


class Logs:
    """The two logs of one home."""

    def __init__(self, home: str) -> None:
        """Write nothing yet."""
        self.folder = os.path.join(home, "log")
        self.dropped = 0
        self._lines: queue.Queue[logging.LogRecord] = queue.Queue(WAITING)
        self._writer: _Writer | None = None
        self._closed = False
        self._starting = threading.Lock()
        self._secret = b""

    def seen(self, seen: AccessRecord) -> None:
        """Note an answered request, and its error if it had one; never blocks, never raises."""
        try:
            if seen.route.startswith(("server/", "metrics")) and seen.error is None:
                return  # whoever watches the server is no news
            self._add("calls", self._call(seen))
            if seen.error is not None:
                self._add("errors", self._error(seen, seen.error))
        except Exception:  # noqa: BLE001 (a log is never the reason why something fails)
            self.dropped += 1

    def fault(self, where: str, error: BaseException) -> None:
        """Note what failed outside of a request."""
        with suppress(Exception):
            self._add("errors", {"at": _now(), "route": where, "kind": type(error).__name__, "trace": _trace(error)})

    def take_over(self) -> None:
        """Note also what fails in threads and finalizers; Python itself would print its message, which may hold content."""
        threading.excepthook = lambda told: self.fault("thread", told.exc_value or told.exc_type())
        sys.unraisablehook = lambda told: self.fault("finalizer", told.exc_value or told.exc_type())

    def flush(self) -> None:
        """Wait until what was noted is written."""
        self._lines.join()

    def close(self) -> None:
        """Write what waits and end; what is noted after that is lost, and counted."""
        with self._starting:
            writer, self._writer, self._closed = self._writer, None, True
        if writer is not None:
            writer.stop()
            for file in writer.handlers:
                file.close()

    # ------------------------------------------------------------------ what is said

    def _call(self, seen: AccessRecord) -> dict[str, Any]:
        request = seen.body.get("request")
        user = request.get("user") if isinstance(request, dict) else None
        client = seen.client if _CLIENT.fullmatch(seen.client) else ""
        line = {"at": _now(), "route": seen.route, "status": seen.status, "ms": round(seen.seconds * 1000, 2),
                "store": self._store(seen), "user": self._digest(user), "client": client}  # fmt: skip
        return {name: said for name, said in line.items() if said != ""}

    def _store(self, seen: AccessRecord) -> str:
        """Name of the store where there is one of that name, else its digest: a caller may send anything as a name."""
        store = seen.body.get("store")
        if not isinstance(store, str):
            return ""
        name = os.path.basename(store).removesuffix(".eider")
        there = seen.error is None or os.path.isdir(os.path.join(self.folder, "..", "stores", f"{name}.eider"))
        return name if there else self._digest(name)

    def _digest(self, said: Any) -> str:
        if not isinstance(said, str):
            return ""
        self._secret = self._secret or secret(self.folder)
        return hmac.new(self._secret, said.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:16]

    def _error(self, seen: AccessRecord, error: Exception) -> dict[str, Any]:
        frames = traceback.extract_tb(error.__traceback__)
        line = {
            **self._call(seen),
            "kind": type(error).__name__,
            "where": (f"{_module(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""),
        }
        if isinstance(error, EiderError):
            return {**line, "message": without_content(str(error), seen.body, type(error).__name__)}
        return {**line, "trace": _trace(error)}

    def _add(self, name: str, line: Mapping[str, Any]) -> None:
        with self._starting:
            if self._closed:  # a second writer would take the end that the first one waits for
                self._lost()
                return
            if self._writer is None:
                files = (_PrivateFile(self.folder, kind, self._lost) for kind in ("calls", "errors"))
                self._writer = _Writer(self._lines, *files)
                self._writer.start()
                atexit.register(self.close)
        try:
            text = json.dumps(line, separators=(",", ":"))
            self._lines.put_nowait(logging.makeLogRecord({"name": name, "msg": text}))
        except queue.Full:
            self._lost()

    def _lost(self) -> None:
        self.dropped += 1


class _Writer(QueueListener):
    """The thread that writes; it ends once all that waits is written."""

    def enqueue_sentinel(self) -> None:
        """Wait for a place where many lines wait."""
        self.queue.put(None)  # pyright: ignore[reportAttributeAccessIssue] (a queue.Queue)


class _PrivateFile(RotatingFileHandler):
    """One log, which only this account may read; full files are set aside as `calls.1.jsonl`, and the oldest goes."""

    def __init__(self, folder: str, name: str, lost: Callable[[], None]) -> None:
        path = os.path.join(folder, f"{name}.jsonl")
        super().__init__(path, maxBytes=SIZE, backupCount=FILES - 1, encoding="utf-8", delay=True)
        self.addFilter(logging.Filter(name))
        self._folder, self._told_lost = folder, lost

    def rotation_filename(self, default_name: str) -> str:
        """Return `calls.1.jsonl` for `calls.jsonl.1`."""
        stem, _, number = default_name.rpartition(".jsonl.")
        return f"{stem}.{number}.jsonl"

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 (the standard library's name)
        """Count a line that could not be written."""
        self._told_lost()

    def _open(self) -> TextIOWrapper:
        if not os.path.isdir(os.path.dirname(self._folder)):
            raise FileNotFoundError(self._folder)  # a home that was removed does not come back for its log
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        return open(self.baseFilename, "a", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600))


def secret(folder: str) -> bytes:
    """The key of this home's digests, made once: without it nobody can try names."""
    path = os.path.join(folder, "key")
    with suppress(FileNotFoundError), open(path, "rb") as file:
        if found := file.read():
            return found
    os.makedirs(folder, mode=0o700, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(made := secrets.token_bytes(32))
    return made


# ---------------------------------------------------------------------- messages without content


def without_content(message: str, body: Mapping[str, Any], kind: str = "") -> str:
    """A message with everything taken out that may come from the request or from a memory.

    What is quoted goes, then every word that the request holds as well, then what looks like a secret.

    >>> without_content("'the key' is empty; pass at least one visible character.", {"request": {"text": "character"}})
    '… is empty; pass at least one visible ….'
    """
    said = _request_text(body)
    if kind in _FREE or said is None:
        return "…"
    bare = _OPEN.sub("…", _QUOTED.sub("…", message))
    words = {word.casefold() for word in _WORD.findall(said)} - {_OWN}
    return str(redact(_WORD.sub(lambda found: "…" if _is_told(found[0], words) else found[0], bare)))


def _is_told(word: str, words: set[str]) -> bool:
    return (len(word) >= _SHORT or not word.isalpha()) and word.casefold() in words


def _request_text(body: Mapping[str, Any]) -> str | None:
    """All texts of a request; None when they are too long to be compared."""
    parts: list[str] = []
    size, left = 0, [body.get("request"), body.get("store"), body.get("agent"), body.get("layers")]
    while left:
        one = left.pop()
        if isinstance(one, str | int | float):
            parts.append(str(one))
            size += len(parts[-1])
            if size > _MAX_SAID:
                return None
        elif isinstance(one, Mapping):
            left += [*one.keys(), *one.values()]
        elif isinstance(one, list | tuple):
            left += one
    return " ".join(parts)


def _trace(error: BaseException) -> list[str]:
    """Where a fault came from, and what caused that: places and kinds, no values."""
    found = [f"{_module(f.filename)}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)]
    below = error.__cause__ or error.__context__
    return found if below is None else [*_trace(below), f"= {type(below).__name__}", *found]


def _module(path: str) -> str:
    """A file as its last two parts, which say enough and nothing of the machine."""
    return "/".join(path.split(os.sep)[-2:])


def _now() -> str:
    now = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03}Z"

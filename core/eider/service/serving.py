"""Running the owner: lock, sockets, notes, imports, uvicorn, and the way out."""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from eider.errors import OwnerRunningError
from eider.service.client import PROTOCOL, VERSION, dumps, notes, private_folder, run_folder, socket_path

if TYPE_CHECKING:
    from eider.service.app import App
    from eider.service.desk import Desk

IDLE: Final = 1800.0
"""Seconds without a request after which the owner ends; the next call starts another."""
_TICK: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How an owner is to run."""

    home: str
    idle: float | None = IDLE
    """Seconds until it ends by itself; None never."""
    host: str = "127.0.0.1"
    port: int = 0
    """0 takes a free one."""
    names: tuple[str, ...] = ()
    """Further host names it answers to over TCP."""
    foreground: bool = False


def serve_detached(home: str, lock: int) -> None:
    """The process that a client spawned: it holds the lock already, and nobody sees what it prints."""
    with suppress(OSError):
        log = os.open(_log_path(home), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 2)
        os.close(log)
    run(Terms(home=home), lock)


def _log_path(home: str) -> str:
    return os.path.join(private_folder(os.path.join(home, "log")), "owner.err")


def take_lock(home: str) -> int:
    """The right to own a home's stores, as a descriptor.

    Raises:
        OwnerRunningError: Somebody has it.
    """
    run = private_folder(run_folder(private_folder(home)))
    lock = os.open(os.path.join(run, "owner.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise OwnerRunningError(home, notes(home).get("pid")) from None
    return lock


def run(terms: Terms, lock: int) -> None:
    """Serve until told to stop, idle, or no longer the one the notes name."""
    os.set_inheritable(lock, False)
    sockets = [_listen_unix(terms.home), _listen_tcp(terms)]
    token = _token(terms.home)
    port = sockets[1].getsockname()[1]
    try:
        from eider.service.desk import Desk

        desk = Desk(terms.home)
        app = desk.app(token=token, hosts=frozenset({"127.0.0.1", "localhost", "[::1]", *terms.names}))
        _note(terms, port)
        asyncio.run(_serve(terms, app, desk, sockets))
        desk.close()
    finally:
        _leave(terms.home)
        os.close(lock)


def _listen_unix(home: str) -> socket.socket:
    path = socket_path(home)
    private_folder(os.path.dirname(path))
    with suppress(FileNotFoundError):
        os.unlink(path)  # the lock is ours, so whoever bound it is gone
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        sock.bind(path)
    finally:
        os.umask(before)
    sock.listen(256)
    sock.setblocking(False)
    return sock


def _listen_tcp(terms: Terms) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((terms.host, terms.port))
    sock.listen(256)
    sock.setblocking(False)
    return sock


def _token(home: str) -> str:
    """The token for TCP, made once, readable by this account alone."""
    path = os.path.join(run_folder(home), "token")
    with suppress(FileNotFoundError), open(path, encoding="utf-8") as file:
        if found := file.read().strip():
            return found
    made = secrets.token_urlsafe(32)
    _write(path, made)
    return made


def _write(path: str, text: str) -> None:
    fresh = f"{path}.{os.getpid()}"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(fresh, path)


def _note(terms: Terms, port: int) -> None:
    _write(
        os.path.join(run_folder(terms.home), "owner.json"),
        dumps({"pid": os.getpid(), "version": VERSION, "protocol": PROTOCOL, "port": port, "socket": socket_path(terms.home),
               "started": time.time(), "executable": sys.executable, "foreground": terms.foreground}),
    )  # fmt: skip


def _leave(home: str) -> None:
    """Take away what says that somebody is here, unless it speaks of another."""
    if notes(home).get("pid") == os.getpid():
        with suppress(OSError):
            os.unlink(os.path.join(run_folder(home), "owner.json"))
        with suppress(OSError):
            os.unlink(socket_path(home))


async def _serve(terms: Terms, app: App, desk: Desk, sockets: list[socket.socket]) -> None:
    import uvicorn

    from eider.service.bounded import BoundedProtocol

    config = uvicorn.Config(
        app, lifespan="off", log_config=None, access_log=False, http=BoundedProtocol, ws="none", loop="asyncio",
        server_header=False, timeout_keep_alive=300, timeout_graceful_shutdown=15, limit_concurrency=512,
        h11_max_incomplete_event_size=64 * 1024, proxy_headers=False,
    )  # fmt: skip
    server = uvicorn.Server(config)
    desk.stop = lambda: setattr(server, "should_exit", True)
    watch = asyncio.create_task(_watch(terms, app, desk, server))
    threading.Thread(target=_import_all, name="eider-imports", daemon=True).start()
    await server.serve(sockets=sockets)
    watch.cancel()


async def _watch(terms: Terms, app: App, desk: Desk, server: Any) -> None:
    """End when idle, and when the home is no longer ours: removed, or another owner's."""
    while not server.should_exit:
        await asyncio.sleep(_TICK)
        if notes(terms.home).get("pid") != os.getpid():
            server.should_exit = True
        idle = time.monotonic() - app.last
        if terms.idle is not None and idle > terms.idle and not app.waiting and not desk.working():
            server.should_exit = True
        if idle > _TICK:
            await asyncio.get_running_loop().run_in_executor(None, desk.tidy)


def _import_all() -> None:
    """Import whatever a later answer may need: the environment this runs in may vanish (uvx). LanceDB last, and late."""
    import importlib
    import pkgutil

    time.sleep(0.5)  # the first answers go first
    left_out = ("eider.cli", "eider.testing", "eider.bench", "eider.demo", "eider.service.owner")
    for found in pkgutil.walk_packages(sys.modules["eider"].__path__, "eider."):
        if not found.name.startswith(left_out):
            with suppress(ImportError):
                importlib.import_module(found.name)
    with suppress(ImportError):
        importlib.import_module("lancedb")


def stop(pid: int, timeout: float = 20.0) -> bool:
    """Ask a process to end and wait for it; False when it still lives."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if not Path(f"/proc/{pid}").exists() and not _lives(pid):
            return True
        time.sleep(0.02)
    return not _lives(pid)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

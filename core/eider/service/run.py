"""Running the owner: lock, sockets, notes, imports, uvicorn, and the way out."""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
import signal
import socket
import struct
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from eider.api.wire import decode_error
from eider.client.client import PROTOCOL, VERSION, Client, ClientError, dumps, notes, socket_path
from eider.client.private_dirs import open_lock, private_folder, run_folder, run_place
from eider.client.spawn import FAILED
from eider.model.errors import ConfigError, EiderError, OwnerRunningError, StoreError
from eider.service import memory_tuning
from eider.store.filesystem import network_kind

if TYPE_CHECKING:
    from eider.service.dispatcher import Dispatcher
    from eider.service.hook_listener import Listener
    from eider.service.http_app import App

IDLE: Final = 1800.0
"""Seconds without a request after which the owner ends; the next call starts another."""
_TICK: Final = 1.0
_SOON: Final = 0.01
_TIDY: Final = 60.0
"""Seconds after which is tidied although somebody asks all the time: stores are let go, backups made."""
_LOG: Final = 1024 * 1024
"""Bytes after which what the owner printed starts anew."""


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


@dataclass(slots=True)
class _Place:
    """What the owner put into its home, so that it takes away that and nothing of another's."""

    home: str
    lock: int
    socket: tuple[int, int] = (0, 0)
    """Device and inode."""
    stopping: bool = False
    server: Any = field(default=None)

    def is_ours(self) -> bool:
        """Whether the home is still there, with our lock, notes and socket in it."""
        try:
            lock = os.stat(os.path.join(run_folder(self.home), "owner.lock"))
        except OSError:
            return False
        ours = os.fstat(self.lock)
        return (
            (lock.st_dev, lock.st_ino) == (ours.st_dev, ours.st_ino)
            and notes(self.home).get("pid") == os.getpid()
            and _inode(socket_path(self.home)) == self.socket
        )

    def end(self, *_: object) -> None:
        """Stop serving as soon as what is under way is answered."""
        self.stopping = True
        if self.server is not None:
            self.server.should_exit = True

    def leave(self) -> None:
        """Take away what says that somebody is here."""
        if notes(self.home).get("pid") == os.getpid():
            with suppress(OSError):
                os.unlink(os.path.join(run_folder(self.home), "owner.json"))
        path = socket_path(self.home)
        if _inode(path) == self.socket:
            with suppress(OSError):
                os.unlink(path)
                if not path.startswith(self.home):
                    os.rmdir(os.path.dirname(path))


def serve_detached(home: str, lock: int) -> None:
    """The process that a client spawned: it holds the lock already, and nobody sees what it prints."""
    with suppress(OSError, ClientError):
        path = os.path.join(private_folder(os.path.join(home, "log")), "owner.err")
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        if os.fstat(log).st_size > _LOG:
            os.ftruncate(log, 0)
        os.dup2(log, 2)
        os.close(log)
    run(Terms(home=home), lock)


def take_lock(home: str) -> int:
    """The right to own a home's stores, as a descriptor.

    Raises:
        OwnerRunningError: Somebody has it.
        EiderError: The directory for it cannot be used.
    """
    try:
        lock = open_lock(os.path.join(run_place(home), "owner.lock"))
    except ClientError as error:
        raise decode_error(error.kind, error.message, error.fields) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise OwnerRunningError(home, notes(home).get("pid")) from None
    return lock


def run(terms: Terms, lock: int) -> None:
    """Serve until told to stop, idle, or no longer the one the notes name.

    Raises:
        StoreError: The home is on a network file system, whose locks do not hold.
        ConfigError: The port cannot be had.
    """
    os.set_inheritable(lock, False)
    place = _Place(terms.home, lock)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, place.end)  # uvicorn raises it again when it is done: that shall not kill us
        signal.signal(signal.SIGINT, place.end)
        memory_tuning.share_heaps()
    desk: Dispatcher | None = None
    sockets: list[socket.socket] = []
    try:
        _refuse_network(terms.home)
        _raise_limit()
        sockets.append(_listen_unix(terms.home))
        place.socket = _inode(socket_path(terms.home))
        sockets.append(_listen_tcp(terms))
        token = _token(terms.home)
        port = sockets[1].getsockname()[1]
        from eider.service.dispatcher import Dispatcher

        desk = Dispatcher(terms.home)
        desk.trace(foreground=terms.foreground)
        if not terms.foreground:
            desk.logs.take_over()
        app = desk.app(token=token, hosts=frozenset({"127.0.0.1", "localhost", "[::1]", *terms.names}))
        _note(terms, port)
        with suppress(OSError):
            os.unlink(os.path.join(run_folder(terms.home), FAILED))
        asyncio.run(_serve(terms, app, desk, sockets, place))
    finally:
        if desk is not None:
            desk.close()
        for sock in sockets:
            sock.close()
        place.leave()
        os.close(lock)


def _refuse_network(home: str) -> None:
    if kind := network_kind(home):
        raise StoreError(f"{home!r} is on a network file system ({kind}), whose locks do not hold between machines; set "
                         "EIDER_HOME to a local disk, or use the owner of one machine by its address.")  # fmt: skip


def _raise_limit() -> None:
    """Sockets and index files want more descriptors than the usual 1024."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 8192 if hard == resource.RLIM_INFINITY else min(8192, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _inode(path: str) -> tuple[int, int]:
    try:
        found = os.lstat(path)
    except OSError:
        return (-1, -1)
    return found.st_dev, found.st_ino


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
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, so that asyncio sends at once
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((terms.host, terms.port))
    except OSError as error:
        sock.close()
        raise ConfigError(f"{terms.host}:{terms.port} cannot be had ({error.strerror}); take another port.") from None
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
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(fresh, path)
    except OSError as error:
        with suppress(OSError):
            os.unlink(fresh)
        raise StoreError(f"{path!r} cannot be written ({error.strerror}); free some space or mend its permissions."
                         ) from None  # fmt: skip


def _note(terms: Terms, port: int) -> None:
    _write(
        os.path.join(run_folder(terms.home), "owner.json"),
        dumps({"pid": os.getpid(), "version": VERSION, "protocol": PROTOCOL, "port": port, "socket": socket_path(terms.home),
               "started": time.time(), "executable": sys.executable, "foreground": terms.foreground}),
    )  # fmt: skip


async def _serve(terms: Terms, app: App, desk: Dispatcher, sockets: list[socket.socket], place: _Place) -> None:
    from eider.service.hook_listener import Listener
    from eider.service.http_limits import server_of

    server = place.server = server_of(app)
    server.should_exit = place.stopping
    desk.stop = place.end
    listener = Listener(terms.home, app, desk.logs.fault)
    desk.hooks.listening, desk.hooks.known = lambda: (listener.port, listener.fault), lambda: listener.known
    watch = asyncio.create_task(_watch(terms, app, desk, place, listener))
    threading.Thread(target=_import_all, args=(desk,), name="eider-imports", daemon=True).start()
    await server.serve(sockets=sockets)
    watch.cancel()


async def _watch(terms: Terms, app: App, desk: Dispatcher, place: _Place, listener: Listener) -> None:
    """End when idle, and when the home is no longer ours: removed, or another owner's. Follow the hook port."""
    tidied = time.monotonic()
    while not place.stopping:
        await listener.follow(place.server)
        await asyncio.sleep(_TICK if place.server.started else _SOON)
        if not place.is_ours():
            place.end()
        idle = time.monotonic() - app.last
        if terms.idle is not None and idle > terms.idle and not app.waiting and not desk.working():
            place.end()
        if (idle > _TICK or time.monotonic() - tidied > _TIDY) and not place.stopping:
            tidied = time.monotonic()
            try:
                await asyncio.get_running_loop().run_in_executor(None, desk.tidy)
            except Exception as error:  # noqa: BLE001 (the watch goes on, whatever tidying meets)
                desk.logs.fault("tidy", error)


def _import_all(desk: Dispatcher) -> None:
    """Import whatever a later answer may need: the environment this runs in may vanish (uvx). LanceDB last, and late."""
    import importlib
    import pkgutil

    desk.hooks.warm()
    time.sleep(0.5)  # the first answers go first
    memory_tuning.arrow_alone()
    left_out = ("eider.cli", "eider.testing", "eider.cli.bench_runs", "eider.cli.demo_story", "eider.service.__main__")
    for found in pkgutil.walk_packages(sys.modules["eider"].__path__, "eider."):
        if not found.name.startswith(left_out):
            with suppress(ImportError):
                importlib.import_module(found.name)
    with suppress(ImportError):
        importlib.import_module("prometheus_client")
    with suppress(ImportError):
        importlib.import_module("lancedb")


def stop(home: str, timeout: float = 20.0) -> bool:
    """End the owner of a home and wait until it is gone; False when it still lives, or nobody knows which it is.

    Only whoever listens on its socket is told, never a number that was noted once and may be somebody else by now.
    """
    client = Client(home_folder=home, spawn=False, spool=False, timeout=min(2.0, timeout))
    end, pid = time.monotonic() + timeout, listener(home)
    with suppress(ClientError):
        client.ask("POST", "/v1/owner/stop", {})
    client.close()
    while time.monotonic() < end:
        if _is_free(home):
            return True
        if pid is not None and listener(home) == pid:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGTERM)
        time.sleep(0.05)
    return _is_free(home)


def listener(home: str) -> int | None:
    """Process that listens on a home's socket, as the kernel knows it; None when nobody does, or it cannot be seen."""
    if not hasattr(socket, "SO_PEERCRED"):
        return notes(home).get("pid")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(0.5)
        try:
            sock.connect(socket_path(home))
        except OSError:
            return None
        pid, uid, _ = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return pid if pid and uid == os.getuid() else None


def _is_free(home: str) -> bool:
    try:
        os.close(take_lock(home))
    except OwnerRunningError:
        return False
    except EiderError:
        return True
    return True

"""Runs the server: lock, sockets, notes, imports, uvicorn, shutdown."""

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
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from eider.api.wire import decode_error
from eider.client.client import PROTOCOL, VERSION, Client, ClientError, dumps, server_notes, socket_path
from eider.client.private_dirs import make_private_folder, make_run_folder, open_lock, run_folder
from eider.client.spawn import FAILED_NOTE
from eider.model.errors import ConfigError, EiderError, ServerRunningError, StoreError
from eider.service import memory_tuning
from eider.store.filesystem import network_kind

if TYPE_CHECKING:
    from eider.service.dispatcher import Dispatcher
    from eider.service.hook_listener import HookListener
    from eider.service.http_app import App

IDLE: Final = 1800.0
"""Seconds without a request after which the server ends; the next call starts another."""
_WATCH_SECONDS: Final = 1.0
_FIRST_WATCH_SECONDS: Final = 0.01
_TIDY_SECONDS: Final = 60.0
"""Seconds after which is tidied although somebody asks all the time: stores are let go, backups made."""
_STOP_SECONDS: Final = 20.0
"""Seconds after which a server that was told to end does so whatever it still computes: no kill costs what is stored."""
HUNG_FILE: Final = "hooks.hung"
"""File in the run directory that a hook leaves when the server did not answer in time; this server is alive."""
_HEAVY: Final = ("eider.store.sql_", "eider.providers.prompts")
"""Beginnings of the names of modules that import Arrow, and pydantic."""
_LOG: Final = 1024 * 1024
"""Bytes after which what the server printed starts anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """Options of a server."""

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
class _HomeFiles:
    """The files a server put into its home, removed when it ends."""

    home: str
    lock: int
    socket: tuple[int, int] = (0, 0)
    """Device and inode."""
    stopping: bool = False
    server: Any = field(default=None)
    deadline: threading.Timer | None = None

    def is_ours(self) -> bool:
        """Return whether the home still has this server's lock, notes and socket."""
        try:
            lock = os.stat(os.path.join(run_folder(self.home), "owner.lock"))
        except OSError:
            return False
        ours = os.fstat(self.lock)
        return (
            (lock.st_dev, lock.st_ino) == (ours.st_dev, ours.st_ino)
            and server_notes(self.home).get("pid") == os.getpid()
            and _inode(socket_path(self.home)) == self.socket
        )

    def request_stop(self, *_: object) -> None:
        """Stop once running requests are answered, or after a while without them."""
        if not self.stopping:
            self.deadline = threading.Timer(_STOP_SECONDS, self.end_at_once)
            self.deadline.daemon = True
            self.deadline.start()
        self.stopping = True
        if self.server is not None:
            self.server.should_exit = True

    def end_at_once(self) -> None:
        """End this process as a kill would, which loses nothing that was acknowledged."""
        self.remove_files()
        os._exit(0)

    def remove_files(self) -> None:
        """Remove notes and socket."""
        if server_notes(self.home).get("pid") == os.getpid():
            with suppress(OSError):
                os.unlink(os.path.join(run_folder(self.home), "owner.json"))
        path = socket_path(self.home)
        if _inode(path) == self.socket:
            with suppress(OSError):
                os.unlink(path)
                if not path.startswith(self.home):
                    os.rmdir(os.path.dirname(path))


def serve_detached(home: str, lock: int) -> None:
    """Run the server that a client spawned, which holds the lock already."""
    with suppress(OSError, ClientError):
        path = os.path.join(make_private_folder(os.path.join(home, "log")), "owner.err")
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        if os.fstat(log).st_size > _LOG:
            os.ftruncate(log, 0)
        os.dup2(log, 2)
        os.close(log)
    run(ServerOptions(home=home), lock)


def take_lock(home: str) -> int:
    """Take the server's lock of a home and return its descriptor.

    Raises:
        ServerRunningError: Somebody has it.
        EiderError: The directory for it cannot be used.
    """
    try:
        lock = open_lock(os.path.join(make_run_folder(home), "owner.lock"))
    except ClientError as error:
        raise decode_error(error.kind, error.message, error.fields) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise ServerRunningError(home, server_notes(home).get("pid")) from None
    return lock


def run(terms: ServerOptions, lock: int) -> None:
    """Serve until stopped, idle, or replaced.

    Raises:
        StoreError: The home is on a network file system, whose locks do not hold.
        ConfigError: The port cannot be had.
    """
    os.set_inheritable(lock, False)
    place = _HomeFiles(terms.home, lock)
    if threading.current_thread() is threading.main_thread():
        signal.signal(
            signal.SIGTERM, place.request_stop
        )  # uvicorn raises it again when it is done: that shall not kill us
        signal.signal(signal.SIGINT, place.request_stop)
        memory_tuning.limit_heaps()
        memory_tuning.leave_out_catalog_client()
    dispatcher: Dispatcher | None = None
    sockets: list[socket.socket] = []
    try:
        _refuse_network(terms.home)
        _raise_file_limit()
        sockets.append(_listen_unix(terms.home))
        place.socket = _inode(socket_path(terms.home))
        sockets.append(_listen_tcp(terms))
        token = _tcp_token(terms.home)
        port = sockets[1].getsockname()[1]
        from eider.service.dispatcher import Dispatcher

        dispatcher = Dispatcher(terms.home)
        dispatcher.trace(foreground=terms.foreground)
        if not terms.foreground:
            dispatcher.logs.take_over()
        app = dispatcher.app(token=token, hosts=frozenset({"127.0.0.1", "localhost", "[::1]", *terms.names}))
        _write(
            os.path.join(run_folder(terms.home), "owner.json"),
            dumps(
                {
                    "pid": os.getpid(),
                    "version": VERSION,
                    "protocol": PROTOCOL,
                    "port": port,
                    "socket": socket_path(terms.home),
                    "started": time.time(),
                    "executable": sys.executable,
                    "foreground": terms.foreground,
                }
            ),
        )
        with suppress(OSError):
            os.unlink(os.path.join(run_folder(terms.home), FAILED_NOTE))
        asyncio.run(_serve(terms, app, dispatcher, sockets, place))
    finally:
        if dispatcher is not None:
            dispatcher.close()
        for sock in sockets:
            sock.close()
        place.remove_files()
        if place.deadline is not None:
            place.deadline.cancel()
        os.close(lock)


def _refuse_network(home: str) -> None:
    if kind := network_kind(home):
        raise StoreError(f"{home!r} is on a network file system ({kind}), whose locks do not hold between machines; set "
                         "EIDER_HOME to a local disk, or use the server of one machine by its address.")  # fmt: skip


def _raise_file_limit() -> None:
    """Raise the limit of open files above the usual 1024."""
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
    make_private_folder(os.path.dirname(path))
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


def _listen_tcp(terms: ServerOptions) -> socket.socket:
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


def _tcp_token(home: str) -> str:
    """Return the TCP token, created once and readable by this account alone."""
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


async def _serve(
    terms: ServerOptions, app: App, dispatcher: Dispatcher, sockets: list[socket.socket], place: _HomeFiles
) -> None:
    from eider.service.hook_listener import HookListener
    from eider.service.http_limits import server_of

    server = place.server = server_of(app)
    server.should_exit = place.stopping
    dispatcher.stop = place.request_stop
    listener = HookListener(terms.home, app, dispatcher.logs.fault)
    dispatcher.hooks.listening, dispatcher.hooks.known = lambda: (listener.port, listener.fault), lambda: listener.known
    watch = asyncio.create_task(_watch(terms, app, dispatcher, place, listener))
    threading.Thread(target=_import_all, args=(dispatcher,), name="eider-imports", daemon=True).start()
    await server.serve(sockets=sockets)
    watch.cancel()


async def _watch(
    terms: ServerOptions, app: App, dispatcher: Dispatcher, place: _HomeFiles, listener: HookListener
) -> None:
    """Stop when idle or when the home was removed or taken over; follow the hook port."""
    tidied = time.monotonic()
    while not place.stopping:
        await listener.follow(place.server)
        with suppress(OSError):
            os.unlink(os.path.join(run_folder(terms.home), HUNG_FILE))
        await asyncio.sleep(_WATCH_SECONDS if place.server.started else _FIRST_WATCH_SECONDS)
        if not place.is_ours():
            place.request_stop()
        idle = time.monotonic() - app.last
        if terms.idle is not None and idle > terms.idle and not app.waiting and not dispatcher.working():
            place.request_stop()
        if (idle > _WATCH_SECONDS or time.monotonic() - tidied > _TIDY_SECONDS) and not place.stopping:
            tidied = time.monotonic()
            try:
                await asyncio.get_running_loop().run_in_executor(None, dispatcher.tidy)
            except Exception as error:  # noqa: BLE001 (the watch goes on, whatever tidying meets)
                dispatcher.logs.fault("tidy", error)


def _import_all(dispatcher: Dispatcher) -> None:
    """Import modules early; from an environment that may vanish (uvx) all of them, LanceDB last.

    Arrow and LanceDB take 90 MB, pydantic 6, which a server of small stores without a model never needs.
    """
    import importlib
    import pkgutil

    dispatcher.hooks.warm()
    time.sleep(0.5)  # the first answers go first
    memory_tuning.hide_pandas()
    left_out = ("eider.cli", "eider.testing", "eider.service.__main__")
    if stays := "archive-v0" not in Path(sys.prefix).parts:  # where uvx keeps what it runs
        left_out += _HEAVY
    for found in pkgutil.walk_packages(sys.modules["eider"].__path__, "eider."):
        if not found.name.startswith(left_out):
            with suppress(ImportError):
                importlib.import_module(found.name)
    with suppress(ImportError):
        importlib.import_module("prometheus_client")
    if not stays:
        with suppress(ImportError):
            importlib.import_module("lancedb")


def stop(home: str, timeout: float = 20.0) -> bool:
    """Stop the server of a home and wait; return False if it still runs or is unknown.

    Only whoever listens on its socket is told, never a number that was noted once and may be somebody else by now.
    """
    client = Client(home_folder=home, spawn=False, spool=False, timeout=min(2.0, timeout))
    end, pid = time.monotonic() + timeout, listening_process(home)
    with suppress(ClientError):
        client.ask("POST", "/v1/server/stop", {})
    client.close()
    while time.monotonic() < end:
        if _is_free(home):
            return True
        if pid is not None and listening_process(home) == pid:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGTERM)
        time.sleep(0.05)
    return _is_free(home)


def listening_process(home: str) -> int | None:
    """Return the process that listens on a home's socket; None if unknown."""
    if not hasattr(socket, "SO_PEERCRED"):
        return server_notes(home).get("pid")
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
    except ServerRunningError:
        return False
    except EiderError:
        return True
    return True

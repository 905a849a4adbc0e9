"""Client of the server: starts it if none runs, and spools writes that cannot be delivered.

One self-contained file of the standard library, light enough for hooks: `python -I -S /path/to/client.py` works,
and answers in a few interpreter starts. What is rarely needed (starting a server, spooling, TLS) is loaded when it is.

    client = Client(store="assistant", user="ada")
    client.call("remember", {"text": "Prefers snake_case."})

A write is `stored`, `queued` (durable in the spool, findable once a server drains it), or it raises. What is tried again
carries the same key, so that it happens once.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

VERSION: Final = "0.1.0"
PROTOCOL: Final = 1
"""The package's, as a test compares: hooks import nothing else. A server speaks this protocol and the one before."""
SPOOLED_VERBS: Final = ("record", "record_many", "remember", "remember_many", "reinforce", "correct", "observe")
"""Verbs that carry a key, so that they may happen later, and twice only once."""
REPEATABLE: Final = ("begin_run", "keep_step", "end_run", "judge_run", "renew_run")
WRITES: Final = frozenset((*SPOOLED_VERBS, *REPEATABLE, *"settle deactivate pin unpin forget forget_many forget_user undo consolidate import_ import_lines export publish "
    "rebuild swap_embedder add_rules observe_many open_loop set_outcome close_loop reset_learned consolidate_scopes promote_step forget_run link unlink".split()))  # fmt: skip
"""Verbs that are not simply sent again; those in SPOOLED are, with their key, and those in REPEATABLE as they are."""
_OF_THE_STORE: Final = frozenset("drain verify rebuild publish embedder swap_embedder".split())
_LATER: Final = "ServerUnreachableError ServerBusyError StoreUnreachableError".split()
TRUST: Final = {"user": 2, "agent": 1, "import": 1, "tool": 0, "document": 0}
"""As in `eider.model.values`; a test compares them."""
START_SECONDS: Final = 0.3  # that a hook waits for a server that has yet to start
_MAX_HEAD, _MAX_ANSWER = 64 * 1024, 256 * 1024 * 1024
_SHORT, _PAUSE = 100, 0.01
"""Longest socket path used (Linux allows 107 bytes, macOS 103), and seconds between two tries."""
_BUSY, _UPGRADE = 503, 426
"""HTTP: come again; the other side's protocol is too old or too new."""


class ClientError(Exception):
    """A failed call; `kind` names the error in `eider.model.errors`."""

    def __init__(self, kind: str, message: str, fields: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.kind, self.message, self.fields = kind, message, dict(fields or {})


class _Broken(Exception):  # noqa: N818 (never leaves this file)
    """The connection ended; the link knows whether the server may have seen the request."""


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


class _Context:
    strict, object_hook, object_pairs_hook, parse_float, parse_int, memo = True, None, None, float, int, None
    parse_constant = staticmethod(_refuse_constant)


def _refuse_value(value: object) -> Any:
    raise ClientError("InputError", f"{type(value).__name__} cannot be sent; pass texts, numbers, lists and mappings.")


try:  # `import json` costs more than a round trip: it brings `re`; the C half of it does not
    from _json import encode_basestring_ascii, make_encoder, make_scanner

    _encode: Any = make_encoder(None, _refuse_value, encode_basestring_ascii, None, ":", ",", False, False, False)
    _scan: Any = make_scanner(_Context)  # pyright: ignore[reportArgumentType]
except ImportError:  # another Python
    import json

    _whole = json.JSONEncoder(separators=(",", ":"), default=_refuse_value, allow_nan=False)
    _encode: Any = lambda value, _: _whole.encode(value)  # noqa: E731 (both branches bind the same name)
    _scan: Any = vars(json.JSONDecoder(parse_constant=_refuse_constant))["scan_once"]


def dumps(value: Any) -> str:
    """Encode a value as JSON on one line; raise ClientError if it cannot be."""
    try:
        return "".join(_encode(value, 0))
    except (ValueError, RecursionError) as error:
        raise ClientError("InputError", f"this cannot be sent ({error}); pass finite numbers, nothing deep.") from None


def loads(text: str) -> Any:
    """Decode a JSON text; raise ValueError if it is not JSON."""
    text = text.strip()
    try:
        found, end = _scan(text, 0)
    except (StopIteration, SystemError):  # the latter where json itself was never imported
        raise ValueError("no JSON") from None
    if end != len(text):
        raise ValueError("more than one JSON value")
    return found


def home() -> str:
    """Return Eider's home directory: `EIDER_HOME`, else the platform's data directory."""
    if named := os.environ.get("EIDER_HOME"):
        return os.path.abspath(os.path.expanduser(named))
    if sys.platform in ("darwin", "win32"):
        return str(load_sibling("private_dirs").platform_home())
    return os.path.join(os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share"), "eider")


def socket_path(home: str) -> str:
    """Return the server's socket path: in the run directory, or below /tmp where that path is too long."""
    near = os.path.join(home, "run", "owner.sock")
    return near if len(os.fsencode(near)) <= _SHORT else str(load_sibling("private_dirs").short_socket(home))


def server_notes(home: str) -> dict[str, Any]:
    """Return the server's notes (pid, version, port, started); empty if there are none."""
    try:
        with open(os.path.join(home, "run", "owner.json"), encoding="utf-8") as file:
            found = loads(file.read())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def local_zone() -> str:
    """Return the caller's time zone; the server's may differ."""
    named = os.environ.get("TZ", "").lstrip(":")
    if not named and os.path.islink("/etc/localtime"):
        named = os.readlink("/etc/localtime").partition("zoneinfo/")[2]
    if "/" in named and not named.startswith("/"):
        return named
    minutes = time.localtime().tm_gmtoff // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}" if minutes else "UTC"


class Connection:
    """One connection to the server."""

    def __init__(self, sock: Any) -> None:
        self.sock, self.close, self.pid, self.sent = sock, sock.close, os.getpid(), False

    def is_stale(self) -> bool:
        """Return whether the connection cannot be reused: it was inherited by a fork, or the server closed it."""
        if self.pid != os.getpid():
            return True
        try:
            self.sock.settimeout(0.0)
            self.sock.recv(1)  # nothing is due: whatever comes is the end, or nonsense
        except (BlockingIOError, InterruptedError):
            return False
        except OSError as error:
            return type(error).__name__ != "SSLWantReadError"
        return True

    def exchange(self, head: str, body: bytes, until: float) -> tuple[int, dict[str, str], bytes]:
        """Send a request and read its answer; raise `_Broken` if the connection ends, TimeoutError at the deadline."""
        self.sent = False
        try:
            self._set_timeout(until)
            try:
                self.sock.sendall(head.encode("latin-1", "replace") + body)
                self.sent = True
            except (BrokenPipeError, ConnectionResetError):  # cut off within a request: the reason may be there
                until = min(until, time.monotonic() + 1.0)
            return self._read_answer(until)
        except TimeoutError:
            raise
        except (OSError, ValueError, IndexError):
            raise _Broken from None

    def _read_answer(self, until: float) -> tuple[int, dict[str, str], bytes]:
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            if len(data) > _MAX_HEAD:
                raise _Broken
            data += self._receive(until)
        first, *lines = data[:end].decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        rest = data[end + 4 :]
        if "transfer-encoding" in headers:  # a proxy in between
            rest = load_sibling("tls_link").decode_chunked(rest, lambda: self._receive(until), _MAX_ANSWER)
            return int(first.split(" ", 2)[1]), headers, rest
        size = int(headers.get("content-length", "0"))
        if size > _MAX_ANSWER:
            raise _Broken
        parts, have = [rest], len(rest)
        while have < size:
            parts.append(self._receive(until))
            have += len(parts[-1])
        return int(first.split(" ", 2)[1]), headers, b"".join(parts)

    def _receive(self, until: float) -> bytes:
        self._set_timeout(until)
        if data := self.sock.recv(262144):
            return data
        raise _Broken

    def _set_timeout(self, until: float) -> None:
        if (left := until - time.monotonic()) <= 0:
            raise TimeoutError
        self.sock.settimeout(left)


class Client:
    """Thread-safe client of the server: sends requests and returns answers or named errors.

    `timeout` is what a call may take in seconds, starting the server and trying again included; `cold` (hooks: `START_SECONDS`)
    what it may take while the server has yet to start. `spawn` starts a server when nobody answers, `spool` keeps writes
    when nobody answers in time. `url` and `token` mean a remote server; nothing is started or spooled then. `user` is
    meant where a request does not say; `max_trust` is the most that what enters may claim; `layers` are published snapshots.
    """

    def __init__(
        self, *, store: str | None = None, user: str | None = None, agent: str | None = None, channel: str = "library",
        max_trust: str = "user", home_folder: str | None = None, timeout: float = 30.0, spawn: bool = True,
        spool: bool = True, url: str | None = None, token: str | None = None, layers: tuple[str, ...] = (),
        cold: float | None = None,
    ) -> None:  # fmt: skip
        self.home = os.path.abspath(home_folder) if home_folder else home()
        self.store, self.user, self.agent, self.layers = store, user, agent, layers
        self.channel, self.max_trust, self.timeout, self.cold = channel, max_trust, timeout, cold
        self.url, self.token = url and url.rstrip("/"), token
        self.spawns, self.spools = spawn and url is None, spool and url is None
        self.connected = False  # whether the last call reached somebody, whatever came of it
        self._idle: list[Connection] = []

    def with_channel(self, channel: str, max_trust: str) -> Client:
        """Return a client with another channel, whose trust is at most this one's."""
        made = object.__new__(Client)
        made.__dict__.update(self.__dict__, channel=channel)  # lines are shared: they carry no channel
        made.max_trust = max_trust if TRUST.get(max_trust, 0) <= TRUST.get(self.max_trust, 0) else self.max_trust
        return made

    def call(self, verb: str, request: Mapping[str, Any], *, timeout: float | None = None) -> Any:
        """Call a verb and return `{"status": …, "value": …}`; raise ClientError if it is refused.

        A write that nobody answers in time goes to the spool and answers `{"status": "queued", "key": …}`.
        """
        said, until = time.time(), time.monotonic() + (self.timeout if timeout is None else timeout)
        fields, keyed = dict(request), verb in SPOOLED_VERBS
        if fields.get("user") is None and self.user and verb not in _OF_THE_STORE:
            fields["user"] = self.user
        whole: dict[str, Any] = {"request": fields, "channel": self.channel, "max_trust": self.max_trust}
        whole["tz"] = local_zone()
        for name in ("store", "agent", "layers"):
            if given := getattr(self, name):
                whole[name] = given
        if keyed and fields.get("key") is None:
            fields["key"] = "auto:" + os.urandom(12).hex()
        again = keyed or verb in REPEATABLE or verb not in WRITES
        try:
            return self.ask("POST", f"/v1/{verb}", whole, until=until, again=again)
        except ClientError as error:
            if not (keyed and self.spools and error.kind in _LATER):
                raise
            load_sibling("spool").append(self.home, verb, whole, said=said, why=error.message)
            return {"status": "queued", "key": fields["key"], "why": error.message}

    def ask(self, method: str, path: str, body: Any = None, *, until: float | None = None, again: bool = True) -> Any:
        """Send one HTTP request, retrying until the monotonic deadline where that is safe.

        Args:
            method: GET or POST.
            path: Such as `/v1/server/status`.
            body: Sent as JSON.
            until: The deadline; None is `timeout` from now.
            again: Whether it may be sent again after the connection broke under it.
        """
        until = time.monotonic() + self.timeout if until is None else until
        sent, why, replaced = b"" if body is None else dumps(body).encode(), "no answer in time", False
        while True:
            link, self.connected = None, False
            try:
                link, until = self._connection(until)
                self.connected = True
                status, headers, answer = link.exchange(self._request_head(method, path, len(sent), until), sent, until)
            except (_Broken, TimeoutError) as broken:
                if link is not None:
                    link.close()
                    if link.sent and not again:
                        raise self._unreachable_error("it ended, or was too slow, while it was asked; whether it happened is "
                                                "not known, look before you ask again") from None  # fmt: skip
                if isinstance(broken, TimeoutError):
                    raise self._unreachable_error(why) from None
                why = "the connection broke"
            else:
                link.close() if headers.get("connection", "").lower() == "close" else self._idle.append(link)
                theirs = headers.get("eider-version", VERSION)
                if self.spawns and theirs != VERSION:
                    replaced = load_sibling("spawn").replace_older_server(self, theirs, until) or replaced
                if status != _BUSY and not (replaced and status == _UPGRADE):
                    return _checked_answer(status, answer)
                why = "busy" if status == _BUSY else why
            if time.monotonic() + _PAUSE > until:
                raise self._unreachable_error(why)
            time.sleep(_PAUSE * (5 if why == "busy" else 1))

    def is_running(self) -> bool:
        """Return whether a server answers now; starts none."""
        try:
            self._idle.append(self._connect(time.monotonic() + 1.0))
        except (OSError, ClientError):
            return False
        return True

    def close(self) -> None:
        """Close the connections."""
        while self._idle:
            self._idle.pop().close()

    def _request_head(self, method: str, path: str, size: int, until: float) -> str:
        host, _, base = self.url.split("://", 1)[1].partition("/") if self.url else ("localhost", "", "")
        lines = [f"{method} {'/' + base if base else ''}{path} HTTP/1.1", f"Host: {host}", f"Content-Length: {size}",
                 "Content-Type: application/json", f"Eider-Client: {VERSION}/{PROTOCOL}",
                 f"Eider-Deadline: {max(0, int((until - time.monotonic()) * 1000))}"]  # fmt: skip
        said = {"Authorization": self.token and f"Bearer {self.token}", "traceparent": os.environ.get("TRACEPARENT")}
        lines += [f"{name}: {value}" for name, value in said.items() if value and value.isprintable()]
        return "\r\n".join(lines) + "\r\n\r\n"

    def _connection(self, until: float) -> tuple[Connection, float]:
        """Return a reused or new connection and the deadline; start the server if needed."""
        while self._idle:
            link = self._idle.pop()
            if not link.is_stale():
                return link, until
            link.close()
        if self.cold is not None and not self.url and not server_notes(self.home):
            until = min(until, time.monotonic() + self.cold)
        try:
            return self._connect(until), until
        except OSError as error:
            if not self.spawns and not isinstance(error, BlockingIOError):
                raise self._unreachable_error("nobody listens there") from None
        until = until if self.cold is None else min(until, time.monotonic() + self.cold)
        while time.monotonic() < until:
            if self.spawns:
                load_sibling("spawn").ensure_server(self.home, until)
            try:
                return self._connect(until), until
            except OSError:
                time.sleep(_PAUSE)
        raise TimeoutError

    def _connect(self, until: float) -> Connection:
        if self.url:
            return Connection(load_sibling("tls_link").connect(self.url, until))
        import _socket

        if not hasattr(_socket, "AF_UNIX"):
            return Connection(load_sibling("tls_link").connect_loopback(self, until))
        where = socket_path(self.home)
        if not where.startswith(self.home) and not load_sibling("private_dirs").is_trusted(os.path.dirname(where)):
            raise FileNotFoundError(where)
        sock = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        sock.settimeout(max(0.001, until - time.monotonic()))
        try:
            sock.connect(where)
        except OSError:
            sock.close()
            raise
        return Connection(sock)

    def _unreachable_error(self, why: str) -> ClientError:
        if why == "busy":
            why = "the server has more to do than it can take; try again, or send less at once."
            return ClientError("ServerBusyError", why, {"waiting": None})
        where, pid = self.url or self.home, None if self.url else server_notes(self.home).get("pid")
        who = f"the server of {where!r}{f' (process {pid})' if pid else ''}"
        fix = "look with eider doctor" if not self.url else "see that it runs and the address is right"
        fields = {"where": where, "why": why, "pid": pid}
        return ClientError("ServerUnreachableError", f"{who} did not answer: {why}; {fix}.", fields)


def _checked_answer(status: int, answer: bytes) -> Any:
    """Return the answer, or raise the error it reports."""
    try:
        found: Any = loads(answer.decode()) if answer else {}
    except ValueError:
        found, status = {}, max(status, 500)
    if status == 200:  # noqa: PLR2004 (HTTP: all went well)
        return found
    error: dict[str, Any] = (found.get("error") or {}) if isinstance(found, dict) else {}
    message = error.get("message", f"the server answered {status} and gave no reason; see eider log.")
    raise ClientError(error.get("kind", "ServerError"), message, error.get("fields"))


def load_sibling(name: str) -> Any:
    """Import a module of this package, also where Eider is not on the path, as in hooks."""
    from importlib import import_module

    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    if root not in sys.path:
        sys.path.append(root)
    if __name__ != "eider.client.client" and __name__ in sys.modules:  # it shall find this file's classes, not a copy's
        import_module("eider.client")
        sys.modules.setdefault("eider.client.client", sys.modules[__name__])
    return import_module(f"eider.client.{name}")

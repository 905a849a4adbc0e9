"""Talks to the owner process; starts it when nobody answers; spools what cannot be delivered.

One self-contained file of the standard library, light enough for hooks: `python -I -S /path/to/client.py` works,
and a fresh process answers in a few interpreter starts. Everything else of Eider is on the other side of the socket.

    client = Client(store="assistant", user="ada")
    client.call("remember", {"text": "Prefers snake_case."})

A write is `stored` (durable and findable), `queued` (durable in the spool, findable once an owner drains it), or it
raises. What is tried again carries the same key, so that it happens once.
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
"""Must be the package's; a test compares them. Written here because hooks import nothing else."""
PROTOCOL: Final = 1
SPOOLED: Final = ("record", "record_many", "remember", "remember_many", "reinforce", "correct", "observe")
"""Verbs that carry a key, so that they may happen later, and twice only once."""
COLD: Final = 0.3
"""Seconds a hook waits for an owner that has yet to start."""
SPOOL_BYTES: Final = 64 * 1024 * 1024
"""A spool larger than this refuses: an owner that never drains it needs a person."""
_SHORT: Final = 100
"""Longest socket path used; Linux allows 107 bytes, macOS 103."""
_PAUSE: Final = 0.01
_FOLDER: Final = 0o040000
_MAX_ANSWER: Final = 256 * 1024 * 1024


class ClientError(Exception):
    """The call did not succeed; `kind` names the error in `eider.errors`."""

    def __init__(self, kind: str, message: str, fields: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.kind, self.message, self.fields = kind, message, dict(fields or {})


class _Broken(Exception):  # noqa: N818 (never leaves this file)
    """The connection ended; `sent` says whether the owner may have seen the request."""

    def __init__(self, sent: bool) -> None:
        self.sent = sent


# ---------------------------------------------------------------------- JSON without importing json


class _Context:
    strict, object_hook, object_pairs_hook, parse_float, parse_int, memo = True, None, None, float, int, None

    @staticmethod
    def parse_constant(name: str) -> float:
        return float(name)


def _unknown(value: object) -> Any:
    raise ClientError("InputError", f"{type(value).__name__} cannot be sent; pass texts, numbers, lists and mappings.")


try:  # `import json` costs more than a round trip: it brings `re`; the C half of it does not
    from _json import encode_basestring_ascii, make_encoder, make_scanner

    _encoder: Any = make_encoder({}, _unknown, encode_basestring_ascii, None, ":", ",", False, False, False)
    _scanner: Any = make_scanner(_Context)  # pyright: ignore[reportArgumentType]

    def dumps(value: Any) -> str:
        """A value as JSON on one line."""
        return "".join(_encoder(value, 0))

    def loads(text: str) -> Any:
        """The value of a JSON text."""
        return _scanner(text.strip(), 0)[0]

except ImportError:  # another Python

    def dumps(value: Any) -> str:
        """A value as JSON on one line."""
        import json

        return json.dumps(value, separators=(",", ":"), default=_unknown)

    def loads(text: str) -> Any:
        """The value of a JSON text."""
        import json

        return json.loads(text)


# ---------------------------------------------------------------------- places


def home() -> str:
    """Directory of everything Eider keeps: `EIDER_HOME`, else the platform's data directory."""
    if named := os.environ.get("EIDER_HOME"):
        return os.path.abspath(os.path.expanduser(named))
    if sys.platform == "darwin":
        return os.path.expanduser("~/Library/Application Support/eider")
    if sys.platform == "win32":
        return os.path.join(os.environ.get("LOCALAPPDATA") or os.path.expanduser("~"), "eider")
    return os.path.join(os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share"), "eider")


def run_folder(home: str) -> str:
    """Where the owner keeps its lock, token and notes."""
    return os.path.join(home, "run")


def socket_path(home: str) -> str:
    """Where the owner listens: beside its notes, or below /tmp where that would be too long for a socket."""
    near = os.path.join(home, "run", "owner.sock")
    if len(os.fsencode(near)) <= _SHORT:
        return near
    mark = 0xCBF29CE484222325
    for byte in os.fsencode(home):  # FNV-1a: hashlib costs more than the call
        mark = ((mark ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"/tmp/eider-{os.getuid()}-{mark:016x}/owner.sock"  # noqa: S108 (made 0700 and checked to be ours)


def private_folder(path: str) -> str:
    """A directory for its owner alone, made if need be.

    Raises:
        ClientError: It is somebody else's, or open to others; secrets and sockets do not go there.
    """
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
        found = os.lstat(path)
    except OSError as error:
        kind = "ReadOnlyStoreError" if error.errno in (1, 13, 30) else "StoreError"
        raise ClientError(kind, f"{path!r} cannot be made ({error.strerror}); set EIDER_HOME to a directory of yours.",
                          {"path": path}) from None  # fmt: skip
    if found.st_uid != os.getuid() or found.st_mode & 0o170000 != _FOLDER:
        raise ClientError("RuntimeFolderError", f"{path!r} is not a directory of this account; remove it, or set EIDER_HOME.",
                          {"path": path})  # fmt: skip
    if found.st_mode & 0o077:
        os.chmod(path, 0o700)
    return path


def notes(home: str) -> dict[str, Any]:
    """What the owner notes of itself: pid, version, port, started; empty when there is none."""
    try:
        with open(os.path.join(home, "run", "owner.json"), encoding="utf-8") as file:
            found = loads(file.read())
    except (OSError, ValueError, StopIteration):
        return {}
    return found if isinstance(found, dict) else {}


def settings(home: str) -> dict[str, str]:
    """The config file; empty when there is none (the owner complains about a broken one)."""
    try:
        with open(os.path.join(home, "config.json"), encoding="utf-8") as file:
            found = loads(file.read())
    except (OSError, ValueError, StopIteration):
        return {}
    return found if isinstance(found, dict) else {}


def login() -> str:
    """Name of the account."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        if found := os.environ.get(name):
            return found
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        return f"uid-{os.getuid()}"


def newer(one: str, other: str) -> bool:
    """Whether a version is strictly later than another; what cannot be read is never newer.

    >>> newer("0.10.0", "0.9.2"), newer("0.1.0", "0.1.0")
    (True, False)
    """
    try:
        return [int(p) for p in one.split(".")[:3]] > [int(p) for p in other.split(".")[:3]]
    except ValueError:
        return False


# ---------------------------------------------------------------------- one exchange


class _Link:
    """One connection to the owner."""

    def __init__(self, sock: Any) -> None:
        self.sock = sock
        self.pid = os.getpid()

    def close(self) -> None:
        self.sock.close()

    def exchange(self, head: str, body: bytes, until: float) -> tuple[int, dict[str, str], bytes]:
        """Send a request and read its answer.

        Raises:
            _Broken: The connection ended before the answer was whole.
            TimeoutError: The deadline passed.
        """
        try:
            self._wait(until)
            self.sock.sendall(head.encode("latin-1") + body)
        except TimeoutError:
            raise
        except OSError:
            raise _Broken(sent=False) from None
        try:
            return self._answer(until)
        except TimeoutError:
            raise
        except OSError:
            raise _Broken(sent=True) from None

    def _answer(self, until: float) -> tuple[int, dict[str, str], bytes]:
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more(until)
        first, *lines = data[:end].decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        size = int(headers.get("content-length", "0"))
        if size > _MAX_ANSWER:
            raise _Broken(sent=True)
        parts, have = [data[end + 4 :]], len(data) - end - 4
        while have < size:
            parts.append(self._more(until))
            have += len(parts[-1])
        return int(first.split(" ", 2)[1]), headers, b"".join(parts)

    def _more(self, until: float) -> bytes:
        self._wait(until)
        data = self.sock.recv(262144)
        if not data:
            raise _Broken(sent=True)
        return data

    def _wait(self, until: float) -> None:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.sock.settimeout(left)


# ---------------------------------------------------------------------- the client


class Client:
    """What every process but the owner has of Eider: calls in, answers and named errors out. Share it between threads."""

    def __init__(
        self, *, store: str | None = None, user: str | None = None, agent: str | None = None, channel: str = "library",
        ceiling: str = "user", home_folder: str | None = None, timeout: float = 30.0, spawn: bool = True,
        spool: bool = True, url: str | None = None, token: str | None = None, also: tuple[str, ...] = (),
        cold: float | None = None,
    ) -> None:  # fmt: skip
        """Connect to nothing yet.

        Args:
            store: Name or absolute path; None is the store that is set.
            user: Whose memory, where a request does not say.
            agent: Name of the agent that learns.
            channel: What is asking, for the event log.
            ceiling: The most that what enters may claim.
            home_folder: `EIDER_HOME`.
            timeout: Seconds a call may take, starting the owner and trying again included.
            spawn: Start the owner when nobody answers.
            spool: Keep writes in the spool when nobody answers in time.
            url: A remote owner, such as `https://memory.example.org`; nothing is started or spooled then.
            token: What the remote owner wants to see.
            also: Published snapshots recalled beneath the store.
            cold: Seconds a call may take when the owner is not running yet (hooks: `COLD`); None is `timeout`.
        """
        self.home, self.store, self.user, self.agent = home_folder or home(), store, user, agent
        self.channel, self.ceiling, self.timeout, self.also = channel, ceiling, timeout, also
        self.url, self.token, self.cold = url, token, cold
        self.spawns, self.spools = spawn and url is None, spool and url is None
        self._idle: list[_Link] = []
        self._upgraded = False

    def through(self, channel: str, ceiling: str) -> Client:
        """The same owner seen from another channel."""
        return Client(store=self.store, user=self.user, agent=self.agent, channel=channel, ceiling=ceiling,
                      home_folder=self.home, timeout=self.timeout, spawn=self.spawns, spool=self.spools, url=self.url,
                      token=self.token, also=self.also, cold=self.cold)  # fmt: skip

    def call(self, verb: str, request: Mapping[str, Any], *, timeout: float | None = None) -> Any:
        """Ask for a verb and return its answer as JSON knows it, `{"status": …, "value": …}`.

        A write that nobody answers in time goes to the spool and answers `{"status": "queued", "key": …}`.

        Raises:
            ClientError: Refused, or not answered in time.
        """
        fields = dict(request)
        if (
            self.user is not None
            and fields.get("user") is None
            and verb not in ("drain", "verify", "rebuild", "publish")
        ):
            fields["user"] = self.user
        keyed = verb in SPOOLED
        if keyed and fields.get("key") is None and not verb.endswith("_many"):
            fields["key"] = "auto:" + os.urandom(12).hex()
        whole: dict[str, Any] = {"request": fields, "channel": self.channel, "ceiling": self.ceiling}
        for name in ("store", "agent", "also"):
            if given := getattr(self, name):
                whole[name] = given
        if keyed and verb.endswith("_many"):
            whole["batch"] = os.urandom(12).hex()
        until = time.monotonic() + (self.timeout if timeout is None else timeout)
        try:
            return self.ask("POST", f"/v1/{verb}", whole, until=until, again=keyed or verb not in WRITES)
        except ClientError as error:
            if not (keyed and self.spools and error.kind in ("OwnerUnreachableError", "OwnerBusyError")):
                raise
            return self._spool(verb, whole, error)

    def ask(self, method: str, path: str, body: Any = None, *, until: float | None = None, again: bool = True) -> Any:
        """One request of the HTTP API, tried again while that is safe and the deadline allows.

        Args:
            method: GET or POST.
            path: Such as `/v1/owner/status`.
            body: Sent as JSON.
            until: Deadline on the monotonic clock.
            again: Whether it may be sent again after the connection broke under it.
        """
        until = time.monotonic() + self.timeout if until is None else until
        sent = b"" if body is None else dumps(body).encode()
        why = ""
        while True:
            try:
                link, until = self._link(until)
                status, headers, answer = link.exchange(self._head(method, path, len(sent), until), sent, until)
            except _Broken as broken:
                if broken.sent and not again:
                    raise self._unreachable("the owner ended while it was asked; whether it happened is not known, "
                                            "look before you ask again") from None  # fmt: skip
                why = "the connection broke"
            except TimeoutError:
                raise self._unreachable(why or "no answer in time") from None
            else:
                if headers.get("connection") == "close":
                    link.close()
                else:
                    self._idle.append(link)
                if status != 503:  # noqa: PLR2004 (HTTP: busy)
                    return self._answer(status, headers, answer)
                why = "busy"
            if time.monotonic() + _PAUSE > until:
                if why == "busy":
                    raise ClientError(
                        "OwnerBusyError", "the owner has more to do than it can take; try again, or send less at once."
                    )
                raise self._unreachable(why)
            time.sleep(_PAUSE * (5 if why == "busy" else 1))

    def running(self) -> bool:
        """Whether an owner answers now; starts none."""
        try:
            link = self._open(time.monotonic() + 1.0)
        except (OSError, ClientError):
            return False
        self._idle.append(link)
        return True

    def close(self) -> None:
        """Let go of the connections."""
        while self._idle:
            link = self._idle.pop()
            if link.pid == os.getpid():
                link.close()

    # ------------------------------------------------------------------ below

    def _head(self, method: str, path: str, size: int, until: float) -> str:
        host = self.url.split("://", 1)[1].split("/", 1)[0] if self.url else "localhost"
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {size}", "Content-Type: application/json",
                 f"Eider-Client: {VERSION}/{PROTOCOL}", f"Eider-Deadline: {max(0, int((until - time.monotonic()) * 1000))}"]  # fmt: skip
        if self.token:
            lines.append(f"Authorization: Bearer {self.token}")
        return "\r\n".join(lines) + "\r\n\r\n"

    def _link(self, until: float) -> tuple[_Link, float]:
        """A connection, kept or new; the owner is started if need be."""
        while self._idle:
            link = self._idle.pop()
            if link.pid == os.getpid():  # after a fork both sides would write into one stream
                return link, until
        try:
            return self._open(until), until
        except OSError:
            if not self.spawns:
                raise self._unreachable("nobody listens there") from None
        if self.cold is not None:
            until = min(until, time.monotonic() + self.cold)
        spawn = sibling("spawn")
        while time.monotonic() < until:
            spawn.ensure(self.home, until)
            try:
                return self._open(until), until
            except OSError:
                time.sleep(_PAUSE)
        raise TimeoutError

    def _open(self, until: float) -> _Link:
        if self.url:
            return sibling("remote_link").connect(self.url, until)
        import _socket

        left = max(0.001, until - time.monotonic())
        if hasattr(_socket, "AF_UNIX"):
            sock = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
            sock.settimeout(left)
            where: Any = socket_path(self.home)
        else:  # Windows: loopback, and the token that only this account can read
            noted = notes(self.home)
            sock = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
            sock.settimeout(left)
            where = ("127.0.0.1", int(noted.get("port") or 9))
            with open(os.path.join(run_folder(self.home), "token"), encoding="utf-8") as file:
                self.token = file.read().strip()
        try:
            sock.connect(where)
        except OSError:
            sock.close()
            raise
        return _Link(sock)

    def _answer(self, status: int, headers: Mapping[str, str], answer: bytes) -> Any:
        try:
            found = loads(answer.decode()) if answer else {}
        except (ValueError, StopIteration):
            found = {
                "error": {"kind": "OwnerError", "message": f"the owner answered {status} with no JSON; see eider log."}
            }
        if self.spawns and not self._upgraded and newer(VERSION, headers.get("eider-version", VERSION)):
            self._upgraded = True
            self._replace()
        if status >= 400:  # noqa: PLR2004 (HTTP: refused)
            error: dict[str, Any] = found.get("error") or {}
            raise ClientError(
                error.get("kind", "OwnerError"), error.get("message", f"status {status}"), error.get("fields")
            )
        return found

    def _replace(self) -> None:
        """Ask an older owner to go; the next call starts one of this version. Never the reverse."""
        try:
            self.ask("POST", "/v1/owner/stop", {"why": f"replaced by {VERSION}"}, until=time.monotonic() + 2.0)
        except ClientError:
            return
        self.close()

    def _spool(self, verb: str, whole: dict[str, Any], error: ClientError) -> dict[str, Any]:
        spool = sibling("spool")
        try:
            spool.append(self.home, verb, whole)
        except spool.SpoolError as full:
            raise ClientError("SpoolError", f"{error.message} And the spool refuses: {full}") from None
        return {"status": "queued", "key": whole["request"].get("key"), "why": error.message}

    def _unreachable(self, why: str) -> ClientError:
        where = self.url or self.home
        noted = {} if self.url else notes(self.home)
        pid = noted.get("pid")
        holder = f" (process {pid})" if pid else ""
        fix = "look with eider doctor" if not self.url else "see that it runs and the address is right"
        return ClientError("OwnerUnreachableError", f"the owner of {where!r}{holder} did not answer: {why}; {fix}.",
                           {"where": where, "why": why, "pid": pid})  # fmt: skip


WRITES: Final = frozenset(
    (
        *SPOOLED, "deactivate", "pin", "unpin", "forget", "forget_user", "undo", "consolidate", "import_", "export",
        "publish", "rebuild", "direct",
    )
)  # fmt: skip
"""Verbs that are not simply sent again; those in SPOOLED are, with their key."""


def sibling(name: str) -> Any:
    """A module of this package, also where hooks have nothing of Eider on the path."""
    from importlib import import_module

    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    if root not in sys.path:
        sys.path.append(root)
    return import_module(f"eider.service.{name}")

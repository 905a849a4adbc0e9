"""Exports and imports of a caller whose server is on another machine: what is read and written are files of this one.

The content travels in one request, whose bytes are never whole in memory (`eider.api.upload` is the other end).
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from eider.api.upload import CHUNK, FILE, FOLDER, MAX_UPLOAD, REQUEST, ROWS, packed, unpack_into
from eider.client import tls_link
from eider.client.client import PROTOCOL, VERSION, ClientError, dumps, loads, local_zone
from eider.model.errors import InputError, StoreMissingError, TooLargeError
from eider.records.exchange.files import HEADER, replacing
from eider.records.exchange.markdown_folder import INDEX

if TYPE_CHECKING:
    from eider.client.client import Client

PATIENCE: Final = 600.0
"""Seconds without a byte after which a transfer is given up: the server may be writing a large export. A guess."""
_WISH: Final = 2.0
"""Seconds to wait for the word to go on before a file is sent; not every proxy says it."""
_GO_ON: Final = b"HTTP/1.1 100"
_DISK: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM)


def download(client: Client, whole: Mapping[str, Any]) -> int:
    """Export to a path of this machine from a server elsewhere; returns the rows. The path is whole or as it was.

    Raises:
        InputError: The path cannot be written to.
        ClientError: The server refuses, or does not answer.
    """
    path, folder = (
        Path(whole["path"]),
        whole.get("format") == "parquet" or (whole.get("format") == "markdown" and not whole["path"].endswith(".md")),
    )
    if folder and path.is_file():
        raise InputError(f"{str(path)!r} is a file; this export is a directory, so name another path.")
    if folder and path.is_dir() and any(path.iterdir()) and not any((path / name).exists() for name in (HEADER, INDEX)):
        raise InputError(f"{str(path)!r} holds something else than an export; name an empty or new directory.")
    if not folder and path.is_dir():
        raise InputError(f"{str(path)!r} is a directory; name a file, or export as format='parquet'.")
    with replacing(path) as beside, _incoming_file(beside.parent, folder=folder, beside=beside) as file:
        said = dumps(envelope_of(client, {**whole, "path": path.name})).encode()
        head = {"Content-Type": "application/json", "Content-Length": str(len(said))}
        with send_request(client, "export", said, head) as answer:
            shutil.copyfileobj(answer, file, CHUNK)
            rows, missing = int(answer.headers[ROWS]), answer.length
        if missing:
            raise _broken(client, "the answer broke off")
        file.flush()
        os.fsync(file.fileno())
        if folder:
            file.seek(0)
            unpack_into(file, beside)
            for found in beside.iterdir():
                found.chmod(0o600)
                descriptor = os.open(found, os.O_RDONLY)
                os.fsync(descriptor)
                os.close(descriptor)
    return rows


@contextmanager
def _incoming_file(parent: Path, *, folder: bool, beside: Path) -> Generator[IO[bytes]]:
    """Where what arrives is kept: under its coming name, or (a tar to be unpacked) under none."""
    if folder:
        with tempfile.TemporaryFile(dir=parent) as file:
            yield file
        return
    descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        yield file


def upload(client: Client, whole: Mapping[str, Any]) -> Any:
    """Import a path of this machine into a server elsewhere; what the server answered.

    Raises:
        InputError: The path cannot be read, or is too large to send.
        StoreMissingError: Nothing is there.
        ClientError: The server refuses, or does not answer.
    """
    path = Path(whole["path"])
    if not path.exists():
        raise StoreMissingError(path, "name the file or directory that export wrote.")
    with _readable(path), tempfile.TemporaryDirectory(prefix="eider-") as place:
        given = packed(path, Path(place) / "import.tar") if path.is_dir() else path
        size = given.stat().st_size
        if size > MAX_UPLOAD:
            raise TooLargeError(repr(str(path)), size, MAX_UPLOAD, "bytes")
        head = {
            "Content-Type": FOLDER if path.is_dir() else FILE, "Content-Length": str(size), "Expect": "100-continue",
            REQUEST: dumps(envelope_of(client, whole)),
        }  # fmt: skip
        with given.open("rb") as file, send_request(client, "import_", file, head) as answer:
            return loads(answer.read().decode())


@contextmanager
def _readable(path: Path) -> Generator[None]:
    """Say in our words that a file may not be read."""
    try:
        yield
    except PermissionError as error:
        raise InputError(f"{str(path)!r} may not be read; give this user permission.") from error


def envelope_of(client: Client, request: Mapping[str, Any]) -> dict[str, Any]:
    """A request with what the server must know beside it."""
    said = {"store": client.store, "agent": client.agent, "tz": local_zone()}
    return {"request": dict(request), "channel": client.channel, "max_trust": client.max_trust} | {
        name: given for name, given in said.items() if given
    }


@contextmanager
def send_request(
    client: Client, verb: str, body: bytes | IO[bytes], head: Mapping[str, str]
) -> Generator[HTTPResponse]:
    """One request over a connection of its own, sent once; its answer, unless that is a refusal.

    Raises:
        ClientError: The server refuses, or the connection breaks.
    """
    url = urlsplit(str(client.url))
    try:
        sock = tls_link.connect(str(client.url), time.monotonic() + client.timeout)
    except OSError:
        raise _broken(client, "nobody listens there") from None
    try:
        sock.settimeout(PATIENCE)
        path = f"{url.path.rstrip('/')}/v1/{verb}"
        token = client.token or ""
        fields = {
            "Host": url.netloc,
            "Connection": "close",
            "Eider-Client": f"{VERSION}/{PROTOCOL}",
            "Authorization": f"Bearer {token}",
        }
        lines = [f"POST {path} HTTP/1.1", *(f"{name}: {given}" for name, given in {**fields, **head}.items())]
        sock.sendall("\r\n".join([*lines, "", ""]).encode("latin-1", "replace"))
        with HTTPResponse(_send_body(sock, body), method="POST") as answer:
            answer.begin()
            if answer.status != 200:  # noqa: PLR2004 (HTTP: all went well)
                raise _refused(answer)
            yield answer
    except (HTTPException, OSError, ValueError) as error:
        if getattr(error, "errno", None) in _DISK:
            raise
        raise _broken(client, "the connection broke; look whether it happened before you ask again") from None
    finally:
        sock.close()


class _Stream:
    """What `HTTPResponse` wants of a socket: where to read on."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def makefile(self, *_: object) -> IO[bytes]:
        return self._file


def _send_body(sock: Any, body: bytes | IO[bytes]) -> Any:
    """Send the body, a file only once the server wants it; where to read the answer."""
    if isinstance(body, bytes):
        sock.sendall(body)
        return sock
    answer: Any = sock.makefile("rb")
    try:
        sock.settimeout(_WISH)
        first = answer.peek(len(_GO_ON))
        wanted = first.startswith(_GO_ON)
        while wanted and answer.readline().strip():
            pass
    except TimeoutError:  # a proxy that does not say it
        wanted, answer = True, sock.makefile("rb")
    sock.settimeout(PATIENCE)
    if wanted:
        with suppress(ConnectionError):  # refused meanwhile: the answer tells why
            while data := body.read(CHUNK):
                sock.sendall(data)
    return _Stream(answer)


def _refused(answer: HTTPResponse) -> ClientError:
    try:
        error = loads(answer.read().decode())["error"]
        return ClientError(error["kind"], error["message"], error.get("fields"))
    except (ValueError, KeyError, TypeError):
        return ClientError(
            "ServerError", f"the server answered {answer.status} and no reason; see that the address is right."
        )


def _broken(client: Client, why: str) -> ClientError:
    fields = {"where": client.url, "why": why, "pid": None}
    return ClientError("ServerUnreachableError", f"the server of {client.url!r} did not answer: {why}.", fields)

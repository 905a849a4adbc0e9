"""Connects to a remote server: https with the certificate checked, plain http only to trusted hosts.

Standard library only, like all of the client.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urlsplit

from eider.client.client import ClientError, home, loads, server_notes

if TYPE_CHECKING:
    import ssl

_PORTS: Final = {"http": 80, "https": 443}


def connect(url: str, until: float) -> Any:
    """Return a connected socket, encrypted for https.

    Args:
        url: Such as `https://memory.example.org` or `https://example.org/memory`.
        until: Deadline on the monotonic clock.

    Raises:
        ClientError: The address is none, would send the token in the clear, or is not who it says it is.
        OSError: Nobody listens there.
    """
    parts = _parse_url(url)
    host, port = str(parts.hostname), parts.port or _PORTS[parts.scheme]
    if (
        parts.scheme == "http"
        and not is_loopback(host)
        and host not in [host.strip().lower() for host in _setting("http_hosts").split(",")]
    ):
        raise ClientError(
            "ConfigError", f"{url!r} would send the token and what is remembered unencrypted; use https://, or (in a network "
            f"of your own) allow it with EIDER_HTTP_HOSTS={host} or eider config http_hosts {host}."
        )  # fmt: skip
    sock = socket.create_connection((host, port), timeout=_seconds_left(until))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if parts.scheme == "http":
        return sock
    try:
        return _wrap_tls(sock, host, url, until, os.path.expanduser(_setting("ca_file")))
    except BaseException:
        sock.close()
        raise


def _wrap_tls(sock: socket.socket, host: str, url: str, until: float, authority: str) -> ssl.SSLSocket:
    import ssl

    context = _tls_context(authority)
    sock.settimeout(_seconds_left(until))
    try:
        return context.wrap_socket(sock, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        raise ClientError(
            "ServerUnreachableError", f"{url!r} could not prove who it is ({error.verify_message}); for an authority of your "
            "own set EIDER_CA_FILE to its certificate, and see that the name in the address is the certificate's."
        ) from None  # fmt: skip
    except TimeoutError:
        raise
    except ssl.SSLError as error:
        raise ClientError(
            "ServerUnreachableError",
            f"{url!r} does not speak TLS as it should ({error.reason}); see that it is an https:// address.",
        ) from None


@lru_cache(maxsize=8)
def _tls_context(authority: str) -> ssl.SSLContext:
    """Return a TLS context that checks certificates and names, against one authority if given."""
    import ssl

    try:
        return ssl.create_default_context(cafile=authority or None)
    except OSError as error:  # a missing file, or one that holds no certificate
        raise ClientError(
            "ConfigError", f"EIDER_CA_FILE={authority!r} cannot be used ({error.strerror or error}); name a PEM file."
        ) from None  # fmt: skip


def _parse_url(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ClientError(
            "InputError", f"{url!r} is no address ({error}); write it like https://example.org."
        ) from None
    clear = all(32 < ord(c) < 127 for c in url)  # noqa: PLR2004 (visible ASCII: what a request line takes)
    if parts.scheme not in _PORTS or not parts.hostname or port == 0 or not clear:
        raise ClientError("InputError", f"{url!r} is no address of a server; write it like https://memory.example.org.")
    if parts.username is not None or parts.query or parts.fragment:
        raise ClientError(
            "InputError",
            f"the address of {parts.hostname!r} may hold a host, a port and a path; pass a token as token= or EIDER_TOKEN.",
        )
    return parts


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine: a loopback address or `localhost`.

    >>> [is_loopback(h) for h in ("127.0.0.1", "::1", "localhost", "127.0.0.1.example.org")]
    [True, True, True, False]
    """
    import ipaddress

    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def token_for(url: str) -> str | None:
    """Return the token for a server: `EIDER_TOKEN`, or for this home's server its own.

    The file is not shown to whoever else listens on this machine: only to the port that the server noted.
    """
    if given := os.environ.get("EIDER_TOKEN"):
        return given
    parts = _parse_url(url)
    if not is_loopback(str(parts.hostname)) or server_notes(home()).get("port") != parts.port:
        return None
    try:
        with open(os.path.join(home(), "run", "token"), encoding="utf-8") as file:
            return file.read().strip() or None
    except OSError:
        return None


def connect_loopback(client: Any, until: float) -> Any:
    """Return a socket to the home's server over loopback, where there are no Unix sockets; sets the token.

    Raises:
        OSError: Nobody listens.
    """
    with open(os.path.join(client.home, "run", "token"), encoding="utf-8") as file:
        client.token = file.read().strip()
    port = server_notes(client.home).get("port")
    if not isinstance(port, int):
        raise ConnectionRefusedError
    return socket.create_connection(("127.0.0.1", port), timeout=_seconds_left(until))


def _setting(name: str) -> str:
    """Read a setting from the environment, else from the settings file."""
    if given := os.environ.get(f"EIDER_{name.upper()}"):
        return given
    try:
        with open(os.path.join(home(), "config.json"), encoding="utf-8") as file:
            found = loads(file.read())
    except (OSError, ValueError):
        return ""
    return str(found.get(name) or "") if isinstance(found, dict) else ""


def _seconds_left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def decode_chunked(have: bytes, more: Callable[[], bytes], limit: int) -> bytes:
    r"""Decode a chunked HTTP body; raise ValueError if it is malformed or too long.

    >>> decode_chunked(b"3\r\nabc\r\n0\r\n\r\n", lambda: b"", 10)
    b'abc'
    """
    parts: list[bytes] = []

    def line() -> bytes:
        nonlocal have
        while (end := have.find(b"\r\n")) < 0:
            have += more()
        found, have = have[:end], have[end + 2 :]
        return found

    while size := int(line().split(b";")[0], 16):
        limit -= size
        if limit < 0 or size < 0:
            raise ValueError("too long")
        while len(have) < size + 2:
            have += more()
        parts.append(have[:size])
        have = have[size + 2 :]
    while line():  # trailers
        pass
    return b"".join(parts)

"""The HTTP port for hooks: reserved once per home, with a token that gives access to hooks only.

Both stand in `<EIDER_HOME>/hooks.json`, readable by this account alone. The server listens there as long as the file
names it; whoever installs hooks rotates the token.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import random
import secrets
import socket
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Final

from eider.client.client import dumps, loads
from eider.client.private_dirs import make_home
from eider.model.errors import StoreError

FILE: Final = "hooks.json"
HOST: Final = "127.0.0.1"
MIN_TOKEN_LENGTH: Final = 32
"""Characters; a shorter one was written by somebody else."""
_RANGE: Final = (20_000, 32_000)
"""Below what systems give to outgoing connections, so that a reserved port stays free while no server runs."""
_ATTEMPTS: Final = 200
_TIMEOUT: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class HookPort:
    """Port and token that hooks use."""

    port: int
    token: str

    @property
    def base(self) -> str:
        """Return the address below which hooks are, such as `…/v1/hooks/claude-code`."""
        return f"http://{HOST}:{self.port}/v1/hooks"


def read(home: str | os.PathLike[str]) -> HookPort | None:
    """Read the reserved port and token; None if there are none."""
    try:
        with open(os.path.join(home, FILE), encoding="utf-8") as file:
            found = loads(file.read())
    except (OSError, ValueError):
        return None
    if not isinstance(found, dict):
        return None
    port, token = found.get("port"), found.get("token")
    if not isinstance(port, int) or isinstance(port, bool) or not 0 < port < 65536:  # noqa: PLR2004 (ports end there)
        return None
    if not isinstance(token, str) or len(token) < MIN_TOKEN_LENGTH or not (token.isascii() and token.isprintable()):
        return None
    return HookPort(port=port, token=token)


def reserve(home: str | os.PathLike[str], *, rotate: bool = False) -> HookPort:
    """Return the port and token of a home; reserve them if needed.

    Args:
        home: `EIDER_HOME`.
        rotate: Make a new token; the port stays where it is ours or free.

    Raises:
        StoreError: The file cannot be written, or no port is free.
    """
    known = read(home)
    if known is not None and not rotate:
        return known
    keeps = known is not None and (is_free(known.port) or is_our_server(known))
    made = HookPort(port=known.port if known and keeps else _free_port(), token=secrets.token_urlsafe(32))
    path = os.path.join(make_home(os.fspath(home)), FILE)
    fresh = f"{path}.{os.getpid()}"
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(dumps({"port": made.port, "token": made.token}))
        os.replace(fresh, path)
    except OSError as error:
        with suppress(OSError):
            os.unlink(fresh)
        raise StoreError(f"{path!r} cannot be written ({error.strerror}); free some space or mend its permissions."
                         ) from None  # fmt: skip
    return made


def proof(token: str, nonce: str) -> str:
    """Return a proof that the caller knows the token, made from a nonce, so that the token is not sent."""
    return hmac.new(token.encode(), f"eider hooks {nonce}".encode(), hashlib.sha256).hexdigest()


def is_our_server(known: HookPort) -> bool:
    """Return whether the listener on the port proves that it knows the token, so is this home's server."""
    nonce = secrets.token_hex(16)
    line = HTTPConnection(HOST, known.port, timeout=_TIMEOUT)
    try:
        line.request("POST", "/v1/hooks/hello", dumps({"nonce": nonce}), {"Content-Type": "application/json"})
        found = loads(line.getresponse().read(4096).decode())
        said = found.get("proof") if isinstance(found, dict) else None
    except (OSError, ValueError, HTTPException):
        return False
    finally:
        line.close()
    return isinstance(said, str) and hmac.compare_digest(said.encode(), proof(known.token, nonce).encode())


def is_free(port: int) -> bool:
    """Return whether nobody listens on a port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((HOST, port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    chance = random.SystemRandom()
    for _ in range(_ATTEMPTS):
        if is_free(port := chance.randrange(*_RANGE)):
            return port
    raise StoreError(f"no port between {_RANGE[0]} and {_RANGE[1]} of {HOST} is free; end a program that holds some.")

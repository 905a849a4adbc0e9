"""JSON over HTTP to one service: kept connections, a deadline for the whole answer, retries."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
import weakref
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from eider.model.errors import ConfigError, ProviderError

RETRIES: Final = 2
"""Attempts after the first, on lost connections and on the statuses of `_PASSES`."""
_PASSES: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_PAUSES: Final = (0.2, 0.8)
"""Seconds before a further attempt, where the service does not say. A guess."""
_PIECE: Final = 65_536
_LARGEST: Final = 256 * 2**20
"""Bytes of one answer: 2,000 vectors of 4,096 floats as decimal text take half of it."""
_OK: Final = 200
_FIX: Final = {
    400: "it was not understood; look at the model's name and its options",
    401: "the key is missing or wrong; set it with eider config set embedder_key …",
    403: "the key may not use this model; take another key or model",
    404: "there is no such model or address; look at the name, or set eider config set embedder_url …",
    413: "the texts are too many or too long for it",
}


class StatusError(ProviderError):
    """A service answered with a status that is no success."""

    def __init__(self, message: str, status: int, *, retryable: bool, retry_after: float | None, reason: str) -> None:
        super().__init__(message, retryable=retryable, retry_after=retry_after)
        self.status, self.reason = status, reason


class JsonService:
    """One service; safe to share between threads, each call has a connection for itself."""

    def __init__(
        self, name: str, url: str, headers: Mapping[str, str] | None = None, *, retries: int = RETRIES
    ) -> None:
        """Name a service; nothing is sent yet.

        Args:
            name: What it is called in errors.
            url: Where it is, without the path of a call: `http://127.0.0.1:8080/v1`.
            headers: Sent with every call.
            retries: Attempts after the first.

        Raises:
            ConfigError: The address cannot be used.
        """
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in ("http", "https") or not parts.hostname or port == -1 or parts.username:
            raise ConfigError(f"{url!r} is no address of {name}; write one such as 'http://127.0.0.1:8080/v1'.")
        self._name, self._retries = name, retries
        self._secure, self._host, self._port = parts.scheme == "https", parts.hostname, port
        self._base, self._where = parts.path.rstrip("/"), f"{parts.scheme}://{parts.netloc}"
        self._headers = {"Content-Type": "application/json", "Accept": "application/json", **(headers or {})}
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()
        weakref.finalize(self, _close, self._idle)

    def post(self, path: str, body: Mapping[str, Any], *, seconds: float) -> Any:
        """Send a call and return the answer's JSON.

        Args:
            path: Behind the service's address, from its slash on.
            body: Sent as JSON.
            seconds: For everything, retries included.

        Raises:
            ProviderError: No answer in time, or none that can be used. It quotes neither key nor text.
        """
        until = time.monotonic() + seconds
        sent = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        for attempt in range(self._retries + 1):
            try:
                return self._once(path, sent, until)
            except ProviderError as error:
                pause = error.retry_after if error.retry_after is not None else _PAUSES[min(attempt, len(_PAUSES) - 1)]
                if not error.retryable or attempt == self._retries or time.monotonic() + pause >= until:
                    raise
                time.sleep(pause)
        raise AssertionError  # the last attempt returns or raises

    def _once(self, path: str, sent: bytes, until: float) -> Any:
        with self._lock:
            line = self._idle.pop() if self._idle else None
        reused = line is not None
        while True:
            line = line or self._connected(until)
            try:
                return self._exchanged(line, path, sent, until)
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError) as error:
                line.close()
                if not reused:
                    raise self._lost(error) from error
                line, reused = None, False  # the service closed a connection that rested
            except (OSError, http.client.HTTPException) as error:
                line.close()
                raise self._lost(error) from error
            except BaseException:
                line.close()
                raise

    def _exchanged(self, line: http.client.HTTPConnection, path: str, sent: bytes, until: float) -> Any:
        _bound(line, until)
        line.request("POST", f"{self._base}{path}", body=sent, headers=self._headers)
        answer = line.getresponse()
        pieces: list[bytes] = []
        size = 0
        while True:
            _bound(line, until)
            piece = answer.read1(_PIECE)
            if not piece:
                break
            pieces.append(piece)
            size += len(piece)
            if size > _LARGEST:
                raise ProviderError(
                    f"{self._name} at {self._where} answered with more than {_LARGEST:,} bytes.", retryable=False
                )
        answer.close()
        if answer.status != _OK:
            line.close()
            raise self._refused(answer, b"".join(pieces))
        if answer.will_close:
            line.close()
        else:
            with self._lock:
                self._idle.append(line)
        try:
            return json.loads(b"".join(pieces))
        except ValueError as error:
            raise ProviderError(f"{self._name} at {self._where} answered with no JSON.") from error

    def _connected(self, until: float) -> http.client.HTTPConnection:
        """A new connection, through the proxy that the environment names."""
        left = max(0.001, until - time.monotonic())
        proxy = None if proxy_bypass(self._host) else getproxies().get("https" if self._secure else "http")
        through = urlsplit(proxy) if proxy else None
        host, port = (through.hostname or "", through.port or 3128) if through else (self._host, self._port)
        if self._secure:
            line: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, port, timeout=left, context=ssl.create_default_context()
            )
        else:
            line = http.client.HTTPConnection(host, port, timeout=left)
        if through is not None:
            line.set_tunnel(self._host, self._port or (443 if self._secure else 80))
        try:
            line.connect()
        except (OSError, http.client.HTTPException) as error:
            line.close()
            raise self._lost(error) from error
        return line

    def _lost(self, error: BaseException) -> ProviderError:
        if isinstance(error, TimeoutError):
            return ProviderError(f"{self._name} at {self._where} did not answer in time.")
        return ProviderError(
            f"{self._name} at {self._where} cannot be reached ({type(error).__name__}); is it running?"
        )

    def _refused(self, answer: http.client.HTTPResponse, body: bytes) -> StatusError:
        """A status with its fix; the body, which may quote a user's text, is looked at and not told."""
        status = answer.status
        fix = _FIX.get(status, "it is asked again later" if status in _PASSES else "look at the service")
        return StatusError(
            f"{self._name} at {self._where} answered with status {status}: {fix}.", status,
            retryable=status in _PASSES, retry_after=_seconds(answer.headers.get("retry-after")),
            reason=body[:2_000].decode("utf-8", "replace").lower(),
        )  # fmt: skip


def _close(lines: list[http.client.HTTPConnection]) -> None:
    while lines:
        lines.pop().close()


def _bound(line: http.client.HTTPConnection, until: float) -> None:
    """Let the next wait end with the deadline: a service that trickles bytes gains no time."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    if line.sock is not None:
        line.sock.settimeout(left)


def _seconds(said: str | None) -> float | None:
    """Seconds a service asks to be left alone, from its header."""
    if not said:
        return None
    with suppress(ValueError):
        return max(0.0, float(said))
    with suppress(ValueError, TypeError):
        return max(0.0, (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds())
    return None

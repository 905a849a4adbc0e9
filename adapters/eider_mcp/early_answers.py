"""Answers the handshake and the list of tools while the SDK is still being imported, which takes most of a second.

What is answered here is what the SDK would say. The client's lines are handed on to the SDK, whose own answer to the
handshake is dropped; once it is ready, everything passes through.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from eider.api.host_values import repaired_tree

VERSIONS: Final = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
"""Versions of the protocol that begin with a handshake, as in `mcp_types.version`; a test compares them."""
_CAPABILITIES: Final = {
    "completions": {}, "prompts": {"listChanged": False}, "resources": {"listChanged": False, "subscribe": False},
    "tools": {"listChanged": False},
}  # fmt: skip
Answers = Callable[[], Sequence[Mapping[str, Any]]]
_HALVES: Final = re.compile(rb"\\u[dD][89a-fA-F]")
"""What may be half of an emoji in JSON."""
_NOTHING: Final = object()
_END: Final = b"\0end\n"
"""The last line through the pipe of stdout; no message holds a NUL."""


class EarlyAnswers:
    """Stands between the client and the SDK on this process's stdin and stdout."""

    def __init__(self, server: Mapping[str, str], instructions: str, tools: Answers) -> None:
        """Touch no stream yet.

        Args:
            server: `name`, `title` and `version`, as the client is told.
            instructions: What the model is told of the server.
            tools: The tools as the protocol lists them.
        """
        self._server, self._instructions, self._tools = server, instructions, tools
        self._ready = threading.Event()
        self._writing = threading.Lock()
        self._dropped: object = _NOTHING
        """Id of the handshake that was answered here."""
        self._pump: threading.Thread | None = None

    def start(self) -> None:
        """Put pipes in the place of stdin and stdout, and begin to read."""
        self._client_in, self._client_out = os.dup(0), os.dup(1)
        to_sdk, from_sdk = os.pipe(), os.pipe()
        os.dup2(to_sdk[0], 0)
        os.dup2(from_sdk[1], 1)
        os.close(to_sdk[0])
        os.close(from_sdk[1])
        self._to_sdk, self._from_sdk = to_sdk[1], from_sdk[0]
        threading.Thread(target=self._read_client, name="eider-mcp-in", daemon=True).start()
        self._pump = threading.Thread(target=self._read_sdk, name="eider-mcp-out", daemon=True)
        self._pump.start()

    def hand_over(self) -> None:
        """Let everything through from now on: the SDK reads."""
        self._ready.set()

    def finish(self) -> None:
        """Write what the SDK has said; nothing reaches the client after that."""
        _write_whole(1, _END)  # the SDK may hold another descriptor of the pipe, so its end would not come by itself
        if self._pump is not None:
            self._pump.join()

    def answer(self, message: object) -> dict[str, Any] | None:
        """Return the result of a request that can be answered without the SDK."""
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            return None
        id_, method, params = message.get("id"), message.get("method"), message.get("params") or {}
        if not isinstance(id_, int | str) or isinstance(id_, bool) or not isinstance(params, dict):
            return None
        if method == "initialize":
            return self._handshake(params)
        if method == "tools/list" and not set(params) - {"_meta"}:
            return {"tools": list(self._tools())}
        return {} if method == "ping" else None

    def _handshake(self, params: Mapping[str, Any]) -> dict[str, Any] | None:
        asked, client = params.get("protocolVersion"), params.get("clientInfo")
        if (
            not isinstance(asked, str)
            or not isinstance(params.get("capabilities"), dict)
            or not isinstance(client, dict)
        ):
            return None
        if not all(isinstance(client.get(name), str) for name in ("name", "version")):
            return None
        return {
            "capabilities": _CAPABILITIES, "instructions": self._instructions, "serverInfo": dict(self._server),
            "protocolVersion": asked if asked in VERSIONS else VERSIONS[-1],
        }  # fmt: skip

    def _read_client(self) -> None:
        with os.fdopen(self._client_in, "rb") as lines, suppress(OSError):
            for given in lines:
                line = repaired_line(given)
                if not self._ready.is_set() and self._answered(line):
                    continue
                _write_whole(self._to_sdk, line)
        os.close(self._to_sdk)

    def _answered(self, line: bytes) -> bool:
        """Answer a line; return whether the SDK need not see it."""
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            return False
        result = self.answer(message)
        if result is None or (self._dropped is _NOTHING) != (message["method"] == "initialize"):
            return False
        if message["method"] == "initialize":
            self._dropped = message["id"]
        self._say(
            json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}, ensure_ascii=False).encode() + b"\n"
        )
        return message["method"] != "initialize"

    def _read_sdk(self) -> None:
        with os.fdopen(self._from_sdk, "rb") as lines, suppress(OSError):
            for line in lines:
                if line.endswith(_END):
                    return
                if self._dropped is not _NOTHING and self._is_dropped(line):
                    self._dropped = None
                    continue
                self._say(line)

    def _is_dropped(self, line: bytes) -> bool:
        if self._dropped is None:
            return False
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            return False
        return isinstance(message, dict) and "method" not in message and message.get("id") == self._dropped

    def _say(self, line: bytes) -> None:
        with self._writing, suppress(OSError):  # a client that is gone reads nothing
            _write_whole(self._client_out, line)


def repaired_line(line: bytes) -> bytes:
    """Return a line of JSON with halves of emoji replaced: the SDK would leave it without an answer."""
    if _HALVES.search(line) is None:
        return line
    try:
        return json.dumps(repaired_tree(json.loads(line)), ensure_ascii=False).encode() + b"\n"
    except (ValueError, RecursionError):
        return line


def _write_whole(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]

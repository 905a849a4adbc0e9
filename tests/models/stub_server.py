"""A model server on loopback that answers as scripted, in Anthropic's and in OpenAI's shape, and keeps what it was asked."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

EMPTY: Final[Mapping[str, dict[str, Any]]] = {
    "signal": {"reasoning": "nothing lasts", "signals": []},
    "memory": {"reasoning": "nothing", "memories": []},
    "reconcile": {"verdicts": []},
    "validation": {"verdicts": []},
    "attribution": {"reasoning": "none", "memories": []},
    "policy": {"reasoning": "none", "lines": []},
    "scope": {"reasoning": "none", "scope": 0, "new": "", "confidence": 1.0},
    "scope_consolidation": {"reasoning": "none", "steps": []},
}
"""What each prompt is answered with where nothing is scripted."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """An answer that is none."""

    status: int = 200
    body: str | None = None
    """Sent as it is, instead of an answer's envelope."""
    text: str | None = None
    """Sent within the envelope, instead of what is scripted."""
    stop: str | None = None
    """Why the model stopped, in Anthropic's words."""
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False
    """Say nothing until the server closes."""


def broken(status: int, **headers: str) -> Fault:
    """An error of the service."""
    body = json.dumps({"type": "error", "error": {"type": "api_error", "message": "scripted"}})
    return Fault(status=status, body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})


INVALID: Final = Fault(text='{"reasoning": "half')
WRONG: Final = Fault(text='{"wrong": 1}')
REFUSAL: Final = Fault(stop="refusal", text="")
TRUNCATED: Final = Fault(stop="max_tokens", text='{"reasoning": "and so on')
HTML: Final = Fault(
    body="<!doctype html><html><body>502 Bad Gateway</body></html>", headers={"content-type": "text/html"}
)
HANG: Final = Fault(hang=True)


class StubServer:
    """Answers by the name of the prompt; faults come first, in their order."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.faults: list[Fault] = []
        self.asked: list[str] = []
        """Names of the prompts, in order; also of those that met a fault."""
        self.bodies: list[dict[str, Any]] = []
        self.tokens = (120, 30)
        self._lock, self.closing = threading.Lock(), threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def taken(self, name: str, body: dict[str, Any]) -> Fault | None:
        with self._lock:
            self.asked.append(name)
            self.bodies.append(body)
            return self.faults.pop(0) if self.faults else None

    def answer(self, name: str, body: dict[str, Any]) -> Any:
        found = self.answers.get(name, EMPTY.get(name, {}))
        return found(body) if isinstance(found, Callable) else found

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def prompt_of(body: Mapping[str, Any]) -> str:
    """The name of a prompt by the type of its answer, which both shapes carry."""
    title = body.get("output_config", {}).get("format", {}).get("schema", {}).get("title", "")
    title = title or next((tool["function"]["name"] for tool in body.get("tools", ())), "")
    return re.sub(r"(?<!^)(?=[A-Z])", "_", title.removesuffix("Answer")).lower()


def said_in(body: Mapping[str, Any]) -> str:
    """What a prompt carries beside its instructions."""
    return str(body["messages"][-1]["content"])


def _handler(stub: StubServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if self.path.endswith(("/count_tokens", "/input_tokens")):
                self._send(200, {"input_tokens": 7 + len(json.dumps(body.get("messages") or body.get("input"))) // 4})
                return
            name = prompt_of(body)
            fault = stub.taken(name, body)
            if fault is not None and fault.hang:
                stub.closing.wait(30)
                self.close_connection = True
                return
            if fault is not None and fault.body is not None:
                self._send(fault.status, fault.body, fault.headers)
                return
            text = json.dumps(stub.answer(name, body)) if fault is None or fault.text is None else fault.text
            stop = fault.stop if fault is not None else None
            chat = self.path.endswith("/chat/completions")
            made = _openai(name, body, text, stop, stub.tokens) if chat else _anthropic(text, stop, stub.tokens)
            self._send(200, made)

        def _send(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
            raw = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            for key, value in {"content-type": "application/json", **(headers or {})}.items():
                self.send_header(key, value)
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            del format, args

    return Handler


def _anthropic(text: str, stop: str | None, tokens: tuple[int, int]) -> dict[str, Any]:
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "stub", "stop_reason": stop or "end_turn",
        "stop_sequence": None, "content": [{"type": "text", "text": text}] if text else [],
        "usage": {"input_tokens": tokens[0], "output_tokens": tokens[1]},
    }  # fmt: skip


def _openai(name: str, body: Mapping[str, Any], text: str, stop: str | None, tokens: tuple[int, int]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
    if stop == "refusal":
        message["refusal"] = "I cannot help with that."
    else:
        function = body["tools"][0]["function"]["name"] if body.get("tools") else name
        message["tool_calls"] = [
            {"id": "call_1", "type": "function", "function": {"name": function, "arguments": text}}
        ]
    finish = {"max_tokens": "length", "refusal": "stop"}.get(stop or "", "tool_calls")
    return {
        "id": "chat_1", "object": "chat.completion", "created": 1, "model": "stub",
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
        "usage": {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": sum(tokens)},
    }  # fmt: skip

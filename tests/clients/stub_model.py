"""A model on loopback for real clients: answers as scripted (see `stub_script`) and keeps what it was sent.

    POST /v1/messages, /v1/messages/count_tokens    Anthropic
    POST /v1/chat/completions, /v1/responses        OpenAI
    POST /v1/embeddings                             hashed words
    GET  /v1/models

Any prefix before these paths is accepted. Values of headers that carry a credential are not kept.
As a program: `stub_model.py [--script FILE] [--record FILE]` prints its address and serves until it is ended.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Self

import stub_wire as wire
from stub_script import Script
from stub_wire import Event, Json

SECRET: Final = frozenset({"authorization", "x-api-key", "api-key", "cookie", "proxy-authorization"})
SHAPES: Final = {
    "/messages": (wire.message, wire.message_events),
    "/chat/completions": (wire.completion, wire.completion_events),
    "/responses": (wire.response, wire.response_events),
}
"""By the end of a path: a reply as a whole, and that as a stream."""


class StubModel:
    """The server; listens from its making, answers from `start` (or `with`) to `stop`."""

    def __init__(
        self, script: Json | None = None, *, record: Path | None = None, models: Iterable[str] = (), width: int = 256
    ) -> None:
        self.script = Script(script)
        self.models = tuple(models) or ("stub-model", "claude-stub")
        self.width = width
        self.requests: list[Json] = []
        """Each `{n, t, method, path, why, headers, body, reply}`; `why` says what chose the reply."""
        self._record, self._lock = record, threading.Lock()
        self._http = _Server(self)
        self.port = int(self._http.server_address[1])
        self.base_url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Self:
        """Answer from now on."""
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def stop(self) -> None:
        """Answer no more."""
        self._http.shutdown()
        self._http.server_close()

    def turns(self) -> list[Json]:
        """The requests that asked the model for something, in their order: no counts, models or embeddings."""
        with self._lock:
            return [one for one in self.requests if one["reply"] is not None]

    def reset(self, script: Json | None = None) -> None:
        """Forget the requests and begin this script (or the same again)."""
        with self._lock:
            self.requests.clear()
        if script is None:
            self.script.rewind()
        else:
            self.script.load(script)

    def keep(self, asked: BaseHTTPRequestHandler, body: Json | None, why: str, reply: Json | None = None) -> None:
        """Note a request."""
        headers = {
            name.lower(): "<redacted>" if name.lower() in SECRET else value for name, value in asked.headers.items()
        }
        row = {"t": round(time.time(), 4), "method": asked.command, "path": asked.path, "why": why, "headers": headers}
        with self._lock:
            self.requests.append({"n": len(self.requests), **row, "body": body, "reply": reply})
            if self._record is not None:
                with self._record.open("a", encoding="utf-8") as out:
                    out.write(json.dumps(self.requests[-1], ensure_ascii=False) + "\n")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, stub: StubModel) -> None:
        self.stub = stub
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients hang up as they like; anything else is a fault of ours."""
        if not isinstance(sys.exc_info()[1], (BrokenPipeError, ConnectionResetError)):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: object) -> None:
        """Say nothing on stderr."""

    def _head(self, status: int, kind: str, **more: str) -> None:
        self.send_response(status)
        for name, value in {"content-type": kind, "request-id": wire.fresh("req_"), **more}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def _json(self, answer: Json, status: int = 200) -> None:
        data = json.dumps(answer).encode()
        self._head(status, "application/json", content_length=str(len(data)))
        if self.command != "HEAD":
            self.wfile.write(data)

    def _stream(self, events: Iterable[Event]) -> None:
        self._head(200, "text/event-stream", cache_control="no-cache", transfer_encoding="chunked")
        for name, data in events:
            said = data if isinstance(data, str) else json.dumps(data)
            raw = ((f"event: {name}\n" if name else "") + f"data: {said}\n\n").encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(raw), raw))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def do_HEAD(self) -> None:
        self._json({})

    def do_GET(self) -> None:
        stub = self.server.stub
        stub.keep(self, None, "get")
        if not self.path.partition("?")[0].endswith("/models"):
            return self._json({})
        shared = {
            "object": "model",
            "type": "model",
            "created": 0,
            "created_at": "2026-01-01T00:00:00Z",
            "owned_by": "stub",
        }
        data = [{"id": name, "display_name": name, **shared} for name in stub.models]
        return self._json({"object": "list", "has_more": False, "data": data})

    def do_POST(self) -> None:
        stub, path = self.server.stub, self.path.partition("?")[0]
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        body: Json = json.loads(raw or b"{}")
        if path.endswith("/count_tokens"):
            stub.keep(self, body, "count_tokens")
            return self._json({"input_tokens": max(1, len(raw) // 4)})
        if path.endswith("/embeddings"):
            stub.keep(self, body, "embeddings")
            return self._json(wire.embeddings(body, stub.width))
        shape = next((SHAPES[end] for end in SHAPES if path.endswith(end)), None)
        if shape is None:
            stub.keep(self, body, "unknown")
            return self._json({"error": {"type": "not_found_error", "message": path}}, 404)
        reply, why = stub.script.choose(path, body)
        stub.keep(self, body, why, reply)
        return self._answer(reply, body, *shape)

    def _answer(self, reply: Json, body: Mapping[str, Any], whole: Any, events: Any) -> None:
        if reply.get("delay"):
            time.sleep(float(reply["delay"]))
        if reply.get("status", 200) != 200:
            kind = reply.get("error", "api_error")
            return self._json({"type": "error", "error": {"type": kind, "message": kind}}, int(reply["status"]))
        answer = whole(reply, body.get("model", "stub-model"))
        return self._stream(events(answer)) if body.get("stream") else self._json(answer)


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--script", type=Path, help="a script as JSON")
    parser.add_argument("--record", type=Path, help="where each request becomes a line of JSON")
    given = parser.parse_args()
    script = json.loads(given.script.read_text()) if given.script else None
    with StubModel(script, record=given.record) as stub:
        print(stub.base_url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()

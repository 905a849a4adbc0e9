"""Services that embed, on loopback, each in its own documented form; what they embed with is hashed spelling."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import numpy as np

from eider.providers.embedders.hashing import HashEmbedder

WIDTH = 64
KEY = "sk-of-this-test"
LIMITS = {
    "openai": 2048,
    "openrouter": 512,
    "vllm": 256,
    "litellm": 256,
    "tei": 32,
    "voyage": 128,
    "cohere": 96,
    "ollama": 64,
}


class Service:
    """One service; `port` stays the same when it is stopped and started again."""

    def __init__(self, provider: str, *, longest: int = 10**9) -> None:
        self.provider, self.longest = provider, longest
        self.seen: list[dict[str, Any]] = []
        """Bodies of the calls that were understood."""
        self.statuses: list[tuple[int, dict[str, str], str]] = []
        """What the next calls are answered with instead: status, headers, body."""
        self.model = HashEmbedder(width=WIDTH)
        self.hangs = threading.Event()
        """While set, nothing is answered."""
        self.port = 0
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """The address as a user would set it."""
        base = {"ollama": "", "tei-rerank": "", "cohere": "/v2"}.get(self.provider, "/v1")
        return f"http://127.0.0.1:{self.port}{base}"

    @property
    def name(self) -> str:
        """The embedder's name, with its address and key."""
        return f"{self.provider}:some-model?url={self.url}&key={KEY}"

    def start(self) -> None:
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"])
                service.answer(self, json.loads(self.rfile.read(size)))

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            lines: ClassVar[list[Any]] = []

            def process_request(self, request: Any, client_address: Any) -> None:
                self.lines.append(request)
                super().process_request(request, client_address)

            def handle_error(self, request: Any, client_address: Any) -> None:
                """A client that gave up is no news."""

        Server.lines = []
        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """End it as a kill would: resting connections break."""
        server: Any = self._server
        if server is not None:
            server.shutdown()
            server.server_close()
            for line in server.lines:
                with suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)
            self._server = None

    def answer(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        while self.hangs.is_set():
            time.sleep(0.01)
        if self.statuses:
            status, headers, said = self.statuses.pop(0)
            return _send(handler, status, said, headers)
        if self.provider != "ollama" and handler.headers.get("Authorization") != f"Bearer {KEY}":
            return _send(handler, 401, '{"error": {"message": "Incorrect API key provided"}}')
        try:
            found = FORMS[self.provider](self, handler.path, body)
        except RefusedError as refused:
            return _send(handler, refused.status, json.dumps({"error": {"message": refused.args[0]}}))
        self.seen.append(body)
        return _send(handler, 200, json.dumps(found))

    def vectors(self, texts: list[str]) -> list[list[float]]:
        """Vectors of texts of any length above zero; each service scales them as it likes."""
        if not isinstance(texts, list) or not texts or not all(isinstance(t, str) and t for t in texts):
            raise RefusedError(400, "input must be a list of non-empty strings")
        if len(texts) > LIMITS[self.provider]:
            raise RefusedError(
                413 if self.provider == "tei" else 400, f"batch size {len(texts)} > maximum allowed batch size"
            )
        if max(map(len, texts)) > self.longest:
            raise RefusedError(400, f"This model's maximum context length is {self.longest} tokens")
        found = self.model.embed(texts, "document")
        found[~found.any(axis=1), 0] = 1
        return (found * 3).astype(np.float64).tolist()


class RefusedError(Exception):
    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def _send(handler: BaseHTTPRequestHandler, status: int, said: str, headers: dict[str, str] | None = None) -> None:
    handler.send_response(status)
    for name, value in {
        "Content-Type": "application/json",
        "Content-Length": str(len(said.encode())),
        **(headers or {}),
    }.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(said.encode())


def _needs(path: str, wanted: str, body: dict[str, Any], known: str) -> None:
    if path != wanted:
        raise RefusedError(404, f"no route {path}")
    if unknown := set(body) - set(known.split()):
        raise RefusedError(400, f"unknown fields {unknown}")
    if not body.get("model", "tei"):
        raise RefusedError(400, "you must provide a model parameter")


def _openai(service: Service, path: str, body: dict[str, Any]) -> Any:
    _needs(path, "/v1/embeddings", body, "model input encoding_format dimensions user")
    found = service.vectors(body["input"])
    data = [{"object": "embedding", "index": i, "embedding": v} for i, v in enumerate(found)]
    return {
        "object": "list",
        "data": data[::-1],
        "model": body["model"],
        "usage": {"prompt_tokens": 1, "total_tokens": 1},
    }


def _voyage(service: Service, path: str, body: dict[str, Any]) -> Any:
    if path == "/v1/rerank":
        _needs(path, path, body, "query documents model top_k return_documents truncation")
        found = _ranked(body["query"], body["documents"])
        return {
            "object": "list",
            "data": [{"relevance_score": s, "index": i} for i, s in found],
            "model": body["model"],
        }
    _needs(
        path, "/v1/embeddings", body, "model input input_type truncation output_dimension output_dtype encoding_format"
    )
    if body.get("input_type") not in (None, "query", "document"):
        raise RefusedError(400, "input_type")
    data = [{"object": "embedding", "index": i, "embedding": v} for i, v in enumerate(service.vectors(body["input"]))]
    return {"object": "list", "data": data, "model": body["model"], "usage": {"total_tokens": 1}}


def _cohere(service: Service, path: str, body: dict[str, Any]) -> Any:
    if path == "/v2/rerank":
        _needs(path, path, body, "model query documents top_n max_tokens_per_doc")
        found = _ranked(body["query"], body["documents"])
        return {"results": [{"index": i, "relevance_score": s} for i, s in found], "id": "x", "meta": {}}
    _needs(path, "/v2/embed", body, "model texts input_type embedding_types truncate output_dimension")
    if body["input_type"] not in ("search_document", "search_query") or body["embedding_types"] != ["float"]:
        raise RefusedError(400, "input_type and embedding_types are required")
    return {"id": "x", "embeddings": {"float": service.vectors(body["texts"])}, "texts": body["texts"], "meta": {}}


def _ollama(service: Service, path: str, body: dict[str, Any]) -> Any:
    _needs(path, "/api/embed", body, "model input truncate options keep_alive dimensions")
    return {
        "model": body["model"],
        "embeddings": service.vectors(body["input"]),
        "total_duration": 1,
        "load_duration": 1,
    }


def _tei_rerank(service: Service, path: str, body: dict[str, Any]) -> Any:
    _needs(path, "/rerank", body, "query texts raw_scores return_text truncate truncation_direction")
    return [{"index": i, "score": s} for i, s in _ranked(body["query"], body["texts"])]


def _ranked(query: str, texts: list[str]) -> list[tuple[int, float]]:
    """By how many of the question's words a text holds, best first."""
    words = set(query.lower().split())
    found = [(i, len(words & set(text.lower().split())) / max(1, len(words))) for i, text in enumerate(texts)]
    return sorted(found, key=lambda one: -one[1])


FORMS: dict[str, Callable[[Service, str, dict[str, Any]], Any]] = {
    "openai": _openai, "openrouter": _openai, "vllm": _openai, "litellm": _openai, "tei": _openai, "voyage": _voyage,
    "cohere": _cohere, "ollama": _ollama, "tei-rerank": _tei_rerank,
}  # fmt: skip
EMBEDDERS = [name for name in FORMS if name != "tei-rerank"]


@contextmanager
def running(provider: str, *, longest: int = 10**9) -> Generator[Service]:
    service = Service(provider, longest=longest)
    service.start()
    try:
        yield service
    finally:
        service.hangs.clear()
        service.stop()

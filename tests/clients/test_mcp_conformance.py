"""The protocol's own judges: its conformance suite over HTTP, and its inspector over both transports."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from homes import Home
from installed import node

import eider
from eider.client.client import server_notes

pytestmark = pytest.mark.client

NOT_OFFERED = {
    "logging-set-level": "Eider logs to its own file, never into a conversation",
    "resources-subscribe": "there are no sessions that a notice could reach",
    "resources-unsubscribe": "as above",
    "server-sse-multiple-streams": "each answer is one JSON document, so there is no stream",
    "dns-rebinding-protection": "strange hosts are refused as it wants; so is every web page, of this machine too",
}
"""What the server does not announce, or does more strictly on purpose."""
OF_A_FIXTURE = {
    *(f"tools-call-{kind}" for kind in ("image", "audio", "embedded-resource", "mixed-content")),
    *(f"tools-call-{kind}" for kind in ("with-logging", "with-progress", "sampling", "elicitation")),
    *("json-schema-2020-12", "elicitation-sep1034-defaults", "elicitation-sep1330-enums", "server-sse-polling"),
    *(f"resources-{kind}" for kind in ("read-text", "read-binary", "templates-read")),
    *(f"prompts-get-{kind}" for kind in ("simple", "with-args", "embedded-resource", "with-image")),
}
"""Scenarios that call tools, prompts and resources of the suite's own example server by name."""


@pytest.fixture
def served(home: Home) -> Iterator[str]:
    """The server's address behind a proxy that adds its token: the suite sends none."""
    home.start()
    port, token = int(server_notes(str(home))["port"]), (home.path / "run" / "token").read_text()

    class Proxy(BaseHTTPRequestHandler):
        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as line, suppress(OSError):
                self.answer(line, body)

        def answer(self, line: http.client.HTTPConnection, body: bytes) -> None:
            heads = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
            line.request(self.command, self.path, body or None, heads | {"Authorization": f"Bearer {token}"})
            answer = line.getresponse()
            said = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() in ("content-type", "mcp-session-id", "mcp-protocol-version", "allow"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = do_DELETE = forward  # noqa: N815 (the library's names)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            del format, args

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{proxy.server_port}/mcp"
    proxy.shutdown()
    proxy.server_close()


def run(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run one of the judges with its own node."""
    return subprocess.run(
        [str(node()), *command], cwd=cwd, text=True, capture_output=True, timeout=300, check=False,
        stdin=subprocess.DEVNULL, env={**os.environ, "HOME": str(cwd)},
    )  # fmt: skip


def test_every_scenario_of_the_protocol_passes(conformance: Path, served: str, tmp_path: Path) -> None:
    """All but those that need the suite's own example server, or what Eider does not announce."""
    expected = tmp_path / "expected.yml"
    expected.write_text("server:\n" + "".join(f"  - {name}\n" for name in sorted({*NOT_OFFERED, *OF_A_FIXTURE})))
    suite = str(conformance / "conformance" / "dist" / "index.js")
    done = run(suite, "server", "--url", served, "--suite", "all", "--expected-failures", str(expected), cwd=tmp_path)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]


@pytest.mark.parametrize("transport", ["stdio", "http"])
def test_the_inspector_lists_and_calls_tools(
    conformance: Path, served: str, memory: eider.Eider, tmp_path: Path, transport: str
) -> None:
    """Its command line checks each answer against the tool's own schema."""
    memory.remember("The heron nests at the weir.")
    target = (
        [served]
        if transport == "http"
        else [sys.executable, "-m", "eider_mcp", "-e", f"EIDER_HOME={os.environ['EIDER_HOME']}"]
    )
    inspector = [str(conformance / "inspector" / "clients" / "launcher" / "build" / "index.js"), "--cli", *target]
    listed = run(*inspector, "--method", "tools/list", cwd=tmp_path)
    assert listed.returncode == 0, listed.stderr[-2000:]
    assert {"recall", "remember"} <= {tool["name"] for tool in json.loads(listed.stdout)["tools"]}
    called = run(
        *inspector, "--method", "tools/call", "--tool-name", "recall", "--tool-arg", "query=where does the heron nest",
        "--tool-arg", "limit=3", cwd=tmp_path,
    )  # fmt: skip
    assert called.returncode == 0, called.stderr[-2000:]
    assert "weir" in called.stdout

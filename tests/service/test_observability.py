"""A running server seen from outside: figures, document, logs, spans; and nothing of what anybody said in any of them."""

from __future__ import annotations

import http.client
import http.server
import json
import stat
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from every_verb import ask_every_verb
from homes import Home, until
from logged import recent
from prometheus_client.parser import text_string_to_metric_families

from eider.api.verbs import VERBS
from eider.client.client import ClientError, server_notes
from eider.service import openapi

pytestmark = pytest.mark.slow
SENTENCE = "Grandmother Wilhelmina hides violet kites beneath the Ulm cathedral"
SECRET = "sk-ant-api03-" + "Zb3dEf6hIj" * 9 + "AA"
WORDS = ("Wilhelmina", "kites", "cathedral", "Zb3dEf6hIj", "wilhelmina")


def fetched(home: Home, path: str, token: str | None = None) -> tuple[int, str]:
    """A page of the server over TCP."""
    connection = http.client.HTTPConnection("127.0.0.1", server_notes(str(home))["port"], timeout=60)
    token = (home.path / "run" / "token").read_text() if token is None else token
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    found = answer.status, answer.read().decode()
    connection.close()
    return found


def test_prometheus_reads_a_running_server(home: Home) -> None:
    """With the token as its credentials, Prometheus finds what was asked and what is held."""
    client = home.client()
    client.call("remember", {"text": SENTENCE})
    client.call("recall", {"query": "kites"})
    status, text = fetched(home, "/metrics")
    assert status == 200
    samples = {(s.name, *s.labels.values()): s.value for f in text_string_to_metric_families(text) for s in f.samples}
    assert samples["eider_requests_total", "remember", "200"] == 1
    assert samples["eider_rows", "notes", "memories"] == 1
    assert samples["process_resident_memory_bytes",] > 10_000_000
    assert fetched(home, "/metrics", "wrong")[0] == 401


def test_a_running_server_hands_out_its_document(home: Home) -> None:
    """Both addresses serve the same bytes that this version makes."""
    home.start()
    for path in ("/openapi.json", "/v1/openapi.json"):
        assert fetched(home, path) == (200, openapi.text())


def test_nothing_that_was_said_is_in_any_log(home: Home, tmp_path: Path) -> None:
    """All verbs, and all ways to fail: no word of a planted sentence and no planted secret is in any log or figure."""
    client = home.client(user="Wilhelmina of the cathedral")
    text = f"{SENTENCE}, her key is {SECRET}"

    def ask(verb: str, request: dict[str, Any]) -> Any:
        request.pop("user", None)
        return client.call(verb, request)["value"]

    ask_every_verb(ask, tmp_path, text)
    for verb in VERBS:
        for wrong in ({"text": text, "id": text, "query": text, "path": text}, {text: text}, {"user": [text]}, {"at": text},
                      {"id": text}, {"query": f"SELECT '{text}' FROM nowhere"}, {"path": f"/{text}"}, {"since": text},
                      {"text": text, "kind": text}, {"items": [{"text": text, "role": text}]}):  # fmt: skip
            with suppress(ClientError):
                client.call(verb, wrong)
    for path in (f"/v1/{SECRET}", "/v1/server/open"):
        with suppress(ClientError):
            client.ask("POST", path, {"store": text, "agent": text})
    wire = http.client.HTTPConnection("127.0.0.1", server_notes(str(home))["port"], timeout=60)
    headers = {"Authorization": f"Bearer {SECRET}", "Eider-Client": SENTENCE, "Origin": SENTENCE}
    wire.request("POST", "/v1/recall", body=text, headers=headers)
    wire.getresponse().read()
    wire.close()
    _, figures = fetched(home, "/metrics")
    home.stop()
    calls, errors = (recent(str(home), name, 10_000) for name in ("calls", "errors"))
    assert {line["route"] for line in calls} >= set(VERBS)
    assert len({line["kind"] for line in errors}) > 3
    for path in sorted((home.path / "log").iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        said = path.read_text(encoding="utf-8", errors="replace")
        for word in WORDS:
            assert word not in said, (path.name, next(line for line in said.splitlines() if word in line))
    assert not any(word in figures for word in WORDS)


class Collector(http.server.BaseHTTPRequestHandler):
    """Takes spans as an OpenTelemetry collector does."""

    taken: list[tuple[str, bytes]]

    def do_POST(self) -> None:
        """Keep what comes."""
        self.taken.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def collector() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """Where spans may go, and what came."""
    Collector.taken = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", Collector.taken
    server.shutdown()
    server.server_close()
    thread.join()


def test_spans_of_a_spawned_server_go_where_the_setting_says(
    home: Home, collector: tuple[str, list[tuple[str, bytes]]]
) -> None:
    """The setting alone turns them on; they arrive, with the route and without content."""
    import gzip

    url, taken = collector
    home.settings(embedder="hash", otel=url)
    home.client().call("remember", {"text": SENTENCE})
    home.stop()
    until(lambda: taken, "a span")
    path, body = taken[0]
    data = gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
    assert path == "/v1/traces"
    assert b"eider remember" in data
    assert not any(word.encode() in data for word in WORDS)


def test_a_collector_that_is_away_hurts_nobody(home: Home) -> None:
    """Writes are stored and the server ends all the same, with nothing of it on its standard error."""
    home.settings(embedder="hash", otel="http://127.0.0.1:9")
    assert home.client().call("remember", {"text": SENTENCE})["status"] == "stored"
    home.stop()
    assert (home.path / "log" / "owner.err").read_text() == ""


def test_calls_name_the_client_and_the_time(home: Home) -> None:
    """A line of the log says who asked for what, when, how long it took, and how it went."""
    home.client().call("remember", {"text": SENTENCE})
    home.stop()
    line = next(one for one in recent(str(home), "calls") if one["route"] == "remember")
    assert line["status"] == 200
    assert line["ms"] > 0
    assert line["store"] == "notes"
    assert line["client"].startswith("0.1.0/")
    assert json.dumps(line).isascii()

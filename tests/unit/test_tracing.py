"""Spans: one per verb, below the caller's, with counts and without content; nothing at all unless asked for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from every_verb import LATER, ask_every_verb
from logged import recent
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from eider.api.verbs import VERBS
from eider.client.client import Client
from eider.model import config
from eider.model.errors import ConfigError, InputError, MissingExtraError
from eider.service import tracing
from eider.service.dispatcher import Dispatcher

SENTENCE = "Keeps a violet kite in Ulm"
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def spans() -> InMemorySpanExporter:
    """What was sent to the collector."""
    return InMemorySpanExporter()


@pytest.fixture
def dispatcher(monkeypatch: pytest.MonkeyPatch, spans: InMemorySpanExporter) -> Iterator[Dispatcher]:
    """What answers behind the HTTP API, traced."""
    monkeypatch.setenv("EIDER_EMBEDDER", "hash")
    made = Dispatcher(str(config.home()))
    made.tracing = tracing.tracing_to(spans, at_once=True)
    yield made
    made.close()


def whole(request: dict[str, Any]) -> dict[str, Any]:
    """A request as it comes in."""
    return {"request": request, "store": "notes", "max_trust": "user"}


def test_every_verb_is_one_span_without_content(
    dispatcher: Dispatcher, spans: InMemorySpanExporter, tmp_path: Path
) -> None:
    """Each verb is seen with its route and store; no text, query, name or path is."""
    ask_every_verb(lambda verb, request: dispatcher.run_verb(verb, whole(request))["value"], tmp_path, SENTENCE)
    found = spans.get_finished_spans()
    assert {span.attributes["eider.route"] for span in found} >= set(VERBS) - LATER
    for span in found:
        assert span.kind is SpanKind.SERVER
        assert span.attributes["eider.store"] == "notes"
        said = span.to_json()
        for word in ("violet", "kite", "Ulm", '"ada"', str(tmp_path)):
            assert word not in said.replace(str(span.resource.attributes), ""), span.name


def test_a_span_counts_what_was_answered(dispatcher: Dispatcher, spans: InMemorySpanExporter) -> None:
    """How many results there were is known without knowing them."""
    dispatcher.run_verb("remember_many", whole({"user": "ada", "items": ["Tea.", "Coffee.", "Milk."]}))
    dispatcher.run_verb("search", whole({"user": "ada"}))
    first, second = spans.get_finished_spans()
    assert first.attributes["eider.results"] == 3
    assert second.attributes["eider.total"] == 3


def test_the_callers_trace_goes_on(dispatcher: Dispatcher, spans: InMemorySpanExporter) -> None:
    """An incoming traceparent is the parent; a broken one is ignored."""
    for header in (PARENT, "nonsense"):
        dispatcher.run_verb("health", whole({"user": "ada"}), {"traceparent": header})
    first, second = spans.get_finished_spans()
    assert first.parent is not None
    assert f"{first.context.trace_id:032x}" == PARENT.split("-")[1]
    assert f"{first.parent.span_id:016x}" == PARENT.split("-")[2]
    assert second.parent is None


def test_a_failure_is_marked_without_its_message(dispatcher: Dispatcher, spans: InMemorySpanExporter) -> None:
    """A span says that and with which kind of error a verb failed, not what the error says."""
    with pytest.raises(InputError):
        dispatcher.run_verb("why", whole({"user": "ada", "id": "violet"}))
    (span,) = spans.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes["error.type"] == "UnknownIdError"
    assert not span.events
    assert "violet" not in span.to_json()


def test_it_is_off_unless_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the setting nothing of OpenTelemetry is imported, whatever a spawner's environment says."""
    code = (
        "from eider.service import tracing; import sys; t = tracing.start_tracing(foreground=False)\n"
        "with t.span('recall', 'notes', {}) as told: told([1])\n"
        "t.close(); print([m for m in sys.modules if m.startswith('opentelemetry')])"
    )
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("name", "foreground"), [("EIDER_OTEL", False), ("OTEL_EXPORTER_OTLP_ENDPOINT", True)])
def test_it_is_on_when_set(monkeypatch: pytest.MonkeyPatch, name: str, *, foreground: bool) -> None:
    """The setting turns it on; in the foreground the standard variables do as well."""
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    made = tracing.start_tracing(foreground=foreground)
    assert made._provider is not None
    made._provider.shutdown()


def test_a_wrong_setting_names_the_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no address is refused."""
    monkeypatch.setenv("EIDER_OTEL", "localhost:4318")
    with pytest.raises(ConfigError, match="http://localhost:4318"):
        tracing.start_tracing(foreground=True)


def test_a_missing_extra_names_the_install(monkeypatch: pytest.MonkeyPatch, dispatcher: Dispatcher) -> None:
    """Watched, it is an error with the command; unwatched, the server goes on and notes it."""
    monkeypatch.setenv("EIDER_OTEL", "http://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(MissingExtraError, match=r"eider-memory\[otel\]"):
        dispatcher.trace(foreground=True)
    dispatcher.trace(foreground=False)
    dispatcher.logs.flush()
    assert recent(dispatcher.home, "errors")[-1]["kind"] == "MissingExtraError"


@pytest.mark.parametrize(("given", "sent"), [("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", True),
                                             ("a\r\nX: y", False), ("", False)])  # fmt: skip
def test_a_client_passes_on_the_trace_it_is_part_of(given: str, sent: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """`TRACEPARENT` of a process is the parent of what it asks for; what is no header is left out."""
    monkeypatch.setenv("TRACEPARENT", given)
    head = Client(home_folder="/h")._request_head("POST", "/v1/recall", 0, 0.0)
    assert (f"traceparent: {given}\r\n" in head) is sent
    assert "X: y" not in head

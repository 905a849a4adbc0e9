"""OpenTelemetry spans: one per verb, with counts and without content; off by default.

The setting `otel` names where they go. A server in the foreground also follows the standard `OTEL_*` variables; one that
a client spawned has none of its spawner's environment.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping, Sequence, Sized
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final

from eider.client.client import VERSION
from eider.model import config
from eider.model.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

_STANDARD: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PATH: Final = "/v1/traces"
_PATIENCE: Final = 3_000
"""Milliseconds the server's end waits for spans to be sent."""
Told = Callable[[Any], None]
"""Takes a verb's answer; only its counts are noted."""


def _no_answer(_: Any) -> None:
    """Ignore the answer, as there is no span."""


class Tracing:
    """Makes spans if tracing is on."""

    def __init__(self, provider: TracerProvider | None = None) -> None:
        """Trace to a provider; None switches tracing off."""
        self._provider = provider
        self._tracer = provider.get_tracer("eider", VERSION) if provider is not None else None

    def span(self, route: str, store: str, headers: Mapping[str, str]) -> AbstractContextManager[Told]:
        """Return a context that traces a verb, as a child of the `traceparent` header's span."""
        return nullcontext(_no_answer) if self._tracer is None else self._span(route, store, headers)

    @contextmanager
    def _span(self, route: str, store: str, headers: Mapping[str, str]) -> Generator[Told]:
        from opentelemetry.trace import SpanKind, Status, StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        above = TraceContextTextMapPropagator().extract(
            {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}
        )
        tracer: Any = self._tracer
        with tracer.start_as_current_span(
            f"eider {route}", context=above, kind=SpanKind.SERVER, attributes={"eider.route": route, "eider.store": store},
            record_exception=False, set_status_on_exception=False,
        ) as span:  # fmt: skip
            try:
                yield lambda answer: span.set_attributes(answer_counts(answer))
            except Exception as error:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(Status(StatusCode.ERROR))  # a description could hold content
                raise

    def close(self) -> None:
        """Flush spans, waiting a moment at most."""
        if self._provider is not None:
            self._provider.force_flush(_PATIENCE)
            self._provider.shutdown()


def answer_counts(answer: Any) -> dict[str, int]:
    """Return counts of an answer.

    >>> answer_counts([1, 2, 3]), answer_counts("text")
    ({'eider.results': 3}, {})
    """
    if isinstance(answer, int) and not isinstance(answer, bool):
        return {"eider.results": answer}
    if isinstance(answer, Sequence) and not isinstance(answer, str):
        return {"eider.results": len(answer)}
    found: dict[str, int] = {}
    for name in ("recollections", "items", "ids", "episodes", "memories", "closed", "total", "tokens"):
        part = getattr(answer, name, None)
        if isinstance(part, bool | str | Mapping) or part is None:
            continue
        if isinstance(part, int):
            found[f"eider.{name}"] = part
        elif isinstance(part, Sized):
            found[f"eider.{name}"] = len(part)
    return found


def start_tracing(*, foreground: bool) -> Tracing:
    """Return tracing as configured.

    Raises:
        MissingExtraError: It is wanted, and the extra `otel` is not installed.
        ConfigError: The setting is no address.
    """
    endpoint = config.setting("otel")
    standard = foreground and any(os.environ.get(name) for name in _STANDARD)
    if (not endpoint and not standard) or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return Tracing()
    if endpoint and not endpoint.startswith(("http://", "https://")):
        raise ConfigError(f"otel={endpoint!r} is no address; set it to one such as 'http://localhost:4318'.")
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        raise MissingExtraError("opentelemetry", "otel") from None
    import logging

    log = logging.getLogger("opentelemetry")
    log.addHandler(logging.NullHandler())
    log.propagate = False
    if not endpoint:
        return tracing_to(OTLPSpanExporter())
    whole = endpoint if endpoint.endswith(_PATH) else endpoint.rstrip("/") + _PATH
    return tracing_to(OTLPSpanExporter(endpoint=whole))


def tracing_to(exporter: SpanExporter, *, at_once: bool = False) -> Tracing:
    """Return tracing to an exporter, in batches unless `at_once`."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

    named = {"service.name": os.environ.get("OTEL_SERVICE_NAME") or "eider", "service.version": VERSION}
    provider = TracerProvider(resource=Resource.create(named), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter) if at_once else BatchSpanProcessor(exporter))
    return Tracing(provider)

"""What the server answers: verbs to their stores, the spool first, pauses kept, and a few words about itself."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from eider.api import upload
from eider.api.local import open_engine, open_layer
from eider.api.verbs import VERBS, verb_of
from eider.api.wire import decode_request, encode
from eider.client import pauses
from eider.client.client import PROTOCOL, SPOOLED_VERBS, VERSION
from eider.model import config
from eider.model.answers import Receipt
from eider.model.clock import local_zone, speaking_from
from eider.model.errors import EiderError, InputError, RefusedError
from eider.model.requests import Import
from eider.model.store_paths import folder_of
from eider.model.values import ORIGINS
from eider.privacy.ingress import Channel
from eider.service import (
    job_routes,
    memory_tuning,
    network_policy,
    openapi,
    rejected_writes,
    tracing,
)
from eider.service import (
    status as standing,
)
from eider.service.access_tokens import AccessTokens
from eider.service.backup_routes import BackupRoutes
from eider.service.hooks import FIGURES, Hooks
from eider.service.http_app import ANY_HOST, App
from eider.service.http_request import AccessRecord, HttpRequest
from eider.service.in_process_backend import ServerContext
from eider.service.logs import Logs
from eider.service.metrics import Metrics
from eider.service.mounts import Mounts
from eider.service.open_stores import OpenStores
from eider.service.request_parts import layers, object_in
from eider.service.spool_drain import Drain, SpoolReport
from eider.service.tracing import Tracing
from eider.service.trouble import Trouble

if TYPE_CHECKING:
    from eider.model.requests import Request

A = TypeVar("A")
_WHEN_SAID: Final = {
    "record": "at", "record_many": "at", "observe": "at", "remember": "valid_from", "remember_many": "valid_from",
}  # fmt: skip
"""Which field of a spooled request says when it was said, where the caller left that open."""
NONE: Final[Mapping[str, str]] = {}
_LAYERED: Final = frozenset(("recall", "inject", "search"))


class Dispatcher:
    """Everything behind the HTTP API of one home."""

    def __init__(self, home: str) -> None:
        """Open nothing yet.

        Args:
            home: `EIDER_HOME`; what this process reads as settings is this home's.
        """
        os.environ["EIDER_HOME"] = home
        self.home = home
        self.stores = OpenStores(open_engine, open_layer)
        self.stop: Callable[[], None] = lambda: None
        self.began = time.time()
        self._spool = Drain(home, self._run_spooled)
        upload.sweep(home)
        self.logs, self.tracing, self.trouble = Logs(home), Tracing(), Trouble(home)
        gauges = {"log_lines_dropped": lambda: self.logs.dropped}
        self.metrics = Metrics(
            home, self.stores.engines, {**gauges, **{f"hooks_{n}": partial(self._sum_of_hosts, n) for n in FIGURES}}
        )
        self.backups = BackupRoutes(home, self.stores, self._folder)
        self.hooks = Hooks(home, self, self.logs.fault, self.trouble.lines)

    def app(self, *, token: str, hosts: frozenset[str]) -> App:
        """The HTTP application."""
        answers: dict[str, Callable[[HttpRequest], object]] = dict.fromkeys(VERBS, self.verb)
        answers |= {
            "server/status": self.status, "server/stop": self.stopped, "server/open": self.open, "server/release": self.release,
            "server/drain": lambda _: encode(self.drain()), "server/examine": self.examined,
            "server/count": self.counted,
        }  # fmt: skip
        answers |= self.backups.answers()
        answers |= job_routes.answers(lambda body: self.stores.use(self._folder(body)))
        answers |= {ANY_HOST: self.hooks.answer, "hooks/hello": self.hooks.hello}
        texts = {"/metrics": self.metrics.text, **dict.fromkeys(("/openapi.json", "/v1/openapi.json"), openapi.served)}
        return App(
            answers=answers, texts=texts, token=token, tokens=AccessTokens(self.home), hosts=hosts, home=self.home, check=network_policy.check_paths, observe=self.seen,
            patience=self.hooks.patience, mounts=Mounts(inside=ServerContext(server=self)),
        )  # fmt: skip

    # ------------------------------------------------------------------ verbs

    def verb(self, asked: HttpRequest) -> object:
        """Answer one verb of the table."""
        self.drain()
        if not asked.local and asked.name == "export":
            return network_policy.export_to_caller(self.home, asked.body, partial(self.run_verb, headers=asked.headers))
        if asked.upload is not None:
            run_verb = partial(self.run_verb, headers=asked.headers, gone=asked.gone)
            return network_policy.import_from_upload(asked.upload, asked, run_verb)
        return self.run_verb(asked.name, asked.body, asked.headers, asked.gone)

    def trace(self, *, foreground: bool) -> None:
        """Send spans where they are asked for; a server that nobody watches goes on without them.

        Raises:
            EiderError: They cannot be sent, and somebody watches.
        """
        try:
            self.tracing = tracing.start_tracing(foreground=foreground)
        except EiderError as error:
            if foreground:
                raise
            self.logs.fault("otel", error)

    def seen(self, seen: AccessRecord) -> None:
        """Count and log what was answered."""
        self.metrics.seen(seen)
        self.logs.seen(seen)

    def run_verb(
        self, name: str, body: Mapping[str, Any], headers: Mapping[str, str] = NONE, gone: threading.Event | None = None
    ) -> Mapping[str, Any]:
        """Answer one verb with JSON in and out; an import ends between two batches once `gone` is set."""
        verb = VERBS[name]
        request = decode_request(object_in(body, "request"), verb.request)
        max_trust = body.get("max_trust") or "agent"  # who does not say claims little
        if max_trust not in ORIGINS:
            raise InputError(f"max_trust {max_trust!r} is unknown; use one of {', '.join(map(repr, ORIGINS))}.")
        agent = str(body.get("agent") or config.setting("agent") or "default")
        channel = Channel(name=str(body.get("channel") or "http"), max_trust=max_trust, agent=agent)
        if gone is not None and isinstance(request, Import):

            def end_when_gone(_done: int, _total: int) -> None:
                if gone.is_set():
                    raise RefusedError("the caller is gone; what was imported stays, and importing again goes on.")

            request = replace(request, progress=end_when_gone)
        answer = self.perform(request, channel, body, headers)
        return {"status": "stored" if verb.writes else "ok", "value": encode(answer)}

    def perform(
        self, request: Request[A], channel: Channel, target: Mapping[str, Any], headers: Mapping[str, str] = NONE
    ) -> A:
        """Answer a request on one store.

        Args:
            request: What is asked.
            channel: Through which it came in.
            target: `store`, `layers` and `tz`, each where it is not the default.
            headers: Of the HTTP request; `traceparent` is followed.

        Raises:
            PausedError: It writes, and writing is paused.
            EiderError: Any error of the verb.
        """
        verb, folder = verb_of(request), self._folder(target)
        if verb.writes:
            pauses.check_writes_allowed(self.home, folder)
        beneath = [self._folder({"store": path}) for path in layers(target)] if verb.name in _LAYERED else ()
        span = self.tracing.span(verb.name, folder.stem, headers)
        try:
            with span as count, self.stores.use(folder, beneath) as engine, speaking_from(target.get("tz")):
                answer = verb.answer(engine, request, channel)
                if isinstance(answer, Receipt):
                    answer = cast("A", rejected_writes.add_rejected_writes(self.home, request, answer))
                count(answer)
        except (EiderError, OSError) as error:
            self.trouble.note(folder.stem, error)
            raise
        if verb.writes:
            self.trouble.solved(folder.stem)
            self.hooks.changed(folder, verb.name)
        return answer

    def _folder(self, body: Mapping[str, Any]) -> Path:
        """The directory a request means; only directories of stores, never somewhere relative."""
        store = body.get("store")
        if store is not None and not isinstance(store, str):
            raise InputError(f"store is {type(store).__name__}; pass a name or an absolute path.")
        folder = folder_of(store)
        if store is not None and config.is_path(store) and not Path(store).is_absolute():
            raise InputError(
                f"store {store!r} is a relative path, which means something else to the server; pass it whole."
            )
        return folder

    # ------------------------------------------------------------------ the spool

    def drain(self) -> SpoolReport:
        """Carry out what waits in the spool, in the order it happened, before anything else is answered."""
        return self._spool()

    def _run_spooled(self, verb: str, said: Mapping[str, Any]) -> object:
        if verb not in SPOOLED_VERBS:
            raise InputError(f"{verb!r} cannot be spooled.")
        request = dict(said["request"])
        with speaking_from(said.get("tz")):
            zone = local_zone()
        if (field := _WHEN_SAID.get(verb)) is not None:  # it was said when it was spooled, not now
            for one in request.get("items", [request]):
                if one.get(field) is None:
                    one[field] = datetime.fromtimestamp(float(said["at"]), UTC).isoformat()
                if field == "at" and one.get("tz") is None:
                    one["tz"] = zone
        return self.run_verb(verb, {**said, "request": request})

    # ------------------------------------------------------------------ about the server

    def open(self, asked: HttpRequest) -> object:
        """Open a store and note what its agent says of itself: errors of opening come here, not with the first verb."""
        folder = self._folder(asked.body)
        with self.stores.use(folder) as engine:
            engine.agents.save(str(asked.body.get("agent") or "default"), object_in(asked.body, "about"))
            return {"folder": str(folder), "read_only": engine.store.place.read_only}

    def release(self, asked: HttpRequest) -> object:
        """Close a store, so that another process may open it."""
        return {"released": self.stores.release(self._folder(asked.body))}

    def counted(self, asked: HttpRequest) -> object:
        """What a store holds; one that is not open is looked at and let go."""
        from eider.store.catalog import overview, overview_of

        folder = self._folder(asked.body)
        with self.stores.engine_if_open(folder) as engine:
            return encode(overview(folder) if engine is None else overview_of(engine.store))

    def examined(self, asked: HttpRequest) -> object:
        """What the doctor finds in a store, looked at where it is open."""
        from eider.service.doctor.in_server import answer_request

        folder = self._folder(asked.body)
        with self.stores.use(folder) as engine:
            return encode(answer_request(engine, folder.stem, asked.body))

    def stopped(self, _: HttpRequest) -> object:
        """End, once what is under way is answered."""
        threading.Timer(0.05, self.stop).start()
        return {"stopping": True, "pid": os.getpid()}

    def status(self, _: HttpRequest) -> object:
        """Who this is and what it holds."""
        return {
            "pid": os.getpid(), "version": VERSION, "protocol": PROTOCOL, "home": self.home, "started": self.began,
            "stores": [str(folder) for folder in self.stores.engines()], "paused": pauses.read(self.home),
            **standing.server_figures(self.home, self.began, self.stores.engines()), "hooks": self.hooks.status(), "trouble": self.trouble.lines(),
        }  # fmt: skip

    def _sum_of_hosts(self, name: str) -> float:
        """A figure of all hosts' hooks together."""
        return sum(host.get(name, 0) for host in self.hooks.status()["hosts"].values())

    def working(self) -> bool:
        """Whether jobs wait that nobody else would run, or a host's window is open."""
        return (
            self.hooks.busy()
            or self.hooks.stays()
            or any(engine.jobs.busy() for engine in self.stores.engines().values())
        )

    def tidy(self) -> None:
        """What is done while nobody asks: late writes, idle stores."""
        with suppress(EiderError):
            self.drain()
        self.hooks.tidy()
        self.stores.close_idle()
        self.backups.queue_due_now()
        memory_tuning.release_free_memory()

    def close(self) -> None:
        """Drain what waits and close every store."""
        self.hooks.close()
        with suppress(EiderError):
            self.drain()
        self.stores.close()
        self.logs.close()
        self.tracing.close()

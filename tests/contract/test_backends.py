"""One contract for the three backends: what a façade asks is answered alike in this process, in a server and through one."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import eider
from eider.api.backend import Backend
from eider.api.embedded_backend import EmbeddedBackend
from eider.api.facade import Eider
from eider.api.remote_backend import RemoteBackend
from eider.api.verbs import VERBS
from eider.client.client import WRITES, Client, socket_path
from eider.model import config
from eider.model.answers import Listing
from eider.model.errors import ErasedError, InputError, RunHeldError, StepReferenceError, UnknownIdError
from eider.model.requests import Record
from eider.privacy.ingress import Channel
from eider.service.dispatcher import Dispatcher
from eider.service.http_limits import server_of
from eider.service.in_process_backend import InProcessBackend

STORE = "notes"


class BackendContract:
    """What every backend promises; a subclass makes one."""

    @pytest.fixture
    def backend(self) -> Backend:
        raise NotImplementedError

    @pytest.fixture
    def memory(self, backend: Backend) -> Eider:
        return Eider(backend, user="ada")

    def test_a_request_has_the_answer_that_its_type_says(self, backend: Backend) -> None:
        """`execute(Record(...))` is an `Episode`, as the library makes it."""
        episode = backend.execute(Record(user="ada", text="We meet on Friday.", at="2026-05-01", tz="Europe/Berlin"))
        assert isinstance(episode, eider.Episode)
        assert episode.at == datetime(2026, 4, 30, 22, tzinfo=UTC)

    def test_lists_are_shown_as_tables(self, memory: Eider) -> None:
        """Wherever the answer comes from, a notebook can draw it."""
        memory.remember("Ada likes tea.")
        assert isinstance(memory.recall("tea"), Listing)
        assert isinstance(memory.events(), Listing)

    def test_a_secret_is_redacted_where_it_enters(self, memory: Eider) -> None:
        """No backend lets one in."""
        assert memory.remember("my password is hunter2, remember it").text.count("[redacted:password]") == 1
        assert memory.record("my password is hunter2, remember it").text.count("[redacted:password]") == 1

    def test_a_channel_lowers_trust_and_never_raises_it(self, memory: Eider) -> None:
        """A view of a view claims at most what the first one may."""
        tool = memory.channel("web", max_trust="document")
        assert tool.remember("Obey me.").trust == 0
        assert tool.channel("cli", max_trust="user").remember("Obey me too.").trust == 0
        assert memory.remember("Ada likes tea.").trust == 2

    def test_a_channel_is_named_in_the_event_log(self, memory: Eider) -> None:
        """Who changed something can be told later."""
        memory.channel("web", max_trust="agent").remember("Ada likes tea.")
        assert memory.events(limit=1)[0].actor == "web"

    def test_a_timeout_changes_no_answer(self, memory: Eider) -> None:
        """A caller in a hurry reads the same memory."""
        kept = memory.remember("Ada likes tea.")
        assert [hit.id for hit in memory.with_timeout(30.0).recall("tea")] == [kept.id]

    def test_errors_are_those_of_the_library(self, memory: Eider) -> None:
        """With their values, not as text."""
        with pytest.raises(UnknownIdError) as unknown:
            memory.correct("mem_nothing", "x")
        assert unknown.value.args[0]
        gone = memory.remember("Ada likes tea.", key="k")
        memory.forget(gone.id)
        with pytest.raises(ErasedError):
            memory.remember("Ada likes tea.", key="k")
        with pytest.raises(InputError, match="ten years"):
            memory.record("x", at="2090-01-01")

    def test_the_same_key_happens_once(self, memory: Eider) -> None:
        """Sent again, a write answers as the first time."""
        first = memory.observe(user_reply="Always use tabs.", key="one")
        assert [e.id for e in memory.observe(user_reply="Always use tabs.", key="one").episodes] == [
            e.id for e in first.episodes
        ]

    def test_a_run_goes_on_after_a_crash(self, memory: Eider) -> None:
        """Steps, references, what a step sees and what it gave are the same wherever the store is."""

        def flow(*, fail: bool) -> str:
            with memory.run("report", inputs={"team": "core"}, key="k") as run:
                collect = run.keep("collect", {"by": "Ada", "n": [1, 2]})
                with pytest.raises(RunHeldError):
                    memory.run("report", key="k")
                run.keep("picture", b"\x89PNG", media="image/png")
                with run.step("brief", sees="none") as step:
                    if fail:
                        raise OSError("network")
                    step.output = run.render("[[collect.by]] [[collect.n.1]] [[inputs.team]]") + str(collect["n"])
                run.respond(run.context(instruction="What about [[collect.by]]?").text)
                assert run.output("picture") == b"\x89PNG"
                return str(step.output)

        with pytest.raises(OSError, match="network"):
            flow(fail=True)
        assert flow(fail=False) == "Ada 2 core[1, 2]"
        assert [s.ref for s in memory.run_of(memory.runs()[0].id).steps] == ["collect", "picture", "brief", "respond"]
        with pytest.raises(StepReferenceError) as unknown:
            memory.render_run(memory.runs()[0].id, "[[colect]]")
        assert unknown.value.nearest == "collect"

    def test_views_share_one_root(self, backend: Backend) -> None:
        """Hosts of one open store find each other by it."""
        assert backend.with_channel("web", "agent").root == backend.with_timeout(1.0).root == backend.root


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The small embedder: nothing here depends on meaning."""
    monkeypatch.setenv("EIDER_EMBEDDER", "hash")


@pytest.fixture
def dispatcher() -> Iterator[Dispatcher]:
    made = Dispatcher(str(config.home()))
    yield made
    made.close()


class TestEmbedded(BackendContract):
    """An engine in this process."""

    @pytest.fixture
    def backend(self, tmp_path: Path) -> Iterator[Backend]:
        with eider.open(tmp_path / "m.eider") as memory:
            assert isinstance(memory._backend, EmbeddedBackend)
            yield memory._backend


class TestInProcess(BackendContract):
    """Inside the server, for hooks and mounted applications."""

    @pytest.fixture(params=[True, False], ids=["mount", "hook"])
    def backend(self, dispatcher: Dispatcher, request: pytest.FixtureRequest) -> Backend:
        return InProcessBackend(server=dispatcher, channel=Channel(), store=STORE, drains=request.param)


class TestRemote(BackendContract):
    """A client of a server, over its socket."""

    @pytest.fixture
    def backend(self, dispatcher: Dispatcher) -> Iterator[Backend]:
        place = Path(socket_path(dispatcher.home))
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        app = dispatcher.app(token="", hosts=frozenset())
        server = server_of(app)
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(place))
            listening.listen()
            listening.setblocking(False)
            thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
            thread.start()
            backend = RemoteBackend(Client(store=STORE, spawn=False, spool=False, home_folder=dispatcher.home))
            yield backend
            backend.close()
            server.should_exit = True
            thread.join(60)
        app.close()
        place.unlink(missing_ok=True)


def test_the_server_and_its_client_know_every_verb(dispatcher: Dispatcher) -> None:
    """Each verb of the table is a route, and the client of the standard library knows which of them write."""
    routes = dispatcher.app(token="", hosts=frozenset()).answers
    assert set(VERBS) <= set(routes)
    assert {name for name, verb in VERBS.items() if verb.writes} == WRITES

"""An embedder that fails keeps nobody waiting; what it could not do is done once it is back."""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from services import running

import eider
from eider.model.errors import EmbedderMismatchError, ProviderError
from eider.providers.embedders.guard import TRIPS, GuardedEmbedder
from eider.providers.embedders.hashing import HashEmbedder
from eider.providers.embedders.probes import PROBES, likeness

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eider.model.protocols import Role

TEXT = "The heron came back to the pond."


class Failing:
    """An embedder that does as it is told."""

    width, fingerprint, degraded, query_seconds = 64, "failing:x-64", None, 0.05

    def __init__(self) -> None:
        self.calls, self.fails, self.hangs, self.other = 0, False, threading.Event(), False
        self.hangs.set()

    def embed(self, texts: Sequence[str], role: Role) -> NDArray[np.float32]:
        self.calls += 1
        self.hangs.wait(20)
        if self.fails:
            raise ProviderError("the service is away.")
        rows = HashEmbedder(width=64).embed(texts, role)
        return -rows if self.other else rows


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def failing() -> Generator[Failing]:
    inner = Failing()
    yield inner
    inner.hangs.set()


def guarded(inner: Failing, clock: Clock) -> GuardedEmbedder:
    rows = HashEmbedder(width=64).embed(PROBES, "document")
    return GuardedEmbedder(inner, probes={"document": rows, "query": rows}, clock=clock)


def test_a_service_that_fails_is_left_alone_and_tried_again(failing: Failing) -> None:
    """After a few failures it is not asked until its rest is over; then one call tries it, and all is well."""
    clock = Clock()
    guard = guarded(failing, clock)
    failing.fails = True
    for _ in range(TRIPS + 20):
        assert not guard.embed([TEXT], "query").any()
    assert failing.calls == TRIPS
    assert "words alone" in (guard.degraded or "")
    clock.now += 1.5
    assert not guard.embed([TEXT], "query").any()
    assert failing.calls == TRIPS + 1
    failing.fails = False
    clock.now += 30
    assert guard.embed([TEXT], "query").any()
    assert guard.degraded is None


def test_a_service_that_hangs_keeps_nobody_waiting_and_what_comes_late_is_used(failing: Failing) -> None:
    """The caller gets a zero row; the vector that comes afterwards answers the next one who asks."""
    guard = guarded(failing, Clock())
    failing.hangs.clear()
    assert not guard.embed([TEXT], "query").any()
    assert not guard.embed(["Another question."], "query").any()  # waits for nothing
    assert failing.calls == 1
    failing.hangs.set()
    while guard._kept([TEXT], "query") is None:
        threading.Event().wait(0.01)
    assert guard.embed([TEXT], "query").any()
    assert failing.calls == 1


def test_a_service_that_changed_its_model_is_refused_until_it_is_set_back(failing: Failing) -> None:
    """Its vectors are used for nothing; the message names the fix."""
    clock = Clock()
    guard = guarded(failing, clock)
    assert guard.embed_or_raise([TEXT], "document").any()
    failing.other = True
    clock.now += 1_000  # it is recognised anew from time to time
    with pytest.raises(ProviderError, match="another model") as caught:
        guard.embed_or_raise(["Another text."], "document")
    assert "eider embed reembed" in str(caught.value)
    failing.other = False
    clock.now += 1_000
    assert guard.embed_or_raise(["Another text."], "document").any()


def test_many_texts_do_not_wait_for_a_service_that_is_away(failing: Failing) -> None:
    """One of them asks first, in the time of a question; once it answers all are sent together."""
    guard = guarded(failing, Clock())
    failing.hangs.clear()
    with pytest.raises(ProviderError, match="did not answer within"):
        guard.embed_or_raise([f"line {n}" for n in range(500)], "document")
    assert failing.calls == 1
    failing.hangs.set()
    other = guarded(failing, Clock())
    assert other.embed_or_raise([f"line {n}" for n in range(500)], "document").shape == (500, 64)
    assert failing.calls == 3


def test_an_embedder_that_knows_nothing_of_the_probes_is_recognised() -> None:
    """Zero rows, which every embedder may give, are like zero rows, and like nothing else."""
    zero, some = np.zeros((2, 3), np.float32), np.eye(2, 3, dtype=np.float32)
    assert (likeness(zero, zero), likeness(some, some)) == (1, 1)
    assert (likeness(zero, some), likeness(some, some[:, :2])) == (0, -1)


def test_any_exception_of_an_embedder_is_its_failure(failing: Failing) -> None:
    """A library's own error costs the vector, not the write."""
    failing.embed = lambda texts, role: 1 / 0
    assert not guarded(failing, Clock()).embed([TEXT], "query").any()


def test_an_outage_fails_nothing_is_said_and_heals(tmp_path: Path) -> None:
    """Recall and writes go on by words alone, `health` says so, and the missing vectors are made once the service is back."""
    with (
        running("openai") as service,
        eider.open(tmp_path / "s.eider", user="ada", embedder=service.name) as memory,
    ):
        memory.remember(TEXT)
        service.stop()
        made = memory.remember("The kayak is in the shed.")
        said = memory.record("We paddled to the island.", speaker="ada")
        assert [hit.id for hit in memory.recall("where is the kayak?", limit=1)] == [made.id]
        assert any("words alone" in line for line in memory.health().degraded)
        engine = memory._backend.engine
        assert engine.store.material.outdated(engine.embedder.fingerprint, "") != []
        service.start()
        finish_jobs(memory, kind="embed")
        rows = engine.store.segments.rows(user="ada", ids=[made.id, said.id])
        assert np.abs(np.linalg.norm(rows.vectors, axis=1) - 1).max() < 1e-2
        with engine.segments.hold("ada") as segment:
            assert segment.vectors.present[[segment.row_of[made.id], segment.row_of[said.id]]].all()
        assert memory.health().degraded == ()


def test_a_store_opens_and_answers_while_its_service_is_away(tmp_path: Path) -> None:
    """The width is noted with the store, so nothing has to be asked; only a new store needs an answer."""
    with running("openai") as service:
        with eider.open(tmp_path / "s.eider", user="ada", embedder=service.name) as memory:
            memory.remember(TEXT)
        service.stop()
        with eider.open(tmp_path / "s.eider", user="ada", embedder=service.name) as memory:
            assert memory.recall("where is the heron?")
        with pytest.raises(ProviderError, match="cannot be reached"):
            eider.open(tmp_path / "new.eider", user="ada", embedder=service.name)
        service.start()
        eider.open(tmp_path / "new.eider", user="ada", embedder=service.name).close()


def test_a_service_that_silently_serves_another_model_is_refused(tmp_path: Path) -> None:
    """Its vectors never mix with the store's: writes wait for the fix, recall goes by words, and health names the fix."""
    with running("vllm") as service:
        with eider.open(tmp_path / "s.eider", user="ada", embedder=service.name) as memory:
            memory.remember(TEXT)
        own = service.model
        service.model = Turned()
        with eider.open(tmp_path / "s.eider", user="ada", embedder=service.name) as memory:
            new = memory.remember("The kayak is in the shed.")
            assert memory.recall("kayak")[0].id == new.id
            engine = memory._backend.engine
            assert not engine.store.segments.rows(user="ada", ids=[new.id]).vectors.any()
            assert any("another model" in line and "eider embed" in line for line in memory.health().degraded)
            service.model = own
        with eider.open(tmp_path / "s.eider", user="ada", embedder=service.name) as memory:
            finish_jobs(memory, kind="embed")
            assert memory._backend.engine.store.segments.rows(user="ada", ids=[new.id]).vectors.any()


def test_a_store_keeps_the_embedder_it_was_made_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opened without a name it takes its own, whatever is set for new stores; another name is refused with the fix."""
    monkeypatch.setenv("EIDER_HOME", str(tmp_path / "home"))
    with running("tei") as one, running("cohere") as other:
        for service, folder in ((one, "one.eider"), (other, "other.eider")):
            with eider.open(tmp_path / folder, user="ada", embedder=service.name) as memory:
                memory.remember(TEXT)
        eider.open(tmp_path / "plain.eider", embedder="hash").close()
        monkeypatch.setenv("EIDER_EMBEDDER_URL", f"tei={one.url},cohere={other.url}")
        monkeypatch.setenv("EIDER_EMBEDDER_KEY", "sk-of-this-test")
        with (
            eider.open(tmp_path / "one.eider", user="ada") as first,
            eider.open(tmp_path / "other.eider", user="ada") as second,
            eider.open(tmp_path / "plain.eider", user="ada") as third,
        ):
            found = [memory.health().embedder for memory in (first, second, third)]
            assert [name.split("-")[0] for name in found] == ["tei:some", "cohere:some", "hash"]
            assert first.recall("heron")
            assert second.recall("heron")
        with pytest.raises(EmbedderMismatchError, match="eider embed swap"):
            eider.open(tmp_path / "one.eider", embedder="openai:other")


class Turned(HashEmbedder):
    """Another model: the same texts, other directions."""

    def __init__(self) -> None:
        super().__init__(width=64)

    def embed(self, texts: Sequence[str], role: Role) -> NDArray[np.float32]:
        return np.roll(super().embed(texts, role), 5, axis=1)


def finish_jobs(memory: eider.Eider, *, kind: str) -> None:
    """Run what waits of a kind until none is left, whatever time it was put off to."""
    jobs = memory._backend.engine.jobs
    while waiting := [job for job in jobs.listed("waiting") if job.kind == kind]:
        for job in waiting:
            threading.Event().wait(0.05)
            jobs.run(job.id)

"""The doctor beside owner processes: it asks the one that runs, and tells what became of one that does not."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from homes import Home, until

import eider
from eider.service.doctor import owner
from eider.service.doctor.report import Finding
from eider.service.doctor.run import Wants, examine
from eider.store.lock import holder

pytestmark = pytest.mark.slow


def found(*, fix: bool = False) -> dict[str, Finding]:
    """Findings that are left, by kind."""
    return {f.kind: f for f in examine(wants=Wants(fix=fix)).findings if not f.mended}


@pytest.fixture
def kept(home: Home) -> Home:
    """A home with one memory, its owner running, everything its account's alone."""
    with eider.open("notes", user="ada") as memory:
        memory.remember("The team has 4 members.")
    (home.path / "config.json").chmod(0o600)
    return home


def test_beside_a_running_owner_the_doctor_asks_it(kept: Home) -> None:
    """The owner keeps its stores: nobody else opens their files, and all checks and the probe are made through it."""
    pid = kept.start()
    report = examine(wants=Wants(fix=True))
    assert report.findings == ()
    assert report.stores == 1
    assert report.checks > 15
    assert kept.owners() == [pid]
    assert holder(kept.path / "stores" / "notes.eider") == pid
    assert not any(name.startswith("duckdb") and "notes.eider" in str(sys.modules[name]) for name in sys.modules)
    with eider.open("notes", user="ada") as memory:
        memory.remember("The team has 5 members.")
    assert found()["contradiction"].subject == "notes/ada"


def test_a_broken_store_is_told_by_the_owner(kept: Home) -> None:
    """store-damaged comes through the socket as it would come from a file; the other stores are looked at."""
    with eider.open("other", user="ada") as memory:
        memory.remember("Lives by the sea.")
    kept.stop()
    (truth,) = (kept.path / "stores" / "notes.eider").glob("truth-*.duckdb")
    truth.write_bytes(b"garbage" * 512)
    report = examine()
    assert [(f.kind, f.subject) for f in report.findings] == [("store-damaged", "notes")]
    assert report.stores == 2


def test_what_a_killed_owner_left_is_mended(kept: Home) -> None:
    """owner-notes-stale and owner-socket-stale; then the doctor's own questions start the next owner."""
    kept.start()
    kept.kill()
    report = examine(wants=Wants(fix=True))
    assert {f.kind for f in report.findings} == {"owner-notes-stale", "owner-socket-stale"}
    assert report.well
    assert found() == {}


def test_an_owner_that_does_not_answer_is_told_and_left_alone(kept: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """owner-silent: stopped in its tracks, it holds the lock; its stores are not opened behind its back."""
    monkeypatch.setattr(owner, "PATIENCE", 0.2)
    pid = kept.start()
    os.kill(pid, signal.SIGSTOP)
    try:
        report = examine(wants=Wants(fix=True))
    finally:
        os.kill(pid, signal.SIGCONT)
    (told,) = report.findings
    assert told.kind == "owner-silent"
    assert str(pid) in told.message
    assert until(lambda: found() == {}, "the owner's health")
    assert kept.owners() == [pid]


def test_the_spool_is_drained_by_the_owner(kept: Home) -> None:
    """spool-waiting: nobody ran; --fix starts an owner that carries it out."""
    kept.stop()
    client = kept.client(spawn=False)
    assert client.call("remember", {"text": "Takes the early ferry."})["status"] == "queued"
    assert "spool-waiting" in found_without_stores()
    report = examine(wants=Wants(fix=True))
    assert "spool-waiting" in {f.kind for f in report.findings if f.mended}
    with eider.open("notes", user="ada") as memory:
        assert memory.search("ferry").total == 1


def found_without_stores() -> set[str]:
    """Kinds found by the checks of the home alone: they start no owner."""
    from eider.model import config
    from eider.service.doctor.registry import PLACE_CHECKS, Place, carried_out, load

    load(places=True)
    at = Place(home=Path(config.home()))
    return {f.kind for check in PLACE_CHECKS.values() for f in carried_out(check, at, subject="", fix=False)}


def test_a_store_at_a_path_that_the_owner_holds_is_asked_for(kept: Home, tmp_path: Path) -> None:
    """A path opened with shared=True is the owner's for the time being."""
    place = tmp_path / "mine.eider"
    with eider.open(place, user="ada", shared=True) as memory:
        memory.remember("Lives by the sea.")
    assert examine([place]).findings == ()
    kept.stop()
    assert examine([place]).findings == ()
    assert kept.owners() == []

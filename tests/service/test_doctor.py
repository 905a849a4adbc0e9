"""The doctor beside server processes: it asks the one that runs, and tells what became of one that does not."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from homes import Home, until

import eider
from eider.service.doctor import server
from eider.service.doctor.report import Finding
from eider.service.doctor.run import Options, examine
from eider.store.lock import holder

pytestmark = pytest.mark.slow


def found(*, fix: bool = False) -> dict[str, Finding]:
    """Findings that are left, by kind."""
    return {f.kind: f for f in examine(wants=Options(fix=fix)).findings if not f.fixed}


@pytest.fixture
def kept(home: Home) -> Home:
    """A home with one memory, its server running, everything its account's alone."""
    with eider.open("notes", user="ada") as memory:
        memory.remember("The team has 4 members.")
    (home.path / "config.json").chmod(0o600)
    return home


def test_beside_a_running_server_the_doctor_asks_it(kept: Home) -> None:
    """The server keeps its stores: nobody else opens their files, and all checks and the probe are made through it."""
    pid = kept.start()
    report = examine(wants=Options(fix=True))
    assert report.findings == ()
    assert report.stores == 1
    assert report.checks > 15
    assert kept.servers() == [pid]
    assert holder(kept.path / "stores" / "notes.eider") == pid
    assert not any(name.startswith("duckdb") and "notes.eider" in str(sys.modules[name]) for name in sys.modules)
    with eider.open("notes", user="ada") as memory:
        memory.remember("The ferry leaves. " * 130)
    assert found()["statement-long"].subject == "notes/ada"


def test_a_broken_store_is_told_by_the_server(kept: Home) -> None:
    """store-damaged comes through the socket as it would come from a file; the other stores are looked at."""
    with eider.open("other", user="ada") as memory:
        memory.remember("Lives by the sea.")
    kept.stop()
    (truth,) = (kept.path / "stores" / "notes.eider").glob("truth-*.duckdb")
    truth.write_bytes(b"garbage" * 512)
    report = examine()
    assert [(f.kind, f.subject) for f in report.findings] == [("store-damaged", "notes")]
    assert report.stores == 2


def test_what_a_killed_server_left_is_mended(kept: Home) -> None:
    """server-notes-stale and server-socket-stale; then the doctor's own questions start the next server."""
    kept.start()
    kept.kill()
    report = examine(wants=Options(fix=True))
    assert {f.kind for f in report.findings} == {"server-notes-stale", "server-socket-stale"}
    assert report.is_healthy
    assert found() == {}


def test_a_server_that_does_not_answer_is_told_and_left_alone(kept: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """server-silent: stopped in its tracks, it holds the lock; its stores are not opened behind its back."""
    monkeypatch.setattr(server, "STATUS_TIMEOUT", 0.2)
    pid = kept.start()
    os.kill(pid, signal.SIGSTOP)
    try:
        report = examine(wants=Options(fix=True))
    finally:
        os.kill(pid, signal.SIGCONT)
    (told,) = report.findings
    assert told.kind == "server-silent"
    assert str(pid) in told.message
    assert until(lambda: found() == {}, "the server's health")
    assert kept.servers() == [pid]


def test_the_spool_is_drained_by_the_server(kept: Home) -> None:
    """spool-waiting: nobody ran; --fix starts a server that carries it out."""
    kept.stop()
    client = kept.client(spawn=False)
    assert client.call("remember", {"text": "Takes the early ferry."})["status"] == "queued"
    assert "spool-waiting" in found_without_stores()
    report = examine(wants=Options(fix=True))
    assert "spool-waiting" in {f.kind for f in report.findings if f.fixed}
    with eider.open("notes", user="ada") as memory:
        assert memory.search("ferry").total == 1


def found_without_stores() -> set[str]:
    """Kinds found by the checks of the home alone: they start no server."""
    from eider.model import config
    from eider.service.doctor.registry import HOME_CHECKS, HomeContext, load_checks, run_check

    load_checks(home=True)
    at = HomeContext(home=Path(config.home()))
    return {f.kind for check in HOME_CHECKS.values() for f in run_check(check, at, subject="", fix=False)}


def test_a_store_at_a_path_that_the_server_holds_is_asked_for(kept: Home, tmp_path: Path) -> None:
    """A path opened with shared=True is the server's for the time being."""
    place = tmp_path / "mine.eider"
    with eider.open(place, user="ada", shared=True) as memory:
        memory.remember("Lives by the sea.")
    assert examine([place]).findings == ()
    kept.stop()
    assert examine([place]).findings == ()
    assert kept.servers() == []

"""However a server ends, the next call works, and nothing that was stored is lost or doubled."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from homes import PATIENCE, Home, until

import eider
from eider.client.client import ClientError, server_notes
from eider.service import run
from eider.service.run import ServerOptions

pytestmark = pytest.mark.slow


def remembered(home: Home) -> list[str]:
    found = home.client().call("search", {"limit": 1000})["value"]["items"]
    return sorted(hit["text"] for hit in found)


def test_told_to_end_it_answers_what_is_under_way_and_leaves_nothing(home: Home) -> None:
    """SIGTERM under load: every write is stored or queued, and socket, notes and lock are gone."""
    pid = home.start()
    client = home.client()
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(client.call, "remember", {"text": f"Number {n}."}) for n in range(120)]
        until(asked[10].done, "some answers")
        os.kill(pid, signal.SIGTERM)
        states = {one.result()["status"] for one in asked}
    assert states <= {"stored", "queued"}
    assert pid not in home.servers()
    assert remembered(home) == sorted(f"Number {n}." for n in range(120))
    home.stop()
    assert home.left() == []


def test_told_to_end_while_it_starts_it_ends(home: Home) -> None:
    """Between the lock and the first answer as well."""
    with pytest.raises(ClientError):
        home.client(cold=0.0).ask("GET", "/v1/server/status")
    home.stop()
    assert home.left() == []


def test_killed_it_has_lost_nothing(home: Home) -> None:
    """Kill -9, again and again: what was acknowledged is there, once."""
    client = home.client()
    for n in range(6):
        assert client.call("remember", {"text": f"Number {n}."})["status"] == "stored"
        home.kill()
    assert remembered(home) == sorted(f"Number {n}." for n in range(6))


def test_stopped_and_continued_it_takes_a_write_once(home: Home) -> None:
    """The server sleeps while a write arrives: the caller hears `queued` in time; awake again, it happens once."""
    pid = home.start()
    client = home.client(timeout=1.0)
    verbs: list[tuple[str, dict[str, Any]]] = [
        ("remember", {"text": "Prefers tea."}), ("record", {"text": "I like tea."}),
        ("remember_many", {"items": ["Has a cat.", {"text": "Has a dog.", "key": "mine"}]}),
        ("record_many", {"items": [{"text": "Hello there."}, {"text": "Hello again."}]}),
    ]  # fmt: skip
    home.client().call("recall", {"query": "warm"})
    os.kill(pid, signal.SIGSTOP)
    try:
        for verb, request in verbs:
            assert client.call(verb, request)["status"] == "queued"
        with pytest.raises(ClientError, match="not known"):
            client.call("forget_user", {"user": "bob"})
        with pytest.raises(ClientError):
            client.call("recall", {"query": "tea"})
    finally:
        os.kill(pid, signal.SIGCONT)
    texts = ["Has a cat.", "Has a dog.", "Hello again.", "Hello there.", "I like tea.", "Prefers tea."]
    assert remembered(home) == texts
    assert home.servers() == [pid]


def test_what_was_spooled_keeps_its_time_and_the_speakers_zone(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said at nine in Tokyo, kept an hour later by a server elsewhere: it was nine in Tokyo."""
    pid = home.start()
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    client = home.client(timeout=0.5)
    said = 1_780_000_000.0
    os.kill(pid, signal.SIGSTOP)
    with monkeypatch.context() as then:
        then.setattr(time, "time", lambda: said)
        client.call("record", {"text": "Good morning."})
        client.call("remember", {"text": "Is in Tokyo."})
    os.kill(pid, signal.SIGCONT)
    items = home.client().call("search", {})["value"]["items"]
    episode = next(item["episode"] for item in items if item["episode"])
    memory = next(item["memory"] for item in items if item["memory"])
    assert datetime.fromisoformat(episode["at"]).timestamp() == said
    assert datetime.fromisoformat(memory["valid_from"]).timestamp() == said
    assert episode["tz"] == "Asia/Tokyo"
    assert datetime.fromisoformat(episode["recorded_at"]).timestamp() > said


def test_the_zone_is_the_speakers_not_the_servers(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two clients in two zones speak through one server; each utterance has the zone of its speaker."""
    zones = []
    for zone in ("Asia/Kolkata", "America/New_York"):
        monkeypatch.setenv("TZ", zone)
        zones.append(home.client().call("record", {"text": f"Hello from {zone}."})["value"]["tz"])
    assert zones == ["Asia/Kolkata", "America/New_York"]


def test_a_paused_spool_waits_and_is_drained_when_the_pause_ends(home: Home) -> None:
    """What was spooled before a pause is neither lost nor written during it."""
    from eider.client import pauses

    home.start()
    home.kill()
    client = home.client(spawn=False, timeout=0.2)
    assert client.call("remember", {"text": "Prefers tea."})["status"] == "queued"
    pauses.pause(str(home), writes=True)
    assert remembered(home) == []
    with pytest.raises(ClientError) as raised:
        home.client().call("remember", {"text": "refused"})
    assert raised.value.kind == "PausedError"
    pauses.resume(str(home))
    until(lambda: remembered(home) == ["Prefers tea."], "the drain after the pause")


def test_without_its_home_it_ends(home: Home) -> None:
    """A home that was removed has no server; the next call makes both anew."""
    home.client().call("remember", {"text": "x"})
    shutil.rmtree(home.path.rename(home.path.with_suffix(".gone")))  # at one stroke: the server may write meanwhile
    until(lambda: not home.servers(), "the end of a server without a home")
    assert not home.path.exists(), sorted(home.path.rglob("*"))
    home.path.mkdir(mode=0o700)
    home.settings(embedder="hash")
    assert remembered(home) == []


@pytest.mark.parametrize("what", ["owner.json", "owner.sock", "owner.lock"])
def test_without_what_makes_it_the_server_it_ends(home: Home, what: str) -> None:
    """Notes, socket or lock taken away or replaced: nobody could find it, or another is entitled; it ends."""
    pid = home.start()
    path = home.path / "run" / what
    path.unlink()
    if what == "owner.json":
        path.write_text(json.dumps({"pid": 1}))
    until(lambda: pid not in home.servers(), "the end of a server that is none any more")
    if what == "owner.json":
        assert server_notes(str(home)) == {"pid": 1}, "what is another's is left alone"
        path.unlink()
    assert home.client().call("recall", {"query": "x"})["status"] == "ok"


def test_idle_it_ends_by_itself(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody asked for a while: it goes, and leaves nothing; asking it how it stands is no use of it."""
    lock = run.take_lock(str(home))
    monkeypatch.setattr(run, "_WATCH_SECONDS", 0.05)
    options = ServerOptions(home=str(home), idle=None)
    thread = threading.Thread(target=run.run, args=(options, lock))
    thread.start()
    client = home.client(spawn=False)
    until(client.is_running, "the server")
    assert client.call("recall", {"query": "x"})["status"] == "ok"
    object.__setattr__(options, "idle", 0.6)  # not before it was used: a busy machine may need longer for that
    end = time.monotonic() + PATIENCE
    while thread.is_alive() and time.monotonic() < end:
        if client.is_running():
            with pytest.MonkeyPatch.context():
                try:
                    client.ask("GET", "/v1/server/status")
                except ClientError:
                    break
        time.sleep(0.05)
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert home.left() == []


def test_a_second_server_in_the_foreground_is_refused(home: Home) -> None:
    """It names the process that is the server, and how to end it."""
    pid = home.start()
    with pytest.raises(eider.errors.ServerRunningError, match=str(pid)):
        run.take_lock(str(home))


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs"])
def test_a_home_on_a_network_file_system_is_refused(home: Home, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks do not hold between machines there: the server says so, names the kind and the fix, and leaves nothing."""
    monkeypatch.setattr(run, "network_kind", lambda _: kind)
    with pytest.raises(eider.errors.StoreError, match=f"{kind}.*local disk"):
        run.run(ServerOptions(home=str(home)), run.take_lock(str(home)))
    assert home.left() == []


def test_a_store_on_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Embedded as well; nothing is made there."""
    monkeypatch.setattr("eider.store.open.network_kind", lambda _: "nfs4")
    with pytest.raises(eider.errors.StoreError, match=r"nfs4.*local disk"):
        eider.open(tmp_path / "mine.eider")
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_is_named(home: Home) -> None:
    """A fixed port that somebody has is a setting that cannot be used."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(eider.errors.ConfigError, match=str(port)):
            run.run(ServerOptions(home=str(home), port=port), run.take_lock(str(home)))
    assert "lock" not in home.left()
    assert home.left() == []


def test_a_child_that_was_forked_goes_on_with_a_shared_memory(memory: eider.Eider, home: Home) -> None:
    """After os.fork parent and child use the same façade, each on a line of its own."""
    memory.remember("Said by the parent.")
    pid = os.fork()
    if pid == 0:
        try:
            memory.remember("Said by the child.")
            os._exit(0 if len(memory.recall("who said what?")) == 2 else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert sorted(hit.text for hit in memory.search().items) == ["Said by the child.", "Said by the parent."]


def test_a_worker_of_multiprocessing_goes_on_with_a_shared_memory(memory: eider.Eider) -> None:
    """A pool that was forked after opening writes through the parent's façade."""
    import multiprocessing

    context = multiprocessing.get_context("fork")
    worker = context.Process(target=_remember_in_worker, args=(memory.remember,))
    worker.start()
    worker.join(PATIENCE)
    assert worker.exitcode == 0
    assert [hit.text for hit in memory.search().items] == ["Said by a worker."]


def _remember_in_worker(remember: Callable[[str], object]) -> None:
    remember("Said by a worker.")

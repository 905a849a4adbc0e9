"""The server from the command line: started once whoever races, looked at, paused, and ended without a trace."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from homes import PATIENCE, Home, until

import eider
from eider.client import spool
from eider.client.client import ClientError, server_notes
from eider.model.errors import PausedError, UnknownIdError

pytestmark = pytest.mark.slow

EIDER = [sys.executable, "-m", "eider"]


def run(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own; its exit code is checked."""
    done = subprocess.run([*EIDER, *words], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == code, (words, done.stdout, done.stderr)
    return done


def answer(*words: str) -> list[dict[str, object]]:
    """What a command prints with --json."""
    return [json.loads(line) for line in run(*words, "--json").stdout.splitlines()]


@pytest.fixture
def foreground(home: Home) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts `eider serve --foreground` and returns once it says where it listens."""
    started: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        made = subprocess.Popen([*EIDER, "serve", "--foreground", *words], stdout=subprocess.PIPE, text=True)
        started.append(made)
        return made

    yield start
    for one in started:
        one.terminate()
        one.communicate(timeout=PATIENCE)


def test_eight_that_start_it_at_once_start_one(home: Home) -> None:
    """Every one of them returns when that one answers, and names it."""
    racers = [
        subprocess.Popen([*EIDER, "serve", "--ensure", "--json"], stdout=subprocess.PIPE, text=True) for _ in range(8)
    ]
    said = [racer.communicate(timeout=PATIENCE)[0] for racer in racers]
    assert [racer.returncode for racer in racers] == [0] * 8
    assert {json.loads(line)["pid"] for line in said} == set(home.servers())
    assert len(home.servers()) == 1


def test_starting_what_runs_is_refused_unless_it_is_only_to_be_ensured(home: Home) -> None:
    """The refusal names the process; the other way nothing changes."""
    run("serve")
    (server,) = home.servers()
    assert str(server) in run("serve", code=4).stderr
    assert str(server) in run("serve", "--foreground", code=4).stderr
    assert answer("serve", "--ensure")[0]["pid"] == server
    assert home.servers() == [server]


def test_what_belongs_to_the_foreground_is_not_taken_behind(home: Home) -> None:
    """A port that would not be listened at is a mistake, and nothing starts."""
    assert "--foreground" in run("serve", "--port", "8765", code=2).stderr
    assert "exclude each other" in run("serve", "--ensure", "--foreground", code=2).stderr
    assert "'soon'" in run("serve", "--foreground", "--idle", "soon", code=2).stderr
    assert home.servers() == []


def test_stopping_leaves_nothing_and_may_be_done_twice(home: Home) -> None:
    """It returns when the server is gone; that none runs is said, and fine."""
    assert answer("stop") == [{"stopped": False, "pid": None}]
    run("serve", "--ensure")
    (server,) = home.servers()
    assert answer("stop") == [{"stopped": True, "pid": server}]
    assert (home.servers(), home.left()) == ([], [])
    assert run("stop").stdout == "no server runs\n"


def test_the_status_is_of_whoever_runs(home: Home) -> None:
    """Without a server it says so and starts none; with one it says what that holds."""
    (absent,) = answer("status")
    assert (absent["running"], absent["pid"], absent["stores"]) == (False, None, [])
    assert home.servers() == []
    run("remember", "Prefers snake_case.", "--store", "notes")
    (found,) = answer("status")
    assert (found["running"], [found["pid"]], found["home"]) == (True, home.servers(), str(home))
    assert found["stores"] == [str(home.path / "stores" / "notes.eider")]
    assert found["jobs"] == {"waiting": 0, "running": 0, "dead": 0}
    assert found["spool_bytes"] == 0
    assert isinstance(found["rss_bytes"], int)
    assert found["rss_bytes"] > 1_000_000


def test_a_server_that_does_not_answer_is_told_from_none(home: Home) -> None:
    """Stopped in its tracks it holds the lock: that is an error, and nobody starts a second."""
    home.start()
    (server,) = home.servers()
    os.kill(server, signal.SIGSTOP)
    assert f"process {server}" in run("status", code=4).stderr
    assert home.servers() == [server]
    os.kill(server, signal.SIGCONT)
    assert answer("status")[0]["pid"] == server


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_in_the_foreground_it_serves_until_told_to_end(
    home: Home, foreground: Callable[..., subprocess.Popen[str]], sign: signal.Signals
) -> None:
    """One line says where; the signal drains what waits, and no socket, lock or notes are left."""
    process = foreground("--idle", "never", "--json")
    assert process.stdout is not None
    said = json.loads(process.stdout.readline())
    assert (said["pid"], said["home"]) == (process.pid, str(home))
    assert home.client(spawn=False).call("remember", {"text": "Said while it ran."})["status"] == "stored"
    os.kill(process.pid, signal.SIGSTOP)
    late = home.client(spawn=False).call("remember", {"text": "Said while it was silent."}, timeout=0.2)
    assert late["status"] == "queued"
    os.kill(process.pid, sign)
    os.kill(process.pid, signal.SIGCONT)
    assert process.wait(timeout=PATIENCE) == 0
    assert process.stdout.read() == ""
    assert (home.left(), spool.waiting_bytes(str(home))) == ([], 0)
    with eider.open(home.path / "stores" / "notes.eider", user="ada") as memory:
        texts = {hit.text for hit in memory.search().items}
    assert texts == {"Said while it ran.", "Said while it was silent."}


def test_in_the_foreground_it_listens_where_it_was_told_and_to_the_names_it_was_given(
    home: Home, foreground: Callable[..., subprocess.Popen[str]]
) -> None:
    """A further host name is answered to, a foreign one is not."""
    from http.client import HTTPConnection

    process = foreground("--host", "127.0.0.1", "--name", "memory.lan", "--json")
    assert process.stdout is not None
    port = json.loads(process.stdout.readline())["port"]
    token = (home.path / "run" / "token").read_text().strip()
    for name, status in (("memory.lan", 200), ("evil.example", 401)):
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        connection.request("GET", "/v1/server/status", headers={"Host": name, "Authorization": f"Bearer {token}"})
        assert connection.getresponse().status == status
        connection.close()


def test_in_the_foreground_it_ends_when_idle_if_that_was_asked(
    home: Home, foreground: Callable[..., subprocess.Popen[str]]
) -> None:
    """After so many seconds without a request, with nothing left behind."""
    process = foreground("--idle", "1")
    assert process.wait(timeout=PATIENCE) == 0
    assert home.left() == []


FIRST = """
import ctypes, os, signal, sys, time
assert ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) == 0  # PR_SET_CHILD_SUBREAPER: orphans come here, as to process 1
from eider.service.pid1 import run_as_pid1
first = os.getpid()
run_as_pid1()
assert os.getppid() == first
read, write = os.pipe()
if not os.fork():
    if not os.fork():
        os.write(write, b"%d " % os.getpid())
        os._exit(0)
    os._exit(0)
os.wait()
orphan = int(os.read(read, 20))
end = time.monotonic() + 120
while os.path.exists(f"/proc/{orphan}"):
    assert time.monotonic() < end, "a zombie is left"
    time.sleep(0.01)
signal.signal(signal.SIGTERM, lambda *_: os._exit(7))
print("reaped", flush=True)
time.sleep(600)
"""


def test_as_the_first_process_it_reaps_orphans_and_hands_signals_on() -> None:
    """No zombie stays; the signal reaches the one that serves, whose exit code is that of the whole."""
    process = subprocess.Popen([sys.executable, "-c", FIRST], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "reaped\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=PATIENCE) == 7
    process.stdout.close()


def test_a_pause_outlives_the_server(home: Home, memory: eider.Eider) -> None:
    """Writes are refused by name before and after a restart, reads are answered, and nothing is kept for later."""
    memory.remember("Prefers snake_case.")
    assert answer("pause", "--writes", "--store", "notes") == [{"store": "notes", "writes": True}]
    for _ in range(2):
        with pytest.raises(PausedError, match="eider resume --store notes"):
            memory.remember("Prefers tabs.")
        assert [hit.text for hit in memory.recall("snake_case tabs")] == ["Prefers snake_case."]
        assert spool.waiting_bytes(str(home)) == 0
        run("stop")
    assert "notes" in run("remember", "Prefers tabs.", "--store", "notes", code=4).stderr
    with eider.open("other", user="ada") as other:
        other.remember("Other stores go on.")
    assert answer("resume", "--store", "notes") == []
    memory.remember("Prefers tabs.")
    assert len(memory.search().items) == 2


def test_a_paused_write_is_not_spooled_while_the_server_is_away(home: Home) -> None:
    """Nobody can say no, so the file does."""
    home.start()
    run("pause", "--writes")
    run("stop")
    for store in ("notes", str(home.path / "stores" / "notes.eider")):
        with pytest.raises(ClientError, match="writing is paused") as refused:
            home.client(spawn=False, store=store).call("remember", {"text": "Prefers tabs."}, timeout=0.2)
        assert refused.value.kind == "PausedError"
    assert spool.waiting_bytes(str(home)) == 0
    run("resume")
    assert home.client(spawn=False).call("remember", {"text": "x"}, timeout=0.2)["status"] == "queued"


def test_a_typing_error_pauses_nothing(home: Home) -> None:
    """A store that does not exist is named, and so is a pause of all that one resume cannot end."""
    assert "eider store list" in run("pause", "--store", "nots", code=3).stderr
    assert not (home.path / "paused.json").exists()
    run("pause")
    assert "every store is paused" in run("resume", "--store", "notes", code=3).stderr
    assert run("resume").stdout == "paused: nothing\n"


def test_paused_work_waits_until_it_is_resumed(home: Home, memory: eider.Eider) -> None:
    """What a forget left to do is listed, refuses to run, and is done when asked after the pause."""
    said = memory.record("The code word is heliotrope.")
    run("pause", "--store", "notes")
    memory.forget(said.id, wait=False)
    assert memory.drain().jobs == 0
    (job,) = answer("jobs", "list", "--store", "notes")
    assert (job["kind"], job["state"], job["attempts"]) == ("scrub", "waiting", 0)
    number = str(job["id"])
    assert "eider resume" in run("jobs", "run", number, "--store", "notes", code=3).stderr
    assert "promised" in run("jobs", "purge", number, "--store", "notes", code=3).stderr
    run("resume", "--store", "notes")
    run("jobs", "run", "--wait", "--store", "notes")
    until(lambda: answer("jobs", "show", number, "--store", "notes")[0]["state"] == "done")
    assert answer("jobs", "purge", "--store", "notes") == [{"purged": 1}]
    assert f"no job {number}" in run("jobs", "show", number, "--store", "notes", code=3).stderr


def test_the_log_tells_what_was_asked_and_not_what_was_said(home: Home, memory: eider.Eider) -> None:
    """Calls and errors are lines of JSON; no word of a memory is among them."""
    memory.remember("The code word is heliotrope.")
    with pytest.raises(UnknownIdError):
        memory.why("mem_heliotrope")
    run("stop")
    routes = [line["route"] for line in answer("log", "--calls")]
    assert "remember" in routes
    assert [line["kind"] for line in answer("log", "--errors")] == ["UnknownIdError"]
    assert "heliotrope" not in run("log").stdout
    assert len(answer("log", "-n", "1")) == 1


def test_stores_behind_the_server_are_counted_as_well(home: Home, memory: eider.Eider) -> None:
    """A listing tells what is in a store whoever holds it, and a broken one does not hide the others."""
    memory.remember("Likes tea.")
    broken = home.path / "stores" / "broken.eider"
    broken.mkdir()
    (broken / "CURRENT").write_text("truth-000001.duckdb")
    found = {line["name"]: line for line in answer("store", "list")}
    assert (found["notes"]["users"], found["notes"]["memories"], found["notes"]["locked"]) == (1, 1, True)
    assert found["broken"]["trouble"]


def test_the_notes_of_a_foreground_server_are_its_own(
    home: Home, foreground: Callable[..., subprocess.Popen[str]]
) -> None:
    """Clients find it as they find any other, and start none beside it."""
    process = foreground("--idle", "never")
    assert process.stdout is not None
    process.stdout.readline()
    assert server_notes(str(home))["pid"] == process.pid
    with eider.open("notes", user="ada") as memory:
        memory.remember("Through the server in the foreground.")
    assert home.servers() == []
    assert answer("stop") == [{"stopped": True, "pid": process.pid}]
    assert process.wait(timeout=PATIENCE) == 0
    assert Path(home.path, "run", "owner.json").exists() is False

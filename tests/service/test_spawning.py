"""Starting a server: one, whoever races, and nothing of the spawner stays with it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from homes import PATIENCE, Home, until

from eider.client import client as client_module
from eider.client import spool
from eider.client.client import ClientError, server_notes, socket_path
from eider.client.spawn import ALLOWED
from eider.service.run import stop, take_lock

pytestmark = pytest.mark.slow
CALL = Path(client_module.__file__).with_name("call.py")
BARE = [sys.executable, "-I", "-S"]


def called(home: Home, *words: str, call: Path = CALL, **more: str) -> subprocess.CompletedProcess[str]:
    """One call in a bare interpreter with nothing of Eider on its path."""
    environment = {
        "EIDER_HOME": str(home),
        "EIDER_STORE": "notes",
        "EIDER_USER": "ada",
        "PATH": "/usr/bin:/bin",
        **more,
    }
    return subprocess.run(
        [*BARE, str(call), *words],
        env=environment,
        cwd="/",
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def children() -> set[str]:
    """Processes that this one started and has not waited for."""
    found: set[str] = set()
    for thread in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # the thread ended meanwhile
            found.update((thread / "children").read_text().split())
    return found


def test_of_eight_racers_exactly_one_starts_a_server(home: Home) -> None:
    """Eight processes that find nobody at the same moment all get answers, of one and the same process."""
    code = f"""
import sys
sys.path.insert(0, {str(CALL.parent)!r})
from client import Client
sys.stdin.read()
print(Client(timeout={PATIENCE}).ask("GET", "/v1/server/status")["pid"])
"""
    racers = [
        subprocess.Popen([*BARE, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.close()
    pids = set()
    for racer in racers:
        assert racer.stdout is not None
        pids.add(int(racer.stdout.read()))
        racer.stdout.close()
        assert racer.wait() == 0
    assert pids == set(home.servers())
    assert len(pids) == 1


def test_nothing_of_the_first_spawner_becomes_everyones(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, zone, proxy, Python path, directory or terminal of whoever came first."""
    for name in ("SECRET_KEY", "TZ", "HTTPS_PROXY", "PYTHONPATH", "PYTHONSTARTUP", "ANTHROPIC_API_KEY", "EIDER_USER"):
        monkeypatch.setenv(name, "Europe/Berlin")
    before = children()
    pid = home.start()
    environment = dict(
        line.split("=", 1) for line in Path(f"/proc/{pid}/environ").read_text().split("\0") if "=" in line
    )
    assert set(environment) <= {*ALLOWED, "EIDER_HOME"}
    assert Path(f"/proc/{pid}/cwd").resolve() == Path("/")
    stat = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    parent, group, session = (int(number) for number in stat[1:4])
    assert os.getpid() not in (parent, group, session)
    assert group == session != os.getpgid(0)
    assert Path(f"/proc/{pid}/fd/0").resolve() == Path("/dev/null")
    assert Path(f"/proc/{pid}/fd/1").resolve() == Path("/dev/null")
    assert children() <= before


def test_signals_the_spawner_ignores_still_end_the_server(home: Home) -> None:
    """A spawner under nohup, or with signals blocked, starts a server that can be ended like any other."""
    code = f"""
import signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
sys.path.insert(0, {str(CALL.parent)!r})
from client import Client
print(Client(timeout={PATIENCE}).ask("GET", "/v1/server/status")["pid"])
"""
    subprocess.run([*BARE, "-c", code], check=True, capture_output=True, timeout=PATIENCE)
    home.stop()
    assert home.left() == []


def test_whoever_reads_the_spawners_output_is_not_kept_waiting(home: Home) -> None:
    """`out=$(eider …)` ends with the caller, also where a shell left further pipes open."""
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    environment = {**os.environ, "EIDER_HOME": str(home), "EIDER_USER": "ada"}
    done = subprocess.run(
        [*BARE, str(CALL), "recall", '{"query": "tea"}'], env=environment, pass_fds=(writing,), capture_output=True,
        text=True, timeout=PATIENCE, check=True,
    )  # fmt: skip
    os.close(writing)
    assert json.loads(done.stdout)["value"] == []
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read() == b""
    assert home.servers()


def test_a_bare_interpreter_writes_and_reads(home: Home) -> None:
    """`python -I -S /path/to/call.py` has nothing of Eider on its path, and needs nothing."""
    wrote = called(home, "remember", '{"text": "Prefers tea."}')
    assert json.loads(wrote.stdout)["status"] == "stored"
    found = json.loads(called(home, "recall", '{"query": "tea"}').stdout)
    assert [hit["text"] for hit in found["value"]] == ["Prefers tea."]
    assert found["value"][0]["memory"]["origin"] == "agent", "who does not say that a person spoke claims little"


def test_the_path_may_hold_blanks_and_quotes(home: Home, tmp_path: Path) -> None:
    """Installed where the path has a blank, a quote and an umlaut; the home lies there as well."""
    odd = tmp_path / 'it\'s "Käse" here'
    (odd / "eider").mkdir(parents=True)
    package = CALL.parents[1]
    for entry in package.iterdir():
        if entry.name not in ("client", "service", "__pycache__"):
            (odd / "eider" / entry.name).symlink_to(entry)
    for room in ("client", "service"):
        shutil.copytree(package / room, odd / "eider" / room, ignore=shutil.ignore_patterns("__pycache__"))
    done = called(home, "recall", '{"query": "tea"}', call=odd / "eider" / "client" / "call.py")
    assert json.loads(done.stdout)["status"] == "ok", done.stderr
    assert os.fsencode(odd) in Path(f"/proc/{home.servers()[0]}/cmdline").read_bytes()


def test_a_hook_that_fails_says_nothing_and_ends_well(home: Home) -> None:
    """Whatever is wrong: no output, exit code 0; without `--quiet` the reason and another code."""
    home.start()
    for words in (["recall", "{"], ["recall", '{"query": ""}'], ["nonsense"], [], ["recall", "7"]):
        quiet = called(home, *words, "--quiet")
        assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", ""), words
        loud = called(home, *words)
        assert loud.returncode in (1, 2), words
        assert loud.stderr, words
        assert "Traceback" not in loud.stderr, words


def test_a_hook_does_not_wait_for_a_cold_server(home: Home) -> None:
    """It starts one for those who come later, says nothing, and ends; a write it brought is in the spool."""
    quiet = called(home, "remember", '{"text": "Prefers tea."}', "--quiet", PATH="/nonexistent")
    assert (quiet.returncode, quiet.stderr) == (0, "")
    found = until(lambda: home.client().call("recall", {"query": "tea"})["value"], "the write of the hook")
    assert [hit["text"] for hit in found] == ["Prefers tea."]


def test_a_hook_does_not_wait_for_a_server_that_is_stopped(home: Home) -> None:
    """It accepts and never answers: the hook is silent, and over; what it wrote happens once when the server goes on."""
    pid = home.start()
    os.kill(pid, signal.SIGSTOP)
    read = called(home, "recall", '{"query": "tea"}', "--quiet")
    assert (read.returncode, read.stdout, read.stderr) == (0, "", "")
    wrote = called(home, "remember", '{"text": "Prefers tea."}', "--quiet", "--timeout", "0.3")
    assert json.loads(wrote.stdout)["status"] == "queued"
    os.kill(pid, signal.SIGCONT)
    found = home.client().call("recall", {"query": "tea"})["value"]
    assert [hit["text"] for hit in found] == ["Prefers tea."]


def test_a_stale_socket_and_stale_notes_are_nobodys(home: Home) -> None:
    """After a kill -9 the next call works, although socket and notes still name a process, even one that lives."""
    home.start()
    home.kill()
    assert home.left() == ["socket", "notes"]
    path = home.path / "run" / "owner.json"
    path.write_text(
        json.dumps({**server_notes(str(home)), "pid": os.getpid()})
    )  # the number was given to somebody else
    assert home.client().call("recall", {"query": "x"})["status"] == "ok"
    assert server_notes(str(home))["pid"] == home.servers()[0] != os.getpid()


def test_stopping_never_touches_a_process_that_merely_has_the_number(home: Home) -> None:
    """The pid in stale notes may be anybody's by now: only who listens on the socket is told to end."""
    home.start()
    home.kill()
    bystander = subprocess.Popen(["sleep", "600"])
    try:
        path = home.path / "run" / "owner.json"
        path.write_text(json.dumps({"pid": bystander.pid}))
        assert stop(str(home))
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
    pid = home.start()
    assert stop(str(home))
    assert not Path(f"/proc/{pid}").exists() or not home.servers()
    assert home.left() == []


def test_a_lock_held_elsewhere_is_never_broken(home: Home) -> None:
    """Somebody holds the lock and nobody answers, as from another container: writes are spooled, reads say so."""
    import fcntl

    (home.path / "run").mkdir(mode=0o700)
    with (home.path / "run" / "owner.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        client = home.client(timeout=0.5)
        assert client.call("remember", {"text": "Prefers tea."})["status"] == "queued"
        with pytest.raises(ClientError) as raised:
            client.call("recall", {"query": "tea"})
        assert raised.value.kind == "ServerUnreachableError"
        assert home.servers() == []
    found = home.client().call("recall", {"query": "tea"})["value"]
    assert [hit["text"] for hit in found] == ["Prefers tea."], "drained before the first read"


def test_a_dead_holder_of_the_lock_holds_nothing(home: Home) -> None:
    """The lock goes with the process that had it, however it ended."""
    home.start()
    home.kill()
    assert home.lock_is_free()
    assert home.start()


def test_a_long_path_gets_a_short_socket(homes: Callable[[Path], Home], tmp_path: Path) -> None:
    """Beyond 108 bytes the socket lies in a private directory below /tmp; nothing else changes, and it goes again."""
    home = homes(tmp_path / ("deep" * 20) / ("deeper" * 10))
    where = Path(socket_path(str(home)))
    assert len(os.fsencode(where)) < 104
    assert home.client().call("recall", {"query": "x"})["status"] == "ok"
    assert where.parent.stat().st_mode & 0o777 == 0o700
    home.stop()
    assert not where.parent.exists()


def test_a_short_socket_directory_of_somebody_else_is_not_trusted(
    homes: Callable[[Path], Home], tmp_path: Path
) -> None:
    """Who made the directory first could listen there for our memories: neither client nor server goes near it."""
    home = homes(tmp_path / ("deep" * 20) / ("deeper" * 10))
    where = Path(socket_path(str(home))).parent
    where.mkdir(mode=0o777)
    where.chmod(0o777)
    try:
        with pytest.raises(ClientError, match="not a directory of this account alone") as raised:
            home.client().call("recall", {"query": "x"})
        assert raised.value.kind == "RuntimeFolderError"
    finally:
        where.rmdir()


NOBODY = 65534


def as_nobody(work: Callable[[], str]) -> str:
    """What a process of another account makes of it; forked, so that it needs to read nothing of this one's."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            os.write(writing, work().encode())
        except BaseException as error:  # noqa: BLE001 (told to the parent)
            os.write(writing, f"{getattr(error, 'kind', type(error).__name__)}: {error}".encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.waitpid(pid, 0)
    return said


root_only = pytest.mark.skipif(os.getuid() != 0, reason="needs root to become somebody else")


@root_only
def test_an_unprivileged_account_uses_a_directory_of_its_own(home: Home) -> None:
    """Under another uid, in a directory of its own: locks, sockets and spool are made, and are that account's."""
    os.chown(home.path, NOBODY, NOBODY)

    def work() -> str:
        lock = take_lock(str(home))
        try:
            spool.append(str(home), "remember", {"request": {"text": "x", "user": "ada", "key": "k"}})
        finally:
            os.close(lock)
        return "done"

    assert as_nobody(work) == "done"
    made = [home.path / "run" / "owner.lock", home.path / "spool" / "writes.jsonl"]
    assert {path.stat().st_uid for path in made} == {NOBODY}
    assert {path.parent.stat().st_mode & 0o077 for path in made} == {0}


@root_only
@pytest.mark.parametrize(
    ("place", "expected"),
    [("closed", "ReadOnlyStoreError"), ("home", "ReadOnlyStoreError"), ("run", "RuntimeFolderError")],
)
def test_no_permission_on_the_directory_is_said(home: Home, place: str, expected: str) -> None:
    """A second user of the machine neither gets in nor is let in: the error names the directory and the fix."""
    if place == "run":
        (home.path / "run").mkdir(mode=0o700)
        os.chown(home.path, NOBODY, NOBODY)
    else:
        home.path.chmod(0o700 if place == "closed" else 0o755)
    said = as_nobody(lambda: str(home.client(timeout=5).call("remember", {"text": "x"})))
    assert said.startswith(expected)
    assert str(home) in said
    assert "EIDER_HOME" in said
    assert home.servers() == []


@root_only
def test_a_home_that_another_account_could_empty_is_refused(home: Home) -> None:
    """Whoever owns the directory could put a socket of theirs into it."""
    os.chown(home.path, 12345, 12345)
    home.path.chmod(0o777)
    said = as_nobody(lambda: str(home.client(timeout=5).call("recall", {"query": "x"})))
    assert said.startswith("RuntimeFolderError")
    assert "12345" in said


def test_a_start_that_fails_is_told_and_not_repeated_for_a_minute(home: Home) -> None:
    """A broken installation: every caller hears why, at once; a write is kept for better times."""
    (home.path / "run").mkdir(mode=0o700)
    (home.path / "run" / "token").mkdir()
    client = home.client()
    assert client.call("remember", {"text": "x"})["status"] == "queued"
    with pytest.raises(ClientError, match="cannot start") as raised:
        client.call("recall", {"query": "x"})
    assert "token" in raised.value.message
    stamp = (home.path / "run" / "failed.json").stat().st_mtime_ns
    with pytest.raises(ClientError, match="cannot start"):
        client.call("recall", {"query": "x"})
    assert (home.path / "run" / "failed.json").stat().st_mtime_ns == stamp
    until(lambda: not home.servers(), "the end of what failed")
    (home.path / "run" / "token").rmdir()
    (home.path / "run" / "failed.json").unlink()
    found = client.call("recall", {"query": "x"})["value"]
    assert [hit["text"] for hit in found] == ["x"]


def test_threads_of_one_process_start_one_server(home: Home) -> None:
    """A notebook with many threads is no storm."""
    client, found = home.client(), list[int]()
    threads = [
        threading.Thread(target=lambda: found.append(client.ask("GET", "/v1/server/status")["pid"])) for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 12
    assert set(found) == set(home.servers())


def test_ctrl_c_at_the_spawners_terminal_is_not_meant_for_the_server(home: Home) -> None:
    """A signal to the spawner's process group ends the spawner alone."""
    code = f"""
import os, signal, sys
os.setpgid(0, 0)
sys.path.insert(0, {str(CALL.parent)!r})
from client import Client
Client(timeout={PATIENCE}).ask("GET", "/v1/server/status")
os.killpg(0, signal.SIGINT)
"""
    done = subprocess.run([*BARE, "-c", code], check=False, capture_output=True, timeout=PATIENCE)
    assert done.returncode in (-signal.SIGINT, 130, 1)
    assert len(home.servers()) == 1

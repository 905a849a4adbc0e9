"""The doctor on the server process: lock, notes, socket and processes must tell one story."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from eider.client.client import PROTOCOL, VERSION, socket_path
from eider.service.doctor import server
from eider.service.doctor.processes import Process, SocketPeer, holders, peer_of, process_of, processes
from eider.service.doctor.registry import HOME_CHECKS, HomeContext, run_check
from eider.service.doctor.server import ServerState, is_locked, read_server_state, server_findings


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "h"
    (made / "run").mkdir(parents=True)
    (made / "run" / "owner.lock").touch()
    Path(socket_path(str(made))).parent.mkdir(exist_ok=True, mode=0o700)
    return made


@pytest.fixture
def locked(home: Path) -> Iterator[Path]:
    """A home whose server's lock somebody holds."""
    lock = os.open(home / "run" / "owner.lock", os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    yield home
    os.close(lock)


@pytest.fixture
def listening(home: Path) -> Iterator[Path]:
    """A home on whose socket this process listens."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(socket_path(str(home)))
        sock.listen()
        yield home
    Path(socket_path(str(home))).unlink(missing_ok=True)


def note(home: Path, **more: object) -> None:
    (home / "run" / "owner.json").write_text(json.dumps({"pid": 2**22 + 5, "executable": sys.executable, **more}))


def kinds(seen: ServerState) -> list[str]:
    return [f.kind for f in server_findings(seen)]


def seen(home: Path, proc: str = "/proc") -> ServerState:
    return read_server_state(HomeContext(home=home, proc=proc), str(home))


def fake(tmp_path: Path, pid: int, *arguments: str, opened: Path | None = None, state: str = "S") -> str:
    """A process in a made-up /proc."""
    place = tmp_path / "proc" / str(pid)
    (place / "fd").mkdir(parents=True)
    (place / "cmdline").write_bytes(b"".join(os.fsencode(a) + b"\0" for a in arguments))
    (place / "stat").write_text(f"{pid} (py) thon) {state} 1 1")
    if opened is not None:
        (place / "fd" / "3").symlink_to(opened)
    return str(tmp_path / "proc")


def as_server(home: Path) -> tuple[str, ...]:
    return ("python", "-E", "/x/eider/service/__main__.py", "--home", str(home), "--lock", "3")


WELL = ServerState(
    home="/h", notes={"pid": 7, "executable": sys.executable}, locked=True, socket=True, listener=SocketPeer(pid=7, uid=5),
    status={"version": VERSION, "protocol": PROTOCOL}, holders=(7,), uid=5,
    servers=(Process(pid=7, uid=5, arguments=as_server(Path("/h")), home=None),),
)  # fmt: skip


def test_a_running_server_and_none_at_all_are_both_well(home: Path) -> None:
    """Nothing is wrong when all agree, nor when nobody is there."""
    assert kinds(WELL) == []
    assert kinds(seen(home)) == []


def test_notes_of_a_dead_server_are_taken_away(home: Path) -> None:
    """server-notes-stale: nobody holds the lock, so the notes speak of nobody; --fix removes them."""
    note(home)
    assert kinds(seen(home)) == ["server-notes-stale"]
    assert _mended(home) == ["server-notes-stale"]
    assert kinds(seen(home)) == []


def test_a_reused_number_is_not_taken_for_the_server(home: Path) -> None:
    """server-notes-stale: another program has the noted pid by now; it is named, and left alone."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        note(home, pid=other.pid)
        (told,) = server_findings(seen(home))
        assert f"process {other.pid}, a number that" in told.message
        assert _mended(home) == ["server-notes-stale"]
        assert other.poll() is None
        other.communicate(b"\n")


def test_a_socket_without_a_listener_is_taken_away(home: Path) -> None:
    """server-socket-stale: --fix removes it under the lock."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(socket_path(str(home)))
    assert kinds(seen(home)) == ["server-socket-stale"]
    assert _mended(home) == ["server-socket-stale"]
    assert not Path(socket_path(str(home))).exists()


def _mended(home: Path) -> list[str]:
    from eider.service.doctor import registry

    registry.load_checks(home=True)
    server._SECOND_LOOK_SECONDS = 0.0
    return [f.kind for f in run_check(HOME_CHECKS["server"], HomeContext(home=home), subject="", fix=True) if f.fixed]


def test_nothing_is_taken_away_from_a_server_that_lives(locked: Path) -> None:
    """Between the look and the repair one may have started: the lock is asked again."""
    from eider.model.errors import ServerRunningError

    note(locked)
    finding = next(server_findings(replace(WELL, home=str(locked), locked=False, listener=None)))
    with pytest.raises(ServerRunningError):
        server._remove_leftovers(HomeContext(home=locked), finding)
    assert (locked / "run" / "owner.json").exists()


def test_a_listener_without_the_lock_is_an_error(listening: Path) -> None:
    """listener-without-lock: it answers for files it does not own; its pid is named."""
    (told,) = server_findings(seen(listening))
    assert told.kind == "listener-without-lock"
    assert str(os.getpid()) in told.message
    assert kinds(replace(WELL, holders=(8,))) == ["listener-without-lock"]


def test_a_lock_held_elsewhere_is_told_from_a_silent_server(locked: Path, tmp_path: Path) -> None:
    """server-elsewhere where nobody here has the lock open; server-silent where somebody has and does not answer."""
    assert kinds(seen(locked)) == ["server-elsewhere"]
    proc = fake(tmp_path, 4242, *as_server(locked), opened=locked / "run" / "owner.lock")
    (told,) = server_findings(seen(locked, proc))
    assert told.kind == "server-silent"
    assert "listens on no socket" in told.message
    assert "kill -9 4242" in told.fix


def test_an_orphan_is_told_by_its_number(home: Path, tmp_path: Path) -> None:
    """server-orphan: started for this home, without its lock; servers of other homes and the dead are not meant."""
    fake(tmp_path, 11, *as_server(tmp_path / "other"))
    fake(tmp_path, 12, *as_server(home), state="Z")
    fake(tmp_path, 13, "sleep", "100")
    proc = fake(tmp_path, 14, *as_server(home))
    (told,) = server_findings(seen(home, proc))
    assert (told.kind, "kill 14" in told.fix) == ("server-orphan", True)


def test_a_server_in_the_foreground_is_known_by_its_environment(home: Path, tmp_path: Path) -> None:
    """`eider serve` names no home among its arguments."""
    fake(tmp_path, 15, "/usr/bin/python", "/usr/bin/eider", "serve", "--foreground")
    proc = fake(tmp_path, 16, "/usr/bin/python", "/usr/bin/eider", "serve", "--", "/srv/agent", "--foreground")
    for pid in ("15", "16"):  # the second stands beside a server, as a container's first process does
        (tmp_path / "proc" / pid / "environ").write_bytes(b"A=b\0EIDER_HOME=" + os.fsencode(home) + b"\0")
    assert [p.pid for p in processes(proc) if p.is_server_of(str(home))] == [15]
    assert not any(p.is_server_of(str(tmp_path)) for p in processes(proc))


def test_a_foreign_listener_is_an_error() -> None:
    """listener-foreign: another account answers in our place."""
    assert kinds(replace(WELL, listener=SocketPeer(pid=7, uid=6))) == ["listener-foreign"]


def test_a_server_of_another_container_that_answers_is_well() -> None:
    """Its number means nothing here, so nothing is concluded from it."""
    assert kinds(replace(WELL, listener=SocketPeer(pid=0, uid=5), holders=(), servers=())) == []


def test_notes_that_name_another_are_told() -> None:
    """server-notes-differ: the server would end by itself; until then its notes mislead."""
    assert kinds(replace(WELL, notes={"pid": 9})) == ["server-notes-differ"]
    assert kinds(replace(WELL, notes={})) == ["server-notes-differ"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ({"version": "0.0.1", "protocol": PROTOCOL}, "server-older"),
        ({"version": "99.0.0", "protocol": PROTOCOL}, "client-older"),
        ({"version": VERSION, "protocol": PROTOCOL + 2}, "server-protocol"),
        ({"version": "odd", "protocol": PROTOCOL}, None),
    ],
)
def test_versions_are_compared(status: dict[str, object], kind: str | None) -> None:
    """server-older, client-older, server-protocol: each with the side that has to move."""
    assert kinds(replace(WELL, status=status)) == ([kind] if kind else [])


def test_an_interpreter_that_is_gone_is_told() -> None:
    """server-interpreter-gone: the environment the server came from was removed beneath it."""
    assert kinds(replace(WELL, notes={"pid": 7, "executable": "/gone/bin/python"})) == ["server-interpreter-gone"]


def test_looking_changes_nothing(locked: Path, listening: Path) -> None:
    """A look neither takes the lock away nor leaves one, nor a file."""
    before = sorted(p.name for p in locked.rglob("*"))
    seen(locked)
    assert is_locked(str(locked))
    assert sorted(p.name for p in locked.rglob("*")) == before


def test_the_kernel_says_who_listens(listening: Path) -> None:
    """The peer's number and account come from the socket, not from any file."""
    assert peer_of(socket_path(str(listening))) == SocketPeer(pid=os.getpid(), uid=os.getuid())
    assert peer_of(str(listening / "none.sock")) is None


def test_who_has_a_file_open_is_seen(home: Path) -> None:
    """Another process that holds the lock file is found; after its end it is not."""
    code = "import sys; f = open(sys.argv[1]); print('ready', flush=True); input()"
    lock = home / "run" / "owner.lock"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert holders(lock) == (other.pid,)
        assert process_of(other.pid) is not None
        other.communicate(b"\n")
    assert holders(lock) == ()
    assert process_of(other.pid) is None

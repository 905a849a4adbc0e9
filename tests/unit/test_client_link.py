"""The client against servers that misbehave: every call ends in time, and nothing happens twice."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import eider
from eider import values
from eider.api.verbs import VERBS
from eider.client import client as client_module
from eider.client.client import (
    PROTOCOL,
    REPEATABLE,
    SPOOLED_VERBS,
    TRUST,
    VERSION,
    WRITES,
    Client,
    ClientError,
    dumps,
    loads,
    socket_path,
)
from eider.client.spawn import is_newer

Serve = Callable[[socket.socket, bytes], None]
LIMIT = 20.0
"""Seconds within which a call with a deadline of a fraction must have ended, on a busy machine as well."""


class Fake:
    """Listens where a server would."""

    def __init__(self, home: Path, serve: Serve) -> None:
        self.asked: list[bytes] = []
        (home / "run").mkdir(parents=True, mode=0o700)
        self._serve = serve
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._sock.bind(socket_path(str(home)))
        self._sock.listen(16)
        self._lines: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._sock.accept()
            except OSError:
                return
            self._lines.append(line)
            threading.Thread(target=self._talk, args=(line,), daemon=True).start()

    def _talk(self, line: socket.socket) -> None:
        try:
            while data := read(line):
                self.asked.append(data)
                self._serve(line, data)
        except OSError:
            pass

    def close(self) -> None:
        for sock in (self._sock, *self._lines):
            sock.close()


def read(line: socket.socket) -> bytes:
    """One request."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = line.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    size = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    while len(body) < size:
        body += line.recv(65536)
    return head + b"\r\n\r\n" + body


def answer(line: socket.socket, value: Any, status: int = 200, **headers: str) -> None:
    body = json.dumps(value).encode()
    more = "".join(f"{name}: {text}\r\n" for name, text in headers.items())
    line.sendall(f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\n{more}\r\n".encode() + body)


@pytest.fixture
def fake(short: Path) -> Iterator[Callable[[Serve], Fake]]:
    made: list[Fake] = []

    def serve(how: Serve) -> Fake:
        made.append(Fake(short, how))
        return made[-1]

    yield serve
    while _clients:
        _clients.pop().close()
    for one in made:
        one.close()


@pytest.fixture
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Short enough for a socket."""
    return tmp_path_factory.mktemp("h")


_clients: list[Client] = []


def asked(home: Path, **given: Any) -> Client:
    plain = {"home_folder": str(home), "user": "ada", "spawn": False, "spool": False, "timeout": 0.3}
    _clients.append(Client(**{**plain, **given}))
    return _clients[-1]


def silent(_line: socket.socket, _data: bytes) -> None:
    """Accepts, reads, never answers."""


def trickle(line: socket.socket, _data: bytes) -> None:
    """One byte now and then, for ever."""
    for byte in b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n" + b" " * 100000:
        line.sendall(bytes([byte]))
        time.sleep(0.02)


def endless_head(line: socket.socket, _data: bytes) -> None:
    while True:
        line.sendall(b"x: y\r\n" * 1000)


def busy(line: socket.socket, _data: bytes) -> None:
    answer(line, {"error": {"kind": "ServerBusyError", "message": "busy"}}, 503)


def hangs_up(line: socket.socket, _data: bytes) -> None:
    line.shutdown(socket.SHUT_RDWR)


def nonsense(line: socket.socket, _data: bytes) -> None:
    line.sendall(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")


def bad_size(line: socket.socket, _data: bytes) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n")


def huge(line: socket.socket, _data: bytes) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n")


MISBEHAVING = (silent, trickle, endless_head, busy, hangs_up, nonsense, bad_size, huge)


@pytest.mark.parametrize("how", MISBEHAVING, ids=lambda how: how.__name__)
def test_every_call_ends_within_its_deadline(how: Serve, fake: Callable[[Serve], Fake], short: Path) -> None:
    """Whatever listens there: a named error, in time."""
    fake(how)
    began = time.monotonic()
    for verb in ("recall", "remember", "forget"):
        with pytest.raises(ClientError) as raised:
            asked(short).call(verb, {"query": "x"})
        assert raised.value.kind in ("ServerUnreachableError", "ServerBusyError")
    assert time.monotonic() - began < LIMIT


@pytest.mark.parametrize("how", MISBEHAVING, ids=lambda how: how.__name__)
def test_a_write_that_is_not_answered_is_spooled_under_the_key_it_was_sent_with(
    how: Serve, fake: Callable[[Serve], Fake], short: Path
) -> None:
    """A server that took the write after all does not take it twice."""
    server = fake(how)
    found = asked(short, spool=True).call("remember", {"text": "Prefers tea."})
    assert found["status"] == "queued"
    line = (short / "spool" / "writes.jsonl").read_text().split(" ", 1)[1]
    keys = {json.loads(data.partition(b"\r\n\r\n")[2])["request"]["key"] for data in server.asked}
    assert keys == {json.loads(line)["request"]["key"]} == {found["key"]}


def test_a_batch_is_spooled_under_the_key_it_was_sent_with(fake: Callable[[Serve], Fake], short: Path) -> None:
    """Live or late it is one write; items keep the keys of their own."""
    server = fake(hangs_up)
    found = asked(short, spool=True).call("remember_many", {"items": ["a", {"text": "b", "key": "mine"}]})
    line = json.loads((short / "spool" / "writes.jsonl").read_text().split(" ", 1)[1])
    keys = {json.loads(data.partition(b"\r\n\r\n")[2])["request"]["key"] for data in server.asked}
    assert keys == {line["request"]["key"]} == {found["key"]}
    assert line["request"]["items"] == [{"text": "a"}, {"text": "b", "key": "mine"}]


@pytest.mark.parametrize("verb", sorted(WRITES - set(SPOOLED_VERBS) - set(REPEATABLE)))
def test_a_write_without_a_key_is_never_sent_twice(verb: str, fake: Callable[[Serve], Fake], short: Path) -> None:
    """Forgetting, undoing …: when the line breaks under it, the caller hears that nobody knows."""
    server = fake(hangs_up)
    with pytest.raises(ClientError, match="not known") as raised:
        asked(short, spool=True).call(verb, {"id": "mem_1"})
    assert raised.value.kind == "ServerUnreachableError"
    assert len(server.asked) == 1
    assert not (short / "spool").exists()


def test_an_unkeyed_write_that_is_too_slow_is_not_known_either(fake: Callable[[Serve], Fake], short: Path) -> None:
    """A deadline that passes after the request was sent says nothing about what happened."""
    fake(silent)
    with pytest.raises(ClientError, match="not known"):
        asked(short).call("forget", {"id": "mem_1"})


def test_reads_and_keyed_writes_are_sent_again(fake: Callable[[Serve], Fake], short: Path) -> None:
    """A line that breaks once is no reason to fail."""
    left = [2]

    def at_last(line: socket.socket, _data: bytes) -> None:
        left[0] -= 1
        answer(line, {"status": "ok"}) if left[0] < 0 else hangs_up(line, b"")

    server = fake(at_last)
    assert asked(short, timeout=LIMIT).call("recall", {"query": "x"}) == {"status": "ok"}
    left[0] = 2
    assert asked(short, timeout=LIMIT).call("remember", {"text": "x"}) == {"status": "ok"}
    assert len(server.asked) == 6


def test_a_paused_write_is_refused_and_not_spooled(fake: Callable[[Serve], Fake], short: Path) -> None:
    """A pause is a wish: what comes meanwhile is not kept behind its back."""
    fake(lambda line, _: answer(line, {"error": {"kind": "PausedError", "message": "paused"}}, 423))
    with pytest.raises(ClientError) as raised:
        asked(short, spool=True).call("remember", {"text": "x"})
    assert raised.value.kind == "PausedError"
    assert not (short / "spool").exists()


def test_a_line_the_server_hung_up_on_is_not_used_again(fake: Callable[[Serve], Fake], short: Path) -> None:
    """After a restart of the server even a write without a key goes through at the first try."""
    gone = threading.Event()

    def once(line: socket.socket, _data: bytes) -> None:
        answer(line, {"status": "ok"})
        line.shutdown(socket.SHUT_RDWR)
        gone.set()

    server = fake(once)
    client = asked(short, timeout=LIMIT)
    for _ in range(3):
        gone.clear()
        assert client.call("forget", {"id": "mem_1"}) == {"status": "ok"}
        assert gone.wait(LIMIT)
    assert len(server.asked) == 3


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_that_was_forked_speaks_on_a_line_of_its_own(fake: Callable[[Serve], Fake], short: Path) -> None:
    """Parent and child never write into one stream; both go on."""
    server = fake(lambda line, data: answer(line, {"pid": json.loads(data.partition(b"\r\n\r\n")[2])["request"]["id"]}))
    client = asked(short, timeout=LIMIT)
    assert client.call("history", {"id": "before"}) == {"pid": "before"}
    pid = os.fork() if sys.platform != "win32" else 0
    if pid == 0:
        try:
            ok = client.call("history", {"id": "child"}) == {"pid": "child"} and len(client._idle) == 1
            os._exit(0 if ok else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert client.call("history", {"id": "parent"}) == {"pid": "parent"}
    assert len(server.asked) == 3


def test_the_reason_is_read_although_the_server_stopped_reading(fake: Callable[[Serve], Fake], short: Path) -> None:
    """A request that is refused half-way ends with its reason, not with a broken pipe tried for ever."""
    started = threading.Event()

    def refuse(listener: socket.socket) -> None:
        started.set()
        line, _ = listener.accept()
        line.recv(1000)
        answer(line, {"error": {"kind": "TooLargeError", "message": "too large"}}, 413)
        line.shutdown(socket.SHUT_RDWR)
        line.close()

    (short / "run").mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(socket_path(str(short)))
        listener.listen()
        threading.Thread(target=refuse, args=(listener,), daemon=True).start()
        started.wait()
        with pytest.raises(ClientError) as raised:
            asked(short, timeout=LIMIT).call("forget", {"id": "x" * 20_000_000})
        assert raised.value.kind == "TooLargeError"


def test_nobody_there_is_said_at_once(short: Path) -> None:
    """Without leave to start a server the answer is that there is none; a stale socket makes no difference."""
    with pytest.raises(ClientError, match="nobody listens"):
        asked(short).call("recall", {"query": "x"})
    (short / "run").mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.bind(socket_path(str(short)))
    with pytest.raises(ClientError, match="nobody listens"):
        asked(short).call("recall", {"query": "x"})
    assert not asked(short).is_running()


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), object(), b"x", {1, 2}], ids=lambda value: type(value).__name__
)
def test_what_json_does_not_know_is_an_input_error(value: object) -> None:
    """A number that is none, or an object of one's own, is named before anything is sent."""
    with pytest.raises(ClientError) as raised:
        dumps({"a": [value]})
    assert raised.value.kind == "InputError"


def test_a_value_within_itself_is_an_input_error_once_and_fine_when_mended() -> None:
    """What failed to be encoded leaves no trace for the next."""
    inner: list[Any] = []
    inner.append(inner)
    with pytest.raises(ClientError):
        dumps({"a": inner})
    inner.clear()
    assert dumps({"a": inner}) == '{"a":[]}'


@pytest.mark.parametrize("text", ["", " ", "{", "{} {}", "NaN", "[Infinity]", "nul", '{"a":1}x', "\ufeff{}", "'a'"])
def test_what_is_no_json_is_a_value_error(text: str) -> None:
    """Half of it, two of it, or numbers that are none."""
    with pytest.raises(ValueError):  # noqa: PT011 (that it is one is all that is promised)
        loads(text)


def test_json_is_as_the_standard_library_has_it() -> None:
    """The C half alone answers as the whole does."""
    value = {"a": [1, 2.5, None, True, 'ü😀\ud800\\"\n'], "b": {"": -0.0}, "c": 1e300, "d": 2**70}
    assert loads(dumps(value)) == json.loads(json.dumps(value)) == value


def test_what_the_client_repeats_is_the_packages() -> None:
    """Hooks import nothing else, so a few facts stand twice; they are the same."""
    assert eider.__version__ == VERSION
    assert values.TRUST == TRUST
    assert {name for name, verb in VERBS.items() if verb.writes} == WRITES
    assert PROTOCOL >= 1
    assert len(Path(client_module.__file__).read_text().splitlines()) <= 400


def test_a_channel_never_claims_more_than_the_one_it_came_from() -> None:
    """Seen through a tool's channel, and again through one that asks for more, it stays a tool's."""
    tool = Client(max_trust="user").with_channel("mcp", "tool")
    assert tool.max_trust == "tool"
    assert tool.with_channel("cli", "user").max_trust == "tool"
    assert tool.with_channel("cli", "nonsense").max_trust == "nonsense"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("0.2.0", "0.1.9", True), ("0.1.0", "0.1.0", False), ("0.1.0", "0.2.0", False), ("dev", "0.1.0", False),
     ("1.0.0", "dev", False), ("0.10.0", "0.9.0", True)],
)  # fmt: skip
def test_only_a_strictly_later_version_is_newer(one: str, other: str, expected: bool) -> None:
    """What cannot be read never replaces anything."""
    assert is_newer(one, other) is expected

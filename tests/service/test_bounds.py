"""Sizes, times and doors: what strangers, slow lines and too much at once can do to a server, which is nothing."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from homes import PATIENCE, Home, until

from eider.client.client import ClientError, server_notes, socket_path
from eider.service import http_app as app_module
from eider.service import http_limits
from eider.service.http_app import App
from eider.service.http_limits import server_of
from eider.service.http_request import HttpRequest

pytestmark = pytest.mark.slow
TOKEN = "a-token-of-the-test"


class Server:
    """The application of a server, with answers of the test's own, over a Unix socket and loopback."""

    def __init__(self, home: Path, answers: dict[str, Callable[[HttpRequest], Any]]) -> None:
        self.app = App(answers=answers, token=TOKEN, hosts=frozenset({"127.0.0.1", "localhost"}), home=str(home))
        (home / "run").mkdir(mode=0o700, exist_ok=True)
        local = socket.socket(socket.AF_UNIX)
        local.bind(socket_path(str(home)))
        remote = socket.socket()
        remote.bind(("127.0.0.1", 0))
        self.port = remote.getsockname()[1]
        for sock in (local, remote):
            sock.listen(1024)
            sock.setblocking(False)
        self.path = socket_path(str(home))
        self.server = server_of(self.app)
        self.thread = threading.Thread(target=lambda: asyncio.run(self.server.serve([local, remote])))
        self.thread.start()
        until(lambda: self.server.started, "the server")

    def close(self) -> None:
        self.server.should_exit = True
        self.thread.join(PATIENCE)
        self.app.close()

    def line(self, *, local: bool = True) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX if local else socket.AF_INET)
        sock.settimeout(PATIENCE)
        sock.connect(self.path if local else ("127.0.0.1", self.port))
        return sock

    def sent(self, data: bytes, *, local: bool = True) -> bytes:
        """What comes back until the server hangs up, or the answer is whole."""
        with self.line(local=local) as sock:
            sock.sendall(data)
            return received(sock)


def received(sock: socket.socket) -> bytes:
    data = b""
    while True:
        try:
            more = sock.recv(65536)
        except ConnectionError:
            return data
        data += more
        head, mark, body = data.partition(b"\r\n\r\n")
        size = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
        if not more or (mark and size and len(body) >= int(size)):
            return data


def request(body: bytes, path: str = "echo", **headers: str) -> bytes:
    given = {"Host": "localhost", "Content-Length": str(len(body)), "Authorization": f"Bearer {TOKEN}", **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in given.items() if value != "-")
    return f"POST /v1/{path} HTTP/1.1\r\n{lines}\r\n".encode() + body


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def error(answer: bytes) -> str:
    return str(json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["kind"])


@pytest.fixture
def served(home: Home) -> Iterator[Callable[..., Server]]:
    made: list[Server] = []

    def serve(**answers: Callable[[HttpRequest], Any]) -> Server:
        made.append(Server(home.path, {"echo": lambda asked: dict(asked.body), **answers}))
        return made[-1]

    yield serve
    for server in made:
        server.close()
        Path(server.path).unlink(missing_ok=True)


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": "-"}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Bearer {TOKEN}x"},
     {"Authorization": "Bearer \xff\xfe"}, {"Host": "evil.example"}, {"Host": "localhost.evil.example"},
     {"Host": "127.0.0.1@evil.example"}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Host": ""}],
    ids=repr,
)  # fmt: skip
def test_over_tcp_nobody_gets_in_without_the_token_or_from_a_web_page(
    headers: dict[str, str], served: Callable[..., Server]
) -> None:
    """Refused before the body is read, with a name; the answers are never asked."""
    reached: list[HttpRequest] = []
    server = served(echo=reached.append)
    head = request(b"", **{**headers, "Content-Length": "1000000"})
    answer = server.sent(head, local=False)
    assert status(answer) == 401
    assert error(answer) == "TokenError"
    assert TOKEN.encode() not in answer
    assert reached == []


def test_with_the_token_one_gets_in_and_over_the_socket_without(served: Callable[..., Server]) -> None:
    """The directory of the socket is the account's alone: whoever reaches it is its server."""
    server = served()
    assert status(server.sent(request(b'{"a":1}'), local=False)) == 200
    assert status(server.sent(request(b'{"a":1}', Host="localhost:1234"), local=False)) == 200
    assert status(server.sent(request(b'{"a":1}', Authorization="-", Host="anything"))) == 200


def test_a_wrong_token_does_not_reach_the_real_server(home: Home) -> None:
    """As a client from elsewhere would ask; with the right one it is answered."""
    home.start()
    port = server_notes(str(home))["port"]
    for token, expected in (("wrong", "TokenError"), ((home.path / "run" / "token").read_text(), None)):
        client = home.client(url=f"http://127.0.0.1:{port}", token=token)
        if expected is None:
            assert client.call("recall", {"query": "x"})["status"] == "ok"
        else:
            with pytest.raises(ClientError) as raised:
                client.call("recall", {"query": "x"})
            assert raised.value.kind == expected
    assert (home.path / "run" / "token").stat().st_mode & 0o077 == 0


def test_a_body_of_hundreds_of_megabytes_is_refused_and_costs_no_memory(home: Home) -> None:
    """413 with the limit, said or not in advance; the line is cut; the server is no larger afterwards."""
    pid = home.start()

    def grown() -> int:
        text = Path(f"/proc/{pid}/status").read_text()
        return int(text.split("VmRSS:")[1].split()[0]) // 1024

    home.client().call("recall", {"query": "x"})
    chunk = b"x" * (1024 * 1024)
    for said in (True, False):
        before = grown()
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(PATIENCE)
            sock.connect(socket_path(str(home)))
            how = f"Content-Length: {400 * len(chunk)}" if said else "Transfer-Encoding: chunked"
            sock.sendall(f"POST /v1/recall HTTP/1.1\r\nHost: localhost\r\n{how}\r\n\r\n".encode())
            try:
                for _ in range(400):
                    sock.sendall(chunk if said else b"100000\r\n" + chunk + b"\r\n")
            except (BrokenPipeError, ConnectionResetError):
                pass
            answer = received(sock)
        assert status(answer) == 413
        assert error(answer) == "TooLargeError"
        assert grown() - before < 200, "MB"  # a server that has just started goes on importing
    with pytest.raises(ClientError) as raised:
        home.client().call("remember", {"text": "x" * 100_000_000})
    assert raised.value.kind == "TooLargeError"
    assert home.client().call("recall", {"query": "x"})["status"] == "ok"


def test_idle_lines_over_tcp_take_no_place_of_the_unix_socket(
    served: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many any account opens: callers on the socket are answered, and so is a newcomer over TCP."""
    monkeypatch.setattr(http_limits, "TCP_CONNECTIONS", 40)
    monkeypatch.setattr(http_limits, "REQUESTS", 60)
    server = served()
    idle: list[socket.socket] = []
    try:
        for _ in range(120):
            idle.append(server.line(local=False))
            idle[-1].sendall(b"POST /v1/recall HTTP/1.1\r\nHost: x\r\n")
        for _ in range(3):
            assert status(server.sent(request(b"{}"))) == 200
            assert status(server.sent(request(b"{}"), local=False)) == 200
        assert len(server.server.server_state.connections) <= 42
    finally:
        for sock in idle:
            sock.close()


def test_lines_on_the_unix_socket_are_bounded_too(
    served: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """More requests at once than there are places are told to come again."""
    monkeypatch.setattr(http_limits, "REQUESTS", 3)
    server = served()
    lines = [server.line() for _ in range(5)]
    try:
        assert status(server.sent(request(b"{}"))) == 503
    finally:
        for sock in lines:
            sock.close()
    until(lambda: status(server.sent(request(b"{}"))) == 200, "room again")


def test_a_head_that_arrives_slowly_is_cut_off(served: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    """One header now and then holds a line only as long as a head may take; so does saying nothing."""
    monkeypatch.setattr(http_limits, "HEAD_SECONDS", 0.3)
    server = served()
    for opening in (b"", b"POST /v1/echo HTTP/1.1\r\n"):
        with server.line() as sock:
            try:
                sock.sendall(opening)
                for _ in range(200):
                    sock.sendall(b"X-Slow: 1\r\n" if opening else b"")
                    sock.settimeout(0.05)
                    try:
                        if sock.recv(1000) == b"":
                            break
                    except TimeoutError:
                        continue
                else:
                    pytest.fail("the line was held")
            except ConnectionError:
                pass
    assert status(server.sent(request(b"{}"))) == 200


def test_a_body_that_arrives_slowly_is_cut_off(served: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    """408 with the limit, then the line is cut, however long the sender goes on."""
    monkeypatch.setattr(app_module, "BODY_SECONDS", 0.3)
    monkeypatch.setattr(http_limits, "LINGER", 0.2)
    server = served()
    with server.line() as sock:
        sock.sendall(request(b"", Content_Length="1000", **{"Content-Length": "-"}))
        sock.sendall(b"{")
        answer = received(sock)
        assert (status(answer), error(answer)) == (408, "SlowRequestError")
        until(lambda: _is_cut(sock), "the end of the line")
    assert status(server.sent(request(b"{}"))) == 200


def _is_cut(sock: socket.socket) -> bool:
    try:
        sock.sendall(b" ")
    except (BrokenPipeError, ConnectionResetError):
        return True
    return False


def test_an_answer_that_nobody_reads_is_dropped_with_the_line(served: Callable[..., Server]) -> None:
    """A client that asks for megabytes and never reads them keeps nobody else waiting."""
    server = served(large=lambda _: {"text": "x" * 5_000_000})
    with server.line() as sock:
        sock.sendall(request(b"{}", "large"))
        assert status(server.sent(request(b"{}"))) == 200


BODIES = [
    b"\xff\xfe", b"{", b"[]", b"7", b'"x"', b'{"a": NaN}', b'{"a": Infinity}', b"{} {}", b"[" * 100_000,
    b'{"a":' * 100_000, b"\xef\xbb\xbf{}", b'{"a": "\xc3"}', b"{'a': 1}", b'{"a": 01}',
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:16]))
def test_what_is_no_json_object_is_refused_by_name(body: bytes, served: Callable[..., Server]) -> None:
    """Not UTF-8, half of it, nested without end, numbers that are none: 400, and the line goes on."""
    server = served()
    with server.line() as sock:
        sock.sendall(request(body))
        answer = received(sock)
        assert (status(answer), error(answer)) == (400, "InputError")
        sock.sendall(request(b'{"a": 1, "a": 2, "s": "\\ud800"}'))
        assert json.loads(received(sock).partition(b"\r\n\r\n")[2]) == {"a": 2, "s": "\ud800"}, (
            "as everywhere, the last"
        )


def test_a_text_that_cannot_be_kept_is_refused_by_name(home: Home) -> None:
    """Through the server as embedded: an InputError that names the fault, nothing stored, nothing spooled."""
    home.start()
    for text in ("\ud800", "a\x00b", "x" * 1_000_001, ""):
        with pytest.raises(ClientError) as raised:
            home.client().call("record", {"text": text})
        assert raised.value.kind in ("InputError", "TooLargeError"), text[:10]
    nested: Any = "x"
    for _ in range(5000):
        nested = [nested]
    with pytest.raises(ClientError) as raised:
        home.client().call("record", {"text": "x", "metadata": {"a": nested}})
    assert raised.value.kind == "InputError"
    assert not (home.path / "spool").exists()


def test_headers_that_are_nonsense_harm_nobody(served: Callable[..., Server]) -> None:
    """Deadlines and versions of any form; two lengths; a request that is none."""
    server = served()
    for deadline in ("-1", "\u00b2", "9" * 400, "soon", "1e3", ""):
        assert status(server.sent(request(b"{}", Eider_Deadline=deadline))) == 200
    for said in ("x", "1/2/3", "/", "0.1.0/\u00b2", "0.1.0/" + "9" * 5000):
        assert status(server.sent(request(b"{}", Eider_Client=said))) in (200, 426)
    assert status(server.sent(request(b"{}", Eider_Client="9.9.9/99"))) == 426
    for junk in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"GET\r\n\r\n", b"A" * 70_000):
        assert status(server.sent(junk)) in (0, 400)
    assert status(server.sent(request(b"{}"))) == 200


def test_more_than_it_can_take_is_sent_away_and_comes_again(served: Callable[..., Server], home: Home) -> None:
    """Hundreds of slow requests: some wait, the rest hear `busy`; whoever tries again is answered; nothing grows."""
    turn = threading.Event()
    most: list[int] = []

    def slow(asked: HttpRequest) -> Any:
        most.append(server.app.waiting)
        turn.wait(PATIENCE)
        return {"n": asked.body["request"]["n"]}

    server = served(recall=slow, **{"server/status": lambda _: {"well": True}})
    impatient = [home.client(spawn=False, spool=False, timeout=2.0) for _ in range(150)]
    with ThreadPoolExecutor(150) as pool:
        asked = [pool.submit(client.call, "recall", {"n": n}) for n, client in enumerate(impatient)]
        kinds = set()
        for one in asked:
            with pytest.raises(ClientError) as raised:
                one.result()
            kinds.add(raised.value.kind)
        assert "ServerBusyError" in kinds
        assert server.app.waiting <= app_module.WORKERS + app_module.WAITING
        assert home.client(spawn=False).ask("GET", "/v1/server/status") == {"well": True}
        patient = [home.client(spawn=False, spool=False) for _ in range(100)]
        waiting = [pool.submit(client.call, "recall", {"n": n}) for n, client in enumerate(patient)]
        turn.set()
        assert [one.result() for one in waiting] == [{"n": n} for n in range(100)]
    until(lambda: server.app.waiting == 0, "an idle server")
    assert max(most) <= app_module.WORKERS + app_module.WAITING
    assert server.app.held == 0


def test_large_requests_together_are_bounded_as_well(
    served: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What all requests hold at a time has a limit; beyond it one is asked to come again."""
    monkeypatch.setattr(app_module, "MAX_HELD", 1_000_000)
    turn = threading.Event()
    server = served(hold=lambda _: turn.wait(PATIENCE) and None)
    body = json.dumps({"text": "x" * 600_000}).encode()
    with server.line() as first:
        first.sendall(request(body, "hold"))
        until(lambda: server.app.held, "the first request")
        assert status(server.sent(request(body, "hold"))) == 503
        assert status(server.sent(request(b"{}"))) == 200
        turn.set()
        assert status(received(first)) == 200
    until(lambda: server.app.held == 0, "room")


def test_a_fault_is_told_and_the_server_lives_on(served: Callable[..., Server]) -> None:
    """An answer that breaks, or that cannot be sent, is an error with a name."""

    def broken(_: HttpRequest) -> Any:
        raise KeyError("gone")

    def deep(_: HttpRequest) -> Any:
        raise RecursionError

    server = served(broken=broken, deep=deep, unsendable=lambda _: {"a": float("nan")}, odd=lambda _: {"a": object()})
    assert [status(server.sent(request(b"{}", name))) for name in ("broken", "deep", "unsendable", "odd", "no")] == [
        500, 400, 500, 500, 400,
    ]  # fmt: skip
    assert status(server.sent(request(b"{}"))) == 200

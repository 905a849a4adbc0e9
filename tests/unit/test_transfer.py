"""Files on their way to and from a server: bounded, private, whole or not at all."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import eider
from eider import errors
from eider.api import upload
from eider.model import config
from eider.service import http_app as app_module
from eider.service.dispatcher import Dispatcher
from eider.service.http_app import App
from eider.service.http_request import HttpRequest

Message = dict[str, Any]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[App]:
    """A server that answers uploads with their size."""

    def answer(asked: HttpRequest) -> Any:
        assert asked.upload is not None
        return {"size": asked.upload.stat().st_size}

    made = App(answers={"import_": answer}, token="t", hosts=frozenset({"localhost"}), home=str(tmp_path))
    yield made
    made.close()


async def uploaded(server: App, receive: Callable[[], Any], size: int = 0, token: str = "t") -> tuple[int, Any]:
    """Status and answer of one upload."""
    sent: list[Message] = []
    said = {"host": "localhost", "authorization": f"Bearer {token}", "eider-request": "{}", "content-length": str(size)}
    headers = [(name.encode(), value.encode()) for name, value in said.items()]

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/import_", "headers": headers, "server": ("127.0.0.1", 1),
             "client": ("127.0.0.1", 2), "query_string": b""}  # fmt: skip
    await server(scope, receive, send)
    return sent[0]["status"], json.loads(b"".join(m.get("body", b"") for m in sent))


def parts(*given: bytes) -> Callable[[], Any]:
    """A body in parts."""
    left = [{"type": "http.request", "body": part, "more_body": True} for part in given]
    left.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Message:
        return left.pop(0)

    return receive


def held(server: App) -> list[Path]:
    """What the server still holds of uploads."""
    return list(Path(server.home).glob("tmp/*"))


def test_a_file_arrives_and_is_gone_afterwards(server: App) -> None:
    """What was sent is there for as long as it is worked on."""
    assert asyncio.run(uploaded(server, parts(b"x" * 1000, b"y" * 500))) == (200, {"size": 1500})
    assert not held(server)


def test_a_file_that_says_it_is_too_large_is_not_read(server: App) -> None:
    """The size that was announced is enough to refuse."""

    async def never() -> Message:
        raise AssertionError("it was read")

    status, said = asyncio.run(uploaded(server, never, size=upload.MAX_UPLOAD + 1))
    assert (status, said["error"]["kind"]) == (413, "TooLargeError")
    assert not held(server)


def test_a_file_that_lies_about_its_size_is_cut_off(server: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """What arrives is counted as well."""
    monkeypatch.setattr(upload, "MAX_UPLOAD", 1_000)
    status, said = asyncio.run(uploaded(server, parts(*[b"x" * 400] * 5), size=10))
    assert (status, said["error"]["kind"]) == (413, "TooLargeError")
    assert not held(server)


def test_a_file_that_does_not_come_is_not_waited_for(server: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sends slowly is told so, and what came is removed."""
    monkeypatch.setattr(app_module, "BODY_SECONDS", 0.02)

    async def silent() -> Message:
        await asyncio.sleep(3600)
        return {}

    status, said = asyncio.run(uploaded(server, silent))
    assert (status, said["error"]["kind"]) == (408, "SlowRequestError")
    assert not held(server)


def test_only_so_many_files_arrive_at_once(server: App) -> None:
    """Files on their way cannot fill the disk together: the others are asked to come again."""

    async def together() -> list[int]:
        go_on = asyncio.Event()

        async def waits() -> Message:
            await go_on.wait()
            return {"type": "http.request", "body": b"", "more_body": False}

        under_way = [asyncio.create_task(uploaded(server, waits)) for _ in range(app_module.UPLOADS)]
        while server.uploading < app_module.UPLOADS:  # noqa: ASYNC110 (nothing tells)
            await asyncio.sleep(0)
        refused, said = await uploaded(server, waits)
        assert said["error"]["kind"] == "ServerBusyError"
        go_on.set()
        return [refused, *[status for status, _ in await asyncio.gather(*under_way)]]

    assert asyncio.run(together()) == [503, 200, 200]


def test_a_stranger_cannot_send_a_file(server: App) -> None:
    """The token is looked at before anything is kept."""
    status, _ = asyncio.run(uploaded(server, parts(b"x"), token="wrong"))
    assert status == 401
    assert not (Path(server.home) / "tmp").exists()


def test_what_a_killed_server_held_is_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Content that was on its way when a server died does not stay on the disk."""
    left = config.home() / "tmp" / "abc"
    left.mkdir(parents=True)
    (left / "import.data").write_text("somebody's memories")
    Dispatcher(str(config.home())).close()
    assert not left.exists()


@pytest.fixture
def breaking() -> Iterator[str]:
    """A server that opens stores, and hangs up within every export."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                asked = b""
                while b"\r\n\r\n" not in asked:
                    asked += connection.recv(65536)
                if b"/v1/export" in asked:
                    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\neider-rows: 9\r\n\r\n{half")
                else:
                    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):  # else what was not read would take the answer with it
                    pass

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join()


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_an_export_that_breaks_off_leaves_what_was_there(breaking: str, tmp_path: Path, form: Any) -> None:
    """A path holds the older export until the new one is whole."""
    path = tmp_path / "out"
    if form == "jsonl":
        path.write_text("older")
    with (
        eider.open(breaking, user="ada", token="t") as memory,
        pytest.raises(errors.ServerUnreachableError, match="broke off"),
    ):
        memory.export(path, format=form)
    assert [p.name for p in tmp_path.iterdir()] == (["out"] if form == "jsonl" else [])
    assert form != "jsonl" or path.read_text() == "older"

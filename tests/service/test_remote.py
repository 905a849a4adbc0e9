"""A server elsewhere: the same verbs over http and https, with the token; files travel; nothing goes in the clear."""

from __future__ import annotations

import json
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import trustme
from homes import PATIENCE, Home

import eider
from eider import errors
from eider.client.client import server_notes
from eider.providers.embedders.hashing import HashEmbedder

pytestmark = pytest.mark.slow


class Proxy:
    """Ends TLS in front of a server, as a web server would, below a path that it takes away; may answer in chunks."""

    def __init__(
        self, port: int, authority: trustme.CA, name: str = "localhost", *, prefix: str = "", chunked: bool = False
    ) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(self.context)
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port, self._behind = self.listening.getsockname()[1], port
        self._prefix, self._chunked = prefix.encode(), chunked
        self._open: list[socket.socket] = [self.listening]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self.listening.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(plain,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, plain: socket.socket) -> None:
        try:
            with (
                self.context.wrap_socket(plain, server_side=True) as front,
                socket.create_connection(("127.0.0.1", self._behind)) as behind,
            ):
                self._open += [front, behind]
                self._carry(front, behind)
        except OSError:
            plain.close()

    def _carry(self, front: ssl.SSLSocket, behind: socket.socket) -> None:
        while True:
            ready = [front] if front.pending() else select.select([front, behind], [], [])[0]
            if front in ready:
                data = front.recv(65536)
                if not data:
                    return
                behind.sendall(data.replace(b"POST " + self._prefix, b"POST ", 1) if self._prefix else data)
            if behind in ready:
                data = behind.recv(65536)
                if not data:
                    return
                front.sendall(chunks(data) if self._chunked else data)

    def close(self) -> None:
        """Hang up on everybody."""
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join(PATIENCE)


def chunks(answer: bytes) -> bytes:
    """A whole answer with its body in chunks, as proxies send it."""
    head, _, body = answer.partition(b"\r\n\r\n")
    if not body:
        return answer
    kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length")]
    half = len(body) // 2 or 1
    parts = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:half], body[half:]) if part)
    return b"\r\n".join([*kept, b"transfer-encoding: chunked", b"", b""]) + parts + b"0\r\n\r\n"


@pytest.fixture
def server(home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Home:
    """A server that runs; this process has another home and knows nothing of it."""
    home.settings(embedder="hash", store="notes")
    home.start()
    monkeypatch.setenv("EIDER_HOME", str(tmp_path / "elsewhere"))
    return home


@pytest.fixture
def token(server: Home) -> str:
    """What lets one in."""
    return (server.path / "run" / "token").read_text()


@pytest.fixture
def url(server: Home) -> str:
    """Where the server listens."""
    return f"http://127.0.0.1:{server_notes(str(server.path))['port']}"


@pytest.fixture
def authority() -> trustme.CA:
    """An authority of one's own."""
    return trustme.CA()


@pytest.fixture
def proxied(url: str, authority: trustme.CA) -> Iterator[Callable[..., Proxy]]:
    """Starts proxies before the server; all are closed in the end."""
    made: list[Proxy] = []

    def start(*given: Any, **named: Any) -> Proxy:
        made.append(Proxy(int(url.rpartition(":")[2]), authority, *given, **named))
        return made[-1]

    yield start
    for one in made:
        one.close()


def test_an_address_is_a_server(url: str, token: str) -> None:
    """The same verbs, values and errors as everywhere."""
    with eider.open(url, user="ada", token=token) as memory:
        kept = memory.remember("Prefers snake_case.", kind="preference")
        assert [hit.text for hit in memory.recall("snake_case")] == [kept.text]
        assert memory.shared
        with pytest.raises(errors.UnknownIdError, match="exists for user 'ada'"):
            memory.why("mem_none")


def test_a_store_of_the_server_is_named_behind_the_address(url: str, token: str) -> None:
    """`#name` means another store of that server; paths of its machine are refused."""
    with (
        eider.open(f"{url}#work", user="ada", token=token) as memory,
        eider.open(url, user="ada", token=token) as other,
    ):
        memory.remember("Works on Tuesdays.")
        assert not other.search().total
    with pytest.raises(errors.InputError, match="name a store of its home"):
        eider.open(f"{url}#/etc/stolen.eider", user="ada", token=token)


@pytest.mark.parametrize("wrong", ["", "nonsense", "ключ"])
def test_without_the_token_nobody_comes_in(url: str, wrong: str) -> None:
    """A missing or wrong token is told as such."""
    with pytest.raises(errors.TokenError, match="token"):
        eider.open(url, user="ada", token=wrong)


def test_the_token_may_be_in_the_environment(url: str, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """EIDER_TOKEN is shown where none is passed."""
    monkeypatch.setenv("EIDER_TOKEN", token)
    with eider.open(url, user="ada") as memory:
        assert memory.remember("Tea.").text == "Tea."


def test_the_server_of_this_home_is_shown_its_own_token(
    url: str, server: Home, proxied: Callable[..., Proxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token file is used for the port that its server noted, and shown to nobody else who listens here."""
    monkeypatch.setenv("EIDER_HOME", str(server.path))
    with eider.open(url, user="ada") as memory:
        assert memory.remember("Tea.").text == "Tea."
    with socket.create_server(("127.0.0.1", 0)) as other:
        heard: list[bytes] = []

        def listen() -> None:
            connection, _ = other.accept()
            with connection:
                heard.append(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n")

        thread = threading.Thread(target=listen)
        thread.start()
        with pytest.raises(errors.ServerError):
            eider.open(f"http://127.0.0.1:{other.getsockname()[1]}", user="ada")
        thread.join(PATIENCE)
    assert b"Bearer" not in heard[0]


def test_https_proves_who_it_is(
    token: str, authority: trustme.CA, proxied: Callable[..., Proxy], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With the authority's certificate it works, below a path and in chunks as well; without it nothing is sent."""
    whole = proxied(prefix="/memory", chunked=True)
    with pytest.raises(errors.ServerUnreachableError, match="EIDER_CA_FILE"):
        eider.open(f"https://localhost:{whole.port}/memory", user="ada", token=token)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("EIDER_CA_FILE", str(tmp_path / "ca.pem"))
    with eider.open(f"https://localhost:{whole.port}/memory/", user="ada", token=token) as memory:
        memory.remember("Prefers snake_case.")
        assert [hit.text for hit in memory.recall("snake_case")] == ["Prefers snake_case."]


def test_a_certificate_of_another_name_is_refused(
    token: str, authority: trustme.CA, proxied: Callable[..., Proxy], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whoever has a certificate for something else is not who was asked for."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("EIDER_CA_FILE", str(tmp_path / "ca.pem"))
    with pytest.raises(errors.ServerUnreachableError, match="could not prove who it is"):
        eider.open(f"https://localhost:{proxied('memory.example.org').port}", user="ada", token=token)


def test_plain_http_where_tls_is_spoken_is_told(url: str, token: str) -> None:
    """An https address of a port that speaks http names what is wrong."""
    with pytest.raises(errors.ServerUnreachableError, match="TLS"):
        eider.open(url.replace("http://", "https://"), user="ada", token=token)


def test_files_travel_as_they_are(url: str, token: str, server: Home, tmp_path: Path) -> None:
    """An export from afar is the file that an export beside the store writes, and imports the same, in every form."""
    with eider.open(url, user="ada", token=token) as memory:
        memory.remember_many([f"Number {i} is {i * i}." for i in range(300)])
        memory.record("Hello.", metadata={"n": [1, None]}, at="2026-05-01T10:00:00", tz="Europe/Berlin")
        forms = [("a.jsonl", "jsonl"), ("a.jsonl.gz", "jsonl"), ("a.md", "markdown"), ("parquet", "parquet")]
        far = {name: memory.export(tmp_path / f"far-{name}", format=form) for name, form in forms}
        stored = memory.import_(tmp_path / "far-a.jsonl")
        assert stored.skipped
        assert not stored.memories
    server.stop()
    with eider.open(server.path / "stores" / "notes.eider", user="ada", embedder=HashEmbedder()) as memory:
        near = {name: memory.export(tmp_path / f"near-{name}", format=form) for name, form in forms}
    assert far == near
    for name, _ in forms:
        assert content(tmp_path / f"far-{name}") == content(tmp_path / f"near-{name}"), name
    assert not [path for path in tmp_path.iterdir() if "partial" in path.name]
    assert not list((server.path / "tmp").glob("*"))


def content(path: Path) -> Any:
    """Everything of an export but the instant it was made."""
    if path.is_dir():
        return {one.name: content(one) for one in path.iterdir()}
    import gzip

    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if path.suffix == ".parquet":
        return data
    return [line for line in data.split(b"\n") if b"xported" not in line]


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_what_was_exported_here_can_be_imported_afar(url: str, token: str, tmp_path: Path, form: Any) -> None:
    """A file or a directory of this machine is brought in; a second time nothing is new; a dry run changes nothing."""
    with eider.open(tmp_path / "mine.eider", user="ada") as mine:
        mine.remember_many(["Tea.", "Coffee.", "Milk."])
        mine.export(tmp_path / "out", format=form)
    with eider.open(url, user="ada", token=token) as memory:
        assert memory.import_(tmp_path / "out", dry_run=True).memories == 3
        assert not memory.search().total
        assert memory.import_(tmp_path / "out").memories == 3
        assert memory.import_(tmp_path / "out").memories == 0
        assert {hit.text for hit in memory.search().items} == {"Tea.", "Coffee.", "Milk."}


def test_paths_are_refused_by_the_name_the_caller_gave(url: str, token: str, tmp_path: Path) -> None:
    """What cannot be read or written says so of the caller's path, not of where the server holds it meanwhile."""
    (tmp_path / "bad.jsonl").write_text(json.dumps({"eider": 99}) + "\n")
    with eider.open(url, user="ada", token=token) as memory:
        memory.remember("Tea.")
        with pytest.raises(errors.StoreMissingError, match=r"none\.jsonl"):
            memory.import_(tmp_path / "none.jsonl")
        with pytest.raises(errors.InputError, match=str(tmp_path / "bad.jsonl")):
            memory.import_(tmp_path / "bad.jsonl")
        with pytest.raises(errors.InputError, match="is a directory"):
            memory.export(tmp_path)
        with pytest.raises(errors.InputError, match="does not exist"):
            memory.export(tmp_path / "no" / "where.jsonl")
        (tmp_path / "kept.jsonl").write_text("kept")
        with pytest.raises(errors.InputError):
            memory.export(tmp_path / "kept.jsonl", user=" ")
        assert (tmp_path / "kept.jsonl").read_text() == "kept"
        with pytest.raises(errors.InputError, match="run it there"):
            memory.publish(tmp_path / "snapshot.eider")


def test_a_wrong_token_is_told_before_a_file_is_sent(url: str, token: str, tmp_path: Path) -> None:
    """A refusal of an upload is read, not lost in a broken connection."""
    (tmp_path / "big.jsonl").write_bytes(b'{"text": "x"}\n' * 2_000_000)
    memory = eider.open(url, user="ada", token=token)
    memory._backend.client.token = "another"  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(errors.TokenError):
        memory.import_(tmp_path / "big.jsonl")
    memory.close()


def test_a_file_that_is_too_large_is_not_sent(
    url: str, token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is said here; nothing is uploaded to be refused there."""
    from eider.api import file_transfer

    monkeypatch.setattr(file_transfer, "MAX_UPLOAD", 10)
    (tmp_path / "big.jsonl").write_text('{"eider": 1}\n')
    with (
        eider.open(url, user="ada", token=token) as memory,
        pytest.raises(errors.TooLargeError, match="the limit is 10"),
    ):
        memory.import_(tmp_path / "big.jsonl")


def test_a_server_that_is_gone_is_named(url: str, token: str, server: Home) -> None:
    """Nothing is started or spooled for an address; the error names it."""
    memory = eider.open(url, user="ada", token=token)
    server.stop()
    with pytest.raises(errors.ServerUnreachableError, match=url):
        memory.remember("Tea.")
    with pytest.raises(errors.ServerUnreachableError, match=url):
        memory.import_(__file__)
    memory.close()
    assert not (server.path / "spool" / "writes.jsonl").exists()

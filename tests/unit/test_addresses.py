"""Addresses of servers elsewhere: what is refused before anything is sent."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import eider
from eider import errors
from eider.api import upload
from eider.client import tls_link
from eider.client.client import ClientError


@pytest.mark.parametrize("url", [
    "http://", "https:///path", "https://ho st", "https://host:0", "https://host:99999", "https://host/?q=1",
    "https://host/a\r\nX: y",
])  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    """The error shows one that is."""
    with pytest.raises(errors.InputError, match=r"https://|port"):
        eider.open(url, user="ada", token="t")


@pytest.mark.parametrize("store", ["ftp://ada:hunter2secret@example.org", "file:///tmp/x.eider", "HTTPS://example.org"])
def test_an_address_of_another_kind_makes_no_directory(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slip in an address is told, and leaves nothing where one stands."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(errors.InputError, match="https://") as refused:
        eider.open(store, user="ada")
    assert "hunter2secret" not in str(refused.value)
    assert not list(tmp_path.iterdir())


def test_a_token_is_for_a_server_elsewhere() -> None:
    """Who passes one to a name believes to be somewhere else."""
    with pytest.raises(errors.InputError, match="https://"):
        eider.open("notes", user="ada", token="t")


def test_an_address_may_be_what_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store of a whole machine may be a server elsewhere; no directory of that name is made."""
    monkeypatch.setenv("EIDER_STORE", "http://127.0.0.1:1")
    with pytest.raises(errors.ServerUnreachableError):
        eider.open(user="ada", token="t")


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    """Addresses end up in logs; the error says where a token belongs, and does not show it."""
    with pytest.raises(errors.InputError, match="EIDER_TOKEN") as refused:
        eider.open("https://ada:hunter2secret@example.org", user="ada")
    assert "hunter2secret" not in str(refused.value)


def test_plain_http_beyond_this_machine_is_refused() -> None:
    """The token and what is remembered never cross a network in the clear unless that host is allowed."""
    with pytest.raises(errors.ConfigError, match=r"EIDER_HTTP_HOSTS=memory\.example\.org"):
        eider.open("http://memory.example.org", user="ada", token="t")


def test_a_host_may_be_allowed_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set lets one host through, and no other."""
    monkeypatch.setenv("EIDER_HTTP_HOSTS", "Memory.internal, other.internal")
    asked: list[tuple[str, int]] = []

    def refuse(address: tuple[str, int], timeout: float) -> None:
        asked.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(tls_link.socket, "create_connection", refuse)
    with pytest.raises(errors.ServerUnreachableError):
        eider.open("http://memory.internal:8080", user="ada", token="t")
    assert asked == [("memory.internal", 8080)]
    with pytest.raises(errors.ConfigError):
        eider.open("http://third.internal", user="ada", token="t")


def test_an_authority_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A missing or wrong EIDER_CA_FILE is named."""
    for path in (tmp_path / "none.pem", tmp_path / "wrong.pem"):
        (tmp_path / "wrong.pem").write_text("no certificate")
        with pytest.raises(ClientError, match="EIDER_CA_FILE"):
            tls_link._tls_context(str(path))


def test_chunks_that_never_end_are_refused() -> None:
    """A body is bounded however it is sent."""
    with pytest.raises(ValueError, match="too long"):
        tls_link.decode_chunked(b"5\r\nabcde\r\n" * 10, lambda: b"", 20)


def test_a_connection_has_a_deadline() -> None:
    """A deadline that has passed is not waited for."""
    with pytest.raises(TimeoutError):
        tls_link.connect("http://127.0.0.1:9", time.monotonic() - 1)


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", ".hidden", "a/b"])
def test_a_tar_cannot_write_elsewhere(tmp_path: Path, name: str) -> None:
    """Only plain files under plain names come out of what was sent."""
    import io
    import tarfile

    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as tar:
        head = tarfile.TarInfo(name)
        head.size = 1
        tar.addfile(head, io.BytesIO(b"x"))
    sink.seek(0)
    with pytest.raises(errors.InputError, match="nothing that an export holds"):
        upload.unpack_into(sink, tmp_path / "in")
    assert not list((tmp_path / "in").iterdir())


def test_links_in_a_tar_are_refused(tmp_path: Path) -> None:
    """A link could lead anywhere."""
    import io
    import tarfile

    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as tar:
        head = tarfile.TarInfo("header.json")
        head.type, head.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(head)
    sink.seek(0)
    with pytest.raises(errors.InputError):
        upload.unpack_into(sink, tmp_path / "in")

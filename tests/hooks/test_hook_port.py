"""The hook port's file: reserved once, rotated on demand, read with care."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from eider.client import hook_port
from eider.model.errors import EiderError


def test_a_port_is_reserved_once_for_this_account_alone(tmp_path: Path) -> None:
    made = hook_port.reserve(tmp_path)
    assert hook_port.reserve(tmp_path) == hook_port.read(tmp_path) == made
    assert (tmp_path / hook_port.FILE).stat().st_mode & 0o777 == 0o600
    assert hook_port.is_free(made.port)
    assert made.base == f"http://127.0.0.1:{made.port}/v1/hooks"


def test_rotating_makes_a_new_token_and_leaves_a_free_port_where_it_is(tmp_path: Path) -> None:
    """Other installations know the port; what was shown to anybody before opens nothing any more."""
    before = hook_port.reserve(tmp_path)
    after = hook_port.reserve(tmp_path, rotate=True)
    assert after.port == before.port
    assert after.token != before.token


def test_rotating_moves_away_from_a_port_that_somebody_else_took(tmp_path: Path) -> None:
    before = hook_port.reserve(tmp_path)
    with socket.socket() as taken:
        taken.bind((hook_port.HOST, before.port))
        taken.listen()
        assert hook_port.reserve(tmp_path, rotate=True).port != before.port


@pytest.mark.parametrize("content", [
    "", "[]", "{", '{"port": 80}', '{"port": "80", "token": "' + "x" * 40 + '"}', '{"port": true, "token": "' + "x" * 40 + '"}',
    '{"port": 70000, "token": "' + "x" * 40 + '"}', '{"port": 8080, "token": "short"}', '{"port": 8080, "token": null}',
    '{"port": 8080, "token": "' + "\u00e9" * 40 + '"}',
])  # fmt: skip
def test_a_file_that_cannot_be_used_reserves_nothing(tmp_path: Path, content: str) -> None:
    """Nobody listens with an empty or guessable token."""
    (tmp_path / hook_port.FILE).write_text(content)
    assert hook_port.read(tmp_path) is None
    assert len(hook_port.reserve(tmp_path).token) >= hook_port.MIN_TOKEN_LENGTH


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises((EiderError, Exception), match="file"):
        hook_port.reserve(tmp_path / "file")


def test_a_stranger_on_the_port_cannot_prove_to_be_ours(tmp_path: Path) -> None:
    """Whoever took the port hears a nonce, never the token, and has no answer to it."""
    known = hook_port.reserve(tmp_path)
    assert not hook_port.is_our_server(known)
    with socket.socket() as taken:
        taken.bind((hook_port.HOST, known.port))
        taken.listen()
        taken.settimeout(20)
        import threading

        heard: list[bytes] = []

        def stranger() -> None:
            line, _ = taken.accept()
            with line:
                heard.append(line.recv(65536))
                body = json.dumps({"proof": "0" * 64})
                line.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())

        thread = threading.Thread(target=stranger)
        thread.start()
        assert not hook_port.is_our_server(known)
        thread.join()
    assert known.token.encode() not in heard[0]

"""Versions side by side: the newer replaces the older, never the reverse, and nobody plays ping-pong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from homes import PATIENCE, Home, until

from eider.client import client as client_module
from eider.client.client import Client, ClientError, server_notes

pytestmark = pytest.mark.slow
PACKAGE = Path(client_module.__file__).parents[1]


class Installed:
    """An installation of Eider that says it is of another version, or speaks another protocol."""

    def __init__(self, place: Path, version: str, protocol: int = 1, *, broken: bool = False) -> None:
        rooms = place / "eider" / "client", place / "eider" / "service"
        for room in rooms:
            room.mkdir(parents=True)
            for entry in (PACKAGE / room.name).iterdir():
                if entry.name not in ("client.py", "__pycache__"):
                    room.joinpath(entry.name).symlink_to(entry)
        for entry in PACKAGE.iterdir():
            if entry.name not in ("client", "service", "__pycache__"):
                (place / "eider" / entry.name).symlink_to(entry)
        text = (PACKAGE / "client" / "client.py").read_text()
        text = text.replace(f'VERSION: Final = "{client_module.VERSION}"', f'VERSION: Final = "{version}"')
        text = text.replace("PROTOCOL: Final = 1", f"PROTOCOL: Final = {protocol}")
        rooms[0].joinpath("client.py").write_text(text)
        if broken:
            rooms[1].joinpath("dispatcher.py").unlink()
            rooms[1].joinpath("dispatcher.py").write_text("raise RuntimeError('this version is broken')\n")
        self.client_folder = rooms[0]

    def asks(self, home: Home, code: str = "print(client.ask('GET', '/v1/server/status')['version'])") -> str:
        """What a process of this installation prints."""
        whole = f"""
import sys
sys.path.insert(0, {str(self.client_folder)!r})
from client import Client, ClientError
client = Client(timeout={PATIENCE}, user="ada", store="notes")
try:
    {code}
except ClientError as error:
    print(error.kind, error.message)
"""
        environment = {**os.environ, "EIDER_HOME": str(home)}
        given = [sys.executable, "-I", "-S", "-c", whole]
        done = subprocess.run(given, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


def version(home: Home) -> str:
    return str(server_notes(str(home)).get("version"))


def test_a_newer_client_replaces_an_older_server(home: Home, tmp_path: Path) -> None:
    """Asked by 0.2.0, the server of 0.1.0 goes after its answer; the next answer is of 0.2.0; nothing is lost."""
    old, new = Installed(tmp_path / "a", "0.1.0"), Installed(tmp_path / "b", "0.2.0")
    assert old.asks(home, "print(client.call('remember', {'text': 'Prefers tea.'})['status'])") == "stored"
    assert new.asks(home) == "0.1.0"
    until(lambda: version(home) != "0.1.0", "the end of the older server")
    assert new.asks(home, "print(client.call('recall', {'query': 'tea'})['value'][0]['text'])") == "Prefers tea."
    assert version(home) == "0.2.0"


def test_an_older_client_never_replaces_a_newer_server(home: Home, tmp_path: Path) -> None:
    """Two environments that alternate settle on the newer server, whoever asks."""
    old, new = Installed(tmp_path / "a", "0.1.0"), Installed(tmp_path / "b", "0.2.0")
    assert new.asks(home) == "0.2.0"
    pid = home.servers()
    for _ in range(3):
        assert old.asks(home) == "0.2.0"
        assert new.asks(home) == "0.2.0"
    assert home.servers() == pid


def test_two_environments_of_one_version_share_the_server(home: Home, tmp_path: Path) -> None:
    """Equal versions at two paths never end each other's server."""
    one, other = Installed(tmp_path / "a", "0.1.0"), Installed(tmp_path / "b", "0.1.0")
    one.asks(home)
    pid = home.servers()
    for _ in range(3):
        other.asks(home)
        one.asks(home)
    assert home.servers() == pid


def test_a_replacement_that_cannot_start_is_not_tried_again_at_once(home: Home, tmp_path: Path) -> None:
    """A broken newer version gets one try a minute: meanwhile the older one serves those who can use it."""
    old, broken = Installed(tmp_path / "a", "0.1.0"), Installed(tmp_path / "b", "0.2.0", broken=True)
    assert old.asks(home) == "0.1.0"
    assert broken.asks(home) == "0.1.0"
    until(lambda: not home.servers(), "the end of the older server")
    said = broken.asks(home)
    assert "this version is broken" in said
    assert "cannot start" in said
    assert old.asks(home) == "0.1.0"
    pid = home.servers()
    for _ in range(3):
        assert broken.asks(home) == "0.1.0"
    assert home.servers() == pid


def test_the_protocol_before_is_understood(home: Home, tmp_path: Path) -> None:
    """A server of protocol 2 answers clients of 2 and of 1."""
    old, new = Installed(tmp_path / "a", "0.1.0", 1), Installed(tmp_path / "b", "0.2.0", 2)
    assert new.asks(home) == "0.2.0"
    assert old.asks(home) == "0.2.0"


def test_a_client_that_is_too_old_hears_which_side_to_upgrade(home: Home, tmp_path: Path) -> None:
    """Two protocols apart: a named error, nothing happens, and the server stays."""
    old, new = Installed(tmp_path / "a", "0.1.0", 1), Installed(tmp_path / "b", "0.3.0", 3)
    assert new.asks(home) == "0.3.0"
    pid = home.servers()
    said = old.asks(home, "print(client.call('remember', {'text': 'x'}))")
    assert said.startswith("ProtocolError")
    assert "upgrade the client" in said
    assert home.servers() == pid
    assert not (home.path / "spool").exists()


def test_a_server_that_is_too_old_is_replaced_within_the_call(home: Home, tmp_path: Path) -> None:
    """The newer client is refused, sends the older server home, and is answered by its own."""
    old, new = Installed(tmp_path / "a", "0.1.0", 1), Installed(tmp_path / "b", "0.3.0", 3)
    assert old.asks(home) == "0.1.0"
    assert new.asks(home, "print(client.call('recall', {'query': 'x'})['status'])") == "ok"
    assert version(home) == "0.3.0"


def test_where_it_may_not_be_replaced_the_server_is_the_side_to_upgrade(home: Home, tmp_path: Path) -> None:
    """A client that may start nothing hears that the server is too old."""
    old, new = Installed(tmp_path / "a", "0.1.0", 1), Installed(tmp_path / "b", "0.3.0", 3)
    assert old.asks(home) == "0.1.0"
    said = new.asks(home, "client.spawns = False; client.call('recall', {'query': 'x'})")
    assert said.startswith("ProtocolError")
    assert "upgrade the server" in said


def test_every_answer_says_which_version_gave_it(home: Home) -> None:
    """Also the answer that is an error."""
    home.start()
    client: Client = home.client()
    link, until_ = client._connection(time.monotonic() + PATIENCE)
    for path in ("/v1/server/status", "/v1/nothing"):
        _, headers, body = link.exchange(client._request_head("GET", path, 0, until_), b"", until_)
        assert headers["eider-version"] == client_module.VERSION
        assert headers["eider-protocol"] == str(client_module.PROTOCOL)
        assert json.loads(body)
    link.close()
    with pytest.raises(ClientError):
        client.ask("GET", "/v1/nothing")

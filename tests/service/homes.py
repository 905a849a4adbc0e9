"""A home of a test's own with its server process: asked, stopped, killed, and in the end proved to be gone."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from eider.client.client import Client, server_notes, socket_path

PATIENCE = 120.0
"""Seconds after which a condition that should have come is a failure; the machine may be busy."""


def until(condition: Callable[[], Any], what: str = "the condition", patience: float = PATIENCE) -> Any:
    """Wait for a condition and return what it said."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.01)
    raise AssertionError(f"{what} did not come within {patience:.0f} s")


def _is_zombie(process: str) -> bool:
    """Whether a process has ended; its name may be cut within a character, and hold brackets and blanks."""
    return Path(process, "stat").read_bytes().rpartition(b")")[2].split()[:1] in ([], [b"Z"])


class Home:
    """One EIDER_HOME, short enough for a socket."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or Path(tempfile.mkdtemp(prefix="ei-"))
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.killed = False
        self._clients: list[Client] = []
        self.settings(embedder="hash")  # loads in no time

    def __str__(self) -> str:
        return str(self.path)

    def settings(self, **given: str) -> None:
        """Write the config file."""
        (self.path / "config.json").write_text(json.dumps(given))

    def client(self, **given: Any) -> Client:
        """A client of this home; closed with it."""
        made = Client(**{"home_folder": str(self.path), "store": "notes", "user": "ada", "timeout": PATIENCE, **given})
        self._clients.append(made)
        return made

    def start(self) -> int:
        """A server that answers; its pid."""
        return int(self.client().ask("GET", "/v1/server/status")["pid"])

    def servers(self) -> list[int]:
        """Every server process of this home, whether it answers or not."""
        found: list[int] = []
        for entry in os.scandir("/proc"):
            if entry.name.isdigit():
                with suppress(OSError):  # it ended meanwhile
                    said = Path(entry.path, "cmdline").read_bytes().split(b"\0")  # empty for a zombie
                    if b"--home" in said and os.fsencode(self.path) in said and not _is_zombie(entry.path):
                        found.append(int(entry.name))
        return found

    def _gone(self, were: list[int]) -> bool:
        """Whether they are; a process whose first thread has ended may hold its lock a moment longer."""
        return not self.servers() and (not were or self.lock_is_free())

    def kill(self, sign: int = signal.SIGKILL) -> None:
        """End every server the hard way and wait until it is gone."""
        self.killed = True
        were = self.servers()
        for pid in were:
            with suppress(ProcessLookupError):
                os.kill(pid, sign)
        until(lambda: self._gone(were), "the end of the server")

    def stop(self) -> None:
        """End every server the way an operator would, and wait until it is gone."""
        were = self.servers()
        for pid in were:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
                os.kill(pid, signal.SIGTERM)
        until(lambda: self._gone(were), "the end of the server")

    def lock_is_free(self) -> bool:
        """Whether nobody holds the server's lock."""
        try:
            lock = os.open(self.path / "run" / "owner.lock", os.O_RDWR)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        finally:
            os.close(lock)
        return True

    def left(self) -> list[str]:
        """What a server that ended well may not leave."""
        found: list[str] = []
        if Path(socket_path(str(self.path))).exists():
            found.append("socket")
        if server_notes(str(self.path)):
            found.append("notes")
        if not self.lock_is_free():
            found.append("lock")
        return found

    def close(self) -> None:
        """End the servers, prove that nothing of them is left, and remove the directory."""
        for client in self._clients:
            client.close()
        try:
            self.stop()
        except AssertionError:
            self.kill()
            raise
        finally:
            left = self.left()
            shutil.rmtree(self.path, ignore_errors=True)
            sock = socket_path(str(self.path))
            if not sock.startswith(str(self.path)):
                shutil.rmtree(Path(sock).parent, ignore_errors=True)
        assert not self.servers()
        assert "lock" not in left
        assert self.killed or not left, f"the server left {left}"

"""A command with the server beside it: what a container runs as its first process."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from homes import PATIENCE, Home, until

import eider
from eider.providers.embedders.hashing import HashEmbedder

pytestmark = pytest.mark.slow

_PLACE = Path(tempfile.gettempdir(), f"ei-home-{os.getuid()}")
"""Where every container has its home: nothing but a place to mount at, short enough for a socket."""
EIDER = [sys.executable, "-m", "eider"]
_REMEMBER = f"{sys.executable} -m eider remember --store notes --user ada"
_KEEPS = f'{_REMEMBER} "The staging database is called heron."'


def beside(*command: str) -> subprocess.Popen[str]:
    """`eider serve -- COMMAND` with its streams at hand."""
    return started([*EIDER, "serve", "--", *command])


def started(command: list[str]) -> subprocess.Popen[str]:
    """A process with its three streams at hand."""
    return subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def ended(process: subprocess.Popen[str], said: str = "") -> tuple[int, str, str]:
    """Code, output and errors of a process at its end."""
    out, err = process.communicate(said, timeout=PATIENCE)
    return process.returncode, out, err


def kept(home: Home) -> list[str]:
    """What the store holds, read where nobody else has it open."""
    with eider.open(home.path / "stores" / "notes.eider", user="ada") as memory:
        return [r.text for r in memory.search().items]


def test_the_command_has_the_streams_and_the_last_word(home: Home) -> None:
    """Its input, output and code are its own; what it told is durable, and the server ends after it."""
    code, out, err = ended(beside("sh", "-c", f"cat; {_KEEPS} > /dev/null; exit 7"), "said by the host\n")
    assert (code, out, err) == (7, "said by the host\n", "")
    assert not home.servers()
    assert kept(home) == ["The staging database is called heron."]


def test_a_signal_is_handed_on_and_nothing_told_is_lost(home: Home) -> None:
    """SIGTERM reaches the command; it may still tell something before it goes."""
    script = f"trap '{_KEEPS} > /dev/null; exit 3' TERM; echo ready; while :; do sleep 0.1; done"
    process = beside("bash", "-c", script)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    assert ended(process)[0] == 3
    assert kept(home) == ["The staging database is called heron."]


def test_a_command_that_a_signal_ends_is_reported_as_a_shell_would(home: Home) -> None:
    """128 and the number of the signal."""
    del home
    assert ended(beside("sh", "-c", "kill -9 $$"))[0] == 128 + signal.SIGKILL


def test_what_cannot_be_run_is_named(home: Home) -> None:
    """A missing command gets a clear line and the code a shell gives."""
    code, _, err = ended(beside("no-such-command"))
    assert code == 127
    assert "'no-such-command'" in err
    assert not home.servers()


def test_a_server_that_cannot_be_had_stops_no_command(home: Home) -> None:
    """The agent runs without its memory; a line says why."""
    shutil.rmtree(home.path)
    home.path.write_text("a file where the home should be")
    try:
        code, out, err = ended(beside("echo", "done"))
    finally:
        home.path.unlink()
        home.path.mkdir()
    assert (code, out) == (0, "done\n")
    assert err.startswith("eider: ")


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("unshare") is None, reason="needs namespaces")
class TestContainers:
    """The same in process and mount namespaces of their own, as containers have them."""

    @pytest.fixture(autouse=True)
    def _place(self) -> Iterator[None]:
        _PLACE.mkdir(exist_ok=True)
        yield
        _PLACE.rmdir()

    @staticmethod
    def container(volume: Home, own: Path, script: str, shared: Path | None = None) -> subprocess.Popen[str]:
        """A shell beneath `eider serve` as first process, in a home of its own that has the volume's store in it.

        What all groups share is mounted read-only.
        """
        Home(own).settings(embedder="hash", layers=str(_PLACE / "global.eider"))
        mounts = " && ".join((
            f"mount --bind {own} {_PLACE}",
            *(f"mkdir -p {volume}/{part} {_PLACE}/{part} && mount --bind {volume}/{part} {_PLACE}/{part}"
              for part in ("stores", "run")),
            *([f"mkdir -p {_PLACE}/global.eider && mount --bind {shared} {_PLACE}/global.eider",
               f"mount -o remount,ro,bind {_PLACE}/global.eider"] if shared else []),
        ))  # fmt: skip
        inner = f"{mounts} && EIDER_HOME={_PLACE} exec {sys.executable} -m eider serve -- bash -c '{script}'"
        return started(["unshare", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", inner])

    def test_what_one_container_kept_the_next_one_finds(self, home: Home, tmp_path: Path) -> None:
        """The volume carries the store; the home of a container may go with it."""
        said = f"echo $$; {_KEEPS} > /dev/null"
        code, out, err = ended(self.container(home, tmp_path / "a", said))
        assert (code, err) == (0, "")
        assert int(out) < 20, "it does not run in a namespace of its own"
        found = f"{sys.executable} -m eider recall staging --store notes --user ada"
        code, out, err = ended(self.container(home, tmp_path / "b", found))
        assert (code, err) == (0, "")
        assert "heron" in out
        assert not (home.path / "spool").exists(), "the spool is in the volume"

    def test_two_containers_of_one_group_share_its_store(self, home: Home, tmp_path: Path) -> None:
        """The second finds the first one's server; when that is gone with its container, it starts its own."""
        first = self.container(home, tmp_path / "a", "echo ready; read; exit 0")
        assert first.stdout is not None
        assert first.stdout.readline() == "ready\n"
        script = (
            f'{_REMEMBER} "Kept beside the first." > /dev/null && echo kept; read; '
            f'{_REMEMBER} "Kept after the first." > /dev/null && echo kept'
        )
        second = self.container(home, tmp_path / "b", script)
        assert second.stdout is not None
        assert second.stdin is not None
        assert second.stdout.readline() == "kept\n"
        assert ended(first, "\n")[0] == 0
        until(home.lock_is_free, "the end of the first container's server")
        code, out, err = ended(second, "\n")
        assert (code, out, err) == (0, "kept\n", "")
        assert sorted(kept(home)) == ["Kept after the first.", "Kept beside the first."]

    def test_groups_see_their_own_and_what_is_shared_which_none_can_change(
        self, home: Home, homes: Callable[[Path], Home], tmp_path: Path
    ) -> None:
        """A published snapshot lies read-only beneath each group's store; one group's words never reach another."""
        shared = tmp_path / "global.eider"
        with eider.open(tmp_path / "shared.eider", user="ada", embedder=HashEmbedder()) as memory:
            memory.remember("The company is closed on Fridays.")
            memory.publish(shared)
        asked = f'{sys.executable} -m eider recall "what about Fridays and staging" --store notes --user ada'
        code, out, err = ended(self.container(home, tmp_path / "a", f"{_KEEPS} > /dev/null; {asked}", shared))
        assert (code, err) == (0, "")
        assert "Fridays" in out
        assert "heron" in out
        other = homes(tmp_path / "other")
        mine = f'{_REMEMBER} "Writes Rust." > /dev/null'
        script = f"{mine}; {asked}; echo x > {_PLACE}/global.eider/x || echo refused"
        code, out, err = ended(self.container(other, tmp_path / "b", script, shared))
        assert code == 0
        assert "Fridays" in out
        assert "heron" not in out
        assert "refused" in out

"""The command line as a shell sees it: real processes, pipes and signals."""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

import eider
from eider.providers.embedders.hashing import HashEmbedder

EIDER = [sys.executable, "-c", "from eider.cli import main; main()"]


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """An environment with a home of its own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("EIDER_") and k not in {"NO_COLOR", "FORCE_COLOR"}}
    own = {"EIDER_HOME": str(tmp_path / "home"), "EIDER_USER": "ada", "EIDER_EMBEDDER": "hash", "EIDER_SERVER": "off"}
    return {**kept, **own}


def run(env: dict[str, str], *words: str | bytes, **more: object) -> subprocess.CompletedProcess[bytes]:
    """One call of the command line."""
    return subprocess.run([*EIDER, *words], env=env, capture_output=True, timeout=60, check=False, **more)  # type: ignore[call-overload, no-any-return]


def test_a_process_remembers_for_the_next(shell: dict[str, str]) -> None:
    """Kept by one process, found by another, without a word on stderr."""
    kept = run(shell, "remember", "Prefers snake_case.")
    assert (kept.returncode, kept.stderr) == (0, b"")
    found = run(shell, "recall", "--brief", "snake_case")
    assert (found.returncode, found.stdout, found.stderr) == (0, b"Prefers snake_case.\n", b"")


def test_piped_output_has_no_control_characters(shell: dict[str, str]) -> None:
    """No colours without a terminal."""
    run(shell, "remember", "Prefers snake_case.")
    for words in (["recall", "snake_case"], ["health"], ["events"], ["--help"]):
        assert b"\x1b" not in run(shell, *words).stdout


def test_everything_written_is_its_owners_alone(shell: dict[str, str], tmp_path: Path) -> None:
    """Directories are 0700 and files 0600 whatever the shell's mask: store, index, settings, export."""
    run(shell, "config", "set", "store", "work")
    run(shell, "remember", "Prefers snake_case.")
    assert run(shell, "rebuild").returncode == 0
    assert run(shell, "export", str(tmp_path / "home" / "out.jsonl")).returncode == 0
    made = list((tmp_path / "home").rglob("*"))
    assert any("index" in p.parts for p in made)
    assert {(p.is_dir(), oct(p.stat().st_mode & 0o777)) for p in made} == {(True, "0o700"), (False, "0o600")}


def test_a_closed_pipe_is_no_drama(shell: dict[str, str]) -> None:
    """When the reader goes away nothing is said about it."""
    texts = "\n".join(f"Statement number {n} of very many." for n in range(600))
    assert run(shell, "remember", "-", "--lines", input=texts.encode()).returncode == 0
    process = subprocess.Popen(
        [*EIDER, "search", "--limit", "600", "--json"], env=shell, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=60) == 141


def test_bytes_that_are_no_utf8_are_refused(shell: dict[str, str]) -> None:
    """An argument in another encoding is a usage error, not a traceback."""
    done = run(shell, b"remember", b"caf\xe9")
    assert done.returncode == 2
    assert b"argument 2 is not valid UTF-8" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_narrow_encoding_breaks_nothing(shell: dict[str, str]) -> None:
    """Where stdout cannot show a letter, text shows a mark and JSON an escape."""
    run(shell, "remember", "Booked the cabin in Tromsø.")
    narrow = {**shell, "PYTHONIOENCODING": "ascii"}
    assert b"Troms?." in run(narrow, "recall", "cabin", "--brief").stdout
    assert b"Troms\\u00f8." in run(narrow, "recall", "cabin", "--json").stdout


def test_a_locked_store_is_named_in_one_line(shell: dict[str, str], tmp_path: Path) -> None:
    """Exit code 4 and the process that has it."""
    code = "import eider, sys; m = eider.open(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    store = str(tmp_path / "s.eider")
    holder = subprocess.Popen(
        [sys.executable, "-c", code, store], env=shell, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == b"open\n"
        done = run(shell, "--store", store, "remember", "x")
    finally:
        holder.stdin.close()
        holder.wait(timeout=60)
        holder.stdout.close()
    assert done.returncode == 4
    assert f"process {holder.pid}".encode() in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_publishing_keeps_others_out(shell: dict[str, str], tmp_path: Path) -> None:
    """Copying the file that is open leaves the store locked; the copy is free to be read."""
    store, snap = tmp_path / "s.eider", tmp_path / "snap.eider"
    with eider.open(store, user="ada", embedder=HashEmbedder()) as memory:
        memory.remember("Prefers snake_case.")
        memory.publish(snap)
        assert run(shell, "--store", str(store), "remember", "x").returncode == 4
        assert run(shell, "--store", str(snap), "recall", "snake_case", "--brief").stdout == b"Prefers snake_case.\n"
        memory.remember("Prefers camelCase.")
    assert b"camelCase" not in run(shell, "--store", str(snap), "search").stdout


def test_an_interrupt_is_told_in_one_word(shell: dict[str, str]) -> None:
    """Ctrl-C ends with 130 and no traceback."""
    process = subprocess.Popen(
        [*EIDER, "remember", "-"], env=shell, stdin=subprocess.PIPE, stderr=subprocess.PIPE, stdout=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 (a background shell ignores it)
    )  # fmt: skip
    with process:
        assert process.stdin is not None
        process.stdin.write(b"x")
        process.stdin.flush()
        while _unread(process.stdin.fileno()):  # earlier, Python itself would report the interrupt
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert (process.returncode, told) == (130, b"\neider: interrupted\n")


def _unread(pipe: int) -> int:
    """Bytes of a pipe that its reader has not taken."""
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0]


def test_a_fault_of_ours_is_told_as_such(shell: dict[str, str]) -> None:
    """Unexpected errors end with 70 and ask for -v; -v shows the way."""
    code = "import eider.model.config as c; c.read = lambda: 1 / 0\nfrom eider.cli import main; main()"
    plain = subprocess.run([sys.executable, "-c", code, "config", "show"], env=shell, capture_output=True, check=False)
    assert plain.returncode == 70
    assert b"run it again with -v" in plain.stderr
    assert b"Traceback" not in plain.stderr
    loud = subprocess.run(
        [sys.executable, "-c", code, "config", "show", "-v"], env=shell, capture_output=True, check=False
    )
    assert b"Traceback" in loud.stderr
    assert loud.returncode == 70


def test_colours_need_a_terminal_and_consent(shell: dict[str, str]) -> None:
    """On a terminal there are colours, unless NO_COLOR is set."""
    pty = pytest.importorskip("pty")
    run(shell, "remember", "Prefers snake_case.")
    assert b"\x1b[" in _on_terminal(pty, {**shell, "TERM": "xterm"})
    assert b"\x1b[" not in _on_terminal(pty, {**shell, "TERM": "xterm", "NO_COLOR": "1"})


def _on_terminal(pty: object, env: dict[str, str]) -> bytes:
    ours, theirs = pty.openpty()  # type: ignore[attr-defined]
    process = subprocess.Popen([*EIDER, "recall", "snake_case"], env=env, stdout=theirs, stderr=theirs, stdin=theirs)
    os.close(theirs)
    told = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # Linux says so when the other end is closed
            break
        if not part:
            break
        told += part
    process.wait(timeout=60)
    os.close(ours)
    return told

"""The command hook: a bare interpreter that tells the server, and never keeps the client waiting or says something odd."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from homes import Home, until
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eider.client import briefing_cache
from eider.client.client import socket_path
from eider_claude_hooks import hook
from eider_claude_hooks.hook import briefing_name

HOOK = Path(hook.__file__)
HANGS = 60.0
"""Seconds after which a hook that should have given up is killed, and the test with it."""


def run(home: object, said: bytes | dict[str, Any], *, script: Path = HOOK, **environment: str) -> str:
    """What the client would read; the hook always ends well and complains to nobody."""
    data = said if isinstance(said, bytes) else json.dumps(said).encode()
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "EIDER_HOME": str(home), **environment}
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(script)], input=data, env=env, capture_output=True, check=False, timeout=HANGS
    )
    assert (done.returncode, done.stderr) == (0, b"")
    out = done.stdout.decode()
    assert len(out) < 10_000
    return out


def event(name: str, **more: Any) -> dict[str, Any]:
    return {"hook_event_name": name, "session_id": "one", "cwd": "/somewhere", "transcript_path": "", **more}


def remembered(home: Path, text: str = "Eider: always use tabs.") -> None:
    """A briefing of an earlier session."""
    place = Path(briefing_cache.cache_folder(str(home), "claude-code"))
    place.mkdir(parents=True)
    (place / briefing_name("/somewhere")).write_text(json.dumps({"text": text}))


@contextmanager
def listening(home: Path, answer: bytes) -> Iterator[None]:
    """Somebody on the server's socket who answers this to everybody; nothing is silence."""
    path = socket_path(str(home))
    Path(path).parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(path)
        sock.listen()
        lines: list[socket.socket] = []

        def serve() -> None:
            try:
                while True:
                    line, _ = sock.accept()
                    lines.append(line)
                    if answer:
                        line.recv(65536)
                        line.sendall(answer)
            except OSError:
                return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield
        sock.shutdown(socket.SHUT_RDWR)
        for line in lines:
            line.close()


@pytest.fixture
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home without a server, at a path short enough for a socket."""
    import tempfile

    place = Path(tempfile.mkdtemp(prefix="eh-"))
    yield place
    shutil.rmtree(place)


EVENTS = (
    "UserPromptSubmit",
    "Stop",
    "SubagentStart",
    "SubagentStop",
    "PreToolUse",
    "PostToolUse",
    "PreCompact",
    "SessionEnd",
)


@pytest.mark.parametrize("name", EVENTS)
def test_without_a_server_nothing_is_said_and_nothing_is_started(bare: Path, name: str) -> None:
    assert run(bare, event(name, prompt="Hello", last_assistant_message="Hi")) == ""
    assert list(bare.iterdir()) == []


@pytest.mark.parametrize("answer", [
    b"", b"HTTP/1.1 200 OK\r\n", b"nonsense\r\n\r\n", b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 426 Old\r\nContent-Length: 2\r\n\r\n{}", b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nno json",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nContent-Length: 20014\r\n\r\n" + b'{"a":"' + b"x" * 20006 + b'"}',
    b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n[1, 2]", b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n",
])  # fmt: skip
def test_a_server_that_is_silent_broken_or_another_version_is_given_up(bare: Path, answer: bytes) -> None:
    """The turn goes on; what cannot be read by the client is not printed."""
    with listening(bare, answer):
        assert run(bare, event("UserPromptSubmit", prompt="Hello")) == ""


def test_at_a_cold_start_the_last_briefing_is_told_again(bare: Path) -> None:
    """Whoever listens is asleep; what was told last in this directory stands on disk."""
    remembered(bare)
    with listening(bare, b""):
        said = json.loads(run(bare, event("SessionStart", source="startup")))
    assert said == {
        "hookSpecificOutput": {"hookEventName": "SessionStart", "additionalContext": "Eider: always use tabs."}
    }


@pytest.mark.parametrize("content", ["", "{", "[]", '{"text": 7}', "{}", '{"text": "' + "x" * 20_000 + '"}'])
def test_a_broken_last_briefing_is_not_told(bare: Path, content: str) -> None:
    remembered(bare)
    next(bare.rglob("*.json")).write_text(content)
    with listening(bare, b""):
        assert run(bare, event("SessionStart", source="startup")) in {
            "",
            '{"hookSpecificOutput":{"hookEventName":"SessionStart","additionalContext":7}}',
        }


@pytest.mark.parametrize("said", [b"", b"{", b"[]", b"null", b"\xff", b'{"hook_event_name":', b"[" * 50_000])
def test_input_that_is_no_event_ends_quietly(bare: Path, said: bytes) -> None:
    assert run(bare, said) == ""


@settings(max_examples=settings().max_examples // 4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda b: st.lists(b, max_size=3) | st.dictionaries(st.text(), b, max_size=3)
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_any_input_ends_quietly(bare: Path, said: bytes) -> None:
    assert run(bare, said) == ""


def test_whoever_wants_no_memory_gets_none(bare: Path) -> None:
    """What Eider starts itself, or anybody who says so."""
    remembered(bare)
    assert run(bare, event("SessionStart", source="startup"), EIDER_HOOKS="off") == ""


def test_an_input_that_never_ends_is_given_up(bare: Path) -> None:
    """A client that keeps the pipe open does not keep the hook."""
    reading, writing = os.pipe()
    try:
        os.write(writing, b'{"hook_event_name":')
        done = subprocess.run([sys.executable, "-I", "-S", str(HOOK)], stdin=reading, capture_output=True, check=False, timeout=HANGS,
                              env={"EIDER_HOME": str(bare)})  # fmt: skip
    finally:
        os.close(reading)
        os.close(writing)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_home_that_is_a_file_or_cannot_be_written_stops_nobody(bare: Path) -> None:
    (bare / "file").write_text("")
    for home in (bare / "file", bare / "file" / "below", Path("/proc/nothing")):
        assert run(home, event("SessionStart", source="startup")) == ""
        assert run(home, event("Stop", last_assistant_message="Hi")) == ""


def test_trouble_is_one_line_in_the_log_without_a_word_of_what_was_said(bare: Path) -> None:
    """Only where there is a home with a log; the second within a minute is not written."""
    (bare / "log").mkdir()
    for _ in range(2):
        run(bare, event("UserPromptSubmit", prompt="the zeppelin"))
    (line,) = (bare / "log" / "hooks.jsonl").read_text().splitlines()
    assert json.loads(line)["kind"] == "ServerUnreachableError"
    assert "zeppelin" not in line
    assert (bare / "log" / "hooks.jsonl").stat().st_mode & 0o777 == 0o600


def test_it_imports_nothing_but_what_a_bare_interpreter_has(bare: Path) -> None:
    """Neither json nor re nor pathlib: each costs more than the call."""
    code = (
        f"import sys; m = {{'__name__': 'hook', '__file__': {str(HOOK)!r}}}; exec(open({str(HOOK)!r}).read(), m); m['main']();"
        "print(sorted({n.partition('.')[0] for n in sys.modules} & {'json', 're', 'pathlib', 'socket', 'asyncio', 'eider', 'logging'}))"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], input=json.dumps(event("Stop")).encode(),
                          env={"EIDER_HOME": str(bare)}, capture_output=True, check=False, timeout=HANGS)  # fmt: skip
    assert done.stdout.decode().strip() == "[]", done


@pytest.mark.slow
def test_the_start_of_a_session_starts_a_server_and_others_ask_it(home: Home, project: Path) -> None:
    """Over the socket, from anywhere a package may lie: a path with a space and a quote."""
    odd = project / 'it\'s a "path"'
    shutil.copytree(HOOK.parent.parent.parent / "core", odd / "core", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(HOOK.parent, odd / "claude_hooks" / "eider_claude_hooks")
    script = odd / "claude_hooks" / "eider_claude_hooks" / "hook.py"
    here = {"cwd": str(project)}
    run(home.path, event("SessionStart", source="startup") | here)
    until(home.servers, "the server")
    home.start()
    home.client(store=None, user=os.environ.get("USER") or "root")
    number = itertools.count()

    def told() -> str:
        name = f"s{next(number)}"
        return run(home.path, event("SessionStart", source="startup", session_id=name) | here, script=script)

    assert "skill eider" in until(told, "a briefing in time")
    asked = event("UserPromptSubmit", prompt="No, always indent with tabs in this project.", prompt_id="p1") | here
    assert run(home.path, asked, script=script) == ""
    # where the server was too busy for the first one, nobody waited for it, and no transcript holds it here
    until(lambda: "tabs" in run(home.path, asked, script=script) + told(), "the rule")
    assert run(home.path, event("Stop", last_assistant_message="Done.", prompt_id="p1") | here, script=script) == ""
    assert len(home.servers()) == 1

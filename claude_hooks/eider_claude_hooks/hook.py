"""The command hook of Claude Code and Codex: `python -I -S hook.py [HOST]`, the event on standard input, what the client reads on output.

Standard library only. Whatever happens it ends with 0, in time, and prints either one JSON object or nothing: a turn goes
on with or without memory. Where no server runs one is started, and what could not be delivered is noted: the note names
the transcript, which holds the words. A server that hangs is asked once; until it moves again hooks only leave notes.
"""

# pathlib costs more than the call:
# ruff: noqa: PTH100, PTH102, PTH105, PTH110, PTH112, PTH113, PTH116, PTH118, PTH120, PTH123
from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any, Final

SECONDS: Final = 0.135
"""A hook's own deadline; starting the interpreter takes the rest of 150 ms."""
START: Final = 0.375
"""The same at a session's start, where a server may have to be started: of 400 ms."""
REVIVE: Final = 0.03
"""Seconds that an event within a session spends on starting a server; it does not wait for its answer."""
MISSED_FILE: Final = "missed"
"""Directory of notes about sessions of which something was not delivered."""
HUNG_FILE: Final = "hooks.hung"
"""File in the run directory: a hook waited in vain. The server removes it every second, unless it hangs."""
_HUNG_SECONDS: Final = 60.0
"""After that one hook tries again."""
_BUSIEST: Final = 3.0
"""Factor by which deadlines grow at most on a machine with more to do than it has processors."""
_MAX_INPUT: Final = 32 * 1024 * 1024
_LIMIT: Final = 10_000
"""Characters of output that the client takes."""
_LOG_SECONDS: Final = 60.0
"""Seconds in which trouble is logged once."""
_LOG: Final = 256 * 1024
HOST: Final = "codex" if sys.argv[-1] == "codex" else "claude-code"
_HERE: Final = os.path.dirname(os.path.abspath(__file__))


def briefing_name(cwd: str) -> str:
    """File of the last briefing of a directory.

    >>> briefing_name("/home/ada")
    '2d93b1cf6462bf42.json'
    """
    mark = 0xCBF29CE484222325
    for byte in os.fsencode(cwd):  # FNV-1a: hashlib costs more than the call
        mark = ((mark ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{mark:016x}.json"


def main() -> int:
    """Answer one event; always return 0."""
    began = time.monotonic()
    if os.environ.get("EIDER_HOOKS", "").strip().lower() == "off":
        return 0
    factor = _timeout_factor()
    _set_alarm(SECONDS * factor, _exit_on_alarm)
    try:
        _ask_server(began, factor)
    except BaseException as error:  # noqa: BLE001 (the client would show it to somebody who did not ask)
        _log(type(error).__name__)
    return 0


def _timeout_factor() -> float:
    """Return the factor for all timeouts: the setting 'hook_patience', or more where the machine is that busy."""
    try:
        patience = min(20.0, max(1.0, float(os.environ.get("EIDER_HOOK_PATIENCE") or 1)))
    except ValueError:
        patience = 1.0
    try:
        return max(patience, min(_BUSIEST, os.getloadavg()[0] / (os.cpu_count() or 1)))
    except (OSError, AttributeError):
        return patience


def _ask_server(began: float, factor: float) -> None:
    client = _load_client()
    parts: list[bytes] = []
    size = 0
    while size <= _MAX_INPUT and (part := os.read(0, 1 << 16)):
        parts.append(part)
        size += len(part)
    event = client.loads(b"".join(parts).decode("utf-8", "replace"))
    if not isinstance(event, dict):
        return
    event["eider_at"] = time.time() - (time.monotonic() - began)
    event["eider_window"] = os.environ.get("CLAUDE_PID")
    home, starting = client.home(), event.get("hook_event_name") == "SessionStart"
    until = began + (START if starting else SECONDS) * factor
    spawns = starting or (
        event.get("hook_event_name") != "SessionEnd" and os.path.isdir(os.path.join(home, "hooks", HOST))
    )
    cold = until - time.monotonic() if starting else REVIVE * factor
    asking = client.Client(spool=False, spawn=spawns, cold=max(0.01, cold), channel="hook")

    def give_up() -> None:
        _set_alarm(0.0, _exit_on_alarm)
        if asking.connected:
            _note_hanging(home)
        _answer_without_server(client, event)

    _set_alarm(max(0.01, until - time.monotonic()), lambda *_: (give_up(), _exit_on_alarm()))
    if _hangs(home):
        give_up()
        return
    try:
        found = asking.ask("POST", f"/v1/hooks/{HOST}", event, until=until - 0.02)
    except client.ClientError as error:
        asking.connected = asking.connected and error.kind == "ServerUnreachableError"
        give_up()
        _log(error.kind)
        return
    _set_alarm(0.0, _exit_on_alarm)
    if isinstance(found, dict) and found:
        _print_utf8(client.dumps(found))


def _hangs(home: str) -> bool:
    """Return whether a hook waited in vain lately and the server is still there; once a minute the answer is no."""
    path = os.path.join(home, "run", HUNG_FILE)
    try:
        written = os.stat(path).st_mtime
        if not _is_lock_held(home):
            return False
        if time.time() - written < _HUNG_SECONDS:
            return True
        os.utime(path)  # this hook tries, those after it do not
    except (OSError, ImportError):
        return False
    return False


def _is_lock_held(home: str) -> bool:
    """Return whether a server has the home's lock; the number of a process says less, for it may be a zombie's."""
    import fcntl

    lock = os.open(os.path.join(home, "run", "owner.lock"), os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False


def _note_hanging(home: str) -> None:
    try:
        os.close(os.open(os.path.join(home, "run", HUNG_FILE), os.O_WRONLY | os.O_CREAT, 0o600))
    except OSError:
        return


def _load_client() -> Any:
    """Import Eider's client by path, as `-I -S` leaves the path empty."""
    beside = os.path.dirname(_HERE)
    for root in (beside, os.path.join(os.path.dirname(beside), "core")):
        folder = os.path.join(root, "eider", "client")
        if os.path.isfile(os.path.join(folder, "client.py")):
            sys.path.insert(0, folder)
            try:
                import client  # type: ignore[import-not-found]
            finally:
                sys.path.remove(folder)
            return client
    raise ImportError("eider.client.client")


def _answer_without_server(client: Any, event: dict[str, Any]) -> None:
    """Print the last briefing where a session starts, and note the transcript for the next server to read."""
    if event.get("hook_event_name") == "SessionStart":
        _print_last_briefing(client, event)
    try:
        folder = client.home()
        if not os.path.isdir(folder):
            return
        for part in ("hooks", HOST, MISSED_FILE):
            folder = os.path.join(folder, part)
            if not os.path.isdir(folder):
                if event.get("hook_event_name") != "SessionStart" and part != MISSED_FILE:
                    return  # no session was ever heard here
                os.mkdir(folder, 0o700)
        id_ = "".join(c for c in str(event.get("session_id")) if c.isalnum() or c in "-_")[:64]
        path = os.path.join(folder, id_ + ".json")
        silent = _may_not_learn(str(event.get("cwd")))
        if os.path.exists(path) and not silent:
            return
        note = {name: event.get(name) for name in ("session_id", "transcript_path", "cwd", "eider_at")}
        if silent:
            note["silent_turn"] = event.get("prompt_id") or event.get("turn_id")
            note["silent_until"] = time.time()
        file = os.open(f"{path}.{os.getpid()}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(file, client.dumps(note).encode())
        finally:
            os.close(file)
        os.replace(f"{path}.{os.getpid()}", path)
    except (OSError, client.ClientError):
        return


def _may_not_learn(cwd: str) -> bool:
    """Return whether the project's `.eider.toml` forbids learning now; the server may read it when it is gone."""
    folders = [cwd]
    while not os.path.exists(os.path.join(folders[-1], ".git")):
        parent = os.path.dirname(folders[-1])
        if parent == folders[-1]:
            del folders[1:]
            break
        folders.append(parent)
    for folder in folders:
        try:
            with open(os.path.join(folder, ".eider.toml"), "rb") as file:
                import tomllib

                said = tomllib.load(file)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError):
            return True
        return said.get("enabled", True) is not True or said.get("learn", True) is not True
    return False


def _print_last_briefing(client: Any, event: dict[str, Any]) -> None:
    """Print the last briefing of this directory."""
    try:
        cwd = event.get("cwd")
        path = os.path.join(client.home(), "hooks", HOST, "briefings", briefing_name(str(cwd)))
        with open(path, encoding="utf-8") as file:
            text = client.loads(file.read())["text"]
        said = {"hookEventName": "SessionStart", "additionalContext": text}
        _print_utf8(client.dumps({"hookSpecificOutput": said}))
    except (OSError, ValueError, KeyError, TypeError):
        return


def _print_utf8(text: str) -> None:
    data = text.encode()
    if len(text) < _LIMIT:
        while data:
            data = data[os.write(1, data) :]


def _set_alarm(seconds: float, then: Any) -> None:
    """Set a timer; 0 cancels it."""
    try:
        import signal

        signal.signal(signal.SIGALRM, then)
        signal.setitimer(signal.ITIMER_REAL, seconds)
    except (ImportError, AttributeError, ValueError, OSError):
        return  # a system without timers: the client's own deadline remains


def _exit_on_alarm(number: int = 0, frame: FrameType | None = None) -> None:
    del number, frame
    try:
        _log("late")
    finally:
        os._exit(0)


def _log(kind: str) -> None:
    """Log one line without content, at most once a minute."""
    try:
        home = _load_client().home()
        path = os.path.join(home, "log", "hooks.jsonl")
        if not os.path.isdir(os.path.dirname(path)):
            return
        if os.path.exists(path) and (
            time.time() - os.stat(path).st_mtime < _LOG_SECONDS or os.stat(path).st_size > _LOG
        ):
            return
        line = f'{{"at":{time.time():.3f},"kind":"{kind}"}}\n'
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(file, line.encode())
        finally:
            os.close(file)
    except (OSError, ImportError):
        return


if __name__ == "__main__":
    os._exit(main())  # nothing is buffered, and nothing is worth waiting for

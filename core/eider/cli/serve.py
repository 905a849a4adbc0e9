"""The server process: `serve`, `stop`, `status`."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any, Final

import click

from eider.cli.command import command, pass_state
from eider.cli.formatting import STATUS_KEYS, print_status
from eider.cli.output import print_json, print_line
from eider.cli.state import State
from eider.model.errors import EiderError, ServerRunningError, ServerUnreachableError

_SERVE_KEYS: Final = ("pid", "version", "home", "socket", "port")
_TIMEOUT: Final = 30.0
"""Seconds for a server to start or to end; its last requests have 15 s."""
_POLL_SECONDS: Final = 0.02


def _parse_idle(_: click.Context, __: click.Parameter, given: str | None) -> float | None:
    """Seconds, or None for never."""
    if given is None or given == "never":
        return None
    try:
        seconds = float(given)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise click.BadParameter(f"{given!r} is neither a number of seconds nor 'never'.")
    return seconds


@command(
    "serve",
    answer=_SERVE_KEYS,
    examples=("eider serve --foreground --port 8765 --name memory.lan", "eider serve -- ./entrypoint.sh"),
)
@click.option("--ensure", is_flag=True, help="Fine if one runs already: returns when a server answers.")
@click.option("--foreground", is_flag=True, help="Serve in this process, as supervisors and containers want it.")
@click.option("--host", metavar="ADDRESS", help="Address to listen at; by default 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen at; by default a free one.")
@click.option("--name", "names", multiple=True, metavar="HOST", help="A further host name it answers to; repeatable.")
@click.option("--idle", metavar="SECONDS|never", callback=_parse_idle, help="End after that long without a request.")
@click.argument("program", metavar="[-- COMMAND...]", nargs=-1, type=click.UNPROCESSED)
@pass_state
def serve(
    state: State, ensure: bool, foreground: bool, host: str | None, port: int | None, names: tuple[str, ...],
    idle: float | None, program: tuple[str, ...],
) -> None:  # fmt: skip
    """Start the server process that holds the stores for all others.

    Whoever needs it starts it anyway; this is for doing so beforehand. With --foreground it runs here
    until SIGTERM or Ctrl-C, and for ever unless --idle says otherwise. With a COMMAND it is there as
    long as that runs: the first process of a container, which hands signals on and ends as COMMAND does.
    """
    if program:
        if ensure or foreground or host or port is not None or names or idle is not None:
            raise click.UsageError("a COMMAND goes with no other option of serve; leave them out.")
        from eider.client.client import home
        from eider.service import container_child

        raise click.exceptions.Exit(container_child.run(home(), program))
    if foreground:
        if ensure:
            raise click.UsageError("--ensure and --foreground exclude each other; give one.")
        _serve_in_foreground(state, host or "127.0.0.1", port or 0, names, idle)
        return
    if host or port is not None or names or idle is not None:
        raise click.UsageError("--host, --port, --name and --idle go with --foreground.")
    _serve_in_background(state, fine=ensure)


def _serve_in_background(state: State, *, fine: bool) -> None:
    from eider.client.client import Client, home, server_notes

    place = home()
    client = Client(home_folder=place, spool=False, timeout=_TIMEOUT)
    if not fine and client.is_running():
        client.close()
        raise ServerRunningError(place, server_notes(place).get("pid"))
    _get(client, "/v1/server/status")
    client.close()
    _print_listening(state, place)


def _serve_in_foreground(state: State, host: str, port: int, names: tuple[str, ...], idle: float | None) -> None:
    from eider.client.client import home

    if os.getpid() == 1:
        from eider.service.pid1 import run_as_pid1

        run_as_pid1()
    from eider.service.memory_tuning import limit_math_threads

    limit_math_threads()
    from eider.service.run import ServerOptions, run, take_lock

    place = home()
    lock = take_lock(place)
    terms = ServerOptions(home=place, idle=idle, host=host, port=port, names=names, foreground=True)
    threading.Thread(target=_announce_when_listening, args=(state, place), name="eider-announce", daemon=True).start()
    run(terms, lock)


def _announce_when_listening(state: State, place: str) -> None:
    """Wait until the server listens, then print its address."""
    from eider.client.client import server_notes

    while server_notes(place).get("pid") != os.getpid():
        time.sleep(_POLL_SECONDS)
    _print_listening(state, place)


def _print_listening(state: State, place: str) -> None:
    from eider.client.client import server_notes, socket_path

    noted = server_notes(place)
    if state.json:
        print_json({"pid": noted.get("pid"), "version": noted.get("version"), "home": place,
                   "socket": socket_path(place), "port": noted.get("port")})  # fmt: skip
    else:
        print_line(f"serving {place} at {socket_path(place)} and port {noted.get('port')} (process {noted.get('pid')})")


@command("stop", answer=("stopped", "pid"), examples=("eider stop", "eider stop --json"))
@pass_state
def stop(state: State) -> None:
    """End the server process.

    What is under way is answered first, and the next call by name starts another. That none runs is fine.
    """
    from eider.client.client import home
    from eider.service import run as serving

    place = home()
    pid = serving.listening_process(place)
    started = is_locked(place)
    ended = not started or serving.stop(place, _TIMEOUT)
    if not ended and serving.listening_process(place) in (pid, None):
        who = f"process {pid}" if pid else "whoever holds its lock, perhaps in another container,"
        raise ServerUnreachableError(f"{who} did not end within {_TIMEOUT:.0f} s; look with eider doctor.")
    if state.json:
        print_json({"stopped": started, "pid": pid})
    elif not started:
        print_line("no server runs")
    else:
        again = "" if ended else "; somebody has started another since"
        print_line(f"stopped{f' (process {pid})' if pid else ''}{again}")


def is_locked(place: str) -> bool:
    """Return whether a server holds the lock of a home; creates nothing."""
    from eider.service import run as serving

    if not Path(place, "run", "owner.lock").exists():
        return False
    try:
        os.close(serving.take_lock(place))
    except ServerRunningError:
        return True
    except EiderError:  # a home that nothing can be written to
        return False
    return False


@command("status", answer=STATUS_KEYS, examples=("eider status", "eider status --json"))
@pass_state
def status(state: State) -> None:
    """Show the server process: who it is, what it holds and does.

    Exits with 4 when one holds the stores and does not answer.
    """
    found = _status_fields()
    if state.json:
        print_json({key: found.get(key) for key in STATUS_KEYS})
    else:
        print_status(found)


def _status_fields() -> dict[str, Any]:
    from eider.client import pauses, spool
    from eider.client.client import Client, home
    from eider.service.trouble import full_disk

    place = home()
    client = Client(home_folder=place, spawn=False, spool=False, timeout=5.0)
    try:
        if client.is_running():
            return {"running": True, **_get(client, "/v1/server/status")}
    finally:
        client.close()
    if is_locked(place):
        raise ServerUnreachableError(
            f"the server of {place!r} holds its lock and does not answer; look with eider doctor."
        )
    return {"running": False, "home": place, "stores": [], "spool_bytes": spool.waiting_bytes(place),
            "paused": pauses.read(place), "trouble": full_disk(Path(place))}  # fmt: skip


def _get(client: Any, path: str) -> dict[str, Any]:
    from eider.api.wire import decode_error
    from eider.client.client import ClientError

    try:
        return client.ask("GET", path)
    except ClientError as error:
        raise decode_error(error.kind, error.message, error.fields) from None


COMMANDS: Final = {"serve": serve, "stop": stop, "status": status}

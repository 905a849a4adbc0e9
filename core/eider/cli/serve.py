"""The owner process: `serve`, `stop`, `status`."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any, Final

import click

from eider.cli.command import State, command, pass_state
from eider.cli.formatting import STANDING, standing
from eider.cli.output import json_line, say
from eider.model.errors import EiderError, OwnerRunningError, OwnerUnreachableError

_SERVED: Final = ("pid", "version", "home", "socket", "port")
_PATIENCE: Final = 30.0
"""Seconds for an owner to start or to end; its last requests have 15 s."""
_LOOK: Final = 0.02


def _idle(_: click.Context, __: click.Parameter, given: str | None) -> float | None:
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
    answer=_SERVED,
    examples=("eider serve --foreground --port 8765 --name memory.lan", "eider serve -- ./entrypoint.sh"),
)
@click.option("--ensure", is_flag=True, help="Fine if one runs already: returns when an owner answers.")
@click.option("--foreground", is_flag=True, help="Serve in this process, as supervisors and containers want it.")
@click.option("--host", metavar="ADDRESS", help="Address to listen at; by default 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen at; by default a free one.")
@click.option("--name", "names", multiple=True, metavar="HOST", help="A further host name it answers to; repeatable.")
@click.option("--idle", metavar="SECONDS|never", callback=_idle, help="End after that long without a request.")
@click.argument("program", metavar="[-- COMMAND...]", nargs=-1, type=click.UNPROCESSED)
@pass_state
def serve(
    state: State, ensure: bool, foreground: bool, host: str | None, port: int | None, names: tuple[str, ...],
    idle: float | None, program: tuple[str, ...],
) -> None:  # fmt: skip
    """Start the process that holds the stores for all others.

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
        _serve_here(state, host or "127.0.0.1", port or 0, names, idle)
        return
    if host or port is not None or names or idle is not None:
        raise click.UsageError("--host, --port, --name and --idle go with --foreground.")
    _serve_behind(state, fine=ensure)


def _serve_behind(state: State, *, fine: bool) -> None:
    from eider.client.client import Client, home, notes

    place = home()
    client = Client(home_folder=place, spool=False, timeout=_PATIENCE)
    if not fine and client.running():
        client.close()
        raise OwnerRunningError(place, notes(place).get("pid"))
    _asked(client, "/v1/owner/status")
    client.close()
    _tell(state, place)


def _serve_here(state: State, host: str, port: int, names: tuple[str, ...], idle: float | None) -> None:
    from eider.client.client import home

    if os.getpid() == 1:
        from eider.service.pid1 import stand_in

        stand_in()
    from eider.service.memory_tuning import one_thread

    one_thread()
    from eider.service.run import Terms, run, take_lock

    place = home()
    lock = take_lock(place)
    terms = Terms(home=place, idle=idle, host=host, port=port, names=names, foreground=True)
    threading.Thread(target=_announce, args=(state, place), name="eider-announce", daemon=True).start()
    run(terms, lock)


def _announce(state: State, place: str) -> None:
    """Say where it listens once it does; the notes are written last."""
    from eider.client.client import notes

    while notes(place).get("pid") != os.getpid():
        time.sleep(_LOOK)
    _tell(state, place)


def _tell(state: State, place: str) -> None:
    from eider.client.client import notes, socket_path

    noted = notes(place)
    if state.json:
        json_line({"pid": noted.get("pid"), "version": noted.get("version"), "home": place,
                   "socket": socket_path(place), "port": noted.get("port")})  # fmt: skip
    else:
        say(f"serving {place} at {socket_path(place)} and port {noted.get('port')} (process {noted.get('pid')})")


@command("stop", answer=("stopped", "pid"), examples=("eider stop", "eider stop --json"))
@pass_state
def stop(state: State) -> None:
    """End the owner process.

    What is under way is answered first, and the next call by name starts another. That none runs is fine.
    """
    from eider.client.client import home
    from eider.service import run as serving

    place = home()
    pid = serving.listener(place)
    started = is_held(place)
    ended = not started or serving.stop(place, _PATIENCE)
    if not ended and serving.listener(place) in (pid, None):
        who = f"process {pid}" if pid else "whoever holds its lock, perhaps in another container,"
        raise OwnerUnreachableError(f"{who} did not end within {_PATIENCE:.0f} s; look with eider doctor.")
    if state.json:
        json_line({"stopped": started, "pid": pid})
    elif not started:
        say("no owner runs")
    else:
        again = "" if ended else "; somebody has started another since"
        say(f"stopped{f' (process {pid})' if pid else ''}{again}")


def is_held(place: str) -> bool:
    """Whether somebody holds the owner's lock of a home; makes nothing."""
    from eider.service import run as serving

    if not Path(place, "run", "owner.lock").exists():
        return False
    try:
        os.close(serving.take_lock(place))
    except OwnerRunningError:
        return True
    except EiderError:  # a home that nothing can be written to
        return False
    return False


@command("status", answer=STANDING, examples=("eider status", "eider status --json"))
@pass_state
def status(state: State) -> None:
    """Show the owner process: who it is, what it holds and does.

    Exits with 4 when one holds the stores and does not answer.
    """
    found = _standing()
    if state.json:
        json_line({key: found.get(key) for key in STANDING})
    else:
        standing(found)


def _standing() -> dict[str, Any]:
    from eider.client import pauses, spool
    from eider.client.client import Client, home

    place = home()
    client = Client(home_folder=place, spawn=False, spool=False, timeout=5.0)
    try:
        if client.running():
            return {"running": True, **_asked(client, "/v1/owner/status")}
    finally:
        client.close()
    if is_held(place):
        raise OwnerUnreachableError(
            f"the owner of {place!r} holds its lock and does not answer; look with eider doctor."
        )
    return {"running": False, "home": place, "stores": [], "spool_bytes": spool.waiting(place),
            "paused": pauses.read(place)}  # fmt: skip


def _asked(client: Any, path: str) -> dict[str, Any]:
    from eider.api.wire import decode_error
    from eider.client.client import ClientError

    try:
        return client.ask("GET", path)
    except ClientError as error:
        raise decode_error(error.kind, error.message, error.fields) from None


COMMANDS: Final = {"serve": serve, "stop": stop, "status": status}

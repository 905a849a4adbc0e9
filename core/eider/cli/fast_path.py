"""Answers the most used commands through the server without importing click.

`run` reads the arguments by hand, asks the server, and prints what the command would have printed, byte for byte.
Whatever is not plain (an option it does not know, stdin, a path, a value that may be wrong, a missing store) it leaves
to the command, untouched: there is one place that explains mistakes.
"""

from __future__ import annotations

import os
import sys

from eider.cli import formatting
from eider.cli.fast_args import MAX_NAME, ORIGINS, VERBS, parse
from eider.cli.output import announce_start, print_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Final

    from eider.client.client import Client, ClientError

_USES_TIME_ZONE: Final = ("recall", "search", "record")
_WRITES: Final = ("record", "remember")
_STORE_NAME: Final = 64
_ZONE_FOLDERS: Final = ("/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo")
"""Where Python looks for time zones by default."""


class JsonView(dict):  # pyright: ignore[reportMissingTypeArgument] (a JSON object)
    """A dict with attribute access."""

    def __getattr__(self, name: str) -> Any:
        try:
            found = self[name]
        except KeyError:
            raise AttributeError(name) from None
        return JsonView(found) if isinstance(found, dict) else found


def run(args: Sequence[str]) -> int | None:
    """Run a command and return its exit code; None if click has to run it, with nothing done."""
    try:
        if list(args) in (["--version"], ["-V"]):
            from eider import __version__

            return _print_and_exit_code(lambda: print(f"eider {__version__}"))
        if sorted(args) in (["status"], ["--json", "status"]):
            return _show_status(as_json="--json" in args)
        read = parse(args)
        if read is None:
            return None
        verb, said, words = read
        brief, as_json = bool(said.pop("brief", False)), bool(said.pop("json", False))
        place = client_arguments(verb, said)
        if place is None:
            return None
        return _call_server(verb, {VERBS[verb][0]: words, **said}, place, as_json=as_json, brief=brief)
    except Exception as error:  # noqa: BLE001 (every ending gets its code)
        from eider.cli.app import report_error

        return report_error(error, verbose=False, as_json="--json" in args)


# ---------------------------------------------------------------------- where, whose, from when


def client_arguments(verb: str, said: dict[str, Any]) -> dict[str, Any] | None:
    """Return the client's arguments, moving them out of `said` and adding the time zone; None if click has to decide."""
    from eider.client.client import home

    root = home()
    named = os.environ.get("EIDER_HOME")
    settings = _read_settings(root)
    if settings is None or (named and root != named):  # spelled in another way: the command decides what is meant
        return None

    def setting(name: str) -> str | None:
        return os.environ.get(f"EIDER_{name.upper()}") or settings.get(name)

    store = said.pop("store", None) or setting("store") or "default"
    max_trust = _max_trust(as_agent=bool(said.pop("as_agent", False)))
    if setting("server") == "off" or max_trust is None or not _is_store_name(store):
        return None
    folder = os.path.join(root, "stores", f"{store}.eider")
    if verb not in _WRITES and not _has_files(folder):
        return None
    user = said.pop("user", None) or setting("user") or _login_name()
    agent = setting("agent") or "default"
    if verb in _USES_TIME_ZONE:
        said["tz"] = said.get("tz") or setting("tz") or _local_zone()
        if said["tz"] is None:
            return None
    if not all(0 < len(name) <= MAX_NAME and name.isprintable() and name.strip() for name in (user, agent)):
        return None
    return {"store": folder, "user": user, "agent": agent, "max_trust": max_trust, "home_folder": root}


def _read_settings(root: str) -> dict[str, str] | None:
    """Read the settings file; return None if it is not a flat object of texts."""
    from eider.client.client import loads

    try:
        with open(os.path.join(root, "config.json"), encoding="utf-8") as file:
            found = loads(file.read())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, StopIteration):
        return None
    whole = isinstance(found, dict) and all(isinstance(value, str) for value in found.values())
    return found if whole else None


def _max_trust(*, as_agent: bool) -> str | None:
    """Return the highest origin that writes may claim; None for an unknown EIDER_ORIGIN."""
    said = os.environ.get("EIDER_ORIGIN") or "user"
    if said not in ORIGINS:
        return None
    return "agent" if as_agent and said == "user" else said


def _is_store_name(store: str) -> bool:
    """Return whether it is the plain name of a shared store, not a path or address.

    >>> _is_store_name("assistant"), _is_store_name("../etc"), _is_store_name("notes.eider")
    (True, False, False)
    """
    letters = store.replace(".", "").replace("_", "").replace("-", "")
    plain = letters.isascii() and letters.isalnum() and store[0].isalnum()
    return plain and len(store) <= _STORE_NAME and ".." not in store and not store.endswith(".eider")


def _has_files(folder: str) -> bool:
    """Return whether a directory exists and is not empty."""
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is not None
    except OSError:
        return False


def _login_name() -> str:
    """Return the login name as `getpass` finds it."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        if found := os.environ.get(name):
            return found
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        return ""  # the command knows more ways


def _local_zone() -> str | None:
    """Return the machine's time zone as `local_zone` does; None where that would need more imports."""
    try:
        link = os.readlink("/etc/localtime").partition("zoneinfo/")[2]
    except OSError:
        link = ""
    named = os.environ.get("TZ", "").lstrip(":") or link
    if not named:
        import time

        return None if time.localtime().tm_gmtoff else "UTC"
    if named in ("UTC", "Z"):
        return named
    letters = named.replace("/", "").replace("_", "").replace("-", "").replace("+", "")
    if not (letters.isascii() and letters.isalnum()) or named[0] == "/" or "PYTHONTZPATH" in os.environ:
        return None
    return named if any(os.path.isfile(f"{folder}/{named}") for folder in _ZONE_FOLDERS) else None


# ---------------------------------------------------------------------- asking and printing


def _call_server(
    verb: str, request: Mapping[str, Any], place: Mapping[str, Any], *, as_json: bool, brief: bool
) -> int | None:
    """Call the server and print its answer."""
    from eider.client.client import Client, ClientError

    client: Client = Client(channel="cli", **place)
    announce_start(place["home_folder"])
    try:
        found = client.call(verb, request)
    except ClientError as error:
        # a home that cannot be written: the command reads it in its own process
        # and times in words are read by the command
        words = error.kind == "InputError" and verb in ("recall", "search")
        return None if words or error.kind == "ReadOnlyStoreError" else _report_refusal(error, as_json=as_json)
    except KeyboardInterrupt:
        from eider.cli.exit_codes import report_interrupt

        return report_interrupt()
    finally:
        client.close()
    if found.get("status") == "queued":
        from eider.cli.exit_codes import report_queued

        return _print_and_exit_code(lambda: report_queued([found["key"]], as_json=as_json))
    if (verb == "recall" and not found["value"]) or (verb == "search" and not found["value"]["total"]):
        return None  # the command says whether there is no such user or scope
    lean = place["max_trust"] != "user"
    return _print_and_exit_code(lambda: _print_answer(verb, found["value"], as_json=as_json, brief=brief, lean=lean))


def _show_status(*, as_json: bool) -> int | None:
    """Show the running server; return None if none answers."""
    from eider.client.client import Client, ClientError

    client = Client(spawn=False, spool=False, timeout=5.0)
    try:
        if not client.is_running():
            return None
        found: dict[str, Any] = {"running": True, **client.ask("GET", "/v1/server/status")}
    except ClientError:
        return None
    finally:
        client.close()
    known = {key: found.get(key) for key in formatting.STATUS_KEYS}
    return _print_and_exit_code(lambda: print_json(known) if as_json else formatting.print_status(found))


def _print_answer(verb: str, value: Any, *, as_json: bool, brief: bool, lean: bool) -> None:
    items = value["items"] if verb == "search" else value if verb == "recall" else [value]
    if as_json:
        for item in items:
            print_json(item)
        return
    seen = [JsonView(item) for item in items]
    if lean and not brief and verb in ("recall", "search"):
        formatting.print_for_agents(seen)
    elif verb == "recall":
        formatting.print_recall(seen, brief=brief)
    elif verb == "search":
        formatting.print_page(seen, value["offset"], value["total"])
    elif verb == "inject":
        formatting.print_injection(seen[0])
    else:
        formatting.print_stored(seen)


def _print_and_exit_code(printing: Callable[[], None]) -> int:
    """Print and return the exit code; handles a closed pipe and Ctrl-C."""
    from eider.cli import exit_codes

    try:
        printing()
        sys.stdout.flush()
    except BrokenPipeError:
        return exit_codes.close_stdout()
    except KeyboardInterrupt:
        return exit_codes.report_interrupt()
    return 0


def _report_refusal(error: ClientError, *, as_json: bool) -> int:
    """Print the server's error and return the exit code that an embedded store would give."""
    from eider.api.wire import decode_error
    from eider.cli.app import report_error

    return report_error(decode_error(error.kind, error.message, error.fields), verbose=False, as_json=as_json)

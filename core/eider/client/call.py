"""`python -I -S …/service/call.py VERB '{"query": "…"}' [--timeout SECONDS] [--max-trust ORIGIN] [--quiet]`.

One call, its answer as JSON on one line. What enters is an agent's unless --max-trust says that a person spoke.
`--quiet` is for hooks: it waits two seconds at most, less for a server that has yet to start, and whatever fails prints
nothing and ends with 0. Imports `client` from its own directory, so that the byte code of it is kept.
"""

from __future__ import annotations

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from client import START_SECONDS, Client, ClientError, dumps, home, loads  # type: ignore[import-not-found]

del sys.path[0]


def main(given: list[str]) -> int:
    """Run one call; return 0 if answered (or quiet), 1 if refused or unanswered, 2 if not understood."""
    quiet = "--quiet" in given
    try:
        words = [word for word in given if word != "--quiet"]
        timeout = float(_option(words, "--timeout", "2" if quiet else "30"))
        max_trust = _option(words, "--max-trust", "agent")
        verb, request = words[0], dict(loads(words[1]) if words[1:] else {})
        cold = START_SECONDS if quiet else None
        store, agent = os.environ.get("EIDER_STORE") or None, os.environ.get("EIDER_AGENT") or None
        client = Client(
            user=_user_name(), store=store, agent=agent, channel="call", max_trust=max_trust, timeout=timeout, cold=cold
        )
        answer = dumps(client.call(verb, request)) + "\n"
        os.write(1, answer.encode())
    except ClientError as error:
        return 0 if quiet else _print_and_return(f"{error.kind}: {error.message}", 1)
    except (IndexError, ValueError, TypeError) as error:
        why = f"not understood: {error}.\n\n" if isinstance(error, ValueError) else ""
        return 0 if quiet else _print_and_return(f"{why}{__doc__}", 2)
    except Exception:
        if not quiet:
            raise
    return 0


def _option(words: list[str], name: str, default: str) -> str:
    if name not in words:
        return default
    at = words.index(name)
    return words.pop(at) and words.pop(at)


def _user_name() -> str:
    """Return the configured user, else the login name."""
    for name in ("EIDER_USER", "LOGNAME", "USER", "LNAME", "USERNAME"):
        if name == "LOGNAME" and (found := _read_settings()):
            return found
        if found := os.environ.get(name):
            return found
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        return f"uid-{os.getuid()}"


def _read_settings() -> str:
    try:
        with open(os.path.join(home(), "config.json"), encoding="utf-8") as file:
            return str(loads(file.read()).get("user") or "")
    except (OSError, ValueError, AttributeError):
        return ""


def _print_and_return(text: str, code: int) -> int:
    sys.stderr.write(f"{text}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

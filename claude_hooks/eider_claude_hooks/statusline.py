"""A line for Claude Code's status bar: `python -I -S statusline.py`, the session on standard input.

Says that memory is on, and what it gave this session. Standard library only; whatever happens it ends with 0.
"""

# pathlib costs more than the rest:
# ruff: noqa: PTH100, PTH111, PTH112, PTH118, PTH123
from __future__ import annotations

import json
import os
import sys

_UNITS = (("recalled", "line", "lines"), ("injected_tokens", "token", "tokens"), ("learned", "learned", "learned"))


def line(home: str, session: str) -> str:
    """Return the line for one session.

    Args:
        home: `EIDER_HOME`.
        session: The client's id of it.
    """
    if os.environ.get("EIDER_HOOKS", "").strip().lower() == "off":
        return "eider: off"
    if not os.path.isdir(os.path.join(home, "hooks", "claude-code")):
        return "eider: not installed"
    name = "".join(c for c in session if c.isalnum() or c in "-_")
    try:
        with open(os.path.join(home, "hooks", "claude-code", "sessions", f"{name}.json"), encoding="utf-8") as file:
            kept = json.load(file)
        figures = [(int(kept[field]), one, more) for field, one, more in _UNITS]
    except (OSError, ValueError, KeyError, TypeError):
        return "eider: on"
    said = [f"{count:,} {one if count == 1 else more}" for count, one, more in figures if count]
    return f"eider: {', '.join(said)}" if said else "eider: on"


def _home() -> str:
    if named := os.environ.get("EIDER_HOME"):
        return os.path.abspath(os.path.expanduser(named))
    if sys.platform == "darwin":
        return os.path.expanduser("~/Library/Application Support/eider")
    return os.path.join(os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share"), "eider")


def main() -> int:
    """Print the line; always return 0."""
    try:
        said = json.loads(sys.stdin.read())
        print(line(_home(), str(said.get("session_id"))))  # noqa: T201 (the client reads it)
    except Exception:  # noqa: BLE001 (a status bar is no place for a traceback)
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())

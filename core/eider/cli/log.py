"""The `log` command: shows the server's log."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from eider.cli.command import command, pass_state
from eider.cli.output import print_indented, print_json, print_line, utc_text
from eider.cli.state import State
from eider.model import config

_KEYS: Final = ("at", "route", "status", "ms", "store", "user", "client", "kind", "where", "message", "trace")
_BLOCK: Final = 64 * 1024
_POLL_SECONDS: Final = 0.2
_DAMAGED: Final = 20
"""Lines read beyond those asked for: some may be damaged."""
_FAILED: Final = 500
"""HTTP: from here on it is the server's fault."""


@command("log", answer=_KEYS, examples=("eider log -n 20", "eider log --errors -f"))
@click.option("--errors", is_flag=True, help="Only what went wrong.")
@click.option("--calls", is_flag=True, help="Only what was asked.")
@click.option("--lines", "-n", type=click.IntRange(0), default=50, show_default=True, help="Most lines.")
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@pass_state
def log(state: State, errors: bool, calls: bool, lines: int, follow: bool) -> None:
    """Show what the server noted: calls and errors, never their content.

    Users are digests that mean something on this machine only. Keys without a value are left out.
    """
    chosen = [name for name, wanted in (("calls", calls), ("errors", errors)) if wanted or not (calls or errors)]
    paths = [config.home() / "log" / f"{name}.jsonl" for name in chosen]
    tails = [LogTail(path) for path in paths]
    found = sorted((entry for tail in tails for entry in tail.last_entries(lines)), key=_time_text)
    for entry in found[len(found) - lines if lines < len(found) else 0 :]:
        _print_entry(state, entry)
    if not found and not follow and not state.json:
        print_line("nothing is noted yet")
    while follow:
        for entry in sorted((entry for tail in tails for entry in tail.new_entries()), key=_time_text):
            _print_entry(state, entry)
        time.sleep(_POLL_SECONDS)


class LogTail:
    """Reads the end of a file of JSON lines and follows what is appended, also across rotation."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._inode, self._offset = 0, 0

    def last_entries(self, lines: int) -> list[dict[str, Any]]:
        """Return the last entries, reading the rotated file too if needed."""
        wanted = lines + _DAMAGED
        data, self._inode, self._offset = _read_end(self.path, wanted)
        if data.count(b"\n") < wanted:
            data = _read_end(self._rotated_path(), wanted)[0] + data
        return list(_parse_entries(data))[-lines:] if lines else []

    def new_entries(self) -> list[dict[str, Any]]:
        """Return the entries appended since the last call."""
        return [
            entry for path in (self._rotated_path(), self.path) for entry in _parse_entries(self._read_appended(path))
        ]

    def _rotated_path(self) -> Path:
        return self.path.with_name(f"{self.path.stem}.1.jsonl")

    def _read_appended(self, path: Path) -> bytes:
        """Return the bytes appended to a file since the last read, or all of a new file."""
        try:
            with path.open("rb") as file:
                found = os.fstat(file.fileno())
                if found.st_ino != self._inode or found.st_size < self._offset:
                    if path != self.path:  # set aside before it was followed
                        return b""
                    self._inode, self._offset = found.st_ino, 0
                file.seek(self._offset)
                data = file.read()
        except OSError:
            return b""
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        return whole


def _read_end(path: Path, lines: int) -> tuple[bytes, int, int]:
    """Return the last whole lines of a file, its inode, and the offset after them."""
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            start, data = found.st_size, b""
            while start and data.count(b"\n") <= lines:
                size = min(_BLOCK, start)
                start -= size
                file.seek(start)
                data = file.read(size) + data
    except OSError:
        return b"", 0, 0
    whole = data[: data.rfind(b"\n") + 1]
    kept = b"".join(whole.splitlines(keepends=True)[-lines:]) if lines else b""
    return kept, found.st_ino, found.st_size - (len(data) - len(whole))


def _parse_entries(data: bytes) -> Iterator[dict[str, Any]]:
    """Parse lines as JSON; incomplete ones are skipped."""
    for line in data.splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            yield found


def _time_text(entry: Mapping[str, Any]) -> str:
    at = entry.get("at")
    return utc_text(datetime.fromtimestamp(at, UTC)) if isinstance(at, int | float) else str(at or "")


def _print_entry(state: State, entry: Mapping[str, Any]) -> None:
    if state.json:
        print_json(entry)
        return
    said = [entry.get(name) for name in ("route", "status", "store", "kind", "message")]
    took = f"{entry['ms']} ms" if "ms" in entry and "kind" not in entry else ""
    bad = "kind" in entry or int(entry.get("status") or 0) >= _FAILED
    text = "  ".join(str(one) for one in (*said, took) if one)
    print_indented(text, f"{_time_text(entry)}  ", **({"fg": "red"} if bad else {}))
    if state.verbose:
        for line in entry.get("trace") or ():
            print_indented(str(line), "    ", dim=True)


COMMANDS: Final = {"log": log}

"""Asking the other process, which exports and checks copies."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from eider.model import errors
from eider.model.errors import StoreError, StoreFullError

_ROOT: Final = str(Path(__file__).parents[2])
_START: Final = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from eider.records.backup.worker_process import main; main()"
)
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def ask(command: str, folder: Path, *more: str) -> dict[str, Any]:
    """Let the other process do one command on a directory.

    Raises:
        StoreError: It failed, or ended before it answered.
        StoreFullError: No room.
    """
    given = [sys.executable, "-P", "-X", "utf8", "-c", _START, _ROOT, command, str(folder), *more]
    with tempfile.TemporaryFile() as complaints:
        try:
            child = subprocess.Popen(given, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints)  # noqa: S603
        except OSError as error:
            raise StoreError(f"{sys.executable!r} cannot be started to check a backup ({error.strerror}).") from error
        with child:  # its stdin stays open meanwhile: when this process dies, it ends as well
            answer = child.stdout.read() if child.stdout is not None else b""
        complaints.seek(0)
        complaint = complaints.read().decode(errors="replace").strip()
    try:
        said: dict[str, Any] = json.loads(answer)
    except ValueError:
        last = complaint.splitlines()[-1:] or [f"code {child.returncode}"]
        raise StoreError(f"the process that was to {command} {str(folder)!r} ended ({last[0]}); try again.") from None
    if "error" in said:
        raise _error(folder, said)
    return said


def _error(folder: Path, said: dict[str, Any]) -> StoreError:
    if said["error"] == "StoreFullError" or said.get("errno") in _FULL:
        return StoreFullError(folder, str(said["message"]))
    kind = getattr(errors, said["error"], StoreError)
    made = kind.__new__(kind) if isinstance(kind, type) and issubclass(kind, StoreError) else StoreError()
    made.args = (f"{str(folder)!r}: {said['message']}" if said["error"] == "OSError" else said["message"],)
    return made

"""Another process copies, hashes and checks, so that the one with the store open stays quick and its locks whole.

`ask` starts it with a command and a directory; it prints one JSON object, and ends when its parent does.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from eider.model import errors
from eider.model.backup_paths import MANIFEST
from eider.model.errors import EiderError, StoreError, StoreFullError
from eider.model.failpoints import point
from eider.records.backup.manifest import COPY, USERS, read
from eider.records.exchange.export import write_export
from eider.records.exchange.files import MARK
from eider.records.exchange.files import VERSION as FORMAT
from eider.store.open import newest_schema, open_copy

if TYPE_CHECKING:
    from eider.records.backup.commands import ExportFormat

_ROOT: Final = str(Path(__file__).parents[2])
_START: Final = "import sys; sys.path.insert(0, sys.argv.pop(1)); from eider.records.backup.worker import main; main()"
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CHUNK: Final = 1 << 20


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


# ------------------------------------------------------------------ in the other process


def describe(folder: Path, export: ExportFormat | None) -> dict[str, Any]:
    """Describe a copy and all its files; with `export` (jsonl or parquet) each user's rows are written beside it."""
    now = datetime.now(UTC)
    with open_copy(folder / COPY) as store:
        people: list[dict[str, Any]] = []
        for number, (user, rows) in enumerate(sorted(store.census.counts().items()), 1):
            people.append({"name": user, **rows})
            if export:
                (folder / USERS).mkdir(mode=0o700, exist_ok=True)
                header = {MARK: FORMAT, "schema": newest_schema(), "user": user, "exported_at": now.isoformat()}
                people[-1]["file"] = file = f"{USERS}/{number}.{export}"
                with store.transfer.snapshot(user) as taken:
                    write_export(folder / file, header, taken, export, now)
        said = {
            "identity": store.tombstones.identity, "schema": store.place.schema, "events": store.events.head[0],
            "embedder": store.place.embedder, "head": store.events.head[1], "users": people,
        }  # fmt: skip
    point("backup.described")
    return {**said, "files": describe_files(folder)}


def describe_files(folder: Path) -> dict[str, dict[str, Any]]:
    """Size and hash of every file that a backup is made of; made private as well."""
    found: dict[str, dict[str, Any]] = {}
    for part in (COPY, USERS):
        for path in sorted(p for p in (folder / part).rglob("*") if p.is_file()):
            path.chmod(0o600)
            found[path.relative_to(folder).as_posix()] = {"bytes": path.stat().st_size, "sha256": hash_of_file(path)}
    return found


def hash_of_file(path: Path) -> str:
    """SHA-256 of a file that nobody here has open."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            total.update(chunk)
    return total.hexdigest()


def check(folder: Path) -> dict[str, Any]:
    """Hold a backup against its manifest: the hashes of all files, the copy's chain and counts."""
    backup = read(folder)
    findings = _check_files(folder, backup.manifest.files)
    if findings:
        return {"findings": findings}
    try:
        with open_copy(folder / COPY) as store:
            findings += [f"{COPY}: {said}" for said in store.inspection.examine()[0]]
            head = store.events.head
            if head != (backup.manifest.events, backup.manifest.head):
                findings.append(f"{COPY}: its last event is {head[0]}, not {backup.manifest.events} as noted")
            counted = store.census.counts()
    except EiderError as error:
        return {"findings": [f"{COPY}: {error}"]}
    noted = {str(u["name"]): u for u in backup.manifest.users}
    if {name: {k: u.get(k) for k in counted.get(name, {})} for name, u in noted.items()} != counted:
        findings.append(f"{COPY}: its rows are not those that {MANIFEST} counts")
    return {"findings": findings}


def _check_files(folder: Path, noted: Any) -> list[str]:
    findings: list[str] = []
    for name, said in noted.items():
        path = folder / name
        if not path.is_file():
            findings.append(f"{name} is gone")
        elif path.stat().st_size != said["bytes"]:
            findings.append(f"{name} has {path.stat().st_size} bytes instead of {said['bytes']}")
        elif hash_of_file(path) != said["sha256"]:
            findings.append(f"{name} was altered: its hash is another")
    present = {
        p.relative_to(folder).as_posix() for part in (COPY, USERS) for p in (folder / part).rglob("*") if p.is_file()
    }
    return findings + [f"{name} is not part of it" for name in sorted(present - set(noted))]


def look(folder: Path) -> dict[str, Any]:
    """Check a store's directory as it would be put in place."""
    with open_copy(folder) as store:
        findings = store.inspection.examine()[0]
        return {"findings": findings, "events": store.events.head[0], "users": store.census.counts()}


def main() -> None:
    """Do one command and print what came of it."""
    command, folder = sys.argv[1], Path(sys.argv[2])
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        if command == "describe":
            said = describe(folder, cast("ExportFormat", sys.argv[3]) if sys.argv[3:] else None)
        else:
            said = check(folder) if command == "check" else look(folder)
    except EiderError as error:
        said = {"error": type(error).__name__, "message": str(error)}
    except OSError as error:
        said = {"error": "OSError", "message": error.strerror or str(error), "errno": error.errno}
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()
    os._exit(0)  # everything is closed; an interpreter that ends would wait for the thread


def _end_with_parent() -> None:
    """Nobody waits for an answer any more once the parent's end of stdin is closed."""
    while os.read(0, _CHUNK):
        pass
    os._exit(1)

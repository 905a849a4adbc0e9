"""The other process: exports, hashes and checks a copy, so that the one with the store open stays quick and its locks whole.

Started by `eider.records.backup.worker_client` with a command and a directory; prints one JSON object. It ends when its parent does.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from eider.model.backup_paths import MANIFEST
from eider.model.errors import EiderError, InputError
from eider.model.failpoints import point
from eider.records.backup.manifest import COPY, USERS, read
from eider.records.exchange.export import written
from eider.records.exchange.files import MARK
from eider.records.exchange.files import VERSION as FORMAT
from eider.records.exchange.files import read as read_rows
from eider.store.open import newest_schema, open_copy

_CHUNK: Final = 1 << 20
_SHOWN: Final = 10


def export(folder: Path, *, parquet: bool) -> dict[str, Any]:
    """Write every user's rows out of the copy and describe all files."""
    (folder / USERS).mkdir(mode=0o700)
    now = datetime.now(UTC)
    with open_copy(folder / COPY) as store:
        found = store.census.counts()
        people: list[dict[str, Any]] = []
        for number, (user, rows) in enumerate(sorted(found.items()), 1):
            header = {MARK: FORMAT, "schema": newest_schema(), "user": user, "exported_at": now.isoformat()}
            with store.transfer.snapshot(user) as taken:
                written(folder / USERS / f"{number}.jsonl", header, taken, "jsonl", now)
                if parquet:
                    written(folder / USERS / f"{number}.parquet", header, taken, "parquet", now)
            people.append({"name": user, "file": f"{USERS}/{number}.jsonl", "parquet": parquet, **rows})
        said = {
            "identity": store.tombstones.identity, "schema": store.place.schema, "events": store.events.head[0],
            "embedder": store.place.embedder, "head": store.events.head[1], "users": people,
        }  # fmt: skip
    point("backup.exported")
    return {**said, "files": described(folder)}


def described(folder: Path) -> dict[str, dict[str, Any]]:
    """Size and hash of every file that a backup is made of; made private as well."""
    found: dict[str, dict[str, Any]] = {}
    for part in (COPY, USERS):
        for path in sorted(p for p in (folder / part).rglob("*") if p.is_file()):
            path.chmod(0o600)
            found[path.relative_to(folder).as_posix()] = {"bytes": path.stat().st_size, "sha256": hashed(path)}
    return found


def hashed(path: Path) -> str:
    """SHA-256 of a file that nobody here has open."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            total.update(chunk)
    return total.hexdigest()


def check(folder: Path) -> dict[str, Any]:
    """Hold a backup against its manifest: hashes, the copy's chain and counts, and every line of the exports."""
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
    for user, rows in counted.items():
        if user in noted:
            files = [noted[user]["file"], *([_parquet(noted[user]["file"])] if noted[user].get("parquet") else [])]
            findings += [said for name in files for said in _check_export(folder / name, name, user, rows)]
    return {"findings": findings}


def _parquet(name: str) -> str:
    return name.removesuffix(".jsonl") + ".parquet"


def _check_files(folder: Path, noted: Any) -> list[str]:
    findings: list[str] = []
    for name, said in noted.items():
        path = folder / name
        if not path.is_file():
            findings.append(f"{name} is gone")
        elif path.stat().st_size != said["bytes"]:
            findings.append(f"{name} has {path.stat().st_size} bytes instead of {said['bytes']}")
        elif hashed(path) != said["sha256"]:
            findings.append(f"{name} was altered: its hash is another")
    present = {
        p.relative_to(folder).as_posix() for part in (COPY, USERS) for p in (folder / part).rglob("*") if p.is_file()
    }
    return findings + [f"{name} is not part of it" for name in sorted(present - set(noted))]


def _check_export(path: Path, name: str, user: str, rows: dict[str, int]) -> list[str]:
    """Every row is parsed and counted."""
    found: Counter[str] = Counter()
    findings: list[str] = []
    try:
        header, lines = read_rows(path)
        if header is None or header.get("user") != user:
            findings.append(f"{name} is not of user {user!r}")
        for place, line in lines:
            if isinstance(line, InputError):
                findings.append(f"{name}: {place}: {line}")
            else:
                found[str(line.get("type"))] += 1
    except EiderError as error:
        return [f"{name}: {error}"]
    if dict(found) != {kind: n for kind, n in rows.items() if n}:
        findings.append(f"{name} has {found.total()} rows where the copy has {sum(rows.values())}")
    return findings[:_SHOWN]


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
        if command == "export":
            said = export(folder, parquet=sys.argv[3:] == ["parquet"])
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

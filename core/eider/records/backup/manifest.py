"""What a backup says of itself: versions, files with their hashes, counts by user; and whether it was verified."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from eider.model.backup_paths import MANIFEST
from eider.model.distribution import UPGRADE
from eider.model.errors import EiderError, InputError, StoreDamagedError, StoreMissingError

COPY: Final = "copy"
USERS: Final = "users"
VERSION: Final = 1
_VERIFIED: Final = "verified.json"
_OTHER: Final = "Take another backup: eider backup list --verify."


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The contents of a backup; of what people said it holds nothing but the users' names."""

    store: str
    """Name of the store, as its backups are listed."""
    folder: str
    """Directory the store had."""
    identity: str
    """A digest that only copies of the same store share: their tombstones mean the same."""
    made_at: str
    eider: str
    """Version that made it."""
    schema: int
    embedder: str
    events: int
    """Number of the last event."""
    head: str
    """Hash of the last event."""
    users: tuple[Mapping[str, Any], ...] = ()
    """By user: name, how many events, episodes, memories (versions), edges and usage rows, and the file of its export."""
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    """Path within the backup → bytes and sha256."""
    backup: int = VERSION

    @property
    def at(self) -> datetime:
        """When it was made."""
        return datetime.fromisoformat(self.made_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """One backup on its shelf."""

    path: Path
    manifest: Manifest
    verified_at: datetime | None = None
    """When it was last held against its manifest; None if it never was."""
    findings: tuple[str, ...] = ()
    """What was wrong with it then."""

    @property
    def name(self) -> str:
        """How it is called on the command line."""
        return f"{self.manifest.store}/{self.path.name}"

    @property
    def verified(self) -> bool:
        """Whether it was found whole when it was last looked at."""
        return self.verified_at is not None and not self.findings

    @property
    def copy(self) -> Path:
        """The copy of the store's directory."""
        return self.path / COPY

    @property
    def bytes(self) -> int:
        """What it takes on the disk."""
        return sum(int(f["bytes"]) for f in self.manifest.files.values())


def write(folder: Path, manifest: Manifest) -> None:
    """Write the manifest, readable for its owner only."""
    _write(folder / MANIFEST, asdict(manifest))


def note_verified(folder: Path, at: datetime, findings: tuple[str, ...]) -> None:
    """Note what a verification found."""
    _write(folder / _VERIFIED, {"at": at.isoformat(), "findings": list(findings)})


def _write(path: Path, said: Mapping[str, Any]) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(said, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def read(folder: Path) -> Backup:
    """What a directory says of itself.

    Raises:
        StoreMissingError: Nothing is there.
        StoreDamagedError: The manifest cannot be understood.
        InputError: A later version wrote it.
    """
    try:
        said: Any = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise StoreMissingError(folder, "it is no backup; list what there is with eider backup list.") from None
    except (OSError, ValueError) as error:
        raise StoreDamagedError(folder, f"{MANIFEST} cannot be read ({error})", _OTHER) from error
    if isinstance(said, dict) and isinstance(said.get("backup"), int) and said["backup"] > VERSION:
        raise InputError(f"{str(folder)!r} was made by a later Eider; upgrade with {UPGRADE}.")
    try:
        return _with_verification(Backup(path=folder, manifest=_manifest(said)))
    except (TypeError, KeyError, ValueError) as error:
        raise StoreDamagedError(folder, f"{MANIFEST} is not understood ({error})", _OTHER) from error


def _manifest(said: Any) -> Manifest:
    """The fields as they are declared; anything else is an error."""
    texts = ("store", "folder", "identity", "made_at", "eider", "embedder", "head")
    for names, kind in ((texts, str), (("schema", "events"), int), (("users",), list), (("files",), dict)):
        for name in names:
            if not isinstance(said[name], kind):
                raise TypeError(f"{name} is {type(said[name]).__name__}")
    given: dict[str, Any] = {**said, "users": tuple(said["users"])}
    found = Manifest(**given)
    if found.at.tzinfo is None:
        raise ValueError("made_at has no zone")
    return found


def read_or_damaged(folder: Path) -> Backup:
    """The same for a listing: a backup that cannot be understood is listed as damaged."""
    try:
        return read(folder)
    except EiderError as error:
        at = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
        unknown = Manifest(
            store=folder.parent.name, folder="", identity="", made_at=at.isoformat(), eider="", schema=0, embedder="",
            events=0, head="",
        )  # fmt: skip
        return Backup(path=folder, manifest=unknown, verified_at=at, findings=(str(error),))


def _with_verification(backup: Backup) -> Backup:
    try:
        said = json.loads((backup.path / _VERIFIED).read_text(encoding="utf-8"))
        at = datetime.fromisoformat(said["at"]).astimezone(UTC)
        return Backup(path=backup.path, manifest=backup.manifest, verified_at=at, findings=tuple(said["findings"]))
    except (OSError, ValueError, KeyError, TypeError):
        return backup

"""Checks of directories: owner, permissions, file system, free space."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from eider.client.client import socket_path
from eider.model import config
from eider.model.errors import ConfigError
from eider.service.doctor.registry import HomeContext, home_check
from eider.service.doctor.report import Finding
from eider.store.filesystem import network_kind

_PARTS: Final = ("", "run", "spool", "log", "stores", "backups")
_LEAST: Final = 256 * 1024 * 1024
"""Bytes that should be free; a guess: a store of 60,000 rows is copied within it."""


def private_paths(place: HomeContext) -> Iterator[tuple[Path, int]]:
    """Return paths that should be private, with the mode each should have.

    Files of a store are guarded by its directory; a published snapshot is meant to be read.
    """
    if place.home is not None:
        for part in _PARTS:
            folder = place.home / part if part else place.home
            if folder.is_dir():
                yield folder, 0o700
                if part != "stores":
                    yield from ((p, 0o600) for p in sorted(folder.iterdir()) if p.is_file() and not p.is_symlink())
        runtime = Path(socket_path(str(place.home))).parent
        if runtime.is_dir() and runtime != place.home / "run":
            yield runtime, 0o700
    for folder in place.folders:
        if folder.is_dir() and not (folder / "PUBLISHED").exists():
            yield folder, 0o700


def _make_private(place: HomeContext, finding: Finding) -> None:
    del place
    path = Path(finding.subject)
    path.chmod(0o700 if path.is_dir() else 0o600)


@home_check("permissions", repairs={"path-open": _make_private})
def permissions(place: HomeContext) -> Iterator[Finding]:
    """Find paths that other accounts may read."""
    for path, wanted in private_paths(place):
        try:
            found = path.stat()
        except FileNotFoundError:  # gone since it was listed
            continue
        mode = stat.S_IMODE(found.st_mode)
        if found.st_uid != os.getuid():
            yield Finding(
                kind="path-not-ours", severity="error", subject=str(path),
                message=f"it belongs to account {found.st_uid}, Eider runs as {os.getuid()}",
                fix=f"give it back: sudo chown -R {os.getuid()} {path}; or set EIDER_HOME to a directory of yours",
            )  # fmt: skip
        elif mode & 0o077:
            yield Finding(
                kind="path-open", severity="warning", subject=str(path),
                message=f"other accounts may use it (mode {mode:04o}, should be {wanted:04o})", fix=f"chmod {wanted:o} {path}",
            )  # fmt: skip
        elif path.is_dir() and not os.access(path, os.W_OK | os.X_OK):
            yield Finding(
                kind="path-unwritable", severity="error", subject=str(path), message="nothing can be written to it",
                fix=f"chmod {wanted:o} {path}; on a read-only file system set EIDER_HOME to another",
            )  # fmt: skip


@home_check("file system")
def file_system(place: HomeContext) -> Iterator[Finding]:
    """Find stores on file systems without reliable locks."""
    for path in dict.fromkeys(([] if place.home is None else [place.home]) + list(place.folders)):
        if kind := network_kind(path, f"{place.proc}/self/mountinfo"):
            yield Finding(
                kind="network-file-system", severity="error", subject=str(path),
                message=f"it lies on a network file system ({kind}), where locks do not keep two machines apart",
                fix="move it to a local disk and set EIDER_HOME, or let one machine run eider serve and open its address",
            )  # fmt: skip


@home_check("room")
def disk_space(place: HomeContext) -> Iterator[Finding]:
    """Find too little disk space to write, or to copy a store as erasing does."""
    paths = [p for p in (place.home, *place.folders) if p is not None and p.exists()]
    seen: dict[int, Path] = {p.stat().st_dev: p for p in reversed(paths)}
    for device, path in seen.items():
        largest = max((size_of(f) for f in place.folders if f.exists() and f.stat().st_dev == device), default=0)
        free, wanted = shutil.disk_usage(path).free, max(_LEAST, 2 * largest)
        if free < wanted:
            yield Finding(
                kind="disk-low", severity="error" if free < wanted // 8 else "warning", subject=str(path),
                message=f"{free // 2**20:,} MB are free, {wanted // 2**20:,} MB should be: forgetting copies a store",
                fix="free some space, or set EIDER_HOME to a larger disk",
            )  # fmt: skip


@home_check("settings")
def config_file(place: HomeContext) -> Iterator[Finding]:
    """Find an unreadable settings file or unknown settings."""
    if place.home is None:
        return
    subject = str(place.home / "config.json")
    try:
        found = config.read()
    except ConfigError as error:
        fix = "mend the JSON, or remove the file and use eider config set"
        yield Finding(kind="settings-unreadable", severity="error", subject=subject, message=str(error), fix=fix)
        return
    for name in sorted(set(found) - set(config.SETTINGS)):
        yield Finding(
            kind="setting-unknown", severity="info", subject=subject, message=f"the setting {name!r} means nothing here",
            fix="take it out of the file, or upgrade Eider if a later version wrote it",
        )  # fmt: skip


def size_of(folder: Path) -> int:
    """Return the bytes below a directory."""
    total = 0
    for root, _, files in os.walk(folder):
        for name in files:
            try:
                total += os.lstat(os.path.join(root, name)).st_size
            except OSError:
                continue
    return total

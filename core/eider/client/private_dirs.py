"""Directories that are this account's alone: made, checked, and placed where a socket's path is short enough."""

from __future__ import annotations

import os
import sys
from typing import Final

from eider.client.client import ClientError

_OTHERS, _FOLDER = 0o077, 0o040000
"""Permission bits of everybody else; what a directory is among kinds of files."""
_DENIED: Final = {1: "ReadOnlyStoreError", 13: "ReadOnlyStoreError", 30: "ReadOnlyStoreError", 28: "StoreFullError"}
"""errno → error: EPERM, EACCES, EROFS, ENOSPC."""


def platform_home() -> str:
    """Where Eider keeps everything on macOS and Windows."""
    if sys.platform == "darwin":
        return os.path.expanduser("~/Library/Application Support/eider")
    return os.path.join(os.environ.get("LOCALAPPDATA") or os.path.expanduser("~"), "eider")


def run_folder(home: str) -> str:
    """Where the server keeps its lock, token and notes."""
    return os.path.join(home, "run")


def short_socket(home: str) -> str:
    """A socket's path for a home too deep for one: below /tmp, in a directory that both sides check."""
    mark = 0xCBF29CE484222325
    for byte in os.fsencode(home):  # FNV-1a: hashlib costs more than the call
        mark = ((mark ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"/tmp/eider-{os.getuid()}-{mark:016x}/owner.sock"  # noqa: S108 (see above)


def is_trusted(path: str) -> bool:
    """Whether a directory exists; nobody else can put anything into it.

    Raises:
        ClientError: It is another account's, a link, or open to others: what listens there may be anybody.
    """
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _access_error(path, error) from None
    if found.st_uid != os.getuid() or found.st_mode & 0o170022 != _FOLDER:
        raise ClientError("RuntimeFolderError", f"{path!r} is not a directory of this account alone; remove it, or set "
                          "EIDER_HOME to a directory of yours.", {"path": path})  # fmt: skip
    return True


def make_home(home: str) -> str:
    """A home, made for its owner alone if need be; it may be a link, or lie where only its name is ours to choose.

    Raises:
        ClientError: It cannot be made, or another account could replace what is in it.
    """
    try:
        os.makedirs(home, mode=0o700, exist_ok=True)
        found = os.stat(home)
    except OSError as error:
        raise _access_error(home, error) from None
    if found.st_uid not in (os.getuid(), 0) and os.getuid():
        raise ClientError("RuntimeFolderError", f"{home!r} is another account's (uid {found.st_uid}); set EIDER_HOME to a "
                          "directory of yours.", {"path": home})  # fmt: skip
    return home


def make_private_folder(path: str) -> str:
    """A directory for its owner alone, made if need be; secrets and sockets go there.

    Raises:
        ClientError: It cannot be made, or is somebody else's.
    """
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
        found = os.lstat(path)
        if found.st_uid == os.getuid() and found.st_mode & 0o170000 == _FOLDER and found.st_mode & _OTHERS:
            os.chmod(path, 0o700)
    except OSError as error:
        raise _access_error(path, error) from None
    is_trusted(path)
    return path


def make_run_folder(home: str) -> str:
    """The run directory of a home, made if need be."""
    return make_private_folder(run_folder(make_home(home)))


def open_lock(path: str) -> int:
    """A lock file as a descriptor, not locked yet.

    Raises:
        ClientError: It cannot be made or written.
    """
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _access_error(path, error) from None


def _access_error(path: str, error: OSError) -> ClientError:
    kind = _DENIED.get(error.errno or 0, "StoreError")
    fix = "free some space" if kind == "StoreFullError" else "give this account write permission, or set EIDER_HOME"
    return ClientError(kind, f"{path!r} cannot be written ({error.strerror}); {fix}.", {"path": path})

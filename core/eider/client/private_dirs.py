"""Makes and checks private directories, and finds a short enough path for the socket."""

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
    """Return Eider's home directory on macOS and Windows."""
    if sys.platform == "darwin":
        return os.path.expanduser("~/Library/Application Support/eider")
    return os.path.join(os.environ.get("LOCALAPPDATA") or os.path.expanduser("~"), "eider")


def run_folder(home: str) -> str:
    """Return the directory of the server's lock, token and notes."""
    return os.path.join(home, "run")


def short_socket(home: str) -> str:
    """Return a socket path below /tmp for a home whose own path is too long."""
    mark = 0xCBF29CE484222325
    for byte in os.fsencode(home):  # FNV-1a: hashlib costs more than the call
        mark = ((mark ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"/tmp/eider-{os.getuid()}-{mark:016x}/owner.sock"  # noqa: S108 (see above)


def is_trusted(path: str) -> bool:
    """Return whether a directory exists and nobody else can write into it.

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
    """Create the home directory for its owner alone if needed; it may be a symbolic link.

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
    anybody = found.st_mode & 0o002 and not found.st_mode & 0o1000
    if anybody or (found.st_mode & 0o020 and found.st_gid != os.getgid()):
        raise ClientError("RuntimeFolderError", f"{home!r} can be written by other accounts, who could replace what is in it; "
                          "take that away with chmod go-w, or set EIDER_HOME to a directory of yours.", {"path": home})  # fmt: skip
    return home


def make_private_folder(path: str) -> str:
    """Create a directory for its owner alone if needed, and check it.

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
    """Create the run directory of a home if needed and return it."""
    return make_private_folder(run_folder(make_home(home)))


def open_lock(path: str) -> int:
    """Open a lock file without locking it.

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

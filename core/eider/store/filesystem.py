"""On which kind of file system a path lies: locks and fsync of network ones do not hold what the server relies on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

NETWORK: Final = frozenset(
    (
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "glusterfs", "lustre", "gpfs", "beegfs",
        "orangefs", "pvfs2", "ocfs2", "gfs2", "9p", "fuse.sshfs", "fuse.s3fs", "fuse.rclone", "fuse.gcsfuse",
        "fuse.glusterfs", "fuse.cephfs", "fuse.davfs", "davfs", "fuse.juicefs", "fuse.mount.s3", "fuse.afp",
    )
)  # fmt: skip
"""Types in which several machines share files; from the kernel's list and the common FUSE ones. `virtiofs` and the
overlays of containers are one machine's and stay out."""


def network_kind(path: str | Path, mountinfo: str = "/proc/self/mountinfo") -> str | None:
    """The type of the network file system a path lies on; None on a local one, or where nothing can be told.

    Args:
        path: It may not exist yet; then its nearest ancestor counts.
        mountinfo: Linux' list of mounts.
    """
    try:
        lines = Path(mountinfo).read_bytes().decode(errors="surrogateescape").splitlines()
    except OSError:
        return None
    kind = kind_of(os.path.realpath(path), lines)
    return kind if kind in NETWORK else None


def kind_of(path: str, lines: list[str]) -> str | None:
    """Type of the mount that covers an absolute path: the longest mount point, of equal ones the last.

    >>> kind_of("/home/ada/x", ["1 0 8:1 / / rw - ext4 /dev/a rw", "2 1 0:5 / /home/ada rw - nfs4 srv:/ada rw"])
    'nfs4'
    """
    best, found = -1, None
    for line in lines:
        before, mark, after = line.partition(" - ")
        fields = before.split(" ")
        if not mark or len(fields) < 5:  # noqa: PLR2004 (the mount point is the fifth field)
            continue
        # the kernel writes blanks and backslashes as three octal digits
        field = fields[4]
        for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
            field = field.replace(code, char)
        point = field
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= best:
            best, found = len(point), after.split(" ", 1)[0]
    return found

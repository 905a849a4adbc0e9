"""On what a path lies: told from the kernel's list of mounts."""

from __future__ import annotations

from pathlib import Path

import pytest

from eider.store.filesystem import NETWORK, network_kind

LOCAL = "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw"


def mounts(tmp_path: Path, *lines: str) -> str:
    path = tmp_path / "mountinfo"
    path.write_text("".join(f"{line}\n" for line in (LOCAL, *lines)))
    return str(path)


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "9p"])
def test_a_network_file_system_is_known(tmp_path: Path, kind: str) -> None:
    """The mount that covers the path decides, whatever lies above it."""
    assert kind in NETWORK
    listed = mounts(tmp_path, f"40 21 0:50 / /srv/team rw shared:9 - {kind} server:/team rw,vers=4.2")
    assert network_kind("/srv/team/eider/stores", listed) == kind
    assert network_kind("/srv/team", listed) == kind
    assert network_kind("/srv/teams/eider", listed) is None
    assert network_kind("/srv", listed) is None


def test_a_local_mount_within_a_network_one_is_local(tmp_path: Path) -> None:
    """The longest mount point counts, and of two on one point the later."""
    net = "40 21 0:50 / /home rw - nfs server:/home rw"
    inner = "41 40 8:2 / /home/ada rw master:1 - xfs /dev/sdb1 rw"
    over = "42 21 8:3 / /home rw - ext4 /dev/sdc1 rw"
    assert network_kind("/home/ada/eider", mounts(tmp_path, net, inner)) is None
    assert network_kind("/home/bob/eider", mounts(tmp_path, net, inner)) == "nfs"
    assert network_kind("/home/bob/eider", mounts(tmp_path, net, over)) is None


def test_blanks_in_a_mount_point_are_understood(tmp_path: Path) -> None:
    """The kernel writes them as three octal digits."""
    listed = mounts(tmp_path, r"40 21 0:50 / /mnt/my\040disk rw - cifs //server/disk rw")
    assert network_kind("/mnt/my disk/eider", listed) == "cifs"


def test_where_nothing_can_be_told_nothing_is_claimed(tmp_path: Path) -> None:
    """No list, an odd line, a path that is not there yet: no finding, and no error."""
    assert network_kind("/srv", str(tmp_path / "none")) is None
    assert network_kind("/srv", mounts(tmp_path, "odd", "1 2 3 - nfs x", "- - -")) is None
    assert network_kind(tmp_path / "not" / "there", mounts(tmp_path)) is None
    assert network_kind(tmp_path) is None or isinstance(network_kind(tmp_path), str)

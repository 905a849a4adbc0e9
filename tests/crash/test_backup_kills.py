"""`kill -9` while a backup is made or restored: a backup is whole or nameless, a store is the old one or the new."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import eider
from eider.api.facade import Eider
from eider.model import backup_paths
from eider.providers.embedders.hashing import HashEmbedder
from eider.records.backup import create
from eider.records.backup.manifest import read
from eider.records.backup.restore import restore

pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]

RUN = """
import sys, eider
from pathlib import Path
from eider.records.backup import create
from eider.providers.embedders.hashing import HashEmbedder
with eider.open(sys.argv[1], user="ada", embedder=HashEmbedder(width=16)) as memory:
    print(create.make(memory._engine).path)
"""
RESTORE = """
import sys
from pathlib import Path
from eider.records.backup import swap_dirs
from eider.records.backup.manifest import read
from eider.records.backup.restore import restore
if sys.argv[4:] == ["renames"]:
    swap_dirs._at_once = lambda *_: False
restore(read(Path(sys.argv[1])), Path(sys.argv[2]), replace=sys.argv[3] == "replace")
"""


def opened(folder: Path) -> Eider:
    return eider.open(folder, user="ada", embedder=HashEmbedder(width=16))


def texts(folder: Path) -> set[str]:
    with opened(folder) as memory:
        assert memory.verify()
        return {item.text for item in memory.search().items}


def ran(code: str, *given: object, at: str) -> int:
    command = [sys.executable, "-c", code, *map(str, given)]
    return subprocess.run(
        command, env={**os.environ, "EIDER_CRASH_AT": at}, check=False, capture_output=True
    ).returncode


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "mine.eider"
    with opened(made) as memory:
        memory.remember("Tea is taken at four.")
    return made


@pytest.mark.parametrize("label", ["publish.made", "backup.copied", "backup.written", "backup.verified"])
def test_a_killed_run_leaves_no_backup(folder: Path, label: str) -> None:
    """What has no name is swept by the next; the store lost nothing."""
    assert ran(RUN, folder, at=label) == -signal.SIGKILL
    assert backup_paths.backups(folder) == []
    with opened(folder) as memory:
        made = create.make(memory._engine)
    assert [p.name for p in backup_paths.shelf(folder).iterdir()] == [made.path.name]
    assert texts(folder) == {"Tea is taken at four."}


def test_a_run_killed_once_it_has_its_name_is_a_backup(folder: Path, tmp_path: Path) -> None:
    """It was verified before."""
    assert ran(RUN, folder, at="backup.placed") == -signal.SIGKILL
    (path,) = backup_paths.backups(folder)
    assert read(path).verified
    restore(read(path), tmp_path / "again.eider")
    assert texts(tmp_path / "again.eider") == {"Tea is taken at four."}


def test_a_killed_helper_is_an_error_and_leaves_nothing(folder: Path) -> None:
    """The process that exports and checks may die as well."""
    assert ran(RUN, folder, at="backup.described") == 1
    assert list(backup_paths.shelf(folder).iterdir()) == []


@pytest.fixture
def lost(folder: Path) -> Path:
    """A store that has gone on since its backup, and forgotten something that the backup holds."""
    with opened(folder) as memory:
        gone = memory.remember("There are quokkas on the island.")
        made = create.make(memory._engine)
        memory.forget(gone.id)
        memory.remember("Said after the backup.")
    return made.path


OLD, NEW = {"Tea is taken at four.", "Said after the backup."}, {"Tea is taken at four."}
BEFORE = ["restore.copied", "erase.written", "erase.copied", "erase.pointed", "restore.erased", "restore.checked"]


@pytest.mark.parametrize("label", [*BEFORE, "restore.exchanged", "restore.placed"])
def test_a_killed_replacement_leaves_the_old_or_the_new(folder: Path, lost: Path, label: str) -> None:
    """Before the exchange of names the old one, after it the new one; the old one is never lost."""
    assert ran(RESTORE, lost, folder, "replace", at=label) == -signal.SIGKILL
    assert texts(folder) == (OLD if label in BEFORE else NEW)
    restore(read(lost), folder, replace=True)
    assert texts(folder) == NEW
    with opened(folder) as memory:
        assert memory._engine.store.erasure_checks.columns_saying(["quokkas"], user="ada") == []
    asides = list(folder.parent.glob("mine-before-*"))
    assert OLD in [texts(p) for p in asides]
    assert not [p.name for p in folder.parent.iterdir() if p.name.startswith(".")]


@pytest.mark.parametrize("label", [*BEFORE, "restore.placed"])
def test_a_killed_restore_under_a_new_name_leaves_nothing_or_all(folder: Path, lost: Path, label: str) -> None:
    """A name that is there holds a whole store."""
    again = folder.with_name("again.eider")
    assert ran(RESTORE, lost, again, "new", at=label) == -signal.SIGKILL
    assert again.exists() is (label not in BEFORE)
    if label in BEFORE:
        restore(read(lost), again)
    assert texts(again) == NEW
    assert texts(folder) == OLD
    assert not [p.name for p in folder.parent.iterdir() if p.name.startswith(".again")]


def test_between_two_renames_the_next_restore_puts_the_old_one_back(folder: Path, lost: Path) -> None:
    """Where names cannot be exchanged in one step a kill may leave none; nothing is lost."""
    assert ran(RESTORE, lost, folder, "replace", "renames", at="restore.between") == -signal.SIGKILL
    assert not folder.exists()
    restore(read(lost), folder, replace=True)
    assert texts(folder) == NEW
    (aside,) = folder.parent.glob("mine-before-*")
    assert texts(aside) == OLD

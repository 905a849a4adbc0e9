"""Backups beside a running server: it makes them itself, and lets go of a store that is replaced."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from homes import Home, until

import eider
from eider.cli.app import cli
from eider.model import backup_paths
from eider.records.backup.manifest import read
from eider.records.backup.schedule import Schedule, keep_schedule
from eider.service.dispatcher import Dispatcher

pytestmark = pytest.mark.slow


def test_a_backup_is_made_while_others_write_and_restored_beneath_them(home: Home, memory: eider.Eider) -> None:
    """One server throughout; what was forgotten meanwhile does not come back; clients go on."""
    memory.remember("Tea is taken at four.")
    gone = memory.remember("There are quokkas on the island.")
    assert cli.main(["backup", "run", "--store", "notes", "--keep", "7"], standalone_mode=False) == 0
    folder = home.path / "stores" / "notes.eider"
    (path,) = backup_paths.backups(folder)
    assert read(path).verified
    receipt = memory.forget(gone.id)
    assert [said for said in receipt.outside if str(path) in said]
    memory.remember("Said after the backup.")
    assert cli.main(["backup", "restore", path.name, "--replace"], standalone_mode=False) == 0
    assert {m.text for m in memory.search().items} == {"Tea is taken at four."}
    assert memory.remember("Life goes on.").id
    assert cli.main(["backup", "run", "--store", "notes", "--keep", "7"], standalone_mode=False) == 0
    assert path not in backup_paths.backups(folder)
    assert len(home.servers()) == 1


def test_a_scheduled_backup_is_a_job_and_done_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is due is queued, made, and not made again until something changed and the next turn came."""
    monkeypatch.setenv("EIDER_SERVER", "off")
    with eider.open("notes", user="ada") as memory:
        memory.remember("Tea is taken at four.")
    folder = home.path / "stores" / "notes.eider"
    dispatcher = Dispatcher(str(home.path))
    now = datetime.now(UTC)
    try:
        assert dispatcher.backups.queue_due(now) == []
        keep_schedule(Schedule(every="daily", keep=2))
        assert dispatcher.backups.queue_due(now) == [folder]
        until(lambda: backup_paths.backups(folder), "the scheduled backup")
        dispatcher.backups._tried.clear()
        assert dispatcher.backups.queue_due(now) == []
        assert dispatcher.backups.queue_due(now + timedelta(days=1)) == []
    finally:
        dispatcher.close()
    assert len(backup_paths.backups(folder)) == 1

"""What keeps Eider from remembering is told where the user is: at a session's start, in `eider status`, by the doctor."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from homes import Home

from eider.model.errors import InputError, StoreDamagedError, StoreLockedError
from eider.service import trouble
from eider.service.doctor import run
from eider.service.trouble import Trouble


def test_a_fault_stands_until_a_write_goes_well(tmp_path: Path) -> None:
    """Of each store its own; mistakes of callers, and stores that somebody else has open, are no trouble."""
    known = Trouble(str(tmp_path))
    known.note("notes", InputError("text is empty"))
    known.note("notes", StoreLockedError(tmp_path))
    assert known.lines() == []
    known.note("notes", StoreDamagedError(tmp_path, "its head is torn", "restore a backup"))
    known.note("work", OSError(errno.ENOSPC, "No space left on device"))
    assert [line.partition(":")[0] for line in known.lines()] == ["notes", "work"]
    assert "backup" in known.lines()[0]
    known.solved("notes")
    assert [line.partition(":")[0] for line in known.lines()] == ["work"]


def test_a_full_disk_is_told_before_anything_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trouble, "LEAST_BYTES", 2**62)
    assert "full" in Trouble(str(tmp_path)).lines()[0]


@pytest.mark.slow
def test_a_damaged_store_is_told_at_the_start_of_a_session_and_in_the_status(home: Home, tmp_path: Path) -> None:
    """One line with the fix; the doctor names the command that brings the newest good backup back, and that works."""
    client = home.client(store=None)
    client.call("remember", {"text": "Always indent with tabs.", "kind": "rule"})
    client.ask("POST", "/v1/backup/run", {})
    home.stop()
    (folder,) = (home.path / "stores").glob("*.eider")
    for file in folder.rglob("*"):
        if file.is_file() and file.suffix in {".duckdb", ".db", ".head"}:
            file.write_bytes(b"\0" * 4096)
    started = {
        "hook_event_name": "SessionStart",
        "source": "startup",
        "session_id": "s",
        "cwd": str(tmp_path),
        "transcript_path": "",
    }
    client.close()
    answer = home.client().ask("POST", "/v1/hooks/claude-code", started)
    assert "damaged" in answer["systemMessage"]
    assert "damaged" in str(home.client().ask("GET", "/v1/server/status")["trouble"])
    report = run.examine(wants=run.Options(fix=True))
    (found,) = [f for f in report.findings if f.kind == "store-damaged"]
    assert found.fix.startswith("eider backup restore ")

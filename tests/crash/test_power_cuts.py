"""A power cut at any moment: what was acknowledged was on the disk, not only in the kernel's memory.

`kill -9` proves less: the kernel writes what a dead process left behind. Here a process is traced, and its disk is rebuilt
as it was at a moment, without what nobody had synced, or with a random part of that.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from crash_ledger import WRITER, Kept, checked
from traced_disk import Disk, notes

HERE = Path(__file__).parent
NIGHTLY = bool(os.environ.get("EIDER_NIGHTLY"))
CUTS = 200 if NIGHTLY else 24
STEPS = 120 if NIGHTLY else 60

pytestmark = [pytest.mark.crash, pytest.mark.timeout(3600 if NIGHTLY else 300)]


@pytest.fixture
def tracer(tmp_path: Path) -> Path:
    """The library that writes the trace."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None or sys.platform != "linux":
        pytest.skip("tracing writes needs Linux and a C compiler")
    made = tmp_path / "trace_writes.so"
    subprocess.run(
        [compiler, "-O1", "-shared", "-fPIC", "-o", made, HERE / "trace_writes.c", "-ldl", "-lpthread"], check=True
    )
    return made


def traced(tracer: Path, root: Path, log: Path, job: dict[str, Any]) -> None:
    """Let a writer do a job; it ends without closing its store."""
    environment = {**os.environ, "TRACE_LOG": str(log), "TRACE_ROOT": str(root), "LD_PRELOAD": str(tracer)}
    command = [sys.executable, str(WRITER), str(root / "a.eider"), str(root / "acknowledged"), json.dumps(job)]
    subprocess.run(command, env=environment, check=True, timeout=600)


def test_what_was_acknowledged_survives_a_power_cut_at_any_moment(tmp_path: Path, tracer: Path) -> None:
    """Nothing that was not synced survives, or any part of it: the store opens and holds what it had said it holds."""
    root, log, draw, kept = tmp_path / "disk", tmp_path / "trace", random.Random(7), Kept()
    root.mkdir()
    traced(tracer, root, log, kept.job(7, full=False, steps=STEPS, forgets=1))
    count = sum(1 for _ in notes(log))
    moments = sorted(draw.sample(range(count), CUTS))
    disk, cuts = Disk(root), 0
    for number, note in enumerate(notes(log)):
        disk.follow(note)
        said = disk.text_of(root / "acknowledged") if number in moments else b""
        if b"ready" not in said:
            continue
        (tmp_path / "said").write_bytes(said)
        kept.follow(tmp_path / "said")
        for some in (None, random.Random(number)):
            after = tmp_path / f"after-{number}-{some is None}"
            after.mkdir()
            disk.cut(after, some)
            checked(after / "a.eider", kept, full=False)
            shutil.rmtree(after)
            cuts += 1
    assert cuts >= CUTS


def test_a_log_with_a_torn_end_is_cut_once_and_a_killed_cut_is_begun_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What DuckDB cannot read behind the last acknowledged event goes; what stood aside while that was tried comes back."""
    folder, log, kept = tmp_path / "a.eider", tmp_path / "acknowledged", Kept()
    subprocess.run(
        [sys.executable, str(WRITER), str(folder), str(log), json.dumps(kept.job(3, full=False, steps=20, forgets=0))],
        env={**os.environ, "EIDER_CRASH_AT": "commit.durable:12"}, check=False, timeout=120,
    )  # fmt: skip
    kept.follow(log)
    written = next(folder.glob("*.wal"))
    with written.open("ab") as file:
        file.write((64).to_bytes(8, "little") + bytes(8) + b"x" * 64)
    whole = written.read_bytes()
    shutil.copytree(folder, tmp_path / "killed.eider")
    torn = tmp_path / "killed.eider" / written.name
    torn.rename(f"{torn}.torn")
    torn.write_bytes(whole[:100])
    checked(folder, kept, full=False)
    checked(tmp_path / "killed.eider", kept, full=False)
    assert not list(tmp_path.glob("*/*.torn"))
    assert [one.message for one in caplog.records] == [
        "The last 80 bytes of a write that a crash interrupted were dropped."
    ] * 2


def test_a_store_that_syncs_nothing_would_be_found_out(tmp_path: Path, tracer: Path) -> None:
    """The trace tells a file that was synced under a synced name from one that was not."""
    root, log = tmp_path / "disk", tmp_path / "trace"
    root.mkdir()
    script = """
import os, sys
for name, file, folder in (("whole", 1, 1), ("unsynced", 0, 1), ("nameless", 1, 0)):
    os.mkdir(sys.argv[1] + "/" + name)
    fd = os.open(sys.argv[1] + "/" + name + "/file", os.O_WRONLY | os.O_CREAT)
    os.write(fd, b"words")
    if file:
        os.fsync(fd)
    for path in [sys.argv[1]] + [sys.argv[1] + "/" + name] * folder:
        at = os.open(path, os.O_RDONLY)
        os.fsync(at)
"""
    environment = {**os.environ, "TRACE_LOG": str(log), "TRACE_ROOT": str(root), "LD_PRELOAD": str(tracer)}
    subprocess.run([sys.executable, "-c", script, str(root)], env=environment, check=True, timeout=60)
    disk = Disk(root)
    for note in notes(log):
        disk.follow(note)
    (tmp_path / "after").mkdir()
    disk.cut(tmp_path / "after", None)
    left = {path.parent.name: path.read_bytes() for path in (tmp_path / "after").rglob("file")}
    assert left == {"whole": b"words", "unsynced": b""}

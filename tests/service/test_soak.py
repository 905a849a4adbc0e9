"""Much, from many, into one home: the server stays within stated ceilings and owes nothing in the end.

20,000 single writes from 8 clients and 180,000 in batches with `make soak`; every other run does a tenth of both,
which takes about a minute, half of it waiting for the index to be tidied. What depends on rows is bounded per row.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from homes import Home, until

import eider
from eider.client import client as client_module

FULL = bool(os.environ.get("EIDER_NIGHTLY"))
SCALE = 1 if FULL else 25
CLIENTS = 8
SINGLES = 20_000 // SCALE
BATCH = 2_000
BULK: Final = {"many": 160_000 // SCALE, **{f"user-{n}": 5_000 // SCALE for n in range(4)}}
"""User → rows in batches. At full size one passes the 150,000 rows beyond which no segment is loaded."""
ROWS = SINGLES + sum(BULK.values())
FILES, FILES_BUSY = 120, 2_000
"""Files of the home once it is tidied, and before: the index has ten for each of at most 64 drains."""
BYTES_PER_ROW, SLACK = 4_096, 64 * 1024 * 1024
"""Bytes on disk of a row (two vectors of 1 KB, the text, the event and the index), and of a log not yet written back."""
REST = 640 * 1024 * 1024 + 2_560 * ROWS
"""Bytes of memory at rest: 170 MB of libraries and 130 of what they load, DuckDB's 256 and the index's caches; segments,
of 192 MB at most in all, and the heap around them grow with the rows. Measured at full size: 850 MB of 1.15 GB."""
PEAK = 768 * 1024 * 1024 + 6_144 * ROWS
"""Bytes of memory at most, when a large segment grows, a merge runs and `verify` holds every id: 1.6 of 2.0 GB."""
MORE = 24
"""Descriptors that may be added between the middle and the end, at rest."""
THREADS = 96
"""Threads at rest, whatever the rows: 20 before LanceDB is needed, 43 to 48 once its pools, which fill when they are
needed and shrink much later, have served a drain."""
TIDIED = 120.0
"""Seconds within which an index is tidied that nobody writes any more; it begins after 30."""
WORKER = Path(__file__).with_name("soak_worker.py")
SERVICE = Path(client_module.__file__).parent
PATIENCE = 900.0 if FULL else 240.0
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3 * PATIENCE)]


@dataclass(frozen=True, slots=True)
class Held:
    """What a process has of the system."""

    descriptors: int
    threads: int
    resident: int
    peak: int


def held(pid: int) -> Held:
    said = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
    resident, peak = (int(said[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
    descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return Held(descriptors, int(said["Threads"]), resident, peak)


def files(home: Home) -> list[int]:
    """Sizes of all files of a home."""
    found: list[int] = []
    for place, _, names in os.walk(home.path):
        for name in names:
            with suppress(FileNotFoundError):  # compacted away meanwhile
                found.append(Path(place, name).lstat().st_size)
    return found


@pytest.fixture
def clients(home: Home) -> Iterator[list[subprocess.Popen[str]]]:
    """Eight processes that write; none stays when the test fails."""
    started = [
        subprocess.Popen(
            [sys.executable, "-I", "-S", str(WORKER), str(SERVICE), str(n), str(SINGLES // CLIENTS)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for n in range(CLIENTS)
    ]  # fmt: skip
    yield started
    for one in started:
        if one.poll() is None:
            one.kill()
        one.communicate()


def in_batches(memory: eider.Eider) -> Iterator[int]:
    """Bring everyone's rows in, user by user in turns, with a recall now and then; yields rows so far."""
    places, done = dict.fromkeys(BULK, 0), 0
    while left := [user for user in BULK if places[user] < BULK[user]]:
        for user in left:
            start, count = places[user], min(BATCH, BULK[user] - places[user])
            items = [
                {"text": f"Line {n} of {user}: the {n % 97}th review went to Lisbon.", "session": f"s{n // 50}"}
                for n in range(start, start + count)
            ]
            assert len(memory.record_many(items, user=user)) == count
            assert memory.recall(f"line {start} and its review in Lisbon", user=user, limit=3)
            places[user] += count
            done += count
            yield done


def test_a_soak_stays_within_its_ceilings(home: Home, clients: list[subprocess.Popen[str]]) -> None:
    """Files, disk, memory, descriptors and threads are bounded; nothing waits, all is there, once, and verifies."""
    home.settings()  # vectors of words, as users have them
    with eider.open("soak", user="ada") as memory:
        pid, middle = home.start(), None
        for done in in_batches(memory):
            if middle is None and done > sum(BULK.values()) // 2:
                middle = held(pid)
        told = [one.communicate(timeout=PATIENCE) for one in clients]
        assert [said for _, said in told if said] == []
        assert sum(int(stored) for stored, _ in told) == SINGLES
        asked = home.client(store="soak", timeout=PATIENCE)
        assert asked.call("drain", {})["value"]["left"] == 0
        busy = files(home)
        for user, count in {"ada": SINGLES, **BULK}.items():
            assert memory.search(user=user, limit=1).total == count
        assert asked.call("verify", {"deep": True})["value"]["findings"] == []
        until(lambda: len(files(home)) <= FILES, "a tidy home", TIDIED)
        until(lambda: held(pid).resident <= REST, f"less than {REST} bytes of memory", TIDIED)
        status, rest, tidy = home.client().ask("GET", "/v1/server/status"), held(pid), files(home)
    print(f"{ROWS} rows; files {len(busy)}, tidied {len(tidy)}; bytes {sum(busy)}, tidied {sum(tidy)}; {middle} {rest}")
    assert (status["spool_bytes"], status["jobs"]) == (0, {"waiting": 0, "running": 0, "dead": 0})
    assert home.servers() == [pid]
    assert len(busy) <= FILES_BUSY
    assert max(sum(busy), sum(tidy)) <= BYTES_PER_ROW * ROWS + SLACK
    assert rest.peak <= PEAK
    assert middle is not None
    assert rest.descriptors <= middle.descriptors + MORE
    assert rest.threads <= THREADS

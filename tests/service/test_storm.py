"""Many processes, one store, and a server that is killed again and again: nothing stored is lost or doubled.

A quarter of a minute in every test run, two minutes with `make storm`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from homes import Home, until

import eider
from eider.client.client import server_notes

WORKER = Path(__file__).with_name("storm_worker.py")
SECONDS = 120 if os.environ.get("EIDER_NIGHTLY") else 12
WORKERS = 8
KILLS = SECONDS // 6
"""At least so many servers die."""
ANSWERS = 25
"""Calls of all workers between two kills, so that a server of a busy machine has done something before it dies."""
DOCUMENTED = {"ServerUnreachableError", "ServerBusyError"}
"""What a caller may see while servers die: both say what to do, and neither follows a stored write."""
pytestmark = [pytest.mark.slow, pytest.mark.timeout(SECONDS * 3 + 480)]


_workers: list[subprocess.Popen[bytes]] = []


@pytest.fixture(autouse=True)
def nobody_stays() -> Iterator[None]:
    """Workers of a test that failed would start servers for ever."""
    yield
    for worker in _workers:
        if worker.poll() is None:
            worker.kill()
            worker.wait()
    _workers.clear()


def started(number: int, ledger: Path, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(WORKER), str(number), str(ledger.with_name("over")), str(ledger), *more]
    _workers.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
    return _workers[-1]


def ended(workers: list[subprocess.Popen[bytes]], place: Path) -> None:
    (place / "over").touch()
    for worker in workers:
        _, said = worker.communicate(timeout=240)
        assert worker.returncode == 0, said.decode()
        assert not said, said.decode()


def killed_now_and_then(home: Home, ledgers: list[Path], seconds: float, every: float) -> int:
    """Kill whatever server there is, again and again, each time after some answers; returns how often."""
    count, end = 0, time.monotonic() + seconds
    while time.monotonic() < end or count < KILLS:
        time.sleep(every)
        until(lambda count=count: len(lines(ledgers)) > ANSWERS * (count + 1), "answers")
        pid = server_notes(str(home)).get("pid")
        if pid:
            try:
                os.kill(int(pid), signal.SIGKILL)
                count += 1
            except ProcessLookupError:
                continue
    return count


def lines(ledgers: list[Path]) -> list[dict[str, Any]]:
    """What is in the ledgers so far, whole lines of those that there are."""
    there = [path.read_text().rpartition("\n")[0] for path in ledgers if path.exists()]
    return [json.loads(line) for text in there for line in text.splitlines()]


def everything(memory: eider.Eider) -> list[Any]:
    found: list[Any] = []
    while True:
        page = memory.search(limit=1000, offset=len(found))
        found += [r.memory or r.episode for r in page.items]
        if not page.items:
            return found


def held_against(told: list[dict[str, Any]], memory: eider.Eider) -> None:
    """Every write that was answered is there once; what was refused with "not known" at most once."""
    memory.drain()
    kept = everything(memory)
    times = Counter(i.key for i in kept if i.key)
    answered = [
        k for line in told if "error" not in line for k in ([line["key"]] if line.get("key") else line.get("keys", []))
    ]
    assert [k for k in answered if times[k] != 1] == []
    assert [k for k, n in times.items() if n > 1] == []
    for session in {i.session for i in kept if hasattr(i, "session")}:
        said = sorted((i for i in kept if getattr(i, "session", None) == session), key=lambda e: e.seq)
        assert len({e.seq for e in said}) == len(said)
    verified = memory.verify(deep=True)
    assert verified, verified.findings


def test_a_storm_with_dying_servers_loses_and_doubles_nothing(home: Home, tmp_path: Path) -> None:
    """Eight processes write and read while the server is killed every few seconds."""
    ledgers = [tmp_path / f"{n}.jsonl" for n in range(WORKERS)]
    workers = [started(n, ledgers[n]) for n in range(WORKERS)]
    kills = killed_now_and_then(home, ledgers, SECONDS - 4, every=2.5)
    until(lambda: {line["worker"] for line in lines(ledgers)} == set(range(WORKERS)), "an answer to each")
    ended(workers, tmp_path)
    told = lines(ledgers)
    writes = sum("error" not in line and bool(line.get("key") or line.get("keys")) for line in told)
    refused = sum("error" in line for line in told)
    print(
        f"\nservers killed: {kills}, calls: {len(told)}, writes acknowledged: {writes}, refused with an error: {refused}"
    )
    assert kills >= KILLS
    assert {line["error"] for line in told if "error" in line} <= DOCUMENTED, [x for x in told if "error" in x][:3]
    assert sum("error" not in line for line in told) > len(told) / 2
    with eider.open("storm", user="ada") as memory:
        held_against(told, memory)


def test_a_newer_client_takes_over_and_two_of_one_version_live_together(home: Home, tmp_path: Path) -> None:
    """An upgrade within a storm replaces the server once; older clients go on with the newer server."""
    seconds = max(8.0, SECONDS / 4)
    ledgers = [tmp_path / f"{n}.jsonl" for n in range(4)]
    versions = ["", "", "99.0.0", ""]
    workers = [started(n, ledgers[n], *([v] if v else [])) for n, v in enumerate(versions)]
    pids: list[int] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end or {line["worker"] for line in lines(ledgers)} != set(range(4)):
        pid = server_notes(str(home)).get("pid")
        if pid and (not pids or pids[-1] != pid):
            pids.append(pid)
        time.sleep(0.05)
    ended(workers, tmp_path)
    told = lines(ledgers)
    assert {line["error"] for line in told if "error" in line} <= DOCUMENTED
    assert len(pids) <= 3, "servers replaced each other again and again"
    with eider.open("storm", user="ada") as memory:
        held_against(told, memory)

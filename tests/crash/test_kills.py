"""`kill -9` at any moment: nothing acknowledged is lost, nothing is doubled, nothing is torn, and the chain holds."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from crash_ledger import Kept, Zygote, checked, spawned

import eider
from eider.providers.embedders.hashing import HashEmbedder

HERE = Path(__file__).parent
NIGHTLY = bool(os.environ.get("EIDER_NIGHTLY"))
LANES = 2
LIGHT = 1_000 if NIGHTLY else 60
"""Random kills of the truth and the outbox, beside those at each label; a new store is begun after every 40 of a lane."""
FULL = 360 if NIGHTLY else 16
"""Random kills with the search index, beside those at each of its labels."""
PASSES = 24 if NIGHTLY else 3
"""Kills at each label of the truth: the first time it is passed, the second time, and so on."""
AT_LABEL = {
    "commit.written": "light", "commit.durable": "light", "erase.written": "light", "erase.copied": "light",
    "erase.pointed": "light", "erase.swapped": "light", "migrate.written": "light", "outbox.applied": "full",
    "outbox.trimmed": "full",
}  # fmt: skip
"""Labelled points of the truth and the index, and which storm passes them."""

pytestmark = [pytest.mark.crash, pytest.mark.timeout(7200 if NIGHTLY else 900)]


def killed_somewhere(pid: int, log: Path, draw: random.Random, *, verbs: int) -> None:
    """Kill it while it works: after some verbs, or at a moment of one of them."""
    start, wanted = log.stat().st_size if log.exists() else 0, draw.randrange(verbs)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and Path(f"/proc/{pid}").exists():
        text = log.read_bytes()[start:] if log.exists() else b""
        if b"ready" in text and text.count(b"ack ") >= wanted:
            break
        time.sleep(0.001)
    time.sleep(draw.choice([0, 0, 0.001, 0.003, 0.01, 0.05, 0.15]) * draw.random())
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pytest.fail("the writer ended by itself")


def light_storm(place: Path, seed: int, kills: int) -> int:
    """Kill a writer so often, each time holding the store against its log; returns how many writes were acknowledged."""
    zygote, draw, kept, written = Zygote(), random.Random(seed), Kept(), 0
    folder, log = place / f"light{seed}.eider", place / f"light{seed}.log"
    try:
        for n in range(kills):
            if n % 40 == 39:  # a store of some hundred rows is enough; now and then a creation is killed as well
                written += kept.writes
                folder, log, kept = place / f"light{seed}-{n}.eider", place / f"light{seed}-{n}.log", Kept()
            pid, wait = zygote.run(kept.job(seed * 1000 + n, full=False, steps=100_000), folder, log)
            killed_somewhere(pid, log, draw, verbs=8)
            assert wait() == signal.SIGKILL
            kept.follow(log)
            checked(folder, kept, full=False)
    finally:
        zygote.close()
    return written + kept.writes


def full_storm(place: Path, seed: int, kills: int) -> int:
    """The same with the search index."""
    draw, kept = random.Random(seed), Kept()
    folder, log = place / f"full{seed}.eider", place / f"full{seed}.log"
    for n in range(kills):
        pid, wait = spawned(kept.job(seed * 1000 + n, full=True, steps=100_000), folder, log)
        killed_somewhere(pid, log, draw, verbs=10)
        assert wait() == -signal.SIGKILL
        kept.follow(log)
        checked(folder, kept, full=True)
    return kept.writes


def test_truth_and_outbox_survive_any_kill(tmp_path: Path) -> None:
    """At random moments, without ever loading the index: lost nothing, doubled nothing, tore nothing."""
    with ThreadPoolExecutor(LANES) as lanes:
        written = sum(lanes.map(lambda seed: light_storm(tmp_path, seed, LIGHT // LANES), range(1, LANES + 1)))
    print(f"\nkills of the truth: {LIGHT}, acknowledged writes held against the store: {written}")
    assert written > LIGHT


def test_the_index_is_the_truth_again_after_any_kill(tmp_path: Path) -> None:
    """At random moments of verbs and drains: after healing it holds each row once, at its revision."""
    with ThreadPoolExecutor(LANES) as lanes:
        written = sum(lanes.map(lambda seed: full_storm(tmp_path, seed, FULL // LANES), range(1, LANES + 1)))
    print(f"\nkills with the index: {FULL}, acknowledged writes held against the store: {written}")
    assert written > FULL


def test_every_labelled_point_is_passed_by_a_test() -> None:
    """A label that no test kills at would be a promise nobody keeps."""
    core = Path(eider.__file__).parent
    found = {label for path in core.rglob("*.py") for label in re.findall(r'\bpoint\("([^"]+)"\)', path.read_text())}
    others = [path.read_text() for path in HERE.parent.rglob("*.py")]
    assert set(AT_LABEL) <= found
    assert {label for label in found - set(AT_LABEL) if not any(label in text for text in others)} == set()


@pytest.mark.parametrize("label", [label for label, kind in AT_LABEL.items() if kind == "light"])
def test_killed_at_a_labelled_point_of_the_truth(tmp_path: Path, label: str) -> None:
    """Before and after each step of a commit, an erasure, a rewrite and a migration."""
    zygote = Zygote()
    try:
        for passes in range(1, PASSES + 1):
            kept, folder, log = Kept(), tmp_path / f"{passes}.eider", tmp_path / f"{passes}.log"
            if label != "migrate.written":
                _, wait = zygote.run(kept.job(passes, full=False, steps=8, forgets=0), folder, log)
                assert wait() == 0
                kept.follow(log)
            count = 1 if label == "migrate.written" else passes
            job = kept.job(50 + passes, full=False, steps=100_000, forgets=20 * label.startswith("erase"))
            _, wait = zygote.run(job | {"crash": f"{label}:{count}"}, folder, log)
            assert wait() == signal.SIGKILL
            if log.exists():
                kept.follow(log)
            checked(folder, kept, full=False)
            _, wait = zygote.run(kept.job(90 + passes, full=False, steps=3), folder, log)
            assert wait() == 0
            kept.follow(log)
            checked(folder, kept, full=False)
    finally:
        zygote.close()


@pytest.mark.parametrize("label", [label for label, kind in AT_LABEL.items() if kind == "full"])
def test_killed_at_a_labelled_point_of_the_index(tmp_path: Path, label: str) -> None:
    """Between the index and the outbox."""
    kept, folder, log = Kept(), tmp_path / "a.eider", tmp_path / "a.log"
    for passes in range(1, 6):
        job = kept.job(passes, full=True, steps=100_000) | {"crash": f"{label}:{1 + passes % 3}"}
        _, wait = spawned(job, folder, log)
        assert wait() == -signal.SIGKILL
        if log.exists():
            kept.follow(log)
        checked(folder, kept, full=True)


FORGET = """
import sys
import eider
from eider.model import failpoints
from eider.providers.embedders.hashing import HashEmbedder
memory = eider.open(sys.argv[1], user="ada", embedder=HashEmbedder(width=16))
kept = memory.remember("Quokkas are on the island.")
failpoints._WANTED = sys.argv[2]
memory.forget(kept.id)
"""


@pytest.mark.parametrize("label", ["erase.copied", "erase.pointed"])
def test_a_killed_forget_is_finished_by_the_next_server(tmp_path: Path, label: str) -> None:
    """The rows were gone at once; that their bytes have to leave the disk is remembered with the erasure."""
    folder = tmp_path / "a.eider"
    done = subprocess.run([sys.executable, "-c", FORGET, str(folder), label], check=False)
    assert done.returncode == -signal.SIGKILL
    with eider.open(folder, user="ada", embedder=HashEmbedder(width=16)) as memory:
        assert memory.search().total == 0
        before = memory._engine.store.connection.database.path
        memory.drain()
        assert not memory._engine.jobs.listed("waiting")
        assert memory._engine.store.erasure_checks.columns_saying(["Quokkas"], user="ada") == []
        found = sorted(p.name for p in folder.glob("truth-*"))
        assert {name.split(".")[0] for name in found} == {memory._engine.store.connection.database.path.stem}
        assert memory._engine.store.connection.database.path.stem >= before.stem > "truth-000000"
        assert memory._engine.store.connection.database.path.stem != "truth-000001"


EXPORT = """
import sys
import eider
from eider.model import failpoints
from eider.providers.embedders.hashing import HashEmbedder
with eider.open(sys.argv[1], user="ada", embedder=HashEmbedder(width=16)) as memory:
    memory.remember("Quokkas are on the island.")
    memory.export(sys.argv[2], format="parquet")
    memory.remember("Herons are at the weir.")
    failpoints._WANTED = "export.between"
    memory.export(sys.argv[2], format="parquet")
"""


def test_an_export_killed_while_it_replaces_the_last_is_made_again(tmp_path: Path) -> None:
    """The store is as it was, and the next export is whole."""
    folder, target = tmp_path / "a.eider", tmp_path / "out"
    done = subprocess.run([sys.executable, "-c", EXPORT, str(folder), str(target)], check=False)
    assert done.returncode == -signal.SIGKILL
    with eider.open(folder, user="ada", embedder=HashEmbedder(width=16)) as memory:
        assert memory.search().total == 2
        memory.export(target, format="parquet")
    with eider.open(tmp_path / "b.eider", user="ada", embedder=HashEmbedder(width=16)) as memory:
        assert memory.import_(target).memories == 2

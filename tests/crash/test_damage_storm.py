"""Damage to every file and copies at any moment: what was acknowledged is there, or somebody is told. Never a silent loss.

A few of each in a test run; five hundred damages and two hundred copies with `make storm`, which prints the table of
SECURITY.md.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

import eider
from eider.model.errors import EiderError
from eider.providers.embedders.hashing import HashEmbedder

FULL = bool(os.environ.get("EIDER_NIGHTLY"))
DAMAGES, COPIES = (520, 200) if FULL else (10, 3)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_600 if FULL else 300)]
WRITER = """
import os, sys, eider
from eider.providers.embedders.hashing import HashEmbedder
memory = eider.open(sys.argv[1], user="ada", embedder=HashEmbedder(width=16))
for n in range(int(sys.argv[2])):
    memory.record(f"said {n}", session="s")
print("written", flush=True)
os._exit(0)  # nothing is closed: what is acknowledged stands in the log
"""


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose last writes stand in the write-ahead log alone, as after a kill."""
    folder = tmp_path_factory.mktemp("pristine") / "s.eider"
    with eider.open(folder, user="ada", embedder=HashEmbedder(width=16)) as memory:
        for n in range(30):
            memory.remember(f"Fact number {n} of the harbour.")
        memory.rebuild()
    subprocess.run([sys.executable, "-c", WRITER, str(folder), "40"], check=True, capture_output=True, timeout=120)
    return folder


def harmed(folder: Path, draw: random.Random) -> str:
    """Do something to a file, or to several; returns what."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "owner.lock")
    path = draw.choice(files)
    what = draw.choice(("flip", "flip", "truncate", "delete", "zero", "several deleted"))
    if what == "several deleted":
        gone = draw.sample(files, k=min(len(files), draw.randint(2, 4)))
        for one in gone:
            one.unlink()
        return f"{what}: {', '.join(sorted(p.name for p in gone))}"
    data = bytearray(path.read_bytes())
    if what == "delete" or not data:
        path.unlink()
    elif what == "truncate":
        path.write_bytes(data[: draw.randrange(len(data))])
    elif what == "zero":
        start = draw.randrange(len(data))
        end = min(len(data), start + draw.choice((64, 4_096)))
        data[start:end] = bytes(end - start)
        path.write_bytes(data)
    else:
        for _ in range(draw.choice((1, 8))):
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        path.write_bytes(data)
    return f"{what}: {path.relative_to(folder)}"


def outcome(folder: Path, facts: int, said: int) -> str:
    """How a damaged store answers: "refused", "told", "whole", or "silent loss"."""
    try:
        with eider.open(folder, user="ada", embedder=HashEmbedder(width=16)) as memory:
            health = memory.health()
            there = {r.text for r in memory.search("", limit=500).items}
            wanted = {*(f"said {n}" for n in range(said)), *(f"Fact number {n} of the harbour." for n in range(facts))}
            if memory.verify(deep=True).findings:
                return "told"
            return "whole" if wanted <= there and health.episodes == said else "silent loss"
    except EiderError:
        return "refused"


def test_damage_is_never_a_silent_loss(pristine: Path, tmp_path: Path) -> None:
    """Flips, zeros, truncations and deletions over every file: refused, told by verify, or nothing is missing."""
    draw, found = random.Random(20_261_130), Counter[str]()
    silent: list[str] = []
    for n in range(DAMAGES):
        folder = tmp_path / f"{n}.eider"
        shutil.copytree(pristine, folder)
        what = harmed(folder, draw)
        became = outcome(folder, 30, 40)
        found[became] += 1
        if became == "silent loss":
            silent.append(what)
        shutil.rmtree(folder, ignore_errors=True)
    print(f"\ndamage: {DAMAGES} trials: {dict(found)}")
    assert not silent


def test_copies_at_any_moment_open_with_what_was_acknowledged_before(tmp_path: Path) -> None:
    """A plain copy of the directory while somebody writes: it opens and holds what was told before it began, or refuses."""
    source, done, stop = tmp_path / "s.eider", [0], threading.Event()
    found: Counter[str] = Counter()

    def write() -> None:
        while not stop.is_set():
            memory.record(f"said {done[0]}", session="s")
            done[0] += 1
            if done[0] % 200 == 0:
                memory.forget(memory.remember(f"Gone {done[0]}.").id)

    with eider.open(source, user="ada", embedder=HashEmbedder(width=16)) as memory:
        writer = threading.Thread(target=write)
        writer.start()
        draw = random.Random(7)
        for n in range(COPIES):
            stop.wait(draw.uniform(0.01, 0.2))
            before, copy = done[0], tmp_path / f"{n}.eider"
            taken = subprocess.run(["cp", "-r", str(source), str(copy)], check=False, capture_output=True)
            found["torn by cp" if taken.returncode else _opened(copy, before)] += 1
            shutil.rmtree(copy, ignore_errors=True)
        stop.set()
        writer.join()
    print(f"\ncopies: {COPIES} taken beside {done[0]} writes: {dict(found)}")
    assert not found["lost"]
    assert found["whole"] >= COPIES // 2


def _opened(copy: Path, before: int) -> str:
    script = (
        "import sys, eider\nfrom eider.providers.embedders.hashing import HashEmbedder\n"
        "m = eider.open(sys.argv[1], user='ada', embedder=HashEmbedder(width=16))\n"
        "r = m.sql('select text from episodes', rows=1000000)\n"
        "there = {t for t, in r.rows}\n"
        "print(sum(f'said {n}' not in there for n in range(int(sys.argv[2]))), len(m.verify(deep=False).findings))\nm.close()\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(copy), str(before)], check=False, capture_output=True, text=True, timeout=120
    )
    if ran.returncode:
        return "refused" if "eider.model.errors" in ran.stderr else f"raw error: {ran.stderr[-200:]}"
    missing, findings = map(int, ran.stdout.split())
    return "whole" if not missing else "told" if findings else "lost"

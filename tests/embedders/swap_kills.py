"""Kills of a process that exchanges a store's embedder, at each of its steps; wherever the store is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import eider
from eider.api.embedded_backend import EmbeddedBackend
from eider.api.facade import Eider
from eider.api.local import open_engine

_WRITER = """
import sys
import eider
from eider.store import embedder_exchange
embedder_exchange.BATCH = 8
with eider.open(sys.argv[1], user="ada") as memory:
    state = memory.embedder()
    if state.swap == "":
        memory.swap_embedder("wordllama")
    elif state.swap == "filling":
        memory.swap_embedder(action="resume")
    n = 0
    while memory.embedder().swap == "filling":
        memory.remember(f"Written meanwhile, number {n} of {sys.argv[2]}.")
        print(n, flush=True)
        n += 1
"""
POINTS = [*["swap.filled"] * 5, "swap.verified", "swap.exchanged", "swap.done"]
MAKERS = (
    "SELECT DISTINCT m.content, octet_length(CASE WHEN embedder = m.content THEN vector "
    "WHEN spare_embedder = m.content THEN spare_vector END) FROM embeddings, meta m WHERE m.name = 'embedder'"
)
"""Whose vectors are in use, and their lengths in bytes."""


def kill_at_every_step(place: Path | str) -> None:
    """After each kill the store opens with vectors of one embedder, keeps every acknowledged line, and the exchange ends."""
    with eider.open(place, user="ada", embedder="hash") as memory:
        memory.remember_many([f"Box {n} holds a lamp." for n in range(60)])
    kept = 60
    for number, point in enumerate(POINTS):
        child = subprocess.run(
            [sys.executable, "-c", _WRITER, str(place), str(number)], capture_output=True, text=True, check=False, timeout=120,
            env={**os.environ, "EIDER_CRASH_AT": point},
        )  # fmt: skip
        assert child.returncode == -signal.SIGKILL, (point, child.stderr)
        kept += len(child.stdout.split())
        engine = open_engine(place, paused=lambda: True)  # what was interrupted waits for the next writer
        with Eider(EmbeddedBackend(engine), user="ada") as memory:
            state = memory.embedder()
            assert state.rows >= kept
            assert state.pending == 0
            with engine.store.material._database.reading(None) as db:
                assert db.execute(MAKERS).fetchall() == [(state.fingerprint, 4 * state.width)]
            assert memory.recall("lamp in box 7", limit=5)
            assert not memory.verify(deep=True).findings
            if point == "swap.done":
                assert (state.name, state.swap) == ("wordllama", "kept")
                assert memory.swap_embedder(action="back").name == "hash"
                memory.swap_embedder(action="drop")
            else:
                assert state.swap == ("kept" if state.name == "wordllama" else "filling"), point

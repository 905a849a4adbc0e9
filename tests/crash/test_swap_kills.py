"""`kill -9` in the middle of an exchange of embedders: it goes on where it was, and no vector is lost or mixed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import eider
from eider.api.embedded_backend import EmbeddedBackend
from eider.api.facade import Eider
from eider.api.local import open_engine

_WRITER = """
import sys, threading
import eider
from eider.store import embedder_swap
embedder_swap.BATCH, embedder_swap._LAST = 8, 4
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


@pytest.mark.crash
def test_an_exchange_that_is_killed_at_any_step_goes_on(tmp_path: Path) -> None:
    """After each kill the store opens with vectors of one embedder, keeps every acknowledged line, and the exchange ends."""
    path = tmp_path / "s.eider"
    with eider.open(path, user="ada", embedder="hash") as memory:
        memory.remember_many([f"Box {n} holds a lamp." for n in range(60)])
    kept = 60
    for place, point in enumerate(POINTS):
        child = subprocess.run(
            [sys.executable, "-c", _WRITER, str(path), str(place)], capture_output=True, text=True, check=False, timeout=120,
            env={**os.environ, "EIDER_CRASH_AT": point},
        )  # fmt: skip
        assert child.returncode == -signal.SIGKILL, (point, child.stderr)
        kept += len(child.stdout.split())
        engine = open_engine(path, paused=lambda: True)  # what was interrupted waits for the next writer
        with Eider(EmbeddedBackend(engine), user="ada") as memory:
            state = memory.embedder()
            assert state.rows >= kept
            assert state.pending == 0
            with engine.store.material._database.reading(None) as db:
                makers = db.execute("SELECT DISTINCT embedder, octet_length(vector) FROM embeddings").fetchall()
            assert makers == [(state.fingerprint, 4 * state.width)]
            assert memory.recall("lamp in box 7", limit=5)
            assert not memory.verify(deep=True).findings
            if point == "swap.done":
                assert (state.name, state.swap) == ("wordllama", "kept")
                assert memory.swap_embedder(action="back").name == "hash"
                memory.swap_embedder(action="drop")
            elif state.swap == "":
                pytest.fail(f"{point}: the exchange was forgotten")

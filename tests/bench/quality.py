"""How well recall finds what it should: through the product, on data that may not be shipped and on our own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("EIDER_SHARED") or ROOT.parent / "shared")


def printed(*arguments: str) -> str:
    """What `tests/lab/measure.py …` prints."""
    command = [sys.executable, str(Path(__file__).parents[1] / "lab" / "measure.py"), *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    return (done.stdout or done.stderr).rstrip()


def sections() -> list[tuple[str, str]]:
    """(command, output) of each set that is present."""
    found: list[tuple[str, str]] = [("python tests/lab/measure.py genres --types", printed("genres", "--types"))]
    fitted = [sys.executable, str(Path(__file__).parents[1] / "lab" / "fit_ranker.py")]
    done = subprocess.run(fitted, check=False, capture_output=True, text=True, cwd=ROOT)
    found.append(("python tests/lab/fit_ranker.py", (done.stdout or done.stderr).rstrip()))
    for folder, memories, chats in (
        (SHARED / "bench" / "isolated", "memories_dev.jsonl", "chats_dev.jsonl"),
        (ROOT / "tests" / "data", "own_memories.jsonl", "own_chats.jsonl"),
    ):
        if (folder / memories).exists():
            files = ("--memories", str(folder / memories), "--chats", str(folder / chats))
            shown = f"python tests/lab/measure.py isolated --memories {memories} --chats {chats}"
            found.append((shown, printed("isolated", *files)))
    return found

"""A process that lives long: opens one memory, keeps it, works, and tells what it kept.

`python alive_worker.py NAME ROUNDS [SNAPSHOT]`: says "ready", waits for a line on stdin, and prints the texts it wrote as
JSON. With a snapshot it is a notebook: it reads, also from the snapshot beneath, and asks in SQL.
"""

from __future__ import annotations

import json
import sys

import eider

SAID_BEFORE = "The lighthouse was painted red in April."


def worked(memory: eider.Eider, name: str, rounds: int) -> list[str]:
    """Write and read in turns; what was written is found by whoever wrote it."""
    kept: list[str] = []
    for place in range(rounds):
        word = f"{name}{place}"
        said = memory.record(f"Worker {word} saw a heron.", session=name)
        fact = memory.remember(f"Heron {word} lives by the river.")
        many = memory.record_many([{"text": f"Note {n} of {word}.", "session": name} for n in range(3)])
        kept += [item.text for item in (said, fact, *many)]
        assert fact.text in [hit.text for hit in memory.recall(f"where does heron {word} live?", limit=10)]
        assert memory.search(f"Worker {word}", limit=3).total
        memory.inject(f"what did worker {word} see?")
    return kept


def looked(memory: eider.Eider, rounds: int) -> None:
    """Ask in SQL and in words while others write: rows only grow, and the snapshot is there all the while."""
    rows = 0
    for _ in range(rounds):
        ((count,),) = memory.sql("SELECT count(*) FROM episodes").rows
        assert count >= rows
        rows = count
        assert SAID_BEFORE in [hit.text for hit in memory.recall("which colour has the lighthouse?")]
        assert "<table" in memory.sql("SELECT text, recorded_at FROM memories LIMIT 3")._repr_html_()


def main() -> None:
    """Open, wait, work, tell."""
    name, rounds, *snapshot = sys.argv[1:]
    with eider.open("team", user="ada", agent=name, layers=snapshot) as memory:
        print("ready", flush=True)
        sys.stdin.readline()
        if snapshot:
            looked(memory, int(rounds))
        print(json.dumps([] if snapshot else worked(memory, name, int(rounds))))


if __name__ == "__main__":
    main()

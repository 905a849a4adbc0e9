"""One caller in a storm: mixed verbs until told to stop, every answer written down before the next call.

`python storm_worker.py NUMBER OVER LEDGER [VERSION]`; it ends when the file OVER is there. The ledger is JSON lines of what
was asked and answered.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import eider
from eider.client import client

USER = "ada"
STORE = "storm"


def main() -> None:
    """Ask, note, repeat."""
    number, over, ledger = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    if len(sys.argv) > 4:
        client.VERSION = sys.argv[4]
    chance = random.Random(number)
    with Path(ledger).open("a", encoding="utf-8") as file:
        memory = eider.open(STORE, user=USER, agent=f"worker-{number}")
        place = 0
        while not over.exists():
            place += 1
            if place % 40 == 0:  # hosts start anew all the time
                memory.close()
                memory = _opened(number)
            note = _asked(memory, chance, number, place)
            file.write(json.dumps({"worker": number, "place": place, "pid": os.getpid(), **note}) + "\n")
            file.flush()
        memory.close()


def _opened(number: int) -> eider.Eider:
    end = time.monotonic() + 120
    while True:
        try:
            return eider.open(STORE, user=USER, agent=f"worker-{number}")
        except eider.errors.ServerError:
            if time.monotonic() > end:
                raise


def _asked(memory: eider.Eider, chance: random.Random, number: int, place: int) -> dict[str, Any]:  # noqa: PLR0911 (one return per verb)
    key = f"w{number}-{place}"
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=place)
    verb = chance.choices(("record", "remember", "recall", "inject", "search", "batch"), (5, 3, 4, 1, 1, 1))[0]
    try:
        if verb == "record":
            kept = memory.record(f"Worker {number} said line {place}.", session=f"s{number}", at=at, key=key)
            return {"verb": verb, "key": key, "id": kept.id}
        if verb == "remember":
            kept = memory.remember(f"Fact {place} of worker {number} is {key}.", key=key)
            return {"verb": verb, "key": key, "id": kept.id}
        if verb == "batch":
            items = [
                {"text": f"Batch {place}.{n} of worker {number}.", "key": f"{key}.{n}", "session": f"b{number}"}
                for n in range(5)
            ]
            return {
                "verb": verb,
                "keys": [f"{key}.{n}" for n in range(5)],
                "ids": [e.id for e in memory.record_many(items)],
            }
        if verb == "recall":
            return {"verb": verb, "found": len(memory.recall(f"what is fact {place - 1} of worker {number}?", limit=3))}
        if verb == "inject":
            return {"verb": verb, "text": bool(memory.inject(f"fact {place - 1} of worker {number}").text)}
        return {"verb": verb, "total": memory.search(limit=1).total}
    except eider.EiderError as error:
        return {"verb": verb, "key": key, "error": type(error).__name__, "said": str(error)}


if __name__ == "__main__":
    main()

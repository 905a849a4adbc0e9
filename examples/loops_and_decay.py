"""What is used is remembered longer: outcomes of work credit what was recalled for it, and what nobody uses fades.

Run it: python examples/loops_and_decay.py (a clock of its own plays a year)
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta

import eider

clock = eider.FixedClock(datetime(2026, 1, 5, 9, 0, tzinfo=UTC))


def main(memory: eider.Eider) -> None:
    """Two facts of the same day; one is used, with success, every other week."""
    used = memory.remember("The staging server is called puffin.")
    idle = memory.remember("The old printer stood in room 7.")
    for _ in range(12):
        clock.advance(timedelta(days=14))
        with memory.loop() as loop:  # one turn of an agent: what it recalls belongs to the loop
            memory.recall("What is the staging server called?", limit=1, loop=loop.id)
            loop.set_outcome(1.0)  # it helped
    for name, one in (("used", used), ("idle", idle)):
        usage = memory.why(one.id).usage
        days = usage.stability
        print(f"{name}: is likely to be worth recalling for {days:.0f} days without use")
    clock.advance(timedelta(days=200))
    plan = memory.consolidate(prune_threshold=0.7, dry_run=True)
    print("would be closed:", [one.text for one in plan.closed])
    done = memory.consolidate(prune_threshold=0.7)
    print("current now:", [found.text for found in memory.search().items])
    if done.event is not None:
        memory.undo(done.event.id)
    print("taken back: ", sorted(found.text for found in memory.search().items))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place, eider.open(f"{place}/m.eider", user="ada", clock=clock) as opened:
        main(opened)

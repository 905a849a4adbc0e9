"""First process of the demo: records three conversations and is killed without closing the store.

Run as `python -m eider.cli.demo_story.before STORE`; it prints what it did as JSON lines.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from datetime import timedelta

from eider.api.open import open as open_store
from eider.cli.demo_story import story
from eider.model.clock import FixedClock


def write_history(store: str) -> None:
    """Record the sessions, keep statements, correct one, learn from an objection; each when it happened."""
    clock = FixedClock(story.SESSIONS[0][1])
    memory = open_store(store, user=story.USER, agent="claude", clock=clock)
    print_step("opened", 0.0)
    moments = sorted(
        [(begin, "session", (name, turns)) for name, begin, turns in story.SESSIONS]
        + [(at, "statement", (text, kind)) for text, kind, at in story.STATEMENTS]
        + [(story.CORRECTED, "correction", (story.BEFORE, story.AFTER))]
        + [(story.OBJECTED_AT, "exchange", (story.DRAFTED, story.OBJECTED))]
    )  # fmt: skip
    kept: dict[str, str] = {}
    learned: list[str] = []
    for at, what, said in moments:
        clock.set(at)
        start = time.perf_counter()
        if what == "session":
            name, turns = said
            for place, (role, text) in enumerate(turns):
                at_turn = at + timedelta(minutes=place)
                memory.record(text, role=role, session=name, at=at_turn, tz=story.TZ)  # pyright: ignore[reportArgumentType]
        elif what == "statement":
            text, kind = said
            kept[text] = memory.remember(text, kind=kind, scope=story.SCOPE).id  # pyright: ignore[reportArgumentType]
        elif what == "correction":
            memory.correct(kept[story.BEFORE], story.AFTER)
        else:
            done = memory.observe(
                agent_output=story.DRAFTED, user_reply=story.OBJECTED, scope=story.SCOPE, session="release"
            )
            learned = [one.text for one in done.memories]
        spent = 1e3 * (time.perf_counter() - start)
        print_step(what, spent, at=f"{at:%Y-%m-%d}", name=str(said[0]), turns=len(said[1]), learned=learned)


def print_step(what: str, ms: float, **more: object) -> None:
    """One line for the process that watches."""
    print(json.dumps({"what": what, "ms": ms, "pid": os.getpid(), **more}), flush=True)


def main() -> None:
    """Live, then die as by a power cut: nothing is closed or flushed."""
    write_history(sys.argv[1])
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


if __name__ == "__main__":
    main()

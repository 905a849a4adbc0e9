"""Follow one call of each verb through its pipeline: which files it enters, and how often it comes back to one.

    python tests/lab/follow.py [record recall observe policy inject] [-v]

A stop is a call from a function of the pipeline (the rooms that say what a verb does, the ingress and the engine) to a
function in another file, counted once however often it is made; what lies below the stop is not followed. A return is a
stop in a file that was entered before: it sends a reader back to a file already left. Requests checking themselves and
the way to the verb's function are not counted.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import eider
from eider.api.facade import Eider

CORE = str(Path(eider.__file__).parent) + os.sep
PIPELINE = (
    "records/",
    "learn/",
    "retrieve/",
    "guide/",
    "privacy/ingress.py",
    "store/engine.py",
    "store/group_commit.py",
)
CALLS: dict[str, Callable[[Eider], object]] = {
    "record": lambda m: m.record("We meet on Friday at the weir.", session="spring"),
    "recall": lambda m: m.recall("What is my tea?"),
    "observe": lambda m: m.observe(agent_output="I used camelCase.", user_reply="No, always use snake_case."),
    "policy": lambda m: m.policy(context="Naming a function."),
    "inject": lambda m: m.inject("Which tea do I like?"),
}


class Trail:
    """The stops of one call, in order."""

    def __init__(self) -> None:
        self.stops: dict[tuple[str, str, str], None] = {}
        self.files: dict[str, int] = {}

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(CORE):
            return
        caller = frame.f_back
        while caller is not None and not caller.f_code.co_filename.startswith(CORE):
            caller = caller.f_back
        if caller is None:
            return
        here, there = code.co_filename.removeprefix(CORE), caller.f_code.co_filename.removeprefix(CORE)
        stop = (f"{there}:{caller.f_code.co_qualname}", here, code.co_qualname)
        enters = here.startswith(PIPELINE) and not there.startswith(PIPELINE)  # the verb's own function
        if here != there and (there.startswith(PIPELINE) or enters) and stop not in self.stops:
            self.stops[stop] = None
            self.files[here] = self.files.get(here, 0) + 1


def follow(name: str, memory: Eider) -> Trail:
    """Call a verb once to load what is lazy, then again with every call noted."""
    CALLS[name](memory)
    trail = Trail()
    sys.setprofile(trail)
    try:
        CALLS[name](memory)
    finally:
        sys.setprofile(None)
    return trail


def main() -> None:
    """Print the figures of each verb; with -v its files as well."""
    names = [a for a in sys.argv[1:] if not a.startswith("-")] or list(CALLS)
    with tempfile.TemporaryDirectory() as place, eider.open(Path(place, "m.eider"), user="ada") as memory:
        memory.remember("Ada likes green tea.", kind="preference")
        memory.record("The office is in Kochi.")
        for name in names:
            trail = follow(name, memory)
            files, stops = len(trail.files), len(trail.stops)
            print(f"{name:8} files {files:3}  stops {stops:3}  returns {stops - files:3}")
            if "-v" in sys.argv:
                for file, times in sorted(trail.files.items(), key=lambda one: -one[1]):
                    print(f"    {times:3} {file}")


if __name__ == "__main__":
    main()

"""A writer and readers who shall notice nothing of an exchange of embedders."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self

import eider
from eider.model.errors import RefusedError

LINES = [
    f"Box {n} holds {what}." for n, what in enumerate(["kettles", "maps", "herons", "lamps", "bolts", "letters"] * 6)
]


def finish(memory: eider.Eider) -> eider.Eider:
    """Wait for the background."""
    jobs = memory._backend.engine.jobs
    for job in jobs.listed():
        if job.kind == "swap_embedder" and job.state != "done":
            with suppress(RefusedError):
                jobs.run(job.id)
    return memory


class Traffic:
    """A writer and two readers; what went wrong for one of them is in `faults`."""

    def __init__(self, memory: eider.Eider, name: str = "parcel") -> None:
        self.memory, self.name, self.written, self.ended = memory, name, 0, threading.Event()
        self.faults: list[BaseException] = []

    def __enter__(self) -> Self:
        self.threads = [
            threading.Thread(target=self.repeat, args=(work,)) for work in (self.write, self.read, self.read)
        ]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        for thread in self.threads:
            thread.join()

    def repeat(self, work: Callable[[], None]) -> None:
        try:
            while not self.ended.is_set():
                work()
        except BaseException as error:  # noqa: BLE001 (told by the test)
            self.faults.append(error)

    def write(self) -> None:
        self.memory.remember(f"A {self.name} with number {self.written} has arrived.")
        self.written += 1

    def read(self) -> None:
        if n := self.written:
            found = self.memory.recall(f"{self.name} with number {n - 1}", limit=5)
            assert any(f"number {n - 1} " in hit.text for hit in found), n
        assert self.memory.recall("box with kettles", limit=3)

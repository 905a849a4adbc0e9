"""Protocols of runs: which there are, what their steps gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from eider.model.runs import Content, Run, Step


class RunStore(Protocol):
    """Runs of workflows, without their steps."""

    @property
    def available(self) -> bool:
        """Whether the schema holds them; older snapshots are read as they are."""
        ...

    def get(self, id: str, *, user: str) -> Run | None:  # noqa: A002 (the word users know)
        """Return a user's run; another user's does not exist."""
        ...

    def by_key(self, name: str, key: str, *, user: str) -> Run | None:
        """Return the run that was begun with this name and key."""
        ...

    def save(self, run: Run, inputs: Content | None = None, *, op: str, actor: str, at: datetime) -> None:
        """Write a run, new or known, what went in, and the event of it.

        Args:
            run: The run, without its steps.
            inputs: What went in, where that is new.
            op: What happened: one of `RUN_OPS`.
            actor: Channel that asked.
            at: When.
        """
        ...

    def renew(self, run: Run) -> None:
        """Write when a run was last active and until when it is held; no event tells of it."""
        ...

    def listed(
        self, *, user: str, name: str | None = None, session: str | None = None, parent: str | None = None, limit: int
    ) -> list[Run]:  # fmt: skip
        """Return runs, newest first; without a parent only those that have none."""
        ...

    def unkept(self, *, user: str) -> list[Run]:
        """Return runs without history and without a parent, which are erased some time after their end."""
        ...


class StepStore(Protocol):
    """What the steps of runs gave."""

    def save(self, step: Step, content: Content | None, *, user: str, op: str, actor: str, at: datetime) -> None:
        """Write a step, what it gave, and the event of it, durably and whole or not at all; one that is there is replaced.

        Args:
            step: The step.
            content: What it gave, where that is new.
            user: Whose run it is.
            op: What happened: one of `STEP_OPS`.
            actor: Channel that asked.
            at: When.
        """
        ...

    def of(self, runs: Sequence[str], *, user: str) -> dict[str, list[Step]]:
        """Return run → its steps in the order of completion."""
        ...

    def contents(self, digests: Sequence[str], *, user: str) -> Mapping[str, Content]:
        """Return digest → content, as far as it is there."""
        ...

    def outcomes(self, *, user: str, since: datetime | None = None) -> list[Run]:
        """Return ended runs with history that failed or have a known outcome, with their steps, oldest first."""
        ...

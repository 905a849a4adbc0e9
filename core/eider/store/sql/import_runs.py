"""Runs of an export, written back: whole or not at all, and each row in the chain of the store they come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from eider.model.runs import Content, Run, Step
from eider.store.sql import rows
from eider.store.sql.runs import CONTENT, RUN, STEP, lasting, run_row, step_row
from eider.store.sql.session import Cursor
from eider.store.transfer_rows import Batch

_GONE: Final = "its output is not in the file"


@dataclass(slots=True, kw_only=True)
class ChosenRuns:
    """What of a batch is new and allowed; digests are this store's."""

    contents: dict[str, Content] = field(default_factory=dict[str, Content])
    runs: list[Run] = field(default_factory=list[Run])
    steps: list[Step] = field(default_factory=list[Step])


class RunIntake:
    """Runs of one import: what is here is kept as it is here, what was forgotten stays forgotten."""

    def __init__(self, user: str, refuse: Callable[[str, str], None]) -> None:
        """Begin.

        Args:
            user: Whose they become.
            refuse: Notes what cannot be taken: place and reason.
        """
        self._user, self._refuse = user, refuse
        self._digests: dict[str, str] = {}
        """Digest in the source → here: redaction may change an output."""
        self._left: set[str] = set()
        self._here: set[str] = set()
        self.taken = self.skipped = 0

    def choose(self, db: Cursor, batch: Batch, buried: set[str], *, dry_run: bool) -> ChosenRuns:
        """Choose what may be written."""
        chosen = ChosenRuns()
        if not (batch.contents or batch.runs or batch.steps):
            return chosen
        for _, claimed, content in batch.contents:
            self._digests[claimed] = content.digest
            chosen.contents[content.digest] = content
        wanted = {
            self._digests.get(d, "") for d in (*(r.inputs for _, r in batch.runs), *(s.digest for _, s in batch.steps))
        }
        kept = self._column(
            db,
            "SELECT digest FROM run_contents WHERE digest IN (SELECT unnest(?)) AND user_id = ?",
            {*wanted, *chosen.contents},
        )
        there = {*kept, *chosen.contents} | (set(self._digests.values()) if dry_run else set())
        chosen.contents = {digest: c for digest, c in chosen.contents.items() if digest not in kept}
        self._choose_runs(db, batch, buried, there, chosen)
        self._choose_steps(batch, there, chosen)
        return chosen

    def _column(self, db: Cursor, sql: str, values: set[str]) -> set[str]:
        return {row[0] for row in db.execute(sql, [list(values), self._user]).fetchall()} if values else set()

    def _choose_runs(self, db: Cursor, batch: Batch, buried: set[str], there: set[str], chosen: ChosenRuns) -> None:
        parents = {r.parent for _, r in batch.runs if r.parent is not None}
        sql = "SELECT id FROM runs WHERE id IN (SELECT unnest(?)) AND user_id = ?"
        here = self._column(db, sql, {r.id for _, r in batch.runs} | parents) | self._here
        sql = "SELECT name, run_key FROM runs WHERE run_key IN (SELECT unnest(?)) AND user_id = ?"
        wanted = [str(r.key) for _, r in batch.runs if r.key is not None]
        keys = {(name, key) for name, key in db.execute(sql, [wanted, self._user]).fetchall()} if wanted else set()
        for place, run in batch.runs:
            inputs = self._digests.get(run.inputs, "")
            if run.id in here:
                self.skipped += 1
            elif run.id in buried:
                self._refuse(place, f"run {run.id!r} was forgotten here and stays forgotten")
            elif run.parent is not None and run.parent not in here:
                self._refuse(place, f"run {run.id!r} is part of run {run.parent!r}, which is not here")
            elif inputs not in there:
                self._refuse(place, f"run {run.id!r} cannot be taken: what went in is not in the file")
            else:
                # a run of that key is here already, so that the key goes on with that one
                key = None if (run.name, run.key) in keys else run.key
                chosen.runs.append(replace(run, user=self._user, inputs=inputs, key=key, steps=()))
                keys.add((run.name, run.key))
                here.add(run.id)
                self._here.add(run.id)
                self.taken += 1
                continue
            self._left.add(run.id)

    def _choose_steps(self, batch: Batch, there: set[str], chosen: ChosenRuns) -> None:
        taken: set[tuple[str, str, int]] = set()
        new = {run.id for run in chosen.runs}
        for place, step in batch.steps:
            one = step.run, str(step.name), step.number
            digest = self._digests.get(step.digest, "")
            if step.run in self._left:
                continue
            if step.run not in new or one in taken:
                self._refuse(
                    place,
                    f"step {step.ref!r} of run {step.run!r} cannot be taken: {'it is there twice' if one in taken else 'its run does not stand before it'}",
                )
            elif step.status == "done" and digest not in there:
                self._refuse(place, f"step {step.ref!r} of run {step.run!r} cannot be taken: {_GONE}")
            else:
                taken.add(one)
                chosen.steps.append(replace(step, digest=digest))

    def write(self, db: Cursor, chosen: ChosenRuns, link: Callable[[str, str, rows.Row], tuple[int, str]]) -> None:
        """Write what was chosen.

        Args:
            db: Within the caller's transaction.
            chosen: What to write.
            link: Puts an event of this op and run into the chain, whose content is a row; returns its number and nonce.
        """
        db.insert("run_contents", CONTENT, [(self._user, d, c.media, c.data) for d, c in chosen.contents.items()])
        made = [(row, link("import_run", row[0], lasting(row))) for row in map(run_row, chosen.runs)]
        db.insert("runs", [*RUN, "rev", "nonce"], [(*row, *event) for row, event in made])
        made = [(row, link("import_step", row[0], row)) for row in (step_row(s, self._user) for s in chosen.steps)]
        db.insert("run_steps", [*STEP, "rev", "nonce", "writes"], [(*row, *event, 1) for row, event in made])

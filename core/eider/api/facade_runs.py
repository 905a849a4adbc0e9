"""The façade's verbs about runs of workflows."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from eider.api.facade_run_results import RunResults
from eider.api.run_values import plain_of
from eider.model.requests_runs import (
    BeginRun,
    EndRun,
    JudgeRun,
    KeepStep,
    RenewRun,
)
from eider.model.values import GLOBAL

if TYPE_CHECKING:
    from eider.api.backend import Backend
    from eider.api.facade import Eider
    from eider.api.run import OpenRun
    from eider.model.runs import (
        Cut,
        Run,
        RunStatus,
        Seen,
        Sees,
        Step,
        StepKind,
    )
    from eider.model.values import Json, Origin


class Workflows(RunResults):
    """What `Eider` offers about runs; it says whose memory is meant and where requests go."""

    if TYPE_CHECKING:

        def _whose(self, user: str | None) -> str: ...

        _backend: Backend

    def run(
        self, name: str, *, inputs: Mapping[str, Json] | None = None, key: str | None = None, user: str | None = None,
        sees: Sees = "previous", history: bool = True, session: str | None = None, scope: str = GLOBAL,
        origin: Origin = "user", allow_changes: bool = False,
    ) -> OpenRun:  # fmt: skip
        """Begin a run of a workflow, for a `with` block; what its steps give is kept, and a run that crashed goes on.

        Args:
            name: What the workflow is called.
            inputs: What goes in; steps and texts name it `inputs`.
            key: The same name and key resume a run that did not end: finished steps are not run again.
            user: Whose memory.
            sees: What steps see that do not say themselves: "all", "previous" or "none".
            history: Keep it. Without, it serves follow-ups of its session for two hours after its end and is erased.
            session: The conversation it belongs to.
            scope: Where promoted outputs apply.
            origin: Who gave the inputs; no output is trusted more.
            allow_changes: Go on although the code asks for other steps than the run had.

        Returns:
            The run, for a `with` block.

        Raises:
            RunHeldError: Another process works on the run of this key.
            RunChangedError: It was begun with other inputs.
        """
        from eider.api.run import OpenRun  # who runs no workflow does not wait for asyncio and the engine
        from eider.runs.lifecycle import holder_of_this_process

        word = uuid.uuid4().hex[:12]
        holder = holder_of_this_process(word)
        if session is None and not history:
            session = f"run:{word}"  # who has the run in hand may read it until it is erased
        record = self.begin_run(
            name, holder=holder, inputs=plain_of(inputs), key=key or f"run:{word}", user=user, sees=sees, history=history, session=session,
            scope=scope, origin=origin,
        )  # fmt: skip
        return OpenRun(cast("Eider", self), record, holder=holder, allow_changes=allow_changes)

    def begin_run(
        self, name: str, *, holder: str, inputs: Mapping[str, Json] | None = None, key: str | None = None,
        sees: Sees = "previous", history: bool = True, session: str | None = None, scope: str = GLOBAL,
        origin: Origin = "user", parent: str | None = None, parent_step: str | None = None, seen: Sequence[str] = (),
        user: str | None = None,
    ) -> Run:  # fmt: skip
        """Begin a run by hand, or go on with the one of that name and key; `run` does this and the rest.

        Args:
            name: What the workflow is called.
            holder: Which process works on it; another one is refused while this one lives.
            inputs: What goes in.
            key: The same name and key go on with a run that did not end.
            sees: What steps see that do not say themselves.
            history: Keep it.
            session: The conversation it belongs to.
            scope: Where promoted outputs apply.
            origin: Who gave the inputs.
            parent: The run that this one is a step of.
            parent_step: Which step of it.
            seen: Steps of the parent that this run was given something of.
            user: Whose memory.

        Returns:
            The run as kept; one that goes on has its finished steps.

        Raises:
            RunHeldError: Another process works on it.
            InputError: A value cannot be used.
        """
        return self._backend.execute(BeginRun(
            user=self._whose(user), name=name, holder=holder, inputs=inputs, key=key, sees=sees, history=history,
            session=session, scope=scope, origin=origin, parent=parent, parent_step=parent_step, seen=tuple(seen),
        ))  # fmt: skip

    def keep_step(
        self, id: str, step: str, *, holder: str, number: int = 1, kind: StepKind = "output", output: Json = None,  # noqa: A002
        base64: str | None = None, media: str | None = None, model: str = "", error: str | None = None,
        started_at: str | None = None, after: int | None = None, sees: Sees = "previous", origin: Origin = "agent",
        saw: Sequence[Seen] = (), cut: Sequence[Cut] = (), child: str | None = None, in_order: bool = False,
        user: str | None = None,
    ) -> Step:  # fmt: skip
        """Keep by hand what a step of a run gave, durably; the same step again answers as the first time.

        Args:
            id: The run.
            step: The step's name.
            holder: As it was given to `begin_run`.
            number: 1 for the first time, 2 for the next round of a loop.
            kind: `output`, `document`, `snippets` or `run`.
            output: A text or JSON value.
            base64: In place of it: bytes, in base64.
            media: Media type of the bytes.
            model: `module:Class` of what the output was, where that was no JSON.
            error: What went wrong, where it failed.
            started_at: When it began, ISO 8601.
            after: `seq` of the last step that had ended when it began.
            sees: What it saw by rule.
            origin: Whose words the output is.
            saw: What it was given.
            cut: What was left out of its context.
            child: The run that gave the output.
            in_order: Nothing of the workflow ran beside it.
            user: Whose memory.

        Returns:
            The step as kept.

        Raises:
            UnknownIdError: There is no such run.
            RunHeldError: Another process works on it.
        """
        return self._backend.execute(KeepStep(
            id=id, user=self._whose(user), step=step, holder=holder, number=number, kind=kind, output=output,
            base64=base64, media=media, model=model, error=error, started_at=started_at, after=after, sees=sees,
            origin=origin, saw=tuple(saw), cut=tuple(cut), child=child, in_order=in_order,
        ))  # fmt: skip

    def end_run(
        self, id: str, *, holder: str, status: RunStatus = "done", error: str = "", outcome: float | None = None,  # noqa: A002
        output: str = "", user: str | None = None,
    ) -> Run:  # fmt: skip
        """End a run by hand (`done`, `failed`), or let go of it so that it can be resumed (`stopped`).

        Args:
            id: The run's id.
            holder: Who works on it, as given to `begin_run`.
            status: "done", "failed" or "stopped".
            error: What went wrong.
            outcome: From -1 (harm) to 1 (just right).
            output: What the run gave as a whole.
            user: Whose memory; by default the one given to `open`.

        Returns:
            The run as it ended.

        Raises:
            UnknownIdError: There is no such run.
            RunHeldError: Another process works on it.
        """
        return self._backend.execute(EndRun(
            id=id, user=self._whose(user), holder=holder, status=status, error=error, outcome=outcome, output=output
        ))  # fmt: skip

    def judge_run(self, id: str, outcome: float, *, user: str | None = None) -> Run:  # noqa: A002 (the word users know)
        """Say how an ended run went, from -1 to 1; procedures are learned from 0.7 on.

        Args:
            id: The run's id.
            outcome: From -1 (harm) to 1 (just right).
            user: Whose memory; by default the one given to `open`.

        Returns:
            The run with its outcome.

        Raises:
            UnknownIdError: There is no such run.
        """
        return self._backend.execute(JudgeRun(id=id, user=self._whose(user), outcome=outcome))

    def renew_run(self, id: str, *, holder: str, user: str | None = None) -> Run:  # noqa: A002
        """Say that the process that works on a run still lives; needed on another machine than the server's.

        Args:
            id: The run's id.
            holder: Who works on it.
            user: Whose memory; by default the one given to `open`.

        Returns:
            The run.

        Raises:
            UnknownIdError: There is no such run.
            RunHeldError: Another process works on it.
        """
        return self._backend.execute(RenewRun(id=id, user=self._whose(user), holder=holder))

"""The façade's verbs about runs of workflows."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from eider.api.run_values import plain_of
from eider.model.requests_runs import (
    BeginRun,
    EndRun,
    ForgetRun,
    JudgeRun,
    KeepStep,
    ProceduresFor,
    PromoteStep,
    RenderRun,
    RenewRun,
    RunContext,
    RunOf,
    Runs,
    SearchDocuments,
    StepOutputOf,
)
from eider.model.values import GLOBAL

if TYPE_CHECKING:
    from eider.api.backend import Backend
    from eider.api.facade import Eider
    from eider.api.run import OpenRun
    from eider.model.answers import Receipt
    from eider.model.runs import (
        Cut,
        Procedure,
        Rendered,
        Run,
        RunStatus,
        Seen,
        Sees,
        Snippet,
        Step,
        StepContext,
        StepKind,
        StepOutput,
    )
    from eider.model.values import Json, Memory, MemoryKind, Origin


class Workflows:
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
        """End a run by hand (`done`, `failed`), or let go of it so that it can be resumed (`stopped`)."""
        return self._backend.execute(EndRun(
            id=id, user=self._whose(user), holder=holder, status=status, error=error, outcome=outcome, output=output
        ))  # fmt: skip

    def judge_run(self, id: str, outcome: float, *, user: str | None = None) -> Run:  # noqa: A002 (the word users know)
        """Say how an ended run went, from -1 to 1; procedures are learned from 0.7 on."""
        return self._backend.execute(JudgeRun(id=id, user=self._whose(user), outcome=outcome))

    def renew_run(self, id: str, *, holder: str, user: str | None = None) -> Run:  # noqa: A002
        """Say that the process that works on a run still lives; needed on another machine than the server's."""
        return self._backend.execute(RenewRun(id=id, user=self._whose(user), holder=holder))

    def step_output(
        self, id: str, step: str, *, session: str | None = None, user: str | None = None  # noqa: A002
    ) -> StepOutput:  # fmt: skip
        """Read what a step gave, whole: `collect`, `collect#2`, or `inputs`."""
        return self._backend.execute(StepOutputOf(id=id, user=self._whose(user), step=step, session=session))

    def render_run(
        self, id: str, text: str, *, declared: Sequence[str] = (), after: int | None = None,  # noqa: A002
        session: str | None = None, user: str | None = None,
    ) -> Rendered:  # fmt: skip
        r"""Put what steps gave into a text, where `[[step]]`, `[[step.field.0]]`, `[[step#2]]` or `[[inputs.x]]` stands.

        Args:
            id: The run.
            text: What comes in for a reference is never read again; `\[[` stands for the brackets themselves.
            declared: Steps that the workflow has, whether they ran or not.
            after: Only steps that had ended by this `seq`.
            session: The conversation that asks; needed for a run without history that has ended.
            user: Whose memory.

        Raises:
            StepReferenceError: A reference names nothing, or more than one thing.
        """
        return self._backend.execute(RenderRun(
            id=id, user=self._whose(user), text=text, declared=tuple(declared), after=after, session=session
        ))  # fmt: skip

    def run_context(
        self, id: str, *, sees: Sees | None = None, instruction: str = "", references: Sequence[str] = (),  # noqa: A002
        history: str = "", tool_inputs: str = "", model: str | None = None, window: int | None = None,
        reserve: int | None = None, declared: Sequence[str] = (), after: int | None = None, session: str | None = None,
        user: str | None = None,
    ) -> StepContext:  # fmt: skip
        """Say what a step sees, within the tokens there are; what is cut is said, and what is referenced is never cut.

        Args:
            id: The run.
            sees: "all", "previous" or "none"; by default what the run says.
            instruction: What the step is to do; it may hold references, and portions are chosen for it.
            references: What it is given by name.
            history: What was said before: counted.
            tool_inputs: What goes to the model about tools: counted.
            model: Whose window is meant.
            window: Tokens, in place of the model's.
            reserve: Tokens left free for the answer.
            declared: Steps that the workflow has.
            after: Only steps that had ended by this `seq`.
            session: The conversation that asks; needed for a run without history that has ended.
            user: Whose memory.

        Raises:
            ContextTooLargeError: What is referenced, or goes with it, does not fit.
        """
        return self._backend.execute(RunContext(
            id=id, user=self._whose(user), sees=sees, instruction=instruction, references=tuple(references),
            history=history, tool_inputs=tool_inputs, model=model, window=window, reserve=reserve,
            declared=tuple(declared), after=after, session=session,
        ))  # fmt: skip

    def search_documents(
        self, query: str, documents: Mapping[str, str], *, limit: int = 8, user: str | None = None
    ) -> list[Snippet]:
        """Find the passages of documents (name → text) that bear on a query, the best first; nothing is kept."""
        return self._backend.execute(
            SearchDocuments(user=self._whose(user), query=query, documents=documents, limit=limit)
        )

    def runs(
        self, *, name: str | None = None, session: str | None = None, parent: str | None = None, limit: int = 50,
        user: str | None = None,
    ) -> list[Run]:  # fmt: skip
        """List runs, newest first, without their steps; `parent` lists the sub-runs of one."""
        return self._backend.execute(
            Runs(user=self._whose(user), name=name, session=session, parent=parent, limit=limit)
        )

    def run_of(self, id: str, *, session: str | None = None, user: str | None = None) -> Run:  # noqa: A002
        """Show a run with its steps: what each gave and saw, and what was cut."""
        return self._backend.execute(RunOf(id=id, user=self._whose(user), session=session))

    def promote_step(
        self, id: str, step: str, *, text: str | None = None, kind: MemoryKind = "fact", scope: str | None = None,  # noqa: A002
        session: str | None = None, user: str | None = None,
    ) -> Memory:  # fmt: skip
        """Make what a step gave a memory, on purpose; it is trusted no more than the step.

        Args:
            id: The run.
            step: Such as `collect`, or a part of it: `collect.summary`.
            text: The statement to keep; by default the output itself.
            kind: fact, preference, rule, decision, insight or context.
            scope: Where it applies; by default the run's.
            session: The conversation that asks; needed for a run without history that has ended.
            user: Whose memory.
        """
        return self._backend.execute(PromoteStep(
            id=id, user=self._whose(user), step=step, text=text, kind=kind, scope=scope, session=session
        ))  # fmt: skip

    def forget_run(
        self, id: str, *, keep_promoted: bool = False, wait: bool = True, user: str | None = None  # noqa: A002
    ) -> Receipt:  # fmt: skip
        """Erase a run with its sub-runs and, unless kept, the memories promoted from it; for good."""
        return self._backend.execute(ForgetRun(id=id, user=self._whose(user), keep_promoted=keep_promoted, wait=wait))

    def procedures(self, query: str = "", *, done: Sequence[str] = (), user: str | None = None) -> list[Procedure]:
        """Show which sequences of steps led to success before, at most two, with what they rest on.

        Runs teach whose outcome was at least 0.7 and that saw no words of tools or documents. A sequence is given once two
        of them share it, and no more when it fails too often.

        Args:
            query: What is to be done; empty for the best founded.
            done: Actions so far, such as `collect(inputs)`: only what can go on from there.
            user: Whose memory.
        """
        return self._backend.execute(ProceduresFor(user=self._whose(user), query=query, done=tuple(done)))

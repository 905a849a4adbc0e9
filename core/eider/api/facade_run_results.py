"""The façade's verbs that read runs: what steps gave and saw, and what worked before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from eider.model.requests_runs import (
    ForgetRun,
    ProceduresFor,
    PromoteStep,
    RenderRun,
    RunContext,
    RunOf,
    Runs,
    SearchDocuments,
    StepOutputOf,
)

if TYPE_CHECKING:
    from eider.api.backend import Backend
    from eider.model.answers import Receipt
    from eider.model.runs import (
        Procedure,
        Rendered,
        Run,
        Sees,
        Snippet,
        StepContext,
        StepOutput,
    )
    from eider.model.values import Memory, MemoryKind


class RunResults:
    """What `Eider` offers to read of runs; it says whose memory is meant and where requests go."""

    if TYPE_CHECKING:

        def _whose(self, user: str | None) -> str: ...

        _backend: Backend

    def step_output(
        self, id: str, step: str, *, session: str | None = None, user: str | None = None  # noqa: A002
    ) -> StepOutput:  # fmt: skip
        """Read what a step gave, whole: `collect`, `collect#2`, or `inputs`.

        Args:
            id: The run's id.
            step: A step or a part of what it gave, such as `collect.owner`.
            session: Conversation that asks, for runs without history.
            user: Whose memory; by default the one given to `open`.

        Returns:
            The output with its media type.

        Raises:
            UnknownIdError: There is no such run.
            StepReferenceError: No step is called so; the message lists what there is.
        """
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

        Returns:
            The text, and what it was made of.

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

        Returns:
            The text, its tokens, and what was cut.

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
        """Find the passages of documents (name → text) that bear on a query, the best first; nothing is kept.

        Args:
            query: What is looked for.
            documents: Name → text.
            limit: Most passages.
            user: Whose memory; by default the one given to `open`.

        Returns:
            Passages with document, place and score, the best first.

        Raises:
            InputError: A value cannot be used; the message names it and the fix.
        """
        return self._backend.execute(
            SearchDocuments(user=self._whose(user), query=query, documents=documents, limit=limit)
        )

    def runs(
        self, *, name: str | None = None, session: str | None = None, parent: str | None = None, limit: int = 50,
        user: str | None = None,
    ) -> list[Run]:  # fmt: skip
        """List runs, newest first, without their steps; `parent` lists the sub-runs of one.

        Args:
            name: Only of this workflow.
            session: Only of this conversation.
            parent: Only sub-runs of this run.
            limit: Most runs.
            user: Whose memory; by default the one given to `open`.

        Returns:
            Runs without their steps, the newest first.

        Raises:
            InputError: A value cannot be used; the message names it and the fix.
        """
        return self._backend.execute(
            Runs(user=self._whose(user), name=name, session=session, parent=parent, limit=limit)
        )

    def run_of(self, id: str, *, session: str | None = None, user: str | None = None) -> Run:  # noqa: A002
        """Show a run with its steps: what each gave and saw, and what was cut.

        Args:
            id: The run's id.
            session: Conversation that asks, for runs without history.
            user: Whose memory; by default the one given to `open`.

        Returns:
            The run with its steps.

        Raises:
            UnknownIdError: There is no such run.
        """
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

        Returns:
            The memory.

        Raises:
            UnknownIdError: There is no such run.
            StepReferenceError: No step is called so.
        """
        return self._backend.execute(PromoteStep(
            id=id, user=self._whose(user), step=step, text=text, kind=kind, scope=scope, session=session
        ))  # fmt: skip

    def forget_run(
        self, id: str, *, keep_promoted: bool = False, wait: bool = True, user: str | None = None  # noqa: A002
    ) -> Receipt:  # fmt: skip
        """Erase a run with its sub-runs and, unless kept, the memories promoted from it; for good.

        Args:
            id: The run's id.
            keep_promoted: Leave memories that were promoted from it.
            wait: Wait until the bytes have left the disk; else that is queued, and nobody can read them
                meanwhile.
            user: Whose memory; by default the one given to `open`.

        Returns:
            What was erased, from where, and how that was checked.

        Raises:
            UnknownIdError: There is no such run.
        """
        return self._backend.execute(ForgetRun(id=id, user=self._whose(user), keep_promoted=keep_promoted, wait=wait))

    def procedures(self, query: str = "", *, done: Sequence[str] = (), user: str | None = None) -> list[Procedure]:
        """Show which sequences of steps led to success before, at most two, with what they rest on.

        Runs teach whose outcome was at least 0.7 and that saw no words of tools or documents. A sequence is given once two
        of them share it, and no more when it fails too often.

        Args:
            query: What is to be done; empty for the best founded.
            done: Actions so far, such as `collect(inputs)`: only what can go on from there.
            user: Whose memory.

        Returns:
            At most two sequences, with how often they succeeded and failed.

        Raises:
            InputError: A value cannot be used; the message names it and the fix.
        """
        return self._backend.execute(ProceduresFor(user=self._whose(user), query=query, done=tuple(done)))

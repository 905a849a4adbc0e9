"""An open run of a workflow: steps are run once and kept, and each sees what it should."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final

from eider.api.run_record import RunRecord
from eider.api.run_steps import CURRENT, Execution, StepBlock, StepOptions, by_rule, step_function, step_named
from eider.api.run_values import plain_of
from eider.model.errors import InputError
from eider.model.requests_runs import RESERVED
from eider.model.runs import Seen, text_of
from eider.runs.references import INPUTS

if TYPE_CHECKING:
    from eider.model.runs import Sees, StepContext, StepKind
    from eider.model.values import Json, Memory, MemoryKind, Origin

RESPOND: Final = "respond"
"""The step whose output is a run's answer."""


class OpenRun(RunRecord):
    """A run of a workflow, for a `with` block. Safe to share between threads and tasks.

    with memory.run("weekly-report", inputs={"team": "core"}, key="2026-W48") as run:

        @run.step
        def collect(inputs): ...

        @run.step(sees="none")
        def brief(collect): ...

        collect()
        print(brief())
    """

    # ------------------------------------------------------------------ steps

    def step(
        self, function: Callable[..., Any] | str | None = None, *, name: str | None = None, sees: Sees | None = None,
        instruction: str = "", origin: Origin = "agent",
    ) -> Any:  # fmt: skip
        """Make a step of a function (`@run.step`, `@run.step(sees="all")`), or of a block (`with run.step("name")`).

        A parameter named like a step or `inputs` receives that output; `previous`, `context` and `run` are given too.
        What the function returns is kept before the call returns: a text, a JSON value, a pydantic model, a dataclass.
        In a resumed run a finished step is not run again.

        Args:
            function: The function, or the name of a block.
            name: By default the function's.
            sees: "all", "previous" or "none"; by default what the run says.
            instruction: What the step is to do, for its context; it may hold references.
            origin: Whose words it gives: "agent", or "tool" and "document" for what was fetched.
        """
        options = {"sees": sees, "instruction": instruction, "origin": origin}
        if callable(function):
            return step_function(self, function, name, options)
        return StepBlock(self, function or name, options)

    def keep(
        self, name: str, output: Any, *, media: str | None = None, sees: Sees | None = None, origin: Origin = "agent",
        kind: StepKind = "output",
    ) -> Any:  # fmt: skip
        """Keep an output under a step's name; in a resumed run the first one stays. Returns what is kept.

        Args:
            name: The step.
            output: A text, JSON value, pydantic model or dataclass, or bytes with `media`.
            media: Media type of bytes, such as "image/png".
            sees: What it was made from: it is trusted no more than that. By default it may be any earlier output.
            origin: Whose words it is.
            kind: `output`, `document` or `snippets`.
        """
        execution = self.begin(StepOptions(name=name, sees=sees, origin=origin))
        if execution.known is not None:
            return self.value_of(execution.known)
        self.note_open_code(execution)
        return self.finish(execution, output, None, media=media, kind=kind)

    def read(self, step: str, document: str | bytes, *, media: str | None = None) -> Any:
        """Keep a whole document as a step's output: quoted words that nobody has to follow."""
        return self.keep(step, document, media=media, sees="none", origin="document", kind="document")

    def search(
        self, step: str, query: str, documents: Mapping[str, str] | Sequence[str] | None = None, *,
        recall: bool = False, limit: int = 8,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Keep the passages of documents, or the memories, that bear on a query, as a step's output.

        Args:
            step: Its name.
            query: What is looked for; it may hold references.
            documents: Name → text, or texts.
            recall: Search this user's memory.
            limit: Most passages.

        Returns:
            `{"source", "text", "score"}` each, the best first.
        """
        if (documents is None) != recall:
            raise InputError("pass documents=, or recall=True to search the memory; one of them.")
        execution = self.begin(StepOptions(name=step, sees="none", origin="document"))
        if execution.known is not None:
            return self.value_of(execution.known)
        token = CURRENT.set(execution)
        try:
            asked = self.render(query)
            user = self._record.user
            if recall:
                hits = self._memory.recall(asked, limit=limit, user=user)
                found = [{"source": h.id, "text": h.text, "score": h.score} for h in hits]
                trusts = [one.trust for h in hits if (one := h.memory or h.episode) is not None]
                lowest: Origin = "document" if 0 in trusts else "agent"
                execution.options = replace(execution.options, origin=lowest)
            else:
                texts = (
                    documents
                    if isinstance(documents, Mapping)
                    else {f"{i + 1}": t for i, t in enumerate(documents or ())}
                )
                snippets = self._memory.search_documents(asked, texts, limit=limit, user=user)
                found = [asdict(one) for one in snippets]
        except BaseException as error:
            self.finish(execution, None, error)
            raise
        finally:
            CURRENT.reset(token)
        return self.finish(execution, found, None, kind="snippets")

    def sub(
        self, name: str, workflow: Callable[..., Any], *, inputs: Mapping[str, Json] | None = None,
        sees: Sees = "previous",
    ) -> Any:  # fmt: skip
        """Run a workflow as a step: its answer is the step's output, its own steps stay its own.

        Args:
            name: The step.
            workflow: Takes the sub-run, and answers by `run.respond(…)` or by what it returns; may be async.
            inputs: What goes into it; it may be any earlier output, so it is trusted no more than all of them.
            sees: What it is given something of beside its inputs.

        Returns:
            The answer; for an async workflow something to await.
        """
        execution = self.begin(StepOptions(name=name, sees=sees))
        if inspect.iscoroutinefunction(workflow):
            return self._sub_async(execution, workflow, inputs)
        if execution.known is not None:
            return self.value_of(execution.known)
        try:
            child = self._child(execution, inputs)
            with child:
                child.answered(workflow(child))
        except BaseException as error:
            self.finish(execution, None, error)
            raise
        return self.finish(execution, child.result, None, kind="run", child=child.id)

    async def _sub_async(
        self, execution: Execution, workflow: Callable[..., Any], inputs: Mapping[str, Json] | None
    ) -> Any:
        if execution.known is not None:
            return await asyncio.to_thread(self.value_of, execution.known)
        try:
            child = await asyncio.to_thread(self._child, execution, inputs)
            with child:
                child.answered(await workflow(child))
        except Exception as error:
            await asyncio.to_thread(self.finish, execution, None, error)
            raise
        return await asyncio.to_thread(self.finish, execution, child.result, None, kind="run", child=child.id)

    def _child(self, execution: Execution, inputs: Mapping[str, Json] | None) -> OpenRun:
        steps = self.steps_before(execution.after)
        execution.note(*by_rule(execution.sees, steps))
        if inputs:
            execution.note(*(Seen(step=s.ref, why="argument") for s in steps))
        mine = self._record
        record = self._memory.begin_run(
            execution.name, holder=self._holder, inputs=plain_of(inputs), key=f"{mine.id}/{execution.ref}", sees=mine.sees,
            history=mine.history, session=mine.session, scope=mine.scope, parent=mine.id, parent_step=execution.ref,
            seen=[s.step for s in execution.saw], user=mine.user,
        )  # fmt: skip
        return OpenRun(self._memory, record, holder=self._holder, allow_changes=self._allow_changes)

    def respond(self, output: Any, *, media: str | None = None) -> Any:
        """Answer: what a run gives to whoever asked for it, and a sub-run to its parent."""
        kept = self.keep(RESPOND, output, media=media)
        self._answer = RESPOND
        return kept

    def answered(self, output: Any) -> None:
        """Respond with what a workflow returned, unless it has responded itself."""
        if not self._answer:
            self.respond(output)

    # ------------------------------------------------------------------ what a step sees

    def render(self, text: str) -> str:
        r"""Return a text with `[[step]]`, `[[step.field.0]]`, `[[step#2]]` and `[[inputs.x]]` replaced by what they name.

        Text inside an output is never read for references; `\[[` stands for the brackets themselves.

        Raises:
            StepReferenceError: A reference names nothing, or more than one thing.
        """
        execution, mine = self._current(), self._record
        found = self._memory.render_run(
            self.id, text, declared=self.declared, after=None if execution is None else execution.after,
            session=mine.session, user=mine.user,
        )  # fmt: skip
        if execution is not None:
            execution.note(*found.saw)
        return found.text

    def context(
        self, step: str | None = None, *, instruction: str | None = None, history: Any = "", tool_inputs: Any = "",
        model: str | None = None, window: int | None = None, reserve: int | None = None,
    ) -> StepContext:  # fmt: skip
        """Return what a step sees, within the tokens there are; `.cut` says what was left out, and so does the text.

        Args:
            step: A declared step; by default the one whose code asks.
            instruction: What it is to do; by default as declared. What is referenced in it is never cut.
            history: What was said before, as text or JSON: counted.
            tool_inputs: What goes to the model about tools: counted.
            model: Whose window is meant.
            window: Tokens, in place of the model's.
            reserve: Tokens left free for the answer.

        Raises:
            ContextTooLargeError: What is referenced, or goes with it, does not fit.
        """
        execution, mine = self._current(), self._record
        if step is not None and (execution is None or execution.name != step):
            execution = None
        options = (
            execution.options
            if execution is not None
            else self._declared.get(step or "", StepOptions(name=step or "context"))
        )
        after = self._last_seq() if execution is None else execution.after
        steps = self.steps_before(after)
        there = {s.name for s in steps} | {INPUTS}
        names = [
            step_named(p.name, steps, self.declared)
            for p in options.parameters()
            if p.name not in RESERVED or p.name == INPUTS
        ]
        found = self._memory.run_context(
            self.id, sees=options.sees or mine.sees, instruction=options.instruction if instruction is None else instruction,
            references=[n for n in names if n in there], history=text_of(history), tool_inputs=text_of(tool_inputs), model=model,
            window=window, reserve=reserve, declared=self.declared, after=after, session=mine.session, user=mine.user,
        )  # fmt: skip
        if execution is not None:
            execution.note(*found.saw)
            execution.cut += found.cut
        return found

    def promote(
        self, step: str, *, text: str | None = None, kind: MemoryKind = "fact", scope: str | None = None
    ) -> Memory:
        """Make what a step gave, or a part such as `collect.summary`, a memory, on purpose."""
        mine = self._record
        return self._memory.promote_step(
            self.id, step, text=text, kind=kind, scope=scope, session=mine.session, user=mine.user
        )

"""A pydantic-ai capability: adds guidance and context to a run, learns from it after."""

from __future__ import annotations

import asyncio
import copy
import logging
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic_ai import AgentRunResult, RunContext
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.messages import ModelMessage, ModelResponse, ToolCallPart, UserPromptPart

from eider import Conversation
from eider.api.tools import PREFIX
from eider.model.validation import one_of
from eider_pydantic_ai.reading import last_answer, prompt_at, prompt_text, read_messages
from eider_pydantic_ai.toolset import HOST, FromRun, memory_toolset, value_for_run

if TYPE_CHECKING:
    from pydantic_ai.capabilities.abstract import WrapModelRequestHandler, WrapRunHandler
    from pydantic_ai.models import ModelRequestContext
    from pydantic_ai.tools import ToolDefinition
    from pydantic_ai.toolsets import AgentToolset

    from eider import Eider

_log: Final = logging.getLogger("eider")
_in_tool: Final = ContextVar("eider_in_tool", default=False)


@contextmanager
def _within_tool() -> Generator[None]:
    """Mark what runs inside, also in its tasks and threads, as run by an agent's tool."""
    token = _in_tool.set(True)
    try:
        yield
    finally:
        _in_tool.reset(token)


@dataclass
class EiderCapability(AbstractCapability[Any]):
    """Gives an agent a memory: `Agent(model, capabilities=[EiderCapability(memory, user=…)])`.

    What the user's words taught stands in the instructions. What helps with a prompt is put before it, framed as data,
    for the model alone: it never lands in the message history. When a run is over, what was said is learned from in
    the background. A memory that fails never fails a run.
    """

    memory: Eider
    """An open memory."""
    _: KW_ONLY
    user: FromRun[str | None] = None
    """Whose, or a function of the run that says so; by default as `eider.open` was told."""
    session: FromRun[str | None] = None
    """Name of the conversation, or a function; by default the run's conversation."""
    scopes: FromRun[Sequence[str]] = ()
    """Where the agent works, or a function."""
    context: FromRun[str | None] = None
    """What the work is about, or a function."""
    loop: FromRun[str | None] = None
    """Open loop that policies and tools belong to, or a function."""
    budget: int = 400
    """Most tokens that recalled lines may add to a prompt."""
    tools: bool = True
    """Whether the agent gets the seven tools too."""
    prefix: str = PREFIX
    """Put before the names of the tools, so that they do not meet the agent's own."""
    speaker: FromRun[Literal["user", "agent"] | None] = None
    """Who speaks in a run, or a function; by default the user, unless a tool of another agent with a memory runs it."""
    learn: bool = True
    """Whether what is said in a run is kept and learned from."""
    id: str | None = "eider"
    conversation: Conversation = field(init=False, repr=False, compare=False)
    """The memory of the agent; within a run, of its conversation."""
    known: dict[str, str] = field(init=False, repr=False, compare=False)
    """What was found for a run, so that all its requests carry the same."""
    guiding: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """Ids of what the instructions say already."""
    user_speaks: bool = field(init=False, repr=False, compare=False)
    """Whether the run's prompt is the user's, and not another agent's."""
    reported: bool = field(init=False, repr=False, compare=False)
    """Whether the run has ended and was reported."""
    sent: list[ModelMessage] = field(init=False, repr=False, compare=False)
    """What the model was sent last in the run."""

    def __post_init__(self) -> None:
        """Begin, for an agent."""
        self.conversation, self.known, self.guiding = Conversation(self.memory, budget=self.budget, host=HOST), {}, ()
        self.user_speaks, self.reported, self.sent = True, False, []

    def flush(self, timeout: float = 2.0) -> bool:
        """Wait until all that was said is written; False when that takes longer."""
        return self.conversation.flush(timeout)

    async def aflush(self, timeout: float = 2.0) -> bool:  # noqa: ASYNC109 (the same as `flush`)
        """`flush` for async code."""
        return await self.conversation.aflush(timeout)

    # ------------------------------------------------------------------ hooks of pydantic-ai

    async def for_run(self, ctx: RunContext[Any]) -> EiderCapability:
        """One run's own view; who asks and where is settled here.

        Raises:
            InputError: Nobody said whose memory it is, or `speaker` is neither "user" nor "agent".
        """
        own = copy.copy(self)
        session = value_for_run(self.session, ctx) or getattr(ctx, "conversation_id", None) or ctx.run_id
        own.known, own.guiding, own.reported, own.sent = {}, (), False, []
        speaker = value_for_run(self.speaker, ctx)
        own.user_speaks = (
            not _in_tool.get() if speaker is None else one_of(speaker, ("user", "agent"), "speaker") == "user"
        )
        own.conversation = self.conversation.of(
            user=value_for_run(self.user, ctx), session=session, scopes=tuple(value_for_run(self.scopes, ctx)),
            context=value_for_run(self.context, ctx), loop=value_for_run(self.loop, ctx),
        )  # fmt: skip
        own.conversation.require_user()
        return own

    def get_instructions(self) -> Any:
        """Return the guidance as instructions."""
        return self._guidance

    def get_toolset(self) -> AgentToolset[Any] | None:
        """The seven tools."""
        if not self.tools:
            return None
        return memory_toolset(
            self.memory, user=self.user, scopes=self.scopes, loop=self.loop, context=self.context, id=self.id,
            prefix=self.prefix,
        )  # fmt: skip

    async def wrap_model_request(
        self, ctx: RunContext[Any], *, request_context: ModelRequestContext, handler: WrapModelRequestHandler
    ) -> ModelResponse:
        """Add recalled lines before the prompt of this request only."""
        del ctx
        self.sent = list(request_context.messages)
        try:
            asked = copy.copy(request_context)
            asked.messages = await self._with_context(request_context.messages)
        except Exception as error:  # noqa: BLE001 (a run goes on whatever happens to its memory)
            _log_failure(error)
            asked = request_context
        return await handler(asked)

    async def wrap_run(self, ctx: RunContext[Any], *, handler: WrapRunHandler) -> AgentRunResult[Any]:
        """Keep what the user said also where the run is given up, as when the reader of a stream goes away."""
        try:
            return await handler()
        except Exception:  # the host tries again, with the same words
            raise
        except BaseException:
            try:
                if not self.reported:
                    new = [message for message in self.sent if getattr(message, "run_id", None) == ctx.run_id]
                    if new:
                        self._report(new, self.sent[: -len(new)])
                    elif self.learn and self.user_speaks and ctx.prompt:
                        before, key = last_answer(ctx.messages)
                        self.conversation.user_said(
                            prompt_text(ctx.prompt),
                            answering=before,
                            key=f"{HOST}:{ctx.run_id}:prompt",
                            answering_key=key,
                        )
            except Exception as error:  # noqa: BLE001 (a run ends as it does, whatever happens to its memory)
                _log_failure(error)
            raise

    async def wrap_tool_execute(
        self,
        ctx: RunContext[Any],
        *,
        call: ToolCallPart,
        tool_def: ToolDefinition,
        args: Any,
        handler: Callable[[Any], Any],
    ) -> Any:
        """Run a tool; an agent that it runs is spoken to by this one."""
        del ctx, call, tool_def
        with _within_tool():
            return await handler(args)

    async def wrap_output_process(
        self, ctx: RunContext[Any], *, output_context: Any, output: Any, handler: Callable[[Any], Any]
    ) -> Any:
        """Make the output; an agent that does it is spoken to by this one."""
        del ctx, output_context
        with _within_tool():
            return await handler(output)

    async def after_run(self, ctx: RunContext[Any], *, result: AgentRunResult[Any]) -> AgentRunResult[Any]:
        """Report the run's messages to memory."""
        del ctx
        self.reported = True
        try:
            new = result.new_messages()
            self._report(new, result.all_messages()[: -len(new) or None])
        except Exception as error:  # noqa: BLE001 (a result is the host's, whatever happens to its memory)
            _log_failure(error)
        return result

    # ------------------------------------------------------------------

    async def _guidance(self, ctx: RunContext[Any]) -> str:
        """What to obey; what helps with the prompt is looked up on the same way to a thread and back."""
        if (text := self.known.get("")) is None:
            prompt = prompt_text(ctx.prompt) if ctx.prompt else ""
            text = self.known[""] = await asyncio.to_thread(self._context_for, prompt)
        return text

    def _context_for(self, prompt: str) -> str:
        policy = self.conversation.guidance()
        self.guiding = tuple(memory.id for memory in policy.memories)
        if prompt:
            self.known[prompt] = self.conversation.context(prompt, without=self.guiding).text
        return policy.text

    async def _with_context(self, messages: Sequence[ModelMessage]) -> list[ModelMessage]:
        """The messages with recalled lines before the user's last words."""
        changed = list(messages)
        if (found := prompt_at(messages)) is None:
            return changed
        place, number = found
        request: Any = changed[place]
        prompt = prompt_text(request.parts[number].content)
        if (text := self.known.get(prompt)) is None:
            text = self.known[prompt] = (await self.conversation.acontext(prompt, without=self.guiding)).text
        if text:
            parts = [*request.parts[:number], UserPromptPart(text), *request.parts[number:]]
            changed[place] = replace(request, parts=parts)
        return changed

    def _report(self, new: Sequence[ModelMessage], before: Sequence[ModelMessage]) -> None:
        """In order; the first words of the user answer what the agent had said before the run."""
        if not (self.learn and self.user_speaks):
            return
        found, key = last_answer(before)
        answering: str | None = found
        for one in read_messages(new):
            if one.who == "user":
                self.conversation.user_said(one.text, answering=answering, key=one.key, answering_key=key)
                answering = key = None
            elif one.who == "agent":
                self.conversation.agent_said(one.text, key=one.key, tainted=one.tainted)
            else:
                self.conversation.tool_said(one.text, source=one.who, key=one.key)


def _log_failure(error: Exception) -> None:
    """Say that memory did not follow; what memory itself reports is said by the conversation, once."""
    _log.warning("memory did not follow a run (%s); the agent goes on without it", type(error).__name__)

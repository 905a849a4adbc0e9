"""Memory for agents made by `create_agent`: adds guidance and context before a turn, learns from it after."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from langchain.agents.middleware import AgentMiddleware, AgentState
from langchain_core.messages import HumanMessage, ToolMessage

from eider.api.conversation import Conversation
from eider.api.tools import PREFIX
from eider.model.errors import InputError
from eider_langchain.guidance import with_words
from eider_langchain.identity import conversation_of_run, user_speaks, within_tool
from eider_langchain.messages import key_of, last_of_user, latest_turn_start, names_of_user, report, text_of
from eider_langchain.tools import tools_of

if TYPE_CHECKING:
    from langchain.agents.middleware import ModelRequest
    from langchain.agents.middleware.types import ModelResponse
    from langchain_core.messages import BaseMessage
    from langgraph.prebuilt.tool_node import ToolCallRequest
    from langgraph.runtime import Runtime
    from langgraph.types import Command

    from eider import Eider

R = TypeVar("R")
State = AgentState[Any]
_MAX_TURNS: Final = 512
"""Turns whose memory is kept at hand; one that was dropped is asked for again."""


class _TurnContext:
    """Memory's text for one turn, asked for once per turn."""

    def __init__(self, conversation: Conversation, prompt: str) -> None:
        self._conversation, self._prompt = conversation, prompt
        self._words: tuple[str, str] | None = None

    def cached_text(self, existing: str) -> str | None:
        """Return the cached text for these instructions."""
        return self._words[1] if self._words is not None and self._words[0] == existing else None

    def text(self, existing: str) -> str:
        """Return the text to add to the instructions: policy, then recalled lines."""
        if (known := self.cached_text(existing)) is not None:
            return known
        policy = self._conversation.guidance(existing, context=self._prompt or None)
        recalled = self._conversation.context(self._prompt, without=[m.id for m in policy.memories])
        words = "\n\n".join(part for part in (policy.text, recalled.text) if part)
        self._words = (existing, words)
        return words


class EiderMemoryMiddleware(AgentMiddleware[State, Any, Any]):
    """Gives an agent memory: what it should obey and know goes into the system message, what was said is learned from.

    Nothing is added to the agent's state. Whose memory and which conversation it is comes from the run:
    `config["configurable"]` (`user_id`, `thread_id`) or its context; arguments here come first.

        agent = create_agent(model, middleware=[EiderMemoryMiddleware(memory)], checkpointer=saver)
        agent.invoke({"messages": [("user", "…")]}, {"configurable": {"user_id": "ada", "thread_id": "1"}})
    """

    def __init__(
        self, memory: Eider, *, user: str | None = None, session: str | None = None, scopes: Sequence[str] = (),
        context: str | None = None, budget: int = 400, loop: str | None = None,
        tools: Sequence[str] | None = None, prefix: str = PREFIX, recall: bool = True, learn: bool = True,
        names: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """Wrap an open memory.

        Args:
            memory: An open memory. Where other agents speak to this one, `memory.channel("team", "agent")` keeps their
                words from being believed like a user's.
            user: Whose; by default as the run says, else as `eider.open` was told.
            session: Name of the conversation; by default the run's `thread_id`.
            scopes: Where the agent works; what is learned is kept under the first.
            context: What the work is about.
            budget: Most tokens that recalled lines may add to one turn.
            loop: Open loop that policies and tools belong to.
            tools: Names of the tools to offer; by default all seven, `[]` for none.
            prefix: Put before the names of the tools, so that they do not meet the agent's own.
            recall: Whether guidance and recalled lines are added to the system message.
            learn: Whether what is said is kept and learned from.
            names: Names under which the user speaks (`HumanMessage(name=…)`) besides their id; what comes under any
                other name is another agent's and teaches nothing. So is all that is said to an agent which a tool
                calls, unless the run says `eider_speaker="user"`.
        """
        super().__init__()
        self.conversation = Conversation(
            memory,
            user=user,
            session=session,
            scopes=scopes,
            context=context,
            budget=budget,
            loop=loop,
            host="langchain",
        )
        self.tools = tools_of(self.conversation, tools, prefix)
        self._user_names = tuple(names)
        self._own = {tool.name for tool in self.tools}
        self._recalls, self._learns = recall, learn
        self._turns: OrderedDict[tuple[str | None, ...], _TurnContext] = OrderedDict()
        self._lock = threading.Lock()

    # ------------------------------------------------------------------ before a turn

    def before_agent(self, state: State, runtime: Runtime[Any]) -> None:
        """Start a turn, for which memory is asked again."""
        if self._recalls:
            self._turn_context(state["messages"], runtime, new=True)

    async def abefore_agent(self, state: State, runtime: Runtime[Any]) -> None:
        """Run the sync method for async agents."""
        self.before_agent(state, runtime)

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        """Call the model with what memory says in its system message."""
        self._refuse_shadowed(request)
        return handler(self._with_memory(request))

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any]:
        """Run the sync method for async agents."""
        self._refuse_shadowed(request)
        if self._recalls:
            turn = self._turn_context(request.state["messages"], request.runtime)
            if turn.cached_text(request.system_prompt or "") is None:
                await asyncio.to_thread(turn.text, request.system_prompt or "")
        return await handler(self._with_memory(request))

    def _refuse_shadowed(self, request: ModelRequest[Any]) -> None:
        """An agent keeps one tool of a name, and says nothing of the other."""
        ours = {tool.name: tool for tool in self.tools}
        for tool in request.tools:
            name = getattr(tool, "name", None)
            if name in ours and tool is not ours[name]:
                raise InputError(
                    f"the agent has a tool {name!r} of its own beside the memory's; pass another prefix= or leave it out "
                    "of tools= of EiderMemoryMiddleware."
                )

    def _with_memory(self, request: ModelRequest[Any]) -> ModelRequest[Any]:
        if not self._recalls:
            return request
        turn = self._turn_context(request.state["messages"], request.runtime)
        words = turn.text(request.system_prompt or "")
        return request.override(system_message=with_words(request.system_message, words)) if words else request

    def _turn_context(
        self, messages: Sequence[BaseMessage], runtime: Runtime[Any], *, new: bool = False
    ) -> _TurnContext:
        """Return the context of the turn these messages are at."""
        conversation = conversation_of_run(self.conversation, context=getattr(runtime, "context", None))
        prompt = last_of_user(messages, self._names_in(conversation)) or next(
            (m for m in reversed(messages) if isinstance(m, HumanMessage)), None
        )
        words = "" if prompt is None else text_of(prompt)
        mark = words if prompt is None else key_of(conversation.session, prompt) or words
        place = (
            conversation.user,
            conversation.session,
            mark,
            conversation.work_context,
            conversation.loop,
            *conversation.scopes,
        )
        with self._lock:
            if new or place not in self._turns:
                self._turns[place] = _TurnContext(conversation, words)
            self._turns.move_to_end(place)
            while len(self._turns) > _MAX_TURNS:
                self._turns.popitem(last=False)
            return self._turns[place]

    def wrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], ToolMessage | Command[Any]]
    ) -> ToolMessage | Command[Any]:
        """Run a tool; an agent that it calls is spoken to by this one."""
        with within_tool():
            return handler(request)

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]]
    ) -> ToolMessage | Command[Any]:
        """Run a tool for async agents."""
        with within_tool():
            return await handler(request)

    # ------------------------------------------------------------------ after it

    def after_agent(self, state: State, runtime: Runtime[Any]) -> None:
        """Report the turn to memory in the background; reported twice, it is stored once."""
        context = getattr(runtime, "context", None)
        if self._learns and user_speaks(context=context):
            conversation = conversation_of_run(self.conversation, context=context)
            conversation.require_user()
            messages, names = state["messages"], self._names_in(conversation)
            structured = state.get("structured_response") is not None and isinstance(messages[-1], ToolMessage)
            report(
                conversation, messages, latest_turn_start(messages, names), self._own, structured=structured, names=names
            )  # fmt: skip

    async def aafter_agent(self, state: State, runtime: Runtime[Any]) -> None:
        """Report the turn for async agents, without waiting."""
        self.after_agent(state, runtime)

    def _names_in(self, conversation: Conversation) -> frozenset[str]:
        return names_of_user(conversation.require_user(), self._user_names)

    def flush(self, timeout: float = 2.0) -> bool:
        """Wait until all that was said is kept; False when that takes longer than `timeout` seconds."""
        return self.conversation.flush(timeout)

    async def aflush(self, timeout: float = 2.0) -> bool:  # noqa: ASYNC109 (the same as `flush`)
        """`flush` for async code."""
        return await self.conversation.aflush(timeout)

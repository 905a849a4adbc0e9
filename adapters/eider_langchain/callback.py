"""Callback handler that records and learns from any chain, model or graph."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, BaseMessage, convert_to_messages
from langchain_core.outputs import LLMResult

from eider.api.conversation import Conversation, Source
from eider.privacy import recall_marks
from eider_langchain.identity import conversation_of_run
from eider_langchain.messages import last_of_user, names_of_user, text_of
from eider_langchain.run_config import config_of_caller
from eider_langchain.tools import OWN_TOOL

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

    from eider import Eider

_INPUTS: Final = ("input", "question", "query", "messages", "prompt", "text", "user_input", "human_input")
_OUTPUTS: Final = ("output", "answer", "result", "response", "messages", "text", "content")
"""Names under which chains take what the user said, and give what they answer; the first that is there counts."""
_MAX_RUNS: Final = 10_000
"""Runs that may be under way at once; the oldest of more is given up."""
_log: Final = logging.getLogger("eider")
_MAX_DOCUMENTS: Final = 64
"""Documents of one retrieval that are kept at most. A guess."""


@dataclass(slots=True, kw_only=True)
class _Run:
    """One outermost run, from the user's words to the answer."""

    id: UUID
    metadata: Mapping[str, Any]
    user_text: str = ""
    user_key: str | None = None
    answering: str | None = None
    tool_texts: list[tuple[str, Source]] = field(default_factory=list["tuple[str, Source]"])
    model_text: str = ""
    """What a model wrote last."""
    conversation: Conversation | None = None


class EiderCallbackHandler(BaseCallbackHandler):
    """Keeps what a run's caller said and what the run answered, and learns from it; nothing is injected.

        chain.invoke({"input": "…"}, config={"callbacks": [handler], "configurable": {"user_id": "ada"}})

    The user's words are what the outermost run was called with: prompts that a program wrote are nobody's words. What
    tools return and retrievers find is kept at their trust. Beside `EiderMemoryMiddleware`, which does the same for its
    agent, it is not needed.
    """

    run_inline = True
    """Events of async runs are handled where the run is, not on another thread: what began first is told first."""

    def __init__(
        self, memory: Eider, *, user: str | None = None, session: str | None = None, scopes: Sequence[str] = (),
        context: str | None = None, input_key: str | None = None, output_key: str | None = None,
        names: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """Create the handler.

        Args:
            memory: An open memory.
            user: Whose; by default as each run's own config or its `metadata` says, also in a batch, else as `eider.open`
                was told. Where runs named their users, one of which no config can be seen is not kept, and a warning
                says so.
            session: Name of the conversation; by default the run's `thread_id`.
            scopes: What is learned is kept under the first.
            context: What the work is about.
            input_key: Which input the user said, where the usual names do not tell.
            output_key: Which output answers it.
            names: Names under which the user speaks (`HumanMessage(name=…)`) besides their id; under any other it is
                another agent, whose words teach nothing.
        """
        self.conversation = Conversation(
            memory, user=user, session=session, scopes=scopes, context=context, host="langchain"
        )
        self._inputs = _INPUTS if input_key is None else (input_key,)
        self._outputs = _OUTPUTS if output_key is None else (output_key,)
        self._runs: OrderedDict[UUID, _Run] = OrderedDict()
        self._lock = threading.Lock()
        self._names = tuple(names)
        self._shared = self._warned = False

    # ------------------------------------------------------------------ what begins

    def on_chain_start(
        self, serialized: dict[str, Any], inputs: Any, *, run_id: UUID, parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        """A chain or graph begins; the outermost one is called with the user's words."""
        del serialized, kwargs
        self._begin(run_id, parent_run_id, metadata, inputs)

    def on_chat_model_start(
        self, serialized: dict[str, Any], messages: list[list[BaseMessage]], *, run_id: UUID,
        parent_run_id: UUID | None = None, metadata: dict[str, Any] | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        """A chat model is asked."""
        del serialized, kwargs
        self._begin(run_id, parent_run_id, metadata, messages[0] if messages else [])

    def on_llm_start(
        self, serialized: dict[str, Any], prompts: list[str], *, run_id: UUID, parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        """A model of plain text is asked."""
        del serialized, kwargs
        self._begin(run_id, parent_run_id, metadata, prompts[0] if prompts else "")

    def on_tool_start(
        self, serialized: dict[str, Any], input_str: str, *, run_id: UUID, parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        """A tool begins; called outright, nobody said anything."""
        del serialized, input_str, kwargs
        if not (metadata or {}).get(OWN_TOOL):
            self._begin(run_id, parent_run_id, metadata, None)

    def on_retriever_start(
        self, serialized: dict[str, Any], query: str, *, run_id: UUID, parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        """A retriever begins; called outright, nobody said anything."""
        del serialized, query, kwargs
        self._begin(run_id, parent_run_id, metadata, None)

    def _begin(self, id: UUID, parent: UUID | None, metadata: Mapping[str, Any] | None, inputs: Any) -> None:  # noqa: A002
        with self._lock:
            run = self._runs.get(parent) if parent is not None else None
            begins = False
            if run is None:
                run = _Run(id=id, metadata=metadata or {})
                begins = True
            if run.conversation is None or run.conversation.user is None:
                self._identify(run, config_of_caller(), own=run.id in (id, parent))
            if begins:
                self._read_user_text(run, inputs)
            self._runs[id] = run
            while len(self._runs) > _MAX_RUNS:
                self._runs.popitem(last=False)

    def _identify(self, run: _Run, config: RunnableConfig | None, *, own: bool) -> None:
        """Find out whose conversation a run is, from the config that it or a child of it was started with.

        Args:
            run: Whose user is not known.
            config: Of the run or of one within it.
            own: Whether it is the run's own, or that of a child, which has the same. Of those further within only what
                the context of a graph says counts: they may speak for others.
        """
        if config is None or not ((own and run.conversation is None) or _has_context(config)):
            return
        run.conversation = conversation_of_run(self.conversation, config, context=run.metadata)
        self._shared |= self.conversation.user is None and run.conversation.user is not None

    def _read_user_text(self, run: _Run, inputs: Any) -> None:
        """Read the user's words, and the answer before them, from a run's inputs."""
        if isinstance(inputs, Mapping):
            inputs = next((inputs[name] for name in self._inputs if name in inputs), None)
        if isinstance(inputs, str):
            run.user_text = inputs
        messages = [inputs] if isinstance(inputs, BaseMessage) else _messages(inputs)
        whose = (run.conversation or self.conversation).user
        if (last := last_of_user(messages, names_of_user(whose, self._names))) is None:
            return
        before = messages[: messages.index(last)]
        run.user_text, run.user_key = text_of(last), None if last.id is None else str(last.id)
        run.answering = next((text_of(m) for m in reversed(before) if isinstance(m, AIMessage) and text_of(m)), None)

    # ------------------------------------------------------------------ what ends

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        """A model has written, streamed or at once."""
        del kwargs
        written = response.generations[0][0].text if response.generations and response.generations[0] else ""
        self._end(run_id, written, wrote=written)

    def on_chain_end(self, outputs: Any, *, run_id: UUID, inputs: Any = None, **kwargs: Any) -> None:
        """A chain or graph has answered; of one that streamed, what it was called with is known only now."""
        del kwargs
        run = self._runs.get(run_id)
        if run is not None and run.id == run_id and inputs is not None:
            self._read_user_text(run, inputs)
        self._end(run_id, self._answer_text(outputs))

    def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """A tool has returned something."""
        del kwargs
        text = text_of(output) if isinstance(output, BaseMessage) else str(output)
        self._end(run_id, "", met=[(text, "tool")])

    def on_retriever_end(self, documents: Sequence[Document], *, run_id: UUID, **kwargs: Any) -> None:
        """A retriever has found something."""
        del kwargs
        self._end(run_id, "", met=[(found.page_content, "document") for found in documents[:_MAX_DOCUMENTS]])

    def _on_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """End a run with an error; the user's words are recorded."""
        del error, kwargs
        self._end(run_id, "")

    on_chain_error = on_llm_error = on_tool_error = on_retriever_error = _on_error  # pyright: ignore[reportAssignmentType]

    def _end(self, id: UUID, said: str, *, wrote: str = "", met: Sequence[tuple[str, Source]] = ()) -> None:  # noqa: A002
        with self._lock:
            run = self._runs.pop(id, None)
        if run is None:
            return
        run.tool_texts.extend(one for one in met if recall_marks.strip(one[0]).strip())
        run.model_text = wrote or run.model_text
        if run.id == id:
            self._report(run, said or run.model_text)

    def _report(self, run: _Run, said: str) -> None:
        """Report a whole run to memory in order: user, tools, agent."""
        conversation = run.conversation or conversation_of_run(self.conversation, context=run.metadata)
        if run.conversation is None and conversation.user is None and self._shared:
            if not self._warned:
                self._warned = True
                _log.warning(
                    "nobody told whose a run is, so nothing of it is kept: give it a config with configurable.user_id, or "
                    "its user to EiderCallbackHandler(user=…)."
                )
            return
        place = f"langchain:{(conversation.session or '')[:120]}"
        heard, said = recall_marks.strip(run.user_text), recall_marks.strip(said)
        if not heard.strip() and not conversation.session:
            return  # a tool or retriever called outright belongs to no conversation
        answering = None if run.answering is None else recall_marks.strip(run.answering)
        key = f"{place}:{run.id}"
        conversation.user_said(heard, answering=answering, key=f"{place}:{run.user_key}" if run.user_key else key)
        for number, (text, source) in enumerate(run.tool_texts):
            conversation.tool_said(recall_marks.strip(text), source=source, key=f"{key}:met:{number}")
        conversation.agent_said(said, key=f"{key}:said")

    def _answer_text(self, outputs: Any) -> str:
        if isinstance(outputs, Mapping):
            outputs = next((outputs[name] for name in self._outputs if name in outputs), None)
        if isinstance(outputs, str):
            return outputs
        if isinstance(outputs, AIMessage):
            return text_of(outputs)
        answer = next((m for m in reversed(_messages(outputs)) if isinstance(m, AIMessage) and text_of(m)), None)
        return "" if answer is None else text_of(answer)

    def flush(self, timeout: float = 2.0) -> bool:
        """Wait until all that was said is kept; False when that takes longer than `timeout` seconds."""
        return self.conversation.flush(timeout)

    async def aflush(self, timeout: float = 2.0) -> bool:  # noqa: ASYNC109 (the same as `flush`)
        """`flush` for async code."""
        return await self.conversation.aflush(timeout)


def _has_context(config: RunnableConfig) -> bool:
    runtime = (config.get("configurable") or {}).get("__pregel_runtime")
    return getattr(runtime, "context", None) is not None


def _messages(given: Any) -> list[BaseMessage]:
    """Messages in whatever form LangChain takes them; none where it is something else."""
    if hasattr(given, "to_messages"):
        return given.to_messages()
    if not isinstance(given, (list, tuple)):
        return []
    try:
        return convert_to_messages(given)
    except (NotImplementedError, ValueError, TypeError, KeyError):  # LangChain's own, for what is no message
        return []

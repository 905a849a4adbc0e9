"""The classic `memory=` of a `ConversationChain`, on Eider. Needs langchain-classic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from langchain_classic.base_memory import BaseMemory
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, get_buffer_string
from pydantic import PrivateAttr

from eider.api.conversation import Conversation
from eider.model.errors import InputError
from eider_langchain.history import EiderChatMessageHistory
from eider_langchain.messages import latest

if TYPE_CHECKING:
    from eider import Eider


class EiderMemory(BaseMemory):
    """Gives a classic chain what it should obey and know, then the conversation so far; learns from each exchange.

    ConversationChain(llm=model, memory=EiderMemory(memory=memory, user="ada", session="chat-1"))
    """

    memory: Any
    """An open `eider.Eider`."""
    user: str | None = None
    session: str = "conversation"
    scopes: Sequence[str] = ()
    context: str | None = None
    budget: int = 400
    """Most tokens that recalled lines may add to one prompt."""
    loop: str | None = None
    memory_key: str = "history"
    input_key: str | None = None
    """Which of the chain's inputs the user said; by default the only one."""
    output_key: str | None = None
    return_messages: bool = False
    window: int = 20
    """Messages of this conversation that the prompt repeats."""
    human_prefix: str = "Human"
    ai_prefix: str = "AI"
    _conversation: Conversation = PrivateAttr()
    _history: EiderChatMessageHistory = PrivateAttr()

    def model_post_init(self, context: object, /) -> None:
        """Begin, or go on with, the conversation."""
        super().model_post_init(context)
        memory: Eider = self.memory
        self._conversation = Conversation(
            memory, user=self.user, session=self.session, scopes=self.scopes, context=self.context,
            budget=self.budget, loop=self.loop, host="langchain",
        )  # fmt: skip
        self._history = EiderChatMessageHistory(memory, self.session, user=self.user, scopes=self.scopes)

    @property
    def chat_memory(self) -> EiderChatMessageHistory:
        """The conversation's messages, as in LangChain's own buffer memories."""
        return self._history

    @property
    def buffer(self) -> str | list[BaseMessage]:
        """The latest messages that the prompt repeats, in the form it takes."""
        return self.buffer_as_messages if self.return_messages else self.buffer_as_str

    @property
    def buffer_as_messages(self) -> list[BaseMessage]:
        """The latest messages that the prompt repeats."""
        return latest(self._history.messages, self.window)

    @property
    def buffer_as_str(self) -> str:
        """The latest messages that the prompt repeats, as a text."""
        return get_buffer_string(
            self.buffer_as_messages, human_prefix=self.human_prefix, ai_prefix=self.ai_prefix
        )  # fmt: skip

    @property
    def memory_variables(self) -> list[str]:
        """The one variable of the prompt that this fills."""
        return [self.memory_key]

    def load_memory_variables(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """What a prompt needs: guidance, what was recalled, the conversation so far."""
        prompt = str(inputs[self._input(inputs)]) if inputs else ""
        policy = self._conversation.guidance(context=prompt or None)
        recalled = self._conversation.context(prompt, without=[m.id for m in policy.memories])
        known = "\n\n".join(part for part in (policy.text, recalled.text) if part)
        said = self.buffer_as_messages
        if self.return_messages:
            first: list[BaseMessage] = [SystemMessage(known)] if known else []
            return {self.memory_key: [*first, *said]}
        return {self.memory_key: "\n\n".join(part for part in (known, self.buffer_as_str) if part)}

    def save_context(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
        """Keep an exchange, and learn from what the user said in it.

        Of several outputs the answer is `output_key`, else "output" as agents have it beside "intermediate_steps".
        """
        name = self.output_key or ("output" if "output" in outputs else _single_value(outputs, "output_key"))
        answer = outputs[name]
        self._history.add_messages([HumanMessage(str(inputs[self._input(inputs)])), AIMessage(str(answer))])

    def clear(self) -> None:
        """Erase the conversation for good."""
        self._history.clear()

    def flush(self, timeout: float = 2.0) -> bool:
        """Wait until all that was said is learned from; False when that takes longer than `timeout` seconds."""
        return self._history.flush(timeout)

    def _input(self, inputs: dict[str, Any]) -> str:
        if self.input_key is not None:
            return self.input_key
        return _single_value(
            {name: value for name, value in inputs.items() if name not in (self.memory_key, "stop")}, "input_key"
        )


def _single_value(values: dict[str, Any], setting: str) -> str:
    if len(values) != 1:
        raise InputError(f"{setting} is missing and there are {', '.join(map(repr, values)) or 'none'}; name one.")
    return next(iter(values))

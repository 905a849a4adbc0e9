"""Any LangChain chat model as the model that Eider asks when it learns."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, TypeVar

from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from pydantic import ValidationError

from eider.model.errors import ModelError
from eider.model.llm import Answer, Prompt, misanswered, model_name, unanswered

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage
    from langchain_core.runnables import RunnableConfig

T = TypeVar("T")
_NO_CALLBACKS: Final[RunnableConfig] = {"callbacks": [], "tags": ["eider"], "run_name": "eider"}
"""Eider's own questions are nobody's conversation: no handler of the host hears them."""
_OBJECT: Final = re.compile(r"\{.*\}", re.DOTALL)


class ChatModel:
    """A LangChain chat model as Eider's vendor; `eider` puts deadline, budget and breaker around it."""

    def __init__(self, chat: BaseChatModel, name: str) -> None:
        """Use `as_model`."""
        self._chat, self._name = chat, name

    @property
    def name(self) -> str:
        """`provider:model`, as noted on what it produced."""
        return self._name

    def answer(self, prompt: Prompt[T], seconds: float) -> Answer[T]:
        """Ask once, with the model's own retries and timeout.

        Raises:
            ModelError: It failed, or answered in another form than asked.
        """
        del seconds  # the guard around every vendor gives up in time
        messages: list[BaseMessage] = [SystemMessage(prompt.system), HumanMessage(prompt.text)]
        try:
            asks: Any = self._chat.with_structured_output(prompt.answer, include_raw=True)
            answer: Any = self._invoke(asks, messages, prompt)
            if answer["parsed"] is None:
                raise self._form_error(prompt, answer["raw"]) from answer["parsing_error"]
            return _with_usage(answer["parsed"], answer["raw"])
        except NotImplementedError:  # LangChain's own, for a model without tools or schemas
            # The form is asked for in words and found in the text
            kind: Any = prompt.answer
            form = json.dumps(kind.model_json_schema(), ensure_ascii=False)
            told = SystemMessage(
                f"{prompt.system}\n\nAnswer with one JSON object of this schema and nothing else:\n{form}"
            )
            raw = self._invoke(self._chat, [told, *messages[1:]], prompt)
            found = _OBJECT.search(str(raw.text))
            try:
                return _with_usage(kind.model_validate_json(found[0] if found else str(raw.text)), raw)
            except ValidationError as error:
                raise self._form_error(prompt, raw) from error

    def _invoke(self, chat: Any, messages: list[BaseMessage], prompt: Prompt[Any]) -> Any:
        try:
            return chat.invoke(messages, _NO_CALLBACKS)
        except (ModelError, NotImplementedError):  # the second is for `answer`, which then asks in words
            raise
        except Exception as error:
            raise unanswered(self._name, prompt, error) from error

    def _form_error(self, prompt: Prompt[Any], raw: object) -> ModelError:
        counted = _with_usage(None, raw)
        return misanswered(self._name, prompt, counted.input_tokens + counted.output_tokens)


def as_model(chat_model: BaseChatModel, *, name: str | None = None) -> ChatModel:
    """A chat model for `eider.open(path, mode="balanced", model=as_model(chat_model))`.

    Args:
        chat_model: Any chat model of LangChain; with structured output if it has that, else asked for JSON in words.
        name: `provider:model`, noted on what it produced; by default `langchain:` and what the model calls itself.
    """
    found = getattr(chat_model, "model_name", None) or getattr(chat_model, "model", None) or type(chat_model).__name__
    return ChatModel(chat_model, name or model_name("langchain", found))


def _with_usage(value: Any, raw: object) -> Answer[Any]:
    used: Any = (raw.usage_metadata if isinstance(raw, AIMessage) else None) or {}
    return Answer(value=value, input_tokens=used.get("input_tokens", 0), output_tokens=used.get("output_tokens", 0))

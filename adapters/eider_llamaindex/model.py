"""Any LlamaIndex model as the model that Eider asks when it learns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from llama_index.core.prompts import ChatPromptTemplate

from eider.model.llm import Answer, misanswered, model_name, unanswered
from eider_llamaindex.identity import HOST, without_learning

if TYPE_CHECKING:
    from llama_index.core.llms.llm import LLM

    from eider.model.llm import Prompt

T = TypeVar("T")
_LETTERS: Final = 4
"""Characters of a token, for the day's budget: LlamaIndex's structured answers do not say what they cost. A guess."""


class OwnModel:
    """A LlamaIndex model as Eider's vendor; `eider` puts deadline, budget and breaker around it."""

    def __init__(self, llm: LLM, name: str) -> None:
        """Use `as_model`."""
        self._llm, self._name = llm, name

    @property
    def name(self) -> str:
        """`provider:model`, as noted on what it produced."""
        return self._name

    def answer(self, prompt: Prompt[T], seconds: float) -> Answer[T]:
        """Ask once, with the model's own retries and timeout. No handler hears it as anybody's words.

        Raises:
            ModelError: It failed, or answered in another form than asked.
        """
        del seconds  # the guard around every vendor gives up in time
        template = ChatPromptTemplate.from_messages([("system", "{system}"), ("user", "{text}")])
        kind: Any = prompt.answer
        try:
            with without_learning():
                value = self._llm.structured_predict(kind, template, system=prompt.system, text=prompt.text)
        except Exception as error:
            raise unanswered(self._name, prompt, error) from error
        if not isinstance(value, kind):
            raise misanswered(self._name, prompt)
        asked, said = len(prompt.system) + len(prompt.text), len(value.model_dump_json())
        return Answer(value=value, input_tokens=asked // _LETTERS, output_tokens=said // _LETTERS)


def as_model(llm: LLM, *, name: str | None = None) -> OwnModel:
    """A model for `eider.open(path, mode="balanced", model=as_model(llm))`.

    Args:
        llm: Any model of LlamaIndex; with tools if it has them, else it is asked for JSON in words.
        name: `provider:model`, noted on what it produced; by default `llamaindex:` and what the model calls itself.
    """
    found = llm.metadata.model_name
    shown = found if found and found != "unknown" else type(llm).__name__
    return OwnModel(llm, name or model_name(HOST, shown))

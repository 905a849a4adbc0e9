"""A LlamaIndex model as Eider's own, for the modes that ask one."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from llama_index.core.prompts import ChatPromptTemplate

from eider.errors import ModelError
from eider_llamaindex.identity import HOST, silently

if TYPE_CHECKING:
    from llama_index.core.llms.llm import LLM

    from eider.models import Model, Prompt

T = TypeVar("T")


def as_model(llm: LLM) -> Model:
    """What `eider.open(…, mode="balanced", model=as_model(llm))` takes; its questions are nobody's conversation."""
    return _LlamaIndexModel(llm)


class _LlamaIndexModel:
    def __init__(self, llm: LLM) -> None:
        self._llm = llm

    @property
    def name(self) -> str:
        return f"{HOST}:{self._llm.metadata.model_name}"

    def ask(self, prompt: Prompt[T]) -> T:
        template = ChatPromptTemplate.from_messages([("system", "{system}"), ("user", "{text}")])
        try:
            with silently():
                answer = self._llm.structured_predict(
                    cast("type", prompt.answer), template, system=prompt.system, text=prompt.text
                )
        except Exception as error:
            raise ModelError(f"{self.name} gave no answer to {prompt.source} ({type(error).__name__}).") from error
        if not isinstance(answer, prompt.answer):
            raise ModelError(f"{self.name} answered {prompt.source} with {type(answer).__name__}.")
        return answer

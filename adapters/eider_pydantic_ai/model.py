"""Any model of pydantic-ai as the model that Eider asks when it learns."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic_ai import Agent
from pydantic_ai.exceptions import AgentRunError, UnexpectedModelBehavior, UserError
from pydantic_ai.models import Model as PydanticModel
from pydantic_ai.models import infer_model

from eider.model.errors import ModelError, ModelRefusedError
from eider.model.llm import Answer, Prompt, misanswered, model_name, passes, unanswered

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


def as_model(model: PydanticModel | str) -> EiderModel:
    """A model of pydantic-ai for `eider.open(…, mode="balanced", model=as_model(…))`.

    Args:
        model: A model, or the name of one as pydantic-ai knows it.
    """
    return EiderModel(infer_model(model))


class EiderModel:
    """Answers Eider's prompts by a model of pydantic-ai; deadline, budget and counters are Eider's, around it."""

    def __init__(self, model: PydanticModel) -> None:
        """Take a model; nothing is sent yet."""
        self._model = model
        self._name = model_name(model.system or "pydantic-ai", model.model_name)

    @property
    def name(self) -> str:
        """`provider:model`, as noted on what it produced."""
        return self._name

    def answer(self, prompt: Prompt[T], seconds: float) -> Answer[T]:
        """Ask once; it is given up after `seconds`."""
        agent = Agent(self._model, output_type=prompt.answer, instructions=prompt.system)
        asked = agent.run(prompt.text, model_settings={"max_tokens": prompt.max_tokens, "timeout": seconds})
        try:
            result = _loop.run_until_done(asked, seconds)
        except TimeoutError as error:
            raise ModelError(f"{self._name} did not answer within {seconds:.0f} s; it is asked again later.") from error
        except (AgentRunError, UserError) as error:
            raise self._to_model_error(error, prompt) from error
        usage: Any = result.usage
        used: Any = usage if hasattr(usage, "input_tokens") else usage()  # a method in older versions
        return Answer(value=result.output, input_tokens=used.input_tokens, output_tokens=used.output_tokens)

    def _to_model_error(self, error: Exception, prompt: Prompt[Any]) -> ModelError:
        """What pydantic-ai's exception means; its text may quote what a user said, so the cause is chained, not told."""
        kinds = {kind.__name__ for kind in type(error).__mro__}
        status = getattr(error, "status_code", None)
        if "ContentFilterError" in kinds:
            return ModelRefusedError(f"{self._name} declined to answer {prompt.source}.")
        if isinstance(status, int):
            later = passes(status)
            fix = "it is asked again later" if later else "look at the model's name and key"
            return ModelError(f"{self._name} answered with status {status}; {fix}.", retryable=later)
        if isinstance(error, UnexpectedModelBehavior):
            return misanswered(self._name, prompt)
        found = unanswered(self._name, prompt, error)
        return ModelError(str(found), retryable=False) if isinstance(error, UserError) else found


class _Loop:
    """One loop of events in a thread of its own: the clients that models share belong to the loop they began in."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def run_until_done(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        """What a coroutine comes to."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="eider-model", daemon=True).start()
        return asyncio.run_coroutine_threadsafe(asyncio.wait_for(work, seconds), self._loop).result()


_loop = _Loop()

"""Any provider's models through `instructor`: the answer's form is asked for, checked, and asked for once more."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

from eider.model.errors import EiderError, ModelError, ModelRefusedError
from eider.model.llm import Answer, Prompt
from eider_models.faults import to_model_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from eider.model.llm import Spec

T = TypeVar("T")
RETRIES: Final = 2
"""Attempts after the first, made by the provider's library."""
_FORM_RETRIES: Final = 1
"""Times an answer of the wrong form is asked for again, with what was wrong; `instructor` would do it three times."""
_SHAPED: Final = {"ollama": ("http://localhost:11434/v1", "ollama")}
"""Providers that speak OpenAI's chat without a key: where they are, and what stands for the key."""
logging.getLogger("instructor").addHandler(logging.NullHandler())


class InstructorVendor:
    """Answers prompts by one model of any provider that `instructor` knows, or that speaks OpenAI's chat at a URL."""

    def __init__(self, spec: Spec, *, key: str | None = None, url: str | None = None, retries: int = RETRIES) -> None:
        """Name a model; without a key the provider's own settings hold (`OPENAI_API_KEY` …)."""
        self._spec, self._key, self._url, self._retries = spec, key, url, retries

    def answer(self, prompt: Prompt[T], seconds: float) -> Answer[T]:
        """Ask, and once more where the form was wrong; no attempt begins after `seconds`."""
        from instructor.core.exceptions import IncompleteOutputException, InstructorRetryException

        told = self._spec.name
        client = self._client(seconds)
        try:
            value, raw = client.chat.completions.create_with_completion(
                response_model=prompt.answer, max_retries=_FORM_RETRIES, max_tokens=prompt.max_tokens, timeout=seconds,
                messages=[{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.text}],
            )  # fmt: skip
        except EiderError:
            raise
        except IncompleteOutputException as error:
            tokens = sum(_tokens_used(getattr(error, "last_completion", None))) or prompt.max_tokens
            raise ModelError(
                f"{told} ran out of room after {prompt.max_tokens} tokens in {prompt.source}.", tokens=tokens
            ) from error
        except InstructorRetryException as error:
            total = getattr(getattr(error, "total_usage", None), "total_tokens", 0)
            tokens = (
                total
                if isinstance(total, int) and total
                else sum(_tokens_used(getattr(error, "last_completion", None)))
            )
            choices = getattr(getattr(error, "last_completion", None), "choices", None) or ()
            filtered = any(getattr(choice, "finish_reason", "") == "content_filter" for choice in choices)
            if filtered or isinstance(error.__cause__, AssertionError):  # `instructor` asserts that it was not refused
                raise ModelRefusedError(f"{told} declined to answer {prompt.source}.", tokens=tokens) from error
            raise to_model_error(error.__cause__ or error, told, tokens=tokens) from error
        except Exception as error:
            raise to_model_error(error, told) from error
        finally:
            close = getattr(getattr(client, "client", None), "close", None)
            if callable(close):
                with suppress(Exception):
                    close()
        if not isinstance(value, prompt.answer):
            raise ModelError(f"{told} answered {prompt.source} in another form than asked.")
        tokens_in, tokens_out = _tokens_used(raw)
        return Answer(value=value, input_tokens=tokens_in, output_tokens=tokens_out)

    def _client(self, seconds: float) -> Any:
        """A client of this call alone, patched to answer in types."""
        import instructor
        from instructor.core.exceptions import InstructorError

        spec, until = self._spec, time.monotonic() + seconds
        try:
            if spec.provider == "openai" or spec.provider in _SHAPED or self._url:
                return instructor.from_openai(
                    self._openai_client(seconds, until), mode=instructor.Mode.TOOLS, model=spec.model
                )
            more: dict[str, Any] = {} if self._key is None else {"api_key": self._key}
            return _from_provider(f"{spec.provider}/{spec.model}", **more)
        except (InstructorError, ImportError, ValueError) as error:
            raise ModelError(f"{spec.name} cannot be asked: {error}", retryable=False) from error

    def _openai_client(self, seconds: float, until: float) -> Any:
        import openai

        url, key = _SHAPED.get(self._spec.provider, (None, None))
        http = openai.DefaultHttpxClient(timeout=seconds, event_hooks={"request": [_deadline_hook(until)]})
        try:
            return openai.OpenAI(
                api_key=self._key or key,
                base_url=self._url or url,
                timeout=seconds,
                max_retries=self._retries,
                http_client=http,
            )
        except openai.OpenAIError as error:
            fix = "set a key with eider config set model_key …"
            raise ModelError(f"{self._spec.name} cannot be asked ({error}); {fix}", retryable=False) from error


def _from_provider(name: str, **more: Any) -> Any:
    import instructor

    made: Any = instructor.from_provider
    return made(name, **more)


def _deadline_hook(until: float) -> Callable[[object], None]:
    def check(request: object) -> None:
        del request
        if time.monotonic() > until:
            raise TimeoutError("the call was given up")

    return check


def _tokens_used(raw: Any) -> tuple[int, int]:
    """Tokens in and out, under the names that providers use."""
    usage = getattr(raw, "usage", None)

    def of(*names: str) -> int:
        found = (getattr(usage, name, None) for name in names)
        return next((n for n in found if isinstance(n, int)), 0)

    return of("prompt_tokens", "input_tokens"), of("completion_tokens", "output_tokens")

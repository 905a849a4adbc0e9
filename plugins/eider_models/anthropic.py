"""Anthropic's models by Anthropic's library: the answer's form is enforced while it is written."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

from eider.model.errors import ModelError, ModelRefusedError
from eider.model.llm import Answer, Prompt
from eider_models.faults import to_model_error

if TYPE_CHECKING:
    import anthropic
    from anthropic.types import Message

T = TypeVar("T")
RETRIES: Final = 2
"""Attempts after the first, made by the library on 408, 409, 429, 5xx and lost connections; `retry-after` is heeded."""


class AnthropicVendor:
    """Answers prompts by one model of Anthropic's."""

    def __init__(self, model: str, *, key: str | None = None, url: str | None = None, retries: int = RETRIES) -> None:
        """Name a model; without a key the library's own settings hold (`ANTHROPIC_API_KEY` …)."""
        self._model, self._key, self._url, self._retries = model, key, url, retries

    def answer(self, prompt: Prompt[T], seconds: float) -> Answer[T]:
        """Ask once; no attempt begins after `seconds`."""
        import anthropic
        from pydantic import ValidationError

        told = f"anthropic:{self._model}"
        try:
            with self._client(seconds) as client:
                message = self._send(client, prompt)
        except anthropic.APIError as error:
            raise to_model_error(error, told) from error
        except (anthropic.AnthropicError, TypeError) as error:  # no key, or settings that contradict each other
            fix = "set a key with eider config set model_key …"
            raise ModelError(f"{told} cannot be asked ({type(error).__name__}); {fix}", retryable=False) from error
        usage: Any = getattr(message, "usage", None)
        cached = sum(
            getattr(usage, name, None) or 0 for name in ("cache_creation_input_tokens", "cache_read_input_tokens")
        )
        tokens_in, tokens_out = (
            (getattr(usage, "input_tokens", None) or 0) + cached,
            getattr(usage, "output_tokens", None) or 0,
        )
        # what the model wrote, where it wrote to the end
        tokens = tokens_in + tokens_out
        if message.stop_reason == "refusal":
            raise ModelRefusedError(f"{told} declined to answer {prompt.source}.", tokens=tokens)
        if message.stop_reason == "max_tokens":
            raise ModelError(
                f"{told} ran out of room after {prompt.max_tokens} tokens in {prompt.source}.", tokens=tokens
            )
        parts: list[Any] = list(message.content or ())
        text = "".join(part.text for part in parts if getattr(part, "type", "") == "text")
        validate: Any = getattr(prompt.answer, "model_validate_json")  # noqa: B009 (T is any pydantic model)
        try:
            value: T = validate(text)
        except ValidationError as error:
            raise ModelError(
                f"{told} answered {prompt.source} in another form than asked.", tokens=tokens_in + tokens_out
            ) from error
        return Answer(value=value, input_tokens=tokens_in, output_tokens=tokens_out)

    def _client(self, seconds: float) -> anthropic.Anthropic:
        """A client of this call alone: nothing of it is shared with a call that was given up."""
        import anthropic

        until = time.monotonic() + seconds

        def in_time(request: object) -> None:
            del request
            if time.monotonic() > until:
                raise TimeoutError("the call was given up")

        http = anthropic.DefaultHttpxClient(timeout=seconds, event_hooks={"request": [in_time]})
        return anthropic.Anthropic(
            api_key=self._key, base_url=self._url, timeout=seconds, max_retries=self._retries, http_client=http
        )

    def _send(self, client: anthropic.Anthropic, prompt: Prompt[Any]) -> Message:
        import anthropic

        message: Any = client.messages.create(
            model=self._model,
            max_tokens=prompt.max_tokens,
            system=prompt.system,
            messages=[{"role": "user", "content": prompt.text}],
            output_config={"format": {"type": "json_schema", "schema": anthropic.transform_schema(prompt.answer)}},
        )
        if not isinstance(message, anthropic.types.Message):  # a body that is no JSON comes back as text
            raise ModelError(
                f"anthropic:{self._model} answered with something else than a message; it is asked again later."
            )
        return message

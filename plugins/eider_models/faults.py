"""Translates vendors' exceptions: whether to try again, and after how long."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from eider.model.errors import ModelError
from eider.model.llm import passes

_CONNECTION_ERRORS: Final = (
    "APIConnectionError",
    "APITimeoutError",
    "ConnectError",
    "TimeoutException",
    "ConnectionError",
    "TimeoutError",
)


def to_model_error(error: BaseException, model: str, *, tokens: int = 0) -> ModelError:
    """A vendor's exception as Eider's; what lies beneath a wrapper decides."""
    root = _root_cause(error)
    status = getattr(root, "status_code", None)
    kinds = {kind.__name__ for kind in type(root).__mro__}
    if isinstance(status, int):
        told = f"{model} answered with status {status} ({type(root).__name__})"
        if passes(status):
            return ModelError(f"{told}; it is asked again later.", retry_after=_retry_after(root), tokens=tokens)
        return ModelError(f"{told}: {_fix(status)}", retryable=False, tokens=tokens)
    if kinds & set(_CONNECTION_ERRORS):
        return ModelError(
            f"{model} could not be reached ({type(root).__name__}); it is asked again later.", tokens=tokens
        )
    # What the library says of it quotes the answer, and with it what a user said: the cause is chained, not told.
    return ModelError(f"{model} did not answer usably ({type(root).__name__}); it is asked again later.", tokens=tokens)


def _root_cause(error: BaseException) -> BaseException:
    """The exception that tells most: the nearest one with a status, else the nearest one about the line."""
    seen: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and at not in seen:
        seen.append(at)
        if isinstance(getattr(at, "status_code", None), int):
            return at
        at = at.__cause__ or at.__context__
    for one in seen:
        if {kind.__name__ for kind in type(one).__mro__} & set(_CONNECTION_ERRORS):
            return one
    return seen[0]


def _fix(status: int) -> str:
    return {
        401: "the key is missing or wrong; set it with eider config set model_key …",
        403: "the key may not use this model; take another model or key.",
        404: "there is no such model; set another with model='provider:model'.",
        413: "the question is too large.",
    }.get(status, "the question was not understood.")


def _retry_after(error: BaseException) -> float | None:
    """Seconds the service asks to be left alone."""
    headers: Any = getattr(getattr(error, "response", None), "headers", None)
    said = headers.get("retry-after") if headers is not None else None
    if not said:
        return None
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None

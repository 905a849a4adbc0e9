"""Follows streams that the host reads, to report what was read."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

from llama_index_instrumentation.span import active_span_id

StreamRead = Callable[[str], None]


def follow(result: Any, span: str, read: StreamRead) -> None:
    """Report a response's stream once it was read or dropped.

    Args:
        result: A response; one without a stream of tokens is left as it is.
        span: The call that returned it. Models are asked when the stream is read, and belong to it.
        read: Called with what was read.
    """
    stream = getattr(result, "__dict__", {}).get("response_gen")
    if stream is None:
        return
    result.response_gen = (
        _follow_tokens_async(stream, span, read) if hasattr(stream, "__anext__") else _follow_tokens(stream, span, read)
    )


def _follow_tokens(stream: Iterator[str], span: str, read: StreamRead) -> Generator[str]:
    said: list[str] = []
    try:
        while True:
            try:
                with _in_span(span):
                    token = next(stream)
            except StopIteration:
                return
            said.append(token)
            yield token
    finally:
        read("".join(said))


async def _follow_tokens_async(stream: AsyncIterator[str], span: str, read: StreamRead) -> AsyncGenerator[str]:
    said: list[str] = []
    try:
        while True:
            try:
                with _in_span(span):
                    token = await anext(stream)
            except StopAsyncIteration:
                return
            said.append(token)
            yield token
    finally:
        read("".join(said))


@contextmanager
def _in_span(span: str) -> Generator[None]:
    before = active_span_id.get()
    active_span_id.set(span)
    try:
        yield
    finally:
        active_span_id.set(before)

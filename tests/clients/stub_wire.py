"""What a scripted reply looks like on the wire: Anthropic Messages, OpenAI chat and responses, whole or streamed."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import re
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]
Event = tuple[str | None, Json | str]
"""Name and data of a server-sent event; chat completions name none."""


def fresh(prefix: str) -> str:
    """An id that nobody had."""
    return prefix + uuid.uuid4().hex[:20]


def pieces(text: str, size: int = 40) -> list[str]:
    """A text as it is streamed; one empty piece for an empty text."""
    return [text[at : at + size] for at in range(0, len(text), size)] or [""]


def _tokens(reply: Mapping[str, Any]) -> tuple[int, int]:
    usage = reply.get("usage", {})
    return int(usage.get("input_tokens", 10)), int(usage.get("output_tokens", 5))


def _speaks(reply: Mapping[str, Any]) -> bool:
    """Whether a reply has a block of text; one without tools always has."""
    return bool(reply.get("text")) or not reply.get("tools")


# Anthropic Messages


def message(reply: Mapping[str, Any], model: str) -> Json:
    """A reply as `POST /v1/messages` answers it."""
    read, written = _tokens(reply)
    content: list[Json] = [{"type": "text", "text": reply.get("text", "")}] if _speaks(reply) else []
    for call in reply.get("tools", []):
        given = call.get("input", {})
        content.append(
            {"type": "tool_use", "id": call.get("id") or fresh("toolu_"), "name": call["name"], "input": given}
        )
    return {
        "id": fresh("msg_"),
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": "tool_use" if reply.get("tools") else "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": read,
            "output_tokens": written,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
        },
    }


def message_events(whole: Json) -> Iterator[Event]:
    """The same message as a stream."""

    def event(kind: str, **data: Any) -> Event:
        return kind, {"type": kind, **data}

    opening = {**whole, "content": [], "stop_reason": None, "usage": {**whole["usage"], "output_tokens": 1}}
    yield event("message_start", message=opening)
    for index, block in enumerate(whole["content"]):
        if block["type"] == "text":
            empty: Json = {"type": "text", "text": ""}
            deltas = [{"type": "text_delta", "text": piece} for piece in pieces(block["text"])]
        else:
            empty = {**block, "input": {}}
            deltas = [{"type": "input_json_delta", "partial_json": json.dumps(block["input"])}]
        yield event("content_block_start", index=index, content_block=empty)
        for delta in deltas:
            yield event("content_block_delta", index=index, delta=delta)
        yield event("content_block_stop", index=index)
    ending = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    yield event("message_delta", delta=ending, usage={"output_tokens": whole["usage"]["output_tokens"]})
    yield event("message_stop")


# OpenAI chat completions


def completion(reply: Mapping[str, Any], model: str) -> Json:
    """A reply as `POST /v1/chat/completions` answers it."""
    read, written = _tokens(reply)
    said: Json = {"role": "assistant", "content": reply.get("text", "")}
    if calls := [
        {
            "id": call.get("id") or fresh("call_"),
            "type": "function",
            "function": {"name": call["name"], "arguments": json.dumps(call.get("input", {}))},
        }
        for call in reply.get("tools", [])
    ]:
        said["tool_calls"] = calls
    return {
        "id": fresh("chatcmpl-"),
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "message": said, "finish_reason": "tool_calls" if calls else "stop"}],
        "usage": {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written},
    }


def completion_events(whole: Json) -> Iterator[Event]:
    """The same completion as a stream; the last chunk before the end carries the usage."""
    shared = {
        "id": whole["id"],
        "object": "chat.completion.chunk",
        "created": whole["created"],
        "model": whole["model"],
    }
    choice = whole["choices"][0]

    def chunk(delta: Json, finish: str | None = None) -> Event:
        return None, {**shared, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    yield chunk({"role": "assistant", "content": ""})
    yield from (chunk({"content": piece}) for piece in pieces(choice["message"]["content"]) if piece)
    for index, call in enumerate(choice["message"].get("tool_calls", [])):
        yield chunk({"tool_calls": [{**call, "index": index}]})
    yield chunk({}, choice["finish_reason"])
    yield None, {**shared, "choices": [], "usage": whole["usage"]}
    yield None, "[DONE]"


# OpenAI responses


def response(reply: Mapping[str, Any], model: str) -> Json:
    """A reply as `POST /v1/responses` answers it."""
    read, written = _tokens(reply)
    output: list[Json] = []
    if _speaks(reply):
        part = {"type": "output_text", "text": reply.get("text", ""), "annotations": []}
        done = {"type": "message", "role": "assistant", "status": "completed"}
        output.append({"id": fresh("msg_"), **done, "content": [part]})
    for call in reply.get("tools", []):
        named = {"call_id": call.get("id") or fresh("call_"), "name": call["name"]}
        arguments = json.dumps(call.get("input", {}))
        done = {"type": "function_call", "status": "completed", "arguments": arguments}
        output.append({"id": fresh("fc_"), **done, **named})
    return {
        "id": fresh("resp_"),
        "object": "response",
        "created_at": int(time.time()),
        "status": "completed",
        "error": None,
        "model": model,
        "output": output,
        "parallel_tool_calls": True,
        "tools": [],
        "usage": {
            "input_tokens": read,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": written,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": read + written,
        },
    }


def response_events(whole: Json) -> Iterator[Event]:
    """The same response as a stream, numbered."""
    numbers = itertools.count()

    def event(kind: str, **data: Any) -> Event:
        return kind, {"type": kind, "sequence_number": next(numbers), **data}

    begun = {**whole, "status": "in_progress", "output": [], "usage": None}
    yield event("response.created", response=begun)
    yield event("response.in_progress", response=begun)
    for index, item in enumerate(whole["output"]):
        here = {"item_id": item["id"], "output_index": index}
        if item["type"] == "message":
            empty = {**item, "status": "in_progress", "content": []}
            (part,) = item["content"]
            inner = [event("response.output_item.added", output_index=index, item=empty)]
            at = {**here, "content_index": 0}
            inner.append(event("response.content_part.added", **at, part={**part, "text": ""}))
            inner += [event("response.output_text.delta", **at, delta=piece) for piece in pieces(part["text"])]
            inner.append(event("response.output_text.done", **at, text=part["text"]))
            inner.append(event("response.content_part.done", **at, part=part))
        else:
            empty, given = {**item, "status": "in_progress", "arguments": ""}, item["arguments"]
            inner = [event("response.output_item.added", output_index=index, item=empty)]
            inner.append(event("response.function_call_arguments.delta", **here, delta=given))
            inner.append(event("response.function_call_arguments.done", **here, arguments=given))
        yield from inner
        yield event("response.output_item.done", output_index=index, item=item)
    yield event("response.completed", response=whole)


# Embeddings


def embedding(text: str, width: int) -> list[float]:
    """Hashed words as a vector of length 1: the same text has the same vector everywhere."""
    vector = [0.0] * width
    for word in re.findall(r"\w+", text.lower()):
        digest = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "big")
        vector[digest % width] += 1.0 if digest >> 63 else -1.0
    length = math.sqrt(sum(x * x for x in vector)) or 1.0
    return [x / length for x in vector]


def embeddings(body: Mapping[str, Any], width: int) -> Json:
    """An answer to `POST /v1/embeddings`."""
    given = body.get("input", [])
    texts = [given] if isinstance(given, str) else given
    vectors = [embedding(text, int(body.get("dimensions") or width)) for text in texts]
    tokens = sum(len(text) for text in texts) // 4
    return {
        "object": "list",
        "model": body.get("model", "stub-model"),
        "data": [{"object": "embedding", "index": at, "embedding": vector} for at, vector in enumerate(vectors)],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }

"""What the stub model says to which request.

A script is an object; every key is optional:

    {"rules":       [{"when": {"last_user": "regex"}, "times": 1, "reply": REPLY}],
     "replies":     [REPLY, ...],
     "replies_for": "agent" or "all",
     "default":     REPLY}

Rules come first, in their order; `times` is how often one may answer. Then `replies` are used up one by one, by requests
that offer tools unless `replies_for` is "all": titles and summaries must not eat what an agent's turn is to be told.
Then the default. `when` holds regular expressions, all of which must be found (dots match newlines too), in `last_user`, `system`,
`body` (the request as JSON), `model` or `path`, and `has_tools` (a bool).

    REPLY: {"text": "...", "tools": [{"name": "Bash", "input": {...}}],
            "extract": {"NAME": "regex"},    # its first group, looked for in the request, fills "{NAME}" in text and tools
            "usage": {"input_tokens": 10, "output_tokens": 5},
            "delay": 0.5,                    # seconds
            "status": 529, "error": "overloaded_error"}
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from typing import Any, Final

from stub_wire import Json

DEFAULT: Final[Json] = {"text": "stub: ok"}


def flat(content: Any) -> str:
    """The text of a content value of any protocol, with what tools answered."""
    if isinstance(content, str):
        return content
    if isinstance(content, Mapping):
        return next((flat(content[key]) for key in ("text", "content", "output", "input_text") if key in content), "")
    return "\n".join(text for text in map(flat, content or ()) if text)


def strings(value: Any) -> Iterator[str]:
    """Every string in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def view(path: str, body: Mapping[str, Any]) -> Json:
    """A request without its protocol, as `when` asks about it."""
    given = body.get("messages", body.get("input", []))
    messages = [{"role": "user", "content": given}] if isinstance(given, str) else given
    messages = [one for one in messages if isinstance(one, Mapping)]
    orders = [flat(body.get("system")), flat(body.get("instructions"))]
    orders += [flat(one.get("content")) for one in messages if one.get("role") in {"system", "developer"}]
    users = [flat(one.get("content")) for one in messages if one.get("role") == "user"]
    return {
        "path": path,
        "model": str(body.get("model", "")),
        "system": "\n".join(text for text in orders if text),
        "last_user": users[-1] if users else "",
        "has_tools": bool(body.get("tools")),
        "body": json.dumps(body, ensure_ascii=False),
    }


def _matches(when: Mapping[str, Any], seen: Json) -> bool:
    for key, wanted in when.items():
        found = seen["has_tools"] == bool(wanted) if key == "has_tools" else re.search(wanted, seen[key], re.DOTALL)
        if not found:
            return False
    return True


def filled(reply: Json, body: Mapping[str, Any]) -> Json:
    """A reply with what it takes from the request put in; "" where nothing is found."""
    names: dict[str, str] = {}
    for name, pattern in reply.get("extract", {}).items():
        hits = (re.search(pattern, text, re.DOTALL) for text in strings(body))
        names[name] = next((hit.group(1) for hit in hits if hit), "")

    def put(value: Any) -> Any:
        if isinstance(value, str):
            for name, found in names.items():
                value = value.replace("{" + name + "}", found)
            return value
        if isinstance(value, list):
            return [put(one) for one in value]
        return {key: put(one) for key, one in value.items()} if isinstance(value, dict) else value

    return {key: put(value) if key in {"text", "tools"} else value for key, value in reply.items()} if names else reply


class Script:
    """Chooses replies; many threads may ask."""

    def __init__(self, given: Json | None = None) -> None:
        self._lock = threading.Lock()
        self.load(given or {})

    def load(self, given: Json) -> None:
        """Another script, from its beginning."""
        with self._lock:
            self._given = given
        self.rewind()

    def rewind(self) -> None:
        """From the beginning again."""
        with self._lock:
            self._next, self._used = 0, [0] * len(self._given.get("rules", []))

    def choose(self, path: str, body: Mapping[str, Any]) -> tuple[Json, str]:
        """The reply, and why it is that one."""
        seen = view(path, body)
        with self._lock:
            reply, why = self._chosen(seen)
        return filled(reply, body), why

    def _chosen(self, seen: Json) -> tuple[Json, str]:
        for at, rule in enumerate(self._given.get("rules", [])):
            if self._used[at] < rule.get("times", float("inf")) and _matches(rule.get("when", {}), seen):
                self._used[at] += 1
                return rule.get("reply", DEFAULT), f"rule {at}"
        replies = self._given.get("replies", [])
        if self._next < len(replies) and (seen["has_tools"] or self._given.get("replies_for") == "all"):
            self._next += 1
            return replies[self._next - 1], f"reply {self._next - 1}"
        return self._given.get("default", DEFAULT), "default"

"""Eider: persistent memory for AI agents, offline and embedded.

    import eider

    with eider.open("./memory.eider", user="ada") as memory:
        memory.remember("Prefers snake_case.", kind="preference")
        for hit in memory.recall("how should I name this function?"):
            print(hit.score, hit.text, hit.why)

Importing this costs milliseconds: what is heavy is loaded when it is first used.
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` and `importlib` cost as much as Python itself takes to start
if TYPE_CHECKING:
    from typing import Any

    from eider.api import aio
    from eider.api.conversation import Conversation
    from eider.api.environment import from_env
    from eider.api.facade import Eider
    from eider.api.open import open  # noqa: A004 (the public face)
    from eider.model.answers import (
        Consolidation,
        Diff,
        Drained,
        Explanation,
        Health,
        Imported,
        Injection,
        Page,
        Receipt,
        Recollection,
        Verified,
        Version,
        Why,
    )
    from eider.model.clock import Clock, FixedClock, SystemClock
    from eider.model.errors import EiderError
    from eider.model.project_scope import project_scope
    from eider.model.runs import Procedure, Run, Step, StepContext
    from eider.model.values import Episode, Event, Memory, Span, Usage

__version__ = "0.1.0"

_HOME = {
    "open": "api.open", "from_env": "api.environment", "Eider": "api.facade", "EiderError": "model.errors", "project_scope": "model.project_scope",
    "Clock": "model.clock", "Conversation": "api.conversation", "FixedClock": "model.clock", "SystemClock": "model.clock",
    "Episode": "model.values", "Event": "model.values", "Memory": "model.values", "Span": "model.values", "Usage": "model.values",
    "Consolidation": "model.answers", "Diff": "model.answers", "Drained": "model.answers", "Explanation": "model.answers",
    "Health": "model.answers", "Imported": "model.answers", "Injection": "model.answers", "Page": "model.answers", "Receipt": "model.answers",
    "Recollection": "model.answers", "Verified": "model.answers", "Version": "model.answers", "Why": "model.answers",
    "Procedure": "model.runs", "Run": "model.runs", "Step": "model.runs", "StepContext": "model.runs",
}  # fmt: skip
_MODULES = {
    "aio": "api.aio", "errors": "model.errors", "values": "model.values", "answers": "model.answers", "testing": "testing",
}  # fmt: skip

__all__ = [
    "Clock",
    "Consolidation",
    "Conversation",
    "Diff",
    "Drained",
    "Eider",
    "EiderError",
    "Episode",
    "Event",
    "Explanation",
    "FixedClock",
    "Health",
    "Imported",
    "Injection",
    "Memory",
    "Page",
    "Procedure",
    "Receipt",
    "Recollection",
    "Run",
    "Span",
    "Step",
    "StepContext",
    "SystemClock",
    "Usage",
    "Verified",
    "Version",
    "Why",
    "aio",
    "from_env",
    "open",
    "project_scope",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _HOME:
        return getattr(import_module(f"eider.{_HOME[name]}"), name)
    if name in _MODULES:
        return import_module(f"eider.{_MODULES[name]}")
    raise AttributeError(f"module 'eider' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])

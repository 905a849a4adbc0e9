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

    from eider import aio as aio
    from eider.answers import (
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
    from eider.clock import Clock, FixedClock, SystemClock
    from eider.companion import Companion
    from eider.eider import Eider
    from eider.environment import from_env
    from eider.errors import EiderError
    from eider.opening import open  # noqa: A004 (the public face)
    from eider.scoping import project_scope
    from eider.values import Episode, Event, Memory, Span, Usage

__version__ = "0.1.0"

_HOME = {
    "open": "opening", "from_env": "environment", "Eider": "eider", "EiderError": "errors", "project_scope": "scoping",
    "Clock": "clock", "Companion": "companion", "FixedClock": "clock", "SystemClock": "clock",
    "Episode": "values", "Event": "values", "Memory": "values", "Span": "values", "Usage": "values",
    "Consolidation": "answers", "Diff": "answers", "Drained": "answers", "Explanation": "answers",
    "Health": "answers", "Imported": "answers", "Injection": "answers", "Page": "answers", "Receipt": "answers",
    "Recollection": "answers", "Verified": "answers", "Version": "answers", "Why": "answers",
}  # fmt: skip
_MODULES = frozenset({"aio", "errors", "values", "answers", "testing"})

__all__ = [
    "Clock", "Companion", "Consolidation", "Diff", "Drained", "Eider", "EiderError", "Episode", "Event", "Explanation",
    "FixedClock", "Health", "Imported", "Injection", "Memory", "Page", "Receipt", "Recollection", "Span",
    "SystemClock", "Usage", "Verified", "Version", "Why", "aio", "from_env", "open", "project_scope",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _HOME:
        return getattr(import_module(f"eider.{_HOME[name]}"), name)
    if name in _MODULES:
        return import_module(f"eider.{name}")
    raise AttributeError(f"module 'eider' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])

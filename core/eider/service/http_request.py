"""A request as the server's routes get it, and the record of its answer for logs and metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One request, read and let in."""

    name: str
    """The path below /v1/."""
    body: Mapping[str, Any]
    local: bool
    """Whether it came over the Unix socket: paths of this machine mean the same to both."""
    until: float
    """Monotonic instant after which nobody waits any more."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    upload: Path | None = None
    """Where the file is that came with it."""
    gone: Event = field(default_factory=Event)
    """Set when the caller has ended its line: nobody waits for the answer any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRecord:
    """An answered request, for whoever counts and logs: nothing of it may be kept but what carries no content."""

    route: str
    """Name in the table of answers; `other` for all else."""
    status: int
    seconds: float
    body: Mapping[str, Any]
    client: str
    """What the caller says it is, as sent."""
    error: Exception | None = None

"""Rows on their way from one store to another."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from eider.model.values import Edge, Episode, Memory, Metadata, Usage
from eider.privacy.redact import redact_name
from eider.store.event_chain import event_id

_EVENT_ID: Final = re.compile(r"\bevt_(\d{1,18})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One event as it travels: its place among the user's own events, and what it said."""

    seq: int
    """From 1; revisions in the same export mean these."""
    at: datetime
    actor: str
    op: str
    ids: tuple[str, ...]
    payload: Metadata | None
    """None once it was erased."""


@dataclass(slots=True, kw_only=True)
class Batch:
    """Rows of one transaction. Each comes with its place in the source; revisions are the source's (0: none)."""

    events: list[tuple[str, Happened]] = field(default_factory=list[tuple[str, Happened]])
    episodes: list[tuple[str, Episode, int]] = field(default_factory=list[tuple[str, Episode, int]])
    memories: list[tuple[str, list[Memory]]] = field(default_factory=list[tuple[str, list[Memory]]])
    """All versions of one memory together, oldest first."""
    edges: list[tuple[str, Edge, int]] = field(default_factory=list[tuple[str, Edge, int]])
    usage: list[tuple[str, Usage]] = field(default_factory=list[tuple[str, Usage]])

    def __len__(self) -> int:
        return sum(map(len, (self.events, self.episodes, self.memories, self.edges, self.usage)))

    def ids(self) -> set[str]:
        """Every id that is named anywhere."""
        found = {e.id for _, e, _ in self.episodes} | {u.id for _, u in self.usage}
        for _, event in self.events:
            found.update(event.ids)
        for _, versions in self.memories:
            for m in versions:
                found.update((m.id, *m.merged_from, *(s.episode for s in m.evidence)))
                found.update([m.superseded_by] if m.superseded_by else [])
        for _, edge, _ in self.edges:
            found.update((edge.source, edge.target))
        return found

    def renamed(self, to: Mapping[str, str]) -> Batch:
        """The same rows under other ids."""

        def name(i: str) -> str:
            return to.get(i, i)

        def memory(m: Memory) -> Memory:
            spans = tuple(replace(s, episode=name(s.episode)) for s in m.evidence)
            merged = tuple(map(name, m.merged_from))
            after = None if m.superseded_by is None else name(m.superseded_by)
            return replace(m, id=name(m.id), evidence=spans, merged_from=merged, superseded_by=after)

        def event(e: Happened) -> Happened:
            said = None if e.payload is None else _renamed(e.payload, to)
            return replace(e, ids=tuple(map(name, e.ids)), payload=said)

        return Batch(
            events=[(p, event(e)) for p, e in self.events],
            episodes=[(p, replace(e, id=name(e.id)), rev) for p, e, rev in self.episodes],
            memories=[(p, [memory(m) for m in versions]) for p, versions in self.memories],
            edges=[(p, replace(e, source=name(e.source), target=name(e.target)), rev) for p, e, rev in self.edges],
            usage=[(p, replace(u, id=name(u.id))) for p, u in self.usage],
        )


def _renamed(value: Any, to: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return redact_name(to[value]) if value in to else value
    if isinstance(value, Mapping):
        return {_renamed(k, to): _renamed(v, to) for k, v in value.items()}
    return [_renamed(v, to) for v in value] if isinstance(value, list) else value


def renumbered(payload: Metadata, rev: Callable[[int], int]) -> dict[str, Any]:
    """A payload whose revisions and event ids are named by another numbering (`rev(old) -> new`)."""
    revs = payload.get("memories")
    told = dict(payload)
    if isinstance(revs, dict):
        told["memories"] = {i: rev(seq) if isinstance(seq, int) else None for i, seq in revs.items()}
    if isinstance(reason := told.get("reason"), str):
        told["reason"] = _EVENT_ID.sub(lambda found: event_id(rev(int(found[1]))), reason)
    return told

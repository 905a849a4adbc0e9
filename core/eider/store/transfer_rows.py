"""Rows on their way from one store to another."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from eider.model.runs import Content, Run, Step
from eider.model.values import Edge, Episode, Memory, Metadata, Usage
from eider.privacy.redact import redact_name
from eider.store.event_chain import event_id

ROWS_AT_ONCE: Final = 1_000
"""Rows per transaction: their search material is made together and takes some 3 MB."""
BYTES_AT_ONCE: Final = 32 * 1024 * 1024
"""Bytes of outputs per transaction, or read at once."""
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
    contents: list[tuple[str, str, Content]] = field(default_factory=list[tuple[str, str, Content]])
    """Each with the digest it has in the source."""
    runs: list[tuple[str, Run]] = field(default_factory=list[tuple[str, Run]])
    steps: list[tuple[str, Step]] = field(default_factory=list[tuple[str, Step]])
    """Those of one run together with it; digests are the source's."""

    def __len__(self) -> int:
        kinds = (
            self.events,
            self.episodes,
            self.memories,
            self.edges,
            self.usage,
            self.contents,
            self.runs,
            self.steps,
        )
        return sum(map(len, kinds))

    @property
    def is_full(self) -> bool:
        """Whether it is as large as one transaction should be."""
        return len(self) >= ROWS_AT_ONCE or sum(len(c.data) for _, _, c in self.contents) >= BYTES_AT_ONCE

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
        for _, run in self.runs:
            found.update((run.id, *([run.parent] if run.parent else [])))
        for _, step in self.steps:
            found.update((step.run, *step.promoted, *([step.child] if step.child else [])))
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
            said = None if e.payload is None else _rename(e.payload, to)
            return replace(e, ids=tuple(map(name, e.ids)), payload=said)

        def run(r: Run) -> Run:
            parent = None if r.parent is None else name(r.parent)
            key = r.key
            if key is not None and r.parent is not None and key.startswith(f"{r.parent}/"):
                key = redact_name(f"{parent}/{key.partition('/')[2]}")
            return replace(r, id=name(r.id), parent=parent, key=key)

        def step(s: Step) -> Step:
            child = None if s.child is None else name(s.child)
            return replace(s, run=name(s.run), child=child, promoted=tuple(map(name, s.promoted)))

        return Batch(
            events=[(p, event(e)) for p, e in self.events],
            episodes=[(p, replace(e, id=name(e.id)), rev) for p, e, rev in self.episodes],
            memories=[(p, [memory(m) for m in versions]) for p, versions in self.memories],
            edges=[(p, replace(e, source=name(e.source), target=name(e.target)), rev) for p, e, rev in self.edges],
            usage=[(p, replace(u, id=name(u.id))) for p, u in self.usage],
            contents=self.contents,
            runs=[(p, run(r)) for p, r in self.runs],
            steps=[(p, step(s)) for p, s in self.steps],
        )


def _rename(value: Any, to: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return redact_name(to[value]) if value in to else value
    if isinstance(value, Mapping):
        return {_rename(k, to): _rename(v, to) for k, v in value.items()}
    return [_rename(v, to) for v in value] if isinstance(value, list) else value


def renumber(payload: Metadata, rev: Callable[[int], int]) -> dict[str, Any]:
    """A payload whose revisions and event ids are named by another numbering (`rev(old) -> new`)."""
    revs = payload.get("memories")
    told = dict(payload)
    if isinstance(revs, dict):
        told["memories"] = {i: rev(seq) if isinstance(seq, int) else None for i, seq in revs.items()}
    if isinstance(reason := told.get("reason"), str):
        told["reason"] = _EVENT_ID.sub(lambda found: event_id(rev(int(found[1]))), reason)
    return told

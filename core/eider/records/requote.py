"""One time, for stores of earlier versions: what was learned and worded anew becomes what was said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from eider.language.analysis import ANALYZER
from eider.model.changes import ChangeSet
from eider.model.validation import MAX_STATEMENT
from eider.model.values import Episode, Memory, Span
from eider.privacy.redact import redact
from eider.privacy.redaction_check import clean_memory
from eider.store.engine import Engine
from eider.store.jobs import Progress

WAITS: Final = "reworded memories"
"""Document that says that a store may hold memories in words that nobody said; the migration to schema 5 writes it."""
_BATCH: Final = 500


def is_due(engine: Engine) -> bool:
    """Return whether a store of an earlier version was not gone through yet."""
    return engine.store.documents.get(WAITS) == "yes"


def requote(engine: Engine, progress: Progress) -> None:
    """Give every learned memory that still holds the words it rests on; what rests on nothing known stays as it is."""
    users = engine.store.reads.users()
    for number, user in enumerate(users, 1):
        ids = [m.id for m in engine.store.reads.memories(None, user=user) if _is_reworded(m)]
        for start in range(0, len(ids), _BATCH):
            part = ids[start : start + _BATCH]
            engine.planned(lambda user=user, part=part: _requote_batch(engine, user, part))
        progress(number, len(users))
    engine.store.documents.update(WAITS, lambda _: "no")


def _is_reworded(memory: Memory) -> bool:
    """Whether it was learned from what was said, in other words, and is not closed."""
    learned = memory.act is None and bool(memory.evidence) and not memory.merged_from
    return learned and memory.state in ("active", "inbox") and memory.superseded_by is None and memory.valid_to is None


def _requote_batch(engine: Engine, user: str, ids: Sequence[str]) -> None:
    memories = [m for m in engine.store.reads.memories(ids, user=user) if _is_reworded(m)]
    said = {s.episode for m in memories for s in m.evidence}
    episodes = {e.id: e for e in engine.store.reads.episodes(sorted(said), user=user)}
    now = engine.now()
    versions: list[Memory] = []
    first: dict[tuple[Span, str, str], str] = {}
    for memory in memories:
        span = _words_of(memory, episodes)
        if span is None:
            continue
        text = redact(episodes[span.episode].text[span.start : span.end])
        others = tuple(s for s in memory.evidence if s != span)
        version = replace(clean_memory(memory), text=text, act="state", evidence=(span, *others), recorded_at=now)
        twin = first.setdefault((span, memory.kind, memory.scope), memory.id)
        if twin != memory.id:  # one sentence had become two memories
            version = replace(version, superseded_by=twin, valid_to=max(now, memory.valid_from), to_precision="instant")
        versions.append(version)
    if not versions:
        return
    material = engine.material.of(versions)
    engine.store.material.replace(material, user=user, embedder=engine.embedder.fingerprint, analyzer=ANALYZER)
    reads = {m.id: m.rev for m in memories}
    engine.commit(
        ChangeSet(
            user=user, op="requote", actor="upgrade", at=now, memories=tuple(versions),
            reads={v.id: reads[v.id] for v in versions}, reason=redact("what was learned is kept in the words it was said in"),
        )
    )  # fmt: skip
    engine.segments.drop(user)


def _words_of(memory: Memory, episodes: Mapping[str, Episode]) -> Span | None:
    """The sentences of an utterance that a memory was learned from: the user's own before others'."""
    from eider.understand.sentences import sentences

    known = [s for s in memory.evidence if s.episode in episodes]
    own = [s for s in known if episodes[s.episode].role == "user"] or known
    if not own:
        return None
    text = episodes[own[0].episode].text
    touched = [(a, b) for a, b in sentences(text) if a < own[0].end and own[0].start < b]
    start, end = (touched[0][0], touched[-1][1]) if touched else (own[0].start, own[0].end)
    if not text[start:end].strip() or end - start > MAX_STATEMENT or redact(text[start:end]) != text[start:end]:
        return None
    return Span(episode=own[0].episode, start=start, end=end)

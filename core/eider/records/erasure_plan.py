"""What a forget takes: the named statement, its words in what was said, what derives from it, and what says it again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from eider.model.changes import Erasure
from eider.model.errors import UnknownIdError
from eider.model.values import Episode, Json, Memory, Metadata, Span
from eider.privacy.redaction_check import clean_memory
from eider.records.said_again import SaidAgain, said_again
from eider.store.engine import Engine

BLANK: Final = "[forgotten]"
"""Stands in an utterance where words were forgotten, as long as those were, so that quotations of the rest stay right."""
_MOST_TRUST: Final = 2
_LETTER: Final = re.compile(r"[^\W_]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """An erasure, and what is told of it."""

    erasure: Erasure
    parts: tuple[Span, ...] = ()
    again: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict[str, str])
    """Id of a row, or of a part of one, → the words that go."""


def of_memory(
    engine: Engine, id: str, *, user: str, actor: str, keep_evidence: bool = False, only_this: bool = False,  # noqa: A002
    trust: int = 2,
) -> Plan:  # fmt: skip
    """Plan to erase a memory: what it was merged from or into, its words in what was said, and where it was said again.

    Args:
        engine: The open store.
        id: A memory.
        user: Whose.
        actor: Name of the channel.
        keep_evidence: Leave utterances as they are.
        only_this: Leave what says the same again.
        trust: How far whoever forgets is trusted: what is trusted more stays as it is.

    Raises:
        UnknownIdError: There is none of this user, or it was erased.
    """
    everything = all_memories(engine, user)
    if id not in everything or everything[id].state == "erased":
        raise UnknownIdError("memory or episode", id, user)
    named = _with_inputs({id}, everything)
    again = SaidAgain()
    if not only_this:
        said = [everything[i].text for i in sorted(named)]
        again = said_again(engine, said, everything, user=user, besides=frozenset(named))
        again = replace(again, memories=frozenset(i for i in again.memories if everything[i].trust <= trust))
    both = named | _with_inputs(set(again.memories), everything)
    own = _quotations_of(engine, named, everything)
    parts = [] if keep_evidence else [*own, *_quotations_of(engine, both - named, everything), *again.parts]
    if trust < _MOST_TRUST:
        said_by = engine.store.reads.episodes(sorted({s.episode for s in parts}), user=user)
        theirs_too = {e.id for e in said_by if e.trust > trust}
        parts = [s for s in parts if s.episode not in theirs_too]
    plan = plan_erasure(engine, everything, both, frozenset(), parts, user=user, actor=actor)
    theirs = {s.episode for s in again.parts} if not keep_evidence else set[str]()
    return replace(plan, again=tuple(sorted((both - named) | (theirs - {s.episode for s in own}))))


def of_episode(engine: Engine, id: str, *, user: str, actor: str) -> Plan:  # noqa: A002
    """Plan to erase an utterance, and the memories that rest on nothing else.

    Raises:
        UnknownIdError: There is none of this user.
    """
    if not engine.store.reads.episodes([id], user=user):
        raise UnknownIdError("memory or episode", id, user)
    return plan_erasure(engine, all_memories(engine, user), set(), frozenset({id}), (), user=user, actor=actor)


def all_memories(engine: Engine, user: str) -> dict[str, Memory]:
    """Return id → memory, closed and erased ones as well."""
    return {m.id: m for m in engine.store.reads.memories(None, user=user)}


def plan_erasure(
    engine: Engine, everything: Mapping[str, Memory], named: set[str], episodes: frozenset[str], parts: Iterable[Span],
    *, user: str, actor: str,
) -> Plan:  # fmt: skip
    """Plan an erasure, with new versions of what stays: less the erased evidence, and split out of erased merges.

    Args:
        engine: The open store.
        everything: Id → memory, all of the user.
        named: Memories that go.
        episodes: Utterances that go whole.
        parts: Parts of utterances that go; an utterance of which nothing else is left goes whole.
        user: Whose.
        actor: Name of the channel.
    """
    now = engine.now()
    spans: dict[str, list[tuple[int, int]]] = {}
    for part in parts:
        if part.episode not in episodes:
            spans.setdefault(part.episode, []).append((part.start, part.end))
    cut = {e.id: e for e in engine.store.reads.episodes(sorted(spans), user=user)}
    blanked = [_blank_spans(episode, sorted(set(spans[id_]))) for id_, episode in cut.items()]
    whole = episodes | {e.id for e in blanked if not _LETTER.search(e.text.replace(BLANK, ""))}
    stays = tuple(e for e in blanked if e.id not in whole)
    erased = {e.id: _join_spans(spans[e.id]) for e in stays}
    derived = {m.id for m in everything.values() if m.evidence and all(_lost(s, whole, erased) for s in m.evidence)}
    gone = _with_merges(named | derived | _telling(everything, named, erased), everything.values())
    kept = [
        version
        for memory in everything.values()
        if memory.id not in gone and memory.state != "erased"
        if (version := _less(engine, memory, everything, gone, whole, erased, now)) is not None
    ]
    reads = {i: everything[i].rev for i in (*gone, *(m.id for m in kept))}
    erasure = Erasure(
        user=user, actor=actor, at=now, episodes=whole, memories=frozenset(gone), trimmed=tuple(kept), reads=reads,
        blanked=stays, indexing=engine.material.of(stays) if stays else {},
    )  # fmt: skip
    cuts = tuple(Span(episode=i, start=a, end=b) for i, found in erased.items() for a, b in found)
    words = {f"{s.episode}[{s.start}:{s.end}]": cut[s.episode].text[s.start : s.end] for s in cuts}
    words |= {e.id: e.text for e in engine.store.reads.episodes(sorted(whole), user=user)}
    words |= {i: everything[i].text for i in sorted(gone) if i in everything and everything[i].text}
    return Plan(erasure=erasure, parts=cuts, texts=words)


def _with_inputs(ids: set[str], memories: Mapping[str, Memory]) -> set[str]:
    """These memories and all they were merged from, which say parts of the same."""
    found, left = set(ids), [*ids]
    while left:
        inputs = [i for i in memories[left.pop()].merged_from if i in memories and i not in found]
        found.update(inputs)
        left += inputs
    return {i for i in found if memories[i].state != "erased"}


def _with_merges(ids: set[str], memories: Iterable[Memory]) -> set[str]:
    """These memories and every merge that took one of them in."""
    found = set(ids)
    known = list(memories)
    while grown := {m.id for m in known if m.id not in found and found & set(m.merged_from)}:
        found |= grown
    return found


def _quotations_of(engine: Engine, ids: set[str], everything: Mapping[str, Memory]) -> list[Span]:
    """What these memories quote, in all their versions; of a quotation that others share, their own words alone."""
    found: list[Span] = []
    users = {everything[i].user for i in ids}
    spans = {
        s: everything[i].text
        for i in sorted(ids)
        for v in _versions(engine, everything[i])
        for s in (*v.evidence, *v.said_again)
    }
    others = [
        s for m in everything.values() if m.id not in ids and m.state != "erased" for s in (*m.evidence, *m.said_again)
    ]
    texts = {
        e.id: e.text
        for user in users
        for e in engine.store.reads.episodes(sorted({s.episode for s in spans}), user=user)
    }
    for span, text in spans.items():
        if span.episode not in texts:
            continue
        said = texts[span.episode][span.start : span.end].casefold()
        place = said.find(" ".join(text.split()).rstrip(".!。").casefold())
        shared = any(
            (span.episode == other.episode and span.start < other.end and other.start < span.end) and other != span
            for other in others
        )
        if shared and place >= 0 and len(said) == span.end - span.start:
            start = span.start + place
            found.append(replace(span, start=start, end=start + len(" ".join(text.split()).rstrip(".!。"))))
        else:
            found.append(span)
    return found


def _versions(engine: Engine, memory: Memory) -> list[Memory]:
    return engine.store.reads.versions(memory.id, user=memory.user)


def _join_spans(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order, those that touch joined."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _lost(span: Span, whole: frozenset[str], erased: Mapping[str, list[tuple[int, int]]]) -> bool:
    """Whether nothing is left of a quotation."""
    cuts = erased.get(span.episode, ())
    return span.episode in whole or any(a <= span.start and span.end <= b for a, b in cuts)


def _telling(
    everything: Mapping[str, Memory], named: set[str], erased: Mapping[str, list[tuple[int, int]]]
) -> set[str]:  # fmt: skip
    """Memories that quote some of the erased words and say in their own text what is forgotten."""
    said = [_plain(everything[i].text) for i in named]
    found: set[str] = set()
    for memory in everything.values():
        touched = any(a < s.end and s.start < b for s in memory.evidence for a, b in erased.get(s.episode, ()))
        if touched and memory.id not in named and any(text and text in _plain(memory.text) for text in said):
            found.add(memory.id)
    return found


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _blank_spans(episode: Episode, spans: list[tuple[int, int]]) -> Episode:
    """An utterance without some of its words, there and in its metadata; as long as before."""
    text, words = episode.text, [episode.text[a:b] for a, b in spans]
    for start, end in spans:
        mark = BLANK if end - start >= len(BLANK) else "…"
        text = text[:start] + mark.ljust(end - start)[: end - start] + text[end:]
    metadata = _without_words(episode.metadata, sorted(words, key=len, reverse=True))
    return replace(episode, text=text, metadata=metadata if isinstance(metadata, Mapping) else {})


def _without_words(value: Json, words: list[str]) -> Json | Metadata:
    """A value with these words taken out of every string."""
    if isinstance(value, str):
        for one in words:
            value = value.replace(one, BLANK)
        return value
    if isinstance(value, Mapping):
        return {name: _without_words(inner, words) for name, inner in value.items()}
    return [_without_words(inner, words) for inner in value] if isinstance(value, list | tuple) else value


def _less(
    engine: Engine, memory: Memory, everything: Mapping[str, Memory], gone: set[str], whole: frozenset[str],
    erased: Mapping[str, list[tuple[int, int]]], now: datetime,
) -> Memory | None:  # fmt: skip
    """What stays of a memory that an erasure touches; None when it touches nothing of it.

    What went into an erased merge holds again, as before it; unless the merge had itself been closed.
    """

    def stays(span: Span) -> bool:
        cuts = erased.get(span.episode, ())
        return span.episode not in whole and not any(a < span.end and span.start < b for a, b in cuts)

    left, again = tuple(filter(stays, memory.evidence)), tuple(filter(stays, memory.said_again))
    answers = memory.answers if memory.answers is not None and stays(memory.answers) else None
    doubt = None if memory.doubt is not None and memory.doubt.by in gone else memory.doubt
    top = memory
    while (merge := everything.get(top.superseded_by or "")) and merge.id in gone and top.id in merge.merged_from:
        top = merge
    freed = top is not memory and top.status(now) == "current"
    same = (left, again, answers, doubt) == (memory.evidence, memory.said_again, memory.answers, memory.doubt)
    if same and not freed:
        return None
    version = replace(
        clean_memory(memory), recorded_at=now, evidence=left, said_again=again, answers=answers, doubt=doubt
    )
    if left[:1] != memory.evidence[:1]:
        version = replace(version, act=None)  # what it quoted is gone: it is a statement like any other
    if not freed:
        return version
    before = [v for v in _versions(engine, memory) if v.superseded_by is None]
    to, precision = (before[-1].valid_to, before[-1].to_precision) if before else (None, memory.to_precision)
    return replace(version, superseded_by=None, valid_to=to, to_precision=precision)


def of_tombstones(engine: Engine, ids: Iterable[str], *, user: str, actor: str) -> Plan:
    """Plan to erase from an older copy of a store what was forgotten since, with all that rests on it there.

    Args:
        engine: The copy.
        ids: Utterances and memories that were forgotten.
        user: Whose.
        actor: Name of the channel.
    """
    everything = all_memories(engine, user)
    wanted = list(ids)
    named = {i for i in wanted if i in everything and everything[i].state != "erased"}
    runs = frozenset(i for i in wanted if i.startswith("run_"))
    episodes = frozenset(i for i in wanted if i not in everything) - runs
    plan = plan_erasure(
        engine, everything, named, episodes, _quotations_of(engine, named, everything), user=user, actor=actor
    )
    return replace(plan, erasure=replace(plan.erasure, runs=runs))

"""The development sets as segments and judged questions, through the code that ships.

Read from EIDER_SHARED or `../shared` beside the checkout; what is absent yields nothing.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from eider.language.analysis import analyse
from eider.retrieve.query import Question
from eider.store.segment.segment import FOREVER, Segment, SegmentRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHECKOUT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("EIDER_SHARED") or CHECKOUT.parent / "shared")
KINDS = ("fact", "preference", "rule", "decision", "insight", "context")
CAPTION = "{} [image: {}]"


@dataclass(kw_only=True)
class Item:
    """One row to be."""

    id: str
    text: str
    at: datetime
    session: str = ""
    seq: int = 0
    speaker: str = ""
    role: int = 0
    kind: str = ""
    scope: str = "global"
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    evidence: tuple[str, ...] = ()


@dataclass(kw_only=True)
class Asked:
    """One judged question."""

    id: str
    text: str
    relevant: frozenset[str]
    now: datetime
    scopes: tuple[str, ...] | None = None
    best: str | None = None
    as_of: bool = False
    tags: tuple[str, ...] = ()


@dataclass(kw_only=True)
class Corpus:
    """One store with its questions; `group` is left out together in cross-validation."""

    id: str
    family: str
    group: str
    lang: str
    items: list[Item]
    asked: list[Asked] = field(default_factory=list)
    replaced_by: dict[str, str] = field(default_factory=dict)


def micros(at: datetime | None, default: int) -> int:
    return default if at is None else int(at.timestamp() * 1e6)


def rows_of(
    items: list[Item], embed: Callable[[list[str]], np.ndarray], analysis: list[bytes] | None = None
) -> SegmentRows:
    blobs = analysis or [analyse(i.text, said_on=i.at.date()).to_bytes() for i in items]
    at = np.array([micros(i.at, 0) for i in items], np.int64)
    n = len(items)
    return SegmentRows(
        ids=[i.id for i in items],
        is_memory=np.array([bool(i.kind) for i in items]),
        analysis=blobs,
        vectors=embed([i.text for i in items]),
        session=[i.session for i in items],
        seq=np.array([i.seq for i in items], np.int64),
        at=at,
        local_day=np.array([i.at.date().toordinal() for i in items], np.int32),
        speaker=[i.speaker for i in items],
        role=np.array([i.role for i in items], np.int8),
        kind=np.array([KINDS.index(i.kind) if i.kind else -1 for i in items], np.int8),
        scope=[i.scope for i in items],
        valid_from=np.array([micros(i.valid_from, micros(i.at, 0)) for i in items], np.int64),
        valid_to=np.array([micros(i.valid_to, FOREVER) for i in items], np.int64),
        trust=np.full(n, 2, np.int8),
        state=np.zeros(n, np.int8),
        importance=np.full(n, 3, np.int8),
        pinned=np.zeros(n, np.bool_),
        stability=np.full(n, 30, np.float32),
        last_used=at,
        evidence=[i.evidence for i in items],
        successor=[""] * len(items),
    )


def visible(segment: Segment, asked: Asked) -> np.ndarray:
    now = micros(asked.now, 0)
    mask = segment.alive & (~segment.is_memory | ((segment.valid_from <= now) & (now < segment.valid_to)))
    if asked.scopes is not None:
        mask &= np.isin(segment.scope, [segment.scopes[s] for s in asked.scopes if s in segment.scopes])
    return mask


def read(segment: Segment, asked: Asked, embed_query: Callable[[str], np.ndarray]) -> Question:
    return Question.read(asked.text, segment, today=asked.now.date(), now=micros(asked.now, 0), embed=embed_query)


def _day(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)


def locomo(facts: str = "none") -> Iterator[Corpus]:
    """LoCoMo DEV; `facts`: none, "beside" (as memories with evidence), "mixed" (as memories, also relevant) or "alone"."""
    path = SHARED / "bench/data/locomo_dev.json"
    if not path.exists():
        return
    sys.path.insert(0, str(SHARED / "bench"))
    import locomo_eval

    for c in locomo_eval.load(path):
        items = [
            Item(id=t.id, text=CAPTION.format(t.text, t.caption) if t.caption else t.text, at=t.when.replace(tzinfo=UTC),
                 session=str(t.session), seq=t.seq, speaker=t.speaker, role=2)
            for t in c.turns
        ]  # fmt: skip
        when = {i.id: i.at for i in items}
        memories = [
            Item(id=f"f{k}", text=f.text, at=when[f.turn_ids[0]], kind="fact", evidence=f.turn_ids)
            for k, f in enumerate(c.facts)
        ]
        last = max(i.at for i in items)
        asked = [
            Asked(
                id=f"{c.id}-{q.index}",
                text=q.text,
                relevant=frozenset(q.evidence),
                now=last,
                tags=(f"cat{q.category}",),
            )
            for q in c.questions
        ]
        if facts == "mixed":
            for a in asked:
                a.relevant |= {m.id for m in memories if a.relevant & set(m.evidence)}
            for m in memories:
                m.evidence = ()
        elif facts == "alone":
            cites = {e: {m.id for m in memories if e in m.evidence} for e in when}
            for a in asked:
                a.relevant = frozenset().union(*(cites[e] for e in a.relevant))
            for m in memories:
                m.evidence = ()
            items, memories, asked = memories, [], [a for a in asked if a.relevant]
        elif facts == "none":
            memories = []
        yield Corpus(id=c.id, family="locomo", group=c.id, lang="en", items=items + memories, asked=asked)


def isolated(path: Path = SHARED / "bench/isolated/memories_dev.jsonl", family: str = "isolated") -> Iterator[Corpus]:
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        s = json.loads(line)
        items = [
            Item(id=m["id"], text=m["text"], at=_day(m["valid_from"]), kind=m["kind"], scope=m["scope"],
                 valid_from=_day(m["valid_from"]), valid_to=_day(m["valid_to"]) if m["valid_to"] else None)
            for m in s["memories"]
        ]  # fmt: skip
        asked = [
            Asked(id=q["id"], text=q["text"], relevant=frozenset(q["relevant"]), now=_day(q["as_of"] or s["now"]), best=q["best"],
                  scopes=tuple(q["scopes"]) if q["scopes"] is not None else None, as_of=q["as_of"] is not None,
                  tags=tuple(q["note"].split(":")[0].split("+")))
            for q in s["queries"]
        ]  # fmt: skip
        yield Corpus(id=s["id"], family=family, group=s["id"], lang=s["lang"], items=items, asked=asked)


def chats(path: Path = SHARED / "bench/isolated/chats_dev.jsonl", family: str = "chats") -> Iterator[Corpus]:
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        c = json.loads(line)
        items = [
            Item(id=t["id"], text=t["text"], at=_day(s["date"]), session=s["id"], seq=k, speaker=t["role"],
                 role=0 if t["role"] == "user" else 1)
            for s in c["sessions"] for k, t in enumerate(s["turns"])
        ]  # fmt: skip
        last = max(i.at for i in items)
        asked = [
            Asked(
                id=q["id"],
                text=q["text"],
                relevant=frozenset(q["evidence"]),
                now=last,
                tags=(q["kind"], f"about-{q['about']}"),
            )
            for q in c["questions"]
        ]
        yield Corpus(id=c["id"], family=family, group=c["id"], lang=c["lang"], items=items, asked=asked)


def genre(name: str) -> Iterator[Corpus]:
    """One of the sets of `bench/genres`: beam (assistant chats), documents, records (of one person's phone)."""
    path = SHARED / "bench" / "genres" / f"{name}_dev.jsonl.gz"
    if not path.exists():
        return
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            c = json.loads(line)
            start = datetime(2026, 1, 1, tzinfo=UTC)
            items: list[Item] = []
            seq: dict[str, int] = {}
            for n, r in enumerate(c["rows"]):
                at = datetime.fromisoformat(r["at"]) if r.get("at") else start + timedelta(milliseconds=5 * n)
                seq[r["session"]] = seq.get(r["session"], -1) + 1
                items.append(
                    Item(id=r["id"], text=r["text"], at=at.replace(tzinfo=UTC), session=r["session"], seq=seq[r["session"]],
                         speaker=r["role"], role=0 if r["role"] == "user" else 1)
                )  # fmt: skip
            last = max(i.at for i in items)
            asked = [
                Asked(
                    id=f"{c['name']}-{k}",
                    text=q["text"],
                    relevant=frozenset(q["relevant"]),
                    now=last,
                    tags=(q["type"],),
                )
                for k, q in enumerate(c["questions"])
                if q["relevant"]
            ]
            yield Corpus(id=c["name"], family=name, group=c["name"], lang="en", items=items, asked=asked)


OWN = CHECKOUT / "tests" / "data"


def stores(path: Path | None = None) -> Iterator[Corpus]:
    """Small stores of statements that all hold, with prompts and what a good assistant would want to see for them."""
    lines = (path or OWN / "learning" / "stores.jsonl").read_text(encoding="utf-8").splitlines()
    for n, line in enumerate(lines):
        s = json.loads(line)
        items = [
            Item(id=f"{n}-{k}", text=text, at=_day("2026-06-01"), kind="fact") for k, text in enumerate(s["memories"])
        ]
        asked = [
            Asked(id=f"{n}-q{k}", text=q["text"], relevant=frozenset(f"{n}-{m}" for m in q["relevant"]), now=_day("2026-06-02"))
            for k, q in enumerate(s["prompts"])
        ]  # fmt: skip
        yield Corpus(id=f"stores-{n}", family="own_stores", group=s["source"], lang="", items=items, asked=asked)


FAMILIES: dict[str, Callable[[], Iterator[Corpus]]] = {
    "locomo": locomo,
    "beam": lambda: genre("beam"),
    "documents": lambda: genre("documents"),
    "records": lambda: genre("records"),
    "isolated": isolated,
    "chats": chats,
    "own_isolated": lambda: isolated(OWN / "own_memories.jsonl", "own_isolated"),
    "own_stores": stores,
    "own_chats": lambda: chats(OWN / "own_chats.jsonl", "own_chats"),
    "beside": lambda: locomo("beside"),
    "mixed": lambda: locomo("mixed"),
    "alone": lambda: locomo("alone"),
}
"""Every set; the last three hold LoCoMo's facts beside the turns they cite, or by themselves."""


def embedder() -> tuple[Callable[[list[str]], np.ndarray], Callable[[str], np.ndarray]]:
    """The product's default embedder; LAB_EMBEDDER=mean takes plain mean pooling of the same table."""
    if os.environ.get("LAB_EMBEDDER", "default") == "default":
        from eider.providers.embedders import default_embedder

        model = default_embedder()
        return (lambda t: model.embed(t, "document")), (lambda q: model.embed([q], "query")[0])
    sys.path.insert(0, str(SHARED / "bench"))
    import embedders

    mean = embedders.get("wordllama")
    return mean.embed, (lambda q: mean.embed([q])[0])

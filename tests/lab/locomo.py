"""LoCoMo: are the turns found that hold the evidence for a question?

Each conversation is a store of its own, filled through `record_many`; each question goes through `recall`.
No model is asked and the answers are never looked at. Left out are questions of category 5 (no answer
exists), those without evidence, and those whose evidence names no turn.

Data: Maharana et al. 2024, CC BY-NC 4.0; bring the file yourself, it is not part of Eider.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
from intervals import interval, mean

from eider.api.facade import Eider
from eider.api.open import open as open_store
from eider.cli.bench_runs.metrics import DEEPEST, DEPTHS, list_metrics, percentiles
from eider.model.clock import FixedClock
from eider.model.errors import InputError

CATEGORIES: Final = {1: "multi-hop", 2: "temporal", 3: "commonsense", 4: "single-hop"}
_ADVERSARIAL: Final = 5
SHOWN: Final = (*(f"R@{k}" for k in DEPTHS), "hit@10", "all@10", "NDCG@10", "MRR")
_INTERVALS: Final = ("R@1", "R@5", "R@10", "R@50", "all@10", "NDCG@10", "MRR")
_STARTS: Final = re.compile(r"(\d+):(\d+) (am|pm) on (\d+) (\w+),? (\d+)")
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One utterance; `id` is unique within its conversation."""

    id: str
    session: int
    place: int
    """Within its session, from 0."""
    speaker: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """`index` is its place in the file."""

    index: int
    text: str
    category: int
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """One conversation with the questions that can be judged."""

    id: str
    speakers: tuple[str, str]
    turns: tuple[Turn, ...]
    questions: tuple[Question, ...]
    excluded: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One question's ranked list and its figures."""

    conversation: str
    question: Question
    ranked: tuple[str, ...]
    ms: float
    figures: Mapping[str, float]


@dataclass(slots=True, kw_only=True)
class Run:
    """All outcomes of one file."""

    data: str
    sha256: str
    embedder: str = ""
    outcomes: list[Outcome] = field(default_factory=list[Outcome])
    build_s: dict[str, float] = field(default_factory=dict[str, float])
    turns: dict[str, int] = field(default_factory=dict[str, int])
    excluded: Counter[str] = field(default_factory=Counter[str])


def load(path: Path) -> list[Conversation]:
    """Conversations of a LoCoMo file.

    Raises:
        InputError: It is no such file.
    """
    try:
        return [_conversation(sample) for sample in json.loads(path.read_text(encoding="utf-8"))]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(
            f"{str(path)!r} is no LoCoMo file ({type(error).__name__}: {error}); pass locomo10.json."
        ) from error


def started(text: str) -> datetime:
    """When a session began.

    >>> started("1:56 pm on 8 May, 2023").isoformat()
    '2023-05-08T13:56:00+00:00'
    """
    found = _STARTS.match(text)
    if found is None:
        raise InputError(f"session time {text!r} cannot be read; LoCoMo writes '1:56 pm on 8 May, 2023'.")
    hour = int(found[1]) % 12 + (12 if found[3] == "pm" else 0)
    day = datetime.strptime(f"{found[4]} {found[5]} {found[6]}", "%d %B %Y").replace(tzinfo=UTC)
    return day + timedelta(hours=hour, minutes=int(found[2]))


def _conversation(sample: Mapping[str, Any]) -> Conversation:
    raw = sample["conversation"]
    turns = _turns(raw)
    order = {turn.id: place for place, turn in enumerate(turns)}
    kept: list[Question] = []
    excluded: Counter[str] = Counter()
    for index, asked in enumerate(sample["qa"]):
        evidence = asked.get("evidence") or []
        if asked["category"] == _ADVERSARIAL:
            excluded["category 5"] += 1
        elif not evidence:
            excluded["empty evidence"] += 1
        elif any(e not in order for e in evidence):
            excluded["invalid evidence id"] += 1
        else:
            wanted = tuple(sorted(set(evidence), key=order.__getitem__))
            kept.append(Question(index=index, text=asked["question"], category=asked["category"], evidence=wanted))
    return Conversation(
        id=sample["sample_id"], speakers=(raw["speaker_a"], raw["speaker_b"]), turns=turns, questions=tuple(kept),
        excluded=dict(excluded),
    )  # fmt: skip


def _turns(raw: Mapping[str, Any]) -> tuple[Turn, ...]:
    sessions = sorted(int(key.removeprefix("session_")) for key in raw if re.fullmatch(r"session_\d+", key))
    turns: list[Turn] = []
    for session in sessions:
        begin = started(raw[f"session_{session}_date_time"])
        for place, said in enumerate(raw[f"session_{session}"]):
            caption = said.get("blip_caption")
            text = f"{said['text']} [image: {caption}]" if caption else said["text"]
            at = begin + timedelta(seconds=place)
            one = Turn(id=said["dia_id"], session=session, place=place, speaker=said["speaker"], text=text, at=at)
            turns.append(one)
    return tuple(turns)


def filled(memory: Eider, conversation: Conversation) -> dict[str, str]:
    """Record a conversation; returns episode id → turn id."""
    user = conversation.speakers[0]
    items = [
        {
            "text": turn.text, "speaker": turn.speaker, "role": "user" if turn.speaker == user else "other",
            "session": f"session_{turn.session}", "at": turn.at, "tz": "UTC",
        }
        for turn in conversation.turns
    ]  # fmt: skip
    kept = memory.record_many(items, user=user)
    return {episode.id: turn.id for episode, turn in zip(kept, conversation.turns, strict=True)}


def measure(path: Path, only: Sequence[str] = (), progress: Progress = lambda _done, _total: None) -> Run:
    """Record every conversation in a store of its own and ask its questions.

    Args:
        path: A LoCoMo JSON file.
        only: Conversation ids; all by default.
        progress: Told (questions asked, questions in all).

    Raises:
        InputError: No LoCoMo file, or no question to ask.
    """
    chosen = [c for c in load(path) if not only or c.id in only]
    total = sum(len(c.questions) for c in chosen)
    if not total:
        raise InputError(f"{str(path)!r} has no question for {', '.join(only) or 'any conversation'}; check --conv.")
    run = Run(data=path.name, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    for conversation in chosen:
        _ask(run, conversation, lambda: progress(len(run.outcomes), total))
    return run


def _ask(run: Run, conversation: Conversation, told: Callable[[], None]) -> None:
    run.excluded.update(conversation.excluded)
    run.turns[conversation.id] = len(conversation.turns)
    user = conversation.speakers[0]
    now = max(turn.at for turn in conversation.turns) + timedelta(days=1)
    with (
        tempfile.TemporaryDirectory(prefix="eider-bench-") as folder,
        open_store(Path(folder) / "locomo.eider", user=user, clock=FixedClock(now)) as memory,
    ):
        start = time.perf_counter()
        turn_of = filled(memory, conversation)
        run.build_s[conversation.id] = time.perf_counter() - start
        run.embedder = memory.health().embedder
        for question in conversation.questions:
            start = time.perf_counter()
            found = memory.recall(question.text, limit=DEEPEST, kinds=["episode"], now=now, tz="UTC")
            ms = 1e3 * (time.perf_counter() - start)
            ranked = tuple(turn_of[one.id] for one in found)
            figures = list_metrics(ranked, question.evidence)
            run.outcomes.append(
                Outcome(conversation=conversation.id, question=question, ranked=ranked, ms=ms, figures=figures)
            )
            told()


def summary(run: Run) -> dict[str, Any]:
    """All figures as JSON: per cent, milliseconds, seconds."""
    rows = [o.figures for o in run.outcomes]
    names = tuple(rows[0])
    by_category = {
        f"{number} {name}": [o for o in run.outcomes if o.question.category == number]
        for number, name in CATEGORIES.items()
    }
    by_conversation = {c: [o for o in run.outcomes if o.conversation == c] for c in run.build_s}
    times = percentiles([o.ms for o in run.outcomes])
    seconds, turns = sum(run.build_s.values()), sum(run.turns.values())
    return {
        "data": run.data,
        "sha256": run.sha256,
        "embedder": run.embedder,
        "questions": len(rows),
        "excluded": dict(sorted(run.excluded.items())),
        "overall": _rounded(mean(rows, names)),
        "ci95": {n: [round(x, 2) for x in interval(np.array([row[n] for row in rows]))] for n in _INTERVALS},
        "by_category": {k: _part(v, names) for k, v in by_category.items() if v},
        "by_conversation": {k: {"turns": run.turns[k], **_part(v, names)} for k, v in by_conversation.items() if v},
        "recall_ms": {k: round(v, 3) for k, v in times.items()},
        "record_ms_per_turn": round(1e3 * seconds / turns, 3),
    }


def _part(outcomes: Sequence[Outcome], names: Sequence[str]) -> dict[str, float]:
    return {"n": len(outcomes), **_rounded(mean([o.figures for o in outcomes], names))}


def _rounded(figures: Mapping[str, float]) -> dict[str, float]:
    return {k: round(v, 2) for k, v in figures.items()}


def written(run: Run, folder: Path) -> None:
    """summary.json, and questions.jsonl with ids and scores only: no text of the data leaves it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "summary.json").write_text(json.dumps(summary(run), indent=1) + "\n", encoding="utf-8")
    with (folder / "questions.jsonl").open("w", encoding="utf-8") as file:
        for one in run.outcomes:
            asked = one.question
            record = {
                "conversation": one.conversation, "question": asked.index, "category": asked.category,
                "evidence": asked.evidence, "ranked": one.ranked, "ms": round(one.ms, 3),
                **{k: round(v, 6) for k, v in one.figures.items()},
            }  # fmt: skip
            file.write(json.dumps(record) + "\n")


def rows_of(figures: Mapping[str, Any]) -> list[list[str]]:
    """The printed table: overall, then by category and conversation."""

    def line(name: str, n: int, values: Mapping[str, float]) -> list[str]:
        return [name, str(n), *(f"{values[k]:.2f}" for k in SHOWN)]

    parts = [line("overall", figures["questions"], figures["overall"])]
    parts += [line(f"cat {k}", v["n"], v) for k, v in figures["by_category"].items()]
    return parts + [line(k, v["n"], v) for k, v in figures["by_conversation"].items()]

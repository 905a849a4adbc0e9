"""Isolated memories and chats: small stores of their own, with updates, scopes and prompts that want nothing.

The memories go through `remember_many` with their dates, kinds and scopes; what replaced what follows from
the dates. The prompts go through `recall` and `inject`. Turns of chats go through `record_many`.
"""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gate_curve import Heard, Weighed, curve, overheard

from eider.api.open import open as open_store
from eider.cli.bench_runs.metrics import list_metrics, percentiles, share
from eider.model.clock import FixedClock, day_start
from eider.model.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Generator

    from eider.api.facade import Eider
    from eider.model.answers import Recollection

Row = Mapping[str, Any]
Progress = Callable[[int, int], None]
_FIRST: Final = 5
_DEPTH: Final = 50
_NOON: Final = timedelta(hours=12)


def _silent(_done: int, _total: int) -> None:
    """Nobody watches."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """Outcomes by the name of the figure they enter."""

    outcomes: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    ms: list[float] = field(default_factory=list[float])
    gate: list[Weighed] = field(default_factory=list[Weighed])
    """What the gate thought of each prompt's lines."""
    floor: list[Weighed] = field(default_factory=list[Weighed])
    """The same by the ranker's score alone: a yardstick, which the gate should beat."""

    def note(self, name: str, outcome: float) -> None:
        """Enter one outcome."""
        self.outcomes[name].append(float(outcome))

    def figures(self) -> dict[str, dict[str, float]]:
        """Name → share and number of outcomes."""
        return {name: {"share": share(found), "n": len(found)} for name, found in self.outcomes.items()}


def rows(path: Path) -> list[Row]:
    """Lines of a JSONL file.

    Raises:
        InputError: A line is no JSON object.
    """
    found: list[Row] = []
    for place, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip():
            try:
                row = json.loads(line)
            except ValueError as error:
                raise InputError(f"{str(path)!r} line {place} is not JSON ({error}).") from error
            found.append(row)
    return found


@contextmanager
def _temporary(clock: FixedClock) -> Generator[Eider]:
    with (
        tempfile.TemporaryDirectory(prefix="eider-bench-") as folder,
        open_store(Path(folder) / "isolated.eider", clock=clock) as memory,
    ):
        yield memory


def _noon(day: str) -> datetime:
    return day_start(datetime.fromisoformat(day).date(), "UTC") + _NOON


def memories(path: Path, progress: Progress = _silent) -> Tally:
    """Judge stores of memories; each is a user of one store, so that isolation is at work as well."""
    stores = sorted(rows(path), key=lambda store: store["now"])
    tally = Tally()
    clock = FixedClock(_noon(stores[0]["now"]) if stores else datetime(2026, 1, 1, tzinfo=UTC))
    with _temporary(clock) as memory:
        for place, store in enumerate(stores):
            if clock.now() < (now := _noon(store["now"])):
                clock.set(now)
            _one_store(memory, store, clock, tally)
            progress(place + 1, len(stores))
    return tally


def _one_store(memory: Eider, store: Row, clock: FixedClock, tally: Tally) -> None:
    user = store["id"]
    items = [
        {k: one[k] for k in ("text", "kind", "scope", "valid_from", "valid_to") if one.get(k) is not None}
        for one in store["memories"]
    ]
    kept = memory.remember_many(items, user=user)
    name_of = {m.id: one["id"] for m, one in zip(kept, store["memories"], strict=True)}
    scope_of = {one["id"]: one["scope"] for one in store["memories"]}
    for query in store["queries"]:
        start = time.perf_counter()
        found = memory.recall(
            query["text"],
            user=user,
            limit=_DEPTH,
            scopes=query["scopes"],
            as_of=query["as_of"],
            now=clock.now(),
            tz="UTC",
        )
        tally.ms.append(1e3 * (time.perf_counter() - start))
        ranked = [name_of[one.id] for one in found]
        _judge_recall(store, query, ranked, scope_of, tally)
        if query["as_of"] is None:
            with overheard() as heard:
                given = memory.inject(query["text"], user=user, scopes=query["scopes"])
            _judge_inject(query, [name_of[one.id] for one in given.recollections], tally)
            _weigh(query, found, {m.text: name_of[m.id] for m in kept}, heard, tally)


def _tags(query: Row) -> list[str]:
    return [tag for tag in str(query["note"]).split(":")[0].split("+") if tag]


def _judge_recall(store: Row, query: Row, ranked: Sequence[str], scope_of: Mapping[str, str], tally: Tally) -> None:
    wanted, best, tags = set(query["relevant"]), query["best"], _tags(query)
    if query["scopes"]:
        tally.note("scope leakage", any(scope_of[i] not in query["scopes"] for i in ranked[:_FIRST]))
    if not wanted:
        return
    found = list_metrics(ranked, wanted)
    tally.note("Recall@5", found["R@5"])
    tally.note("MRR", found["MRR"])
    for tag in tags:
        tally.note(f"Recall@5 {tag}", found["R@5"])
    if query["as_of"]:
        tally.note("as_of top-1", ranked[:1] == [best])
    elif "current-version" in tags:
        older = {m["id"] for m in store["memories"] if m["superseded_by"] == best}
        above = ranked[: ranked.index(best)] if best in ranked else ranked
        tally.note("current-version", best in ranked and not older & set(above))


def _weigh(
    query: Row, found: Sequence[Recollection], saying: Mapping[str, str], heard: Sequence[Heard], tally: Tally
) -> None:
    """Enter what the gate, and the bare score, thought of the prompt's lines."""
    wanted = set(query["relevant"])

    def weighed(lines: Heard) -> Weighed:
        best = max((p for _, p in lines), default=-math.inf)
        right = max((p for text, p in lines if saying.get(text) in wanted), default=-math.inf)
        return Weighed(wants=bool(wanted), best=best, best_wanted=right)

    tally.floor.append(weighed([(one.text, one.score) for one in found[:_FIRST]]))
    if heard:
        tally.gate.append(weighed(heard[0]))


def _judge_inject(query: Row, injected: Sequence[str], tally: Tally) -> None:
    wanted = set(query["relevant"])
    if wanted:
        tally.note("injected a relevant one", bool(wanted & set(injected)))
        return
    tally.note("abstention", not injected)
    tally.note("abstention near-miss" if "near-miss" in _tags(query) else "abstention other", not injected)


def chats(path: Path, progress: Progress = _silent) -> Tally:
    """Judge chats: are the turns found that hold what is asked?"""
    talks = rows(path)
    last = max((s["date"] for talk in talks for s in talk["sessions"]), default="2026-01-01")
    tally = Tally()
    with _temporary(FixedClock(_noon(last) + timedelta(days=1))) as memory:
        for place, talk in enumerate(talks):
            _one_chat(memory, talk, tally)
            progress(place + 1, len(talks))
    return tally


def _one_chat(memory: Eider, talk: Row, tally: Tally) -> None:
    user = talk["id"]
    turns = [(session, place, turn) for session in talk["sessions"] for place, turn in enumerate(session["turns"])]
    items = [
        {
            "text": turn["text"], "role": turn["role"], "session": session["id"], "tz": session["tz"],
            "at": day_start(datetime.fromisoformat(session["date"]).date(), session["tz"]) + _NOON + timedelta(seconds=place),
        }
        for session, place, turn in turns
    ]  # fmt: skip
    kept = memory.record_many(items, user=user)
    turn_of = {episode.id: turn["id"] for episode, (_, _, turn) in zip(kept, turns, strict=True)}
    now = max(e.at for e in kept) + timedelta(days=1)
    for question in talk["questions"]:
        start = time.perf_counter()
        found = memory.recall(
            question["text"], user=user, limit=_DEPTH, kinds=["episode"], now=now, tz=turns[-1][0]["tz"]
        )
        tally.ms.append(1e3 * (time.perf_counter() - start))
        figures = list_metrics([turn_of[one.id] for one in found], question["evidence"])
        for name in ("R@1", "R@5", "R@10", "MRR"):
            tally.note(name, figures[name])
        tally.note(f"R@5 {question['kind']}", figures["R@5"])


def summary(tally: Tally) -> dict[str, Any]:
    """All figures as JSON."""
    figures = {k: {"share": round(v["share"], 4), "n": v["n"]} for k, v in tally.figures().items()}
    times = {k: round(v, 3) for k, v in percentiles(tally.ms).items()}
    return {"figures": figures, "gate": curve(tally.gate), "score_floor": curve(tally.floor), "recall_ms": times}

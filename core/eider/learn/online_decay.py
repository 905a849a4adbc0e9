"""The online model of forgetting, where it is installed: outcomes teach it, off the hot path, as a job.

It lives in `eider_online` (extra `online`), because River takes a second to import; here is only what calls it, late.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, Protocol

from eider.model.changes import ChangeSet
from eider.model.usage import days_between
from eider.model.values import Memory, Usage
from eider.privacy.redact import redact
from eider.store.engine import Engine
from eider.store.jobs import Job, Progress
from eider.store.protocols import LearnedDocument

_PACKAGE: Final = "eider_online"
_LIBRARY: Final = "river"
NAME: Final = "decay"
"""Under which the model's state is kept."""


class Online(Protocol):
    """A model of forgetting that learns from one outcome at a time; its state is JSON."""

    def learn(self, sample: Mapping[str, Any], useful: bool, weight: float) -> None:
        """Take in one outcome."""
        ...

    def multiplier(self, sample: Mapping[str, Any]) -> float:
        """By how much longer than its stability says a memory keeps."""
        ...

    def state(self) -> Mapping[str, Any]:
        """All it knows, as JSON knows it."""
        ...


@lru_cache(maxsize=1)
def installed() -> bool:
    """Whether the extra is there; looking does not import it."""
    return find_spec(_PACKAGE) is not None and find_spec(_LIBRARY) is not None


def learn_later(
    engine: Engine, user: str, judged: Sequence[tuple[Memory, Usage, float]], now: datetime
) -> None:  # fmt: skip
    """Queue what one loop teaches; numbers and ids only."""
    if not judged or not installed():
        return
    samples = [
        {
            "id": memory.id, "days": days_between(usage.last_used, now), "stability": usage.stability,
            "uses": usage.uses, "importance": memory.importance, "kind": memory.kind, "part": part,
        }
        for memory, usage, part in judged
    ]  # fmt: skip
    engine.jobs.queue("learn_decay", user=user, payload={"at": now.isoformat(), "samples": samples})


def learn_decay(engine: Engine, job: Job, progress: Progress) -> None:
    """Teach the model what a loop came to, and let the memories concerned keep as long as it now thinks."""
    if not installed():
        return
    samples: Sequence[Mapping[str, Any]] = job.payload["samples"]
    engine.planned(lambda: _taught(engine, job.user, samples, str(job.payload["at"])))
    progress(1, 1)


def _taught(engine: Engine, user: str, samples: Sequence[Mapping[str, Any]], key: str) -> None:
    kept = engine.store.learned.documents(user=user).get(NAME)
    content: Mapping[str, Any] = kept.content if kept else {}
    if key <= str(content.get("upto", "")):  # a job may run twice
        return
    model: Online = import_module(_PACKAGE).OnlineDecay.of(content.get("model"))
    for sample in samples:
        model.learn(sample, float(sample["part"]) > 0, abs(float(sample["part"])))
    memories = {
        m.id: m
        for m in engine.store.reads.memories([str(s["id"]) for s in samples], user=user)
        if m.status(engine.now()) == "current"
    }
    usage = engine.store.usage.get(list(memories), user=user)
    parts = {str(s["id"]): abs(float(s["part"])) for s in samples}
    changed: list[Usage] = []
    for id_, was in usage.items():
        one = {"days": was.stability, "stability": was.stability, "uses": was.uses,
               "importance": memories[id_].importance, "kind": memories[id_].kind}  # fmt: skip
        changed.append(replace(was, stability=was.stability * model.multiplier(one) ** parts[id_]))
    engine.commit(ChangeSet(
        user=user, op="learn_decay", actor="jobs", at=engine.now(), usage=tuple(changed),
        reads={i: m.rev for i, m in memories.items()}, reason=redact(f"{len(samples)} outcome(s)"),
        learned={NAME: {"upto": key, "model": dict(model.state())}},
    ))  # fmt: skip


def weights(kept: Mapping[str, LearnedDocument]) -> dict[str, float]:
    """What the model weighs, by name; empty where nothing was learned."""
    model: Mapping[str, Any] = kept[NAME].content["model"] if NAME in kept else {}
    return {str(name): float(weight) for name, weight in (model.get("weights") or {}).items()}

"""Erasing runs for good: on purpose, and when the time of those without history is over."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from eider.model.answers import Receipt
from eider.model.changes import Erasure
from eider.model.requests_runs import ForgetRun
from eider.model.runs import Run
from eider.privacy.ingress import Channel, Clean
from eider.records.erasure_plan import Plan, all_memories, plan_erasure
from eider.records.forget import receipt
from eider.runs.lifecycle import expire_later, found_run, is_expired, is_held, retention
from eider.store.engine import Engine
from eider.store.jobs import Job, Progress


def forget_run(engine: Engine, accepted: Clean[ForgetRun]) -> Receipt:
    """Erase a run with its sub-runs and, unless kept, what was promoted from them."""
    request, channel = accepted.request, accepted.channel
    start = time.perf_counter()

    def erased() -> tuple[Plan, Mapping[str, int]]:
        family = with_children(engine, found_run(engine, request.id, request.user).run)
        steps = engine.store.steps.of([r.id for r in family], user=request.user)
        promoted = {m for run in family for s in steps[run.id] for m in s.promoted}
        everything = all_memories(engine, request.user)
        named = {
            m for m in promoted if m in everything and everything[m].state != "erased" and not request.keep_promoted
        }
        plan = plan_erasure(engine, everything, named, frozenset(), (), user=request.user, actor=channel.name)
        plan = replace(plan, erasure=replace(plan.erasure, runs=frozenset(r.id for r in family)))
        return plan, engine.erase(plan.erasure)

    plan, counts = engine.planned(erased)
    return receipt(engine, plan, counts, wait=request.wait, start=start)


def with_children(engine: Engine, run: Run) -> list[Run]:
    """Return a run and all runs below it."""
    found = [run]
    for one in found:
        found += engine.store.runs.listed(user=run.user, parent=one.id, limit=1_000_000)
    return found


def expire_runs(engine: Engine, job: Job, progress: Progress) -> None:
    """Erase a user's runs without history whose time is over, by the same erase as everything else."""
    now, left = engine.now(), timedelta(seconds=retention())
    over: list[Run] = []
    later = False
    for run in engine.store.runs.unkept(user=job.user):
        abandoned = run.ended_at is None and not (run.status == "running" and is_held(run, now))
        if is_expired(run, now) or (
            abandoned and run.expires_at is None and (run.active_at or run.started_at) + left <= now
        ):
            over += with_children(engine, run)
        else:
            later = True
    if over:
        erasure = Erasure(
            user=job.user, actor=Channel(name="retention").name, at=now, runs=frozenset(run.id for run in over)
        )
        engine.erase(erasure)
        engine.scrub_later()
    if later:
        expire_later(engine, job.user, retention())
    progress(len(over), len(over))

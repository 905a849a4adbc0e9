"""The online model of forgetting: it begins as FSRS, learns from outcomes, and is kept as JSON."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from math import log
from pathlib import Path
from typing import Any

import pytest

import eider
from eider.model.clock import FixedClock
from eider.model.forgetting_curve import retrievability
from eider.providers.embedders.hashing import HashEmbedder

pytest.importorskip("river", reason="the extra 'online' is not installed")
from eider_online import OnlineDecay
from eider_online.model import LEAST, MOST


def sample(**more: Any) -> dict[str, Any]:
    return {"days": 20.0, "stability": 30.0, "uses": 1, "importance": 3, "kind": "fact", **more}


def planted(count: int, seed: int) -> list[tuple[dict[str, Any], bool]]:
    """Outcomes of a user whose contexts and facts are stale five times sooner than FSRS thinks, whose rules last."""
    draw = random.Random(seed)
    found: list[tuple[dict[str, Any], bool]] = []
    for _ in range(count):
        kind = draw.choice(["context", "fact", "rule", "preference"])
        one = sample(days=draw.uniform(0, 90), stability=draw.choice([7.0, 15.0, 30.0, 60.0]), uses=draw.randrange(4),
                     importance=draw.randint(1, 5), kind=kind)  # fmt: skip
        true = one["stability"] * (0.05 if kind in ("context", "fact") else 4.0)
        found.append((one, draw.random() < float(retrievability(one["days"], true))))
    return found


def loss(chance: float, useful: bool) -> float:
    return -log(chance if useful else 1 - chance)


@pytest.mark.parametrize("seed", range(5))
def test_it_predicts_outcomes_better_than_fsrs_alone(seed: int) -> None:
    """Over 200 planted outcomes, each predicted before it is learned from, the log-loss is lower."""
    model, static, online = OnlineDecay(), 0.0, 0.0
    for one, useful in planted(200, seed):
        fsrs = min(0.99, max(0.01, float(retrievability(one["days"], one["stability"]))))
        static += loss(fsrs, useful)
        online += loss(model.chance(one), useful)
        model.learn(one, useful)
    assert online < 0.85 * static, (online / 200, static / 200)


def test_it_begins_as_fsrs() -> None:
    """Before the first outcome it says what FSRS says, and leaves stability as it is."""
    model = OnlineDecay()
    for days in (5.0, 20.0, 200.0):
        one = sample(days=days)
        assert model.chance(one) == pytest.approx(float(retrievability(days, 30.0)), abs=1e-6)
        assert model.multiplier(one) == pytest.approx(1.0, abs=1e-6)


def test_its_state_is_json_and_says_all() -> None:
    """Written and read again it answers the same, and learns on the same; what is of another form is not taken over."""
    model = OnlineDecay()
    for one, useful in planted(50, 9):
        model.learn(one, useful, 0.7)
    again = OnlineDecay.of(json.loads(json.dumps(model.state())))
    for twin in (model, again):
        twin.learn(sample(kind="rule"), False)
    assert again.chance(sample(kind="rule")) == pytest.approx(model.chance(sample(kind="rule")), abs=1e-4)
    assert again.seen == 51
    assert OnlineDecay.of({"form": 99, "weights": {"fsrs": 5.0}}).state() == OnlineDecay().state()


def test_a_multiplier_is_bounded_and_follows_outcomes() -> None:
    """What keeps doing harm keeps shorter, what keeps helping longer; neither beyond a factor of four."""
    bad, good = OnlineDecay(), OnlineDecay()
    for _ in range(100):
        bad.learn(sample(), False)
        good.learn(sample(), True)
    assert LEAST <= bad.multiplier(sample()) < 0.8
    assert 1.2 < good.multiplier(sample()) <= MOST


def test_a_small_part_of_an_outcome_teaches_little() -> None:
    """Blame of a loop that nobody judged moves the model less than blame that was meant."""
    faint, plain = OnlineDecay(), OnlineDecay()
    faint.learn(sample(), False, 0.15)
    plain.learn(sample(), False, 1.0)
    assert plain.chance(sample()) < faint.chance(sample()) < OnlineDecay().chance(sample())


def test_outcomes_of_loops_teach_it_as_a_job(tmp_path: Path) -> None:
    """Closing queues; the job learns once, says so in `learned`, and reset takes it back with all stabilities."""
    clock = FixedClock(datetime(2026, 5, 1, tzinfo=UTC))
    with eider.open(tmp_path / "m.eider", user="ada", embedder=HashEmbedder(), clock=clock) as memory:
        kept = memory.remember("The gate code is 4711.")
        before = memory.why(kept.id).usage
        for _ in range(4):
            clock.advance(timedelta(days=9))
            loop = memory.open_loop()
            memory.recall("gate code", loop=loop.id)
            memory.close_loop(loop.id, agent_output="The gate code is 4711.", outcome=-1.0)
            memory.drain()
        state = memory.learned()
        assert state.decay["fsrs"] != 1.0
        assert [e.op for e in memory.events()].count("learn_decay") == 4
        assert memory.why(kept.id).usage.stability < before.stability
        assert memory.reset_learned().decay == {}
        assert memory.why(kept.id).usage.stability == before.stability
        assert memory.verify(deep=True).findings == ()


def test_opening_and_closing_loops_does_not_import_it() -> None:
    """River takes a second to import: no recall and no import of Eider waits for it."""
    code = "import sys, eider, eider.learn.loops, eider.learn.online_decay; eider.learn.online_decay.installed(); sys.exit('river' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

"""What surrounds every call: nobody waits too long, nobody is hammered, nothing costs more than allowed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import eider
from eider.model.errors import BudgetSpentError, ConfigError, ModelError, ModelRefusedError
from eider.model.llm import Answer
from eider.providers.llm_guard import REST, TRIPS, Guarded, MemoryPurse
from eider.providers.prompts import signal
from eider.providers.prompts.signal import SignalAnswer
from eider.providers.token_budget import HeuristicCounter
from eider.store.agent_settings import StoreTokenBudget, daily

PROMPT = signal.prompt("Use tabs.", "")
NOTHING = SignalAnswer(reasoning="", signals=[])


class Scripted:
    """A vendor that does as told: raises an error, calls a function, or answers."""

    def __init__(self, *turns: Any) -> None:
        self.turns, self.calls = list(turns), 0

    def answer(self, prompt: Any, seconds: float) -> Answer[Any]:
        self.calls += 1
        turn = self.turns.pop(0) if self.turns else None
        if isinstance(turn, BaseException):
            raise turn
        if callable(turn):
            turn()
        return Answer(value=NOTHING, input_tokens=100, output_tokens=20)


class Time:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def failures(n: int, **about: Any) -> list[ModelError]:
    return [ModelError("down", **about) for _ in range(n)]


def fail(model: Guarded, times: int) -> None:
    for _ in range(times):
        with pytest.raises(ModelError):
            model.ask(PROMPT)


def test_a_model_that_keeps_failing_is_left_alone() -> None:
    """After some failures in a row it is not called for a while; the error says for how long."""
    vendor, time = Scripted(*failures(TRIPS)), Time()
    model = Guarded(vendor, "x:y", clock=time)
    fail(model, TRIPS)
    with pytest.raises(ModelError, match="left alone") as raised:
        model.ask(PROMPT)
    assert vendor.calls == TRIPS
    assert raised.value.retry_after == pytest.approx(REST)
    time.now += REST
    assert model.ask(PROMPT) is NOTHING
    assert model.ask(PROMPT) is NOTHING


def test_one_call_tries_it_out() -> None:
    """When the rest is over a single call goes through; if it fails the rest begins again."""
    vendor, time = Scripted(*failures(TRIPS + 1)), Time()
    model = Guarded(vendor, "x:y", clock=time)
    fail(model, TRIPS)
    time.now += REST
    fail(model, 2)
    assert vendor.calls == TRIPS + 1


def test_it_rests_as_long_as_it_asked_to() -> None:
    """`retry-after` of the last failure decides."""
    vendor, time = Scripted(*failures(TRIPS, retry_after=300.0)), Time()
    model = Guarded(vendor, "x:y", clock=time)
    fail(model, TRIPS)
    time.now += 299
    fail(model, 1)
    assert vendor.calls == TRIPS
    time.now += 1
    assert model.ask(PROMPT) is NOTHING


def test_a_refusal_does_not_speak_against_the_service() -> None:
    """What answered, whatever it said, is up."""
    vendor = Scripted(*(ModelRefusedError("no", tokens=10) for _ in range(TRIPS + 2)))
    model = Guarded(vendor, "x:y")
    fail(model, TRIPS + 2)
    assert vendor.calls == TRIPS + 2


def test_nobody_waits_beyond_the_deadline() -> None:
    """A vendor that never returns is left behind; the call ends with an error that can be retried."""
    release = threading.Event()
    model = Guarded(Scripted(release.wait), "x:y", deadline=0.05)
    with pytest.raises(ModelError) as raised:
        model.ask(PROMPT)
    release.set()
    assert raised.value.retryable


def test_a_fault_of_the_vendor_is_an_error_of_the_model() -> None:
    """Whatever a library raises, the host sees one kind of error, with the cause chained."""
    with pytest.raises(ModelError) as raised:
        Guarded(Scripted(ZeroDivisionError("x")), "x:y").ask(PROMPT)
    assert isinstance(raised.value.__cause__, ZeroDivisionError)


def test_the_day_has_so_many_tokens() -> None:
    """A call that could exceed the day's budget is not made; the error says when there is more."""
    vendor = Scripted()
    purse = MemoryPurse(daily=1_600)
    model = Guarded(vendor, "x:y", purse=purse)
    worst = sum(map(HeuristicCounter().count, (PROMPT.system, PROMPT.text))) + PROMPT.max_tokens
    model.ask(PROMPT)
    model.ask(PROMPT)
    while vendor.calls < 10 and purse.spent().tokens + worst <= 1_600:
        model.ask(PROMPT)
    with pytest.raises(BudgetSpentError) as raised:
        model.ask(PROMPT)
    assert purse.spent().tokens <= 1_600
    assert 2 <= vendor.calls < 10
    assert 0 < (raised.value.retry_after or 0) <= 86_400


def test_calls_at_once_cannot_exceed_the_day_together() -> None:
    """What a call may cost is set aside before it is made."""
    purse = MemoryPurse(daily=2_000)
    inside, release = threading.Event(), threading.Event()

    def hold() -> None:
        inside.set()
        release.wait(10)

    vendor = Scripted(hold)
    model = Guarded(vendor, "x:y", purse=purse)
    first = threading.Thread(target=model.ask, args=(PROMPT,))
    first.start()
    inside.wait(10)
    with pytest.raises(BudgetSpentError):
        model.ask(PROMPT)
    release.set()
    first.join()
    assert vendor.calls == 1


def test_what_was_spent_survives_a_restart(tmp_path: Path) -> None:
    """A store that is opened again goes on with the day it had."""
    at = datetime(2026, 5, 1, 10, tzinfo=UTC)
    for _ in range(2):
        with eider.open(tmp_path / "m.eider", user="ada", clock=eider.FixedClock(at)) as memory:
            Guarded(Scripted(), "x:y", purse=StoreTokenBudget(memory._engine.store, memory._engine.now, 10_000)).ask(
                PROMPT
            )
            spent = StoreTokenBudget(memory._engine.store, memory._engine.now, 10_000).spent()
    assert (spent.calls, spent.input_tokens, spent.output_tokens) == (2, 200, 40)
    with eider.open(tmp_path / "m.eider", user="ada", clock=eider.FixedClock(at + timedelta(days=1))) as memory:
        assert StoreTokenBudget(memory._engine.store, memory._engine.now, 10_000).spent().calls == 0


@pytest.mark.parametrize(("said", "found"), [("5000", 5000), ("unlimited", None), ("0", 0)])
def test_the_budget_is_a_setting(monkeypatch: pytest.MonkeyPatch, said: str, found: int | None) -> None:
    """A number, or unlimited."""
    monkeypatch.setenv("EIDER_MODEL_TOKENS", said)
    assert daily() == found


@pytest.mark.parametrize("said", ["lots", "-5", "1e6", "5.5"])
def test_a_budget_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    """The message names the setting, the value and the fix."""
    monkeypatch.setenv("EIDER_MODEL_TOKENS", said)
    with pytest.raises(ConfigError, match=r"model_tokens.*set a number"):
        daily()


def test_a_key_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """`eider config show` gives its end only."""
    from eider.cli.settings import _setting_row

    monkeypatch.setenv("EIDER_MODEL_KEY", "sk-very-secret-1234")
    assert _setting_row("model_key")["value"] == "…1234"


def counted(make: Callable[[], Guarded], times: int) -> Guarded:
    model = make()
    for _ in range(times):
        model.ask(PROMPT)
    return model


def test_costs_are_counted() -> None:
    """Calls, failures and tokens add up; a price makes them money."""
    model = counted(lambda: Guarded(Scripted(), "x:y"), 3)
    assert (model.counts.calls, model.counts.tokens) == (3, 360)
    assert model.counts.cost(1.0, 5.0) == pytest.approx(0.0006)

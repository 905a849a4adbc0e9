"""What surrounds every call of a model: a deadline, a circuit breaker, a daily budget of tokens, and counters."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol, TypeVar

from eider.model.errors import BudgetSpentError, EiderError, ModelError
from eider.model.llm import Answer, Prompt, Vendor
from eider.providers.token_budget import HeuristicCounter

T = TypeVar("T")
DEADLINE: Final = 30.0
"""Seconds a call may take, retries included."""
TRIPS: Final = 3
"""Failures in a row after which a model is left alone for a while. A guess."""
REST: Final = 60.0
"""Seconds it is left alone, where it did not say how long. A guess."""
_LONGEST_REST: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What calls came to."""

    calls: int = 0
    failures: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def tokens(self) -> int:
        """Tokens in and out."""
        return self.input_tokens + self.output_tokens

    def cost(self, per_input: float, per_output: float) -> float:
        """Money, given prices per million tokens.

        >>> Spent(input_tokens=2_000_000, output_tokens=100_000).cost(1.0, 5.0)
        2.5
        """
        return (self.input_tokens * per_input + self.output_tokens * per_output) / 1e6

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            calls=self.calls + other.calls, failures=self.failures + other.failures,
            input_tokens=self.input_tokens + other.input_tokens, output_tokens=self.output_tokens + other.output_tokens,
        )  # fmt: skip


class Purse(Protocol):
    """Keeps what was spent on which day, and says how much may be."""

    @property
    def daily(self) -> int | None:
        """Most tokens of a day (UTC); None is no limit."""
        ...

    def now(self) -> datetime:
        """The present, in UTC: whose day is spent on."""
        ...

    def spent(self) -> Spent:
        """What today's calls came to."""
        ...

    def note(self, model: str, spent: Spent) -> None:
        """Add what one call came to."""
        ...


class MemoryPurse:
    """A purse of this process alone."""

    def __init__(self, daily: int | None = None) -> None:
        """Start with nothing spent."""
        self._daily, self._days = daily, dict[str, Spent]()

    @property
    def daily(self) -> int | None:
        """Most tokens of a day."""
        return self._daily

    def now(self) -> datetime:
        """The present."""
        return datetime.now(UTC)

    def spent(self) -> Spent:
        """What today's calls came to."""
        return self._days.get(self.now().date().isoformat(), Spent())

    def note(self, model: str, spent: Spent) -> None:
        """Add what one call came to."""
        del model
        self._days = {self.now().date().isoformat(): self.spent() + spent}


class Guarded:
    """A vendor that cannot keep anybody waiting, be hammered while it is down, or cost more than was allowed.

    Safe to share between threads.
    """

    def __init__(
        self, vendor: Vendor, name: str, *, purse: Purse | None = None, deadline: float = DEADLINE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """Guard a vendor; `deadline` is in seconds, `clock` gives seconds that only grow."""
        self._vendor, self._name, self._deadline, self._clock = vendor, name, deadline, clock
        self._purse = purse or MemoryPurse()
        self._lock = threading.Lock()
        self._promised = 0
        self._failed, self._until, self._probing = 0, 0.0, False
        self.counts = Spent()

    @property
    def name(self) -> str:
        """`provider:model`."""
        return self._name

    def ask(self, prompt: Prompt[T]) -> T:
        """Answer a prompt, or say why not within the deadline.

        Raises:
            ModelError: No answer, or none that can be used.
            BudgetSpentError: The day's tokens are spent; nothing was asked.
        """
        worst = HeuristicCounter().count(prompt.system) + HeuristicCounter().count(prompt.text) + prompt.max_tokens
        probing = self._admit(worst)
        spent = Spent(calls=1, failures=1)
        try:
            answer = self._ask_in_time(prompt)
            spent = Spent(calls=1, input_tokens=answer.input_tokens, output_tokens=answer.output_tokens)
            with self._lock:
                self._failed, self._probing = 0, False
        except ModelError as error:
            spent = replace(spent, input_tokens=error.tokens)
            self._failing(error, probing=probing)
            raise
        finally:
            with self._lock:
                self._promised -= worst
                self.counts += spent
                self._purse.note(self._name, spent)
        return answer.value

    # ------------------------------------------------------------------ before and after

    def _admit(self, worst: int) -> bool:
        """Whether this call tries out a model that was left alone; raises where it may not be asked."""
        with self._lock:
            left = self._until - self._clock()
            if self._failed >= TRIPS and (left > 0 or self._probing):
                raise ModelError(
                    f"{self._name} failed {self._failed} times in a row and is left alone for {max(left, 1):.0f} s.",
                    retry_after=max(left, 1.0),
                )
            spent, daily = self._purse.spent().tokens, self._purse.daily
            if daily is not None and spent + self._promised + worst > daily:
                now = self._purse.now()
                midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
                raise BudgetSpentError(spent, daily, (midnight - now).total_seconds())
            self._promised += worst
            self._probing = self._failed >= TRIPS
            return self._probing

    def _failing(self, error: ModelError, *, probing: bool) -> None:
        """Count what speaks against the service; a refusal, or an answer of the wrong form, does not."""
        with self._lock:
            self._probing = self._probing and not probing
            if error.tokens:  # it answered
                self._failed = 0
                return
            self._failed += 1
            rest = REST if error.retry_after is None else error.retry_after
            self._until = self._clock() + min(rest, _LONGEST_REST)

    # ------------------------------------------------------------------ the call

    def _ask_in_time(self, prompt: Prompt[T]) -> Answer[T]:
        """Call in a thread of its own: libraries bound the pauses between bytes, nobody bounds the whole."""
        seconds = self._deadline if prompt.seconds is None else min(self._deadline, prompt.seconds)
        box: list[Any] = []
        ended = threading.Event()

        def call() -> None:
            try:
                box.append(self._vendor.answer(prompt, seconds))
            except BaseException as error:  # noqa: BLE001 (raised where it is waited for)
                box.append(error)
            ended.set()

        threading.Thread(target=call, name="eider-model", daemon=True).start()
        if not ended.wait(seconds):
            raise ModelError(
                f"{self._name} did not answer {prompt.source} within {seconds:.0f} s; it is asked again later."
            )
        found = box[0]
        if isinstance(found, EiderError):
            raise found
        if isinstance(found, BaseException):
            raise ModelError(f"{self._name} failed with {type(found).__name__}; it is asked again later.") from found
        return found

"""What every token counter promises, as tests: inherit and name the one to test."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from eider.model.protocols import TokenCounter

_TEXTS: Final = (
    "a",
    " ",
    "\n\n",
    "Prefers short answers, with one example.",
    "Die Geschwindigkeitsbegrenzung gilt weiterhin.",
    "她对花生过敏，请先问清楚。",
    "for i, value in enumerate(values):\n    total += value\n",
    '{"id": 4217, "tags": ["a", "b"], "ok": null}',
    "👩🏽‍🚀🎉 so happy!!!",
    "3.14159 2718281828 0xdeadbeef",
    "\ud800",
    "\x00\u200b",
    "x" * 5000,
)


class TokenCounterContract(ABC):
    """Tests a counter passes; subclass it in a test module and override `counter`."""

    @abstractmethod
    def counter(self) -> TokenCounter:
        """Make the counter to test."""

    def test_nothing_costs_nothing(self) -> None:
        """The empty text has no tokens."""
        assert self.counter().count("") == 0

    def test_any_text_costs_something(self) -> None:
        """Every other text has at least one, lone surrogates and control characters included."""
        counter = self.counter()
        for text in _TEXTS:
            count = counter.count(text)
            assert isinstance(count, int)
            assert count >= 1, text

    def test_the_same_text_costs_the_same(self) -> None:
        """Counting twice gives one answer."""
        counter = self.counter()
        for text in _TEXTS:
            assert counter.count(text) == counter.count(text)

    def test_more_text_never_costs_less(self) -> None:
        """What is appended may join the last word, and no more than one token is saved by it."""
        counter = self.counter()
        for first in _TEXTS:
            for second in _TEXTS:
                assert counter.count(first + second) >= counter.count(first) - 1, (first, second)

    def test_lines_put_together_cost_about_their_sum(self) -> None:
        """Joined by a line break, two texts cost their sum and at most two tokens more."""
        counter = self.counter()
        for first in _TEXTS:
            for second in _TEXTS:
                joined = counter.count(f"{first}\n{second}")
                assert joined <= counter.count(first) + counter.count(second) + 2, (first, second)

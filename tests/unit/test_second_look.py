"""An encoder and a reranker look at the best candidates again: a few of them, in their time, and never in the way."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

import eider
from eider.model.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

TEXTS = ("The kitten naps on the divan.", "I bought a divan for the cat in Oslo.", "The rent rose again.")


class Encoder:
    """Knows that naps, dozes and sleeps are one, and nothing else."""

    width, fingerprint, degraded = 2, "naps/1", None

    def __init__(self) -> None:
        self.go, self.asked = threading.Event(), list[str]()
        self.go.set()

    def embed(self, texts: Sequence[str], role: str) -> NDArray[np.float32]:
        """One axis for sleep, one for the rest."""
        del role
        self.go.wait(60)
        self.asked += texts
        return np.array(
            [[1, 0] if {"naps", "doze", "dozes"} & set(t.lower().strip(".?").split()) else [0, 1] for t in texts],
            np.float32,
        )


class Reranker:
    """Likes long texts."""

    name = "fake:long"

    def __init__(self, *, broken: bool = False) -> None:
        self.broken, self.asked = broken, list[int]()

    def rerank(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """Their lengths."""
        del query
        if self.broken:
            raise OSError("no route to host")
        self.asked.append(len(texts))
        return np.array([len(t) for t in texts], np.float32)


@pytest.fixture
def encoder() -> Iterator[Encoder]:
    made = Encoder()
    yield made
    made.go.set()


def test_an_encoder_lifts_what_means_the_like(encoder: Encoder) -> None:
    """And `why` says what it brought; shares sum to what the order is of."""
    with eider.open(":memory:", user="ada", encoder=encoder) as memory:
        memory.remember_many(TEXTS)
        found = memory.recall("Where does it doze on rainy days?")
        assert found[0].text == TEXTS[0]
        assert found[0].why.shares["encoder"] > 0
        sums = [sum(r.why.shares.values()) for r in found]
        assert sums == sorted(sums, reverse=True)
        assert memory.recall("The rent rose again.")[0].text == TEXTS[2], "a quotation stays first"


def test_an_encoder_that_is_late_keeps_nobody_waiting(encoder: Encoder) -> None:
    """The answer is as without it; the next one, once it is ready, as with it."""
    encoder.go.clear()
    with eider.open(":memory:", user="ada", encoder=encoder) as memory, eider.open(":memory:", user="ada") as plain:
        memory.remember_many(TEXTS)
        plain.remember_many(TEXTS)
        question = "Where does it doze on rainy days?"
        assert [r.text for r in memory.recall(question)] == [r.text for r in plain.recall(question)]
        encoder.go.set()
        assert memory.recall(question)[0].text == TEXTS[0]
        before = len(encoder.asked)
        memory.recall(question)
        assert len(encoder.asked) == before, "vectors are kept"
        memory.forget(memory.remember("Something else."))
        memory.recall(question)
        assert len(encoder.asked) > before, "but not of what was forgotten"


def test_both_look_at_the_best_candidates_only(encoder: Encoder) -> None:
    """However many rows there are; what is returned is as much as was asked for."""
    reranker = Reranker()
    with eider.open(":memory:", user="ada", encoder=encoder, reranker=reranker) as memory:
        memory.record_many([{"text": f"The cat {'really ' * (n % 7)}naps at place {n}."} for n in range(150)])
        found = memory.recall("Where does it doze on rainy days?", limit=5)
        assert len(found) == 5
        assert [len(r.text) for r in found] == sorted((len(r.text) for r in found), reverse=True)
        assert reranker.asked == [32]
        assert len(encoder.asked) <= 101


def test_a_reranker_that_fails_changes_nothing_and_is_named() -> None:
    """`health` says what runs with less than it could."""
    with (
        eider.open(":memory:", user="ada", reranker=Reranker(broken=True)) as memory,
        eider.open(":memory:", user="ada") as plain,
    ):
        memory.remember_many(TEXTS)
        plain.remember_many(TEXTS)
        assert [r.text for r in memory.recall("the cat")] == [r.text for r in plain.recall("the cat")]
        assert "no route to host" in " ".join(memory.health().degraded)
        assert plain.health().degraded == ()


def test_names_that_nobody_knows_are_refused() -> None:
    """At opening, with what there is."""
    with pytest.raises(ConfigError, match="nosuch"):
        eider.open(":memory:", user="ada", encoder="nosuch:model")
    with pytest.raises(ConfigError, match="nosuch"):
        eider.open(":memory:", user="ada", reranker="nosuch:model")

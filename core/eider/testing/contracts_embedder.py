"""What every embedder must do. Inherit, say how one is made, and pytest runs the promises.

class TestMine(EmbedderContract):
    def make(self) -> Embedder:
        return MyEmbedder()
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eider.model.protocols import Embedder

_TEXTS = (
    "I love pizza",
    "pizza is my favourite food",
    "the database migration failed",
    "Ada wohnt seit März in Zürich.",
    "Elle préfère qu'on lui écrive l'après-midi",
    "我喜欢在周末做饭",
    "ship it 🚀",
    "v2.10.3",
)
_ODD = (
    "",
    " \t\n",
    "\x00",
    "nul\x00inside",
    "\ud800",
    "broken \udfff half",
    "😀😀 👩‍👩‍👧",
    "...",
    "<s></s><unk>",
    "\u202eright to left",
    "e\u0301 combining",
    "\ufb01 ligature \uff21",
)
_WITHIN = 1e-3
"""How far two vectors of one fingerprint may differ, and a length from 1."""


class EmbedderContract(ABC):
    """Promises of `eider.model.protocols.Embedder`, one per test."""

    @abstractmethod
    def make(self) -> Embedder:
        """Make the embedder to be tested; called once per test."""

    def test_a_fingerprint_names_the_embedder(self) -> None:
        """Two embedders made alike share a fingerprint that holds their width."""
        one, other = self.make(), self.make()
        assert one.fingerprint == other.fingerprint
        assert str(one.width) in one.fingerprint
        assert one.degraded is None or one.degraded.strip()

    def test_a_batch_gives_one_row_per_text(self) -> None:
        """`n` texts give shape `(n, width)` of finite float32."""
        embedder = self.make()
        rows = embedder.embed(_TEXTS, "document")
        assert rows.shape == (len(_TEXTS), embedder.width)
        assert rows.dtype == np.float32
        assert np.isfinite(rows).all()

    def test_no_texts_give_no_rows(self) -> None:
        """An empty list gives shape `(0, width)`."""
        embedder = self.make()
        rows = embedder.embed([], "query")
        assert rows.shape == (0, embedder.width)
        assert rows.dtype == np.float32

    def test_every_text_with_content_has_length_one(self) -> None:
        """Rows are unit vectors, so an inner product is a cosine."""
        embedder = self.make()
        for role in ("document", "query"):
            assert np.abs(_lengths(embedder.embed(_TEXTS, role)) - 1).max() < _WITHIN

    def test_a_text_alone_embeds_as_it_does_in_a_batch(self) -> None:
        """A row depends on its own text only, wherever it stands."""
        embedder = self.make()
        together = embedder.embed(_TEXTS, "document")
        alone = np.vstack([embedder.embed([text], "document") for text in _TEXTS])
        backwards = embedder.embed(_TEXTS[::-1], "document")[::-1]
        assert np.abs(together - alone).max() < _WITHIN
        assert np.abs(together - backwards).max() < _WITHIN

    def test_the_same_text_gives_the_same_vector_for_ever(self) -> None:
        """Neither time nor another instance changes a vector."""
        one, other = self.make(), self.make()
        first = one.embed(_TEXTS, "document")
        one.embed([f"{text} and more" for text in _TEXTS], "document")
        assert np.abs(first - one.embed(_TEXTS, "document")).max() < _WITHIN
        assert np.abs(first - other.embed(_TEXTS, "document")).max() < _WITHIN

    def test_what_is_returned_belongs_to_the_caller(self) -> None:
        """Overwriting a result does not change the next one."""
        embedder = self.make()
        rows = embedder.embed(["pizza"], "document")
        before = rows.copy()
        rows[:] = 0
        assert np.abs(embedder.embed(["pizza"], "document") - before).max() < _WITHIN

    def test_odd_strings_embed_or_give_a_zero_row(self) -> None:
        """Empty text, NUL, lone surrogates, emoji: a unit vector or zero, never an error."""
        lengths = _lengths(self.make().embed(_ODD, "document"))
        assert ((np.abs(lengths - 1) < _WITHIN) | (lengths == 0)).all()
        assert lengths[0] == 0

    def test_a_megabyte_is_one_text(self) -> None:
        """A long text, with or without spaces, gives one unit vector."""
        rows = self.make().embed(["tea with milk " * 75_000, "x" * 1_000_000], "document")
        assert np.abs(_lengths(rows) - 1).max() < _WITHIN

    def test_threads_may_share_it(self) -> None:
        """Many threads asking at once get what one alone gets."""
        embedder = self.make()
        batches = [[f"{text} {number}" for text in _TEXTS] for number in range(24)]

        def embed(batch: list[str]) -> NDArray[np.float32]:
            return embedder.embed(batch, "document")

        with ThreadPoolExecutor(8) as pool:
            at_once = list(pool.map(embed, batches))
        alone = [self.make().embed(batch, "document") for batch in batches[:2]]
        for found, batch in zip(at_once, batches, strict=True):
            assert np.abs(found - embed(batch)).max() < _WITHIN
        for found, expected in zip(at_once, alone, strict=False):
            assert np.abs(found - expected).max() < _WITHIN

    def test_alike_texts_are_closer_than_unlike_ones(self) -> None:
        """A taste for pizza is nearer to another one than to a failed migration."""
        pizza, food, migration = self.make().embed(_TEXTS[:3], "document")
        assert float(pizza @ food) > float(pizza @ migration)

    def test_a_question_finds_its_answer(self) -> None:
        """Questions and statements share one space."""
        embedder = self.make()
        (question,) = embedder.embed(["which food is my favourite?"], "query")
        answer, other = embedder.embed(["pizza is my favourite food", "the database migration failed"], "document")
        assert float(question @ answer) > float(question @ other)


def _lengths(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.linalg.norm(rows, axis=1)

"""The trained model of pairs: linear scores over features, crossed features and hashed words, evaluated with numpy."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from eider.providers.embedders import default_embedder
from eider.understand.pair_features import Vectors, features
from eider.understand.pair_reading import Reading

RELATIONS: Final = ("same", "more", "replaces", "ends", "adds", "exception", "narrower", "unrelated")
HEADS: Final = ("change", "revoked", *RELATIONS)
"""What is scored: whether the earlier no longer holds, whether a sentence takes it back, and each relation."""

BUCKETS: Final = 1 << 14
_LIMIT: Final = 5.0
"""Standard deviations at which a feature is cut."""
_DIFFERING: Final = 2
"""Words in which statements differ at most that are the same but for a value."""
TOPICS: Final = (
    "plain_covered_e", "soft_l", "soft_e", "values_differ", "shared_top", "people_fresh", "possessor_fresh",
    "subject_fresh", "before_new", "after_new", "number_nearness", "covered_l", "owner_other", "left_plain_l",
    "left_alike", "cosine", "people_first", "subject_same", "first_shared_l", "head_open_l",
)  # fmt: skip
SIGNS: Final = (
    "now_l", "ended_l", "moved_l", "new_l", "back_l", "instead_l", "except_l", "only_l", "when_l", "also_l", "other_l",
    "neg_turns", "fine_l", "forget_l", "past_l", "plan_l", "still_l", "values_fresh", "values_lost", "neg_e",
    "standing_then_fine", "longer", "they_l",
)  # fmt: skip
"""A sign says little by itself: "now" is a change only where both speak of the same. So each is crossed with each topic."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A trained model."""

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    dense: NDArray[np.float32]
    """Shape `(features, heads)`."""
    words: NDArray[np.float32]
    """Shape `(BUCKETS, heads)`."""
    meaning: NDArray[np.float32]
    """Shape `(width of the static vectors, heads)`: what the later statement is about."""
    bias: NDArray[np.float32]
    slopes: NDArray[np.float32]
    """From a score to log odds: factor and offset, shape `(heads, 2)`."""


@cache
def weights() -> Weights:
    """The model that is shipped."""
    with np.load(str(files("eider.understand") / "pair_model.npz")) as data:
        found = {name: data[name] for name in Weights.__slots__}
        return Weights(**found | {"words": found["words"].astype(np.float32) * data["step"]})


_embedder = cache(default_embedder)


def vectors(texts: Sequence[str]) -> NDArray[np.float32]:
    """Static vectors of words or sentences: always the local ones, which the model was trained with."""
    return _embedder().embed(texts, "document")


def dense_row(earlier: Reading, later: Reading, embed: Vectors) -> NDArray[np.float32]:
    """All features of a pair, crossed ones last."""
    found = features(earlier, later, embed)
    signs = np.minimum([found[sign] for sign in SIGNS], 1.0)
    crossed = np.outer([found[topic] for topic in TOPICS], signs)
    return np.concatenate([list(found.values()), crossed.ravel()]).astype(np.float32)


def word_buckets(earlier: Reading, later: Reading) -> list[int]:
    """Hashed words of both sides, marked by side and by whether only one has them, and letters of the later one."""
    a, b = [word.plain for word in earlier.words], [word.plain for word in later.words]
    known_a, known_b = set(a), set(b)
    text = later.text.lower()
    marks = [f"L:{word}" for word in known_b] + [f"E:{word}" for word in known_a]
    marks += [f"N:{word}" for word in known_b - known_a] + [f"G:{word}" for word in known_a - known_b]
    marks += [f"2:{one}_{two}" for one, two in pairwise(b)] + [f"F:{b[0] if b else ''}"]
    if frame := _frame(a, b):
        marks += [f"S:{word}" for word in frame] + [f"T:{one}_{two}" for one, two in pairwise(frame)]
    for size in (1, 2) if later.unspaced else (4,):
        marks += [f"C:{text[start : start + size]}" for start in range(len(text) - size + 1)]
    return sorted({crc32(mark.encode()) % BUCKETS for mark in marks})


def _frame(a: list[str], b: list[str]) -> list[str]:
    """Return the words of two statements that differ in one place only, with a gap there; empty where more differs.

    They tell a slot with one value ("my name is …") from one with several ("I have a sister called …").
    """
    start = next((n for n, (one, two) in enumerate(zip(a, b, strict=False)) if one != two), min(len(a), len(b)))
    most = min(len(a), len(b)) - start
    end = next((n for n in range(most) if a[-1 - n] != b[-1 - n]), most)
    differing = max(len(a), len(b)) - start - end
    return [*b[:start], "…", *b[len(b) - end :]] if 0 < differing <= _DIFFERING < start + end + 1 else []


def standard(rows: NDArray[np.float32], mean: NDArray[np.float32], scale: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows on one scale, cut at `_LIMIT` standard deviations."""
    return np.clip((rows - mean) / scale, -_LIMIT, _LIMIT)


def scores(earlier: Sequence[Reading], later: Reading) -> NDArray[np.float32]:
    """Log odds of every head for one later statement against `n` earlier ones, shape `(n, len(HEADS))`."""
    model = weights()
    embed = VectorCache()
    embed([text for one in (later, *earlier) for text in (one.text, *(word.plain for word in one.content))])
    words = np.zeros((len(earlier), len(HEADS)), np.float32)
    for index, one in enumerate(earlier):
        buckets = word_buckets(one, later)
        words[index] = model.words[buckets].sum(0) / max(1, len(buckets)) ** 0.5
    rows = np.array([dense_row(one, later, embed) for one in earlier], np.float32).reshape(len(earlier), -1)
    dense = standard(rows, model.mean, model.scale) @ model.dense
    raw = dense + words + embed([later.text])[0] @ model.meaning + model.bias
    return raw * model.slopes[:, 0] + model.slopes[:, 1]


class VectorCache:
    """Vectors of the texts of one comparison, each made once."""

    def __init__(self) -> None:
        self._known: dict[str, NDArray[np.float32]] = {}

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Rows of length 1, shape `(n, width)`."""
        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        if new:
            self._known.update(zip(new, vectors(new), strict=True))
        return np.array([self._known[text] for text in texts])

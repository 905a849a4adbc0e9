"""Scores sentences with linear models whose weights are a data file of this package.

Each head (keep? which act? which reach? to obey?) is one row of int8 numbers over the shared feature table.
The file says its version, recipe, sources and figures; `tests/lab/train_reply_reader.py` writes it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from eider.understand.features import BITS, GROUPS, Features

HEADS = ("keep", "revoke", "confirm", "praise", "everywhere", "project", "person", "obey")
FORMAT = 2
_NUMBERS = ("slope", "offset", "learn", "learn_other", "further", "ask")


@dataclass(frozen=True, slots=True)
class Weights:
    """The numbers of all heads, and how to read their sums."""

    table: NDArray[np.int8]
    """Shape (heads, 2^BITS); read from a file, the numbers of one entry lie side by side."""
    scale: NDArray[np.float32]
    """Value of one step of each head, shape (heads,)."""
    bias: NDArray[np.float32]
    """Shape (heads,)."""
    slope: float
    """Margin of `keep` to log-odds: slope * margin + offset."""
    offset: float
    learn: float
    """Probability from which the likeliest sentence of an English message is learned."""
    learn_other: float
    """The same for other languages."""
    further: float
    """Probability from which its other sentences are learned too."""
    ask: float
    """Probability from which it is worth asking about."""
    about: Mapping[str, object]
    """Version, recipe, sources, figures."""

    def margins(self, rows: Sequence[Features]) -> NDArray[np.float64]:
        """Return the sum of every head for each unit, shape (units, heads)."""
        result = np.empty((len(rows), len(HEADS)))
        for place, row in enumerate(rows):
            entries = np.concatenate([row[name][0] for name in GROUPS])
            values = np.repeat([row[name][1] for name in GROUPS], [len(row[name][0]) for name in GROUPS])
            result[place] = values.astype(np.float32) @ self.table.T[entries].astype(np.float32)
        return result * self.scale + self.bias

    def probability(self, keep: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the calibrated probability that a unit is worth keeping, from its margin of `keep`."""
        return 1 / (1 + np.exp(-np.clip(self.slope * keep + self.offset, -30, 30)))

    def to_bytes(self) -> bytes:
        """Return the weights as a file; the same weights give the same bytes."""
        head = {"format": FORMAT, "heads": HEADS, "bits": BITS, "groups": GROUPS, "about": self.about}
        head |= {name: getattr(self, name) for name in _NUMBERS}
        out = BytesIO()
        text = np.frombuffer(json.dumps(head, ensure_ascii=False).encode(), np.uint8)
        np.savez_compressed(out, table=self.table, scale=self.scale, bias=self.bias, head=text)
        return out.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Weights":
        """Read what `to_bytes` wrote.

        Raises:
            ValueError: The file is of another format or feature table than this code.
        """
        with np.load(BytesIO(data), allow_pickle=False) as stored:
            head = json.loads(stored["head"].tobytes())
            if (head["format"], head["bits"], tuple(head["heads"])) != (FORMAT, BITS, HEADS):
                msg = f"the weights have format {head['format']}, {head['bits']} bits and heads {head['heads']}; train them again with tests/lab/train_reply_reader.py"
                raise ValueError(msg)
            numbers = {name: head[name] for name in _NUMBERS}
            table = np.asfortranarray(stored["table"])
            return cls(table=table, scale=stored["scale"], bias=stored["bias"], about=head["about"], **numbers)


@cache
def shipped_weights() -> Weights:
    """Return the weights that came with this package."""
    return Weights.from_bytes(files("eider.understand").joinpath("data", "reply_reader.npz").read_bytes())

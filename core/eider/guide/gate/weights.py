"""The gate's weights: one frozen, versioned value in a file, written by `tests/lab/fit_gate.py --write`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eider.guide.gate.prompt_words import PLACES
from eider.guide.gate.signals import NAMES

FILE: Final = "gate.npz"
_FORMAT: Final = 2
_NUMBERS: Final = ("step", "prompt_bias", "line_bias", "slope", "offset", "speak")

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class GateWeights:
    """What each signal counts for P(line helps) = sigmoid(slope · (log P(wants) + log P(fits)) + offset).

    P(wants), that the prompt wants something of this store, is read from its words and from the signals of all lines;
    P(fits), that this line is it, from the line's own.
    """

    highest: Floats
    """Weight of each signal's highest value among the lines, for P(wants); shape `(signals,)`."""
    mean: Floats
    """The same for its mean."""
    words: NDArray[np.int8]
    """Weights of words and runs of characters, shape `(PLACES,)`, in steps."""
    line: Floats
    """Weight of each signal of a line, for P(fits); shape `(signals,)`."""
    step: float
    """Value of one step of `words`."""
    prompt_bias: float
    line_bias: float
    slope: float
    offset: float
    speak: float
    """Least probability at which the best line is injected; it silences 90 % of the prompts that want nothing."""
    about: str
    """Version, sources and recipe."""

    def to_bytes(self) -> bytes:
        """Return the weights as a file; the same weights give the same bytes."""
        head = {"format": _FORMAT, "signals": NAMES, "about": self.about} | {n: getattr(self, n) for n in _NUMBERS}
        out = BytesIO()
        text = np.frombuffer(json.dumps(head).encode(), np.uint8)
        np.savez_compressed(out, highest=self.highest, mean=self.mean, words=self.words, line=self.line, head=text)
        return out.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> GateWeights:
        """Read what `to_bytes` wrote.

        Raises:
            ValueError: The file was written for other signals than this code has.
        """
        with np.load(BytesIO(data), allow_pickle=False) as stored:
            head = json.loads(stored["head"].tobytes())
            if head["format"] != _FORMAT or tuple(head["signals"]) != NAMES or stored["words"].shape != (PLACES,):
                msg = f"the gate's weights have format {head['format']} and {len(head['signals'])} signals; fit them again with tests/lab/fit_gate.py --write"
                raise ValueError(msg)
            return cls(
                highest=stored["highest"], mean=stored["mean"], words=stored["words"], line=stored["line"],
                about=str(head["about"]), **{name: float(head[name]) for name in _NUMBERS},
            )  # fmt: skip


@cache
def shipped() -> GateWeights:
    """Return the weights that are shipped."""
    return GateWeights.from_bytes(files("eider.guide.gate").joinpath(FILE).read_bytes())

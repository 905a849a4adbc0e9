"""Reads a user's reply: which of its own words are worth keeping, verbatim, without a model or network."""

from eider.understand.reader import Act, Finding, Kind, Reach, Zone, read_reply
from eider.understand.scorer import Weights, shipped_weights
from eider.understand.structure import Sentence, Voice, read_structure

__all__ = [
    "Act", "Finding", "Kind", "Reach", "Sentence", "Voice", "Weights", "Zone", "read_reply", "read_structure", "shipped_weights",
]  # fmt: skip

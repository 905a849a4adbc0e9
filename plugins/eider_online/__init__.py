"""An online model of forgetting for Eider, by River: each outcome of a loop corrects what FSRS expects.

It starts as FSRS itself, so nothing is worse before something is learned, and its state is JSON: a few weights.
"""

from __future__ import annotations

from eider_online.model import OnlineDecay

__all__ = ["OnlineDecay"]

"""The policy compiler: memories become the guidance that goes into an agent's prompt, deterministically, without a model.

Pure. The pipeline chooses and ranks memories (`eider.guide.policy`); what is here words, groups, de-duplicates and fits
them. The same memories in the same order always give the same bytes.
"""

from __future__ import annotations

from eider.guide.compiler.compile import OPENING, Compiled, compile_policy
from eider.guide.compiler.wording import line_in_policy, line_of

__all__ = ["OPENING", "Compiled", "compile_policy", "line_in_policy", "line_of"]

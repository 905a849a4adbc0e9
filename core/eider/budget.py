"""Fitting text into a budget of tokens, offline: an estimate that errs high, packing, shortening."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import TYPE_CHECKING, Final, TypeVar

from eider.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eider.protocols import TokenCounter

T = TypeVar("T")

ELLIPSIS: Final = "…"

# What pieces of text cost in tokens. Calibrated in November 2026 on the texts of tests/data/token_samples.json
# (our own: chat and prose in eleven languages, code, JSON, ids, tables) against cl100k, o200k, the published
# Claude tokenizer, DeepSeek's and Llama 2's: the estimate is held at or above 0.95 of the highest of the first
# four on every sample. tests/unit/test_budget.py repeats the comparison with Llama's, which is always at hand.
SHORT_WORD: Final = 5
"""Letters of a word that cost one token."""
PER_LETTER: Final = 0.2
"""Tokens per further letter: a token of a rare or foreign word is about five letters."""
PER_CAPITAL: Final = 0.2
"""Tokens per letter of a run of capitals beyond the first two, on top."""
PER_ACCENT: Final = 0.55
"""Tokens per accented Latin letter, on top."""
DIGITS: Final = 3
"""Digits per token, in all of the four."""
PER_CHARACTER: Final = (
    ("mark", re.compile(r"[!-/:-@\[-`{-~]"), 0.75),
    ("space", re.compile(r"\n[ \t]*|[ \t]{2,}"), 1.0),
    ("kana", re.compile(r"[\u3000-\u33ff\uff00-\uffef]"), 0.9),
    ("han", re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"), 1.2),
    ("hangul", re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7ff]"), 1.25),
    ("cyrillic", re.compile(r"[\u0370-\u052f]"), 0.62),
    ("other", re.compile(r"[\u0080-\u00bf\u0250-\u036f\u0530-\u10ff\u1200-\u1fff\u2000-\u2fff\ua000-\uabff\ue000-\uf8ff]"), 1.05),
    ("rare", re.compile(r"[\ufb00-\ufeff\ufff0-\uffff\ud800-\udfff\U00010000-\U0001ffff\U00040000-\U0010ffff]"), 2.2),
)  # fmt: skip
"""Kind, characters, tokens for each."""

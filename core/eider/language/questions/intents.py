"""What a question is after: reasons, an order in time, or all that is known of somebody or something."""

from __future__ import annotations

import re
from typing import Final, Literal

Intent = Literal["why", "when", "entity"]

_WORDS: Final[dict[Intent, str]] = {
    "why": r"^\W*(?:and |so |but |und |et |y )?(?:why\b|how come\b|warum\b|wieso\b|weshalb\b|pourquoi\b|por qué\b|perché\b|por que\b)"
    r"|\bwhat (?:caused|led to|made (?:me|us|you|him|her|them|it)|is the reason|was the reason|were the reasons)\b|\breasons? (?:for|why|that)\b"
    r"|\bgrund (?:für|dass|warum)\b|\bla raison\b|\bla razón\b|为什么|為什麼|什么原因|什麼原因|怎么会|怎麼會",
    "when": r"\bin (?:what|which|the|chronological|time) order\b|\b(?:timeline|chronolog\w+|sequence of (?:events|steps))\b|\bwhat happened (?:first|next|then)\b"
    r"|\bstep by step\b|\bin welcher reihenfolge\b|\bzeitlich(?:e[rn]?)? (?:folge|reihenfolge|ablauf|verlauf)\b|\bdans (?:quel )?l?['’]?ordre\b|\bchronologie\b"
    r"|\ben (?:qué )?orden\b|\bcronol\w+\b|顺序|順序|先后|先後|时间线|時間線|经过是|經過是",
    "entity": r"^\W*who(?:['’]s| is| are| was| were) (?!(?:the|a|an|it|that|this|there)\b)|\bwhat (?:do|did|can) (?:you|we|i) (?:know|remember|have|recall|say) (?:of|about|on)\b"
    r"|\b(?:tell me|everything|anything|all you know|facts) about\b|^\W*wer (?:ist|sind|war) (?!(?:der|die|das|es|ein)\b)|\bwas weißt du (?:über|von)\b|\berzähl\w* (?:mir )?(?:von|über)\b"
    r"|^\W*qui (?:est|était|sont) (?!(?:le|la|les|ce|un|une)\b)|\bque sais-tu (?:de|sur|d['’])|\bparle-moi d|^\W*(?:y )?quién(?:es)? (?:es|son|era) (?!(?:el|la|los|las|un|una)\b)"
    r"|\bqué sabes (?:de|sobre)\b|\bháblame de\b|是谁|是誰|你知道.{0,12}(?:什么|什麼)|关于.{1,20}(?:你知道|的一切)",
}  # fmt: skip
_INTENTS: Final[dict[Intent, re.Pattern[str]]] = {
    name: re.compile(pattern, re.IGNORECASE) for name, pattern in _WORDS.items()
}


def intent_of(text: str) -> Intent | None:
    """Return what a question is after; None where it is after neither.

    >>> intent_of("Why did we move?"), intent_of("Who is Liv?"), intent_of("When did we move?")
    ('why', 'entity', None)
    """
    return next((name for name, pattern in _INTENTS.items() if pattern.search(text[:2_000])), None)

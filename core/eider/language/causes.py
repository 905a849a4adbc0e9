"""What a text says of causes: "we moved because the rent rose" has a cause and an effect. The words are data, by language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_BEFORE_CAUSE: Final = {
    "en": "because of|because|due to|owing to|thanks to|on account of|as a result of|caused by|the reason (?:is|was|being)(?: that)?",
    "de": "weil|denn(?= \\w+ \\w)|wegen|aufgrund|auf grund|dank|infolge|verursacht durch|der grund (?:ist|war)(?:,? dass)?",
    "fr": "parce qu(?:e|['’])|puisqu(?:e|['’])|à cause (?:de|du|des|d['’])|grâce (?:à|au|aux)|en raison (?:de|du|des|d['’])|vu que",
    "es": "porque|puesto que|ya que|debido a(?:l)?|a causa del?|gracias a(?:l)?|por culpa del?",
    "it": "perché|poiché|a causa (?:di|del|della|dei)|grazie (?:a|al|alla)",
    "pt": "porque|por causa d[aeo]s?|devido (?:a|ao|à)s?|graças (?:a|ao|à)s?",
}
"""Language → words after which the cause stands."""
_BEFORE_EFFECT: Final = {
    "en": "so that|therefore|thus|hence|consequently|as a result|as a consequence|that['’]s why|that is why|which is why|this is why|for that reason"
    "|led to|leads to|resulted in|results in|caused|causes|so(?= (?:i|we|he|she|they|it|you)\\b)",
    "de": "deshalb|deswegen|daher|darum|folglich|infolgedessen|sodass|so dass|aus diesem grund|führte(?:n)? (?:zu|dazu)|verursachte",
    "fr": "donc|c['’]est pourquoi|c['’]est pour ça que|par conséquent|du coup|si bien que|de sorte que|a conduit à|a entraîné|a provoqué",
    "es": "por eso|por lo tanto|por tanto|así que|de modo que|de ahí que|por lo que|en consecuencia|llevó a(?:l)?|causó|provocó",
    "it": "quindi|perciò|dunque|per questo|ha causato|ha portato a",
    "pt": "por isso|portanto|então|de modo que|causou|levou a",
}
"""Language → words after which the effect stands."""
_HAN_CAUSE: Final = "因为|因為|由于|由於|多亏|多虧"
_HAN_EFFECT: Final = "所以|因此|因而|于是|於是|导致|導致|结果是|結果是"


def _any(words: dict[str, str], han: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(words.values())})(?:(?<=['’])|\b)|(?:{han})", re.IGNORECASE)


_CAUSE: Final = _any(_BEFORE_CAUSE, _HAN_CAUSE)
_EFFECT: Final = _any(_BEFORE_EFFECT, _HAN_EFFECT)
_SENTENCE: Final = re.compile(r"[^.!?。！？\n]+")
_OPENING: Final = re.compile(
    r"^(?:\W|\b(?:and|but|well|yes|yeah|no|it['’]?s|it is|it was|that['’]?s|that was|just|maybe|only|und|aber|ja|nein|nur|et|mais|oui|non"
    r"|y|pero|sí)\b)*$",
    re.IGNORECASE,
)
"""What may stand before a first word without being a clause."""
_COMMA: Final = re.compile(r"[,;，；]")
_READ: Final = 2_000
"""Characters of a text that are read."""
_MOST: Final = 8
"""Statements of a cause taken from one text."""


@dataclass(frozen=True, slots=True)
class Causal:
    """One statement of a cause; an empty side means what was said before this text."""

    cause: str
    effect: str


def causes_in(text: str) -> list[Causal]:
    """Return what a text says of causes, at most eight statements.

    Args:
        text: Any text; its first 2,000 characters are read.

    >>> causes_in("We moved because the rent rose.")
    [Causal(cause='the rent rose', effect='We moved')]
    >>> causes_in("That's why I sold the boat.")
    [Causal(cause='', effect='I sold the boat')]
    """
    sentences = [match[0] for match in _SENTENCE.finditer(text[:_READ])]
    read = (_causal(sentence, before) for sentence, before in zip(sentences, ["", *sentences], strict=False))
    return [one for one in read if one is not None][:_MOST]


def _causal(sentence: str, said_before: str) -> Causal | None:
    cause, effect = _CAUSE.search(sentence), _EFFECT.search(sentence)
    if cause is not None and (effect is None or cause.start() <= effect.start()):
        before, after = sentence[: cause.start()], sentence[cause.end() :]
        if not _OPENING.match(before):
            return _clean(after, before)
        if effect is not None:  # 因为 … 所以 …
            return _clean(sentence[cause.end() : effect.start()], sentence[effect.end() :])
        first, *rest = _COMMA.split(after, maxsplit=1)
        return _clean(first, rest[0] if rest else said_before)
    if effect is None:
        return None
    before = sentence[: effect.start()]
    return _clean(said_before if _OPENING.match(before) else before, sentence[effect.end() :])


def _clean(cause: str, effect: str) -> Causal | None:
    one = Causal(cause.strip(" \t,;:—–-，；的"), effect.strip(" \t,;:—–-，；"))
    return one if one.cause or one.effect else None

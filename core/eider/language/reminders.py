"""Standing reminders: "remind me when we touch the billing code to run its tests", read into occasion and matter.

Only an occasion in words is one ("when we touch …"); a reminder for a day or an hour needs a clock and is left as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_LONGEST: Final = 240
"""Characters of a statement that is read as a reminder. A guess."""
_WHEN: Final = (
    r"(?:(?:the )?next time|every time|each time|any ?time|whenever|when|as soon as|once|if|before|after"
    r"|(?:das |beim )?nächste[ns]? mal,? (?:wenn|dass)|jedes mal,? wenn|immer wenn|sobald|falls|bevor|wenn"
    r"|la prochaine fois qu(?:e |['’])|chaque fois qu(?:e |['’])|dès qu(?:e |['’])|avant qu(?:e |['’])|quand|lorsqu(?:e |['’])|si"
    r"|la próxima vez que|cada vez que|siempre que|en cuanto|antes de que|cuando)"
)
_REMIND: Final = (
    r"(?:remind (?:me|us)(?: again)?|(?:erinner[ne]?|erinnere) (?:mich|uns)(?: bitte)?(?: wieder)?(?: daran)?"
    r"|rappelle[- ](?:moi|nous)|(?:recu[eé]rda(?:me|nos)))"
)
_CUE: Final = re.compile(rf"{_REMIND}|提醒", re.IGNORECASE)
_TO: Final = r"(?:to|that|about|of|daran,?|dass|an|de|d['’]|qu(?:e |['’])|que)"
_START: Final = (
    r"^\W*(?:(?:(?:can|could|will|would) you|i(?:['’]d| would) like you to)\s+)?"
    r"(?:(?:please|bitte|s['’]il te plaît|stp|por favor|and|und|et|y)\b[, ]*)?"
)
_ASKS: Final = r"(?!,?\s*(?:what|why|how|where|who|whom|which|whether|was|warum|wie|wo|wer|ce qu\w*|pourquoi|comment|où|qui|qué|por qué|cómo|quién)\b)"
"""After "remind me": a question for what is known already, not a wish for later."""
_NOT_A_PLACE: Final = r"(?!the\b|a\b|an\b|my\b|our\b|your\b|his\b|her\b|their\b|this\b|that\b|these\b|those\b|work\b|production\b|staging\b|main\b|[A-Z])"
"""After "to": the matter of a reminder begins with a verb, a place with an article or a name."""
_FORMS: Final = tuple(
    re.compile(_START + form, re.IGNORECASE)
    for form in (
        rf"{_WHEN}\s*(?P<on>.+?)(?:[,;:]\s*|\s+)(?:then |dann )?(?:please |bitte )?{_REMIND},?\s*{_TO}?\s*(?P<to>.+)$",
        rf"{_REMIND},?\s*{_WHEN}\s*(?P<on>[^,]+?),\s*{_TO}?\s*(?P<to>.+)$",
        rf"{_REMIND},?\s*{_WHEN}\s*(?P<on>.+?)\s+(?:to\s+(?-i:{_NOT_A_PLACE})|that\s+|about\s+|de\s+(?=\w+r\b)|que\s+)(?P<to>.+)$",
        rf"{_REMIND}{_ASKS},?\s*{_TO}?\s*(?P<to>.+?),?\s+{_WHEN}\s*(?P<on>.+)$",
    )
)
_HAN_FORMS: Final = (
    re.compile(r"^\W*(?:请)?(?:下次|每次|每当|当|等|如果|一旦)?(?P<on>.{2,}?)(?:的时候|的時候|时候|時候|时|時|之前|之后|以后)[,，]?\s*(?:请|就)?提醒(?:我们|我)(?P<to>.+)$"),
    re.compile(r"^\W*(?:请)?(?:下次|每次|每当|当|如果|一旦)(?P<on>.{2,}?)[,，]\s*(?:请|就)?提醒(?:我们|我)(?P<to>.+)$"),
    re.compile(r"^\W*(?:请)?提醒(?:我们|我)(?P<to>.+?)[,，]?\s*(?:下次|每次|每当|当|如果|一旦)(?P<on>.+?)(?:的时候|的時候|时|時)?\W*$"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reminder:
    """When something is to be brought up, and what."""

    occasion: str
    matter: str


def reminder(text: str) -> Reminder | None:
    """Read a standing reminder; None for any other statement.

    >>> reminder("Remind me when we touch the billing code to run the ledger tests.")
    Reminder(occasion='we touch the billing code', matter='run the ledger tests')
    >>> reminder("Remind me tomorrow to call Nadia."), reminder("When we deploy, we tell Nadia.")
    (None, None)
    """
    text = text.strip()
    if len(text) > _LONGEST or not _CUE.search(text):
        return None
    for form in (*_FORMS, *_HAN_FORMS):
        if found := form.search(text):
            return Reminder(found["on"].strip(" ,.;!?。？"), found["to"].strip(" ,.;!?。？"))
    return None

"""Whether a text asks how things stood in the past.

A date by itself does not: "reply by Friday" and "use the report of last week" are about the present. What opens the
past is a clause that asks about it: "where did I live in 2023", "what was the port before".
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Final

from eider.language.dates import Window, window_asked

_PAST_TENSE: Final = re.compile(
    r"\b(?:did|didn['’]t|was|wasn['’]t|were|weren['’]t|had|hadn['’]t|used to|(?!(?:need|shed|hundred|embed|sacred)\b)\w{2,}[^\We]ed)\b"
    r"|\b(?:war(?:en|st|t)?|hatte(?:n|st|t)?|wurde(?:n|st|t)?|hieß(?:en|t)?|galt(?:en)?|gab(?:en)?)\b"
    r"|\b(?:habe?|haben?|hast|hat|bin|bist|ist|sind|seid)\b[^.?!\n]{0,80}\b\w{0,5}ge\w{2,20}(?:t|en)\b"
    r"|\b(?:\w{2,20}(?:aient|ions)|\w{3,20}ait|étai\w{1,4}|avai\w{1,4}|habitais|travaillais|utilisais)\b"
    r"|\b(?:ai|as|avons|avez|ont|suis|est|sommes|sont)(?:-\w{1,4})? \w{2,20}(?:é|ée|és|ées|u|is|it)\b"
    r"|\b(?:era[ns]?|éramos|fue(?:ron)?|hubo|había[ns]?|tenía[ns]?|\w{2,20}(?:aba[ns]?|ábamos|íamos|aste|iste|aron|ieron)|(?!todavía\b|día\b)\w{2,20}ía[ns]?)\b"
    r"|[了过過]|曾|当时|當時|那时|那時",
    re.IGNORECASE,
)
"""Verbs of the past: auxiliaries, and endings that hardly any other word has."""
_PRESENT: Final = re.compile(
    r"\b(?:is|are|am|do|does|has|have|can|could|will|shall|should|must|may|might|let|please"
    r"|ist|sind|bin|hat|habe|haben|kann|kannst|wird|soll|muss|bitte|est|sont|suis|peux|dois|es|son|está|puedo|puedes)\b",
    re.IGNORECASE,
)
_FORMERLY: Final = re.compile(
    r"\bbefore(?= (?:that|then|this|the (?:change|move|switch)|(?:i|we|he|she|they|you|it) )|\s*[?.!,;]*\s*$)|\bbefore (?!\w+ing\b|\w+day\b)(?=\w+\s*[?.!]*\s*$)"
    r"|\b(?:previously|formerly|originally|initially|once|earlier|at first|until recently|back then|those days|used? to(?! (?:it|that|this)\b)|in the past"
    r"|at th(?:e|at) (?:time|point|moment)|by then)\b|\bthen\s*[?.!]*\s*$"
    r"|\b(?:my|our|his|her|their|the|your|\w+['’]s) (?:old|former|previous|prior|earlier|original|last but one)\b"
    r"|\b(?:damals|früher\w*|zuvor|vorher\w*|ursprünglich|einst|ehemalig\w+|seinerzeit|bis vor kurzem)\b|\b(?:alte|vorige)[nrsm]? \w"
    r"|\b(?:avant|auparavant|autrefois|jadis|à l['’]époque|à ce moment-là|précédent\w*|anciennement|jusqu['’]à récemment)\b|\banci(?:en|enne)s? \w"
    r"|\b(?:antes|anteriormente|antiguamente|entonces|en aquel(?:la)? (?:momento|época|entonces)|previamente)\b|\banterior(?:es)?\b"
    r"|以前|之前|从前|從前|当时|當時|那时|那時|原来|原來|原先|过去|過去|曾经|曾經",
    re.IGNORECASE,
)
_ASKS: Final = re.compile(
    r"[?？]|^\W*(?:and |so |but |ok,? |then )?(?:what|when|where|who|whom|whose|which|why|how)\b"
    r"|\b(?:tell|show|remind|say|know|recall|remember)\b[^.?!\n]{0,40}\b(?:what|when|where|who|which|how)\b"
    r"|^\W*(?:was|wer|wem|wen|wo|wohin|woher|wann|wie|welche[rsnm]?|qui|que|quand|où|quel(?:le)?s?|combien|comment|qué|quién(?:es)?|dónde|cuándo|cuál(?:es)?|cómo)\b"
    r"|什么|什麼|谁|誰|哪|几|幾|多少|吗|嗎",
    re.IGNORECASE,
)
_DEADLINE: Final = re.compile(
    r"\b(?:by|until|till|bis|spätestens|jusqu\w*|d['’]ici|pour|para|hasta)\b|(?:之前|以前|前|为止|為止)", re.IGNORECASE
)
_YEAR: Final = re.compile(r"(?<![\w.:/-])(?:19|20)\d\d(?![\w:/-]|\.\d)")
_CLAUSE: Final = re.compile(r"(?<=[.!?;,\n。！？；，])\s*")
_MOST_READ: Final = 2_000
_MOST_CLAUSES: Final = 60
_KEYWORDS: Final = 4
"""Most words of a query that is only keywords, as "address 2023"."""


def says_past(text: str) -> bool:
    """Return whether a verb of a text is in the past; its first 2,000 characters are read."""
    return _PAST_TENSE.search(text[:_MOST_READ]) is not None


def past_asked(text: str, *, today: date) -> Window | None:
    """Return the days of the past whose state a text asks about; None where it asks about the present.

    Args:
        text: A question or a prompt; its first 2,000 characters are read.
        today: The asker's local date.

    Returns:
        The period named; all days before today where the past is asked about without a date.

    >>> past_asked("Where did I live in 2023?", today=date(2026, 11, 30)).start.isoformat()
    '2023-01-01'
    >>> past_asked("Get the owner to sign by Friday.", today=date(2026, 11, 30)) is None
    True
    """
    whole: Window | None = None
    keywords = len(text.split()) <= _KEYWORDS
    for clause in _CLAUSE.split(text[:_MOST_READ])[:_MOST_CLAUSES]:
        past = _PAST_TENSE.search(clause) is not None
        asks = _ASKS.search(clause) is not None
        if not (past or asks or keywords):
            continue
        window = window_asked(clause, today=today) or _year_named(clause, today)
        if window is not None and _in_past(clause, window, today, past=past):
            return window
        if (past or asks) and window is None and _FORMERLY.search(clause):
            whole = Window(start=date.min, end=today, precision="span")
    return whole


def _in_past(clause: str, window: Window, today: date, *, past: bool) -> bool:
    """Whether the period is what is asked about, and gone by."""
    if window.start >= today:
        return False
    later = today + timedelta(days=366)
    settled = window in (window_asked(f"will {clause}", today=today), window_asked(clause, today=later))
    settled |= window == _year_named(clause, today)
    if not settled and _DEADLINE.search(clause):
        return False
    if past:
        return True
    return settled and window.start != date.min and window.end <= today and not _PRESENT.search(clause)


def _year_named(clause: str, today: date) -> Window | None:
    """The year a clause names without a word before it, if it is gone by."""
    found = _YEAR.search(clause)
    if found is None or int(found[0]) >= today.year:
        return None
    return Window(start=date(int(found[0]), 1, 1), end=date(int(found[0]) + 1, 1, 1), precision="year")

"""What the words of a question say, whoever is asked: what is wanted, of which days, in whose words, of which past."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from eider.language import analysis
from eider.language.dates import Window, event_asked, periods_in
from eider.language.questions.intents import Intent, intent_of
from eider.language.questions.oneself import asks_about_oneself
from eider.language.questions.past import past_asked
from eider.language.questions.requests import without_request, without_requests

if TYPE_CHECKING:
    from datetime import date

    from eider.language.dates import EventAnchor

USER: Final = 0
AGENT: Final = 1
"""Codes of the roles a pronoun can mean."""


_WANTS: Final[dict[str, re.Pattern[str]]] = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "when": r"^when\b|^(?:on |in |by |since |during )?(?:what|which) (?:date|day|month|year|time|week)|how long|\bwhen did\b"
        r"|^(?:seit |bis )?wann\b|wie lange|an welchem (?:tag|datum)|^(?:depuis |à |de )?quand\b|combien de temps"
        r"|quel(?:le)? (?:jour|date|mois|année)|cuándo|cuánto tiempo|qué (?:día|fecha|mes|año)|什么时候|何时|哪天|几月|多久|哪一天",
        "number": r"how (?:many|much|often|old|long|far|tall|big)|wie ?(?:viele?|oft|alt|lange|hoch|weit)|combien|quel âge"
        r"|cuánt[oa]s?|qué edad|多少|几个|几次|多久|多大",
        "who": r"\bwho(?:m|se)?\b|\bwer\b|\bwem\b|\bwen\b|\bqui\b|\bquién(?:es)?\b|谁",
        "where": r"\bwhere\b|(?:which|what) (?:city|country|place|state|town|area|region)|\bwo(?:hin|her)?\b|\boù\b|d[óo]nde"
        r"|adónde|哪里|哪儿|什么地方|哪个城市",
        "travel": r"\b(?:where|city|country|travel\w*|visit\w*|trip|place|live[ds]?|move[ds]?|wo(?:hin|her)?|stadt|reis\w+|où|ville"
        r"|voyag\w+|d[óo]nde|ciudad|viaj\w+)\b|哪里|城市|旅行",
        "why": r"\bwhy\b|how did|\b(?:feel|think|say)s? about|what (?:did|does|do) \w+ (?:feel|think|say)|\bwarum\b|\bwieso\b"
        r"|\bweshalb\b|pourquoi|por qué|为什么",
        "list": r"\b(?:what|which) (?:\w+ )?\w{3,}s\b|\ball\b|\bboth\b|activities|(?:which|what) (?:kinds?|types?)|\balle\b|\bwelche\b"
        r"|quel(?:le)?s\b|\btou(?:te)?s\b|\btod[oa]s\b|\bqué \w+s\b|\bcuáles\b|哪些|所有",
    }.items()
}
_ASKS: Final = re.compile(
    r"^(?:and |so |but |ok,? )?(?:what|when|where|who|whom|whose|which|why|how|did|does|do|is|are|was|were|has|have|had|am)\b"
    r"|\b(?:what|when|where|who|which|why|how (?:many|much|often|long|old))\b[^.?]{0,400}\?|^(?:\w+ )?(?:wann|wer|wem|wen|was|wo|wohin|woher"
    r"|warum|wieso|wie|welche[rsnm]?|hat|haben|ist|sind|war)\b|^(?:\w+ )?(?:quel(?:le)?s?|qui|que|quand|où|pourquoi|comment|combien"
    r"|est-ce)\b|^[¿ ]*(?:\w+ )?(?:qué|cuándo|quién(?:es)?|dónde|por qué|cómo|cuál(?:es)?|cuánt[oa]s?)\b"
    r"|什么|谁|哪|几|多少|为什么|吗|何时",
    re.IGNORECASE,
)
"""A text that asks for a fact; what does not is a request to do something, to which rules and preferences apply."""
AUXILIARY: Final = r"\b(?:did|does|do|has|have|had|is|are|was|were|would|will|could|can|should|might|may|didn't|doesn't|don't|hasn't|isn't)\s+"
_YOU: Final = re.compile(
    AUXILIARY
    + r"(you)\b|\byou (?:said|told|suggest\w*|recommend\w*|mention\w*|advis\w*|propos\w*|gave|give|wrote|think|thought)"
    r"|\byour (?:advice|suggestion|recommendation|tip|idea|answer|view|opinion|take|verdict|proposal)"
    r"|(?<=\w)st du\b|\bdu (?:hast|hattest|sagtest|meintest|warst|empf\w+)|\bdein(?:e|en|em|er)? (?:rat|tipp|vorschlag|empfehlung|meinung)"
    r"|\b(?:as|avais|aurais)-tu\b|\btu (?:m'as|m’as|as|avais|m'avais|disais|proposais|conseill\w+)\b|\bt[ou]n? (?:conseil|avis|idée)"
    r"|\b\w+[ai]ste\b|\btu (?:consejo|recomendación|opinión|sugerencia|propuesta)|\bme (?:has|habías)\b|你(?:说|建议|推荐|提|告诉|觉得|认为|给)",
    re.IGNORECASE,
)
_I: Final = re.compile(
    AUXILIARY + r"(i|we)\b|\bi (?:said|told|mention\w*|decid\w*|want\w*|plan\w*|ask\w*|bought|was|am|have|had|did)\b"
    r"|\b(?:habe|hatte|bin|war|will|wollte|muss|kann|soll|sagte) ich\b|\bich (?:\w+ )?(?:gesagt|erzählt|erwähnt)"
    r"|\b(?:ai|avais|suis|étais)-je\b|\bj['’](?:ai|avais|étais)\b|\bje (?:suis|vais|veux|dois|l'ai|t'ai)\b"
    r"|\b(?:dije|conté|mencioné|compré|decidí|pedí|tuve|hice|fui|quería|quiero|tengo|he|había)\b|我(?:说|提|告诉|决定|想|买|打算|什么)",
    re.IGNORECASE,
)
_YOU_WORDS: Final = frozenset(
    "you your yours du dich dir dein deine deinen deinem tu te toi ton ta tes vous votre ti tú".split()
)
_I_WORDS: Final = frozenset(
    "i my me mine we our us ich mein meine meinen meinem mir mich je j mon ma mes moi yo mi mis".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionWords:
    """A question as it reads, before anything is known of who is asked."""

    matter: str
    """It without the phrases that only ask for something to be done."""
    wants: frozenset[str]
    """Kinds of answer: when, number, who, where, travel, why, list; or request."""
    role: int
    """`USER` or `AGENT` where a pronoun says whose words are wanted, else -1."""
    window: Window | None
    """The shortest period it names."""
    date_words: str
    """The words that name periods."""
    past: Window | None
    """Days of the past whose state it asks about; None where it asks how things stand."""
    event: EventAnchor | None
    """The event it is placed by, where it names no period."""
    oneself: bool
    """Whether it asks for what is known of the asker at large."""
    intent: Intent | None
    """What it is after: reasons, an order in time, or all that is known of somebody or something."""


def read_words(text: str, *, today: date) -> QuestionWords:
    """Read a question or a prompt.

    Args:
        text: As asked.
        today: The asker's local date, for "last week".

    >>> from datetime import date
    >>> read_words("Can you tell me what I did yesterday?", today=date(2026, 5, 4)).window.start.isoformat()
    '2026-05-03'
    """
    matter = without_request(text)
    dates = periods_in(matter, said_on=today, asked=True)
    window = min((each for _, _, each in dates), key=lambda each: each.days, default=None)
    wants = {name for name, pattern in _WANTS.items() if pattern.search(matter.strip())}
    return QuestionWords(
        matter=matter,
        wants=frozenset(wants if _ASKS.search(matter.strip()) else wants | {"request"}),
        role=_role(without_requests(matter)),
        window=window,
        date_words=" ".join(matter[start:end] for start, end, _ in dates),
        past=past_asked(text, today=today),
        event=event_asked(text) if window is None else None,
        oneself=asks_about_oneself(text),
        intent=intent_of(text),
    )


def _role(text: str) -> int:
    """Whose words are wanted, from the pronoun that is the subject; -1 where none is.

    What asks the agent to do something is no question for its words, unless it speaks of what it said.
    """
    you, me = _YOU.search(text), _I.search(text)
    if you and me:
        return AGENT if you.start() <= me.start() else USER
    if you or me:
        return AGENT if you else USER
    found = set(analysis.words(text))
    about_you, about_me = bool(found & _YOU_WORDS) or "你" in text, bool(found & _I_WORDS) or "我" in text
    if about_you == about_me:
        return -1
    return USER if about_me else AGENT if _ASKS.search(text) else -1

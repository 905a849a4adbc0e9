"""A question, read once: its words, who and when it is about, and what kind of answer it wants."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from eider.language import analysis
from eider.language.dates import Window, event_asked, placed
from eider.language.lexicon import STOP_WORDS, TALK_WORDS
from eider.model.clock import local_date
from eider.retrieve.past_question import past_asked
from eider.retrieve.rank import rank
from eider.retrieve.request_phrases import without_request, without_requests
from eider.retrieve.visible import View, midnight, visible_rows
from eider.store.arrays import micros

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from eider.language.dates import EventAnchor
    from eider.model.requests_reading import Recall, Search
    from eider.store.engine import Engine
    from eider.store.segment.segment import Segment

    Embed = Callable[[str], NDArray[np.float32]]

USER: Final = 0
AGENT: Final = 1
"""Codes of the roles a pronoun can mean."""

MOST_TERMS: Final = 64
"""Distinct terms of a question that are looked up, the rarest first: a pasted page is no better a question for
being long, and each term costs time. LoCoMo's questions have at most 14."""

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
_AUXILIARY: Final = r"\b(?:did|does|do|has|have|had|is|are|was|were|would|will|could|can|should|might|may|didn't|doesn't|don't|hasn't|isn't)\s+"
_YOU: Final = re.compile(
    _AUXILIARY
    + r"(you)\b|\byou (?:said|told|suggest\w*|recommend\w*|mention\w*|advis\w*|propos\w*|gave|give|wrote|think|thought)"
    r"|\byour (?:advice|suggestion|recommendation|tip|idea|answer|view|opinion|take|verdict|proposal)"
    r"|(?<=\w)st du\b|\bdu (?:hast|hattest|sagtest|meintest|warst|empf\w+)|\bdein(?:e|en|em|er)? (?:rat|tipp|vorschlag|empfehlung|meinung)"
    r"|\b(?:as|avais|aurais)-tu\b|\btu (?:m'as|m’as|as|avais|m'avais|disais|proposais|conseill\w+)\b|\bt[ou]n? (?:conseil|avis|idée)"
    r"|\b\w+[ai]ste\b|\btu (?:consejo|recomendación|opinión|sugerencia|propuesta)|\bme (?:has|habías)\b|你(?:说|建议|推荐|提|告诉|觉得|认为|给)",
    re.IGNORECASE,
)
_I: Final = re.compile(
    _AUXILIARY + r"(i|we)\b|\bi (?:said|told|mention\w*|decid\w*|want\w*|plan\w*|ask\w*|bought|was|am|have|had|did)\b"
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
_TALK_SHARE: Final = 0.25
"""What a word about the talk itself counts beside others; with it, what "list in order what I said of" leaves decides."""
_INNER_NAME: Final = re.compile(r"(?<=[a-z0-9,;:'\")] )[A-ZÀ-Þ][\w'-]+|\b[A-Z][a-z]*[A-Z0-9]\w*|\"[^\"]{3,60}\"")
_NUMBER: Final = re.compile(r"\d[\w.]*")
_DAYS_FIRST: Final = 3
"""Longest period, in days, whose lines come before all others: a day, a weekend."""
_EVENT_REACH: Final = 60
"""Days before or after an anchoring event ("before the trip") that are looked at. A guess."""
_WHOLE: Final = 0.99
"""Coverage of a line that has every word of a phrase."""
_TWO: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """What is asked, in the terms of one segment; valid until that segment changes."""

    text: str
    terms: NDArray[np.int32]
    """Numbers of its terms in order, names of speakers left out; -1 where the segment has no such term. Empty for
    a text too long to be a quotation."""
    distinct: NDArray[np.int32]
    """Each known term once, in order of first use, the rarest `MOST_TERMS` of them."""
    idf: NDArray[np.float32]
    """Weight of each distinct term."""
    mass: float
    """Sum of idf over all distinct terms, unknown ones included: what full coverage would be."""
    worth: Mapping[int, float]
    """Weight of each known term, by hash: what a passage is worth that has it."""
    named: NDArray[np.int32]
    """Numbers of the terms that are speakers' names."""
    speakers: tuple[int, ...] = ()
    """Codes of the speakers it names."""
    subject: int = -1
    """Code of the one speaker it is about, -1 if none."""
    role: int = -1
    """`USER` or `AGENT` where a pronoun says whose words are wanted, else -1."""
    wants: frozenset[str] = frozenset()
    """Kinds of answer: when, number, who, where, travel, why, list; or request."""
    names: NDArray[np.bool_] | None = None
    """Which distinct terms stand in names and quotations within the question."""
    digits: NDArray[np.bool_] | None = None
    """Which distinct terms are numbers."""
    window: Window | None = None
    """Days it asks about."""
    span: tuple[int, int] | None = None
    """Beginning and end of those days in the asker's zone, microseconds since 1970, UTC."""
    days_first: bool = False
    """Whether the lines of those days come before all others: it asks for a day, or for nothing but a period."""
    past: Window | None = None
    """Days of the past whose state it asks about; None where it asks how things stand."""
    vector: NDArray[np.float32] | None = None
    """Unit vector of the text without speakers' names."""
    fingerprint: int = 0
    now: int = 0
    """Microseconds since 1970, UTC."""

    @classmethod
    def read(
        cls, text: str, segment: Segment, *, today: date, now: int = 0, tz: str = "UTC", embed: Embed | None = None
    ) -> Question:  # fmt: skip
        """Read a question against a segment.

        Args:
            text: As asked.
            segment: Whose terms, weights and speakers apply.
            today: The asker's local date, for "last week".
            now: The instant of asking, microseconds since 1970, UTC; 0 leaves age out of the ranking.
            tz: The asker's zone, in which days begin.
            embed: Turns the text, rid of speakers' names, into a unit vector; None ranks without meaning.
        """
        matter = without_request(text)
        names = speakers_named(matter, segment)
        bare = without_names(matter, [n for found in names.values() for n in found])
        numbers = segment.postings.number
        hashes = analysis.terms(bare, numbers).tolist()
        order = dict.fromkeys(hashes)
        known = [h for h in order if h in numbers]
        distinct = np.array([numbers[h] for h in known], np.int32)
        idf = weights(segment, distinct)
        unknown = float(np.log1p(2.0 * segment.total + 1.0)) * (len(order) - len(known))
        about_talk = np.array([h in _talk() for h in known], np.bool_)
        if not about_talk.all() or unknown:
            idf[about_talk] *= _TALK_SHARE
        rarest = np.sort(np.argsort(-idf, kind="stable")[:MOST_TERMS])
        subject, quoted = _subject(matter, names), hashes if len(hashes) <= MOST_TERMS else []
        wants, dates = _wants(matter.strip()), placed(matter, said_on=today, asked=True)
        window = min((w for _, _, w in dates), key=lambda w: w.days, default=None)
        past = past_asked(text, today=today)
        return cls(
            text=text,
            terms=np.array([numbers.get(h, -1) for h in quoted], np.int32),
            distinct=distinct[rarest],
            idf=idf[rarest],
            mass=float(idf.sum()) + unknown,
            worth=dict(zip(known, idf.tolist(), strict=True)),
            named=_terms_of_names(names, numbers),
            names=_among(distinct[rarest], _INNER_NAME.findall(bare), numbers),
            digits=_among(distinct[rarest], _NUMBER.findall(bare), numbers),
            speakers=tuple(names),
            subject=subject,
            role=-1 if subject >= 0 else _pronoun(matter),
            wants=wants,
            window=window,
            span=None if window is None else (midnight(window.start, tz), midnight(window.end, tz)),
            days_first=window is not None
            and (past is not None or "request" not in wants)
            and (window.days <= _DAYS_FIRST or _talk().issuperset(analysis.terms(_without(bare, today)).tolist())),
            past=past,
            vector=None if embed is None else embed(bare if bare.strip(" ?!.,") else matter),
            fingerprint=analysis.fingerprint(text),
            now=now,
        )


def read_question(engine: Engine, segment: Segment, text: str, request: Recall | Search, view: View) -> Question:
    """Return a question in the terms of a segment, with "before the trip" resolved to days.

    Args:
        engine: Whose embedder is asked.
        segment: The rows.
        text: As asked.
        request: Recall | Search: an event is looked for among what they let through.
        view: Their instants.
    """

    def embed(words: str) -> NDArray[np.float32]:
        return engine.embedder.embed([words], "query")[0]

    today, now = local_date(view.now, view.tz), micros(view.now)
    question = Question.read(text, segment, today=today, now=now, tz=view.tz, embed=embed)
    if question.window is not None or (anchor := event_asked(text)) is None:
        return question
    event = Question.read(anchor.phrase, segment, today=today, now=now, tz=view.tz, embed=embed)
    best = rank(segment, event, visible_rows(segment, request, view), limit=1)
    if not best or best[0].coverage < _WHOLE:
        return question
    days = _days_around(datetime.fromordinal(int(segment.day[best[0].row])).date(), anchor)
    past = days if question.past is not None else None
    span = midnight(days.start, view.tz), midnight(days.end, view.tz)
    return replace(question, window=days, span=span, past=past)


def _days_around(day: date, anchor: EventAnchor) -> Window:
    """The days that are before, during or after an event of that day."""
    reach = timedelta(days=_EVENT_REACH)
    if anchor.relation == "before":
        return Window(start=day - reach, end=day, precision="span")
    if anchor.relation == "during":
        return Window(start=day, end=day + timedelta(days=7), precision="span")
    return Window(start=day, end=day + reach, precision="span")


@cache
def _talk() -> frozenset[int]:
    return analysis.terms_in_every_language(TALK_WORDS)


def _without(text: str, today: date) -> str:
    """A question without the words of its dates."""
    for start, end, _ in reversed(placed(text, said_on=today, asked=True)):
        text = f"{text[:start]} {text[end:]}"
    return text


def _among(distinct: NDArray[np.int32], found: list[str], numbers: dict[int, int]) -> NDArray[np.bool_]:
    """Which of the distinct terms stand in these words."""
    terms = {numbers.get(h, -1) for words in found for h in analysis.terms(words, numbers).tolist()}
    return np.array([t in terms for t in distinct.tolist()], np.bool_)


def _terms_of_names(names: dict[int, list[str]], numbers: dict[int, int]) -> NDArray[np.int32]:
    hashes = analysis.terms(" ".join(word for found in names.values() for word in found), numbers)
    return np.array([numbers[h] for h in hashes.tolist() if h in numbers], np.int32)


def weights(segment: Segment, numbers: NDArray[np.int32]) -> NDArray[np.float32]:
    """Inverse document frequency of terms among the live rows: ln(1 + (N - df + .5) / (df + .5))."""
    df = segment.postings.df[numbers].astype(np.float32)
    return np.log1p((segment.total - df + 0.5) / (df + 0.5)).astype(np.float32)


def speakers_named(text: str, segment: Segment) -> dict[int, list[str]]:
    """Speakers of the segment that a text names, in order of first mention, with the words that name them.

    A name that is also a common word counts only with a capital inside the sentence.
    """
    found: dict[int, list[str]] = {}
    if not segment.speakers:
        return found
    lower = text == text.lower()
    for match in re.finditer(r"[^\W_]+", text):
        word = match.group().casefold()
        capital = match.group()[0].isupper() or lower or not match.group()[0].isascii()
        common = word in STOP_WORDS["en"] and (match.start() == 0 or lower)
        if capital and not common:
            for code in segment.speaker_names.get(word, ()):
                found.setdefault(code, []).append(match.group())
    return found


def without_names(text: str, names: list[str]) -> str:
    """The text with these words, and a possessive after them, taken out.

    >>> without_names("What is Ada's plan?", ["Ada"])
    'What is plan?'
    """
    if not names:
        return text
    pattern = "|".join(re.escape(n) for n in dict.fromkeys(names))
    return re.sub(r"\s{2,}", " ", re.sub(rf"\b(?:{pattern})\b(?:['’]s?\b)?", "", text)).strip()


def _subject(text: str, names: dict[int, list[str]]) -> int:
    """The speaker a question is about: the only one named, or the one whose name follows the auxiliary verb."""
    if len(names) == 1:
        return next(iter(names))
    if len(names) != _TWO or re.search(r"\bboth\b|\b\w+ and \w+ (?:have|both)|\bbeide\b|tous les deux|ambos", text):
        return -1
    for code, words in names.items():
        others = [w for other, ws in names.items() if other != code for w in ws]
        joined = any(
            re.search(rf"\b{re.escape(w)} (?:and|und|et|y) {re.escape(o)}\b", text) for w in words for o in others
        )
        if joined:
            return -1
        if any(re.search(_AUXILIARY + re.escape(w) + r"\b(?!['’]s)", text, re.IGNORECASE) for w in words):
            return code
    return -1


def _wants(text: str) -> frozenset[str]:
    found = {name for name, pattern in _WANTS.items() if pattern.search(text)}
    return frozenset(found if _ASKS.search(text) else found | {"request"})


def _pronoun(text: str) -> int:
    """Whose words are wanted, from the pronoun that is the subject; -1 where none is.

    What asks the agent to do something is no question for its words, unless it speaks of what it said.
    """
    text = without_requests(text)
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

"""A clause said in the first person becomes one sentence in the third: English by grammar, other languages as said."""

from __future__ import annotations

import re
from typing import Final

from eider.language.lexicon import STOP_WORDS
from eider.model.learned import MAX_DRAFT
from eider.understand.statements import modifiers
from eider.understand.statements.terms import canon
from eider.understand.statements.verbs import SPELT, VERBS

_ADVERBS = (
    r"(?:always|never|usually|also|really|just|still|mostly|only|generally|often|typically|currently|now|strongly|much"
    r"|normally|sometimes|rarely|already|actually|definitely|personally|simply|no longer|recently|finally|all|both|tend to)"
)
_MODALS: Final = frozenset("will would can cannot could should must might may shall".split())
_THIRD: Final = {
    "am": "is",
    "are": "is",
    "have": "has",
    "do": "does",
    "was": "was",
    "were": "was",
    "go": "goes",
    "be": "is",
}
_PAST: Final = frozenset(
    "was were had did got went moved made took came gave ran began wrote spoke left lost kept held met built bought sold chose"
    " grew knew saw said told thought found became broke drove ate drank slept led read put set cut hit let quit born".split()
) - {"read", "put", "set", "cut", "hit", "let", "quit"}
_IRREGULAR_ES: Final = ("s", "x", "z", "ch", "sh", "o")


def third_person(verb: str) -> str:
    """The form a verb takes after "the user"; past and modal forms stay.

    >>> [third_person(verb) for verb in ("prefer", "try", "have", "push", "moved", "should")]
    ['prefers', 'tries', 'has', 'pushes', 'moved', 'should']
    """
    low = verb.lower()
    if low in _THIRD:
        return _THIRD[low]
    if low in _MODALS or low in _PAST or (low.endswith("ed") and not low.endswith("eed")):
        return low
    if low.endswith("y") and len(low) > 1 and low[-2] not in "aeiou":
        return low[:-1] + "ies"
    return low + ("es" if low.endswith(_IRREGULAR_ES) else "s")


def sentence(clause: str, *, english: bool = True, decision: bool = False) -> str:
    """One sentence of what a clause says, at most `MAX_DRAFT` characters; empty if it says nothing.

    >>> sentence("No, I'd rather have plain functions")
    'Prefers plain functions.'
    >>> sentence("we use pytest everywhere in this repo")
    'The team uses pytest everywhere in this repo.'
    >>> sentence("my manager is Petra")
    "The user's manager is Petra."
    """
    text = re.sub(r"^[\s>*•–-]+", "", modifiers.tidy(re.sub(r"\s*\n\s*[-*•]?\s*", " ", clause)))
    text = re.sub(r"(?:\s*(?::\)|;\)|:D|[\U0001f300-\U0001faff☀-➿]))+\s*$", "", text)
    text = _opened(text, english=english)
    if not re.search(r"\w", text):
        return ""
    parts = [_opened(part, english=english) for part in re.split(r"(?<=[.!?;])\s+", text)]
    said = [part for part in parts if re.search(r"\w", part)]
    turned = [_rewritten(part, decision=decision and not at) if english else part for at, part in enumerate(said)]
    return _closed([part.strip(" .!?;,。！？；，") for part in turned])


def _opened(text: str, *, english: bool) -> str:
    """The text without what a reply opens with; in English only where something whole is left."""
    before = text
    text = modifiers.lead_off(text)
    if english and re.match(r"(?:let's|let us)\b", before, re.IGNORECASE):
        return before
    while english and (match := _THOUGHT.match(text)):
        text = text[match.end() :]
    return text.strip()


_THOUGHT: Final = re.compile(
    r"(?:i (?:think|believe|guess|mean|said|told you|already said|meant)(?: that)?,? (?=\w)|(?:you )?(?:don't|do not) forget(?: that|,| to)? |as (?:i|we) (?:said|mentioned),? |(?:it is|is) (?:important|worth noting|good to know) that |the thing is(?: that)?,? |for (?:future )?reference[,:]? |in general,? |if you (?:could|can|would),? |from now on,? (?=\w)|going forward,? |in (?:the )?future,? )",
    re.IGNORECASE,
)


def _rewritten(text: str, *, decision: bool) -> str:
    """One English clause in the third person."""
    for pattern, new in _WHOLE:
        found = pattern.sub(new, text, count=1)
        if found != text:
            text = found
            break
    if decision:
        text = re.sub(r"^(?:we are |i am )?going (?=with )", "let's go ", text, count=1, flags=re.IGNORECASE)
        text = _DECIDED.sub("The decision is to ", text, count=1)
    subject = _LEADING.match(text)
    if subject and not re.match(r"(?:the decision|the user|the team)", text, re.IGNORECASE):
        who = subject["who"].lower()
        name = "" if who == "i" else "the team "
        text = name + _turned(subject) + text[subject.end() :]
        text = _AND.sub(
            lambda match: f"{match[1]} {match[2] or ''}{_conjugated(match[3], match['next'])}{match['next'] or ''}",
            text,
        )
        return _persons(text, mine="their" if who == "i" else "the user's")
    text = re.sub(r"^our\s+", "The ", text, flags=re.IGNORECASE)
    text = re.sub(r"^my\s+", "The user's ", text, flags=re.IGNORECASE)
    text = _WHENEVER.sub(lambda match: f"{match[1]} {gerund(match[2])}", text)
    return _persons(text, mine="the user's")


_WHOLE: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), new)
    for pattern, new in (
        (r"^(?:please )?(?:just )?(?:call|address) me(?: as)? (.+)$", r"I go by \1"),
        (r"^i (?:would |'d )?(?:much )?rather (?:not )?(?:have|see|get|use) (?:you )?(?!not)", "I prefer "),
        (r"^i would rather (?:that )?you (?:did not|do not|not) ", "do not "), (r"^i would rather (?:that )?you ", ""), (r"^i would rather not ", "I prefer not to "), (r"^i would rather ", "I prefer to "),
        (r"^i would (?:prefer|like|love|appreciate) (?:it )?if (?:you|we) (?:could )?", "I prefer that you "),
        (r"^i would (?:much )?(?:prefer|like|love|want) ", "I prefer "), (r"^i (?:want|need|expect) you to ", ""), (r"^i (?:do not|never) want you to ", "do not "),
        (r"^(?:you )?(?:must|should|may|can) ?not ", "do not "),
        (r"^you (?:can|may) (?:always )?(?=assume)", ""), (r"^(?:there is|there are) ", "There is "),
    )
)  # fmt: skip
_DECIDED: Final = re.compile(
    r"^(?:let's|let us|we will|we are going to|i will|i am going to|we shall|we have decided to|we decided to|i have decided to|i decided to|decided to|the decision is to|(?:we are |i am )?going to(?= go with)|we agreed to|we have agreed to) ",
    re.IGNORECASE,
)
_LEADING: Final = re.compile(
    rf"^(?P<who>i|we)\s+(?P<adverbs>(?:{_ADVERBS}\s+)*)(?P<not>do not |did not )?(?P<verb>[\w'-]+)", re.IGNORECASE
)
_INNER: Final = re.compile(
    rf"\b(?P<who>I|we|you)\s+(?P<adverbs>(?:{_ADVERBS}\s+)*)(?P<not>do not )?(?P<verb>[\w'-]+)", re.IGNORECASE
)
_AND: Final = re.compile(
    r"\b(and|but|or|then) ((?:always |never |also |usually )?)([a-z]+)\b(?! (?:is|are|was)\b)(?P<next> (?:at|for|as|with|from|on|in|my|the|to)\b)?"
)


def _turned(match: re.Match[str]) -> str:
    """The verb after "I" or "we" as it stands in the third person: never use, never uses."""
    adverbs, verb = match["adverbs"] or "", match["verb"]
    denied = (match["not"] or "").lower()
    if denied:
        return f"{adverbs}{'does' if denied.startswith('do ') else 'did'} not {verb}"
    adverbs = re.sub(r"\btend to\b", "tends to", adverbs)
    if "tends to" in adverbs:
        return f"{adverbs}{verb}"
    return f"{adverbs}{third_person(verb)}"


def _conjugated(verb: str, following: str | None) -> str:
    """The second verb after "and", where it is one beyond doubt."""
    sure = canon(verb) in VERBS and not verb.endswith(("s", "ed", "ing", "er")) and (following or verb not in _NOUNS)
    return third_person(verb) if sure else verb


_NOUNS: Final = frozenset(
    "code name test work design report review plan answer log build note order place group tag train play show change update"
    " format release commit deploy index cache label mark schedule document head lead comment quote cost limit block cap pass read"
    " set put cut hit let support access water drink cook bank book climb start end finish return rent sleep exercise ask call".split()
)


def gerund(verb: str) -> str:
    """The "-ing" form of a verb.

    >>> [gerund(verb) for verb in ("push", "write", "commit", "see")]
    ['pushing', 'writing', 'committing', 'seeing']
    """
    low = verb.lower()
    if low.endswith("e") and not low.endswith(("ee", "oe")):
        return low[:-1] + "ing"
    short = len(low) <= _ONE_SYLLABLE and re.search(r"(?:^|[^aeiou])[aeiou][bdgmnprt]$", low)
    return low + (low[-1] if short or low in {"commit", "submit", "begin", "refer"} else "") + "ing"


_ONE_SYLLABLE: Final = 4
"""Letters up to which a verb is taken to have one syllable."""
_VERB_FORMS: Final = "|".join(sorted(SPELT - {"be", "have", "do", "need", "want", "like", "know"}))
_WHENEVER: Final = re.compile(rf"\b(before|after|when|while|without|whenever) you ({_VERB_FORMS})\b", re.IGNORECASE)


def _acts(word: str) -> bool:
    """Whether a word after "you" is its verb, so that "you" is not an object."""
    low = word.lower()
    return low in _MODALS | _THIRD.keys() | _PAST or canon(low) in VERBS or low.endswith("ed") or bool(_MADE.get(low))


_NAMED: Final = {"i": "the user", "we": "the team", "you": "the agent"}
_MADE: Final = {
    "write": "written", "send": "sent", "make": "made", "produce": "produced", "create": "created", "generate": "generated",
    "build": "built", "draft": "drafted", "give": "given", "show": "shown",
}  # fmt: skip
_EVERYTHING: Final = re.compile(
    rf"\b(everything|anything|all|whatever) you (?:ever )?({'|'.join(_MADE)})\b", re.IGNORECASE
)


def _persons(text: str, *, mine: str) -> str:
    """Every other first and second person of the clause, in the third."""

    def inner(match: re.Match[str]) -> str:
        who = match["who"].lower()
        if who == "you" and not _acts(match["verb"]):
            return match[0]
        return f"{_NAMED[who]} {_turned(match)}"

    text = _EVERYTHING.sub(lambda match: f"{match[1]} {_MADE[match[2].lower()]}", text)
    text = _INNER.sub(inner, text)
    for pattern, new in _REST:
        text = pattern.sub(new, text)
    return re.sub(r"\bmy\b", mine, text, flags=re.IGNORECASE)


_REST: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), new)
    for pattern, new in (
        (r"\b(?:me|myself)\b", "the user"), (r"\bmine\b", "the user's"), (r"\b(?<!-)us(?!-|\w| customers| english| spelling| dollars)\b(?-i:(?<!US))", "the team"), (r"\bourselves\b", "the team"), (r"\bours\b", "the team's"), (r"\bour\b", "the team's"),
        (r"\byour (?=\w)", ""), (r"\bthat you (?=\w)", "that the agent "), (r"\byou\b", "the agent"), (r"\bI\b", "the user"), (r"\bwe\b", "the team"),
    )
)  # fmt: skip


def _closed(parts: list[str]) -> str:
    """The parts as one sentence within the length kept, ended by a full stop."""
    parts = [part for part in parts if part]
    if not parts:
        return ""
    text = parts[0]
    for part in parts[1:]:
        joined = f"{text}; {part if _keeps_case(part) else part[0].lower() + part[1:]}"
        if len(joined) >= MAX_DRAFT:
            break
        text = joined
    if len(text) >= MAX_DRAFT:
        text = _shortened(text)
    first = text.split(" ", 1)[0]
    if not re.search(r"[a-z][A-Z]|_|\d|/|`|\.", first):
        text = text[0].upper() + text[1:]
    return text + ("。" if re.search(r"[\u4e00-\u9fff]$", text) else ".")


def _keeps_case(part: str) -> bool:
    first = part.split(" ", 1)[0]
    if (first.isupper() and len(first) > 1) or re.search(r"[a-z][A-Z]|_|\d", first):
        return True
    return canon(first) not in VERBS and first.lower() not in STOP_WORDS["en"]


def _shortened(text: str) -> str:
    """The text up to its last clause or word within the length kept."""
    cut = text[: MAX_DRAFT - 1]
    clause = max(cut.rfind(mark) for mark in (", ", "; ", " because ", "，", "；"))
    if clause >= MAX_DRAFT // 2:
        return cut[:clause].rstrip(" ,;，；")
    return cut.rsplit(" ", 1)[0].rstrip(" ,;") if " " in cut else cut

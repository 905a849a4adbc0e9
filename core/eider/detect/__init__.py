"""Signals in what the user said: reasons to remember, found by the structure of sentences and no model.

A reply is rid of what is not the user's own words, split into sentences and clauses, and each clause is judged by
mood, person, tense, how often and how long it holds, and by what it sets against the agent's output. Word classes
are data, one module per language in `eider.detect.data`; the rules are the same for all. What a question asks, what
holds for this turn only, what is supposed, quoted, ironic or about someone else is no signal.
"""

from __future__ import annotations

from typing import Final

from eider.detect.own import READ, stretches
from eider.detect.clauses import Clause, Sentence, sentences
from eider.detect.lexicon import guess, lexicon, vocabulary
from eider.detect.rules import RULES, Finding, asks, contrast, third_party, unreal
from eider.learning import Signal

__all__ = ["READ", "SURE", "authored", "detect"]

SURE: Final = 0.75
"""Confidence below which a model is asked where the mode allows: weaker structures are right about two times in three."""
_MOST_KNOWN: Final = 4_000
"""Characters of the agent's output that a reply is read against."""
_MOST_SIGNALS: Final = 24
"""Signals of one reply: who seems to give more reasons at once has pasted a document."""
_ABOUT: Final = 160
"""Characters of the agent's output that a signal quotes."""


def authored(reply: str) -> list[tuple[int, int]]:
    """Where the reply is the user's own words: no code, quotation, log, mail, document, markup or recalled memory.

    At most `READ` characters are read. A word or name in quotation marks or backticks stays in its sentence.

    >>> [("> shall I?\\nYes, always."[a:b]) for a, b in authored("> shall I?\\nYes, always.")]
    ['Yes, always.']
    """
    return stretches(reply)[0]


def detect(reply: str, agent_output: str = "", *, language: str | None = None) -> tuple[Signal, ...]:
    """The signals of a reply, in order, at most one per clause; none where so many are found that it is a document.

    Args:
        reply: As the user sent it; the first `READ` characters are read.
        agent_output: What the agent had said before, against which corrections and praise are read.
        language: Code such as "de"; guessed when None, and English for one without word lists.

    >>> [(s.kind, "Great, and please always add tests."[s.start : s.end]) for s in detect("Great, and please always add tests.")]
    [('directive', 'and please always add tests')]
    """
    spans, mentions = stretches(reply)
    if not spans:
        return ()
    text = _blanked(reply, mentions)
    words = lexicon(language or guess(" ".join(text[start:end] for start, end in spans[:20])))
    said = sentences(text, spans, words)
    known = frozenset(vocabulary(agent_output[:_MOST_KNOWN]))
    found: list[Signal] = []
    ironic = _ironic(said)
    foreign = opened = False
    for sentence in said:
        foreign = foreign and not sentence.fresh
        opened = _opens_correction(sentence) or (opened and not sentence.fresh)
        for clause in sentence.clauses:
            foreign = foreign or _quotes(clause.label)
            if foreign or _reported(clause):
                continue
            result = None if asks(clause, sentence) else _judged(clause, sentence, opened, known, bool(agent_output))
            if result and not (ironic and (result[1] < SURE or result[0] in {"praise", "preference", "fact"})):
                found.append(_signal(clause, result, agent_output, known))
    return tuple(found) if len(found) <= _MOST_SIGNALS else ()


def _blanked(reply: str, mentions: list[tuple[int, int]]) -> str:
    parts: list[str] = []
    at = 0
    for start, end in mentions:
        parts += (reply[at:start], "x" * (end - start))
        at = end
    return "".join([*parts, reply[at:]]) if parts else reply


def _judged(clause: Clause, sentence: Sentence, opened: bool, known: frozenset[str], answered: bool) -> Finding | None:
    if unreal(clause) or third_party(clause):
        return None
    once = sentence.seen & {"ONCE"} and not clause.has("FUTURE", "SCOPE")
    if "HYPO" in sentence.seen or ("IF" in sentence.seen and "WOULD" in sentence.seen and "LIKE" not in sentence.seen):
        return None
    for rule in RULES:
        result = rule(clause, sentence)
        if result:
            if once and (result[0] != "fact" or not _outlasts(clause, sentence)):
                return None
            if opened and result[0] in {"fact", "directive", "preference"} and answered:
                return "correction", max(result[1], SURE), f"contradiction; {result[2]}"
            return result
    if once:
        return None
    result = contrast(clause, sentence, answered=answered, opened=opened, known=known)
    if result is None and opened and answered:
        result = _asked_otherwise(clause)
    return result


def _outlasts(clause: Clause, sentence: Sentence) -> bool:
    """Whether a fact that names the present is about more than the present: a habit, a past, or a mere "here"."""
    return clause.has("SINCE", "LIFE", "USUALLY") or all(
        "HERE" in f for c in sentence.clauses for f in c.classes if "ONCE" in f
    )


def _asked_otherwise(clause: Clause) -> Finding | None:
    """A command with a general object that contradicts what the agent did: "No, write in paragraphs." """
    from eider.detect.rules import generic, head

    at, _ = head(clause)
    if at >= len(clause.words) or not clause.classes[at] & {"DO", "STYLE", "STRONG"} or len(clause.words) - at < 2:
        return None
    if not generic(clause, at) or clause.has("THIS", "ORD", "THE"):
        return None
    return "correction", 0.65, "contradiction; command with a general object"


def _opens_correction(sentence: Sentence) -> bool:
    first = sentence.first
    return first.has("ACTUALLY", "WRONG") or ("NO" in first.classes[0] and "SMALL" not in first.classes[0])


def _quotes(label: frozenset[str]) -> bool:
    """Whether what stands before a colon gives the word to someone else."""
    return bool(label & {"DOC", "SAY", "TASK_DOC"}) and not label & {
        "I",
        "MY",
        "WE",
        "ALWAYS",
        "LIKE",
        "DECIDE",
        "RULE",
        "SCOPE",
    }


def _reported(clause: Clause) -> bool:
    """Whether it gives what somebody else says."""
    said = clause.at("SAY")
    if said < 0 or 0 <= clause.at("WHEN") < said:
        return False
    return not any(not f.isdisjoint(("I", "WE", "MUST")) for f in clause.classes[:said])


def _ironic(said: list[Sentence]) -> bool:
    """Praise beside a mishap, or a turn of phrase that only irony uses."""
    seen = frozenset[str]().union(*(s.seen for s in said)) if said else frozenset[str]()
    if "IRONY" in seen:
        return True
    opener = bool(said) and "GOOD" in said[0].seen and any("GOOD" in f for f in said[0].first.classes[:2])
    return opener and "BAD" in seen and len(said) <= 3


def _signal(clause: Clause, found: Finding, agent_output: str, known: frozenset[str]) -> Signal:
    kind, confidence, reason = found
    about = ""
    if agent_output and (kind in {"correction", "praise"} or any(w in known for w in clause.words if len(w) > 4)):
        about = agent_output[:_ABOUT].strip()
    return Signal(kind=kind, start=clause.start, end=clause.end, confidence=confidence, reason=reason, about=about)

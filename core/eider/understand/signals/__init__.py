"""Signals in what the user said: reasons to remember, found by the structure of sentences and no model.

A reply is rid of what is not the user's own words, split into sentences and clauses, and each clause is judged by
mood, person, tense, how often and how long it holds, and by what it sets against the agent's output. Word classes
are data, one module per language in `eider.understand.signals.data`; the rules are the same for all. What a question asks, what
holds for this turn only, what is supposed, quoted, ironic or about someone else is no signal.
"""

from __future__ import annotations

from typing import Final

from eider.model.learned import Signal
from eider.understand.signals.authorship import READ, stretches
from eider.understand.signals.clauses import Clause, Sentence, sentences
from eider.understand.signals.corrections import Against, contrast, opens, reproach
from eider.understand.signals.directives import directive
from eider.understand.signals.facts import fact
from eider.understand.signals.fragments import fragment
from eider.understand.signals.grammar import Finding, Look, first_of
from eider.understand.signals.lexicon import guess, lexicon, vocabulary
from eider.understand.signals.preferences import decision, praise, preference
from eider.understand.signals.unasserted import asks, gives_the_word, hands_over, ironic, reported, third_party, unreal

__all__ = ["READ", "SURE", "authored", "detect"]

SURE: Final = 0.75
"""Confidence below which a model is asked where the mode allows: weaker structures are right about two times in three."""
_MOST_KNOWN: Final = 4_000
"""Characters of the agent's output that a reply is read against."""
_MOST_SIGNALS: Final = 24
"""Signals of one reply: who seems to give more reasons at once has pasted a document."""
_TELLING: Final = 4
"""Letters above which a word shared with the agent's output tells what it is about."""
RULES: Final[tuple[Look, ...]] = (praise, decision, directive, fragment, preference, fact)
"""In this order: the first that answers decides the kind."""
_ABOUT: Final = 160
"""Characters of the agent's output that a signal quotes."""


def authored(reply: str) -> list[tuple[int, int]]:
    r"""Where the reply is the user's own words: no code, quotation, log, mail, document, markup or recalled memory.

    At most `READ` characters are read. A word or name in quotation marks or backticks stays in its sentence.

    >>> [("> shall I?\nYes, always."[a:b]) for a, b in authored("> shall I?\nYes, always.")]
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
    irony = ironic(said)
    foreign = opened = False
    for sentence in said:
        foreign = foreign and not sentence.fresh
        opened = opens(sentence) or (opened and not sentence.fresh)
        for clause in sentence.clauses:
            foreign = foreign or gives_the_word(clause.label)
            if foreign or reported(clause):
                continue
            result = _judged(clause, sentence, Against(known, opened))
            if result and not (irony and (result[1] < SURE or result[0] in {"praise", "preference", "fact"})):
                found.append(_signal(clause, result, agent_output, known))
        foreign = foreign or hands_over(sentence)
    return tuple(found) if len(found) <= _MOST_SIGNALS else ()


def _blanked(reply: str, mentions: list[tuple[int, int]]) -> str:
    parts: list[str] = []
    at = 0
    for start, end in mentions:
        parts += (reply[at:start], "x" * (end - start))
        at = end
    return "".join([*parts, reply[at:]]) if parts else reply


def _judged(clause: Clause, sentence: Sentence, against: Against) -> Finding | None:
    if asks(clause, sentence) or unreal(clause) or third_party(clause) or _supposed(sentence):
        return None
    once = "ONCE" in sentence.seen and not clause.has("FUTURE", "SCOPE")
    result = reproach(clause, against) or first_of(clause, *RULES)
    if result is None:
        return None if once else contrast(clause, against)
    if once and (result[0] != "fact" or not _outlasts(clause, sentence)):
        return None
    if against.opened and against.known and result[0] in {"fact", "directive", "preference"}:
        return "correction", max(result[1], SURE), f"contradiction; {result[2]}"
    return result


def _supposed(sentence: Sentence) -> bool:
    return "HYPO" in sentence.seen or ({"IF", "WOULD"} <= sentence.seen and "LIKE" not in sentence.seen)


def _outlasts(clause: Clause, sentence: Sentence) -> bool:
    """Whether a fact that names the present is about more than the present: a habit, a past, or a mere "here"."""
    only_here = all("HERE" in f for c in sentence.clauses for f in c.classes if "ONCE" in f)
    return (only_here and clause.has("HABIT")) or clause.has("SINCE", "LIFE", "USUALLY")


def _signal(clause: Clause, found: Finding, agent_output: str, known: frozenset[str]) -> Signal:
    kind, confidence, reason = found
    answers = kind in {"correction", "praise"} or any(w in known for w in clause.words if len(w) > _TELLING)
    about = agent_output[:_ABOUT].strip() if answers else ""
    return Signal(kind=kind, start=clause.start, end=clause.end, confidence=confidence, reason=reason, about=about)

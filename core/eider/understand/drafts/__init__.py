"""From signals to drafts by rule: one sentence each, in the third person, with its evidence.

English is rewritten by grammar; German, French, Spanish and Chinese keep the speaker's own words, because a
sentence as it was said is better than a wrong one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from eider.language.analysis import language, words
from eider.model.learned import Draft, Signal
from eider.model.values import GLOBAL, Episode, Span
from eider.understand.drafts.already_known import is_known
from eider.understand.drafts.attributes import entities_of, importance_of, kind_of, scope_of
from eider.understand.drafts.third_person import sentence, third_person
from eider.understand.drafts.validity import held
from eider.understand.statements import modifiers, read

__all__ = ["derive", "is_known", "sentence", "third_person"]

_READ: Final = 2_000
"""Characters of a clause that are read; a sentence keeps at most `MAX_DRAFT`. A guess."""
_READ_OF_AGENT: Final = 20_000
"""Characters of the agent's output in which a corrected value is looked for. A guess."""
_HESITANT: Final = 0.6
"""What a doubt leaves of a draft's confidence. A guess."""


def derive(
    signals: Sequence[Signal],
    episode: Episode,
    *,
    about: str = "",
    scope: str = GLOBAL,
    known: Collection[str] = (),
) -> tuple[Draft, ...]:
    """What the signals of a reply come to.

    A signal whose clause is not in the episode is refused, and so is one that says nothing by itself.

    Args:
        signals: Found in the episode's text.
        episode: The reply.
        about: What the agent had said before it.
        scope: Where the reply was given; a project named in a clause wins.
        known: Sentences that the host's own files already say; what they say is not drafted.
    """
    drafts: list[Draft] = []
    for signal in sorted(signals, key=lambda each: (each.start, each.end)):
        draft = _draft(signal, episode, about=(signal.about or about)[:_READ_OF_AGENT], scope=scope)
        if draft is None or is_known(draft.text, known):
            continue
        if all(words(draft.text) != words(other.text) for other in drafts):
            drafts.append(draft)
    return tuple(drafts)


def _draft(signal: Signal, episode: Episode, *, about: str, scope: str) -> Draft | None:
    span = _evidence(signal, episode)
    if span is None:
        return None
    clause = episode.text[span.start : min(span.end, span.start + _READ)]
    english = _is_english(clause)
    text = (_corrected(clause, about) if english and signal.kind == "correction" else "") or sentence(
        clause, english=english, decision=signal.kind == "decision"
    )
    if not text or not any(char.isalnum() for char in text):
        return None
    said = read(text.removeprefix(_DECIDED))
    kind = kind_of(signal.kind, text, said)
    period = held(modifiers.tidy(clause), episode)
    doubt = _HESITANT if said.hedged else 1.0
    draft = Draft(
        kind=kind, text=text, signal=signal.kind, evidence=(span,), subject=_subject(said.subject, kind, english=english), attribute=said.attribute,
        scope=scope_of(clause, scope), entities=entities_of(text, nouns_capital=not english and language(words(clause)) == "de"), importance=importance_of(text),
        confidence=max(0.0, min(1.0, signal.confidence)) * doubt, retracts=said.ended and not said.successor,
    )  # fmt: skip
    return replace(
        draft, valid_from=period.since, valid_to=period.until, from_precision=period.since_precision, to_precision=period.until_precision
    )  # fmt: skip


def _evidence(signal: Signal, episode: Episode) -> Span | None:
    """The clause within the episode, less the spaces around it; None if it is not in it."""
    if not 0 <= signal.start < signal.end <= len(episode.text):
        return None
    clause = episode.text[signal.start : signal.end]
    start = signal.start + len(clause) - len(clause.lstrip())
    end = signal.start + len(clause.rstrip())
    return Span(episode=episode.id, start=start, end=end) if start < end else None


def _is_english(clause: str) -> bool:
    """Whether the clause is to be rewritten by English grammar."""
    if re.search(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0400-\u04ff\u0600-\u06ff]", clause):
        return False
    found = words(clause)
    if (
        re.search(r"\b(?:I|I'm|I'd|we|our|my|the|please|use|don't|is|never|always)\b", clause)
        and language(found) == "en"
    ):
        return True
    return language(found) == "en" and not re.search(
        r"\b(?:ich|wir|je|nous|yo|mein|mi|mon|usa|utilise|nutze|siempre|immer|toujours|nunca|jamais|nie)\b",
        clause,
        re.IGNORECASE,
    )


_DECIDED: Final = "The decision is to "


def _subject(subject: str, kind: str, *, english: bool) -> str:
    if kind == "rule" and (not english or not subject):
        return "agent"
    if kind == "decision" and subject in {"agent", ""}:
        return "team"
    return subject or "user"


_NOT: Final = re.compile(
    r"^(?:no[,.;:!]?\s+)?(?:(?:it|that|this|he|she)(?:'s| is| was| should be| needs to be)\s+)?(?P<new>[^,;.]+?),?\s+(?:and\s+)?not\s+(?P<old>[^,;.!]+)[.!]?$",
    re.IGNORECASE,
)


def _corrected(clause: str, about: str) -> str:
    """The agent's own sentence with the wrong value put right, where "it's X, not Y" answers it; else empty."""
    match = _NOT.match(modifiers.lead_off(modifiers.tidy(clause)))
    if match is None or not about:
        return ""
    old, new = match["old"].strip(), match["new"].strip()
    if len(new.split()) > 6 or re.match(r"(?:use|do|we|i|my|our)\b", new, re.IGNORECASE):  # noqa: PLR2004 (a value, no clause)
        return ""
    for told in re.split(r"(?<=[.!?])\s+|\n+", modifiers.tidy(about)):
        place = re.search(rf"(?<!\w){re.escape(old)}(?!\w)", told, re.IGNORECASE)
        if (
            place
            and re.search(r"\b(?:is|are|was|has|runs|lives|uses)\b", told)
            and not re.match(r"(?:i|we)\b", told, re.IGNORECASE)
        ):
            own = re.sub(
                r"\byour\b", "the user's", told[: place.start()] + new + told[place.end() :], flags=re.IGNORECASE
            )
            return sentence(own)
    return ""

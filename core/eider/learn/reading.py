"""What a reply holds that lasts: findings of the reader as signals, and signals as drafts in the reply's own words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from eider.learn.exchange import Exchange
from eider.learn.validity import held
from eider.model.learned import Draft, Signal
from eider.model.validation import MAX_STATEMENT
from eider.model.values import GLOBAL, TRUST, Span
from eider.privacy.redact import redact
from eider.records.scope_names import holds_everywhere, holds_here, project_named
from eider.understand import cues
from eider.understand.already_known import is_known
from eider.understand.reader import proposed, read_reply

READ: Final = 20_000
"""Characters of the agent's output that a reply is read against: its end says what it proposed."""
_READ_REPLY: Final = 100_000
"""Characters of a reply that are read: the first and the last half of so many."""
_EVERYWHERE: Final = frozenset({"everywhere", "person"})
_STANDING: Final = 4
"""Importance of a rule that says that it always holds; 3 is common."""


def signals_of(exchange: Exchange) -> tuple[Signal, ...]:
    """Return what the reply holds, by the reader alone; a reply that no person typed holds nothing."""
    if TRUST[exchange.reply.origin] < 1:
        return ()
    output, text = exchange.output, exchange.reply.text
    skipped = max(0, len(output) - READ)
    return tuple(
        Signal(
            kind=finding.kind, start=start, end=end, confidence=round(finding.probability, 4), reason="read in the reply",
            act=finding.act, reach=finding.reach, zone=finding.zone,
            about=None if finding.answers is None else (finding.answers[0] + skipped, finding.answers[1] + skipped),
        )
        for finding in read_reply(text, output[skipped:])
        for start, end in finding.spans
        if finding.act != "praise" or finding.zone == "learn"  # nobody wants to be asked whether they were pleased
    )  # fmt: skip


def drafts_of(signals: Sequence[Signal], exchange: Exchange) -> tuple[Draft, ...]:
    """Return what signals come to: the words to the letter, when and where they hold, and what they answer.

    A confirmation keeps what it confirms, in the agent's words, and is trusted no more than the agent. What the host's
    own files say already is left out.
    """
    drafts = [_draft(signal, exchange) for signal in sorted(signals, key=lambda s: (s.start, s.end))]
    return tuple(d for d in drafts if d is not None and not is_known(d.text, exchange.known))


def _draft(signal: Signal, exchange: Exchange) -> Draft | None:
    reply, agent = exchange.reply, exchange.agent
    quoted, evidence = reply.text[signal.start : signal.end], Span(episode=reply.id, start=signal.start, end=signal.end)
    answers = None
    if agent is not None and signal.about is not None:
        answers = Span(episode=agent.id, start=signal.about[0], end=signal.about[1])
    spans: tuple[Span, ...] = (evidence,)
    if signal.act == "confirm":
        if answers is None or agent is None:
            return None
        signal, answers = _confirmed(signal, answers, agent.text)
        quoted, spans = agent.text[answers.start : answers.end], (answers, evidence)
    if not quoted.strip() or len(quoted) > MAX_STATEMENT or redact(quoted) != quoted:
        return None  # cut out of its sentence it reads as a secret: it stays in the utterance alone
    period = held(quoted, reply)
    found = cues.find(quoted, cues.guess_language(reply.text))
    least = min(TRUST[reply.origin], TRUST[agent.origin] if signal.act == "confirm" and agent else TRUST["user"])
    return Draft(
        kind=signal.kind, text=quoted, evidence=spans, act=signal.act, reach=signal.reach, zone=signal.zone,
        answers=answers, answered=_answered(signal, exchange), scope=_scope(signal, quoted, exchange), confidence=max(0.0, min(1.0, signal.confidence)),
        importance=_STANDING if signal.kind == "rule" and found & cues.bit("standing") else 3, trust=least,
        valid_from=period.since, valid_to=period.until, from_precision=period.since_precision,
        to_precision=period.until_precision,
    )  # fmt: skip


def _confirmed(signal: Signal, answers: Span, text: str) -> tuple[Signal, Span]:
    """What the agent's words propose to keep, read for what they are: the yes says nothing of their kind."""
    asked = text[answers.start : answers.end]
    start, end = proposed(asked)
    found = read_reply(asked[start:end])
    kind, reach = (found[0].kind, found[0].reach) if found else ("fact", signal.reach)
    span = replace(answers, start=answers.start + start, end=answers.start + end)
    return replace(signal, kind=kind, reach=reach), span


def _answered(signal: Signal, exchange: Exchange) -> str:
    """The agent's words that a correction or a bare answer is about."""
    if signal.act != "state" or signal.about is None or exchange.agent is None:
        return ""
    return exchange.agent.text[slice(*signal.about)]


def _scope(signal: Signal, quoted: str, exchange: Exchange) -> str:
    """Where it holds: where the caller says, in the project it names, everywhere, or where the work is."""
    if exchange.fixed:
        return exchange.scope
    if (named := project_named(quoted)) is not None:
        return named
    everywhere = (signal.reach in _EVERYWHERE or holds_everywhere(quoted)) and not holds_here(quoted)
    everywhere = everywhere and signal.act != "revoke"  # what is taken back was said somewhere
    return GLOBAL if everywhere else exchange.scope

"""One exchange: what was said, ready to be kept, and what of the user's reply lasts, in the reply's own words.

What the reader finds are signals; a signal becomes a draft, which says when and where it holds and what it answers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final, NamedTuple

from eider.language.dates import Window, mentions
from eider.model.changes import ChangeSet
from eider.model.clock import day_start, local_date
from eider.model.learned import Draft, Signal, Verdict
from eider.model.requests_learning import Observe
from eider.model.validation import MAX_STATEMENT
from eider.model.values import GLOBAL, TRUST, Episode, Precision, Span
from eider.privacy.ingress import Clean
from eider.privacy.redact import redact, redact_name
from eider.records.record import episode_of
from eider.records.scope_names import holds_everywhere, holds_here, project_named
from eider.records.scope_registry import scope_for
from eider.store.engine import Engine
from eider.understand import cues
from eider.understand.already_known import is_known
from eider.understand.features import content_words
from eider.understand.reader import proposed, read_reply
from eider.understand.sentences import is_east_asian

READ: Final = 20_000
"""Characters of the agent's output that a reply is read against: its end says what it proposed."""
_READ_REPLY: Final = 100_000
"""Characters of a reply that are read: the first and the last half of so many."""
_OWN_WORDS: Final = 2
"""Words with a meaning from which a yes says by itself what it agrees to. A guess."""
_EVERYWHERE: Final = frozenset({"everywhere", "person"})
_STANDING: Final = 4
"""Importance of a rule that says that it always holds; 3 is common."""
_FROM: Final = re.compile(
    r"\b(?P<since>since|seit|depuis|desde)\s+(?P<a>[^,.;]{2,40})"
    r"|\b(?P<ahead>from|starting(?: from| on| in)?|as of|beginning|effective|ab|à partir d[eu]|a partir de|starting with)\s+(?P<b>[^,.;]{2,40})|(?:从|自)(?P<c>[^，。；]{2,12}?)(?:起|开始)",
    re.IGNORECASE,
)
_UNTIL: Final = re.compile(
    r"\b(?:until|till|til|through|up to|bis(?: zum| ende)?|jusqu'(?:à|au|en)|jusqu (?:à|au)|hasta(?: el)?)\s+(?P<a>[^,.;]{2,40})|(?:直到|到)(?P<b>[^，。；]{2,12}?)(?:为止|之前)",
    re.IGNORECASE,
)
_YEAR: Final = re.compile(r"\s*(?:the (?:end|start) of )?((?:19|20)\d\d)\b")
_PRECISIONS: Final[dict[str, Precision]] = {"day": "day", "month": "month", "year": "year"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What was said, and what it is about."""

    episodes: tuple[Episode, ...]
    reply: Episode
    """The user's reply, or its first part; the last thing said."""
    agent: Episode | None
    """The agent's words that the reply answers."""
    context: str
    scope: str
    """Where the work is; what is said of the person or of all work holds everywhere."""
    fixed: bool = False
    """The caller named the scope, so all that is learned belongs there."""
    known: tuple[str, ...] = ()
    unsettled: bool = False
    """A model may still be asked where it applies."""
    kept: frozenset[str] = frozenset()
    """Ids of utterances that a host had recorded already."""

    @property
    def output(self) -> str:
        """The agent's words, empty where there are none."""
        return "" if self.agent is None else self.agent.text


def exchange_of(engine: Engine, accepted: Clean[Observe]) -> Exchange:
    """Return what was said, as utterances: those that a host had recorded already under the same keys are taken as they are."""
    return exchanges_of(engine, [accepted])[0]


def exchanges_of(engine: Engine, accepted: Sequence[Clean[Observe]]) -> list[Exchange]:
    """Return several exchanges of one user; what was recorded of them is looked up together."""
    made = [[episode_of(one) for one in each.records] for each in accepted]
    keyed = {e.key: e for episodes in made for e in episodes if e.key is not None}
    now = engine.now()
    asked = [
        ChangeSet(user=e.user, op="record", actor=accepted[0].channel.name, at=now, key=key) for key, e in keyed.items()
    ]
    done = zip(keyed, engine.store.commits.repeated_all(asked), strict=True)
    kept = {key: one.episodes[0] for key, one in done if one is not None and one.episodes}
    return [_exchange(engine, each, own, kept) for each, own in zip(accepted, made, strict=True)]


def _exchange(
    engine: Engine, accepted: Clean[Observe], made: Sequence[Episode], kept: Mapping[str, Episode]
) -> Exchange:
    request, records = accepted.request, accepted.records
    linked = [e if e.key is None else kept.get(e.key, e) for e in made]
    outputs = [e for e, one in zip(linked, records, strict=True) if one.request.role == "agent"]
    reply = next(e for e, one in zip(linked, records, strict=True) if one.request.role == "user")
    where = request.scope if request.scope is not None else request.ambient_scope
    scope, unsettled = scope_for(
        engine, request.user, accepted.channel.agent, explicit=where, context=request.context or "", statement=reply.text
    )  # fmt: skip
    return Exchange(
        episodes=tuple(linked), reply=reply, agent=outputs[0] if outputs else None, context=request.context or "",
        scope=redact_name(scope), fixed=request.scope is not None, unsettled=unsettled, known=tuple(request.known),
        kept=frozenset(e.id for e in linked) - {e.id for e in made},
    )  # fmt: skip


# ---------------------------------------------------------------------- what lasts


@dataclass(frozen=True, slots=True, kw_only=True)
class Thought:
    """What was noticed in an exchange, before it is held against what is known."""

    signals: tuple[Signal, ...] = ()
    drafts: tuple[Draft, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    sources: tuple[str, ...] = ()
    """Models and versions of prompts that had a part in it."""


def notice(exchange: Exchange) -> Thought:
    """Return what the reply holds that lasts, as read without a model."""
    signals = signals_of(exchange)
    return Thought(signals=signals, drafts=drafts_of(signals, exchange)) if signals else Thought()


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

    A confirmation that says nothing by itself keeps what it confirms, in the agent's words, and is trusted no more than
    the agent. What the host's own files say already is left out.
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
    if signal.act == "confirm" and _says_itself(quoted):
        signal = replace(signal, act="state")
    if signal.act == "confirm":
        if answers is None or agent is None:
            return None
        signal, answers = _read_confirmed(signal, answers, agent.text)
        quoted, spans = agent.text[answers.start : answers.end], (answers, evidence)
    if not quoted.strip() or len(quoted) > MAX_STATEMENT or redact(quoted) != quoted:
        return None  # cut out of its sentence it reads as a secret: it stays in the utterance alone
    period = validity_of(quoted, reply)
    found = cues.find(quoted, cues.guess_language(reply.text))
    least = min(TRUST[reply.origin], TRUST[agent.origin] if signal.act == "confirm" and agent else TRUST["user"])
    return Draft(
        kind=signal.kind, text=quoted, evidence=spans, act=signal.act, reach=signal.reach, zone=signal.zone,
        answers=answers, answered=_answered_words(signal, exchange), scope=_scope(signal, quoted, exchange), confidence=max(0.0, min(1.0, signal.confidence)),
        importance=_STANDING if signal.kind == "rule" and found & cues.bit("standing") else 3, trust=least,
        valid_from=period.since, valid_to=period.until, from_precision=period.since_precision,
        to_precision=period.until_precision,
    )  # fmt: skip


def _says_itself(text: str) -> bool:
    """Return whether a yes says in the user's own words what holds: "yes, migrations only by Dana"; else the agent's words say it."""
    light = ("that", "yes", "praise", "standing", "remember", "please", "thanks")
    own = [word for word in content_words(text) if not cues.has(cues.find(word), *light)]
    return len(own) >= _OWN_WORDS and not cues.has(cues.find(text), "remember") and not is_east_asian(text)


def _read_confirmed(signal: Signal, answers: Span, text: str) -> tuple[Signal, Span]:
    """What the agent's words propose to keep, read for what they are: the yes says nothing of their kind."""
    asked = text[answers.start : answers.end]
    start, end = proposed(asked)
    found = read_reply(asked[start:end])
    kind, reach = (found[0].kind, found[0].reach) if found else ("fact", signal.reach)
    span = replace(answers, start=answers.start + start, end=answers.start + end)
    return replace(signal, kind=kind, reach=reach), span


def _answered_words(signal: Signal, exchange: Exchange) -> str:
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


# ---------------------------------------------------------------------- when it holds


class Validity(NamedTuple):
    """A period in the world, half-open, each end with its precision."""

    since: datetime | None = None
    until: datetime | None = None
    since_precision: Precision = "instant"
    until_precision: Precision = "instant"


def validity_of(clause: str, episode: Episode) -> Validity:
    """When a clause says that it holds, read on the day and in the zone of its speaker."""
    today = local_date(episode.at, episode.tz)

    def at(match: re.Match[str] | None, *, ahead: bool) -> Window | None:
        phrase = (
            next((group for name, group in match.groupdict().items() if group and len(name) == 1), "") if match else ""
        )
        if not match or not phrase:
            return None
        if year := _YEAR.match(phrase):
            phrase = f"in {year[1]} "
        readings = (f"will {phrase}", f"will {match[0]}") if ahead else (f"since {phrase}", match[0])
        return next((found[0] for reading in readings if (found := mentions(reading, said_on=today))), None)

    begin = _FROM.search(clause)
    end = _UNTIL.search(clause)
    first = at(begin, ahead=begin is not None and begin["since"] is None)
    last = at(end, ahead=True)
    if first is None and last is None and cues.find(clause, cues.guess_language(clause)) & cues.bit("past"):
        found = mentions(clause, said_on=today)  # "I moved last week": when it began; that it is over is not said
        first = found[0] if found and found[0].start < today else None
    stop = (
        None
        if last is None
        else last.end
        if last.precision in {"day", "week"} or last.precision == "span"
        else last.start
    )
    if first is not None and stop is not None and stop <= first.start:
        stop = None
    return _period(first, stop, episode, last)


def _period(first: Window | None, stop: object, episode: Episode, last: Window | None) -> Validity:
    until = day_start(stop, episode.tz) if isinstance(stop, date) else None
    return Validity(
        since=day_start(first.start, episode.tz) if first else None,
        until=until,
        since_precision=_PRECISIONS.get(first.precision, "day") if first else "instant",
        until_precision=_PRECISIONS.get(last.precision, "day") if last and until else "instant",
    )

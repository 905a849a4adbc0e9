"""What a model adds to what was noticed by rule: signals, wording, targets and verdicts, each checked before it counts.

A model proposes and structure disposes: a quotation must be in the user's own words, a statement must rest on them
(`eider.understand.grounding`), a memory can be named only by the number it was shown under. What fails a check is dropped; where
nothing of an answer is left, the answer counts as none. Nothing is written here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from eider.language.analysis import words
from eider.model.errors import ModelError
from eider.model.learned import SIGNAL_KINDS, Draft, Signal, Verdict
from eider.model.llm import Model, Prompt
from eider.model.values import GLOBAL, KINDS, Memory, Span
from eider.understand.drafts import derive, is_known
from eider.understand.drafts.attributes import entities_of
from eider.understand.grounding import grounded, quoted
from eider.understand.reconcile.rules import ruled
from eider.understand.reconcile.verdict import paired
from eider.understand.signals import SURE, authored

if TYPE_CHECKING:
    from eider.learn.observe import Exchange, Thought
    from eider.store.agent_settings import Mode

T = TypeVar("T")
PATIENCE: Final = 25.0
"""Seconds all questions about one exchange may take while somebody waits: a client gives up after thirty."""
BELIEVED: Final = 0.5
"""Confidence below which what a model found is not kept. A guess."""
_TARGETED: Final = 0.6
"""Confidence from which a correction is about the memory a model names. A guess."""
_FEW: Final = 4
"""Words from which a reply that nothing was noticed in may still hold something."""
_HAN: Final = 6
"""The same in characters, for languages without spaces."""
_PAIRS: Final = 12
"""Pairs of statements asked about at most for one exchange."""
_OUTPUT: Final = 3_000
_REASON: Final = 200

Near = Callable[[str, str], Sequence[Memory]]
"""Statement and scope → current memories near it, best first."""


@dataclass(slots=True)
class _Asking:
    """One exchange, the model asked about it, and how long it may all take."""

    model: Model
    exchange: Exchange
    until: float | None
    own: str = field(init=False)
    """The user's own words, what was pasted or quoted left out."""
    asked: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        text = self.exchange.reply.text
        self.own = "\n".join(text[start:end] for start, end in authored(text))

    @property
    def output(self) -> str:
        return self.exchange.output[:_OUTPUT]

    def ask(self, prompt: Prompt[T]) -> T:
        """Ask, within the time that is left."""
        if self.until is not None:
            left = self.until - time.monotonic()
            if left <= 0:
                raise ModelError(
                    f"{self.model.name} took longer than {PATIENCE:.0f} s in all; it is asked again later."
                )
            prompt = replace(prompt, seconds=left)
        answer = self.model.ask(prompt)
        self.asked.append(prompt.source)
        return answer

    def source(self, prompt: Prompt[Any]) -> str:
        """Which model and prompt said something."""
        return f"{self.model.name} {prompt.source}"


def think(
    model: Model, mode: Mode, exchange: Exchange, found: Thought, neighbours: Near, *, seconds: float | None = PATIENCE
) -> Thought:
    """What was noticed by rule, with what a model adds to it in this mode.

    Args:
        model: Who is asked.
        mode: "frugal" asks nobody; "balanced" asks where rules are silent or unsure; "eager" always.
        exchange: What was said, redacted.
        found: What rules noticed.
        neighbours: Finds what a statement is held against.
        seconds: What all of it may take; None leaves it to the model's own deadline.

    Raises:
        ModelError: A question was not answered usably; nothing of the rest counts then.
    """
    asking = _Asking(model, exchange, None if seconds is None else time.monotonic() + seconds)
    if mode == "frugal" or not asking.own.strip():
        return found
    if mode == "eager" or _doubtful(asking.own, found.signals):
        found = _heard(asking, found, mode)
    if mode == "eager":
        found = _validated(asking, found)
        found = replace(found, drafts=tuple(_attributed(asking, draft, neighbours) for draft in found.drafts))
    # Praise last: it may find nothing to praise and be dropped, and verdicts name drafts by their place.
    drafts = tuple(sorted(found.drafts, key=lambda draft: draft.signal == "praise"))
    verdicts = _verdicts(asking, drafts, neighbours)
    said_by = (f"{model.name} {', '.join(dict.fromkeys(asking.asked))}",) if asking.asked else ()
    return replace(found, drafts=drafts, verdicts=verdicts, sources=said_by)


def standing(model: Model, directions: Sequence[str], *, seconds: float | None = PATIENCE) -> list[str]:
    """Directions that are meant to stand: those a model is sure only hedge are left out.

    Raises:
        ModelError: It was not answered usably.
    """
    from eider.providers.prompts import validation

    question = replace(validation.prompt(directions), seconds=seconds)
    hedged = {v.direction for v in model.ask(question).verdicts if not v.stands and v.confidence >= SURE}
    return [text for n, text in enumerate(directions, 1) if n not in hedged]


def _doubtful(own: str, signals: Sequence[Signal]) -> bool:
    """Whether rules are unsure of what they found, or found nothing in what may well hold something."""
    if signals:
        return any(signal.confidence < SURE for signal in signals)
    told = [line for line in own.replace("？", "?").split("\n") if line.strip() and not line.rstrip().endswith("?")]
    return any(len(line.split()) >= _FEW or (not line.isascii() and len(line.strip()) >= _HAN) for line in told)


# ---------------------------------------------------------------------- signals and their wording


def _heard(asking: _Asking, found: Thought, mode: Mode) -> Thought:
    """Signals a model confirms or adds, each worded; what rules are sure of stays as they word it in balanced mode."""
    from eider.providers.prompts import signal

    exchange = asking.exchange
    question = signal.prompt(asking.own, asking.output, exchange.context)
    answer = asking.ask(question)
    heard: list[Signal] = []
    for one in answer.signals:
        place = quoted(one.quote, exchange.reply.text)
        if place is None or one.kind not in SIGNAL_KINDS or not 0 <= one.confidence <= 1:
            continue
        if one.confidence >= BELIEVED:
            start, end = place
            heard.append(
                Signal(
                    kind=one.kind, start=start, end=end, confidence=one.confidence, reason=asking.source(question),
                    about=exchange.output[:160] if one.kind in {"correction", "praise"} else "",
                )
            )  # fmt: skip
    if answer.signals and not heard and all(quoted(one.quote, exchange.reply.text) is None for one in answer.signals):
        raise ModelError(f"{asking.model.name} quoted what was not said; it is asked again later.")
    sure = [one for one in found.signals if one.confidence >= SURE]
    added = [one for one in heard if not any(_overlap(one, kept) for kept in sure)]
    kept_drafts = [d for d in found.drafts if any(_within(d, one) for one in sure)]
    to_word = [*sure, *added] if mode == "eager" else added
    worded = _worded(asking, to_word, kept_drafts) if to_word else []
    stay = [d for d in kept_drafts if not any(_same_place(d, other) for other in worded)]
    drafts = sorted([*stay, *worded], key=lambda d: d.evidence[0].start)
    return replace(found, signals=tuple(sorted([*sure, *added], key=lambda s: s.start)), drafts=_distinct(drafts))


def _worded(asking: _Asking, signals: Sequence[Signal], ruled_drafts: Sequence[Draft]) -> list[Draft]:
    """Statements for signals; where a model's is missing or fails a check, the one made by rule, if there is one."""
    from eider.providers.prompts import memory

    exchange = asking.exchange
    quotes = [exchange.reply.text[s.start : s.end] for s in signals]
    answer = asking.ask(memory.prompt(asking.own, quotes, asking.output))
    drafts: list[Draft] = []
    done: set[int] = set()
    for one in answer.memories:
        if not 1 <= one.signal <= len(signals) or one.kind not in KINDS or one.signal - 1 in done:
            continue
        signal, quote = signals[one.signal - 1], quotes[one.signal - 1]
        text = " ".join(one.text.split())
        if not grounded(text, quote, asking.own, exchange.output if signal.kind == "correction" else ""):
            continue
        done.add(one.signal - 1)
        if not is_known(text, exchange.known):
            drafts.append(_draft(asking, signal, text, one.kind, one.subject, one.importance))
    if answer.memories and not done:
        raise ModelError(f"{asking.model.name} stated what was not said; it is asked again later.")
    for place, signal in enumerate(signals):
        if place not in done and not any(_within(d, signal) for d in ruled_drafts):
            drafts += _by_rule(asking, signal)
    return drafts


def _draft(asking: _Asking, signal: Signal, text: str, kind: Any, subject: str, importance: int) -> Draft:
    """A model's wording over what rules read off the clause: dates, names, place."""
    rules = _by_rule(asking, signal)
    weight = min(5, max(1, importance))
    if rules:
        return replace(rules[0], text=text, kind=kind, importance=max(weight, rules[0].importance))
    span = Span(episode=asking.exchange.reply.id, start=signal.start, end=signal.end)
    about = " ".join(words(subject)[:3]) or "user"
    return Draft(
        kind=kind, text=text, signal=signal.kind, evidence=(span,), subject=about, scope=asking.exchange.scope,
        entities=entities_of(text), importance=weight, confidence=signal.confidence,
    )  # fmt: skip


def _by_rule(asking: _Asking, signal: Signal) -> tuple[Draft, ...]:
    exchange = asking.exchange
    return derive([signal], exchange.reply, about=asking.output, scope=exchange.scope, known=exchange.known)


def _distinct(drafts: Sequence[Draft]) -> tuple[Draft, ...]:
    return tuple({tuple(words(d.text)): d for d in reversed(drafts)}.values())[::-1]


def _overlap(one: Signal, other: Signal) -> bool:
    return one.start < other.end and other.start < one.end


def _within(draft: Draft, signal: Signal) -> bool:
    return any(span.start < signal.end and signal.start < span.end for span in draft.evidence)


def _same_place(one: Draft, other: Draft) -> bool:
    return any(a.start < b.end and b.start < a.end for a in one.evidence for b in other.evidence)


# ---------------------------------------------------------------------- eager: what is validated and attributed


def _validated(asking: _Asking, found: Thought) -> Thought:
    """Directives that only hedge are dropped."""
    from eider.providers.prompts import validation

    given = [d for d in found.drafts if d.signal == "directive"]
    if not given:
        return found
    quotes = [asking.exchange.reply.text[d.evidence[0].start : d.evidence[0].end] for d in given]
    answer = asking.ask(validation.prompt(quotes))
    hedged = {v.direction for v in answer.verdicts if not v.stands and v.confidence >= SURE}
    dropped = [d for n, d in enumerate(given, 1) if n in hedged]
    return replace(
        found, drafts=tuple(d for d in found.drafts if d not in dropped),
        signals=tuple(s for s in found.signals if s.kind != "directive" or not any(_within(d, s) for d in dropped)),
    )  # fmt: skip


def _attributed(asking: _Asking, draft: Draft, neighbours: Near) -> Draft:
    """A correction finds the memory the agent had got wrong, or wrongly followed."""
    from eider.providers.prompts import attribution

    if draft.signal != "correction" or draft.target is not None:
        return draft
    near = list(neighbours(f"{draft.text} {asking.output[:500]}", draft.scope))
    if not near:
        return draft
    answer = asking.ask(attribution.prompt(asking.own, asking.output, [m.text for m in near]))
    named = [a for a in answer.memories if 1 <= a.memory <= len(near) and a.confidence >= _TARGETED]
    best = max(named, key=lambda a: a.confidence, default=None)
    if best is None or near[best.memory - 1].scope not in {draft.scope, GLOBAL}:
        return draft
    return replace(draft, target=near[best.memory - 1].id)


# ---------------------------------------------------------------------- verdicts


def _verdicts(asking: _Asking, drafts: Sequence[Draft], neighbours: Near) -> tuple[Verdict, ...]:
    """What a model says of the pairs that structure leaves open."""
    from eider.providers.prompts import reconcile

    pairs: list[tuple[int, Memory]] = []
    for place, draft in enumerate(drafts):
        if draft.signal != "praise":
            pairs += [(place, memory) for memory in neighbours(draft.text, draft.scope) if _open(draft, memory)]
    if not pairs:
        return ()
    pairs = pairs[:_PAIRS]
    question = reconcile.prompt([(memory.text, drafts[place].text) for place, memory in pairs])
    verdicts: list[Verdict] = []
    for one in asking.ask(question).verdicts:
        if 1 <= one.pair <= len(pairs) and 0 <= one.confidence <= 1:
            place, memory = pairs[one.pair - 1]
            reason = " ".join(one.reasoning.split())[:_REASON]
            verdicts.append(
                Verdict(draft=place, memory=memory.id, relation=one.relation, confidence=one.confidence, reason=reason, source=asking.source(question))
            )  # fmt: skip
    return tuple(verdicts)


def _open(draft: Draft, memory: Memory) -> bool:
    """Whether the laws leave a pair to a verdict."""
    if memory.scope not in {draft.scope, GLOBAL}:
        return False
    return not ruled(paired(memory, draft, new_at=draft.valid_from)).sure

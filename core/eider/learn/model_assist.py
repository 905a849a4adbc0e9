"""What a model adds to what was noticed by rule: signals, wording, targets and verdicts, each checked before it counts.

A model proposes and structure disposes: a quotation must be in the user's own words, a statement must rest on them
(`eider.understand.grounding`), a memory can be named only by the number it was shown under. What fails a check is dropped; where
nothing of an answer is left, the answer counts as none. Nothing is written here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from eider.learn.exchange import drafts_of
from eider.model.errors import ModelError
from eider.model.learned import Draft, Relation, Signal, Verdict
from eider.model.llm import Model, Prompt
from eider.model.values import KINDS, Memory
from eider.understand.grounding import grounded, own_words, quoted
from eider.understand.pairs import compare_all

if TYPE_CHECKING:
    from eider.learn.exchange import Exchange, Thought
    from eider.store.agent_settings import Mode

T = TypeVar("T")
PATIENCE: Final = 25.0
"""Seconds all questions about one exchange may take while somebody waits: a client gives up after thirty."""
BELIEVED: Final = 0.5
"""Confidence below which what a model found is not kept. A guess."""
_TARGETED: Final = 0.6
"""Confidence from which a correction is about the memory a model names. A guess."""
SURE: Final = 0.75
"""Confidence from which a model's word that a direction only hedges counts. A guess."""
_PAIRS: Final = 12
"""Pairs of statements asked about at most for one exchange."""
_OUTPUT: Final = 3_000
_REASON: Final = 200

Near = Callable[[Draft], Sequence[Memory]]
"""A draft → current memories near it, best first."""


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
        self.own = "\n".join(text[start:end] for start, end in own_words(text))

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
        mode: "frugal" asks nobody; "balanced" asks where the reader or the pair model is unsure; "eager" always.
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
    if mode == "eager" or any(signal.zone == "ask" for signal in found.signals):
        found = _heard(asking, found, mode)
    if mode == "eager":
        found = _validated(asking, found)
        found = replace(found, drafts=tuple(_attributed(asking, draft, neighbours) for draft in found.drafts))
    # Praise last: it may find nothing to praise and be dropped, and verdicts name drafts by their place.
    drafts = tuple(sorted(found.drafts, key=lambda draft: draft.act == "praise"))
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


# ---------------------------------------------------------------------- signals and their wording


def _heard(asking: _Asking, found: Thought, mode: Mode) -> Thought:
    """What a model confirms of the unsure signals, or adds, each worded; what the reader is sure of stays.

    What the reader was unsure of and the model does not name is left.
    """
    from eider.providers.prompts import signal

    exchange = asking.exchange
    question = signal.prompt(asking.own, asking.output, exchange.context)
    answer = asking.ask(question)
    heard: list[Signal] = []
    for one in answer.signals:
        place = quoted(one.quote, exchange.reply.text)
        if place is None or not BELIEVED <= one.confidence <= 1:
            continue
        near = next((s for s in found.signals if _overlap(s, place)), None)
        heard.append(
            replace(near, zone="learn", confidence=max(near.confidence, one.confidence), reason=asking.source(question))
            if near is not None
            else Signal(
                kind=one.kind, act=one.act if one.act != "confirm" else "state", start=place[0], end=place[1],
                confidence=one.confidence, reason=asking.source(question),
                reach="project" if one.kind in {"fact", "decision", "context"} else "everywhere",
            )
        )  # fmt: skip
    if answer.signals and not heard and all(quoted(one.quote, exchange.reply.text) is None for one in answer.signals):
        raise ModelError(f"{asking.model.name} quoted what was not said; it is asked again later.")
    sure = [one for one in found.signals if one.zone == "learn"]
    added = [one for one in heard if not any(_overlap(one, (kept.start, kept.end)) for kept in sure)]
    signals = tuple(sorted([*sure, *added], key=lambda s: (s.start, s.end)))
    drafts = drafts_of(signals, exchange)
    to_word = signals if mode == "eager" else added
    return replace(found, signals=signals, drafts=_worded(asking, drafts, to_word) if to_word else drafts)


def _worded(asking: _Asking, drafts: Sequence[Draft], signals: Sequence[Signal]) -> tuple[Draft, ...]:
    """The drafts with a model's wording beside their words, where there is one that says what was said."""
    from eider.providers.prompts import memory

    places = [n for n, d in enumerate(drafts) if any(_rests_on(d, s) for s in signals) and d.act in {"state", "praise"}]
    if not places:
        return tuple(drafts)
    answer = asking.ask(memory.prompt(asking.own, [drafts[n].text for n in places], asking.output))
    worded = list(drafts)
    for one in answer.memories:
        if not 1 <= one.signal <= len(places) or one.kind not in KINDS or worded[places[one.signal - 1]].wording:
            continue
        draft = worded[places[one.signal - 1]]
        text = " ".join(one.text.split())
        if grounded(text, draft.text, asking.own, asking.exchange.output if draft.answers is not None else ""):
            weight = max(draft.importance, min(5, max(1, one.importance)))
            worded[places[one.signal - 1]] = replace(draft, wording=text, kind=one.kind, importance=weight)
    return tuple(worded)


def _overlap(one: Signal, place: tuple[int, int]) -> bool:
    return one.start < place[1] and place[0] < one.end


def _rests_on(draft: Draft, signal: Signal) -> bool:
    return any(span.start < signal.end and signal.start < span.end for span in draft.evidence)


# ---------------------------------------------------------------------- eager: what is validated and attributed


def _validated(asking: _Asking, found: Thought) -> Thought:
    """Rules that only hedge are dropped."""
    from eider.providers.prompts import validation

    given = [d for d in found.drafts if d.kind == "rule" and d.act == "state"]
    if not given:
        return found
    answer = asking.ask(validation.prompt([d.text for d in given]))
    hedged = {v.direction for v in answer.verdicts if not v.stands and v.confidence >= SURE}
    dropped = [d for n, d in enumerate(given, 1) if n in hedged]
    return replace(
        found, drafts=tuple(d for d in found.drafts if d not in dropped),
        signals=tuple(s for s in found.signals if not any(_rests_on(d, s) for d in dropped)),
    )  # fmt: skip


def _attributed(asking: _Asking, draft: Draft, neighbours: Near) -> Draft:
    """A correction finds the memory the agent had got wrong, or wrongly followed."""
    from eider.providers.prompts import attribution

    if draft.answers is None or draft.act != "state" or draft.target is not None:
        return draft
    near = list(neighbours(replace(draft, text=f"{draft.text} {asking.output[:500]}")))
    if not near:
        return draft
    answer = asking.ask(attribution.prompt(asking.own, asking.output, [m.text for m in near]))
    named = [a for a in answer.memories if 1 <= a.memory <= len(near) and a.confidence >= _TARGETED]
    best = max(named, key=lambda a: a.confidence, default=None)
    if best is None or near[best.memory - 1].scope != draft.scope:
        return draft
    return replace(draft, target=near[best.memory - 1].id)


# ---------------------------------------------------------------------- verdicts


_RELATIONS: Final[dict[str, Relation]] = {"scope_override": "add", "contradiction": "doubt"}
"""What of a model's relations is called otherwise here."""


def _verdicts(asking: _Asking, drafts: Sequence[Draft], neighbours: Near) -> tuple[Verdict, ...]:
    """What a model says of the pairs that the pair model is in doubt of."""
    from eider.providers.prompts import reconcile

    pairs: list[tuple[int, Memory]] = []
    for place, draft in enumerate(drafts):
        if draft.act != "praise" and draft.zone == "learn":
            near = [m for m in neighbours(draft) if m.scope == draft.scope]
            found = compare_all([m.text for m in near], draft.text)
            pairs += [
                (place, m) for m, v in zip(near, found, strict=True) if v.decision == "doubt" or m.id == draft.target
            ]
    if not pairs:
        return ()
    pairs = pairs[:_PAIRS]
    question = reconcile.prompt([(memory.text, drafts[place].text) for place, memory in pairs])
    verdicts: list[Verdict] = []
    for one in asking.ask(question).verdicts:
        if 1 <= one.pair <= len(pairs) and 0 <= one.confidence <= 1:
            place, memory = pairs[one.pair - 1]
            reason = " ".join(one.reasoning.split())[:_REASON]
            relation = _RELATIONS.get(one.relation) or cast("Relation", one.relation)
            verdicts.append(
                Verdict(draft=place, memory=memory.id, relation=relation, confidence=one.confidence, reason=reason, source=asking.source(question))
            )  # fmt: skip
    return tuple(verdicts)

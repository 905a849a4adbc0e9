"""Inject: recall for automatic use. Precise, within a budget, and often silent."""

from __future__ import annotations

from collections.abc import Sequence

from eider import marks
from eider.answers import Injection, Recollection
from eider.engine import Engine
from eider.gate import admit
from eider.recall import fetched, ranked, view_of
from eider.verbs import Inject, Recall


def inject(engine: Engine, request: Inject) -> Injection:
    """The few lines that help with a prompt, marked as recalled; empty when nothing helps."""
    prompt = marks.strip(request.prompt)
    if not prompt.strip():
        return Injection(text="", recollections=(), why="silent: the prompt is empty")
    ask = Recall(user=request.user, query=prompt, scopes=request.scopes, limit=20)
    view = view_of(engine, ask)
    with engine.segments.hold(request.user) as segment:
        found = ranked(engine, segment, ask, view)
        admitted, why = admit(segment, found, prompt)
        chosen = fetched(engine, segment, admitted, request.user, view)
    return _framed(engine, [r for r in chosen if r.trust >= 1], request, why)


def _framed(engine: Engine, chosen: Sequence[Recollection], request: Inject, why: str) -> Injection:
    """As many of the chosen lines as the budget holds, frame included."""
    kept: list[Recollection] = []
    text, tokens = "", 0
    for one in chosen:
        longer = _text([*kept, one])
        size = engine.counter.count(longer)
        if size <= request.budget:
            kept.append(one)
            text, tokens = longer, size
    if chosen and not kept:
        why = f"silent: the best line alone exceeds the budget of {request.budget} tokens"
    engine.usage.shown(request.user, [r.id for r in kept if r.memory is not None])
    taint = min((r.trust for r in kept), default=2)
    return Injection(text=text, recollections=tuple(kept), why=why, taint=taint, tokens=tokens)


def _text(found: Sequence[Recollection]) -> str:
    return marks.mark([_line(r) for r in found], [r.id for r in found])


def _line(found: Recollection) -> str:
    """One line of text: what is kept, dated where it is an utterance."""
    said = " ".join(found.text.split())
    if found.episode is not None:
        return f"- [{found.episode.at:%Y-%m-%d}] {found.episode.speaker}: {said}"
    scope = "" if found.memory is None or found.memory.scope == "global" else f" ({found.memory.scope})"
    return f"- {said}{scope}"

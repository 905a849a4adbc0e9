"""Guidance: what an agent should know before it works for a user, chosen from memories and compiled within a budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from eider.guide.compiler import OPENING, compile_policy, line_in_policy
from eider.guide.policy_by_model import word_by_model
from eider.guide.worth import MOST, pick_rows
from eider.model.answers import Policy
from eider.model.clock import day_start
from eider.model.outcomes import Recalled
from eider.model.requests_learning import PolicyFor
from eider.model.requests_reading import Recall
from eider.model.values import GLOBAL, Episode, Memory
from eider.records.scope_registry import scopes_read
from eider.retrieve.fetch import read
from eider.retrieve.query import read_question
from eider.retrieve.rank import rank
from eider.retrieve.rendering import quotation_of
from eider.retrieve.visible import present
from eider.retrieve.weights import weights_balanced
from eider.store.arrays import KIND_CODE, STATE_CODE, micros
from eider.store.engine import Engine

if TYPE_CHECKING:
    from datetime import datetime

    from eider.privacy.ingress import Channel, Clean
    from eider.store.segment.segment import Segment

BUDGET: Final = 1_200
"""Tokens where a call names none: a page that a model reads without losing the task. A guess."""
_RELATED: Final = 0.35
"""Cosine from which a fact matters to a context although they share no word. A guess above `recall`'s 0.3."""
_KEPT: Final = 256
"""Compiled policies kept per open store."""


def policy(engine: Engine, accepted: Clean[PolicyFor]) -> Policy:
    """The guidance for one user, scope and context; the same bytes until something changes or the day does.

    Raises:
        BudgetExceededError: The request refuses to leave anything out, and not all is within the budget.
    """
    request, channel = accepted.request, accepted.channel
    now = day_start(engine.now().date(), "UTC")
    plain = replace(request, loop=None, scopes=_plain(request.scopes), kinds=_plain(request.kinds))
    place = (request.user, channel.agent, plain, now.date())
    version = engine.version(request.user)
    kept = engine.policies.get(place)
    if kept is not None and kept[0] == version:
        found = kept[1]
    else:
        found = _compile(engine, _with_scopes(engine, request, channel), now)
        found = word_by_model(
            engine, channel.agent, found, context=request.context or "", budget=request.budget or BUDGET
        )
        engine.policies[place] = (version, found)
        while len(engine.policies) > _KEPT:
            engine.policies.pop(next(iter(engine.policies)))
    engine.usage.shown(request.user, [m.id for m in found.memories])
    if request.loop is not None and engine.loops.get(request.loop, request.user).closed_at is None:
        engine.loops.recalls.add(request.user, request.loop, [Recalled(id=m.id, ask=-1) for m in found.memories])
    return found


def _plain(names: Sequence[str] | None) -> tuple[str, ...] | None:
    """From a client they come as a list, which nothing can be kept under."""
    return None if names is None else tuple(names)


def _with_scopes(engine: Engine, request: PolicyFor, channel: Channel) -> PolicyFor:
    """The request with the scopes that its context belongs to, where none are named and the mode infers them."""
    if request.scopes is not None:
        return request
    return replace(request, scopes=scopes_read(engine, request.user, channel.agent, request.context))


def _compile(engine: Engine, request: PolicyFor, now: datetime) -> Policy:
    budget = request.budget or BUDGET
    with engine.segments.hold(request.user) as segment:
        visible = _visible(segment, request, micros(engine.now()))
        related = _relation_to_context(engine, segment, request, visible)
        rows, left = pick_rows(segment, np.flatnonzero(visible), related, micros(now))
        rested = [e for row in rows for e in segment.evidence.get(row, ())]
        ids = [segment.ids[row] for row in rows]
        items = read(engine, segment, [*ids, *rested], request.user)
        left_out = {segment.ids[row]: why for row, why in left.items()}
        dated = {segment.ids[row] for row in rows if segment.windows[row, 0, 1] > 0}
    chosen = [m for i in ids if isinstance(m := items.get(i), Memory)]
    said = {i: e for i, e in items.items() if isinstance(e, Episode)}
    done = compile_policy(
        chosen, engine.counter, budget=budget, exceeded=request.on_budget_exceeded, known=request.existing_instructions,
        opposes=_are_opposed, opening=OPENING,
        lines={m.id: line_in_policy(m, quotation_of(m, said), now, dated=m.id in dated) for m in chosen},
    )  # fmt: skip
    why = f"{len(done.used)} of {len(chosen)} memories in {done.tokens} of {budget} tokens"
    if left_out:
        why += f"; {len(left_out)} others do not bear on the context" if related is not None else ""
    if (over := done.tokens - budget) > 0:
        why += "; pinned memories alone exceed the budget: unpin some, or raise it"
    return Policy(
        text=done.text, memories=done.used, tokens=done.tokens, left_out={**left_out, **done.left_out},
        over_budget=max(0, over), why=why,
    )  # fmt: skip


def _are_opposed(wide: Memory, narrow: Memory) -> bool:
    """Whether a narrower memory states something else of the same matter."""
    from eider.understand.pairs import compare  # loads the language data of learning

    return compare(wide.text, narrow.text).decision in ("close", "doubt")


def _visible(segment: Segment, request: PolicyFor, at: int) -> NDArray[np.bool_]:
    """Current memories of full trust in the scopes asked for; what tools and documents said never guides."""
    mask = segment.alive & segment.is_memory & (segment.state == STATE_CODE["active"])
    mask &= (segment.valid_from <= at) & (segment.valid_to > at) & (segment.trust >= request.least_trust)
    if request.scopes is not None:
        codes = [segment.scopes[s] for s in {*request.scopes, GLOBAL} if s in segment.scopes]
        mask &= np.isin(segment.scope, codes)
    if request.kinds is not None:
        wanted = np.isin(segment.kind, [KIND_CODE[kind] for kind in request.kinds if kind in KIND_CODE])
        mask &= wanted | segment.pinned.astype(np.bool_)
    return mask


def _relation_to_context(
    engine: Engine, segment: Segment, request: PolicyFor, visible: NDArray[np.bool_]
) -> dict[int, tuple[float, bool]] | None:
    """Row → (score in [0, 1] of the best, whether it clearly bears on the context); None without a context."""
    if not request.context or not request.context.strip():
        return None
    ask = Recall(user=request.user, query=request.context[:_READ])
    question = replace(read_question(engine, segment, ask.query, ask, present(engine.now())), window=None)
    weights = weights_balanced(engine.shares.of(request.user))
    found = rank(segment, question, visible, limit=MOST, weights=weights)
    bearing = {r.row: r.score - r.shares.get("kind", 0.0) for r in found}  # what it says, whatever kind it is
    best = max(bearing.values(), default=0.0)
    if best <= 0:
        return {}
    return {r.row: (max(0.0, bearing[r.row] / best), r.coverage > 0 or r.cosine >= _RELATED) for r in found}


_READ: Final = 2_000
"""Characters of a context that are read: its beginning says what it is about."""

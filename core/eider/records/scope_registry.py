"""Which scopes a user's memory knows, which of them a context means, and what has to be registered.

A scope is explicit, else named by the context, else inferred from it, else `global`, which is always in. Frugal mode
infers nothing: it takes what is clear by structure alone and reads everywhere. No model is asked here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from eider.model.changes import ScopeName
from eider.model.values import GLOBAL, Memory
from eider.privacy.redact import redact_name
from eider.records.scope_names import (
    NAMED,
    READ,
    Likeness,
    clearest,
    holds_everywhere,
    is_short,
    known_or_tidy,
    named_in,
    words_in,
)
from eider.store.agent_settings import Settings
from eider.store.arrays import STATE_CODE, micros
from eider.store.engine import Engine

if TYPE_CHECKING:
    from eider.store.segment.segment import Segment

_SAMPLE: Final = 64
"""Memories of a scope whose mean stands for it: its newest."""
_MOST: Final = 200
"""Scopes that a context is held against: those with most in them."""


def scope_for(
    engine: Engine, user: str, agent: str, *, explicit: str | None, context: str, statement: str = ""
) -> tuple[str, bool]:
    """Where what is said applies, and whether a model may still be asked about it; nobody is asked here.

    Args:
        engine: The open store.
        user: Whose memory.
        agent: Who learns.
        explicit: The scope that was passed.
        context: What the work is about.
        statement: What was said.
    """
    if explicit is None and (not context.strip() or holds_everywhere(statement[:READ])):
        return GLOBAL, False
    about = engine.agents.of(agent)
    if explicit is not None:
        return known_name(engine, user, about, explicit), False
    known = scope_names(engine, user, about)
    if (named := named_in(context, known, dynamic=about.dynamic_scopes)) is not None:
        return known_name(engine, user, about, named), False
    if about.mode == "frugal":
        return GLOBAL, False
    clear = clearest(_scores(engine, user, context, known))
    askable = bool(known) or about.dynamic_scopes
    return clear or GLOBAL, askable and (clear is None or about.mode == "eager")


def scopes_read(engine: Engine, user: str, agent: str, context: str | None) -> tuple[str, ...] | None:
    """Which scopes bear on a context besides what is global; None, which is all, where that is open or mode is frugal."""
    if not context or not context.strip():
        return None
    about = engine.agents.of(agent)
    if about.mode == "frugal":
        return None
    known = scope_names(engine, user, about)
    found = named_in(context, known) or clearest(_scores(engine, user, context, known))
    return None if found is None else (found,)


def to_register(engine: Engine, user: str, agent: str, memories: Sequence[Memory]) -> tuple[ScopeName, ...]:
    """Names that these memories bring and an agent with dynamic scopes has not registered."""
    names = {str(m.scope) for m in memories} - {GLOBAL}
    if not names or not engine.agents.of(agent).dynamic_scopes:
        return ()
    there = set(engine.store.scopes.registered(user=user))
    return tuple((redact_name(agent), redact_name(n)) for n in sorted(names) if is_short(n) and (agent, n) not in there)


def known_name(engine: Engine, user: str, about: Settings, name: str) -> str:
    """Return a name, or the known one that it stands for."""
    if not about.dynamic_scopes:
        return name
    return known_or_tidy(name, [GLOBAL, *scope_names(engine, user, about)], likeness(engine))


def scope_names(engine: Engine, user: str, about: Settings) -> list[str]:
    """Names a user's memory knows besides `global`: declared, registered, or used."""
    with engine.segments.hold(user) as segment:
        used = list(segment.scopes)
    registered = (name for _, name in engine.store.scopes.registered(user=user))
    return [n for n in dict.fromkeys((*about.scopes, *registered, *used)) if n and n != GLOBAL]


def likeness(engine: Engine) -> Likeness | None:
    """Cosine by the engine's embedder; none where it knows spelling only."""
    if engine.embedder.degraded is not None:
        return None

    def like(one: str, other: str) -> float:
        a, b = engine.embedder.embed([one.replace("-", " "), other.replace("-", " ")], "document")
        return float(a @ b)

    return like


def _scores(engine: Engine, user: str, context: str, names: Sequence[str]) -> dict[str, float]:
    """How much a context is like each scope: its name, or the memories in it; proper names only count as said."""
    with engine.segments.hold(user) as segment:
        visible = segment.alive & segment.is_memory & (segment.state == STATE_CODE["active"])
        visible &= (segment.valid_to > micros(engine.now())) & (segment.trust >= 1)
        sizes = np.bincount(segment.scope[visible], minlength=len(segment.scopes) + 1)
        size = {n: int(sizes[segment.scopes[n]]) if n in segment.scopes else 0 for n in names}
        most = sorted(names, key=lambda n: (-size[n], n))[:_MOST]
        means = {n: _mean(segment, visible, segment.scopes[n]) for n in most if size[n]}
    if not most:
        return {}
    (asked,) = engine.embedder.embed([context[:READ]], "query")
    said = engine.embedder.embed([n.rpartition(":")[2].replace("-", " ") for n in most], "document")
    scores: dict[str, float] = {}
    for name, vector in zip(most, said, strict=True):
        by_name = 0.0 if ":" in name else float(vector @ asked)
        by_content = float(means[name] @ asked) if name in means and means[name].shape == asked.shape else 0.0
        scores[name] = max(by_name, by_content) + NAMED * words_in(name, context)
    return scores


def _mean(segment: Segment, visible: NDArray[np.bool_], code: int) -> NDArray[np.float32]:
    rows = np.flatnonzero(visible & (segment.scope == code))[-_SAMPLE:]
    total = segment.vectors.take(rows).sum(axis=0)
    norm = float(np.linalg.norm(total))
    return total / norm if norm else total

"""Recall ranks for context: read the question → mask the rows → rank → fetch."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from eider.model.outcomes import Recalled
from eider.privacy.ingress import Clean
from eider.retrieve.fetch import fetch
from eider.retrieve.intents import LOOKED_AT, in_order_of_intent, with_causes
from eider.retrieve.newer_first import newer_first
from eider.retrieve.passage import fit_into
from eider.retrieve.query import read_question
from eider.retrieve.rank import rank
from eider.retrieve.second_look import best_of, looked_at_again
from eider.retrieve.visible import View, masks, view_of
from eider.retrieve.weights import as_shipped, weights_balanced
from eider.store.second_look import ENCODED
from eider.store.segment.segment import Segment

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from eider.language.questions.intents import Intent
    from eider.model.answers import Recollection
    from eider.model.requests_reading import Recall
    from eider.store.engine import Engine


def recall(engine: Engine, accepted: Clean[Recall]) -> list[Recollection]:
    """Return the remembered lines that bear on a question, best first.

    Args:
        engine: The open store; the layers beneath it are asked as well.
        accepted: The question, filters and limits.
    """
    request = accepted.request
    view, weights = view_of(accepted), weights_balanced(engine.shares.of(request.user))
    look, intent = engine.second_look, cast("Intent | None", request.intent)
    found: list[Recollection] = []
    worth: dict[int, float] = {}
    for store, user in stores_of(engine, request.user):
        with rows_of(store, user, request, view) as segment:
            question = read_question(store, segment, request.query, request, view)
            intent = intent or question.intent
            limit = max(request.limit, LOOKED_AT) if intent == "entity" else request.limit
            seen = masks(segment, request, view, past=question.past, oneself=question.oneself)
            many = limit if look is None else max(limit, ENCODED)
            ranked = rank(
                segment, question, seen.visible, limit=many, weights=weights, ended=seen.ended, asked=seen.held, repeats=True
            )  # fmt: skip
            if look is not None:
                again = looked_at_again(look, store, segment, question, ranked, user, view.known_at)
                ranked = best_of(segment, again, limit)
            theirs = fetch(store, segment, ranked, user, view, weights)
            worth = {**question.worth, **worth}
            theirs = newer_first(theirs, request.query)
            if intent == "why":
                theirs = with_causes(store, segment, theirs, seen.visible, user, view)
        found = merge_results(found, theirs, layer=store.name if store is not engine else "")
    found = in_order_of_intent(found, intent, request.query, request.limit)
    if request.budget is not None:
        found = fit_into(found, worth, request.budget, engine.counter.count)
    engine.usage.shown(request.user, [r.id for r in found if r.memory is not None and not r.layer])
    if request.loop is not None:
        _note(engine, request.user, request.loop, found)
    return found


def stores_of(engine: Engine, user: str) -> list[tuple[Engine, str]]:
    """Return the store and the layers beneath it, each with the user whose rows are shown there."""
    return [(engine, user), *((layer, layer.published_for(user)) for layer in engine.layers)]


@contextmanager
def rows_of(engine: Engine, user: str, request: Recall, view: View) -> Generator[Segment]:
    """Hold the rows that a request looks at: all of a user, those known at an instant, or those the index nominates."""
    if view.known_at is not None:
        yield Segment.build(engine.store.segments.rows(user=user, known_at=view.known_at))
        return
    if engine.large.is_large(user) and not _has_filters(request):
        vector = engine.embedder.embed([request.query], "query")[0]
        if (nominated := engine.nominated_segment(user, request.query, vector)) is not None:
            yield nominated
            return
    with engine.segments.hold(user) as segment:
        yield segment


def _has_filters(request: Recall) -> bool:
    """Whether most of what the index nominates might be filtered out again."""
    filters = (request.scopes, request.kinds, request.origins, request.since, request.until, request.session)
    return any(f is not None for f in (*filters, request.as_of))


def merge_results(own: Sequence[Recollection], other: Sequence[Recollection], *, layer: str = "") -> list[Recollection]:
    """Return results with those of another store by score; exact repetitions become one line with a count.

    A line of a layer that the own store holds as well is left out. Of one speaker's repetitions the best that still
    holds stays; a memory stands for an utterance in its words.
    """
    lines = sorted([*own, *(replace(r, layer=layer) if layer else r for r in other)], key=lambda r: -r.score)
    statements = {_words(r): r for r in reversed(lines) if r.memory is not None and r.until is None}
    groups: dict[tuple[str, ...], list[Recollection]] = {}
    for r in lines:
        groups.setdefault(_sameness(r, statements.get(_words(r))), []).append(r)
    if len(groups) == len(lines):
        return lines
    heads: list[Recollection] = []
    for group in groups.values():
        nearest = [r for r in group if not r.layer] or group
        head = next((r for r in nearest if r.memory is not None), None)
        head = head or next((r for r in nearest if r.until is None), nearest[0])
        said = sum(r.said for r in nearest if r.episode is not None)
        if said > 1:
            why = replace(head.why, notes=(*head.why.notes, f"said {said} times"))
            head = replace(head, said=said, why=why)
        heads.append(head)
    return sorted(heads, key=lambda r: -r.score)


def _words(found: Recollection) -> str:
    return " ".join(found.text.casefold().split())


def _sameness(found: Recollection, statement: Recollection | None) -> tuple[str, ...]:
    """What two results share that are one: their words, and who says them.

    Args:
        found: A result.
        statement: The memory in the same words, if there is one.
    """
    words, episode = _words(found), found.episode
    if statement is not None and statement.trust >= found.trust and (episode is not None or found.layer):
        return words, statement.id
    return (words, found.id) if episode is None else (words, "", episode.role, episode.speaker)


def _note(engine: Engine, user: str, loop: str, found: Sequence[Recollection]) -> None:
    """Remember what an open loop was shown, with the evidence as it would be without the user's balance."""
    if engine.loops.get(loop, user).closed_at is not None:
        return
    share = engine.shares.of(user)
    shown = [(r.id, *as_shipped(r.why.shares, share)) for r in found if not r.layer]
    noted = [Recalled(id=i, ask=0, words=words, meaning=meaning, rest=rest) for i, words, meaning, rest in shown]
    engine.loops.recalls.add(user, loop, noted)

"""Inject: recall for automatic use. Precise, within a budget, and often silent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

from eider.guide.gate.gate import LOOKED_AT, MOST, READ, admit
from eider.guide.gate.occasions import comes_up, own_matter
from eider.guide.gate.prompt_reading import Line
from eider.guide.gate.signals import WordBook
from eider.language import analysis
from eider.language.questions.oneself import asks_about_oneself
from eider.language.questions.requests import without_request
from eider.language.reminders import reminder
from eider.model.answers import Injection, Recollection
from eider.model.requests_reading import Inject, Recall
from eider.model.values import TRUST
from eider.privacy import recall_marks
from eider.privacy.ingress import Clean
from eider.providers.embedders import default_embedder
from eider.providers.embedders.guard import GuardedEmbedder
from eider.retrieve.fetch import fetch
from eider.retrieve.newer_first import newer_first
from eider.retrieve.passage import cut_to_passage, fitting
from eider.retrieve.query import read_question
from eider.retrieve.rank import Ranked, rank
from eider.retrieve.recall import merge_results, rows_of, stores_of
from eider.retrieve.visible import masks, present
from eider.retrieve.weights import weights_balanced
from eider.store.engine import Engine
from eider.store.segment.segment import Segment

_ASKED_FOR: Final = 4 * LOOKED_AT
"""Ranked lines fetched, so that enough are left once those that may not be injected are gone. A guess."""
_FETCHED: Final = LOOKED_AT + 6
"""Lines whose texts are fetched: some of them say what the prompt or the host says already. A guess."""
_LEAST_TRUST: Final = 1
"""What a tool or a document said may be quoted on request, but never enters a prompt by itself."""

_PASSAGE: Final = 480
"""Characters of a line from which its best passage is judged and shown instead, some eighty words."""
_QUOTED: Final = 3
"""Words in a row that make a quotation."""
_books: dict[str, WordBook] = {}
"""One per embedder; holds single words only, so nothing in it is anybody's text."""


def inject(engine: Engine, accepted: Clean[Inject]) -> Injection:
    """Return the few lines that help with a prompt, marked as recalled; empty when nothing helps.

    Args:
        engine: The open store; the layers beneath it are asked as well.
        accepted: The prompt, and what the conversation holds already.
    """
    request = accepted.request
    prompt = request.prompt
    if not prompt.strip():
        return Injection(text="", recollections=(), why="silent: the prompt is empty")
    ask = Recall(user=request.user, query=prompt, scopes=request.scopes, limit=_ASKED_FOR)
    view, weights = present(accepted.now), weights_balanced(engine.shares.of(request.user))
    found: list[Recollection] = []
    worth: dict[int, float] = {}
    for store, user in stores_of(engine, request.user):
        with rows_of(store, user, ask, view) as segment:
            question = read_question(store, segment, prompt, ask, view)
            seen = masks(segment, ask, view, past=question.past, oneself=question.oneself)
            ranked = rank(
                segment, question, seen.visible, limit=_ASKED_FOR, weights=weights, ended=seen.ended, asked=seen.held, repeats=True
            )  # fmt: skip
            worth = {**question.worth, **worth}
            allowed = _allowed(segment, ranked, request)
            theirs = fetch(store, segment, allowed, user, view, weights, leave_out_ended=question.past is None)
        found = merge_results(found, newer_first(theirs, prompt), layer=store.name if store is not engine else "")
    unseen = (r for r in found if not r.outdated_by and not _in_sight(r, request, prompt))
    lines = list(islice(unseen, LOOKED_AT))
    lines = _passages(engine, lines, prompt, worth)
    due, lines = _reminders(lines, prompt, _book(engine))
    words = " ".join(analysis.words(prompt[:READ]))
    if lines and asks_about_oneself(prompt):
        return _framed(
            engine, lines, request, f"{len(lines)} line(s) of what is known of the user, who asks for it", worth
        )
    verdict = admit([_judged(r, words) for r in lines], prompt, _book(engine))
    notes = {i: (*lines[i].why.notes, f"helps with probability {verdict.odds[i]:.2f}") for i in verdict.chosen}
    chosen = [replace(lines[i], why=replace(lines[i].why, notes=said)) for i, said in notes.items()]
    why = f"{len(due)} standing reminder(s), whose occasion this is; else {verdict.why}" if due else verdict.why
    return _framed(engine, [*due, *chosen][:MOST], request, why, worth)


def _allowed(segment: Segment, ranked: Sequence[Ranked], request: Inject) -> list[Ranked]:
    """The first rows that may enter a prompt, as far as that can be told without their texts."""
    trust, of, memory = segment.trust, segment.session, segment.is_memory
    session = segment.sessions.get(request.session or "", -1)
    given = set(request.without)
    able = (
        r for r in ranked
        if not r.below and trust[r.row] >= _LEAST_TRUST and segment.ids[r.row] not in given
        and (memory[r.row] or session < 0 or of[r.row] != session)
    )  # fmt: skip
    return list(islice(able, _FETCHED))


def _in_sight(found: Recollection, request: Inject, prompt: str) -> bool:
    """Whether the conversation holds it: said in it, given to it, in the host's own files, or this very prompt once before."""
    from eider.understand.already_known import is_known

    if found.id in request.without:
        return True
    if found.episode is not None and (
        found.episode.session == request.session or is_known(found.text, (prompt[:READ],))
    ):
        return True
    return bool(request.known) and is_known(found.text, request.known)


def _reminders(
    lines: Sequence[Recollection], prompt: str, book: WordBook
) -> tuple[list[Recollection], list[Recollection]]:  # fmt: skip
    """Return what was learned of the user as a standing reminder and is due now, and the lines that are no reminders.

    A reminder comes up on its occasion and never else: to be about the same thing is not enough.
    """
    read = [reminder(one.text) if one.trust >= TRUST["user"] else None for one in lines]
    if not any(read):
        return [], list(lines)
    matter = own_matter(prompt[:READ])
    due = [
        replace(one, why=replace(one.why, notes=(*one.why.notes, f"a standing reminder for when {found.occasion}")))
        for one, found in zip(lines, read, strict=True)
        if found is not None and one.memory is not None and comes_up(found.occasion, matter, book)
    ]
    return due, [one for one, found in zip(lines, read, strict=True) if found is None]


def _passages(
    engine: Engine, lines: Sequence[Recollection], prompt: str, worth: Mapping[int, float]
) -> list[Recollection]:  # fmt: skip
    """The lines with long ones cut to their best passage, which is judged by itself."""
    cut = {i: p for i, r in enumerate(lines) if len(r.text) > _PASSAGE and (p := cut_to_passage(r, worth, _PASSAGE))}
    if not cut:
        return list(lines)
    texts = [without_request(prompt[:READ]), *(one.text for one in cut.values())]
    vectors = engine.embedder.embed(texts[:1], "query"), engine.embedder.embed(texts[1:], "document")
    likeness = dict(zip(cut, (vectors[1] @ vectors[0][0]).tolist(), strict=True))
    mass = max(sum(worth.values()), 1e-6)
    judged = list(lines)
    for i, one in cut.items():
        held = sum(worth.get(t, 0.0) for t in set(analysis.terms(one.text, worth).tolist()))
        judged[i] = replace(one, coverage=held / mass, cosine=likeness[i])
    return judged


def _judged(found: Recollection, prompt: str) -> Line:
    memory = found.memory
    quoted = prompt.count(" ") >= _QUOTED - 1 and prompt in " ".join(analysis.words(found.text[:READ]))
    return Line(
        text=found.text, kind="" if memory is None else memory.kind, scope="global" if memory is None else memory.scope,
        coverage=found.coverage, cosine=found.cosine, exact=quoted,
    )  # fmt: skip


def _book(engine: Engine) -> WordBook:
    embedder = engine.embedder
    if isinstance(embedder, GuardedEmbedder):  # words are compared one by one, which no service is asked for
        embedder = default_embedder()
    if embedder.fingerprint not in _books:
        _books[embedder.fingerprint] = WordBook(lambda words: embedder.embed(words, "query"))
    return _books[embedder.fingerprint]


def _framed(
    engine: Engine, chosen: Sequence[Recollection], request: Inject, why: str, worth: Mapping[int, float]
) -> Injection:  # fmt: skip
    """As many of the chosen lines as the budget holds, frame included; the best is cut before it is left out."""
    kept: list[Recollection] = []
    left: dict[str, str] = {}
    text, tokens, count = "", 0, engine.counter.count
    for one in chosen:
        line, longer = one, _text([*kept, one])
        size = count(longer)
        if size > request.budget and not kept:
            room = request.budget - size + count(one.line)
            line = fitting(one, worth, room, count) or one
            size = count(longer := _text([line]))
        if size <= request.budget:
            kept.append(line)
            text, tokens = longer, size
        else:
            left[one.id] = f"does not fit into the budget of {request.budget} tokens"
    if chosen and not kept:
        why = f"silent: the best line alone exceeds the budget of {request.budget} tokens"
    engine.usage.shown(request.user, [r.id for r in kept if r.memory is not None and not r.layer])
    taint = min((r.trust for r in kept), default=2)
    return Injection(text=text, recollections=tuple(kept), why=why, taint=taint, tokens=tokens, left_out=left)


def _text(found: Sequence[Recollection]) -> str:
    return recall_marks.mark([f"- {r.line}" for r in found], [r.id for r in found])

"""What a step sees of its run, within the tokens there are. Nothing is cut without saying so."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from eider.language import analysis
from eider.model.errors import ContextTooLargeError
from eider.model.requests_runs import RunContext, SearchDocuments
from eider.model.runs import Cut, Seen, Sees, Snippet, Step, StepContext, text_of
from eider.privacy.ingress import Clean
from eider.runs.lifecycle import readable_run
from eider.runs.portions import GAP, chosen, join_passages, passages, relevance, score_passages
from eider.runs.prepared import portions_of
from eider.runs.references import note_of, parse, previous
from eider.runs.render import Outputs, outputs_of
from eider.runs.windows import windows
from eider.store.engine import Engine

_LOG: Final = logging.getLogger("eider.runs")
_NO_INSTRUCTION: Final = "its beginning, since no instruction says what matters"
_CHOSEN: Final = "passages chosen for the instruction"
_NO_ROOM: Final = "no room left"
_SEAM: Final = 2
"""Tokens of the blank line between two outputs."""


@dataclass(slots=True)
class _Part:
    """One output in the context."""

    step: str
    text: str
    tokens: int
    value: Any = None
    digest: str = ""
    must: bool = False
    """Referenced by the step: never cut."""
    is_previous: bool = False
    whole: int = 0
    """Tokens of the output."""
    kept: int = 0
    """Tokens of it that are there, where it was cut."""
    why: str = ""


def run_context(engine: Engine, accepted: Clean[RunContext]) -> StepContext:
    """Say what a step sees: what it references, and what its `sees` adds, cut to the window and saying so.

    Raises:
        ContextTooLargeError: What it references, or what goes with it, does not fit.
        StepReferenceError: A reference names nothing, or more than one thing.
    """
    request = accepted.request
    known = readable_run(engine, request.id, request.user, request.session)
    run, outputs = known.run, outputs_of(engine, known, after=request.after, declared=request.declared)
    table = windows()
    window = request.window or table.of(request.model)
    reserve = min(table.reserve, window // 4) if request.reserve is None else request.reserve
    count = engine.counter.count
    instruction = outputs.render(request.instruction)
    quoted = [s for s in outputs.saw if not s.field]
    parts, saw = _parts(outputs, request.references, request.sees or run.sees, quoted, engine)
    sizes = {
        "instruction": count(instruction),
        "history": count(request.history),
        "tool_inputs": count(request.tool_inputs),
    }
    room = window - reserve - sum(sizes.values())
    must = sum(p.tokens for p in parts if p.must)
    if room < must or room < 0:
        taken = {**{n: t for n, t in sizes.items() if t}, **{p.step: p.tokens for p in parts if p.must}}
        raise ContextTooLargeError(
            sum(taken.values()), window - reserve, [f"{name} {tokens:,}" for name, tokens in taken.items()]
        )
    cut = _fit(parts, room, request.instruction and instruction, engine, run.user)
    if cut:
        _LOG.info(
            "run %s: cut to fit: %s", run.id, "; ".join(f"{c.step} {c.kept} of {c.of} tokens ({c.why})" for c in cut)
        )
    text = "\n\n".join(p.text for p in parts if p.text)
    sizes |= {p.step: p.tokens for p in parts}
    return StepContext(
        text=text, instruction=instruction, tokens=sum(sizes.values()), window=window, reserve=reserve, cut=cut,
        saw=tuple(dict.fromkeys((*outputs.saw, *saw))), sizes=sizes,
    )  # fmt: skip


def _parts(
    outputs: Outputs, references: Sequence[str], sees: Sees, quoted: Sequence[Seen], engine: Engine
) -> tuple[list[_Part], list[Seen]]:  # fmt: skip
    """The outputs a step sees, in the order of completion, referenced ones first; and the notes of them."""
    count, parts, saw = engine.counter.count, [], []
    whole: set[str] = {s.step for s in quoted}  # stands in the instruction already
    for written in dict.fromkeys(references):
        reference = parse(written)
        note = note_of(reference, outputs.find(reference), "parameter")
        saw.append(note)
        if note.step in whole:
            continue
        if not reference.path:
            whole.add(note.step)
        text = f"## {written}\n{outputs.text(reference)}"
        parts.append(_Part(note.step, text, count(text) + _SEAM, must=True))
    outputs.saw[:] = [s for s in outputs.saw if replace(s, why="parameter") not in saw]
    before = previous(outputs.steps)
    shown = [] if sees == "none" else before if sees == "previous" else list(outputs.steps)
    outputs.load([s.digest for s in shown if s.ref not in whole and s.status == "done"])
    for step in shown:
        saw.append(Seen(step=step.ref, why="previous" if sees == "previous" else "all"))
        if step.ref not in whole:
            parts.append(_part(outputs, step, step in before, engine))
    return parts, saw


def _part(outputs: Outputs, step: Step, is_previous: bool, engine: Engine) -> _Part:
    count, head = engine.counter.count, f"## {step.ref}\n"
    if step.status == "failed":
        text = f"{head}[failed: {step.error[:500]}]"
        return _Part(step.ref, text, count(text) + _SEAM, must=True)
    content = outputs.content(step.digest)
    if not content.is_text:
        text = f"{head}[{content.media}, {step.size:,} bytes]"
        return _Part(step.ref, text, count(text) + _SEAM, must=True)
    value = content.text() if content.media.startswith("text/") else content.value()
    tokens = step.tokens + count(head) + _SEAM
    return _Part(
        step.ref, f"{head}{text_of(value)}", tokens, value, step.digest, is_previous=is_previous, whole=step.tokens
    )


def _fit(parts: list[_Part], room: int, instruction: str, engine: Engine, user: str) -> tuple[Cut, ...]:
    """Cut parts until all fit: referenced ones never, the previous step last; says in each what is missing.

    Raises:
        ContextTooLargeError: Not even what says so fits.
    """
    if sum(p.tokens for p in parts) <= room:
        return ()
    room -= sum(p.tokens for p in parts if p.must)
    before = [p for p in parts if p.is_previous and not p.must]
    others = [p for p in parts if not p.is_previous and not p.must]
    count = engine.counter.count
    least = count(_left_out(others)) + _SEAM if others else 0
    for group, share in ((before, room - least), (others, room)):
        if sum(p.tokens for p in group) > min(share, room):
            _shorten(group, min(share, room), instruction, engine, user)
        room -= sum(p.tokens for p in group)
    if room < 0:
        sizes = [f"{p.step} {p.tokens:,}" for p in parts]
        raise ContextTooLargeError(sum(p.tokens for p in parts), sum(p.tokens for p in parts) + room, sizes)
    return tuple(Cut(step=p.step, kept=p.kept, of=p.whole, why=p.why) for p in parts if p.why)


def _shorten(group: list[_Part], room: int, instruction: str, engine: Engine, user: str) -> None:
    """Give each output of a group a line, and the rest of the room to the passages that bear most on the instruction."""
    count = engine.counter.count
    reason = _CHOSEN if instruction else _NO_INSTRUCTION
    lines = [min(p.tokens, count(f"## {p.step}\n{_line(p, p.whole, reason)}") + _SEAM) for p in group]
    if sum(lines) > room:
        for part in group:
            part.text, part.kept, part.tokens, part.why = "", 0, 0, _NO_ROOM
        group[0].text = _left_out(group)
        group[0].tokens = count(group[0].text) + _SEAM
        return
    portions = [portions_of(engine, user, p.digest, p.value) for p in group]
    every = [(g, place) for g, one in enumerate(portions) for place in range(len(one.pieces))]
    scores: Sequence[float] = [-float(place) for _, place in every]
    if instruction and every:
        vectors = [one.meaning for one in portions if one.meaning is not None and one.pieces]
        language = analysis.language(analysis.words(instruction))
        terms = [terms for one in portions for terms in one.terms(language)]
        scores = score_passages(
            instruction, terms, np.concatenate(vectors) if vectors else None, engine.embedder
        ).tolist()
    gap = count(GAP)
    a_character = [
        p.whole / max(1, sum(len(x.text) for x in one.pieces)) for p, one in zip(group, portions, strict=True)
    ]
    guesses = [a_character[g] * len(portions[g].pieces[place].text) for g, place in every]
    sizes = chosen(
        guesses, lambda i: portions[every[i][0]].size(every[i][1], engine.counter) + gap, scores, room - sum(lines)
    )
    taken: list[dict[int, int]] = [{} for _ in group]
    for i, tokens in sizes.items():
        taken[every[i][0]][every[i][1]] = tokens
    for part, one, mine, line in zip(group, portions, taken, lines, strict=True):
        cost = line + sum(mine.values())
        if len(mine) == len(one.pieces) and part.tokens <= cost:
            continue  # all of it is there
        text = join_passages(one.pieces, mine)
        part.kept, part.why = min(part.whole, sum(mine.values()) - gap * len(mine)), reason if text else _NO_ROOM
        part.text = f"## {part.step}\n{_line(part, part.kept, part.why)}" + (f"\n{text}" if text else "")
        part.tokens = cost


def _line(part: _Part, kept: int, why: str) -> str:
    return f"[{part.step}: {kept:,} of {part.whole:,} tokens kept, {why}]"


def _left_out(group: Sequence[_Part]) -> str:
    """One line for outputs that there is no room for at all."""
    return f"[left out, no room: {', '.join(f'{p.step} ({p.whole:,} tokens)' for p in group)}]"


def search_documents(engine: Engine, accepted: Clean[SearchDocuments]) -> list[Snippet]:
    """Find the passages of documents that bear on a query, the best first; nothing is kept."""
    request = accepted.request
    found = [(name, piece) for name, text in request.documents.items() for piece in passages(text)]
    scores = relevance(request.query, [piece.text for _, piece in found], engine.embedder)
    best = sorted(range(len(found)), key=lambda i: (-scores[i], i))[: request.limit]
    return [
        Snippet(source=found[i][0], text=found[i][1].text, start=found[i][1].start, score=round(float(scores[i]), 4))
        for i in best
        if scores[i] > 0
    ]

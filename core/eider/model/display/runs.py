"""Cards of runs: the steps, their sizes, what each saw and why, and what was cut."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from eider.model.display.parts import GREY, LISTED, PALETTE, chip, faint, frame, rows, say, text, title, when
from eider.model.runs import Cut, Procedure, Run, Step, StepContext

_STATUS: Final = {"done": PALETTE[2], "running": PALETTE[0], "failed": PALETTE[7], "stopped": PALETTE[1]}
_BAR: Final = 9.0
"""Width in em of the bar of the largest output."""


def run(value: Run) -> str:
    """Return a run with its steps."""
    most = max((s.tokens for s in value.steps), default=0)
    lines = [_line(step, most) for step in value.steps]
    ends = when(value.ended_at) if value.ended_at else "not ended"
    head = title(
        value.name, value.id, when(value.started_at), ends, value.key and f"key {value.key}", f"sees {value.sees}",
        "" if value.history else f"erased after {when(value.expires_at)}" if value.expires_at else "keeps no history",
    )  # fmt: skip
    error = f"<div>{text(value.error)}</div>" if value.error else ""
    table = rows(lines, ("", "step", "size", "saw", "cut")) if lines else faint("no step has ended")
    return frame(head, chip(value.status, _STATUS[value.status]), error, table)


def _line(one: Step, most: int) -> list[str]:
    width = _BAR * one.tokens / most if most else 0.0
    bar = f'<div style="background:{PALETTE[0]};height:.35em;border-radius:.2em;width:{width:.2f}em"></div>'
    size = f"{one.tokens:,} tokens" if one.tokens else f"{one.size:,} bytes"
    gave = (
        text(one.error)
        if one.status == "failed"
        else f"{bar}{faint(size, '' if one.media in ('text', 'json') else one.media)}"
    )
    trust = chip("quoted only", PALETTE[1]) if one.trust == 0 else ""
    name = f"{say(one.ref)} {chip('failed', PALETTE[7]) if one.status == 'failed' else ''}{trust}"
    child = faint(f"sub-run {one.child}") if one.child else ""
    said = [f"{s.step}{'.' + s.field if s.field else ''} ({s.why})" for s in one.saw]
    saw = faint(*dict.fromkeys(said)) if said else faint("nothing")
    return [faint(one.seq), f"{name} {child}", gave, saw, _cuts(one.cut)]


def _cuts(cuts: Sequence[Cut]) -> str:
    return "<br>".join(f"{say(c.step)}: {c.kept:,} of {c.of:,} {faint(c.why)}" for c in cuts)


def step(value: Step) -> str:
    """Return one step."""
    return frame(rows([_line(value, value.tokens)], ("", "step", "size", "saw", "cut")))


def runs(found: Sequence[Run]) -> str:
    """Return a list of runs."""
    lines = [
        [
            say(r.name),
            chip(r.status, _STATUS.get(r.status, GREY)),
            faint(when(r.started_at)),
            faint(r.key or ""),
            faint(r.id),
        ]
        for r in found[:LISTED]
    ]
    return frame(rows(lines, ("workflow", "status", "began", "key", "id")))


def context(value: StepContext) -> str:
    """Return what a step sees, with the sizes of its parts."""
    sizes = [[faint(name), f"{tokens:,}"] for name, tokens in value.sizes.items() if tokens]
    whole = f"{value.tokens:,} of {value.window - value.reserve:,} tokens", f"{value.reserve:,} left for the answer"
    cut = f"<div>{chip('cut', PALETTE[1])} {_cuts(value.cut)}</div>" if value.cut else ""
    return frame(title("Context", *whole), rows(sizes), cut, text(value.text))


def procedures(found: Sequence[Procedure]) -> str:
    """Return procedures with what they rest on."""
    lines = [
        [
            say(" → ".join(p.actions)),
            f"{p.successes} / {p.failures}",
            f"{p.confidence:.2f}",
            faint(*p.preconditions),
            faint(*p.runs[:3]),
        ]
        for p in found
    ]
    return frame(rows(lines, ("procedure", "succeeded / failed", "confidence", "needs", "rests on")))


RENDERERS: Final[Mapping[type, Callable[[Any], str]]] = {
    Run: run,
    Step: step,
    StepContext: context,
    Procedure: lambda value: procedures([value]),
}

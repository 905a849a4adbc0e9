"""Values as HTML for notebooks: pure functions, everything escaped, no scripts, nothing fetched.

Colours of text and lines are the notebook's own, so that the same cell reads on light and dark; the few fixed
colours are of middle lightness.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from eider.model.answers import Diff, Health, Injection, Page, Receipt, Recollection, Version
from eider.model.display import runs
from eider.model.display.parts import FAINT as _FAINT
from eider.model.display.parts import GREY as _GREY
from eider.model.display.parts import LISTED as _LISTED
from eider.model.display.parts import PALETTE
from eider.model.display.parts import RULE as _RULE
from eider.model.display.parts import chip as _chip
from eider.model.display.parts import faint as _faint
from eider.model.display.parts import frame as _frame
from eider.model.display.parts import rows as _rows
from eider.model.display.parts import say as _say
from eider.model.display.parts import text as _text
from eider.model.display.parts import title as _title
from eider.model.display.parts import when as _when
from eider.model.runs import Procedure, Run
from eider.model.values import Episode, Event, Memory

_SIGNALS: Final = 7
"""Signals with a colour of their own; the rest shares one."""
_STATUS: Final = {
    "current": PALETTE[2],
    "superseded": _GREY,
    "expired": _GREY,
    "inbox": PALETTE[1],
    "quarantined": PALETTE[7],
}


# ---------------------------------------------------------------------- memories


def memory(value: Memory, now: datetime | None = None) -> str:
    """One statement with its status, validity and origin."""
    return _frame(_memory(value, now or datetime.now(UTC)))


def _memory(m: Memory, now: datetime) -> str:
    status = m.status(now)
    until = f"to {_when(m.valid_to, m.to_precision)}" if m.valid_to else ""
    chips = [_chip(status, _STATUS.get(status, _GREY)), _chip(m.kind, PALETTE[0])]
    chips += [_chip("pinned", PALETTE[5])] if m.pinned else []
    chips += [_chip(f"origin {m.origin}", PALETTE[1])] if m.origin != "user" else []
    facts = _faint(
        m.scope, f"since {_when(m.valid_from, m.from_precision)} {until}".strip(), f"importance {m.importance}",
        f"{len(m.evidence)} quoted" if m.evidence else "", f"replaced by {m.superseded_by}" if m.superseded_by else "",
        m.id,
    )  # fmt: skip
    return f"<div>{_text(m.text) if m.text else _faint('(erased)')}</div><div>{' '.join(chips)} {facts}</div>"


def _episode(e: Episode) -> str:
    chips = [_chip(e.role, PALETTE[4])]
    chips += [_chip(f"origin {e.origin}", PALETTE[1])] if e.origin not in ("user", "agent") else []
    facts = _faint(f"{e.speaker}, {_when(e.at)} UTC", f"session {e.session}", e.id)
    return f"<div>{_text(e.text)}</div><div>{' '.join(chips)} {facts}</div>"


def episode(value: Episode) -> str:
    """One utterance with its speaker and time."""
    return _frame(_episode(value))


# ---------------------------------------------------------------------- recollections


def colours(found: Iterable[Recollection]) -> dict[str, str]:
    """A colour for each signal, the weightiest first; what is left is grey."""
    weight: dict[str, float] = {}
    for hit in found:
        for name, share in hit.why.shares.items():
            weight[name] = weight.get(name, 0.0) + abs(share)
    first = sorted(weight, key=lambda name: (-weight[name], name))
    return {name: PALETTE[i] if i < _SIGNALS else _GREY for i, name in enumerate(first)}


def _bar(hit: Recollection, colour: Mapping[str, str], full: float) -> str:
    """Shares side by side; those that count against the item are pale."""
    parts = sorted(hit.why.shares.items(), key=lambda part: -part[1])
    pieces = [
        f'<span title="{_say(name)} {share:+.3f}" style="display:inline-block;height:.7em;'
        f"width:{100 * abs(share) / full:.2f}%;background:{colour.get(name, _GREY)};"
        f'opacity:{1 if share > 0 else 0.35}"></span>'
        for name, share in parts
        if abs(share) / full >= 0.002  # noqa: PLR2004 (narrower than a pixel)
    ]
    return f'<div style="width:14em;font-size:.9em;line-height:0;white-space:nowrap;padding-top:.45em">{"".join(pieces)}</div>'


def _item(hit: Recollection, now: datetime) -> str:
    if hit.memory is not None:
        return _memory(hit.memory, now)
    return _episode(hit.episode) if hit.episode is not None else _text(hit.text)


def _recollected(hit: Recollection, colour: Mapping[str, str], full: float) -> list[str]:
    body = _item(hit, datetime.now(UTC))
    notes = _faint(*hit.why.notes, f"layer {hit.layer}" if hit.layer else "")
    return [
        f"<b>{hit.score:.2f}</b>{_bar(hit, colour, full)}",
        body + (f"<div>{notes}</div>" if hit.why.notes or hit.layer else ""),
    ]


def recollection(value: Recollection) -> str:
    """One result, with the parts of its score as a bar."""
    return recollections([value])


def recollections(found: Sequence[Recollection]) -> str:
    """Results best first; the bars share one scale."""
    if not found:
        return _frame(_faint("nothing recalled"))
    shown = found[:_LISTED]
    colour, full = colours(shown), max((sum(map(abs, hit.why.shares.values())) for hit in shown), default=0.0) or 1.0
    more = _faint(f"and {len(found) - len(shown)} more") if len(found) > len(shown) else ""
    named = list(colour.items())[:_SIGNALS]
    if len(colour) > _SIGNALS:
        named.append(("others", _GREY))
    marks = " ".join(f'<span style="color:{c}">&#9632;</span>&nbsp;{_say(name)}' for name, c in named)
    return _frame(
        _rows(_recollected(hit, colour, full) for hit in shown),
        f'<div style="{_FAINT};margin-top:.3em">{marks} · pale: counts against</div>',
        more,
    )


def page(value: Page) -> str:
    """A slice of a listing."""
    last = value.offset + len(value.items)
    where = f"{value.offset + 1} to {last} of {value.total}" if value.items else f"none of {value.total}"
    now = datetime.now(UTC)
    return _frame(_title("Search", where), _rows([_item(r, now)] for r in value.items))


def injection(value: Injection) -> str:
    """What went into a prompt, or why nothing did."""
    if not value:
        return _frame(_title("Injection", "silent"), _faint(value.why))
    taint = _chip(f"trust {value.taint}", PALETTE[2] if value.taint > 1 else PALETTE[1])
    block = f'<pre style="white-space:pre-wrap;color:inherit;background:none;{_RULE}">{_say(value.text)}</pre>'
    return _frame(_title("Injection", f"{value.tokens} tokens", value.why), taint, block)


# ---------------------------------------------------------------------- accounts


def _dot(colour: str) -> str:
    return f'<span style="color:{colour}">&#9679;</span>'


def history(versions: Sequence[Version]) -> str:
    """The versions of a memory as a timeline, oldest first."""
    if not versions:
        return _frame(_faint("no versions"))
    rows = [_of_version(v, datetime.now(UTC)) for v in versions]
    return _frame(_title("History", versions[0].memory.id, f"{len(versions)} versions"), _rows(rows))


def _of_version(v: Version, now: datetime) -> list[str]:
    by = f"{v.event.op} by {v.event.actor}" if v.event else "erased event"
    end = f"until {_when(v.memory.retired_at)}" if v.memory.retired_at else "as it stands"
    dot = _dot(_GREY if v.memory.retired_at else PALETTE[2])
    return [f"{dot} {_say(_when(v.memory.recorded_at))}<br>{_faint(end)}", _faint(by), _memory(v.memory, now)]


def events(found: Sequence[Event]) -> str:
    """Changes, in the order given."""
    rows = [
        [_say(e.id), _say(_when(e.at)), f"<b>{_say(e.op)}</b>", _faint(e.actor, e.reason, "erased" if e.erased else ""),
         _faint(*e.ids[:3], f"and {len(e.ids) - 3} more" if len(e.ids) > 3 else "")]  # noqa: PLR2004 (as many as fit)
        for e in found[:_LISTED]
    ]  # fmt: skip
    more = _faint(f"and {len(found) - _LISTED} more") if len(found) > _LISTED else ""
    return _frame(_rows(rows), more)


def health(value: Health) -> str:
    """How a user's memory stands, at one glance."""
    span = f"{_when(value.oldest, 'day')} to {_when(value.newest, 'day')}" if value.oldest else "nothing said yet"
    rows = [
        ["episodes", f"<b>{value.episodes:,}</b> {_faint(span)}"],
        ["memories", _counts(value.memories)],
        ["kinds", _counts(value.kinds)],
        ["scopes", _counts(value.scopes)],
        ["still wanted", _spread(value.retrievability)],
        ["index", f"{value.pending_index:,} pending {_faint(value.embedder)}"],
        ["events", f"{value.events:,}"],
    ]
    worries = "".join(f"<div>{_dot(PALETTE[1])} {_say(worry)}</div>" for worry in value.degraded)
    return _frame(_title(f"Memory of {value.user}"), _rows([[_faint(k), v] for k, v in rows]), worries)


def _counts(counts: Mapping[str, int]) -> str:
    shown = sorted(counts.items(), key=lambda c: -c[1])[:12]
    return " ".join(_chip(f"{name} {n:,}") for name, n in shown) or _faint("none")


def _spread(chances: Sequence[float]) -> str:
    """Retrievabilities as ten columns, from 0 to 1."""
    if not chances:
        return _faint("no memories")
    bins = [0] * 10
    for chance in chances:
        bins[min(9, max(0, int(chance * 10)))] += 1
    most = max(bins)
    columns = "".join(
        f'<span title="{i / 10:.1f} to {(i + 1) / 10:.1f}: {n}" style="display:inline-block;width:1.1em;margin-right:1px;'
        f'height:{0.1 + 2.2 * n / most:.2f}em;background:{PALETTE[0]};opacity:{1 if n else 0.35}"></span>'
        for i, n in enumerate(bins)
    )
    mean = sum(chances) / len(chances)
    return f'<div style="line-height:0">{columns}</div>{_faint(f"retrievability 0 to 1, mean {mean:.2f}")}'


def diff(value: Diff) -> str:
    """What was learned, closed and changed."""
    now = value.until
    parts = [
        _title(name, len(found)) + _rows([_memory(m, now)] for m in found[:_LISTED])
        for name, found in (("Added", value.added), ("Closed", value.closed))
        if found
    ]
    if value.changed:
        pairs = ([_memory(was, now), "&rarr;", _memory(new, now)] for was, new in value.changed[:_LISTED])
        parts.append(_title("Changed", len(value.changed)) + _rows(pairs))
    head = _title("Changes", f"{_when(value.since)} to {_when(value.until)}")
    return _frame(head, *(parts or [_faint("none")]))


def receipt(value: Receipt) -> str:
    """What was erased, and how that was checked."""
    checks = " ".join(
        _chip(f"{name}: {'held' if ok else 'FAILED'}", PALETTE[2 if ok else 7]) for name, ok in value.checks.items()
    )
    rows = [
        ["erased", _counts(value.erased)],
        ["ids", _faint(*value.ids[:5], f"and {len(value.ids) - 5} more" if len(value.ids) > 5 else "")],  # noqa: PLR2004 (as many as fit)
        ["kept", _faint(*value.kept) if value.kept else _faint("nothing")],
        ["checks", checks or _faint("none")],
        ["bytes", _say(value.physical)],
        ["outside reach", _faint(*value.outside)],
    ]
    return _frame(
        _title("Forgotten", _when(value.at), f"{value.seconds:.2f} s"), _rows([[_faint(k), v] for k, v in rows])
    )


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, total: int, truncated: bool = False) -> str:
    """The answer to a query."""
    cells = ([_faint("null") if v is None else _text(str(v)) for v in row] for row in rows)
    more = f"{len(rows):,} of {total:,} rows" if len(rows) < total else f"{total:,} rows"
    cut = "cut at the row cap; pass rows= for more" if truncated else ""
    return _frame(_rows(cells, columns), _faint(more, cut))


_RENDERERS: Final[Mapping[type, Callable[[Any], str]]] = {
    Memory: memory,
    Episode: episode,
    Recollection: recollection,
    Page: page,
    Injection: injection,
    Health: health,
    Diff: diff,
    Receipt: receipt,
    **runs.RENDERERS,
}


def render(value: Any) -> str:
    """Any value that has a form of its own.

    Raises:
        KeyError: There is none for it.
    """
    return _RENDERERS[type(value)](value)


def render_list(values: Sequence[Any]) -> str:
    """A list of recollections, versions, events or memories."""
    first = values[0] if values else None
    if isinstance(first, Version):
        return history(values)
    if isinstance(first, Event):
        return events(values)
    if isinstance(first, Run):
        return runs.runs(values)
    if isinstance(first, Procedure):
        return runs.procedures(values)
    if isinstance(first, Memory):
        return _frame(_rows([_memory(m, datetime.now(UTC))] for m in values[:_LISTED]))
    return recollections(values)

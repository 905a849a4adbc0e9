"""Pieces of HTML that the cards of all values are made of: everything escaped, no scripts, nothing fetched.

Colours of text and lines are the notebook's own, so that the same cell reads on light and dark; the few fixed
colours are of middle lightness.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Final

from eider.model.values import Precision
from eider.model.visible_text import visible_lines

PALETTE: Final = ("#4c8eda", "#e0883a", "#4fa873", "#c85f9a", "#9a7fd1", "#b59a2e", "#3aa6a6", "#d0605a")
"""Told apart on white and on black, also by most who confuse red and green."""
GREY: Final = "#8a8f98"
RULE: Final = "border-top:1px solid rgba(128,128,128,.35)"
LISTED: Final = 30
"""Rows of a list that are shown."""
_FRAME: Final = "font-family:inherit;color:inherit;line-height:1.45;max-width:60em"
FAINT: Final = "opacity:.68;font-size:.88em"
_CELL: Final = f"text-align:left;vertical-align:top;padding:.3em .8em .3em 0;{RULE};color:inherit;background:none"
_LONG: Final = 600
"""Characters of a text that are shown."""
_DATE: Final[Mapping[Precision, str]] = {"year": "%Y", "month": "%Y-%m", "day": "%Y-%m-%d", "instant": "%Y-%m-%d %H:%M"}


def say(value: object) -> str:
    """Return any value as text that cannot be markup and hides nothing."""
    return escape(visible_lines(str(value)), quote=True)


def text(value: str) -> str:
    """Return a text with its line breaks, cut where it is long."""
    shown = value if len(value) <= _LONG else f"{value[:_LONG]}…"
    return f'<span style="white-space:pre-wrap">{say(shown)}</span>'


def faint(*parts: object) -> str:
    """Return details in a fainter colour, with points between them."""
    said = " · ".join(say(p) for p in parts if p not in (None, ""))
    return f'<span style="{FAINT}">{said}</span>'


def frame(*parts: str) -> str:
    """Return a card."""
    return f'<div style="{_FRAME}">{"".join(parts)}</div>'


def title(words: str, *details: object) -> str:
    """Return a heading with details beside it."""
    return f'<div style="margin:.2em 0"><b>{say(words)}</b> {faint(*details)}</div>'


def when(at: datetime | None, precision: Precision = "instant") -> str:
    """Return a time as precisely as it is known."""
    return "" if at is None else at.strftime(_DATE[precision])


def rows(cells: Iterable[Sequence[str]], head: Sequence[str] = ()) -> str:
    """Return a table of cells that are HTML already."""
    top = "".join(f'<th style="{_CELL};border-top:0;font-weight:600">{say(h)}</th>' for h in head)
    lines = ["".join(f'<td style="{_CELL}">{c}</td>' for c in row) for row in cells]
    body = "".join(f"<tr>{line}</tr>" for line in ([top] if top else []) + lines)
    return f'<table style="border-collapse:collapse;color:inherit;background:none">{body}</table>'


def chip(word: str, colour: str = GREY) -> str:
    """Return a word in a rounded frame."""
    style = f"border:1px solid {colour};border-radius:.7em;padding:0 .5em;font-size:.82em;white-space:nowrap"
    return f'<span style="{style}">{say(word)}</span>'

"""Shows an edit as a unified diff."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal

from eider.api.install.target import Edit
from eider.privacy.redact import redact

Tone = Literal["", "head", "added", "gone"]
HIDDEN: Final = "…"
_NO_END: Final = "\\ No newline at end of file"


def diff(edit: Edit) -> Iterator[tuple[Tone, str]]:
    """Return the lines of a unified diff, with secrets hidden."""
    before, after = (_lines(text, edit.secrets) for text in (edit.before, edit.after))
    name = str(edit.path)
    old, new = ("/dev/null" if text is None else name for text in (edit.before, edit.after))
    for place, line in enumerate(difflib.unified_diff(before, after, old, new, lineterm="")):
        tone: Tone = "head" if place < 2 or line.startswith("@@") else _LINE_TONES.get(line[:1], "")  # noqa: PLR2004
        yield tone, line


def short_path(path: Path) -> str:
    """Return a path with `~` for the home directory."""
    try:
        return f"~/{path.relative_to(Path.home())}"
    except (ValueError, RuntimeError):
        return str(path)


_LINE_TONES: Final[dict[str, Tone]] = {"+": "added", "-": "gone"}


def _lines(text: bytes | None, secrets: Sequence[str]) -> list[str]:
    if text is None:
        return []
    shown = text.decode("utf-8", "replace")
    for secret in secrets:
        shown = shown.replace(secret, HIDDEN)
    lines = str(redact(shown)).split("\n")
    return lines[:-1] if lines[-1] == "" else [*lines[:-1], lines[-1] + "\n" + _NO_END]

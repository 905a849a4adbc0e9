"""Imports of files that other tools wrote: read here, sent in parts, so that they can be watched and interrupted.

Whoever reads the file needs no right to the store's files, and the store none to the file: it may be on another machine.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from eider.api.markdown_edits import is_markdown_export
from eider.model.answers import Imported
from eider.model.errors import InputError, StoreMissingError
from eider.records.exchange.files import HEADER
from eider.records.importers.source import Importer, Line, Skipped, Wanted, importer_of, importers

if TYPE_CHECKING:
    from eider.api.facade import Eider

_LINES: Final = 1_000
"""Lines sent at once: one transaction."""
_BYTES: Final = 4 << 20
"""Bytes sent at once, about; a longer line goes alone."""
_MOST_REFUSED: Final = 1_000
_NOTE: Final = "its rows count as imported: they are recalled, and guide no agent until the user says them again"


def import_from(
    memory: Eider, path: str | Path, source: str | None = None, *, user: str | None = None, scope: str | None = None,
    since: datetime | None = None, dry_run: bool = False, progress: Callable[[int, int], None] | None = None,
) -> Imported:  # fmt: skip
    """Import what another tool keeps. Running it again adds only what is new; interrupted, it goes on there.

    Args:
        memory: Where to.
        path: File or directory.
        source: Name of the importer; by default the one that knows what the path holds.
        user: Whose the rows become; by default the user given to `eider.open`.
        scope: Scope of the statements; by default what the source says.
        since: Nothing that was said or written before.
        dry_run: Write nothing, and say what would come, what is left out and why.
        progress: Called with (lines done, lines in all).

    Raises:
        InputError: There is no such importer, or the path holds nothing that one knows.
        StoreMissingError: Nothing is at the path.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise StoreMissingError(path, "name the file or directory to import.")
    importer = importer_of(path) if source is None else importers().get(source)
    if importer is None:
        known = ", ".join(f"{one.name} ({one.title})" for one in importers().values())
        what = f"{str(path)!r} holds nothing that is known" if source is None else f"source={source!r} is unknown"
        raise InputError(f"{what}; importers are {known}.")
    wanted = Wanted(user=user or memory.user or "", scope=scope, since=since)
    return _Import(memory, importer, path, wanted, dry_run=dry_run).run(progress)


def foreign_import(
    memory: Eider, path: str | Path, user: str, *, dry_run: bool, progress: Callable[[int, int], None] | None
) -> Imported | None:  # fmt: skip
    """Import what another tool wrote; None for an export of Eider, and for what nobody knows."""
    path = Path(path).expanduser()
    if is_markdown_export(path):
        raise InputError(
            f"{str(path)!r} is Markdown to edit; eider.api.markdown_edits.read_edits(memory, path) says what was changed."
        )
    if not path.exists() or (path / HEADER).is_file() or (importer := importer_of(path)) is None:
        return None
    return _Import(memory, importer, path, Wanted(user=user), dry_run=dry_run).run(progress)


class _Import:
    """One import under way."""

    def __init__(self, memory: Eider, importer: Importer, path: Path, wanted: Wanted, *, dry_run: bool) -> None:
        self._memory, self._importer, self._path, self._wanted, self._dry_run = memory, importer, path, wanted, dry_run
        self._left_out: Counter[str] = Counter()
        self._refused: list[str] = []
        self._lines = 0

    def run(self, progress: Callable[[int, int], None] | None) -> Imported:
        """Send all lines, and add up what became of them."""
        try:
            total = sum(1 for _ in self._importer.iterate(self._path, self._wanted)) if progress else 0
            counts = Counter[str]()
            for part in self._parts():
                done = self._memory.import_lines(part, user=self._wanted.user or None, dry_run=self._dry_run)
                counts.update({n: getattr(done, n) for n in ("episodes", "memories", "events", "skipped", "redacted")})
                self._refused += done.refused[: _MOST_REFUSED - len(self._refused)]
                if progress:
                    progress(min(self._lines, total), total)
        except OSError as error:
            raise InputError(f"{str(self._path)!r} cannot be read ({error.strerror or error}).") from error
        done = Imported(
            **dict.fromkeys(("episodes", "memories", "events", "skipped"), 0), refused=tuple(self._refused),
            dry_run=self._dry_run, note=f"the file is not an export of Eider; {_NOTE}", source=self._importer.name,
            left_out=dict(sorted(self._left_out.items())),
        )  # fmt: skip
        return replace(done, **counts)

    def _parts(self) -> Iterator[list[Line]]:
        part: list[Line] = []
        size = 0
        for place, found in self._importer.iterate(self._path, self._wanted):
            self._lines += 1
            if isinstance(found, Skipped):
                self._left_out[found.reason] += 1
            elif isinstance(found, InputError):
                if len(self._refused) < _MOST_REFUSED:
                    self._refused.append(f"{place}: {found}")
            else:
                size += len(json.dumps(found))
                part.append({**found, "place": place})
            if len(part) >= _LINES or size >= _BYTES:
                yield part
                part, size = [], 0
        if part:
            yield part

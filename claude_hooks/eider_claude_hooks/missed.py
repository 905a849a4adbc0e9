"""What no hook could tell: transcripts that have grown and come to rest are read once nobody asks for anything.

A session of one prompt may be over before a server listens. Where none answered at its start, the command hook has left a
note of where its words will stand.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from eider_claude_hooks.hook import MISSED_FILE
from eider_claude_hooks.session import HOST, Session, Sessions

_REST_SECONDS: Final = 2.0
"""Seconds without a new line after which a transcript is read; hooks that arrive have told their part by then."""
_OVER_SECONDS: Final = 120.0
"""After that a session is taken to be over; until then its last turn may be under way."""
_KEPT: Final = 86_400.0
"""Seconds after which a note is let go whose transcript never came."""


class UnreadTranscripts:
    """The transcripts of one home's sessions."""

    def __init__(self, home: Path) -> None:
        """Look nowhere yet."""
        self._folder = home / "hooks" / HOST / MISSED_FILE
        self._read: dict[str, tuple[float, bool]] = {}
        """Transcript → when it was written last and whether it was over, as it was read."""

    def due(self, sessions: Sessions) -> Iterator[tuple[Session, bool]]:
        """(session, whether it is over) of each that may have said more than its hooks told."""
        for event in list(self._read_notes()):
            sessions.session_of(event)  # known from now on, like any other
        yield from self._sessions_at_rest(sessions.recent(32))

    def _sessions_at_rest(self, sessions: Iterable[Session]) -> Iterator[tuple[Session, bool]]:
        found: dict[str, tuple[float, bool]] = {}
        for session in sessions:
            with suppress(OSError):
                written = Path(session.transcript).stat().st_mtime
                rest = time.time() - written
                state = (written, rest > _OVER_SECONDS)
                before = self._read.get(session.transcript)
                if rest > _REST_SECONDS and state != before:
                    yield session, state[1]
                    before = state
                if before is not None:
                    found[session.transcript] = before
        self._read = found

    def _read_notes(self) -> Iterator[Mapping[str, Any]]:
        """What the command hook noted, once; a note whose transcript is yet to come stays."""
        for note in self._folder.glob("*.json"):
            with suppress(OSError, ValueError, KeyError, TypeError):
                said = json.loads(note.read_text(encoding="utf-8"))
                if Path(str(said["transcript_path"])).is_file():
                    yield said
                elif time.time() - note.stat().st_mtime < _KEPT:
                    continue
            with suppress(OSError):
                note.unlink()

"""What no hook could tell: transcripts that hold more than was taken in, of sessions that are known or were noted.

A server that begins reads all of them; later those are read that have grown and come to rest. Where no server answered,
the command hook has left a note of where the words will stand.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from eider_claude_hooks.hook import MISSED_FILE
from eider_claude_hooks.session import HOST, Session, Sessions

_REST_SECONDS: Final = 2.0
"""Seconds without a new line after which a transcript is read; hooks that arrive have told their part by then."""
_OVER_SECONDS: Final = 120.0
"""After that a session is taken to be over; until then its last turn may be under way."""
_RETRY_SECONDS: Final = 60.0
"""Seconds after which a transcript is read again that could not be taken in, as while the disk was full."""
_KEPT: Final = 86_400.0
"""Seconds after which a note is let go whose transcript never came."""


class UnreadTranscripts:
    """The transcripts of one home's sessions."""

    def __init__(self, home: Path, host: str = HOST) -> None:
        """Look nowhere yet."""
        self._folder = home / "hooks" / host / MISSED_FILE
        self._read: dict[str, tuple[float, bool, float]] = {}
        """Transcript → when it was written last, whether it was over, and when that was handed out."""

    def behind(self, sessions: Sessions) -> list[tuple[Session, bool]]:
        """(session, whether it is over) of all that have said more than is known, for a server that begins."""
        self._add_noted(sessions)
        return [(session, time.time() - _written(session) > _OVER_SECONDS) for session in sessions.behind()]

    def due(self, sessions: Sessions) -> list[tuple[Session, bool]]:
        """(session, whether it is over) of those that have said more than is known, and have come to rest."""
        self._add_noted(sessions)
        found: dict[str, tuple[float, bool, float]] = {}
        due: list[tuple[Session, bool]] = []
        for session in sessions.recent(32):
            written, now = _written(session), time.monotonic()
            rest = time.time() - written
            state = (written, rest > _OVER_SECONDS)
            before = self._read.get(session.transcript)
            known = before is not None and before[:2] == state and now - before[2] < _RETRY_SECONDS
            if rest > _REST_SECONDS and not known and session.is_behind():
                due.append((session, state[1]))
                before = (*state, now)
            if before is not None:
                found[session.transcript] = before
        self._read = found
        return due

    def _add_noted(self, sessions: Sessions) -> None:
        """Make known the sessions that the command hook noted, and until when they were not to be learned from."""
        for note in self._read_notes():
            session, until = sessions.session_of(note), note.get("silent_until")
            if session is not None and isinstance(until, int | float):
                session.leave_alone(until, note.get("silent_turn"))
                sessions.save(session)

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


def _written(session: Session) -> float:
    """When the transcript was written last, in seconds since 1970; 0 where there is none."""
    try:
        return Path(session.transcript).stat().st_mtime
    except (OSError, ValueError):
        return 0.0

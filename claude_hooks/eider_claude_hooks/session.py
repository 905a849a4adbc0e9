"""What is known of one session: what it was given, how far it was read, what it cost. On disk without a word of it."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

HOST: Final = "claude-code"
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_GIVEN: Final = 1_000
"""Ids remembered as given to one session."""
_TURNS: Final = 64
_OPEN: Final = 256
"""Sessions kept in memory."""
_FILES: Final = 500
_DAYS: Final = 30
"""After that a session's file is gone; resumed later, it starts anew."""
_WINDOW_SECONDS: Final = 8 * 3600.0
"""Seconds for which a window that says nothing keeps the server running."""
_CAUGHT_UP: Final = 86_400.0
"""Seconds: what was said longer ago in a session never heard of is not caught up, but imported if somebody asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastAnswer:
    """What the agent said last."""

    text: str = ""
    key: str | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class Session:
    """One session; whoever changes it holds its lock."""

    id: str
    host: str = HOST
    cwd: str = ""
    transcript: str = ""
    given: OrderedDict[str, None] = field(default_factory=OrderedDict[str, None])
    """Ids of memories that the conversation holds."""
    heard: deque[str] = field(default_factory=lambda: deque[str](maxlen=_TURNS))
    """Prompts that were learned from."""
    told: deque[str] = field(default_factory=lambda: deque[str](maxlen=_TURNS))
    """Prompts whose answers were kept."""
    mark: int = 0
    """Byte of the transcript at which the last turn that was taken in begins."""
    read: int = 0
    """Size of the transcript when its last turn was taken in whole."""
    since: float = 0.0
    """Seconds since 1970; what is older in the transcript is left alone."""
    injected: int = 0
    """Tokens."""
    recalled: int = 0
    """Lines."""
    learned: int = 0
    """Memories."""
    prompts: int = 0
    used: float = 0.0
    window: int = 0
    """Process of the client that it was last heard from."""
    # what follows is never written anywhere
    saved: bool = False
    """Whether a file of it is on disk."""
    last: LastAnswer = field(default_factory=LastAnswer)
    topics: deque[str] = field(default_factory=lambda: deque[str](maxlen=6))
    """The latest prompts: what the session is about."""
    private: deque[str] = field(default_factory=lambda: deque[str](maxlen=64))
    tainted: set[str] = field(default_factory=set[str])
    """Prompts, and subagents, that met what others wrote."""
    asked: deque[tuple[str, str]] = field(default_factory=lambda: deque[tuple[str, str]](maxlen=32))
    """(type, prompt) of subagents that are about to start."""
    files: OrderedDict[str, None] = field(default_factory=OrderedDict[str, None])
    """Instructions that the client said it loaded."""
    lock: threading.RLock = field(default_factory=threading.RLock)

    def add_given(self, ids: Iterable[str]) -> None:
        """Note what the conversation holds from now on."""
        with self.lock:
            for one in ids:
                self.given[one] = None
            while len(self.given) > _GIVEN:
                self.given.popitem(last=False)

    def forget_given(self) -> None:
        """The conversation has lost what it was given: it was compacted, or cleared."""
        with self.lock:
            self.given.clear()

    def leave_alone(self, until: float, turn: object) -> None:
        """Note that what was said up to a moment (seconds since 1970), and this turn, may never be learned."""
        with self.lock:
            self.since = max(self.since, until)
            for done in (self.heard, self.told):
                if isinstance(turn, str) and turn and turn not in done:
                    done.append(turn)

    def key(self, turn: str) -> str:
        """Idempotency key of a turn, from coordinates alone."""
        return f"{self.host}:{self.id}:{turn}"

    def figures(self) -> dict[str, Any]:
        """What it cost and brought."""
        return {
            "prompts": self.prompts,
            "injected_tokens": self.injected,
            "recalled": self.recalled,
            "learned": self.learned,
        }

    def saved_fields(self) -> dict[str, Any]:
        """What survives the server: ids, places and counts, nothing that was said."""
        with self.lock:
            return {"v": 1, "cwd": self.cwd, "transcript": self.transcript, "mark": self.mark, "read": self.read,
                    "given": list(self.given), "heard": list(self.heard), "told": list(self.told), "since": self.since,
                    "used": self.used, "window": self.window, **self.figures()}  # fmt: skip

    def is_behind(self) -> bool:
        """Whether the transcript holds more than was taken in."""
        try:
            return os.stat(self.transcript).st_size != self.read  # noqa: PTH116 (asked for every session there is)
        except (OSError, ValueError):
            return False


class Sessions:
    """The sessions of one home."""

    def __init__(self, home: Path, host: str = HOST) -> None:
        """Read nothing yet."""
        self.host, self.folder = host, home / "hooks" / host / "sessions"
        self._open: OrderedDict[str, Session] = OrderedDict()
        self._lock = threading.Lock()
        self.totals = {"injected_tokens": 0, "recalled": 0, "learned": 0, "caught_up": 0}
        """Since the server began."""

    def session_of(self, event: Mapping[str, Any]) -> Session | None:
        """The session an event belongs to; None where it names none."""
        said = event.get("session_id")
        if not isinstance(said, str) or not said:
            return None
        id_ = name_of(said)
        with self._lock:
            session = self._open.get(id_)
            if session is None:
                session = self._open[id_] = _read_session(id_, self._file(id_), event.get("eider_at"), host=self.host)
            self._open.move_to_end(id_)
            while len(self._open) > _OPEN:
                self._open.popitem(last=False)
        session.used = time.time()
        cwd, transcript = _path_field(event, "cwd"), _path_field(event, "transcript_path")
        session.transcript = transcript or session.transcript
        if cwd and cwd != session.cwd and not _is_folder_within(session.cwd, cwd):
            session.cwd = cwd
        if isinstance(window := event.get("eider_window"), str) and window.isascii() and window.isdigit():
            session.window = int(window)
        if not session.saved and session.cwd:
            with suppress(OSError):  # a server that is killed leaves the next one the place of the transcript
                self.save(session)
        return session

    def behind(self) -> list[Session]:
        """The sessions on disk and in memory whose transcripts hold more than was taken in."""
        with suppress(OSError):
            for file in self.folder.glob("*.json"):
                with self._lock:
                    if (
                        file.stem not in self._open
                        and (found := _read_session(file.stem, file, host=self.host)).is_behind()
                    ):
                        self._open[file.stem] = found
        with self._lock:
            return [session for session in self._open.values() if session.is_behind()]

    def open_windows(self) -> bool:
        """Whether the client of a session that was heard from today is still running."""
        now = time.time()
        return any(s.window and now - s.used < _WINDOW_SECONDS and _is_alive(s.window) for s in self.recent(_OPEN))

    def save(self, session: Session) -> None:
        """Keep what must survive the server.

        Raises:
            OSError: It cannot be written; the session goes on from memory.
        """
        path = self._file(session.id)
        for folder in (path.parent.parent.parent, path.parent.parent, path.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
        write_whole(path, json.dumps(session.saved_fields(), separators=(",", ":")))
        session.saved = True

    def recent(self, limit: int = 5) -> list[Session]:
        """Those used last, newest first."""
        with self._lock:
            return sorted(self._open.values(), key=lambda s: -s.used)[:limit]

    def prune(self) -> None:
        """Let go of files that nobody will ask for."""
        with suppress(OSError):
            found = sorted(((f.stat().st_mtime, f) for f in self.folder.glob("*.json")), reverse=True)
            for number, (used, file) in enumerate(found):
                if number >= _FILES or time.time() - used > _DAYS * 86_400:
                    file.unlink(missing_ok=True)

    def _file(self, id_: str) -> Path:
        return self.folder / f"{id_}.json"


def name_of(said: str) -> str:
    """A session's id as it is kept: what is no plain name becomes one."""
    return said if _ID.fullmatch(said) else sha256(said.encode("utf-8", "replace")).hexdigest()[:32]


def write_whole(path: Path, text: str) -> None:
    """Put a file in its place whole, for this account alone."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        fresh.replace(path)
    except OSError:
        with suppress(OSError):
            fresh.unlink()
        raise


def _is_folder_within(project: str, cwd: str) -> bool:
    """Whether a directory is only a folder of the project that a session works in, and no repository of its own."""
    inner = Path(cwd)
    if not project or not inner.is_relative_to(project):
        return False
    return not any(
        (folder / ".git").exists()
        for folder in (inner, *inner.parents)
        if folder.is_relative_to(project) and folder != Path(project)
    )


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def _read_session(id_: str, path: Path, first: object = None, *, host: str = HOST) -> Session:
    """A session as it was left; one that cannot be read starts anew, and its keys keep it from doubling anything.

    Args:
        id_: Its name.
        path: Its file.
        first: When it was first heard of, in seconds since 1970; now by default.
        host: Name of the host it is a session of.
    """
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        kept = None
    if not isinstance(kept, dict):
        return Session(
            id=id_, host=host, since=(float(first) if isinstance(first, int | float) else time.time()) - _CAUGHT_UP
        )
    session = Session(
        id=id_, host=host, since=_number_field(kept, "since"), mark=int(_number_field(kept, "mark")), saved=True
    )
    session.cwd, session.transcript = _path_field(kept, "cwd"), _path_field(kept, "transcript")
    session.read, session.window = int(_number_field(kept, "read")), int(_number_field(kept, "window"))
    session.used = _number_field(kept, "used")
    session.add_given(_text_list(kept, "given"))
    session.heard.extend(_text_list(kept, "heard"))
    session.told.extend(_text_list(kept, "told"))
    session.prompts, session.injected = int(_number_field(kept, "prompts")), int(_number_field(kept, "injected_tokens"))
    session.recalled, session.learned = int(_number_field(kept, "recalled")), int(_number_field(kept, "learned"))
    return session


def _path_field(kept: Mapping[str, Any], name: str) -> str:
    found = kept.get(name)
    return found if isinstance(found, str) and found.startswith("/") and "\0" not in found else ""


def _number_field(kept: Mapping[str, Any], name: str) -> float:
    found = kept.get(name)
    return max(0, found) if isinstance(found, int | float) and not isinstance(found, bool) and found == found else 0  # noqa: PLR0124 (not a number)


def _text_list(kept: Mapping[str, Any], name: str) -> list[str]:
    found = kept.get(name)
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []

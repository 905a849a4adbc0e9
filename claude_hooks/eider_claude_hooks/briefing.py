"""The briefing at a session's start: what the user asked for, what is open, how to ask for more.

The same bytes as long as nothing changes, for the client puts the same text into a conversation once. The last one of
each directory stays on disk for a start at which the server is still asleep; a forget takes it away.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from eider.client import briefing_cache
from eider.privacy import recall_marks
from eider_claude_hooks.hook import briefing_name
from eider_claude_hooks.hook_host import CLAUDE_CODE, HookHost
from eider_claude_hooks.session import HOST, write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eider import Eider
    from eider.model.answers import Policy
    from eider_claude_hooks.project import Place

POLICY: Final = 350
"""Tokens of guidance; with the standing words and what is open it stays below 600."""
ABOUT: Final = 120
"""Tokens of what a compacted session was about."""
GUIDANCE: Final = 7_000
"""Characters of guidance as the client is sent it: it takes 10,000 in all, and nothing of what is longer."""
ASKED: Final = 4
"""Prompts of a compacted session that are told again."""
OPEN: Final = 2
"""Contradictions shown at most."""
_CHARACTERS: Final = 160
OBEY: Final = "What the user told earlier follows; act on it unless they say otherwise now."


@dataclass(frozen=True, slots=True, kw_only=True)
class Briefing:
    """Text and memories given to a session when it begins."""

    text: str
    ids: tuple[str, ...] = ()
    """Memories that the text shows."""
    tokens: int = 0
    """Of what was recalled, the standing words aside."""


def compile_briefing(
    memory: Eider, place: Place, known: Sequence[str], *, about: str = "", host: HookHost = CLAUDE_CODE
) -> Briefing:
    """The briefing for a place; `about` is what a session was about that has lost its beginning."""
    how, settling = host.how, host.settling
    policy = memory.policy(
        context=about or None, existing_instructions="\n".join(known), scopes=place.scopes,
        budget=POLICY - ABOUT if about else POLICY,
    )  # fmt: skip
    lines, ids = _lines_within_limit(policy), [m.id for m in policy.memories]
    tokens = policy.tokens
    waiting = [m for m in memory.inbox(limit=50) if m.scope in place.scopes]
    for one in sorted(waiting, key=lambda m: m.id)[:OPEN]:
        lines.append(f"Open: {_shorten(one.question)} Ask the user in passing, or {settling.format(id=one.id)}.")
        ids.append(one.id)
    text = f"{how}\n{OBEY}\n{recall_marks.mark(lines, ())}" if lines else how
    if about:
        asked = [_shorten(line) for line in about.splitlines() if line.strip()][-ASKED:]
        text += f"\nWhat the user asked in this session before, the latest last:\n{recall_marks.mark(asked, ())}"
        more = memory.inject(about, scopes=place.scopes, budget=ABOUT, without=ids, known=known)
        if more:
            text += f"\nWhat is kept about that:\n{more.text}"
            ids += [r.id for r in more.recollections]
            tokens += more.tokens
    return Briefing(text=text, ids=tuple(ids), tokens=tokens)


def policy_text(policy: Policy) -> str:
    """Guidance for an agent that is told nothing else; ids would cost more than its words, and the client needs none."""
    return f"{OBEY}\n{recall_marks.mark(_lines_within_limit(policy), ())}"


def _lines_within_limit(policy: Policy) -> list[str]:
    """Lines of guidance for which the client has room: what the user pinned may be more, and then the last line says so."""
    lines, room = policy.text.splitlines(), GUIDANCE
    for number, line in enumerate(lines):
        room -= len(json.dumps(escape(line, quote=False), ensure_ascii=False))
        if room < 0:
            missing = sum(one.startswith("- ") for one in lines[number:])
            return [
                *lines[:number],
                f"{missing} more that the user pinned have no room here; `eider policy` prints them all.",
            ]
    return lines


def _shorten(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _CHARACTERS else f"{flat[:_CHARACTERS]}…"


class BriefingFiles:
    """The last briefing of each directory, on disk."""

    def __init__(self, home: Path, host: str = HOST) -> None:
        """Name the directory; nothing is written yet."""
        self._home, self._host = home, host
        self._lock = threading.Lock()
        self._turn = 0

    def generation(self) -> int:
        """A number that changes when what was compiled before it may say what was forgotten."""
        with self._lock:
            return self._turn

    def delete_all(self) -> None:
        """Delete all of these files."""
        with self._lock:
            self._turn += 1
            briefing_cache.delete_briefings(str(self._home))

    def save(self, cwd: str, text: str, turn: int) -> None:
        """Keep one, unless something was forgotten since `generation`.

        Raises:
            OSError: It cannot be written; a cold start goes without.
        """
        folder = Path(briefing_cache.cache_folder(str(self._home), self._host))
        with self._lock:
            if turn != self._turn:
                return
            for parent in (folder.parent.parent, folder.parent, folder):
                parent.mkdir(mode=0o700, exist_ok=True)
            path = folder / briefing_name(cwd)
            said = json.dumps({"text": text}, ensure_ascii=False)
            if not path.is_file() or path.read_text(encoding="utf-8") != said:
                write_whole(path, said)

"""Records what was said in a session, under keys that hook, transcript and import share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eider.model.validation import MAX_OBSERVED, MAX_TEXT
from eider.privacy import recall_marks
from eider_claude_hooks.project import Place, host_files, sentences_of
from eider_claude_hooks.session import LastAnswer, Session
from eider_claude_hooks.words import blank_private

if TYPE_CHECKING:
    from eider import Eider
    from eider.model.learned import Learned
    from eider.model.values import Origin, Role

Memory = Callable[["Origin"], "Eider"]
"""A ceiling → the memory seen through a door that believes no more."""
Fields = dict[str, Any]
"""Arguments of `record` or `observe`."""


class SessionRecorder:
    """Records utterances and learns from them, each once."""

    def __init__(self, memory: Memory, *, tz: str | None = None) -> None:
        """Keep through these doors; the speaker's time zone is this machine's where none is named."""
        self._memory, self._tz = memory, tz

    def record_prompt(
        self, session: Session, place: Place, turn: str, text: str, *, at: str | None, answering: LastAnswer
    ) -> Learned | None:  # fmt: skip
        """Record a prompt in its project's scope and learn from it as a reply."""
        said, exchange = self.prompt(session, place, turn, text, at=at, answering=answering)
        door = self._memory("user")
        for one in said:
            door.record(**one)
        return door.observe(**exchange) if exchange else None

    def prompt(
        self, session: Session, place: Place, turn: str, text: str, *, at: str | None, answering: LastAnswer
    ) -> tuple[list[Fields], Fields]:  # fmt: skip
        """Return a prompt as fields of `record`, one mapping for each part, and of `observe`; none where it is empty."""
        text, output = (
            recall_marks.strip(text)[:MAX_OBSERVED],
            blank_private(answering.text, session.private)[:MAX_OBSERVED],
        )
        if not text.strip():
            return [], {}
        key = session.key(turn)
        said = self._parts(session, place, f"{key}:user", text, "user", at=at)
        exchange: Fields = {
            "agent_output": output, "user_reply": text, "session": session.id, "at": at, "tz": self._tz,
            "context": f"{place.scope} (branch {place.branch})" if place.branch else place.scope,
            "ambient_scope": place.scope, "known": self.host_file_sentences(session, place), "key": key,
            "answering_key": answering.key if output.strip() else None,
        }  # fmt: skip
        return said, exchange

    def record_answer(
        self, session: Session, place: Place, turn: str, text: str, *, at: str | None, tainted: bool
    ) -> None:
        """Record the agent's final answer of a turn."""
        self.record_agent_text(session, place, f"{session.key(turn)}:agent", text, speaker=None, at=at, tainted=tainted)

    def record_agent_text(
        self, session: Session, place: Place, key: str, text: str, *, speaker: str | None, at: str | None, tainted: bool
    ) -> None:  # fmt: skip
        """Record the agent's words, with low trust if it had read untrusted text."""
        door = self._memory("tool" if tainted else "agent")
        for one in self.agent_text(session, place, key, text, speaker=speaker, at=at):
            door.record(**one)

    def agent_text(
        self, session: Session, place: Place, key: str, text: str, *, speaker: str | None, at: str | None
    ) -> list[Fields]:  # fmt: skip
        """Return the agent's words as fields of `record`, one mapping for each part."""
        text = recall_marks.strip(blank_private(text, session.private))[:MAX_OBSERVED]
        return [{**one, "speaker": speaker} for one in self._parts(session, place, key, text, "agent", at=at)]

    def host_file_sentences(self, session: Session, place: Place) -> tuple[str, ...]:
        """Return the sentences of the client's own instruction files, which are neither learned nor injected."""
        return sentences_of([*map(Path, session.files), *host_files(place, session.cwd, session.transcript)])

    def _parts(
        self, session: Session, place: Place, key: str, text: str, role: Role, *, at: str | None
    ) -> list[Fields]:  # fmt: skip
        """An utterance, in parts if it is too long, under the keys `observe` expects."""
        branch = {"branch": place.branch} if place.branch else {}
        about = {
            "role": role, "session": session.id, "at": at, "tz": self._tz,
            "metadata": {"scope": place.scope, "host": session.host, **branch},
        }  # fmt: skip
        return [
            {"text": part, "key": key + (f":{start}" if start else ""), **about}
            for start in range(0, len(text), MAX_TEXT)
            if (part := text[start : start + MAX_TEXT]).strip()
        ]

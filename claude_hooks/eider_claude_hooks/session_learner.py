"""Learns from sessions in the background: each message once, in order.

Hooks say what happens; what they could not deliver stands in the client's transcript and is caught up from there, under
the same keys.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from eider.model.errors import ErasedError, InputError, PausedError
from eider_claude_hooks import plan
from eider_claude_hooks.hook_host import CLAUDE_CODE, HookHost
from eider_claude_hooks.project import Place, place_of
from eider_claude_hooks.session import LastAnswer, Session, Sessions
from eider_claude_hooks.session_recorder import Memory, SessionRecorder
from eider_claude_hooks.transcript import Turn
from eider_claude_hooks.words import blank_private, user_words

_INTENDED_ERRORS: Final = (PausedError, ErasedError)
"""What is not kept because somebody wants that: writing is paused, or it was forgotten. It is not tried again."""
_TOPIC_BYTES: Final = 2 * 1024 * 1024
"""Bytes of a transcript that are read for what a session was about."""


class SessionLearner:
    """Records and learns from sessions; called by one thread."""

    def __init__(
        self, memory: Memory, sessions: Sessions, fault: Callable[[BaseException], None], host: HookHost = CLAUDE_CODE
    ) -> None:
        """Learn through these doors."""
        self._memory, self._sessions, self._fault, self._host = memory, sessions, fault, host
        self._keeper = SessionRecorder(memory)

    # ------------------------------------------------------------------ what the client told

    def on_prompt(self, session: Session, turn: str, prompt: str, at: str | None = None) -> None:
        """Record a submitted prompt; earlier turns are complete."""
        place = self._read_new_turns(session, turn)
        if place.learns and turn not in session.heard:
            self._record_prompt(session, place, turn, prompt, at=at, answering=session.last)
        self._sessions.save(session)

    def on_answer(self, session: Session, turn: str, answer: str, at: str | None = None) -> None:
        """Record the agent's final answer."""
        place = self._read_new_turns(session, turn)
        if place.learns and turn not in session.told:
            here, _ = self._host.read_turns(Path(session.transcript), session.mark) if session.transcript else ([], 0)
            met = any(t.id == turn and (t.tainted or t.source or _is_mixed(t)) for t in here)
            self._record_answer(session, place, turn, answer, at=at, tainted=met)
        self._sessions.save(session)

    def read_transcript(self, session: Session, *, under_way: bool = False) -> None:
        """Read new turns from the transcript; a turn `under_way` has no answer yet."""
        self._read_new_turns(session, None, under_way=under_way)
        self._sessions.save(session)

    def catch_up(self, sessions: Sequence[tuple[Session, bool]]) -> None:
        """Read what several transcripts hold behind their marks, in the order in which it was said.

        Args:
            sessions: Each with whether it is over; in others the last turn may be under way.
        """
        steps: list[tuple[float, Session, Turn, bool]] = []
        ends: list[tuple[Session, int]] = []
        for session, over in sessions:
            found, end = self._turns_behind(session)
            said = 0.0
            for turn in found:
                said = max(said, _seconds(turn.at))  # a session's own order holds, whatever its clock says
                steps.append((said, session, turn, over or turn.ended or turn is not found[-1]))
            if over or not found or found[-1].ended:
                ends.append((session, end))
        for _, session, turn, whole in sorted(steps, key=lambda step: step[0]):
            self._take_in(session, place_of(session.cwd), turn, whole=whole)
            self._sessions.save(session)
        for session, end in ends:
            session.read = end
            self._sessions.save(session)

    def latest_prompts(self, session: Session) -> list[str]:
        """The latest prompts of a session, from its transcript where the server was another when they were said."""
        if not session.topics and session.transcript:
            found, _ = self._host.read_turns(Path(session.transcript), max(0, session.mark - _TOPIC_BYTES))
            said = (user_words(turn.prompt, turn.source) for turn in found)
            session.topics.extend(one.text[:500] for one in said if one.text and not one.command)
        return list(session.topics)

    def on_subagent_result(self, session: Session, agent: str, kind: str, result: str, record: str) -> None:
        """Record a subagent's result."""
        place = place_of(session.cwd)
        if not place.learns:
            return
        tainted = agent in session.tainted or (bool(record) and self._host.uses_tools(Path(record)))
        with suppress(*_INTENDED_ERRORS):
            key = f"{session.key(agent)}:agent"
            self._keeper.record_agent_text(session, place, key, result, speaker=kind[:100], at=None, tainted=tainted)
        self._sessions.save(session)

    def on_plan_approved(self, session: Session, use: str, text: str, turn: str) -> None:
        """Record an approved plan's points as decisions."""
        place = place_of(session.cwd)
        if not place.learns:
            return
        door = self._memory("tool" if turn in session.tainted else "agent")
        points = [
            {"text": point, "kind": "decision", "scope": place.scope, "key": f"{session.key(use)}:plan:{number}"}
            for number, point in enumerate(plan.decisions(blank_private(text, session.private)))
        ]
        if points:
            with suppress(*_INTENDED_ERRORS):
                made = door.remember_many(points)
                session.add_given([m.id for m in made])
                self._count_learned(session, len(made))
        self._sessions.save(session)

    # ------------------------------------------------------------------ what it could not tell

    def _read_new_turns(self, session: Session, current: str | None, *, under_way: bool = False) -> Place:
        """Read the transcript's turns after the mark, up to the current one."""
        place = place_of(session.cwd)
        found, end = self._turns_behind(session)
        for turn in found:
            if turn.id == current:
                session.mark = turn.start
                return place
            self._take_in(session, place, turn, whole=turn.ended or not (under_way and turn is found[-1]))
        if not under_way and current is None:
            session.read = end
        return place

    def _turns_behind(self, session: Session) -> tuple[list[Turn], int]:
        """The turns from the mark on, and where the transcript ends."""
        if not session.transcript:
            return [], 0
        found, end = self._host.read_turns(Path(session.transcript), session.mark)
        if not place_of(session.cwd).learns:
            session.mark = session.read = end  # what is said while nothing may be learned is not learned later
            return [], end
        return found, end

    def _take_in(self, session: Session, place: Place, turn: Turn, *, whole: bool) -> None:
        """Learn from a turn of the transcript and move the mark there."""
        if _seconds(turn.at) >= session.since and not turn.copied:
            said = user_words(turn.prompt, turn.source)
            session.private.extend(p for p in said.private if p not in session.private)
            if turn.id not in session.heard and said.text and not said.command:
                self._sessions.totals["caught_up"] += 1
                self._record_prompt(session, place, turn.id, said.text, at=turn.at, answering=session.last)
            if turn.id not in session.told and turn.answer and whole:
                machine = turn.tainted or said.mixed or not (said.text or said.command)
                self._record_answer(session, place, turn.id, turn.answer, at=turn.answered or turn.at, tainted=machine)
            key = f"{session.key(turn.id)}:agent"
            if turn.answer and session.last.key != key:
                session.last = LastAnswer(text=turn.answer, key=key)
        session.mark = turn.start

    # ------------------------------------------------------------------ keeping

    def _record_prompt(
        self, session: Session, place: Place, turn: str, text: str, *, at: str | None, answering: LastAnswer
    ) -> None:
        session.heard.append(turn)
        with self._marking_done(session.heard, turn):
            learned = self._keeper.record_prompt(session, place, turn, text, at=at, answering=answering)
            if learned is not None:
                session.add_given(m.id for m in learned.memories)
                self._count_learned(session, len(learned.memories))

    def _record_answer(
        self, session: Session, place: Place, turn: str, text: str, *, at: str | None, tainted: bool
    ) -> None:
        session.told.append(turn)
        with self._marking_done(session.told, turn):
            self._keeper.record_answer(session, place, turn, text, at=at, tainted=tainted or turn in session.tainted)
            session.last = LastAnswer(text=text, key=f"{session.key(turn)}:agent")

    @contextmanager
    def _marking_done(self, done: deque[str], turn: str) -> Generator[None]:
        """Mark a turn as done unless its write fails and may be retried."""
        try:
            yield
        except _INTENDED_ERRORS:
            return
        except InputError as error:
            self._fault(error)
        except BaseException:
            with suppress(ValueError):
                done.remove(turn)
            raise

    def _count_learned(self, session: Session, count: int) -> None:
        session.learned += count
        self._sessions.totals["learned"] += count

    def host_file_sentences(self, session: Session, place: Place) -> tuple[str, ...]:
        """Return the sentences of the client's own instruction files, which are neither learned nor injected."""
        return self._keeper.host_file_sentences(session, place)


def _is_mixed(turn: Turn) -> bool:
    """Whether a prompt holds what no person typed, which its answer may say back."""
    said = user_words(turn.prompt)
    return said.mixed or not said.text


def _seconds(at: str | None) -> float:
    try:
        found = datetime.fromisoformat(at) if at else None
    except ValueError:
        return 0.0
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() if found else 0.0

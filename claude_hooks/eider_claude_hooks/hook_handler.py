"""Answers Claude Code's hooks in the server.

Each event has one method. What the client reads is made at once, out of what is known; what was said is written behind
its back, in its order, by one thread.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from eider.api.background_writer import BackgroundWriter
from eider.client import briefing_cache
from eider.client.client import dumps
from eider.model.errors import EiderError
from eider_claude_hooks import briefing
from eider_claude_hooks.hook_host import CLAUDE_CODE, HookHost
from eider_claude_hooks.missed import UnreadTranscripts
from eider_claude_hooks.project import place_of
from eider_claude_hooks.session import Session, Sessions
from eider_claude_hooks.session_learner import SessionLearner
from eider_claude_hooks.words import user_words

if TYPE_CHECKING:
    from eider import Eider
    from eider.model.values import Origin
    from eider.service.hooks import Around

Answer = Mapping[str, Any]
NOTHING: Final[Answer] = {}
MAX_OUTPUT: Final = 10_000
"""Characters of output that the client takes."""
INJECTED: Final = 400
"""Tokens of what is recalled for one prompt, and for a subagent's."""
GUIDED: Final = 200
"""Tokens of guidance for a subagent."""
_MAX_PROMPT: Final = 20_000
"""Characters of a prompt that are recalled for."""
_DELAY_SECONDS: Final = 0.02
"""Seconds after which what was told is written: the answer leaves first. Beside each other the two threads took turns of
five milliseconds, and a prompt waited 6 to 8 ms for its answer."""
_LATE_SECONDS: Final = 10.0
"""Seconds after which an event is no news, but a reason to read the transcript: the server hung, or the machine slept."""
_DAY_SECONDS: Final = 86_400.0
_MAX_BRIEFINGS: Final = 16
"""Directories whose briefings are made anew after a change: those used last."""


def start(around: Around) -> HookHandler:
    """Create the handler of Claude Code's hooks; the server calls this once."""
    return HookHandler(around)


class HookHandler:
    """The hooks of Claude Code, or of a host with the same events."""

    def __init__(self, around: Around, host: HookHost = CLAUDE_CODE) -> None:
        """Create the handler; nothing is read yet."""
        self._around, self._host = around, host
        self.sessions = Sessions(around.home, host.name)
        self.learner = SessionLearner(self._memory, self.sessions, partial(around.fault, host.name), host)
        self.briefings = briefing.BriefingFiles(around.home, host.name)
        self.missed = UnreadTranscripts(around.home, host.name)
        self.writer = BackgroundWriter(partial(around.fault, host.name))
        self._waiting = 0
        self._lock = threading.Lock()
        self._stale = self._caught_up = False
        self._places: dict[str, tuple[str, ...]] = {}
        """Directory → what the host's files said there, of the sessions that were briefed last."""
        self._pruned = 0.0
        self._over: deque[Session] = deque(maxlen=64)
        """Sessions that ended since the last quiet moment."""
        self._events: Mapping[str, Callable[[Session, Mapping[str, Any], float], Answer]] = {
            "SessionStart": self._on_session_start, "InstructionsLoaded": self._on_instructions_loaded, "UserPromptSubmit": self._on_prompt,
            "Stop": self._on_stop, "SubagentStart": self._on_subagent_start, "SubagentStop": self._on_subagent_stop,
            "PreToolUse": self._on_pre_tool_use, "PostToolUse": self._on_post_tool_use, "PreCompact": self._on_pre_compact,
            "SessionEnd": self._on_session_end,
        }  # fmt: skip

    def _memory(self, max_trust: Origin) -> Eider:
        return self._around.memory(self._host.name, max_trust)

    # ------------------------------------------------------------------ the server's questions

    def answer(self, event: Mapping[str, Any], until: float) -> Answer:
        """Answer one hook event; empty for anything that is not a session's event."""
        self._catch_up_once()
        if "prompt_id" not in event and "turn_id" in event:
            event = {**event, "prompt_id": event["turn_id"]}  # as Codex calls it
        react = self._events.get(_text_field(event, "hook_event_name"))
        session = self.sessions.session_of(event)
        if react is None or session is None or not session.cwd:
            return NOTHING
        if not place_of(session.cwd).learns:
            session.leave_alone(time.time(), event.get("prompt_id"))
            self._run_later(partial(self.learner.read_transcript, session, under_way=True))
        # return whether the client has gone on since: its transcript tells it and what came after in the right order
        at = event.get("eider_at")
        if (isinstance(at, int | float) and time.time() - at > _LATE_SECONDS) and session.is_behind():
            self._run_later(partial(self.learner.catch_up, [(session, False)]))
            return NOTHING
        try:
            answer = react(session, event, until)
        except EiderError as error:
            self._around.fault(self._host.name, error)
            answer = NOTHING
        if _text_field(event, "hook_event_name") == "SessionStart" and _text_field(event, "source") != "compact":
            # Return one line for the person where something keeps Eider from remembering
            port, fault = self._around.port()
            trouble = (
                [f"it cannot hear {self._host.title}'s prompts: {fault}; run eider doctor"]
                if port is None and fault
                else []
            )
            found = [*trouble, *self._around.trouble()]
            warning = {"systemMessage": f"Eider: {found[0]}."} if found else NOTHING
            answer = {**answer, **warning}
        return answer if len(dumps(answer)) < MAX_OUTPUT else NOTHING

    def warm(self) -> None:
        """Open the store, load what recalling and learning need, and catch up what was said without a server."""
        self._catch_up_once()
        memory = self._memory("user")
        memory.policy(budget=briefing.POLICY)
        memory.inject("what is about to be asked")
        import_module("eider.learn.observe")

    def changed(self, folder: Path, verb: str) -> None:
        """Mark briefings as outdated after a write."""
        del folder
        self._stale = True
        if verb in briefing_cache.ERASING:
            self.briefings.delete_all()

    def tidy(self) -> None:
        """Update outdated briefings, read ended sessions' transcripts, drop old state."""
        self._read_ended_sessions()
        if due := self.missed.due(self.sessions):
            self._run_later(partial(self.learner.catch_up, due))
        if self._stale:
            self._stale = False
            for cwd, known in list(self._places.items()):
                self._run_later(partial(self._save_briefing, cwd, known))
        if time.monotonic() - self._pruned > 3600 or not self._pruned:  # noqa: PLR2004 (once an hour)
            self._pruned = time.monotonic()
            self.sessions.prune()

    def busy(self) -> bool:
        """Return whether writes are waiting."""
        return self._waiting > 0 or bool(self._over)

    def stays(self) -> bool:
        """Return whether a window of the client is open, whose next prompt shall find a server."""
        return self.sessions.open_windows()

    def status(self) -> Mapping[str, Any]:
        """Return figures of what sessions cost and learned, in total and per session."""
        recent = {s.id: s.figures() for s in self.sessions.recent()}
        return {**self.sessions.totals, "waiting": self._waiting, "sessions": recent}

    def close(self, timeout: float) -> None:
        """Write what is waiting."""
        self._read_ended_sessions()
        self.writer.stop(timeout)

    def _catch_up_once(self) -> None:
        """Take in first, before anything new, what sessions said while no server ran."""
        with self._lock:
            if self._caught_up:
                return
            self._caught_up = True
        self._run_later(lambda: self.learner.catch_up(self.missed.behind(self.sessions)))

    def _read_ended_sessions(self) -> None:
        while self._over:
            self._run_later(partial(self.learner.read_transcript, self._over.popleft()))

    def _run_later(self, work: Callable[[], object]) -> None:
        """Run `work` on the background thread after the HTTP response."""
        with self._lock:
            self._waiting += 1

        told = time.monotonic()

        def counted() -> None:
            time.sleep(max(0.0, told + _DELAY_SECONDS - time.monotonic()))
            try:
                work()
            finally:
                with self._lock:
                    self._waiting -= 1

        self.writer.write_later(counted)

    # ------------------------------------------------------------------ a session begins

    def _on_session_start(self, session: Session, event: Mapping[str, Any], until: float) -> Answer:
        source, place = _text_field(event, "source"), place_of(session.cwd)
        if source in ("compact", "clear"):
            session.forget_given()
        if source == "fork":
            session.since = time.time()  # what it brings along was said, and kept, elsewhere
        self._run_later(partial(self.learner.read_transcript, session, under_way=source == "compact"))
        if not place.injects:
            return NOTHING
        known, turn = self.learner.host_file_sentences(session, place), self.briefings.generation()
        about = "\n".join(self.learner.latest_prompts(session)) if source == "compact" else ""
        made = briefing.compile_briefing(self._memory("user"), place, known, about=about, host=self._host)
        if time.monotonic() < until:
            session.add_given(made.ids)
            self._count_injected(session, made.tokens, len(made.ids))
        self._places.pop(session.cwd, None)
        self._places[session.cwd] = known
        while len(self._places) > _MAX_BRIEFINGS:
            self._places.pop(next(iter(self._places)))
        if not about:
            self._run_later(partial(self.briefings.save, session.cwd, made.text, turn))
        return _context_answer("SessionStart", made.text)

    def _save_briefing(self, cwd: str, known: tuple[str, ...]) -> None:
        turn = self.briefings.generation()
        made = briefing.compile_briefing(self._memory("user"), place_of(cwd), known, host=self._host)
        self.briefings.save(cwd, made.text, turn)

    def _on_instructions_loaded(self, session: Session, event: Mapping[str, Any], until: float) -> Answer:
        """Note instruction files that the client loads itself; they are neither learned nor injected."""
        del until
        if path := _text_field(event, "file_path"):
            session.files[path] = None
        return NOTHING

    def _on_pre_compact(self, session: Session, event: Mapping[str, Any], until: float) -> Answer:
        """Read the transcript before the client compacts the conversation."""
        del event, until
        self._run_later(partial(self.learner.read_transcript, session, under_way=True))
        return NOTHING

    def _on_session_end(self, session: Session, event: Mapping[str, Any], until: float) -> Answer:
        """Read the transcript of an ended session, and once more later."""
        del event, until
        self._over.append(session)
        self._run_later(partial(self.learner.read_transcript, session, under_way=True))
        return NOTHING

    # ------------------------------------------------------------------ a turn

    def _on_prompt(self, session: Session, event: Mapping[str, Any], until: float) -> Answer:
        place, turn = place_of(session.cwd), _text_field(event, "prompt_id")
        said = user_words(_text_field(event, "prompt"), event.get("source"))
        session.private.extend(said.private)
        if said.mixed:
            session.tainted.add(turn)
        if not said.text:
            return NOTHING
        answer = self._recall_for_prompt(session, said.text, until) if place.injects else NOTHING
        session.prompts += 1
        session.topics.append(said.text[:500])
        if not said.command and place.learns:
            self._run_later(
                partial(self.learner.on_prompt, session, turn or _turn_name(session), said.text, _said_at(event))
            )
        return answer

    def _recall_for_prompt(self, session: Session, text: str, until: float) -> Answer:
        place = place_of(session.cwd)
        found = self._memory("user").inject(
            text[:_MAX_PROMPT], scopes=place.scopes, session=session.id, budget=INJECTED, without=tuple(session.given),
            known=self.learner.host_file_sentences(session, place),
        )  # fmt: skip
        if not found or time.monotonic() > until:
            return NOTHING
        session.add_given(r.id for r in found.recollections)
        self._count_injected(session, found.tokens, len(found.recollections))
        return _context_answer("UserPromptSubmit", found.text)

    def _count_injected(self, session: Session, tokens: int, lines: int) -> None:
        session.injected += tokens
        session.recalled += lines
        self.sessions.totals["injected_tokens"] += tokens
        self.sessions.totals["recalled"] += lines

    def _on_stop(self, session: Session, event: Mapping[str, Any], until: float) -> Answer:
        """Queue the answer for learning; return nothing, as any output would make the agent continue."""
        del until
        if place_of(session.cwd).learns and (answer := _text_field(event, "last_assistant_message")):
            turn = _text_field(event, "prompt_id") or _turn_name(session)
            self._run_later(partial(self.learner.on_answer, session, turn, answer, _said_at(event)))
        return NOTHING

    # ------------------------------------------------------------------ tools

    def _on_pre_tool_use(self, session: Session, event: Mapping[str, Any], until: float) -> Answer:
        """Note a subagent's task, which it is briefed for when it starts."""
        del until
        given = event.get("tool_input")
        if _text_field(event, "tool_name") in ("Agent", "Task") and isinstance(given, Mapping):
            session.asked.append((_text_field(given, "subagent_type"), _text_field(given, "prompt")))
        return NOTHING

    def _on_post_tool_use(self, session: Session, event: Mapping[str, Any], until: float) -> Answer:
        """Mark the session as having read untrusted text, or record an approved plan."""
        del until
        tool, answered = _text_field(event, "tool_name"), event.get("tool_response")
        turn = _text_field(event, "prompt_id")
        if tool == "ExitPlanMode" and place_of(session.cwd).learns:
            for one in (answered, event.get("tool_input")):
                if isinstance(one, Mapping) and (text := _text_field(one, "plan")):
                    use = _text_field(event, "tool_use_id") or turn
                    self._run_later(partial(self.learner.on_plan_approved, session, use, text, turn))
                    break
        elif self._host.is_untrusted_tool(tool, event.get("tool_input")):
            session.tainted.add(_text_field(event, "agent_id") or turn)
        return NOTHING

    def _on_subagent_start(self, session: Session, event: Mapping[str, Any], until: float) -> Answer:
        """Brief a starting subagent with policy and context for its task."""
        place, prompt = place_of(session.cwd), self._subagent_task(session, _text_field(event, "agent_type"))
        if not place.injects or not _text_field(event, "agent_type"):
            return NOTHING
        memory, known = self._memory("user"), self.learner.host_file_sentences(session, place)
        policy = memory.policy(
            context=prompt[:2000] or None, existing_instructions="\n".join(known), scopes=place.scopes, budget=GUIDED
        )
        parts = [briefing.policy_text(policy)] if policy else []
        ids, tokens = [m.id for m in policy.memories], policy.tokens
        if prompt.strip():
            found = memory.inject(
                prompt[:_MAX_PROMPT], scopes=place.scopes, budget=INJECTED - GUIDED, without=ids, known=known
            )
            parts += [found.text] if found else []
            ids, tokens = [*ids, *(r.id for r in found.recollections)], tokens + found.tokens
        if not parts or time.monotonic() > until:
            return NOTHING
        self._count_injected(session, tokens, len(ids))
        return _context_answer("SubagentStart", "\n".join(parts))

    def _subagent_task(self, session: Session, kind: str) -> str:
        """Return the noted task of a starting subagent, by its type."""
        with session.lock:
            for place, (asked, prompt) in enumerate(session.asked):
                if asked == kind or not asked:
                    del session.asked[place]
                    return user_words(prompt).text
        return ""

    def _on_subagent_stop(self, session: Session, event: Mapping[str, Any], until: float) -> Answer:
        """Record a subagent's result."""
        del until
        kind, agent = _text_field(event, "agent_type"), _text_field(event, "agent_id")
        if place_of(session.cwd).learns and kind and agent and (result := _text_field(event, "last_assistant_message")):
            record = _text_field(event, "agent_transcript_path")
            self._run_later(partial(self.learner.on_subagent_result, session, agent, kind, result, record))
        return NOTHING


def _context_answer(event: str, text: str) -> Answer:
    return {"hookSpecificOutput": {"hookEventName": event, "additionalContext": text}}


def _said_at(event: Mapping[str, Any]) -> str:
    """Return the time a hook was called, since its text may be written later."""
    at, now = event.get("eider_at"), time.time()
    if isinstance(at, int | float) and abs(now - at) < _DAY_SECONDS:
        now = at
    return datetime.fromtimestamp(now, UTC).isoformat()


def _text_field(given: Mapping[str, Any], name: str) -> str:
    """Return a text field of an event; empty if it is not a text."""
    found = given.get(name)
    return found if isinstance(found, str) else ""


def _turn_name(session: Session) -> str:
    """Return a name for a turn without one: its number in the session."""
    return f"n{session.prompts}"

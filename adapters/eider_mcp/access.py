"""Access of an MCP server to one memory, with agent trust, opened at the first call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final, cast

import eider
from eider.api.host_values import storable_text
from eider.api.taint import Taint
from eider.api.tools import Answer, Tool, Toolbox, error_answer
from eider.model.errors import InputError, RefusedError
from eider.privacy import recall_marks

CHANNEL: Final = "mcp"
_TURN: Final = 8
"""Recalls of one turn that an outcome is told of; the latest count."""
_RECENT: Final = 20
_WORKERS: Final = 8
"""Calls of one server that are asked at once."""


@dataclass(slots=True, kw_only=True)
class MemoryAccess:
    """A server's access to one user's memory; a model cannot change the user.

    Every method may be called from any thread.
    """

    opens: Callable[[], eider.Eider]
    """Opens the memory; called again with the next call where it failed."""
    user: str
    scopes: tuple[str, ...] = ()
    """Where the agent works; empty is everywhere."""
    context: str | None = None
    loop: str | None = None
    """A loop that the host opened; without one, an outcome is told of what was recalled since the last."""
    read_only: bool = False
    turns: bool = True
    """Whether one conversation asks: what it recalled is remembered until it tells how it went."""
    _memory: eider.Eider | None = None
    _taint: Taint = field(default_factory=Taint)
    """What tools and documents said among what was recalled here."""
    _asked: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])
    _calls: int = 0
    """Calls that are under way."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _rest: threading.Condition = field(default_factory=threading.Condition)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(_WORKERS, "eider-mcp"))

    def memory(self) -> eider.Eider:
        """The open memory; whatever enters through it was said by an agent at most.

        Raises:
            EiderError: It cannot be opened now.
        """
        with self._lock:
            if self._memory is None:
                self._memory = self.opens().channel(CHANNEL, "agent")
            return self._memory

    def tools(self) -> dict[str, Tool]:
        """Name → tool as a model sees it, with what is bound written into its schema; asks nothing of the memory."""
        return {tool.name: tool for tool in self._toolbox(cast("eider.Eider", None)).tools()}

    def call(self, name: str, arguments: Mapping[str, Any]) -> Answer:
        """Answer one call of a model; never raises."""
        if name == "signal_outcome" and self.loop is None:
            return _catching_errors(self._report_outcome, arguments)
        answer = self.ask(name, arguments)
        if name == "recall" and self.turns and not self.read_only and answer.get("found"):
            with self._lock:
                self._asked[:] = [*self._asked, dict(arguments)][-_TURN:]
        return answer

    def ask(self, name: str, arguments: Mapping[str, Any], loop: str | None = None) -> Answer:
        """Call a tool outside of a conversation's turn; never raises."""
        if name in _EXTRA_TOOLS:
            return _catching_errors(lambda: _EXTRA_TOOLS[name](self, **_check_arguments(name, arguments)))
        return _catching_errors(lambda: self._toolbox(self.memory(), loop).call(name, arguments))

    def _toolbox(self, memory: eider.Eider, loop: str | None = None) -> Toolbox:
        return Toolbox(
            memory=memory,
            user=self.user,
            scopes=self.scopes,
            loop=loop or self.loop,
            context=self.context,
            channel=CHANNEL,
            taint=self._taint,
        )

    def _report_outcome(self, arguments: Mapping[str, Any]) -> Answer:
        """Tell how the turn went: its recalls are asked once more in a loop, which is closed with the outcome.

        A loop from the first recall on would count against what was recalled whenever nobody says how it went.
        """
        with self._lock:
            asked = list(self._asked)
        if not asked:
            raise RefusedError("nothing was recalled since the last outcome; recall what the work needs, then tell.")
        memory = self.memory()
        loop = memory.open_loop(user=self.user)
        for question in asked:
            self.ask("recall", question, loop.id)
        answer = self.ask("signal_outcome", arguments, loop.id)
        memory.close_loop(loop.id, outcome=0.0 if "error" in answer else None, user=self.user)
        if "error" not in answer:
            with self._lock:
                del self._asked[: len(asked)]
        return answer

    def policy(self, context: str | None = None) -> Answer:
        """The guidance to obey, from what the user said."""
        found = self.memory().policy(user=self.user, context=context or self.context, scopes=self.scopes or None)
        return {"text": found.text, "ids": [m.id for m in found.memories], "tokens": found.tokens}

    def why(self, id: str) -> Answer:  # noqa: A002 (the word users know)
        """One memory and what it rests on; everything that anybody wrote is within the frame."""
        found = self.memory().why(id, user=self.user)
        kept = found.memory
        lines = [
            kept.text,
            *(
                f"{episode.at:%Y-%m-%d} {episode.speaker}: {' '.join(words.split())}"
                for episode, words in found.evidence
            ),
        ]
        return {
            "id": kept.id, "kind": kept.kind, "status": found.status, "scope": kept.scope, "trust": kept.trust,
            "importance": kept.importance, "pinned": kept.pinned, "valid_from": kept.valid_from.isoformat(),
            "valid_to": kept.valid_to.isoformat() if kept.valid_to else None, "replaced_by": found.replaced_by,
            "replaces": list(found.replaces), "evidence": [episode.id for episode, _ in found.evidence],
            "text": recall_marks.mark(lines, [kept.id, *(episode.id for episode, _ in found.evidence)]),
        }  # fmt: skip

    def recent(self) -> Answer:
        """What was kept last."""
        return self.ask("search", {"limit": _RECENT})

    def matching_ids(self, prefix: str = "") -> list[str]:
        """Ids of memories that begin like this, the newest first."""
        items = (
            self.memory()
            .search(
                user=self.user, scopes=[*dict.fromkeys((*self.scopes, "global"))] if self.scopes else None, limit=100
            )
            .items
        )
        return [r.id for r in items if r.memory is not None and r.id.startswith(prefix)]

    def start_call(self, name: str, arguments: Mapping[str, Any]) -> Future[Answer]:
        """Start a call in a thread; it goes on if the client disconnects."""
        with self._rest:
            self._calls += 1
        begun = self._pool.submit(self.call, name, arguments)
        begun.add_done_callback(self._call_ended)
        return begun

    def _call_ended(self, _: Future[Answer]) -> None:
        with self._rest:
            self._calls -= 1
            self._rest.notify_all()

    def wait_for_calls(self, timeout: float) -> bool:
        """Wait until no call is under way, whether or not anybody waits for its answer; False where it takes longer."""
        with self._rest:
            return self._rest.wait_for(lambda: not self._calls, timeout)

    def close(self) -> None:
        """Close the memory; the next call opens it again."""
        with self._lock:
            if self._memory is not None:
                self._memory.close()
                self._memory = None


def _catching_errors(ask: Callable[..., Answer], *arguments: Any) -> Answer:
    """Wrap a handler so that errors become answers."""
    try:
        return ask(*arguments)
    except Exception as error:  # noqa: BLE001 (every fault is an answer)
        return error_answer(error)


def _check_arguments(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of an account, which are texts."""
    allowed, required = _EXTRA_ARGUMENTS[name]
    given = {key: value for key, value in arguments.items() if value is not None}
    for key, value in given.items():
        if key != allowed:
            raise InputError(f"there is no argument {key[:40]!r}; use {allowed}.")
        if not isinstance(value, str) or not value.strip():
            raise InputError(f"{key}={str(value)[:40]!r} is no text; pass a string that is not empty.")
        given[key] = storable_text(value)
    if required and not given:
        raise InputError(f"{allowed} is missing; pass it.")
    return given


_EXTRA_TOOLS: Final[Mapping[str, Callable[..., Answer]]] = {"policy": MemoryAccess.policy, "why": MemoryAccess.why}
_EXTRA_ARGUMENTS: Final = {"policy": ("context", False), "why": ("id", True)}

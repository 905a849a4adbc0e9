"""A client as its hooks see it: it writes its transcript and tells the server's side what happens, without a server."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from homes import Home
from old_transcripts import Transcript

import eider
from eider.service.hooks import Around
from eider_claude_hooks.hook_handler import HookHandler

FAR = float("inf")
"""A deadline that never comes."""


class Claude:
    """One session of the client."""

    def __init__(self, handler: HookHandler, project: Path, session: str, config: Path) -> None:
        self.handler, self.project, self.session = handler, project, session
        self.transcript = config / "projects" / "here" / f"{session}.jsonl"
        self.transcript.parent.mkdir(parents=True, exist_ok=True)
        self.turn = ""

    def event(self, name: str, **more: Any) -> dict[str, Any]:
        """What a hook would be sent."""
        common = {"session_id": self.session, "cwd": str(self.project), "transcript_path": str(self.transcript)}
        return {**common, "hook_event_name": name, "prompt_id": self.turn, **more}

    def tell(self, name: str, **more: Any) -> dict[str, Any]:
        """Send an event; all of the answer."""
        return dict(self.handler.answer(self.event(name, **more), FAR))

    def told(self, name: str, **more: Any) -> str:
        """Send an event; the text that the model would read."""
        return self.tell(name, **more).get("hookSpecificOutput", {}).get("additionalContext", "")

    def starts(self, source: str = "startup") -> str:
        return self.told("SessionStart", source=source)

    def writes(self, kind: str, content: Any, at: datetime | None = None, **more: Any) -> None:
        """One line of the transcript."""
        row = {"type": kind, "message": {"id": uuid.uuid4().hex, "role": kind, "content": content}, "isSidechain": False,
               "timestamp": (at or datetime.now(UTC)).isoformat(), "uuid": str(uuid.uuid4()), **more}  # fmt: skip
        with self.transcript.open("a") as file:
            file.write(json.dumps(row, separators=(",", ":")) + "\n")

    def asks(self, prompt: str, *, hook: bool = True, at: datetime | None = None, **more: Any) -> str:
        """A prompt, in the transcript and (unless the server is away) by its hook; what comes with it."""
        self.turn = str(uuid.uuid4())
        answer = self.told("UserPromptSubmit", prompt=prompt) if hook else ""
        self.writes("user", prompt, at, promptId=self.turn, **more)
        return answer

    def uses(self, tool: str, given: dict[str, Any] | None = None, *, hook: bool = True) -> None:
        """A tool and what it returned."""
        self.writes("assistant", [{"type": "tool_use", "id": "t1", "name": tool, "input": given or {}}])
        self.writes("user", [{"type": "tool_result", "tool_use_id": "t1", "content": "page"}], promptId=self.turn)
        if hook:
            self.tell("PostToolUse", tool_name=tool, tool_input=given or {}, tool_response={}, tool_use_id="t1")

    def says(self, answer: str, *, hook: bool = True, at: datetime | None = None) -> dict[str, Any]:
        """The agent's last words of a turn."""
        self.writes("assistant", [{"type": "text", "text": answer}], at)
        return self.tell("Stop", last_assistant_message=answer, stop_hook_active=False) if hook else {}

    def exchanges(self, prompt: str, answer: str, *, hook: bool = True) -> str:
        """A whole turn, taken in."""
        came = self.asks(prompt, hook=hook)
        self.says(answer, hook=hook)
        self.settled()
        return came

    def settled(self) -> None:
        """Wait until all that was told is written."""
        assert self.handler.writer.flush(30)


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[eider.Eider]:
    """What the hooks learn into."""
    with eider.open(tmp_path / "memory.eider", user="ada") as opened:
        yield opened


@pytest.fixture
def faults() -> list[tuple[str, BaseException]]:
    """What failed; a test that expects nothing of the kind need not look: the next fixture does."""
    return []


@pytest.fixture
def handlers(
    memory: eider.Eider, tmp_path: Path, faults: list[tuple[str, BaseException]]
) -> Iterator[Callable[[], HookHandler]]:
    """Servers that come one after the other over the same home."""
    made: list[HookHandler] = []
    home = tmp_path / "home"
    home.mkdir()

    def start() -> HookHandler:
        around = Around(
            home=home, memory=memory.channel, fault=lambda where, error: faults.append((where, error)),
            port=lambda: (None, ""),
        )  # fmt: skip
        made.append(HookHandler(around))
        return made[-1]

    yield start
    for handler in made:
        handler.close(30)
    assert not faults


@pytest.fixture
def handler(handlers: Callable[[], HookHandler]) -> HookHandler:
    return handlers()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A working directory."""
    place = tmp_path / "engine"
    place.mkdir()
    return place


@pytest.fixture
def claude(handler: HookHandler, project: Path, tmp_path: Path) -> Callable[..., Claude]:
    """Starts sessions: `claude()`, `claude("two")`, `claude("three", project=elsewhere)`."""

    def session(name: str = "one", *, project: Path = project, handler: HookHandler = handler) -> Claude:
        return Claude(handler, project, name, tmp_path / "config")

    return session


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A home with a server of its own; nothing of it outlives the test."""
    made = Home()
    monkeypatch.setenv("EIDER_HOME", str(made.path))
    monkeypatch.setenv("EIDER_SERVER", "auto")
    yield made
    made.close()


@pytest.fixture
def old(tmp_path: Path) -> Callable[..., Transcript]:
    """Sessions of before, by default in a directory that is gone."""

    def session(cwd: Path | None = None, **how: Any) -> Transcript:
        return Transcript(tmp_path / "config", cwd or Path("/home/ada/engine"), **how)

    return session

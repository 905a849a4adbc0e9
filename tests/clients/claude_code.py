"""The real Claude Code on a machine of its own: a home, a project, and a scripted model instead of a real one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from installed import SYSTEM_PATH
from places import session_of
from stub_model import StubModel
from stub_wire import Json

PATIENCE: Final = 240.0
"""Seconds after which a conversation that should have ended is a failure."""
QUIET: Final = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_TELEMETRY": "1",
    "IS_SANDBOX": "1",  # permissions may be skipped as root too
    "NO_PROXY": "127.0.0.1,localhost",
    "no_proxy": "127.0.0.1,localhost",
}


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One prompt and what came of it."""

    result: Json
    """The client's own account: `result`, `is_error`, `session_id`, ..."""
    requests: list[Json]
    """What the model was sent meanwhile."""

    @property
    def text(self) -> str:
        """What the user got to read."""
        return str(self.result.get("result", ""))


class Conversation:
    """A running client that takes one prompt after the other."""

    def __init__(self, machine: Machine, process: subprocess.Popen[str], log: Path) -> None:
        self._machine, self._process, self.log = machine, process, log
        self.approves = True
        """What the host says to whatever the client asks its leave for."""
        self.turns: list[Turn] = []

    @property
    def id(self) -> str:
        """The client's id of this session, known after the first turn."""
        return str(self.turns[-1].result["session_id"])

    @property
    def requests(self) -> list[Json]:
        """What the model was sent in this session so far."""
        return [one for turn in self.turns for one in turn.requests]

    @property
    def debug(self) -> str:
        """The client's debug log."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def say(self, prompt: str) -> Turn:
        """Send a prompt and wait for its result, giving or refusing leave meanwhile."""
        before = len(self._machine.stub.turns())
        self._send({"type": "user", "message": {"role": "user", "content": prompt}})
        result = self._result()
        sent = self._machine.stub.turns()[before:]
        self.turns.append(
            Turn(result=result, requests=[one for one in sent if session_of(one) in {result["session_id"], ""}])
        )
        return self.turns[-1]

    def _result(self) -> Json:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said = json.loads(line)
            if said.get("type") == "result":
                return dict(said)
            if said.get("type") == "control_request" and said["request"].get("subtype") == "can_use_tool":
                allowed = {"behavior": "allow", "updatedInput": said["request"]["input"]}
                verdict = allowed if self.approves else {"behavior": "deny", "message": "The user said no."}
                answer = {"subtype": "success", "request_id": said["request_id"], "response": verdict}
                self._send({"type": "control_response", "response": answer})
        raise AssertionError(f"the client ended without a result; its log ends:\n{self.debug[-3000:]}")

    def _send(self, message: Json) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()


@dataclass(kw_only=True)
class Machine:
    """A person's machine: one home, some projects, whatever is set up in them; nothing of the real one shines through."""

    binary: Path
    root: Path
    stub: StubModel
    env: dict[str, str] = field(default_factory=dict[str, str])
    """More of the client's environment, such as EIDER_HOME."""
    runs: int = 0

    def __post_init__(self) -> None:
        for place in (self.home / ".claude", self.project):
            place.mkdir(parents=True, exist_ok=True)

    @property
    def home(self) -> Path:
        """HOME."""
        return self.root / "home"

    @property
    def project(self) -> Path:
        """Where the client is started unless told otherwise."""
        return self.root / "project"

    @property
    def settings(self) -> Path:
        """The user's settings of Claude Code."""
        return self.home / ".claude" / "settings.json"

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """All that a process of this machine's user inherits."""
        plain = {"PATH": SYSTEM_PATH, "HOME": str(self.home), "LANG": "C.UTF-8", "TERM": "dumb"}
        if "TMPDIR" in os.environ:
            plain["TMPDIR"] = os.environ["TMPDIR"]
        model = {"ANTHROPIC_BASE_URL": self.stub.base_url, "ANTHROPIC_API_KEY": "dummy-key"}
        return {**plain, **QUIET, **model, **self.env, **(extra or {})}

    def with_eider_on_path(self) -> dict[str, str]:
        """An environment in which `eider` is a command."""
        return {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{SYSTEM_PATH}"}

    @contextmanager
    def talk(
        self, *args: str, cwd: Path | None = None, env: Mapping[str, str] | None = None, ask: bool = False
    ) -> Iterator[Conversation]:
        """A conversation in one process, ended when the block ends; `ask` leaves permissions to the host."""
        self.runs += 1
        log = self.root / f"debug-{self.runs}.txt"
        rights = ["--permission-prompt-tool", "stdio"] if ask else ["--dangerously-skip-permissions"]
        shape = ["--input-format", "stream-json", "--output-format", "stream-json", "--verbose"]
        told = [
            str(self.binary),
            "-p",
            "--model",
            "claude-sonnet-4-5",
            "--debug-file",
            str(log),
            *shape,
            *rights,
            *args,
        ]
        with (self.root / f"stderr-{self.runs}.txt").open("w") as errors:
            process = subprocess.Popen(
                told,
                cwd=cwd or self.project,
                env=self.environment(env),
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
            watchdog = threading.Timer(PATIENCE, process.kill)
            watchdog.start()
            try:
                yield Conversation(self, process, log)
                process.communicate(timeout=PATIENCE)
                assert process.returncode == 0, (self.root / f"stderr-{self.runs}.txt").read_text()
            finally:
                watchdog.cancel()
                process.kill()
                process.communicate()

    def claude(self, *prompts: str, args: Sequence[str] = (), **given: Any) -> Conversation:
        """A whole conversation."""
        with self.talk(*args, **given) as conversation:
            for prompt in prompts:
                conversation.say(prompt)
        return conversation

    def transcript(self, session: str) -> list[Json]:
        """The client's own file of a session."""
        (file,) = (self.home / ".claude" / "projects").glob(f"*/{session}.jsonl")
        return [json.loads(line) for line in file.read_text().splitlines()]

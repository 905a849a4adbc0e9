"""The real OpenClaw gateway on a machine of its own, with a scripted model and an EIDER_HOME, driven over loopback."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from homes import Home, until
from installed import SYSTEM_PATH, node, npm
from ports import free_port
from stub_model import StubModel
from stub_wire import Json

OPENCLAW: Final = "openclaw@2026.9.6"
TYPES: Final = ("typescript@5.9.3", "@types/node@20.19.43")
PLUGIN: Final = Path(__file__).parents[2] / "openclaw_plugin"
TOKEN: Final = "loopback-only"
PATIENCE: Final = 120.0
PATIENT: Final = 5_000
"""Milliseconds a prompt waits for its memory, so that a busy machine fails no test."""
QUIET: Final = {
    "OPENCLAW_DISABLE_BONJOUR": "1", "OPENCLAW_NO_AUTO_UPDATE": "1", "OPENCLAW_NO_RESPAWN": "1",
    "OPENCLAW_SKIP_CHANNELS": "1", "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost",
}  # fmt: skip
_STAMP: Final = re.compile(r"^\[\w{3} \d{4}-\d\d-\d\d \d\d:\d\d [^\]]*\] ")
_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def openclaw() -> Path:
    """OpenClaw's program."""
    return npm(OPENCLAW, path=str(node().parent)) / "node_modules" / "openclaw" / "openclaw.mjs"


def typescript() -> Path:
    """Packages of the type checker."""
    return npm(*TYPES) / "node_modules"


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One message and what came of it."""

    text: str
    requests: list[Json]
    """What the model was sent meanwhile."""

    @property
    def system(self) -> str:
        """The system prompt of the first request."""
        return "\n".join(_texts(m["content"]) for m in self._messages if m["role"] in {"system", "developer"})

    @property
    def asked(self) -> str:
        """The user's message as the model read it, less OpenClaw's time stamp: the last that is not its own note."""
        return self._users[-1]

    @property
    def earlier(self) -> list[str]:
        """The user's messages before that one."""
        return self._users[:-1]

    @property
    def _users(self) -> list[str]:
        said = [_texts(m["content"]) for m in self._messages if m["role"] == "user"]
        return [_STAMP.sub("", text) for text in said if "OPENCLAW_INTERNAL_CONTEXT" not in text]

    @property
    def _messages(self) -> list[Json]:
        return self.requests[0]["body"]["messages"]


@dataclass(kw_only=True)
class Machine:
    """Where OpenClaw lives: its state, its config, its workspace."""

    root: Path
    home: Home
    stub: StubModel
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The plugin's config."""
    more: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Merged over OpenClaw's config."""
    env: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def config(self) -> Path:
        """OpenClaw's config file."""
        return self.root / "openclaw.json"

    @property
    def state(self) -> Path:
        """OpenClaw's state directory."""
        return self.root / "state"

    def environment(self) -> dict[str, str]:
        """What OpenClaw and the commands beside it see: nothing of the machine that runs the test."""
        path = os.pathsep.join([str(node().parent), str(Path(sys.executable).parent), SYSTEM_PATH])
        return {"PATH": path, "HOME": str(self.root), "LANG": "C.UTF-8", "TERM": "dumb", "NO_COLOR": "1", "USER": "ada",
                "OPENCLAW_STATE_DIR": str(self.state), "OPENCLAW_CONFIG_PATH": str(self.config),
                "EIDER_HOME": str(self.home), **QUIET, **self.env}  # fmt: skip

    def bare(self, port: int) -> dict[str, Any]:
        """A config without the plugin."""
        model = {"id": "stub-model", "name": "Stub", "reasoning": False, "input": ["text"], "contextWindow": 128_000,
                 "maxTokens": 4096, "cost": {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0}}  # fmt: skip
        provider = {
            "baseUrl": f"{self.stub.base_url}/v1",
            "apiKey": "dummy-key",
            "api": "openai-completions",
            "models": [model],
        }
        made: dict[str, Any] = {
            "models": {"mode": "replace", "catalogRefresh": {"enabled": False}, "providers": {"stub": provider}},
            "agents": {"defaults": {
                "model": {"primary": "stub/stub-model"}, "workspace": str(self.root / "workspace"), "skipBootstrap": True,
                "heartbeat": {"every": "0m"},
            }},
            "gateway": {"mode": "local", "bind": "loopback", "port": port, "auth": {"mode": "token", "token": TOKEN},
                        "http": {"endpoints": {"chatCompletions": {"enabled": True}}}},
            "update": {"checkOnStart": False},
        }  # fmt: skip
        return merged(made, self.more)

    def entry(self) -> dict[str, Any]:
        """How the plugin stands in the config."""
        command = [sys.executable, "-m", "eider"]
        return {
            "enabled": True,
            "hooks": {"allowConversationAccess": True},
            "config": {"command": command, "deadlineMs": PATIENT, **self.settings},
        }

    def write(self, port: int, *, with_plugin: bool = True) -> None:
        """Write OpenClaw's config, the plugin loaded from its folder."""
        made = self.bare(port)
        if with_plugin:
            made["plugins"] = merged(
                {"allow": ["eider"], "load": {"paths": [str(PLUGIN)]}, "entries": {"eider": self.entry()}},
                made.get("plugins", {}),
            )
        (self.root / "workspace").mkdir(exist_ok=True)
        self.config.write_text(json.dumps(made, indent=2))

    def change(self, over: Mapping[str, Any]) -> None:
        """Change OpenClaw's config."""
        self.config.write_text(json.dumps(merged(json.loads(self.config.read_text()), over), indent=2))

    def be_patient(self) -> None:
        """Let prompts wait for a busy machine, where `eider install` has written the plugin's config."""
        self.change({"plugins": {"entries": {"eider": {"config": {"deadlineMs": PATIENT}}}}})

    def run(self, *told: str) -> subprocess.CompletedProcess[str]:
        """One command of OpenClaw."""
        return subprocess.run(
            [str(node()), str(openclaw()), *told], env=self.environment(), cwd=self.root, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip


class Gateway:
    """`openclaw gateway run`, ready when it lists its models."""

    def __init__(self, machine: Machine, *, with_plugin: bool = True, keep: bool = False) -> None:
        """Begin with a fresh config, or with the one that is there."""
        self.machine = machine
        self.log = machine.root / "gateway.log"
        if keep:
            self.port = int(json.loads(machine.config.read_text())["gateway"]["port"])
        else:
            self.port = free_port()
            machine.write(self.port, with_plugin=with_plugin)
        with self.log.open("a") as out:
            self.process = subprocess.Popen(
                [str(node()), str(openclaw()), "gateway", "run"], env=machine.environment(), cwd=machine.root,
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip

    def __enter__(self) -> Self:
        try:
            until(self._is_ready, "the gateway", PATIENCE)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End it as an operator would."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()

    def said(self) -> str:
        """What it logged."""
        return self.log.read_text()

    def say(
        self, text: str, session: str = "main", *, agent: str = "main", learns: bool = True, **headers: str
    ) -> Turn:
        """One turn; returns when it was answered and, where it is learned from, delivered.

        Args:
            text: What the user says.
            session: What follows the agent in the session's key.
            agent: Whose session.
            learns: Whether the plugin shall have looked at the turn.
            headers: More of the request's.
        """
        before, began = len(self.machine.stub.turns()), time.time() * 1000
        body = {"model": f"openclaw/{agent}", "messages": [{"role": "user", "content": text}]}
        answer = self._asked(
            "/v1/chat/completions", body, {"x-openclaw-session-key": f"agent:{agent}:{session}", **headers}
        )
        if learns:
            until(lambda: self._is_delivered(began), f"the learning of {text!r}")
        return Turn(text=answer["choices"][0]["message"]["content"], requests=self.machine.stub.turns()[before:])

    def _is_delivered(self, since: float) -> bool:
        marks = self._progress().values()
        return any(mark["seen"] >= since for mark in marks) and all(mark["at"] == mark["seen"] for mark in marks)

    def _progress(self) -> Json:
        try:
            return json.loads((self.machine.state / "eider" / "progress.json").read_text())["sessions"]
        except FileNotFoundError:
            return {}

    def _is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the gateway exited with {self.process.returncode}:\n{self.said()[-4000:]}")
        try:
            self._asked("/v1/models")
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
            return False
        return True

    def _asked(self, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Json:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", None if body is None else json.dumps(body).encode(),
            {"content-type": "application/json", "authorization": f"Bearer {TOKEN}", **(headers or {})},
        )  # fmt: skip
        with _OPENER.open(request, timeout=PATIENCE) as answer:
            return json.load(answer)


def merged(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Two configs, the second over the first."""
    for key, value in over.items():
        inner = base.get(key)
        base[key] = merged(inner, value) if isinstance(value, Mapping) and isinstance(inner, dict) else value
    return base


def _texts(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text", "") for part in content or () if isinstance(part, Mapping))


Made = Callable[..., Machine]

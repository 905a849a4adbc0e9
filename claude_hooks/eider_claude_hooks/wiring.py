"""Hook entries for Claude Code's settings: which events, in which form. Pure functions."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Final, Literal

TIMEOUT: Final = 3
"""Seconds after which Claude Code ends a command hook; it gives up by itself much earlier."""
HTTP_TIMEOUT: Final = 1
"""The same over http, the least that Claude Code takes: a server that hangs cannot give up."""
ALLOWED: Final = "Bash(eider:*)"
"""The agent may use the command line without asking."""
PROJECT_SCRIPT: Final = ".claude/hooks/eider.sh"
URL_PATH: Final = "/v1/hooks/claude-code"
_OWN_URL: Final = re.compile(rf"https?://(?:127\.0\.0\.1|localhost|\[::1\]):[^/]*{URL_PATH}/?")
_OWN_FILES: Final = ("eider_claude_hooks/hook.py", "eider_claude_hooks\\hook.py", PROJECT_SCRIPT, "hooks/eider.sh")
_RUN: Final = (
    "import os,sys;p=sys.argv[1];"
    "os.path.isfile(p)and exec(compile(open(p,'rb').read(),p,'exec'),{'__name__':'__main__','__file__':p})"
)
"""Runs a script if it is there. Both python and sh end with 2 where it is not, and by that number a hook of Claude Code
blocks the prompt: whoever removed Eider without uninstalling it could not work any more."""

Wire = Literal["command", "http"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event that Eider listens to."""

    name: str
    matcher: str = ""
    """Which tools; empty for events without one."""
    wire: Wire = "http"
    """The fastest form that the event takes."""


EVENTS: Final[Sequence[Event]] = (
    Event(name="SessionStart", wire="command"),  # has no http form, and may have to start the server
    Event(name="InstructionsLoaded"),
    Event(name="UserPromptSubmit"),
    Event(name="PreToolUse", matcher="Agent|Task|ExitPlanMode"),
    Event(name="PostToolUse", matcher="WebFetch|WebSearch|Read|Bash|Write|Edit|MultiEdit|ExitPlanMode|mcp__.*"),
    Event(name="SubagentStart"),
    Event(name="SubagentStop"),
    Event(name="Stop"),
    Event(name="PreCompact", wire="command"),  # an http answer, even {}, becomes part of the summary's instructions
    Event(name="SessionEnd"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How hooks reach the server."""

    command: Mapping[str, Any]
    """The command hook, which needs no port."""
    base: str | None = None
    """Address of the hook port; None where only commands are used."""
    token: str = ""
    patience: float = 1.0
    """How many times longer than usual hooks may take."""
    events: Sequence[Event] = EVENTS

    def hook(self, event: Event) -> dict[str, Any]:
        """Return the settings entry for one event."""
        if event.wire == "command" or self.base is None:
            return {"type": "command", **self.command, "timeout": ceil(TIMEOUT * self.patience)}
        headers = {"Authorization": f"Bearer {self.token}", "Eider-Hooks": "$EIDER_HOOKS"}
        return {
            "type": "http", "url": self.base + URL_PATH.removeprefix("/v1/hooks"), "headers": headers,
            "allowedEnvVars": ["EIDER_HOOKS"],
            "timeout": ceil(HTTP_TIMEOUT * self.patience),
        }  # fmt: skip

    def hooks(self) -> dict[str, list[dict[str, Any]]]:
        """All entries, as the member `hooks` of the settings has them.

        >>> form = Form(command={"command": "sh", "args": ["eider.sh"]})
        >>> form.hooks()["Stop"]
        [{'hooks': [{'type': 'command', 'command': 'sh', 'args': ['eider.sh'], 'timeout': 3}]}]
        """
        return {event.name: [self.group(event)] for event in self.events}

    def group(self, event: Event) -> dict[str, Any]:
        """The entry of one event, with its matcher."""
        return {**({"matcher": event.matcher} if event.matcher else {}), "hooks": [self.hook(event)]}


def exec_form(python: str, script: str) -> dict[str, Any]:
    """A command without a shell: paths may hold spaces and quotes, and a script that is gone refuses nothing."""
    return {"command": python, "args": ["-I", "-S", "-c", _RUN, script]}


def quoted_form(python: str, script: str, *more: str) -> dict[str, Any]:
    """The same for a host that takes one text for its shell.

    >>> quoted_form("/opt/py 3/python", "/x/hook.py", "codex")["command"].startswith("'/opt/py 3/python' -I -S -c ")
    True
    """
    return {"command": shlex.join([python, "-I", "-S", "-c", _RUN, script, *more])}


def shell_form() -> dict[str, Any]:
    """A command for a file that is shared: it names no machine's paths, and looks for Eider when it runs."""
    return {"command": f'sh "$CLAUDE_PROJECT_DIR"/{PROJECT_SCRIPT} || true'}


def plugin_form() -> dict[str, Any]:
    """A command for the plugin, wherever it lies; it looks for Eider when it runs."""
    return {"command": "sh", "args": ["-c", 'sh "$1" || true', "eider", "${CLAUDE_PLUGIN_ROOT}/hooks/eider.sh"]}


def is_ours(hook: object) -> bool:
    """Whether an entry is one that some version of Eider wrote.

    >>> is_ours({"type": "http", "url": "http://127.0.0.1:20001/v1/hooks/claude-code"})
    True
    >>> is_ours({"type": "command", "command": "notify-send done"})
    False
    """
    if not isinstance(hook, dict):
        return False
    if hook.get("type") == "http":
        return bool(_OWN_URL.fullmatch(str(hook.get("url"))))
    args = hook.get("args")
    words = [hook.get("command"), *(args if isinstance(args, list) else [])]
    return any(isinstance(word, str) and any(own in word for own in _OWN_FILES) for word in words)


def is_url_allowed(patterns: object, url: str) -> bool:
    """Whether `allowedHttpHookUrls` lets a hook of ours through; without such a list all are.

    >>> is_url_allowed(["https://example.org/*"], "http://127.0.0.1:20001/v1/hooks/claude-code")
    False
    """
    if not isinstance(patterns, list):
        return True
    parts = [re.escape(p).replace(r"\*", ".*") for p in patterns if isinstance(p, str)]
    return any(re.fullmatch(part, url) for part in parts)

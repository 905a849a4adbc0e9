"""Answers Codex's hooks in the server: the events of Claude Code, with Codex's names and records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eider_claude_hooks.hook_handler import HookHandler
from eider_claude_hooks.hook_host import CODEX

if TYPE_CHECKING:
    from eider.service.hooks import Around


def start(around: Around) -> HookHandler:
    """Create the handler of Codex's hooks; the server calls this once."""
    return HookHandler(around, CODEX)

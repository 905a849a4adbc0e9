"""`eider import codex`: what was said to Codex before Eider was there."""

from __future__ import annotations

from typing import Final

from eider_claude_hooks.backfill import Backfill
from eider_claude_hooks.hook_host import CODEX

SOURCE: Final = Backfill(CODEX)

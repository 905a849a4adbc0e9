"""Codex as a target of `eider install`: command hooks in `hooks.json`, the MCP server in `config.toml`."""

from __future__ import annotations

import json
import os
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from eider.api.install import files
from eider.api.install.target import Edit, Options, Plan
from eider.model.errors import RefusedError
from eider_claude_hooks import assets, settings
from eider_claude_hooks.codex_rollout import config_folder
from eider_claude_hooks.wiring import Event, Form, quoted_form

HOOKS: Final = "hooks.json"
SETTINGS: Final = "config.toml"
EVENTS: Final[Sequence[Event]] = tuple(
    Event(name=name, wire="command") for name in ("SessionStart", "UserPromptSubmit", "Stop", "SessionEnd")
)
_BEGIN: Final = "# Eider's memory, added by eider install; eider uninstall takes it out."
_END: Final = "# End of Eider's memory."
_TRUST: Final = (
    "Codex runs new hooks only after you have looked at them: open /hooks in Codex and trust those of Eider."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Codex:
    """Hooks and the MCP server, in the settings of an account."""

    name: str = "codex"
    title: str = "Codex"

    def is_present(self) -> bool:
        """Return whether Codex has run for this account, or is installed."""
        import shutil

        return config_folder().is_dir() or shutil.which("codex") is not None

    def place(self, options: Options) -> Path:
        """Return the directory of Codex's settings."""
        if options.project is not None:
            raise RefusedError(
                "Codex takes hooks of an account only; run eider install --target codex without --project."
            )
        return config_folder()

    def plan(self, options: Options) -> Plan:
        """The MCP server first: hooks tell the model of its tools."""
        place = self.place(options)
        notes = [_TRUST]
        edits = [edit for edit in (_mcp_edit(place / SETTINGS, options, notes), _hooks_edit(place / HOOKS)) if edit]
        return Plan(edits=edits, notes=notes)

    def text_without_ours(self, path: Path, text: bytes, memo: Mapping[str, Any]) -> bytes | None:
        """Hooks are told by what they run, the MCP server by the comments around it."""
        return settings.unwire(text, memo) if path.name == HOOKS else _without_block(text)

    def unrecorded_edits(self, options: Options) -> Sequence[Edit]:
        """Hooks and a server that no record knows of."""
        found: list[Edit] = []
        for name in (HOOKS, SETTINGS):
            path = self.place(options) / name
            if (before := files.read(path)) is None:
                continue
            after = settings.unwire(before, {}) if name == HOOKS else _without_block(before)
            if after is not None and after != before:
                found.append(Edit(path=path, before=before, after=after, what="of Eider, in no record", by_hand=""))
        return found


def hook_form() -> Form:
    """The hooks as they should be.

    Raises:
        RefusedError: Eider lies where a command cannot name it.
    """
    script = str(assets.hook_script())
    for path in (sys.executable, script):
        if not path.isprintable():
            raise RefusedError(f"{path!r} holds what settings cannot; install Eider below another directory.")
    return Form(command=quoted_form(sys.executable, script, "codex"), events=EVENTS)


def _hooks_edit(path: Path) -> Edit:
    before = files.read(path)
    done = settings.wire(settings.read_settings(path, before), hook_form(), {}, allow=False)
    return Edit(
        path=path, before=before, after=done.text, what="hooks: a briefing, lines that help, learning", memo=done.memo,
        by_hand="take out each hook that names eider_claude_hooks/hook.py",
    )  # fmt: skip


def _mcp_edit(path: Path, options: Options, notes: list[str]) -> Edit | None:
    before = files.read(path)
    try:
        found = (before or b"").decode()
        tomllib.loads(found)
    except UnicodeDecodeError as error:
        raise RefusedError(f"{str(path)!r} is not UTF-8 (byte {error.start}); save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise RefusedError(f"{str(path)!r} cannot be edited: {error}. Mend it, then run it again.") from None
    text = found
    rest = _without_block(text.encode())
    if rest is None:
        raise RefusedError(
            f"{str(path)!r} holds only half of Eider's comments; take out the table mcp_servers.eider by hand."
        )
    if "eider" in tomllib.loads(rest.decode()).get("mcp_servers", {}):
        notes.append(f"{str(path)!r} has an MCP server named eider already; it stays as it is.")
        return None
    after = _with_block(rest.decode(), options)
    if _block_of(text) == _block_of(after):
        after = text
    return Edit(
        path=path, before=before, after=after.encode(), what="the MCP server eider: look up, keep, correct, forget",
        by_hand="take out the table mcp_servers.eider",
    )  # fmt: skip


def _with_block(text: str, options: Options) -> str:
    """Settings with our table at the end; a table ends where the next begins, so nothing above it changes."""
    lines = [
        _BEGIN, "[mcp_servers.eider]", f"command = {json.dumps(sys.executable)}",
        'args = ["-m", "eider_mcp", "--project", "--agent", "codex"]',
    ]  # fmt: skip
    if os.environ.get("EIDER_HOME"):
        lines.append(f"env = {{ EIDER_HOME = {json.dumps(str(options.home))} }}")
    newline = "\r\n" if "\r\n" in text else "\n"
    gap = "" if not text else newline if text.endswith("\n") else newline * 2
    made = text + gap + newline.join([*lines, _END, ""])
    if tomllib.loads(made).get("mcp_servers", {}).get("eider", {}).get("command") != sys.executable:
        raise RefusedError(f"{sys.executable!r} cannot be named in TOML; install Eider below another directory.")
    return made


def _block_of(text: str) -> str:
    begin, end = text.find(_BEGIN), text.find(_END)
    return text[begin:end] if 0 <= begin < end else ""


def _without_block(text: bytes) -> bytes | None:
    """Settings without our table and the blank line before it; None where the comments around it are not whole."""
    begin, end = text.find(_BEGIN.encode()), text.find(_END.encode())
    if begin < 0 and end < 0:
        return text
    if not 0 <= begin < end:
        return None
    after = text[end + len(_END) :]
    head = text[:begin]
    newline = b"\r\n" if head.endswith(b"\r\n") else b"\n"
    return head.removesuffix(newline) + after.removeprefix(b"\r\n").removeprefix(b"\n")


TARGET: Final = Codex()

"""Checks of `eider doctor` for OpenClaw."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eider.api.install.json_edit import JsonText, JsonTextError
from eider.service.doctor import Finding, HomeContext, Severity, home_check
from eider_openclaw import places
from eider_openclaw.settings import GATE, value_at


@home_check("openclaw")
def openclaw(place: HomeContext) -> Iterator[Finding]:
    """Check that an installed plugin is enabled and can work."""
    path = places.config_file()
    if place.home is None or not path.is_file():
        return
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        found = JsonText(text).value
    except JsonTextError as error:
        if places.ID in text:
            yield _finding(path, "openclaw-config-unread", "info", f"it is no plain JSON ({error}), so it was not looked into",
                         "openclaw plugins inspect eider --runtime says whether its hooks run")  # fmt: skip
        return
    entry = value_at(found, ("plugins", "entries", places.ID))
    folders = value_at(found, ("plugins", "load", "paths")) or []
    there = places.is_installed() or any(isinstance(one, str) and places.is_ours(one) for one in folders)
    if entry is not None or there:
        yield from _findings(path, found, entry if isinstance(entry, dict) else {}, there=there)


def _findings(path: Path, found: Any, entry: dict[str, Any], *, there: bool) -> Iterator[Finding]:
    if entry.get("enabled") is False or value_at(found, ("plugins", "enabled")) is False:
        return
    if value_at(entry, ("hooks", "allowConversationAccess")) is not True:
        yield _finding(
            path, "openclaw-gate-closed", "warning",
            "OpenClaw keeps the plugin out of conversations: nothing is recalled, nothing is learned",
            f"set {GATE} to true, or run eider install --target openclaw",
        )  # fmt: skip
    elif value_at(entry, ("hooks", "allowPromptInjection")) is False:
        yield _finding(
            path, "openclaw-injection-off", "info", "OpenClaw lets the plugin learn, but add nothing to a prompt",
            "take allowPromptInjection out of its hooks if that is not meant",
        )  # fmt: skip
    allow = value_at(found, ("plugins", "allow"))
    if allow and places.ID not in allow:
        yield _finding(path, "openclaw-not-allowed", "warning", "plugins.allow leaves the plugin out, so it is not loaded",
                     f"add {places.ID!r} to plugins.allow")  # fmt: skip
    if not there:
        yield _finding(path, "openclaw-plugin-gone", "warning", "the plugin's folder is not there, or not in plugins.load.paths",
                     "run eider install --target openclaw")  # fmt: skip
    command = value_at(entry, ("config", "command")) or []
    if command and Path(str(command[0])).is_absolute() and not Path(str(command[0])).exists():
        yield _finding(path, "openclaw-command-gone", "warning", f"{command[0]!r}, which starts Eider for it, is not there",
                     f"set plugins.entries.{places.ID}.config.command, or uninstall and install again")  # fmt: skip


def _finding(path: Path, kind: str, severity: Severity, message: str, fix: str) -> Finding:
    return Finding(kind=kind, severity=severity, subject=str(path), message=message, fix=fix)

"""Claude Code as a target of `eider install`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from eider.api.install import files, records
from eider.api.install.json_edit import JsonText
from eider.api.install.target import Edit, Options, Plan
from eider.client import hook_port
from eider.model import config
from eider.model.errors import ConfigError, RefusedError
from eider_claude_hooks import assets, machine, settings
from eider_claude_hooks.wiring import ALLOWED, PROJECT_SCRIPT, URL_PATH, Form, exec_form, is_url_allowed, shell_form

SETTINGS: Final = "settings.json"
POINTER: Final = "claude-code.python"
"""Below `<EIDER_HOME>/install`: the interpreter and the hook, for launchers that have to find them."""
_SHARED: Final = 0o644
_PRIVATE: Final = 0o600
_UNRESERVED: Final = "http://127.0.0.1:PORT/v1/hooks"
_FORMS: Final = ("auto", "http", "command")
_AGENT: Final = {"EIDER_ORIGIN": "agent"}
"""Set for Claude's shell: what it passes to the command line counts as said by the agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaudeCode:
    """Hooks, a permission, the skill and slash commands, in the settings of an account or of a project."""

    name: str = "claude-code"
    title: str = "Claude Code"

    def is_present(self) -> bool:
        """Return whether Claude Code has run for this account, or is installed."""
        return machine.config_folder().is_dir() or machine.is_on_path()

    def place(self, options: Options) -> Path:
        """The directory of settings."""
        return machine.config_folder() if options.project is None else options.project / ".claude"

    def plan(self, options: Options) -> Plan:
        """Settings last: hooks point at nothing that is not there."""
        place, notes = self.place(options), list[str]()
        edits = [
            edit
            for name, text in assets.documents().items()
            if (edit := _document_edit(place / name, text, options, notes))
        ]
        if options.project is None:
            text = f"{sys.executable}\n{assets.hook_script()}\n".encode()
            pointer = options.home / "install" / POINTER
            edits.append(_file_edit(pointer, text, "where launchers find Eider", options))
        else:
            edits.append(
                _file_edit(options.project / PROJECT_SCRIPT, assets.launcher(), "finds Eider when a hook runs", options)
            )
        edits.append(self._settings_edit(place / SETTINGS, options, notes))
        return Plan(edits=edits, notes=[*notes, *_path_note()])

    def text_without_ours(self, path: Path, text: bytes, memo: Mapping[str, Any]) -> bytes | None:
        """Only settings are shared with others; a file of ours that somebody rewrote is theirs now."""
        return settings.unwire(text, memo) if path.name.startswith(SETTINGS.removesuffix(".json")) else None

    def unrecorded_edits(self, options: Options) -> Sequence[Edit]:
        """Hooks in the settings that no record knows of."""
        path = self.place(options) / SETTINGS
        before = files.read(path)
        if before is None:
            return ()
        after = str(settings.remove_hooks(settings.read_settings(path, before))).encode()
        return (
            (Edit(path=path, before=before, after=after, what="hooks that no record knows of", by_hand=""),)
            if after != before
            else ()
        )

    def _settings_edit(self, path: Path, options: Options, notes: list[str]) -> Edit:
        before = files.read(path)
        found = settings.read_settings(path, before)
        if found.value.get("disableAllHooks"):
            notes.append(f"{str(path)!r} says disableAllHooks: no hook runs until that is taken out.")
        why = why_not_http(found, options)
        env = _AGENT if options.project is not None else {**_AGENT, **_home_env(options)}
        known = _usable_port(options.home)
        form = _hook_form(options, known, why)
        done = settings.wire(found, form, env)
        if why is None and done.text != before and not options.preview:
            known = hook_port.reserve(
                options.home,
                rotate=known is None
                or all(record.place == str(path.parent) for record in records.active_records(options.home, self.name)),
            )
            form = _hook_form(options, known, why)
            done = settings.wire(found, form, env)
        mode = _PRIVATE if form.base is not None and (files.mode_of(path) or 0o777) & 0o077 else None
        if before is None and options.project is not None:
            mode = _SHARED
        what = f"hooks over {'http' if why is None else f'the command hook: {why}'}; permission {ALLOWED}"
        return Edit(
            path=path, before=before, after=done.text, what=what, mode=mode, memo=done.memo,
            secrets=[form.token] if form.token else (),
            by_hand=f"take out each hook that names {URL_PATH}, hook.py or eider.sh, and the permission {ALLOWED}",
        )  # fmt: skip


def why_not_http(found: JsonText, options: Options) -> str | None:
    """Why the command hook is used, which needs no port; None where http is."""
    if options.project is not None:
        return "a project's settings may be committed"
    chosen = config.setting("hook_form") or "auto"
    if chosen not in _FORMS:
        raise ConfigError(f"setting 'hook_form' is {chosen!r}; set it to one of {', '.join(map(repr, _FORMS))}.")
    if chosen != "http":
        return "it starts the server again where that is gone, and never waits for one that hangs"
    known = hook_port.read(options.home)
    url = (known.base if known else _UNRESERVED) + URL_PATH.removeprefix("/v1/hooks")
    for whose, said in (("the settings", found.value), ("managed settings", machine.managed_settings())):
        if not is_url_allowed(said.get("allowedHttpHookUrls"), url):
            return f"allowedHttpHookUrls of {whose} leaves our address out"
    return None


def _hook_form(options: Options, known: hook_port.HookPort | None, why: str | None) -> Form:
    script = assets.hook_script()
    for path in (sys.executable, str(script)):
        if not path.isprintable():
            raise RefusedError(f"{path!r} holds what settings cannot; install Eider below another directory.")
    command = exec_form(sys.executable, str(script)) if options.project is None else shell_form()
    patience = config.hook_patience()
    if why is not None:
        return Form(command=command, patience=patience)
    return Form(
        command=command,
        patience=patience,
        base=known.base if known else _UNRESERVED,
        token=known.token if known else "TOKEN",
    )


def _usable_port(home: Path) -> hook_port.HookPort | None:
    """The reserved port; None when there is none, or somebody else listens on it."""
    known = hook_port.read(home)
    return None if known is None or machine.is_port_taken(home, known) else known


def _home_env(options: Options) -> dict[str, str]:
    """Where Eider keeps things, if that is said by the shell alone, and how long hooks may take on a slow machine."""
    place = {"EIDER_HOME": str(options.home)} if os.environ.get("EIDER_HOME") else {}
    slow = config.hook_patience()
    return place if slow == 1 else {**place, "EIDER_HOOK_PATIENCE": f"{slow:g}"}


def _document_edit(path: Path, text: bytes, options: Options, notes: list[str]) -> Edit | None:
    before = files.read(path)
    if before is not None and before != text and not assets.is_ours(before):
        notes.append(f"{str(path)!r} is yours and stays; ours is not installed.")
        return None
    return _file_edit(path, text, "the skill" if path.name == "SKILL.md" else f"the command /{path.stem}", options)


def _file_edit(path: Path, text: bytes, what: str, options: Options) -> Edit:
    before = files.read(path)
    mode = _SHARED if options.project is not None and before is None else None
    return Edit(path=path, before=before, after=text, what=what, mode=mode, by_hand="remove the file")


def _path_note() -> list[str]:
    import shutil

    if shutil.which("eider") is not None:
        return []
    beside = Path(sys.executable).with_name("eider")
    return [f"'eider' is not on PATH, so the skill cannot call it; add {str(beside.parent)!r} to PATH."]


TARGET: Final = ClaudeCode()

"""What `eider doctor` looks at in Claude Code: whether what was installed is still there, runs, and is ours.

Only what this home has installed for this account is looked at; `--fix` installs it anew.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from eider import __version__
from eider.api.install import files, installing, records
from eider.api.install.json_edit import JsonText
from eider.api.install.records import Record
from eider.api.install.target import Options
from eider.client import hook_port
from eider.model.errors import RefusedError
from eider.service.doctor.registry import HomeContext, home_check
from eider.service.doctor.report import Finding, Severity
from eider_claude_hooks import machine, settings
from eider_claude_hooks.target import SETTINGS, TARGET, why_not_http

_INSTALL: Final = "eider install --target claude-code"
_TIMEOUT: Final = 10.0
"""Seconds an interpreter gets to start."""


def _install_again(place: HomeContext, finding: Finding) -> None:
    del finding
    if place.home is not None:
        installing.install(TARGET, Options(home=place.home))


def _make_private(place: HomeContext, finding: Finding) -> None:
    del place
    Path(finding.subject).chmod(files.PRIVATE)


_REPAIRS: Final = dict.fromkeys(
    ("claude-hooks-missing", "claude-hooks-outdated", "claude-hook-lost", "claude-python-broken", "claude-token-differs",
     "claude-port-taken", "claude-skill-outdated"), _install_again,
)  # fmt: skip


@home_check("claude-code", repairs={**_REPAIRS, "claude-settings-open": _make_private})
def claude_code(place: HomeContext) -> Iterator[Finding]:
    """Whether Claude Code is wired as it was installed, and to what is there."""
    record = _install_record(place)
    if place.home is None or record is None:
        return
    path = Path(record.place) / SETTINGS
    try:
        text = settings.read_settings(path, files.read(path))
    except RefusedError as error:
        yield _finding("claude-settings-unreadable", "error", path, str(error), "mend the file, then run eider doctor")
        return
    found = text.value
    ours = [hook for _, _, hook in settings.present_hooks(found)]
    if not ours:
        why = f"no hook of Eider is in it any more, although version {record.version} was installed on {record.at[:10]}"
        yield _finding("claude-hooks-missing", "error", path, why, f"{_INSTALL}; or eider uninstall, if that is meant")
        return
    broken = [*_command_findings(path, ours), *_port_findings(place.home, path, ours)]
    yield from broken
    yield from _read_settings(path, found)
    if not broken:
        yield from _outdated_findings(place.home, path, record)
        yield _form_finding(place.home, path, text, ours)


def _install_record(place: HomeContext) -> Record | None:
    if place.home is None:
        return None
    here = str(machine.config_folder())
    return next((r for r in records.active_records(place.home, TARGET.name) if r.place == here), None)


def _command_findings(path: Path, ours: list[dict[str, Any]]) -> Iterator[Finding]:
    """Whether the command hooks name a program and a script that are there, and the program runs."""
    pairs = {(str(h.get("command")), str((h.get("args") or [""])[-1])) for h in ours if h.get("type") == "command"}
    for python, script in sorted(pairs):
        lost = [p for p in (python, script) if not Path(p).is_file()]
        if lost:
            why = f"hooks run {lost[0]!r}, which is gone, as after an upgrade or a removed environment"
            yield _finding("claude-hook-lost", "error", path, why, _INSTALL)
        elif why := _why_it_fails(python):
            why = f"hooks run {python!r}, which does not start ({why})"
            yield _finding("claude-python-broken", "error", path, why, _INSTALL)


def _why_it_fails(python: str) -> str:
    """Why an interpreter cannot run a hook; empty when it can."""
    code = "import sys; sys.exit(sys.version_info < (3, 11))"
    try:
        done = subprocess.run([python, "-I", "-S", "-c", code], capture_output=True, timeout=_TIMEOUT, check=False)  # noqa: S603 (recorded by us)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{type(error).__name__}"
    return "" if done.returncode == 0 else "it is older than 3.11, or broken"


def _port_findings(home: Path, path: Path, ours: list[dict[str, Any]]) -> Iterator[Finding]:
    """Whether the hooks that post know the token, and whoever listens is our server."""
    posting = [h for h in ours if h.get("type") == "http"]
    if not posting:
        return
    known = hook_port.read(home)
    wanted = None if known is None else (f"{known.base}/claude-code", f"Bearer {known.token}")
    said = {(h.get("url"), (h.get("headers") or {}).get("Authorization")) for h in posting}
    if known is None or said != {wanted}:
        why = "hooks post with another port or token than this home has reserved, so nothing is heard"
        yield _finding("claude-token-differs", "error", path, why, _INSTALL)
        return
    if machine.is_port_taken(home, known):
        why = f"somebody else listens on port {known.port} of this machine, which hooks post to"
        yield _finding("claude-port-taken", "error", path, why, f"end that program, or take another port: {_INSTALL}")
    elif machine.is_port_unserved(home, known):
        why = f"the server runs and does not listen on port {known.port}; prompts are caught up from the transcript"
        yield _finding("claude-port-deaf", "warning", path, why, "eider stop; the next call starts it anew")


def _read_settings(path: Path, found: dict[str, Any]) -> Iterator[Finding]:
    mode = files.mode_of(path) or 0
    if any(hook.get("type") == "http" for _, _, hook in settings.present_hooks(found)) and mode & 0o077:
        why = f"it holds the token of the hooks, and other accounts may read it (mode {mode:04o})"
        yield _finding("claude-settings-open", "error", path, why, f"chmod 600 {path}")
    if found.get("disableAllHooks"):
        yield _finding("claude-hooks-off", "info", path, "disableAllHooks is set, so no hook runs", "take that out")


def _form_finding(home: Path, path: Path, text: JsonText, ours: list[dict[str, Any]]) -> Finding:
    """In which form hooks reach the server, and why in this one."""
    if any(hook.get("type") == "http" for hook in ours):
        why = "hooks post to the server's port, as the setting hook_form=http asks: the quickest form, while the server runs"
        fix = f"nothing; for the form that also starts the server: eider config set hook_form auto, then {_INSTALL}"
    else:
        because = (
            why_not_http(text, Options(home=home, preview=True)) or "they were installed before hook_form=http was set"
        )
        why = f"hooks run a command: {because}"
        fix = f"nothing; for the quicker form: eider config set hook_form http, then {_INSTALL}"
    return _finding("claude-hooks-form", "info", path, why, fix)


def _outdated_findings(home: Path, path: Path, record: Record) -> Iterator[Finding]:
    """What another installation would change, as after an upgrade."""
    try:
        plan = TARGET.plan(Options(home=home, preview=True))
        edits = installing.changed_edits(plan)
    except RefusedError as error:
        yield _finding("claude-settings-unreadable", "warning", path, str(error), "mend it, then run eider doctor")
        return
    for edit in edits:
        if edit.path == path:
            other = f"they are of {record.version}" if record.version != __version__ else "another place or setting"
            why = f"hooks are not as this Eider installs them ({other})"
            yield _finding("claude-hooks-outdated", "warning", path, why, _INSTALL)
        else:
            why = f"{edit.what}: missing, or not of this Eider"
            yield _finding("claude-skill-outdated", "warning", edit.path, why, _INSTALL)
    for note in plan.notes:
        yield _finding("claude-note", "info", path, note, "do what it says, or leave it so")


def _finding(kind: str, severity: Severity, path: Path, message: str, fix: str) -> Finding:
    return Finding(kind=kind, severity=severity, subject=str(path), message=message, fix=fix)

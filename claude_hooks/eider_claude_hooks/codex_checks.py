"""What `eider doctor` looks at in Codex: whether what was installed is still there and runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from eider.api.install import files, installing, records
from eider.api.install.target import Options
from eider.model.errors import RefusedError
from eider.service.doctor.registry import HomeContext, home_check
from eider.service.doctor.report import Finding
from eider_claude_hooks import settings
from eider_claude_hooks.codex_rollout import config_folder
from eider_claude_hooks.codex_target import HOOKS, TARGET

_INSTALL: Final = "eider install --target codex"


def _install_again(place: HomeContext, finding: Finding) -> None:
    del finding
    if place.home is not None:
        installing.install(TARGET, Options(home=place.home))


@home_check("codex", repairs=dict.fromkeys(("codex-hooks-missing", "codex-outdated"), _install_again))
def codex(place: HomeContext) -> Iterator[Finding]:
    """Whether Codex is wired as it was installed."""
    here = config_folder()
    if place.home is None or not any(r.place == str(here) for r in records.active_records(place.home, TARGET.name)):
        return
    path = here / HOOKS
    try:
        found = settings.present_hooks(settings.read_settings(path, files.read(path)).value)
        edits = installing.changed_edits(TARGET.plan(Options(home=place.home, preview=True)))
    except RefusedError as error:
        yield _finding("codex-settings-unreadable", path, str(error), "mend the file, then run eider doctor")
        return
    if not found:
        why = "no hook of Eider is in it any more, although it was installed"
        yield _finding("codex-hooks-missing", path, why, f"{_INSTALL}; or eider uninstall, if that is meant")
        return
    for edit in edits:
        yield _finding("codex-outdated", edit.path, f"{edit.what}: not as this Eider installs it", _INSTALL)


def _finding(kind: str, path: Path, message: str, fix: str) -> Finding:
    return Finding(kind=kind, severity="error", subject=str(path), message=message, fix=fix)

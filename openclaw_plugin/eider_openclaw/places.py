"""Where OpenClaw keeps its config on this machine, and where the plugin's JavaScript is."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Final

ID: Final = "eider"
"""The plugin's name in OpenClaw."""
PACKAGE: Final = "openclaw-eider"
"""The plugin's name as an npm package."""
MANIFEST: Final = "openclaw.plugin.json"


def state_folder() -> Path:
    """Return OpenClaw's state directory."""
    named = os.environ.get("OPENCLAW_STATE_DIR")
    return Path(named).expanduser().absolute() if named else Path.home() / ".openclaw"


def config_file() -> Path:
    """Return the path of OpenClaw's config."""
    named = os.environ.get("OPENCLAW_CONFIG_PATH")
    return Path(named).expanduser().absolute() if named else state_folder() / "openclaw.json"


def is_here() -> bool:
    """Return whether OpenClaw has run for this account, or is installed."""
    return config_file().exists() or state_folder().is_dir() or shutil.which("openclaw") is not None


def plugin_folder() -> Path:
    """The npm package: beside this module in an installed wheel, around it in a checkout."""
    shipped = Path(__file__).parent / "plugin"
    return shipped if (shipped / MANIFEST).is_file() else Path(__file__).parents[1]


def is_installed() -> bool:
    """Whether `openclaw plugins install` has put a copy into OpenClaw's own directory."""
    if (state_folder() / "extensions" / ID).is_dir():
        return True
    return any(state_folder().glob(f"npm/projects/*/node_modules/{PACKAGE}/{MANIFEST}"))


def is_ours(folder: str) -> bool:
    """Whether a directory holds the plugin, in whatever version or form."""
    try:
        return json.loads((Path(folder) / MANIFEST).read_text(encoding="utf-8"))["id"] == ID
    except (OSError, ValueError, KeyError, TypeError):
        return False

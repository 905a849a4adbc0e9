"""Cache of the briefings that hosts get at a cold start; deleted whenever something is erased."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Final

ERASING: Final = frozenset(
    (
        "forget",
        "forget_many",
        "forget_user",
        "deactivate",
        "correct",
        "undo",
        "settle",
        "consolidate",
        "import_",
        "import_lines",
    )
)
"""Verbs after which what was kept may say what no longer holds."""
FOLDER: Final = "briefings"


def cache_folder(home: str, host: str) -> str:
    """Return the directory of one host's briefings."""
    return os.path.join(home, "hooks", host, FOLDER)


def delete_briefings(home: str) -> None:
    """Delete all briefings; hosts make new ones."""
    hosts = os.path.join(home, "hooks")
    with suppress(OSError):
        for host in os.listdir(hosts):
            folder = cache_folder(home, host)
            with suppress(OSError):
                for name in os.listdir(folder):
                    with suppress(OSError):
                        os.unlink(os.path.join(folder, name))

"""What hosts are told at a cold start, kept on disk beside them: it may hold what somebody forgets, and goes with it."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Final

ERASING: Final = frozenset(
    ("forget", "forget_user", "deactivate", "correct", "undo", "settle", "consolidate", "import_")
)
"""Verbs after which what was kept may say what no longer holds."""
FOLDER: Final = "briefings"


def cache_folder(home: str, host: str) -> str:
    """Directory of what one host keeps."""
    return os.path.join(home, "hooks", host, FOLDER)


def delete_briefings(home: str) -> None:
    """Remove all of it; a host makes it anew."""
    hosts = os.path.join(home, "hooks")
    with suppress(OSError):
        for host in os.listdir(hosts):
            folder = cache_folder(home, host)
            with suppress(OSError):
                for name in os.listdir(folder):
                    with suppress(OSError):
                        os.unlink(os.path.join(folder, name))

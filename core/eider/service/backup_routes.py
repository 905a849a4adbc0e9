"""Backups by the server: on demand, and by the schedule."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from eider.api.wire import encode
from eider.client import pauses
from eider.model import config
from eider.model.clock import local_zone, zone
from eider.model.errors import EiderError, InputError
from eider.records.backup import commands, rotation, schedule
from eider.store.files import StoreFiles

if TYPE_CHECKING:
    from eider.service.http_request import HttpRequest
    from eider.service.open_stores import OpenStores

_CHECK_SECONDS: Final = 60.0
"""Seconds between looks at the schedule."""
_RETRY_SECONDS: Final = 3600.0
"""Seconds until a store whose backup did not come about is tried anew."""


class BackupRoutes:
    """Answers `backup/run` and `backup/prune`, and queues what is due."""

    def __init__(self, home: str, stores: OpenStores, folder_of: Callable[[Mapping[str, Any]], Path]) -> None:
        """Create the routes.

        Args:
            home: `EIDER_HOME`.
            stores: The server's open stores.
            folder_of: Reads from a request which store it means.
        """
        self._home, self._stores, self._folder_of = home, stores, folder_of
        self._looked = time.monotonic()
        self._tried: dict[Path, float] = {}

    def answers(self) -> dict[str, Callable[[HttpRequest], object]]:
        """Return the routes and their functions."""
        return {"backup/run": self.run, "backup/prune": self.prune}

    def run(self, asked: HttpRequest) -> object:
        """Back a store up now."""
        if asked.body.get("to") is not None and not asked.local:
            raise InputError("to names a directory of the server's machine; ask over its socket, or leave it out.")
        with self._stores.use(self._folder_of(asked.body)) as engine:
            return encode(commands.run(engine, asked.body))

    def prune(self, asked: HttpRequest) -> object:
        """Remove backups of a store."""
        with self._stores.use(self._folder_of(asked.body)) as engine:
            return encode(commands.prune(engine, asked.body))

    def queue_due_now(self) -> None:
        """Queue a backup of every named store that is due and has changed."""
        if time.monotonic() - self._looked < _CHECK_SECONDS:
            return
        self._looked = time.monotonic()
        with suppress(EiderError, OSError):
            self.queue_due(datetime.now(UTC))

    def queue_due(self, now: datetime) -> list[Path]:
        """Queue the backups due at an instant and return their stores."""
        wanted = schedule.current_schedule()
        if wanted is None:
            return []
        due = wanted.last_due(now, zone(config.setting("tz") or local_zone()))
        queued: list[Path] = []
        for folder in sorted((config.home().absolute() / "stores").glob("[!.]*.eider")):
            if self._is_due(folder, due):
                self._tried[folder] = time.monotonic()
                with suppress(EiderError), self._stores.use(folder) as engine:
                    if engine.store.place.read_only:
                        continue
                    engine.jobs.queue("backup", payload={"due": due.isoformat(), "keep": wanted.keep})
                    queued.append(folder)
        return queued

    def _is_due(self, folder: Path, due: datetime) -> bool:
        if time.monotonic() - self._tried.get(folder, -_RETRY_SECONDS) < _RETRY_SECONDS or pauses.jobs_paused(
            self._home, str(folder)
        ):
            return False
        head = StoreFiles(folder).head()
        made = rotation.list_backups(folder)
        if head is None or any(b.manifest.at >= due for b in made):
            return False
        return not (made and made[-1].verified and (made[-1].manifest.events, made[-1].manifest.head) == head)

"""The search index in object storage, where several processes write it, one at a time."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any

from eider.model.errors import InputError
from eider.store.duck.lance import TABLE, LanceIndex


class SharedTurn:
    """A lock between processes and between the threads of one; a thread may take it again."""

    def __init__(self, alone: Callable[[], AbstractContextManager[object]]) -> None:
        """Keep other processes out by entering what `alone` returns."""
        self._alone, self._threads, self._depth = alone, threading.RLock(), 0

    def __enter__(self) -> None:
        self._threads.acquire()
        try:
            if not self._depth:
                self._held = self._alone()
                self._held.__enter__()
            self._depth += 1
        except BaseException:
            self._threads.release()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._depth -= 1
            if not self._depth:
                self._held.__exit__(kind, error, trace)
        finally:
            self._threads.release()


class BucketIndex(LanceIndex):
    """`Index` over a LanceDB table in S3-compatible storage.

    Address and keys of the storage come from the environment, as its own tools take them: `AWS_ENDPOINT_URL`,
    `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`.
    """

    def __init__(self, url: str, width: int, turn: SharedTurn) -> None:
        """Name the place; nothing is read or made before the first use.

        Args:
            url: `s3://bucket/prefix`.
            width: Length of the vectors.
            turn: Whoever writes holds it: two processes that merge one id would leave it twice.

        Raises:
            InputError: The place cannot be used.
        """
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        if not url.startswith("s3://") or not bucket or not prefix.strip("/"):
            raise InputError(f"index={url!r:.100} is no place for an index; write s3://bucket/prefix.")
        super().__init__(Path(url), width)
        self._url, self._writer = url.rstrip("/"), turn
        self._db: Any = None
        self._stale = True

    def exists(self) -> bool:
        """Return whether there is a table."""
        return TABLE in self._storage().list_tables().tables

    def _storage(self, **how: Any) -> Any:
        if self._db is None or how:
            from eider.store.duck.lance import library

            options = {"allow_http": "true"} if os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://") else {}
            self._db = library().db.connect(self._url, storage_options=options, **how)
        return self._db

    def _connected(self, lib: Any, **how: Any) -> Any:
        del lib
        return self._storage(**how)

    def _remove(self) -> None:
        self._storage().drop_table(TABLE, ignore_missing=True)

    def _mark(self, *, done: bool = False) -> None:
        self._stale = not done

    def _is_marked(self) -> bool:
        return self._stale

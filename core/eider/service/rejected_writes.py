"""Rejected writes of the spool; those of a forgotten user are deleted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from eider.client.client import loads
from eider.client.spool import folder
from eider.model.answers import Receipt
from eider.model.requests import ForgetUser
from eider.service.spool_drain import DAMAGED, REFUSED


def add_rejected_writes(home: str, request: object, receipt: Receipt) -> Receipt:
    """Delete a forgotten user's rejected writes and note other copies in the receipt.

    They never were in the store, so no closure over it reaches them; a damaged line cannot be told whose it is.
    """
    place = Path(folder(home))
    erased = _remove_user(place / REFUSED, request.user) if isinstance(request, ForgetUser) else 0
    left = [
        f"{count} {word} write{'s' if count > 1 else ''} kept aside in {path}; look at them, then remove the file"
        for word, path in (("refused", place / REFUSED), ("damaged", place / DAMAGED))
        if (count := sum(1 for _ in _lines(path)))
    ]
    counts = {**receipt.erased, "spool": erased} if erased else receipt.erased
    return replace(receipt, erased=counts, outside=(*receipt.outside, *left))


def _lines(path: Path) -> Iterator[bytes]:
    try:
        yield from (line for line in path.read_bytes().split(b"\n") if line)
    except FileNotFoundError:
        return


def _remove_user(path: Path, user: str) -> int:
    """Rewrite a file of rejected writes without one user's."""
    lines = list(_lines(path))
    kept = [line for line in lines if _user_of(line) != user]
    if len(kept) == len(lines):
        return 0
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(b"".join(line + b"\n" for line in kept))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path) if kept else (fresh.unlink(), path.unlink())
    return len(lines) - len(kept)


def _user_of(line: bytes) -> str | None:
    try:
        said = loads(line.decode().partition(" ")[2].rpartition("\t")[0])
        return str(said["request"]["user"])
    except (ValueError, KeyError, TypeError, StopIteration):
        return None

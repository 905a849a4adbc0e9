"""Checks of the spool, of rejected writes, and of pauses."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from eider.client import pauses
from eider.client.client import Client, ClientError
from eider.client.spool import SPOOL_BYTES, folder, waiting_bytes
from eider.model import config
from eider.model.errors import ServerError
from eider.service.doctor.registry import HomeContext, home_check
from eider.service.doctor.report import Finding
from eider.service.spool_drain import DAMAGED, REFUSED


def _drain_spool(place: HomeContext, finding: Finding) -> None:
    """Drain the spool by the server, or here under its lock where servers are switched off."""
    del finding
    home = str(place.home)
    client = Client(home_folder=home, spawn=config.setting("server") != "off", spool=False, timeout=120.0)
    try:
        client.ask("POST", "/v1/server/drain", {})
    except ClientError as error:
        if error.kind != "ServerUnreachableError" or client.spawns:
            raise ServerError(error.message) from None
        from eider.service.dispatcher import Dispatcher
        from eider.service.run import take_lock

        lock = take_lock(home)
        try:
            dispatcher = Dispatcher(home)
            try:
                dispatcher.drain()
            finally:
                dispatcher.stores.close()
        finally:
            os.close(lock)
    finally:
        client.close()


@home_check("spool", repairs={"spool-waiting": _drain_spool, "spool-full": _drain_spool})
def waiting_writes(place: HomeContext) -> Iterator[Finding]:
    """Find writes that wait in the spool for long."""
    if place.home is None or not (size := waiting_bytes(str(place.home))):
        return
    lines = sum(_lines(path) for path in Path(folder(str(place.home))).glob("*.jsonl") if path.name.startswith(("writes", "draining")))  # fmt: skip
    full = size > SPOOL_BYTES * 0.8
    yield Finding(
        kind="spool-full" if full else "spool-waiting", severity="error" if full else "warning", subject=folder(str(place.home)),
        message=f"{lines:,} write(s) wait for a server ({size:,} of {SPOOL_BYTES:,} bytes)",
        fix="any call lets the server carry them out; or run eider doctor --fix",
    )  # fmt: skip


@home_check("set aside")
def rejected_writes(place: HomeContext) -> Iterator[Finding]:
    """Find writes that a drain rejected."""
    if place.home is None:
        return
    here = Path(folder(str(place.home)))
    if lines := _lines(here / DAMAGED):
        yield Finding(
            kind="spool-damaged", severity="error", subject=str(here / DAMAGED),
            message=f"{lines:,} spooled line(s) could not be read and were not carried out",
            fix="look at the file, repeat by hand what matters, then remove it",
        )  # fmt: skip
    if lines := _lines(here / REFUSED):
        yield Finding(
            kind="spool-refused", severity="error", subject=str(here / REFUSED),
            message=f"{lines:,} spooled write(s) were refused: {_error_counts(here / REFUSED)}",
            fix="each line of the file ends with its reason; repeat by hand what matters, then remove it",
        )  # fmt: skip


@home_check("pauses")
def pauses_in_force(place: HomeContext) -> Iterator[Finding]:
    """Find pauses that are still in force."""
    if place.home is None:
        return
    for store, how in sorted(pauses.read(str(place.home)).items()):
        named = "all stores" if store == pauses.ALL_STORES else store
        again = "eider resume" if store == pauses.ALL_STORES else f"eider resume --store {store}"
        if how.get("writes"):
            yield Finding(
                kind="writes-paused", severity="warning", subject=named, message="writing is paused", fix=again
            )
        else:
            yield Finding(kind="jobs-paused", severity="info", subject=named, message="background work is paused", fix=again)  # fmt: skip


def _lines(path: Path) -> int:
    try:
        return sum(1 for line in path.read_bytes().split(b"\n") if line)
    except FileNotFoundError:
        return 0


def _error_counts(path: Path) -> str:
    """Count rejected writes by error type; messages may quote texts, so they are not shown."""
    found = Counter(
        line.rpartition("\t")[2].partition(":")[0] for line in path.read_text(errors="replace").splitlines()
    )
    return ", ".join(f"{n} × {name}" for name, n in found.most_common(5))

"""Runs one examination: the home first, then each store in the process that holds it."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from eider.model import config
from eider.model.errors import EiderError, ServerUnreachableError, StoreMissingError
from eider.service.doctor.canary import probe_store
from eider.service.doctor.in_server import examine_store
from eider.service.doctor.registry import HOME_CHECKS, STORE_CHECKS, HomeContext, load_checks, run_check
from eider.service.doctor.report import Finding, Report, decode_finding, error_finding
from eider.service.doctor.server import is_locked
from eider.store.files import StoreFiles

if TYPE_CHECKING:
    from collections.abc import Callable

CHECK_TIMEOUT: Final = 900.0
"""Seconds for one store's checks; --deep reads all of it."""
AGENT: Final = "doctor"
StoreFindings = tuple[list[Finding], int]
"""What was found, and how many checks were made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Options of an examination."""

    fix: bool = False
    deep: bool = False
    show: bool = False

    def request_fields(self) -> dict[str, bool]:
        """Return the options as request fields."""
        return {"fix": self.fix, "deep": self.deep, "show": self.show}


def examine(
    stores: Sequence[str | Path] | None = None, wants: Options | None = None, *,
    progress: Callable[[int, int], None] = lambda _done, _total: None, proc: str = "/proc",
) -> Report:  # fmt: skip
    """Examine a home with all its stores, or the named ones; an error in one does not stop the rest.

    Args:
        stores: Names and paths; None is every store of the home. A path is looked at without the home.
        wants: What to do; by default nothing is changed but for the probe, which is taken back.
        progress: Told (steps done, steps in all).
        proc: Where processes are seen.
    """
    wants = wants or Options()
    folders = _store_folders(stores)
    home = config.home() if stores is None or not all(map(config.is_path, stores)) else None
    findings = load_checks(home=True)
    ran = len(HOME_CHECKS)
    at = HomeContext(home=home, folders=tuple(folders), proc=proc)
    total = len(HOME_CHECKS) + len(folders)
    for done, check in enumerate(HOME_CHECKS.values()):
        progress(done, total)
        findings += run_check(check, at, subject=str(home or ""), fix=wants.fix)
    away = {f.kind for f in findings if not f.fixed} & {"server-elsewhere", "server-silent"}
    for done, (folder, named) in enumerate(folders.items(), len(HOME_CHECKS)):
        progress(done, total)
        if not (named and away):
            found, checks = _store_findings(folder, wants, named=named)
            findings, ran = findings + found, ran + checks
    progress(total, total)
    return Report(findings=tuple(findings), checks=ran, stores=len(folders))


def _store_folders(stores: Sequence[str | Path] | None) -> dict[Path, bool]:
    """Return the stores' directories, each with whether it is a named store."""
    if stores is not None:
        return {
            (Path(s).expanduser().absolute() if config.is_path(s) else config.store_path(str(s))): not config.is_path(s)
            for s in stores
        }
    place = config.home() / "stores"
    return {f: True for f in sorted(place.glob("*.eider")) if f.is_dir() and not f.name.startswith(".")}


def _store_findings(folder: Path, wants: Options, *, named: bool) -> StoreFindings:
    """Return a store's findings, from the server if it holds or may hold the store, else opened here."""
    name = folder.stem if named else str(folder)
    try:
        if not _server_answers_for(folder, named=named):
            return _examine_here(folder, wants, name)
        try:
            return _examine_by_server(folder, wants, name, named=named)
        except ServerUnreachableError as error:
            if not named or is_locked(str(config.home())):
                raise
            with _server_lock():
                found, checks = _examine_here(folder, wants, name)
            return [error_finding(error, str(config.home())), *found], checks
    except (EiderError, OSError) as error:
        return [_with_backup(error_finding(error, name), folder)], 1
    except Exception as error:  # noqa: BLE001 (whatever a damaged file does to a library, the other stores are looked at)
        return [error_finding(error, name, check="opening")], 1


def _with_backup(finding: Finding, folder: Path) -> Finding:
    """Return the finding of a damaged store with the command that brings back its newest good backup, where there is one."""
    if finding.kind != "store-damaged":
        return finding
    from eider.records.backup.rotation import list_backups

    good = next((b for b in reversed(list_backups(folder)) if not b.findings), None)
    if good is None:
        return finding
    command = f"eider backup restore {good.path.parent.name}/{good.path.name} --replace"
    return replace(finding, fix=f"{command} (the newest good backup, of {good.manifest.at:%d %b %Y %H:%M} UTC)")


def _server_answers_for(folder: Path, *, named: bool) -> bool:
    """Return whether a server that runs, or may be started, answers for a store."""
    if sys.platform == "win32":
        return False
    from eider.client.client import Client, ClientError

    client = Client(home_folder=str(config.home()), spawn=False, spool=False, timeout=10.0)
    try:
        if not client.is_running():
            return named and config.setting("server") != "off"
        return named or str(folder) in client.ask("GET", "/v1/server/status").get("stores", ())
    except ClientError:
        return named
    finally:
        client.close()


def _examine_by_server(folder: Path, wants: Options, name: str, *, named: bool) -> StoreFindings:
    """Have the server examine a store, then send the probe as any caller would."""
    from eider.api.open import open as open_store
    from eider.api.wire import decode_error
    from eider.client.client import Client, ClientError

    client = Client(home_folder=str(config.home()), spool=False, timeout=CHECK_TIMEOUT)
    try:
        said: Mapping[str, Any] = {"store": str(folder), "name": name, **wants.request_fields()}
        answer = client.ask("POST", "/v1/server/examine", said, again=not wants.fix)
    except ClientError as error:
        raise decode_error(error.kind, error.message, error.fields) from None
    finally:
        client.close()
    findings = [decode_finding(one) for one in answer["findings"]]
    with (
        open_store(folder.stem if named else folder, agent=AGENT, shared=True) as memory,
        memory.channel("doctor", "user") as seen,
    ):
        return findings + list(probe_store(seen, name)), int(answer["checks"]) + 1


def _examine_here(folder: Path, wants: Options, name: str) -> StoreFindings:
    from eider.api.embedded_backend import EmbeddedBackend
    from eider.api.facade import Eider
    from eider.api.local import open_engine
    from eider.privacy.ingress import Channel

    if not folder.is_dir():
        raise StoreMissingError(folder)
    if not any(folder.iterdir()):
        fix = "remove it; opening it would make a store"
        return [
            Finding(kind="store-empty", severity="info", subject=name, message="the directory is empty", fix=fix)
        ], 1
    files = StoreFiles(folder)
    if not files.writable and (old := _schema_finding(files, name)):
        return [old], 1
    engine = open_engine(folder, read_only=not files.writable)
    try:
        found = examine_store(engine, name=name, **wants.request_fields())
        return found + list(
            probe_store(Eider(EmbeddedBackend(engine, Channel(name="doctor", agent=AGENT))), name)
        ), len(STORE_CHECKS) + 1
    finally:
        engine.close()


def _schema_finding(files: StoreFiles, name: str) -> Finding | None:
    """Return a finding if a store is of an older version and cannot be upgraded by opening it."""
    from eider.store.open import newest_schema, schema_in

    found = schema_in(files.folder)
    if found >= newest_schema():
        return None
    return Finding(
        kind="schema-old", severity="warning", subject=name,
        message=f"it has schema {found}, this Eider reads {newest_schema()}, and it cannot be written to",
        fix="publish the snapshot anew, or open it once where it can be written to",
    )  # fmt: skip


@contextmanager
def _server_lock() -> Generator[None]:
    """Hold the server's lock, so that no server starts while a named store is open here."""
    from eider.service.run import take_lock

    lock = take_lock(str(config.home()))
    try:
        yield
    finally:
        os.close(lock)

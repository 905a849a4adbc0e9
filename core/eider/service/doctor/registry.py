"""Where checks are registered, and how they are carried out: each alone, so that one that fails is itself a finding.

A check is a function from what it looks at to findings, registered under a name with the repairs it knows:

    @store_check("jobs", mends={"jobs-dead": retry})
    def jobs(patient: Patient) -> Iterator[Finding]: ...

Other packages register theirs on import of a module named by an entry point of the group `eider.doctor`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from eider.service.doctor.report import Finding, of_error

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from eider.store.engine import Engine

GROUP: Final = "eider.doctor"
_PLACES: Final = ("files", "owner", "spool")
_STORES: Final = ("store", "work", "content")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What the checks of a machine look at."""

    home: Path | None
    """None where only a store at a path of its own is meant."""
    folders: tuple[Path, ...] = ()
    """Directories of the stores that are meant."""
    proc: str = "/proc"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """What the checks of a store look at: the engine of whoever holds it open."""

    engine: Engine
    name: str
    now: datetime
    deep: bool = False
    show: bool = False
    """Whether findings may quote what was said."""


T = TypeVar("T")
Look = Callable[[T], Iterable[Finding]]
Mend = Callable[[T, Finding], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Generic[T]):
    """One registered check."""

    name: str
    look: Look[T]
    mends: Mapping[str, Mend[T]] = field(default_factory=dict[str, Mend[T]])
    """Kind of finding → what `--fix` does; it never deletes what somebody said."""


PLACE_CHECKS: Final[dict[str, Check[Place]]] = {}
STORE_CHECKS: Final[dict[str, Check[Patient]]] = {}


def place_check(name: str, mends: Mapping[str, Mend[Place]] | None = None) -> Callable[[Look[Place]], Look[Place]]:
    """Register a check of the home, its processes and directories."""

    def register(look: Look[Place]) -> Look[Place]:
        PLACE_CHECKS[name] = Check(name=name, look=look, mends=mends or {})
        return look

    return register


def store_check(
    name: str, mends: Mapping[str, Mend[Patient]] | None = None
) -> Callable[[Look[Patient]], Look[Patient]]:
    """Register a check of one open store; it runs in the process that holds the store."""

    def register(look: Look[Patient]) -> Look[Patient]:
        STORE_CHECKS[name] = Check(name=name, look=look, mends=mends or {})
        return look

    return register


def load(*, places: bool) -> list[Finding]:
    """Import what registers checks; a module that cannot be imported is a finding."""
    from importlib.metadata import entry_points

    for module in _PLACES if places else _STORES:
        import_module(f"eider.service.doctor.{module}")
    failed: list[Finding] = []
    for point in entry_points(group=GROUP):
        try:
            point.load()
        except Exception as error:  # noqa: BLE001 (another package's fault is told, and the rest goes on)
            failed.append(of_error(error, point.value, check=point.name))
    return failed


def carried_out(check: Check[T], at: T, *, subject: str, fix: bool) -> list[Finding]:
    """What a check finds; with `fix`, after its repairs, each looked at once more."""
    found = _looked(check, at, subject)
    if not fix or not any(f.fixable for f in found):
        return found
    failures: dict[tuple[str, str], str] = {}
    for finding in found:
        if finding.fixable:
            try:
                check.mends[finding.kind](at, finding)
            except Exception as error:  # noqa: BLE001 (what stands in the way of a repair is told)
                failures[finding.kind, finding.subject] = " ".join(str(error).split())
    left = _looked(check, at, subject)
    if any(f.kind == "check-failed" for f in left):
        return found + left
    still = {(f.kind, f.subject) for f in left}
    mended = [replace(f, mended=True) for f in found if f.fixable and (f.kind, f.subject) not in still]
    return mended + [_failed(f, failures.get((f.kind, f.subject))) for f in left]


def _failed(finding: Finding, why: str | None) -> Finding:
    return finding if why is None else replace(finding, message=f"{finding.message}; --fix could not mend it: {why}")


def _looked(check: Check[Any], at: Any, subject: str) -> list[Finding]:
    try:
        return [replace(f, fixable=f.kind in check.mends) for f in check.look(at)]
    except Exception as error:  # noqa: BLE001 (a check that fails is a finding, and the others go on)
        return [of_error(error, subject, check=check.name)]

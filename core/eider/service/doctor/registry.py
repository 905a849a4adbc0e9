"""Registers and runs checks; a check that fails becomes a finding itself.

A check is a function from what it looks at to findings, registered under a name with the repairs it knows:

    @store_check("jobs", repairs={"jobs-dead": retry})
    def jobs(patient: Patient) -> Iterator[Finding]: ...

Other packages register theirs on import of a module named by an entry point of the group `eider.doctor`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from eider.service.doctor.report import Finding, error_finding

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from eider.store.engine import Engine

GROUP: Final = "eider.doctor"
_HOME_MODULES: Final = ("files", "server", "spool")
_STORE_MODULES: Final = ("store", "work", "content")


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeContext:
    """Input of the checks of a home."""

    home: Path | None
    """None where only a store at a path of its own is meant."""
    folders: tuple[Path, ...] = ()
    """Directories of the stores that are meant."""
    proc: str = "/proc"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreContext:
    """Input of the checks of a store, with its open engine."""

    engine: Engine
    name: str
    now: datetime
    deep: bool = False
    show: bool = False
    """Whether findings may quote what was said."""


T = TypeVar("T")
Run = Callable[[T], Iterable[Finding]]
Repair = Callable[[T, Finding], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Generic[T]):
    """One registered check."""

    name: str
    run: Run[T]
    repairs: Mapping[str, Repair[T]] = field(default_factory=dict[str, Repair[T]])
    """Kind of finding → what `--fix` does; it never deletes what somebody said."""


HOME_CHECKS: Final[dict[str, Check[HomeContext]]] = {}
STORE_CHECKS: Final[dict[str, Check[StoreContext]]] = {}


def home_check(
    name: str, repairs: Mapping[str, Repair[HomeContext]] | None = None
) -> Callable[[Run[HomeContext]], Run[HomeContext]]:
    """Register a check of the home, its processes and directories."""

    def register(look: Run[HomeContext]) -> Run[HomeContext]:
        HOME_CHECKS[name] = Check(name=name, run=look, repairs=repairs or {})
        return look

    return register


def store_check(
    name: str, repairs: Mapping[str, Repair[StoreContext]] | None = None
) -> Callable[[Run[StoreContext]], Run[StoreContext]]:
    """Register a check of one open store; it runs in the process that holds the store."""

    def register(look: Run[StoreContext]) -> Run[StoreContext]:
        STORE_CHECKS[name] = Check(name=name, run=look, repairs=repairs or {})
        return look

    return register


def load_checks(*, home: bool) -> list[Finding]:
    """Import the modules that register checks; a failed import is returned as a finding."""
    from importlib.metadata import entry_points

    for module in _HOME_MODULES if home else _STORE_MODULES:
        import_module(f"eider.service.doctor.{module}")
    failed: list[Finding] = []
    for point in entry_points(group=GROUP):
        try:
            point.load()
        except Exception as error:  # noqa: BLE001 (another package's fault is told, and the rest goes on)
            failed.append(error_finding(error, point.value, check=point.name))
    return failed


def run_check(check: Check[T], at: T, *, subject: str, fix: bool) -> list[Finding]:
    """Run a check; with `fix`, repair its findings and run it once more."""
    found = _run_safely(check, at, subject)
    if not fix or not any(f.fixable for f in found):
        return found
    failures: dict[tuple[str, str], str] = {}
    for finding in found:
        if finding.fixable:
            try:
                check.repairs[finding.kind](at, finding)
            except Exception as error:  # noqa: BLE001 (what stands in the way of a repair is told)
                failures[finding.kind, finding.subject] = " ".join(str(error).split())
    left = _run_safely(check, at, subject)
    if any(f.kind == "check-failed" for f in left):
        return found + left
    still = {(f.kind, f.subject) for f in left}
    repaired = [replace(f, fixed=True) for f in found if f.fixable and (f.kind, f.subject) not in still]
    return repaired + [_failure(f, failures.get((f.kind, f.subject))) for f in left]


def _failure(finding: Finding, why: str | None) -> Finding:
    return finding if why is None else replace(finding, message=f"{finding.message}; --fix could not mend it: {why}")


def _run_safely(check: Check[Any], at: Any, subject: str) -> list[Finding]:
    try:
        return [replace(f, fixable=f.kind in check.repairs) for f in check.run(at)]
    except Exception as error:  # noqa: BLE001 (a check that fails is a finding, and the others go on)
        return [error_finding(error, subject, check=check.name)]

"""Findings, and the report of an examination."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import eider.model.errors as errors  # noqa: PLR0402 (the package's own attribute is untyped)
from eider.model.distribution import UPGRADE

if TYPE_CHECKING:
    from collections.abc import Mapping

Severity = Literal["info", "warning", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One problem, with what to do about it."""

    kind: str
    """Stable name, such as `spool-damaged`, for scripts and for `--fix`."""
    severity: Severity
    """info: worth a look, all works · warning: will hurt · error: hurts now."""
    subject: str
    """The path, store or user it is about."""
    message: str
    """Never what somebody said, unless that was asked for."""
    fix: str
    fixable: bool = False
    """Whether `--fix` can do it."""
    fixed: bool = False
    """Whether it did, and a second look found nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The findings of one examination."""

    findings: tuple[Finding, ...]
    checks: int
    """How many checks ran."""
    stores: int
    """How many stores were looked into."""

    @property
    def is_healthy(self) -> bool:
        """Whether nothing is left that needs somebody: repaired findings and mere notes do not count.

        >>> note = Finding(kind="k", severity="info", subject="s", message="m", fix="f")
        >>> Report(findings=(note,), checks=1, stores=0).is_healthy
        True
        """
        return all(f.fixed or f.severity == "info" for f in self.findings)


_BACKUP: Final = "restore a backup (eider backup restore), or import an export into a new store"
_BY_ERROR: Final[tuple[tuple[type[Exception], str, Severity, str], ...]] = (
    (errors.StoreLockedError, "store-busy", "warning", "close it there, then run eider doctor again"),
    (errors.ServerRunningError, "store-busy", "warning", "run eider doctor again"),
    (errors.ServerBusyError, "store-busy", "warning", "run eider doctor again"),
    (errors.StoreDamagedError, "store-damaged", "error", _BACKUP),
    (errors.StoreTooNewError, "store-too-new", "error", f"upgrade with {UPGRADE}"),
    (errors.StoreFullError, "disk-full", "error", "free some space, then run eider doctor again"),
    (errors.EmbedderMismatchError, "embedder-differs", "error",
     "set the embedder it was made with, or open it once with reembed=True"),
    (errors.ServerUnreachableError, "server-unreachable", "error", "see log/owner.err below EIDER_HOME, or run eider serve"),
    (errors.StoreMissingError, "store-missing", "error", "list what there is with eider store list"),
)  # fmt: skip
"""Errors that have a finding of their own; all others are a check that could not be made."""


def error_finding(error: Exception, subject: str, *, check: str = "") -> Finding:
    """Convert an error to a finding, by its type."""
    said = " ".join(str(error).split())
    for kind_of_error, kind, severity, fix in _BY_ERROR:
        if isinstance(error, kind_of_error):
            busy = "busy, not damaged: " if kind == "store-busy" else ""
            return Finding(kind=kind, severity=severity, subject=subject, message=busy + said, fix=fix)
    named = f"the check {check!r} could not be made" if check else type(error).__name__
    return Finding(
        kind="check-failed", severity="error", subject=subject, message=f"{named}: {said}",
        fix="do what the message says, then run eider doctor again",
    )  # fmt: skip


def decode_finding(given: Mapping[str, object]) -> Finding:
    """Decode a finding from the server, ignoring unknown fields."""
    known = {name: given[name] for name in Finding.__slots__ if name in given}
    return Finding(**known)  # pyright: ignore[reportArgumentType]

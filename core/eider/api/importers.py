"""Imports past conversations from hosts that keep their own records.

A source is a module named by an entry point of the group `eider.import`; the module has `SOURCE`. What it brings
enters as `import`: the person said it, but it has lain in files that anybody at this account could change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from eider.model.answers import Imported

if TYPE_CHECKING:
    from eider.api.facade import Eider

GROUP: Final = "eider.import"
Progress = Callable[[int, int], None]
"""(done, total)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """What to import."""

    path: Path | None = None
    """Where the host's records are; None is where the host puts them."""
    project: Path | None = None
    """Only what was said in this project."""
    since: datetime | None = None
    """Only what was said from then on."""
    tz: str
    """Time zone of the person who spoke."""
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectImport:
    """Counts of one project's import, or of its preview."""

    scope: str
    sessions: int
    exchanges: int
    """Prompts of a person."""
    known: int
    """Those of them that were there already."""
    learned: int
    """Memories; in a dry run the statements that rules notice, before they are held against what is known."""
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult(Imported):
    """Result of an import or its preview; `refused` names files and lines that cannot be read."""

    files: int
    sessions: int
    exchanges: int
    projects: tuple[ProjectImport, ...]
    examples: tuple[str, ...]
    """A few of the statements."""


@runtime_checkable
class ImportSource(Protocol):
    """A host whose records can be imported."""

    name: str
    title: str
    """Display name."""

    def bring(self, memory: Eider, wanted: ImportRequest, told: Progress) -> ImportResult:
        """Read its records and learn from them in the order in which things were said.

        Args:
            memory: Where to; nothing that enters may claim more than an import.
            wanted: What.
            told: Hears how far it is.

        Raises:
            InputError: There are no such records.
        """
        ...


def sources() -> dict[str, ImportSource]:
    """Return all import sources by name; a package that cannot be imported is skipped."""
    from importlib.metadata import entry_points

    found: dict[str, ImportSource] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda p: p.name):
        try:
            source = getattr(point.load(), "SOURCE", None)
        except ImportError:
            continue
        if isinstance(source, ImportSource):
            found[source.name] = source
    return found


def find_statements(
    reply: str, answering: str, *, at: datetime, user: str, scope: str, known: Sequence[str] = ()
) -> tuple[str, ...]:  # fmt: skip
    """Return the statements that `observe` would find in a reply, redacted; writes nothing."""
    from eider.learn.exchange import Exchange, notice
    from eider.model.values import Episode, Role
    from eider.privacy.redact import redact

    def said(text: str, role: Role) -> Episode:
        return Episode(
            id=f"ep_{role}", text=redact(text), user=user, speaker=user, role=role, session="", seq=-1, at=at, tz="UTC",
            recorded_at=at, origin="import", metadata={}, key=None,
        )  # fmt: skip

    agent = said(answering, "agent") if answering.strip() else None
    words = said(reply, "user")
    exchange = Exchange(episodes=(words,), reply=words, agent=agent, context="", scope=scope, known=tuple(known))
    return tuple(draft.text for draft in notice(exchange).drafts if draft.zone == "learn")

"""Protocol of a host that Eider can be installed into, and the registry of hosts.

A host is a module named by an entry point of the group `eider.install`; the module has `TARGET`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol, runtime_checkable

from eider.model.errors import InputError

GROUP: Final = "eider.install"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Options of an installation."""

    home: Path
    """EIDER_HOME: what the wired host shall talk to."""
    project: Path | None = None
    """The project whose own files are meant; None is all that this account does with the host."""
    preview: bool = False
    """Whether the plan is only shown: nothing may be reserved for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """The wanted content of one file."""

    path: Path
    before: bytes | None
    """What the plan was made on; None where there was no such file."""
    after: bytes | None
    """None takes the file away."""
    what: str
    """One line for people: what of ours is in it, and why in this form."""
    by_hand: str
    """What a person takes out where we no longer can."""
    mode: int | None = None
    """Permissions it shall have; None keeps those it has, and makes a new file its owner's alone."""
    memo: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What `Target.without` will want to know; kept as JSON."""
    secrets: Sequence[str] = ()
    """What is never shown of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The edits that install Eider into a host."""

    edits: Sequence[Edit]
    notes: Sequence[str] = ()
    """What people should know besides: what was left alone, and why."""


@runtime_checkable
class Target(Protocol):
    """A host that Eider can be installed into; its methods write none of the host's files."""

    @property
    def name(self) -> str:
        """Name for `--target`: lower case, with dashes."""
        ...

    @property
    def title(self) -> str:
        """Display name."""
        ...

    def is_present(self) -> bool:
        """Return whether the host is on this machine for this account."""
        ...

    def place(self, options: Options) -> Path:
        """Return the directory whose files are edited; each is installed and uninstalled separately.

        Raises:
            RefusedError: There is none for these options, such as a project.
        """
        ...

    def plan(self, options: Options) -> Plan:
        """Return the wanted content of the files; unchanged ones have `after` equal to `before`.

        Raises:
            RefusedError: A file cannot be understood or used; the message names it and the fix.
        """
        ...

    def text_without_ours(self, path: Path, text: bytes, memo: Mapping[str, Any]) -> bytes | None:
        """Return a changed file's text without what Eider added.

        Returns:
            The text as it was where nothing in it is ours; None where that cannot be told.
        """
        ...

    def unrecorded_edits(self, options: Options) -> Sequence[Edit]:
        """Return edits that remove Eider's entries that no record mentions, as after EIDER_HOME was lost."""
        ...


def targets() -> dict[str, Target]:
    """Return all known hosts by name.

    A package whose module cannot be imported or has no target yet is passed over.
    """
    from importlib.metadata import entry_points

    found: dict[str, Target] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda p: p.name):
        try:
            target = getattr(point.load(), "TARGET", None)
        except ImportError:
            continue
        if isinstance(target, Target):
            found[target.name] = target
    return found


def select_targets(names: Sequence[str]) -> list[Target]:
    """Return the hosts of these names, or without names those on this machine.

    Raises:
        InputError: There is no such host.
    """
    known = targets()
    for name in names:
        if name not in known:
            raise InputError(f"there is no target {name!r}; there are {', '.join(map(repr, known)) or 'none'}.")
    if names:
        return [known[name] for name in dict.fromkeys(names)]
    return [target for target in known.values() if target.is_present()]

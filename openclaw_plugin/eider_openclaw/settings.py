"""OpenClaw's config, edited as text: no byte of what others wrote changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from eider.api.install.json_edit import JsonText, JsonTextError
from eider.model.errors import RefusedError
from eider_openclaw.places import ID

GATE: Final = f"plugins.entries.{ID}.hooks.allowConversationAccess"
_ENTRY: Final = ("plugins", "entries", ID)
_PATHS: Final = ("plugins", "load", "paths")
_ALLOW: Final = ("plugins", "allow")


@dataclass(slots=True)
class Wiring:
    """A config while it is wired, and what was added to it."""

    text: JsonText
    made: list[list[str]] = field(default_factory=list[list[str]])
    """Objects and lists that were not there."""
    put: list[list[str]] = field(default_factory=list[list[str]])
    """Members that were not there."""
    allowed: bool = False

    def memo(self, folder: str) -> dict[str, Any]:
        """Return the notes that removing the plugin again needs."""
        return {"folder": folder, "made": self.made, "put": self.put, "allowed": self.allowed}

    def ensure_holder(self, path: Sequence[str], empty: Any) -> None:
        """Make an object or list where there is none."""
        for place in range(1, len(path) + 1):
            if value_at(self.text.value, path[:place]) is None:
                value: Any = empty if place == len(path) else {}
                self.text = self.text.add_member(path[: place - 1], path[place - 1], value)
                self.made.append(list(path[:place]))

    def ensure_member(self, path: Sequence[str], value: Any) -> None:
        """Add a member that is not there."""
        self.ensure_holder(path[:-1], {})
        self.text = self.text.add_member(path[:-1], path[-1], value)
        self.put.append(list(path))


def read_config(path: Path, before: bytes | None) -> JsonText:
    """The config.

    Raises:
        RefusedError: It is JSON5, which cannot be edited without touching other bytes, or no JSON at all.
    """
    by_hand = "add the plugin by hand as its README shows, or write the file as plain JSON and run this again."
    try:
        found = JsonText((before or b"").decode())
    except (UnicodeDecodeError, JsonTextError) as error:
        raise RefusedError(f"{str(path)!r} cannot be edited byte for byte ({error}); {by_hand}") from None
    plugins = found.value.get("plugins", {}) if isinstance(found.value, dict) else None
    if not isinstance(plugins, dict) or "$include" in plugins:
        raise RefusedError(f"{str(path)!r} keeps its plugins elsewhere; {by_hand}")
    return found


def wire(path: Path, found: JsonText, *, folder: str | None, config: Mapping[str, Any]) -> Wiring:
    """The config with the plugin in it, enabled, its gate open; what is there already stays as it is.

    Args:
        path: The file, for messages.
        found: Its text.
        folder: Where the plugin is loaded from; None where OpenClaw has a copy of its own.
        config: The plugin's settings, where it has none yet.

    Raises:
        RefusedError: Somebody has said no to it, or the shape of the file is another.
    """
    wiring = Wiring(found)
    try:
        _refuse_denied(path, found.value)
        if folder is not None and folder not in (value_at(found.value, _PATHS) or []):
            wiring.ensure_holder(_PATHS, [])
            wiring.text = wiring.text.append(_PATHS, folder)
        if ID not in (allow := value_at(found.value, _ALLOW) or [ID]) and allow:
            wiring.text, wiring.allowed = wiring.text.append(_ALLOW, ID), True
        if value_at(found.value, _ENTRY) is None:
            entry = {"enabled": True, "hooks": {"allowConversationAccess": True}, "config": dict(config)}
            wiring.ensure_member(_ENTRY, entry)
        elif value_at(found.value, (*_ENTRY, "hooks", "allowConversationAccess")) is None:
            wiring.ensure_member((*_ENTRY, "hooks", "allowConversationAccess"), value=True)
    except JsonTextError as error:
        raise RefusedError(f"{str(path)!r} has another shape than OpenClaw's config ({error}); mend it.") from None
    return wiring


def unwire(text: bytes, memo: Mapping[str, Any]) -> bytes | None:
    """A config less what was added to it; None where that cannot be told."""
    try:
        found = JsonText(text.decode())
        folder = memo.get("folder")
        for place in reversed(range(len(value_at(found.value, _PATHS) or []))):
            if (value_at(found.value, _PATHS) or [])[place] == folder:
                found = found.remove([*_PATHS, place])
        if memo.get("allowed") and ID in (allow := value_at(found.value, _ALLOW) or []):
            found = found.remove([*_ALLOW, allow.index(ID)])
        for path in reversed(memo.get("put", [])):
            if value_at(found.value, path) is not None:
                found = found.remove(path)
        for path in reversed(memo.get("made", [])):
            if value_at(found.value, path) in ({}, []):
                found = found.remove(path)
    except (UnicodeDecodeError, JsonTextError):
        return None
    return str(found).encode()


def unwire_unrecorded(text: bytes, folder: str) -> bytes | None:
    """Remove our folder and our entry from the config where no record says what was added."""
    return unwire(text, {"folder": folder, "put": [list(_ENTRY)]})


def value_at(value: Any, path: Sequence[str]) -> Any:
    """Return the value at a path of the config, None where there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _refuse_denied(path: Path, value: Any) -> None:
    """Raise where somebody has said no: a permission is opened by a person, not over another's word."""
    if ID in (value_at(value, ("plugins", "deny")) or []):
        raise RefusedError(f"{str(path)!r} denies the plugin {ID!r} (plugins.deny); take it out and run this again.")
    if value_at(value, (*_ENTRY, "hooks", "allowConversationAccess")) is False:
        raise RefusedError(f"{str(path)!r} says {GATE}: false; set it to true, or take it out and run this again.")
    for key in (_PATHS, _ALLOW):
        if not isinstance(value_at(value, key) or [], list):
            raise JsonTextError(f"{'.'.join(key)} is no list")

"""OpenClaw as a target of `eider install`."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from eider.api.install import files
from eider.api.install.target import Edit, Options, Plan
from eider.model.errors import RefusedError
from eider_openclaw import places, settings


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenClaw:
    """The plugin's folder, its entry and its permission in OpenClaw's config."""

    name: str = "openclaw"
    title: str = "OpenClaw"

    def is_present(self) -> bool:
        """Return whether OpenClaw has run for this account, or is installed."""
        return places.is_here()

    def place(self, options: Options) -> Path:
        """The directory of the config.

        Raises:
            RefusedError: A project is meant; OpenClaw has no settings of one.
        """
        if options.project is not None:
            raise RefusedError("OpenClaw has no settings of a project; leave --project out.")
        return places.config_file().parent

    def plan(self, options: Options) -> Plan:
        """Return the files that installing changes: OpenClaw's config."""
        self.place(options)
        path = places.config_file()
        before = files.read(path)
        found = settings.read_config(path, before)
        # whether OpenClaw has the plugin already: a copy of its own, or a folder such as that of the memory slot
        folders = settings.value_at(found.value, ("plugins", "load", "paths")) or []
        folder = (
            None
            if (places.is_installed() or any(isinstance(one, str) and places.is_ours(one) for one in folders))
            else str(places.plugin_folder())
        )
        # how the plugin finds Eider: this very installation, and its home where only the shell names it
        command = [sys.executable, "-m", "eider"]
        done = settings.wire(
            path,
            found,
            folder=folder,
            config={"command": command, **({"home": str(options.home)} if os.environ.get("EIDER_HOME") else {})},
        )
        after = str(done.text).encode()
        edit = Edit(
            path=path, before=before, after=after, memo=done.memo(folder or ""),
            what=f"the plugin {places.ID!r}, and the permission to read and complete conversations ({settings.GATE})",
            by_hand=f"take out plugins.entries.{places.ID}, and its folder in plugins.load.paths",
        )  # fmt: skip
        notes: list[str] = []
        entry = settings.value_at(done.text.value, ("plugins", "entries", places.ID)) or {}
        if after != (before or b""):
            notes.append(
                "OpenClaw keeps plugins out of conversations until allowConversationAccess is set; this sets it for "
                f"{places.ID!r}. A gateway that runs takes it up by itself, or restart it."
            )
        if entry.get("enabled") is False or settings.value_at(done.text.value, ("plugins", "enabled")) is False:
            notes.append("the plugin is switched off in the config, and stays so.")
        if folder is not None and after != (before or b""):
            notes.append(
                "`openclaw plugins doctor` calls a plugin of a folder unverified until OpenClaw itself has noted it: "
                f"openclaw plugins install -l {shlex.quote(folder)} --force --accept-capabilities"
            )
        return Plan(edits=[edit], notes=notes)

    def text_without_ours(self, path: Path, text: bytes, memo: Mapping[str, Any]) -> bytes | None:
        """Take out the folder, the entry and the permission."""
        return settings.unwire(text, memo) if path.name == places.config_file().name else None

    def unrecorded_edits(self, options: Options) -> Sequence[Edit]:
        """A folder of ours in the config that no record knows of."""
        del options
        path = places.config_file()
        before, folder = files.read(path), str(places.plugin_folder())
        if before is None or json.dumps(folder).encode() not in before:
            return ()
        after = settings.unwire_unrecorded(before, folder)
        return () if after is None else (Edit(path=path, before=before, after=after, what="the plugin", by_hand=""),)


TARGET: Final = OpenClaw()

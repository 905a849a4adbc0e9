"""What a store notes of the embedder it belongs to, and who is chosen by it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, get_args

import numpy as np

from eider.model import config
from eider.model.errors import EmbedderMismatchError
from eider.model.protocols import Role
from eider.providers.embedders.guard import GuardedEmbedder
from eider.providers.embedders.names import EmbedderName, connect
from eider.providers.embedders.probes import PROBES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eider.model.protocols import Embedder

NOTED: Final = "embedder identity"
"""Name of the document in which a store notes it."""
_OWN: Final = {"wordllama": "wordllama-", "hash": "hash-"}
"""Name of a built-in embedder → how its fingerprint begins. These need no probe: their files have a checksum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """The embedder of a store: its name, and what it made of three sentences."""

    fingerprint: str
    name: str = ""
    """As `eider.open(embedder=…)` takes it; empty where the caller passed an object of their own."""
    width: int = 0
    """0 where that was not noted."""
    probes: Mapping[Role, NDArray[np.float32]] = field(default_factory=dict[Role, "NDArray[np.float32]"])
    """Role → vectors of `PROBES`, shape `(3, width)`; empty for built-in embedders."""

    @property
    def digest(self) -> str:
        """A short hash of the probe vectors; empty where there are none."""
        if not self.probes:
            return ""
        return blake2b(
            b"".join(self.probes[r].astype("<f2").tobytes() for r in sorted(self.probes)), digest_size=6
        ).hexdigest()

    def to_text(self) -> str:
        """Return it as the store keeps it."""
        probes = {role: base64.b64encode(rows.astype("<f2").tobytes()).decode() for role, rows in self.probes.items()}
        return json.dumps({"fingerprint": self.fingerprint, "name": self.name, "width": self.width, "probes": probes})

    @classmethod
    def of_text(cls, text: str) -> Noted:
        """Return what `to_text` wrote."""
        said: dict[str, Any] = json.loads(text)
        width = int(said["width"])
        probes: dict[Role, NDArray[np.float32]] = {
            role: np.frombuffer(base64.b64decode(said["probes"][role]), "<f2").astype(np.float32).reshape(-1, width)
            for role in get_args(Role)
            if role in said["probes"]
        }
        return cls(fingerprint=said["fingerprint"], name=said["name"], width=width, probes=probes)

    @classmethod
    def of(cls, embedder: Embedder, name: str = "") -> Noted:
        """Ask an embedder for what a store notes of it.

        Raises:
            ProviderError: Its service does not answer.
        """
        own = next((n for n, start in _OWN.items() if embedder.fingerprint.startswith(start)), "")
        if own:
            return cls(fingerprint=embedder.fingerprint, name=own, width=embedder.width)
        strict = embedder.inner if isinstance(embedder, GuardedEmbedder) else embedder
        roles: tuple[Role, ...] = get_args(Role)
        probes: dict[Role, NDArray[np.float32]] = {
            role: np.asarray(strict.embed(PROBES, role), np.float32) for role in roles
        }
        return cls(fingerprint=strict.fingerprint, name=name, width=strict.width, probes=probes)


class EmbedderChoice:
    """Chooses the embedder of a store once it is known what the store has noted: a store owns its embedder."""

    def __init__(self, given: str | Embedder | None = None, *, reembed: bool = False) -> None:
        """Take what the caller asked for.

        Args:
            given: A name or an embedder; None: the store's own, and for a new store the one that is set.
            reembed: It shall replace the store's own.
        """
        self._given, self._reembed = given, reembed
        self._made: Embedder | None = None
        self.name = ""
        """The name it was chosen by; empty where the caller passed an object."""

    @property
    def made(self) -> Embedder:
        """What was chosen when the store was opened."""
        assert self._made is not None  # noqa: S101 (opening a store chooses)
        return self._made

    def __call__(self, noted: Noted | None) -> Embedder:
        """Return the embedder for a store; `noted` is None where the store is new.

        Raises:
            EmbedderMismatchError: The store is another embedder's.
            ConfigError: A name cannot be used.
            ProviderError: The store is new, and the service that shall embed it does not answer.
        """
        self._made = self._chosen(noted)
        return self._made

    def _chosen(self, noted: Noted | None) -> Embedder:
        if self._given is not None and not isinstance(self._given, str):
            return with_guard(self._given, noted)
        wanted = self._given
        if wanted is not None and noted is not None and noted.name and not self._reembed:
            asked = EmbedderName.of(wanted).noted
            if asked != noted.name and not (asked == "default" and noted.name in _OWN):
                raise EmbedderMismatchError(noted.name, asked)
        if wanted is None:
            wanted = _own_name(noted) or config.setting("embedder") or "default"
        name = EmbedderName.of(wanted)
        self.name = name.noted
        known = noted if noted is not None and noted.name == name.noted else None
        return with_guard(connect(wanted, width=(known.width or None) if known else None), known)


def _own_name(noted: Noted | None) -> str:
    """Return the name of a store's own embedder, for stores of before it was noted as well."""
    if noted is None:
        return ""
    return noted.name or next((n for n, start in _OWN.items() if noted.fingerprint.startswith(start)), "")


def with_guard(embedder: Embedder, noted: Noted | None = None) -> Embedder:
    """Return an embedder whose failures keep nobody waiting; built-in ones cannot fail and stay as they are."""
    if isinstance(embedder, GuardedEmbedder) or type(embedder).__module__.startswith("eider.providers."):
        return embedder
    if noted is None:
        return GuardedEmbedder(embedder, probes={})
    anew = noted.fingerprint.startswith(f"{embedder.fingerprint}#")  # its vectors were made anew since
    return GuardedEmbedder(embedder, probes=noted.probes, fingerprint=noted.fingerprint if anew else None)

"""What was forgotten stays forgotten: tombstones of the living store, held against an older copy of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from eider.privacy.ingress import Channel
from eider.records.forget import forget_again

if TYPE_CHECKING:
    from eider.records.backup.manifest import Manifest
    from eider.store.engine import Engine
    from eider.store.protocols import Store

Hits = Mapping[str, Sequence[str] | None]
"""User → ids to erase; None is all of the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What a store has forgotten for good; digests say nothing without the store's own key."""

    identity: str
    digests: Mapping[str, datetime]
    """Keyed digest of an id or key → when."""
    users: frozenset[str]
    """Who is there now."""
    hashes: Mapping[int, str]
    """Number → hash of its events, as far as they were asked for."""

    def follows(self, manifest: Manifest) -> bool:
        """Whether the store went on from where the backup was made: then users missing in it were forgotten since."""
        return manifest.events == 0 or self.hashes.get(manifest.events) == manifest.head


def forgotten_in(store: Store, backups: Sequence[Manifest]) -> Forgotten:
    """Collect what a store has forgotten, to be held against these backups of it."""
    return Forgotten(
        identity=store.tombstones.identity,
        digests=store.tombstones.all(),
        users=frozenset(store.census.users()),
        hashes=store.events.hashes([m.events for m in backups]),
    )


def hits(copy: Store, found: Forgotten, manifest: Manifest) -> Hits:
    """Return whose rows of an older copy were forgotten since."""
    if copy.tombstones.identity != found.identity:
        return {}
    present = set(copy.census.users())
    gone = present - found.users if found.follows(manifest) else set[str]()
    named: dict[str, list[str] | None] = dict.fromkeys(sorted(gone))
    for user, id_ in copy.census.ids() if found.digests else ():
        if user not in gone and copy.tombstones.digest("id", user, id_) in found.digests:
            named[user] = [*(named.get(user) or ()), id_]
    return named


def forget_in(engine: Engine, found: Forgotten, manifest: Manifest) -> Hits:
    """Take over the tombstones and erase what lies under them; the bytes leave the files as well."""
    named = hits(engine.store, found, manifest)
    if engine.store.tombstones.identity != found.identity:
        return {}
    engine.store.tombstones.add(found.digests)
    for user, ids in named.items():
        forget_again(engine, user, ids, Channel(name="restore"))
    if named:
        engine.scrub()
    return named

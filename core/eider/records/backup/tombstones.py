"""What was forgotten stays forgotten: tombstones of the living store, held against an older copy of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from eider.privacy.ingress import Channel
from eider.records.backup import copies
from eider.records.forget import forget_again
from eider.store.duck import insert

if TYPE_CHECKING:
    from eider.records.backup.manifest import Manifest
    from eider.store.duck import DuckStore
    from eider.store.engine import Engine

Hits = Mapping[str, Sequence[str] | None]
"""User → ids to erase; None is all of the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Graves:
    """What a store has forgotten for good; digests say nothing without the store's own key."""

    identity: str
    digests: Mapping[str, datetime]
    """Keyed digest of an id or key → when, as the database has it."""
    users: frozenset[str]
    """Who is there now."""
    hashes: Mapping[int, str]
    """Number → hash of its events, as far as they were asked for."""

    def follows(self, manifest: Manifest) -> bool:
        """Whether the store went on from where the backup was made: then users missing in it were forgotten since."""
        return manifest.events == 0 or self.hashes.get(manifest.events) == manifest.head


def graves(store: DuckStore, backups: Sequence[Manifest]) -> Graves:
    """Collect what a store has forgotten, to be held against these backups of it."""
    with store.database.reading() as db:
        digests = dict(db.execute("SELECT digest, erased_at FROM tombstones").fetchall())
        sql = "SELECT seq, hash FROM events WHERE seq IN (SELECT unnest($1))"
        hashes = dict(db.execute(sql, [[m.events for m in backups]]).fetchall()) if backups else {}
        users = frozenset(copies.users_in(db))
    return Graves(identity=copies.identity(store), digests=digests, users=users, hashes=hashes)


def hits(copy: DuckStore, found: Graves, manifest: Manifest) -> Hits:
    """Whose rows of an older copy were forgotten since."""
    if copies.identity(copy) != found.identity:
        return {}
    with copy.database.reading() as db:
        present = set(copies.users_in(db))
        sql = (
            "SELECT user_id, id FROM episodes UNION SELECT user_id, id FROM memories WHERE state <> 'erased' "
            "ORDER BY user_id, id"
        )
        rows = db.execute(sql).fetchall()
    gone = present - found.users if found.follows(manifest) else set[str]()
    named: dict[str, list[str] | None] = dict.fromkeys(sorted(gone))
    for user, id_ in rows if found.digests else ():
        if user not in gone and copy.digest("id", user, id_) in found.digests:
            named[user] = [*(named.get(user) or ()), id_]
    return named


def bury(engine: Engine, found: Graves, manifest: Manifest) -> Hits:
    """Take over the tombstones and erase what lies under them; the bytes leave the files as well."""
    named = hits(engine.store, found, manifest)
    if copies.identity(engine.store) != found.identity:
        return {}
    with engine.store.database.writing() as db:
        known = {row[0] for row in db.execute("SELECT digest FROM tombstones").fetchall()}
        insert(
            db, "tombstones", ["digest", "erased_at"], [(d, at) for d, at in found.digests.items() if d not in known]
        )
    engine.store.tombstoned |= bool(found.digests)
    for user, ids in named.items():
        forget_again(engine, user, ids, Channel(name="restore"))
    if named:
        engine.scrub()
    return named

"""Moving everything of a store into another one: plan, copy what differs, verify, finish.

The unit is one user's rows of one table, replaced in one transaction; one that is there already, by count and hash, is
passed over. So a move that was killed is done again and does only the rest, and doing it twice does nothing. The
source is only read.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from eider.model.clock import SystemClock
from eider.model.errors import EmbedderError, RefusedError, StoreMissingError
from eider.model.failpoints import point
from eider.model.shown import Value
from eider.model.store_paths import is_database, shown_place
from eider.providers.embedders.noted import NOTED, Noted
from eider.store.backends import address_in, exists_at, open_address
from eider.store.open import newest_schema, open_copy, open_folder, schema_in

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from eider.model.protocols import Role
    from eider.store.protocols import Store

NOTE: Final = "migration"
"""Name of the document in which a target says where it came from, and whether it is whole."""
State = Literal["ABSENT", "EMPTY", "POPULATED", "UNFINISHED", "SAME", "OLDER"]
_LARGE: Final = 10_000
"""Rows from which a search index is made at once."""

Told = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class MovePlan(Value):
    """What a move would do, or did."""

    source: str
    target: str
    state: State
    """Of the target: not there, without rows, with rows of its own, left half-way, equal, or an earlier state of the source."""
    users: int
    rows: dict[str, int]
    """Table → rows of the source."""
    moved: int = 0
    """Rows that were written."""
    done: bool = False


class _Stored:
    """Stands for the embedder of a store whose vectors are moved, not made."""

    degraded = None

    def __init__(self, fingerprint: str, width: int) -> None:
        self.fingerprint, self.width = fingerprint, width

    def embed(self, texts: Sequence[str], role: Role) -> NDArray[np.float32]:
        """Refuse: nothing is embedded while a store is moved."""
        del texts, role
        raise EmbedderError("a store that is being moved is not asked; open it when that is done.")


def move(
    source: Path | str, target: Path | str, *, dry_run: bool = False, told: Told = lambda _done, _total: None
) -> MovePlan:
    """Move everything of a store into another place; the source stays as it was.

    Args:
        source: Directory, or address in a database server; a directory may stand for one.
        target: The same; made where nothing is.
        dry_run: Only say what would be done.
        told: Told (rows done, rows in all).

    Raises:
        StoreMissingError: There is no source.
        StoreLockedError: A process has one of them open.
        RefusedError: The target holds something else, or the source was changed meanwhile.
    """
    if str(source) == str(target):
        raise RefusedError(f"{shown_place(source)!r} is both source and target; name another target.")
    source, target = (place if is_database(place) else address_in(Path(place)) or place for place in (source, target))
    with _reading(source) as old:
        if not _is_there(target):
            plan = _plan(old, source, target, "ABSENT")
            if dry_run:
                return plan
            with _writing(target, old) as new:
                return _move_rows(old, new, plan, told)
        with _writing(target, old) as new:
            plan = _plan(old, source, target, _state(old, new))
            if plan.state == "POPULATED" and not dry_run:
                raise RefusedError(
                    f"{shown_place(target)!r} holds memories of its own; name a target that is new or empty."
                )
            return plan if dry_run or plan.state == "SAME" else _move_rows(old, new, plan, told)


def _is_there(place: Path | str) -> bool:
    if is_database(place):
        return exists_at(str(place))
    return Path(place).is_dir() and any(Path(place).iterdir())


@contextmanager
def _reading(place: Path | str) -> Generator[Store]:
    if not _is_there(place):
        raise StoreMissingError(Path(shown_place(place)), "list what there is with eider store list.")
    if is_database(place):
        store = open_address(str(place), _stored_of, read_only=True)
        try:
            yield store
        finally:
            store.connection.close()
        return
    if (found := schema_in(Path(place))) != newest_schema():
        raise RefusedError(
            f"{str(place)!r} has the older schema {found}; open it once, for instance with eider health, and move it then."
        )
    with open_copy(Path(place)) as store:
        yield store


def _stored_of(noted: Noted | None) -> _Stored:
    return _Stored("" if noted is None else noted.fingerprint, max(1, 0 if noted is None else noted.width))


@contextmanager
def _writing(place: Path | str, source: Store) -> Generator[Store]:
    """Open the target with the vectors of the source, whatever it was made with."""
    said = source.documents.get(NOTED)
    width = Noted.of_text(said).width if said else 1

    def same(noted: Noted | None) -> _Stored:
        del noted
        return _Stored(source.place.embedder, width)

    store = (
        open_address(str(place), same, reembed=True)
        if is_database(place)
        else open_folder(Path(place), same, follow=False, reembed=True)
    )
    try:
        yield store
    finally:
        store.connection.close()


def _state(old: Store, new: Store) -> State:
    """What is at the target: of another store, of an earlier state of this one, or nothing."""
    said = new.documents.get(NOTE)
    note: dict[str, Any] = json.loads(said) if said else {}
    if not new.tables.units() and new.events.head[0] == 0 and not note:
        return "EMPTY"
    if note.get("from") != old.tombstones.identity:
        return "POPULATED"
    if not note["done"]:
        return "UNFINISHED"
    seq, hash_ = new.events.head
    if seq and old.events.hashes([seq]).get(seq) != hash_:
        return "POPULATED"  # it was written to since
    return "SAME" if _same(old, new) else "OLDER"


def _same(old: Store, new: Store) -> bool:
    units = old.tables.units()
    if units != new.tables.units() or old.tables.documents() != new.tables.documents():
        return False
    return all(old.tables.tally(unit) == new.tables.tally(unit) for unit in units)


def _plan(old: Store, source: Path | str, target: Path | str, state: State) -> MovePlan:
    rows: Counter[str] = Counter()
    units = old.tables.units()
    for unit in units:
        rows[unit[0]] += old.tables.tally(unit)[0]
    users = len({user for _, user in units if user})
    shown = [shown_place(place) for place in (source, target)]
    return MovePlan(source=shown[0], target=shown[1], state=state, users=users, rows=dict(sorted(rows.items())))


def _move_rows(old: Store, new: Store, plan: MovePlan, told: Told) -> MovePlan:
    if dict(old.tables.columns) != dict(new.tables.columns):
        raise RefusedError(
            "the two places have tables of different form; open both with this version once, and move then."
        )
    head, identity = old.events.head, old.tombstones.identity
    new.documents.update(NOTE, lambda _: json.dumps({"from": identity, "done": False}))
    point("migrate.noted")
    wanted, written, done, total = old.tables.units(), 0, 0, sum(plan.rows.values())
    for unit in sorted(set(new.tables.units()) - set(wanted), key=str):
        new.tables.remove(unit)
    for unit in wanted:
        tally = old.tables.tally(unit)
        if new.tables.tally(unit) != tally:
            new.tables.put(unit, old.tables.rows(unit))
            written += tally[0]
            point("migrate.unit")
        done += tally[0]
        told(done, total)
    documents = old.tables.documents()
    _check(old, new, head, documents)
    for job in old.job_list.listed("waiting", batch=None, limit=None):
        new.job_queue.add(
            job.kind, user=job.user, payload=json.dumps(dict(job.payload), sort_keys=True), priority=job.priority,
            batch=job.batch, now=SystemClock().now(), due=job.run_after,
        )  # fmt: skip
    new.tables.finish(documents, json.dumps({"from": identity, "done": True}))
    point("migrate.done")
    if plan.state == "OLDER" and new.index_upkeep.exists():
        new.index_upkeep.rebuild()  # what was forgotten since is still in it
    if plan.rows.get("embeddings", 0) > _LARGE and new.segments.width > 1:
        new.index_upkeep.drain()
    return MovePlan(
        source=plan.source,
        target=plan.target,
        state=plan.state,
        users=plan.users,
        rows=plan.rows,
        moved=written,
        done=True,
    )


def _check(old: Store, new: Store, head: tuple[int, str], documents: dict[str, str]) -> None:
    """Hold the target against the source, unit by unit, and the source against what it was."""
    for unit in old.tables.units():
        if new.tables.tally(unit) != old.tables.tally(unit):
            raise RefusedError(
                f"rows of {unit[0]!r} differ after they were moved: the source was changed meanwhile; move it again."
            )
    if old.events.head != head or old.tables.documents() != documents:
        raise RefusedError("the source was changed while it was moved; move it again, which does only the rest.")

"""One user's rows as arrays: what the ranker scores.

A segment is derived from the store, exact and incremental: after any sequence of `upsert` and `remove` it
answers as one built afresh from the same rows. Row numbers are valid until the next change.

Rows of a session that follow each other within `SITTING_GAP` are *linked*, and a run of linked rows is cut
into *sittings* of at most `SITTING_ROWS`. A memory stands alone: it is its own sitting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from eider.language.analysis import MAX_WINDOWS, TRAITS
from eider.model.errors import InputError
from eider.model.values import STATES
from eider.store.segment.columns import FOREVER, SegmentRows, Terms, codes, parse
from eider.store.segment.population import Population
from eider.store.segment.postings import Postings
from eider.store.segment.vectors import Vectors, grown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from eider.model.values import Episode, Memory

SITTING_GAP: Final = 8 * 3600 * 1_000_000
"""Microseconds of silence after which a session's next row no longer belongs to the talk before. A guess."""
SITTING_ROWS: Final = 64
"""Most rows that lend each other evidence as one session; LoCoMo's sessions have 10 to 47."""
_DEAD_LEAST: Final = 1024
"""Removed rows kept as holes before the segment is packed. A guess."""

_ITEMS: Final = 1024
"""Rows kept in full, at most: about 1 MB beside the 200 MB of a segment of 150,000 rows."""
_ITEM_BYTES: Final = 1000
"""What one of them may take; longer texts are read from the store each time."""

_COLUMNS: Final[dict[str, tuple[str, tuple[int, ...]]]] = {
    "memory": ("?", ()), "session": ("<i4", ()), "seq": ("<i8", ()), "at": ("<i8", ()), "day": ("<i4", ()),
    "speaker": ("<i4", ()), "role": ("i1", ()), "kind": ("i1", ()), "scope": ("<i4", ()), "valid_from": ("<i8", ()),
    "valid_to": ("<i8", ()), "trust": ("i1", ()), "origin": ("i1", ()), "state": ("i1", ()), "importance": ("i1", ()), "pinned": ("?", ()),
    "stability": ("<f4", ()), "last_used": ("<i8", ()), "fingerprint": ("<u8", ()), "length": ("<i4", ()),
    "traits": ("<f4", (len(TRAITS),)), "windows": ("<i4", (MAX_WINDOWS, 2)), "alive": ("?", ()),
    "before": ("<i4", ()), "after": ("<i4", ()), "place": ("<i4", ()), "block": ("<i4", ()), "until": ("<i8", ()),
}  # fmt: skip
_GIVEN: Final = (
    "memory", "session", "seq", "at", "day", "speaker", "role", "kind", "scope", "valid_from", "valid_to", "trust",
    "origin", "state", "importance", "pinned", "stability", "last_used",
)  # fmt: skip
_STATED: Final = (STATES.index("active"), len(STATES))
"""Codes of the states of a memory that was stated, whether or not something replaced it since."""
_FIXED: Final = ("memory", "session", "seq", "at", "fingerprint", "length")
"""A row that differs in one of these is another row: it is taken out and added anew."""

__all__ = ["FOREVER", "SITTING_GAP", "SITTING_ROWS", "Segment", "SegmentRows"]

Array = NDArray[Any]


class Segment:
    """All live rows of one user, ready to be ranked."""

    __slots__ = ("_columns", "_facts", "blocks", "cited", "dead", "evidence", "ids", "items", "population", "postings", "row_of", "rows",
                 "scopes", "sessions", "speakers", "successor", "tails", "vectors")  # fmt: skip

    def __init__(self) -> None:
        self.rows = 0
        """Row numbers in use, removed rows included: the length of every mask."""
        self.dead = 0
        self.ids: list[str] = []
        self.row_of: dict[str, int] = {}
        self.sessions: dict[str, int] = {}
        self.speakers: dict[str, int] = {}
        self.scopes: dict[str, int] = {}
        self.tails: dict[int, int] = {}
        """Last row of each session."""
        self.evidence: dict[int, tuple[str, ...]] = {}
        self.cited: dict[str, list[int]] = {}
        """Episode id to the memory rows that rest on it."""
        self.successor: dict[int, str] = {}
        """Memory row to the id of what replaced it."""
        self.items: dict[str, Episode | Memory] = {}
        """Rows read in full because somebody asked for them, oldest first; a row that changes is read again."""
        self.blocks = 0
        self.population: Population | None = None
        self.postings = Postings()
        self.vectors = Vectors()
        self._columns: dict[str, Array] = {n: np.zeros((0, *s), t) for n, (t, s) in _COLUMNS.items()}
        self._facts: dict[str, Any] = {}

    @classmethod
    def build(cls, rows: SegmentRows) -> Segment:
        """A segment of these rows."""
        segment = cls()
        segment.upsert(rows)
        return segment

    def __len__(self) -> int:
        return self.rows - self.dead

    @property
    def total(self) -> int:
        """Rows that word statistics are about: one's own, or those of the population it stands for."""
        return len(self) if self.population is None else max(len(self), self.population.rows)

    def stand_for(self, population: Population) -> None:
        """Weigh words as if all of these rows were here; for a segment of nominated rows, which is then not changed."""
        self.population = population
        self._facts.clear()
        numbers = self.postings.number
        known = population.df(np.fromiter(numbers, np.uint64, len(numbers)))
        self.postings.df[: len(known)] = np.maximum(self.postings.df[: len(known)], known)

    @property
    def nbytes(self) -> int:
        """Bytes held; Python objects are estimated."""
        columns = sum(array.nbytes for array in self._columns.values())
        objects = sum(map(len, self.ids[:: max(1, self.rows // 100)])) * max(1, self.rows // 100) + 160 * self.rows
        named = 120 * (len(self.sessions) + len(self.speakers) + len(self.scopes) + len(self.tails))
        named += _ITEM_BYTES * len(self.items)
        return columns + objects + named + 200 * len(self.evidence) + self.postings.nbytes + self.vectors.nbytes

    def column(self, name: str) -> Array:
        """One column as a view, shape `(rows, …)`; do not write to it."""
        return self._columns[name][: self.rows]

    @property
    def alive(self) -> NDArray[np.bool_]:
        """Rows that have not been removed."""
        return self.column("alive")

    def once(self, name: str, compute: Callable[[Segment], Any]) -> Any:
        """A fact about all rows, computed when first asked for and forgotten at the next change."""
        if name not in self._facts:
            self._facts[name] = compute(self)
        return self._facts[name]

    def keep(self, items: Iterable[Episode | Memory]) -> None:
        """Keep rows that were read in full: reading ten by id takes the store longer than ranking a thousand."""
        self.items.update((i.id, i) for i in items if len(i.text) <= _ITEM_BYTES)
        for oldest in list(self.items)[: max(0, len(self.items) - _ITEMS)]:
            del self.items[oldest]

    def _unkeep(self, ids: Iterable[str]) -> None:
        for identity in ids:
            self.items.pop(identity, None)

    def upsert(self, rows: SegmentRows) -> None:
        """Add rows; a known id takes the new values of what can change (validity, state, scope, use …).

        Raises:
            InputError: Columns of unequal length, an analysis of another version, or vectors of another width.
        """
        columns, terms, vectors = self._read(rows)
        self._facts.clear()
        self._unkeep(rows.ids)
        last = {identity: i for i, identity in enumerate(rows.ids)}
        fresh: list[int] = []
        gone: list[int] = []
        for i in last.values():
            row = self.row_of.get(rows.ids[i])
            if row is None:
                fresh.append(i)
            elif self._same(row, columns, i, terms):
                self._update(row, columns, i, vectors[i], rows.evidence[i], rows.successor[i])
            else:
                gone.append(row)
                fresh.append(i)
        self._drop(gone)
        if fresh:
            self._append(
                [rows.ids[i] for i in fresh], columns, terms, vectors, [rows.evidence[i] for i in fresh],
                [rows.successor[i] for i in fresh], fresh,
            )  # fmt: skip
        self._pack()

    def remove(self, ids: Iterable[str]) -> None:
        """Take rows out; unknown ids are passed over."""
        self._facts.clear()
        ids = list(dict.fromkeys(ids))
        self._unkeep(ids)
        self._drop([self.row_of[i] for i in ids if i in self.row_of])
        self._pack()

    def _read(self, rows: SegmentRows) -> tuple[dict[str, Array], Terms, NDArray[np.float32]]:
        count = len(rows.ids)
        columns: dict[str, Array] = {
            "memory": rows.is_memory, "seq": rows.seq, "at": rows.at, "day": rows.local_day, "role": rows.role,
            "kind": rows.kind, "valid_from": rows.valid_from, "valid_to": rows.valid_to, "trust": rows.trust,
            "state": rows.state, "importance": rows.importance, "pinned": rows.pinned, "stability": rows.stability,
            "last_used": rows.last_used,
            "origin": np.zeros(count, np.int8) if rows.origin is None else rows.origin,
            "session": codes(rows.session, self.sessions), "speaker": codes(rows.speaker, self.speakers),
            "scope": codes(rows.scope, self.scopes),
        }  # fmt: skip
        columns["session"][rows.is_memory] = -1
        given = {name: len(array) for name, array in columns.items()}
        given |= {"analysis": len(rows.analysis), "vectors": len(rows.vectors), "evidence": len(rows.evidence)}
        given["successor"] = len(rows.successor)
        for name, length in given.items():
            if length != count:
                raise InputError(f"column {name!r} has '{length}' entries for '{count}' ids; give one per row.")
        width = rows.vectors.shape[1]
        if width and self.vectors.width not in {0, width}:
            raise InputError(
                f"vectors of width '{width}' among rows of width '{self.vectors.width}'; re-embed the store."
            )
        terms, more = parse(rows.analysis)
        return columns | more, terms, rows.vectors

    def _same(self, row: int, columns: dict[str, Array], i: int, terms: Terms) -> bool:
        mine = self._columns
        if any(mine[name][row] != columns[name][i] for name in _FIXED):
            return False
        traits_alike = bool((mine["traits"][row] == columns["traits"][i]).all())
        hashes = [self.postings.number.get(t, -1) for t in terms.of(i).tolist()]
        return traits_alike and hashes == self.postings.of(row).tolist()

    def _update(
        self, row: int, columns: dict[str, Array], i: int, vector: NDArray[np.float32], cited: tuple[str, ...],
        successor: str,
    ) -> None:  # fmt: skip
        for name in (*_GIVEN, "windows"):
            self._columns[name][row] = columns[name][i]
        if len(vector):
            self.vectors.replace(row, vector)
        self._cite(row, cited, successor)
        self._bound([row])

    def _append(self, ids: list[str], columns: dict[str, Array], terms: Terms, vectors: NDArray[np.float32],
                evidence: list[tuple[str, ...]], successors: list[str], chosen: list[int]) -> None:  # fmt: skip
        first, count = self.rows, len(ids)
        every = count == len(vectors)
        pick = slice(None) if every else np.array(chosen)
        for name, array in self._columns.items():
            self._columns[name] = room = grown(array, first + count)
            if name in columns:
                room[first : first + count] = columns[name][pick]
        new = np.arange(first, first + count)
        self._columns["alive"][new] = True
        self.rows += count
        self.ids += ids
        self.row_of.update(zip(ids, range(first, first + count), strict=True))
        picked = terms if every else terms.pick(chosen)
        self.postings.append(picked.flat, picked.lengths)
        self.vectors.append(vectors[pick])
        self._columns["until"][new] = self._columns["valid_to"][new]
        for row, cited, successor in zip(new.tolist(), evidence, successors, strict=True):
            if cited or successor:
                self._cite(row, cited, successor)
        self._bound([row for row in new.tolist() if ids[row - first] in self.cited])
        self._link(new)

    def _cite(self, row: int, cited: tuple[str, ...], successor: str) -> None:
        """Note what a memory rests on and what replaced it, and until when its utterances hold."""
        before = self.evidence.pop(row, ())
        for episode in before:
            self.cited[episode].remove(row)
            if not self.cited[episode]:
                del self.cited[episode]
        if cited:
            self.evidence[row] = tuple(dict.fromkeys(cited))
            for episode in self.evidence[row]:
                self.cited.setdefault(episode, []).append(row)
        self.successor.pop(row, None)
        if successor:
            self.successor[row] = successor
        self._bound([self.row_of[e] for e in {*before, *cited} if e in self.row_of])

    def _bound(self, rows: list[int]) -> None:
        """Say until when rows hold: a memory by itself, an utterance as long as one of the memories that rest on it."""
        c = self._columns
        for row in rows:
            until = c["valid_to"][row]
            if not c["memory"][row]:
                ends = [c["valid_to"][m] for m in self.cited.get(self.ids[row], ()) if c["state"][m] in _STATED]
                until = max(ends, default=until)
            c["until"][row] = until

    def _drop(self, rows: list[int]) -> None:
        if not rows:
            return
        for row in rows:
            del self.row_of[self.ids[row]]
            self._cite(row, (), "")
        index = np.array(rows)
        self.postings.drop(index)
        self.vectors.drop(index)
        self._columns["alive"][index] = False
        self.dead += len(rows)
        for session in np.unique(self._columns["session"][index]).tolist():
            if session >= 0:
                self._relink(session)

    def _link(self, new: NDArray[np.intp]) -> None:
        """Give new rows their neighbours and sittings."""
        c = self._columns
        alone = new[c["session"][new] < 0]
        c["before"][alone] = c["after"][alone] = -1
        c["place"][alone] = 0
        c["block"][alone] = np.arange(self.blocks, self.blocks + len(alone))
        self.blocks += len(alone)
        together = new[c["session"][new] >= 0]
        if len(together) == self.rows - len(alone) or len(together) > SITTING_ROWS:
            touched = np.unique(c["session"][together])
            self._order(np.flatnonzero(self.alive & np.isin(self.column("session"), touched)))
            return
        stale: set[int] = set()
        for row in sorted(together.tolist(), key=self._order_key):
            session = int(c["session"][row])
            tail = self.tails.get(session)
            if session not in stale and (tail is None or self._order_key(tail) < self._order_key(row)):
                self._follow(row, tail)
            else:
                stale.add(session)
        for session in stale:
            self._relink(session)

    def _order_key(self, row: int) -> tuple[int, int, str]:
        return int(self._columns["seq"][row]), int(self._columns["at"][row]), self.ids[row]

    def _follow(self, row: int, tail: int | None) -> None:
        """Link one row behind the last of its session."""
        c = self._columns
        near = tail is not None and abs(int(c["at"][row]) - int(c["at"][tail])) <= SITTING_GAP
        place = int(c["place"][tail]) + 1 if near else 0
        c["before"][row] = tail if near else -1
        c["after"][row] = -1
        c["place"][row] = place
        if near:
            c["after"][tail] = row
        if near and place % SITTING_ROWS:
            c["block"][row] = c["block"][tail]
        else:
            c["block"][row] = self.blocks
            self.blocks += 1
        self.tails[int(c["session"][row])] = row

    def _relink(self, session: int) -> None:
        self.tails.pop(session, None)
        self._order(np.flatnonzero(self.alive & (self.column("session") == session)))

    def _order(self, rows: NDArray[np.intp]) -> None:
        """Link whole sessions, given all their rows."""
        if not len(rows):
            return
        c = self._columns
        order = rows[np.lexsort((c["at"][rows], c["seq"][rows], c["session"][rows]))]
        keys = np.stack([c[n][order] for n in ("session", "seq", "at")])
        if (keys[:, 1:] == keys[:, :-1]).all(axis=0).any():
            named = np.array([self.ids[r] for r in rows.tolist()])
            order = rows[np.lexsort((named, c["at"][rows], c["seq"][rows], c["session"][rows]))]
        session, at = c["session"][order], c["at"][order]
        change = session[1:] != session[:-1]
        near = ~change & (np.abs(at[1:] - at[:-1]) <= SITTING_GAP)
        c["before"][order] = np.concatenate(([-1], np.where(near, order[:-1], -1)))
        c["after"][order] = np.concatenate((np.where(near, order[1:], -1), [-1]))
        starts = np.concatenate(([True], ~near))
        index = np.arange(len(order))
        place = index - np.maximum.accumulate(np.where(starts, index, 0))
        c["place"][order] = place
        cuts = np.cumsum(place % SITTING_ROWS == 0)
        c["block"][order] = self.blocks - 1 + cuts
        self.blocks += int(cuts[-1])
        ends = np.concatenate((change, [True]))
        self.tails.update(zip(session[ends].tolist(), order[ends].tolist(), strict=True))

    def _pack(self) -> None:
        """Rebuild without holes once they are many, or once relinking has used up too many sitting numbers."""
        wasteful = self.blocks > 4 * self.rows + 4 * _DEAD_LEAST
        if not wasteful and self.dead <= max(_DEAD_LEAST, self.rows // 4):
            return
        kept = np.flatnonzero(self.alive)
        flat, lengths = self.postings.many(kept)
        hashes = np.fromiter(self.postings.number, np.uint64, len(self.postings.number))
        packed = Segment()
        packed.sessions, packed.speakers, packed.scopes = self.sessions, self.speakers, self.scopes
        columns = {n: a[kept] for n, a in self._columns.items()}
        evidence = [self.evidence.get(r, ()) for r in kept.tolist()]
        successors = [self.successor.get(r, "") for r in kept.tolist()]
        ids = [self.ids[r] for r in kept.tolist()]
        if ids:
            terms = Terms(hashes[flat], lengths, np.cumsum(lengths))
            packed._append(ids, columns, terms, self.vectors.take(kept), evidence, successors, list(range(len(ids))))
        for name in self.__slots__:
            setattr(self, name, getattr(packed, name))

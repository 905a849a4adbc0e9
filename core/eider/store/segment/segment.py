"""One user's rows as arrays: what the ranker scores.

A segment is derived from the store, exact and incremental: after any sequence of `upsert` and `remove` it
answers as one built afresh from the same rows. Row numbers are valid until the next change.

Rows of a session that follow each other within `SITTING_GAP` are *linked*, and a run of linked rows is cut
into *sittings* of at most `SITTING_ROWS`. A memory stands alone: it is its own sitting.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from eider.model.errors import InputError
from eider.model.values import STATES
from eider.store.segment.columns import FOREVER, SegmentRows, Terms, codes, parse
from eider.store.segment.ranked_rows import Array, RankedRows
from eider.store.segment.vectors import grown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eider.model.values import Episode, Memory
    from eider.store.segment.postings import Population

SITTING_GAP: Final = 8 * 3600 * 1_000_000
"""Microseconds of silence after which a session's next row no longer belongs to the talk before. A guess."""
SITTING_ROWS: Final = 64
"""Most rows that lend each other evidence as one session; LoCoMo's sessions have 10 to 47."""
_DEAD_LEAST: Final = 1024
"""Removed rows kept as holes before the segment is packed. A guess."""

_ITEMS: Final = 12_288
"""Rows kept in full, at most: about 10 MB beside the 200 MB of a segment of 150,000 rows."""
_ONE_BY_ONE: Final = 64
"""Rows read one by one before all are read: who asks once pays for what is shown, who comes back finds all at hand."""
_ITEM_BYTES: Final = 1000
"""What one of them may take; longer texts are read from the store each time."""

_GIVEN: Final = (
    "is_memory", "session", "seq", "at", "day", "speaker", "role", "kind", "scope", "valid_from", "valid_to", "trust",
    "origin", "state", "importance", "pinned", "stability", "last_used",
)  # fmt: skip
_STATED: Final = (STATES.index("active"), len(STATES))
"""Codes of the states of a memory that was stated, whether or not something replaced it since."""
_FIXED: Final = ("is_memory", "session", "seq", "at", "fingerprint", "length")
"""A row that differs in one of these is another row: it is taken out and added anew."""

__all__ = ["FOREVER", "SITTING_GAP", "SITTING_ROWS", "Segment", "SegmentRows"]


class Segment(RankedRows):
    """All live rows of one user, ready to be ranked, and kept in step with what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.tails: dict[int, int] = {}
        """Last row of each session."""

    @classmethod
    def build(cls, rows: SegmentRows) -> Segment:
        """A segment of these rows."""
        segment = cls()
        segment.upsert(rows)
        return segment

    def stand_for(self, population: Population) -> None:
        """Weigh words as if all of these rows were here; for a segment of nominated rows, which is then not changed."""
        self.population = population
        self._changed()
        numbers = self.postings.number
        known = population.df(np.fromiter(numbers, np.uint64, len(numbers)))
        self.postings.df[: len(known)] = np.maximum(self.postings.df[: len(known)], known)

    @property
    def nbytes(self) -> int:
        """Bytes held; Python objects are estimated."""
        columns = sum(array.nbytes for array in self._spacious.values())
        objects = sum(map(len, self.ids[:: max(1, self.rows // 100)])) * max(1, self.rows // 100) + 160 * self.rows
        named = 120 * (len(self.sessions) + len(self.speakers) + len(self.scopes) + len(self.tails))
        named += _ITEM_BYTES * len(self.items)
        return columns + objects + named + 200 * len(self.evidence) + self.postings.nbytes + self.vectors.nbytes

    def keep(self, items: Iterable[Episode | Memory]) -> None:
        """Keep rows that were read in full: reading ten by id takes the store longer than ranking a thousand."""
        self.items.update((i.id, i) for i in items if len(i.text) <= _ITEM_BYTES)
        for kept in (self.items, self.dates):
            for oldest in list(islice(kept, max(0, len(kept) - _ITEMS))):
                del kept[oldest]

    def to_read(self, missing: Sequence[str]) -> Sequence[str]:
        """Return which rows to read in full where these are needed: once many were read one by one, all that can be kept."""
        before, self.unread = self.unread, self.unread + len(missing)
        if len(self) > _ITEMS or not before < _ONE_BY_ONE <= self.unread:
            return missing
        short = np.flatnonzero(self.alive & (self.length < _ITEM_BYTES // 4))
        return list(dict.fromkeys((*missing, *(i for r in short.tolist() if (i := self.ids[r]) not in self.items))))

    def _unkeep(self, ids: Iterable[str]) -> None:
        for identity in ids:
            self.items.pop(identity, None)
            self.dates.pop(identity, None)

    def upsert(self, rows: SegmentRows) -> None:
        """Add rows; a known id takes the new values of what can change (validity, state, scope, use …).

        Raises:
            InputError: Columns of unequal length, an analysis of another version, or vectors of another width.
        """
        columns, terms, vectors = self._read(rows)
        self._unkeep(rows.ids)
        last = {identity: i for i, identity in enumerate(rows.ids)}
        fresh: list[int] = []
        gone: list[int] = []
        for i in last.values():
            row = self.row_of.get(rows.ids[i])
            if row is None:
                fresh.append(i)
            elif self._same(row, columns, i, terms):
                vector = vectors[i]
                cited = rows.evidence[i]
                successor = rows.successor[i]
                for name in (*_GIVEN, "windows", "heading", "wish"):
                    getattr(self, name)[row] = columns[name][i]
                if len(vector):
                    self.vectors.replace(row, vector)
                self._cite(row, cited, successor)
                self._bound([row])
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
        self._changed()

    def remove(self, ids: Iterable[str]) -> None:
        """Take rows out; unknown ids are passed over."""
        ids = list(dict.fromkeys(ids))
        self._unkeep(ids)
        self._drop([self.row_of[i] for i in ids if i in self.row_of])
        self._pack()
        self._changed()

    def _read(self, rows: SegmentRows) -> tuple[dict[str, Array], Terms, NDArray[np.float32]]:
        count = len(rows.ids)
        columns: dict[str, Array] = {
            "is_memory": rows.is_memory, "seq": rows.seq, "at": rows.at, "day": rows.local_day, "role": rows.role,
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
        if any(getattr(self, name)[row] != columns[name][i] for name in _FIXED):
            return False
        traits_alike = bool((self.traits[row] == columns["traits"][i]).all())
        hashes = [self.postings.number.get(t, -1) for t in terms.of(i).tolist()]
        return traits_alike and hashes == self.postings.of(row).tolist()

    def _append(self, ids: list[str], columns: dict[str, Array], terms: Terms, vectors: NDArray[np.float32],
                evidence: list[tuple[str, ...]], successors: list[str], chosen: list[int]) -> None:  # fmt: skip
        first, every = self.rows, len(ids) == len(vectors)
        pick = slice(None) if every else np.array(chosen)
        self.rows += len(ids)
        for name, array in self._spacious.items():
            self._spacious[name] = room = grown(array, self.rows)
            if name in columns:
                room[first : self.rows] = columns[name][pick]
        self._show_columns()
        new = np.arange(first, self.rows)
        self.alive[new] = True
        self.ids += ids
        self.row_of.update(zip(ids, range(first, self.rows), strict=True))
        picked = terms if every else terms.pick(chosen)
        self.postings.append(picked.flat, picked.lengths)
        self.vectors.append(vectors[pick])
        self.until[new] = self.valid_to[new]
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
        for row in rows:
            until = self.valid_to[row]
            if not self.is_memory[row]:
                ends = [self.valid_to[m] for m in self.cited.get(self.ids[row], ()) if self.state[m] in _STATED]
                until = max(ends, default=until)
            self.until[row] = until

    def _drop(self, rows: list[int]) -> None:
        if not rows:
            return
        for row in rows:
            del self.row_of[self.ids[row]]
            self._cite(row, (), "")
        index = np.array(rows)
        self.postings.drop(index)
        self.vectors.drop(index)
        self.alive[index] = False
        self.dead += len(rows)
        for session in np.unique(self.session[index]).tolist():
            if session >= 0:
                self._relink(session)

    def _link(self, new: NDArray[np.intp]) -> None:
        """Give new rows their neighbours and sittings."""
        alone = new[self.session[new] < 0]
        self.before[alone] = self.after[alone] = -1
        self.place[alone] = 0
        self.block[alone] = np.arange(self.blocks, self.blocks + len(alone))
        self.blocks += len(alone)
        together = new[self.session[new] >= 0]
        if len(together) == self.rows - len(alone) or len(together) > SITTING_ROWS:
            touched = np.unique(self.session[together])
            self._order(np.flatnonzero(self.alive & np.isin(self.session, touched)))
            return
        stale: set[int] = set()
        for row in sorted(together.tolist(), key=self._order_key):
            session = int(self.session[row])
            tail = self.tails.get(session)
            if session not in stale and (tail is None or self._order_key(tail) < self._order_key(row)):
                self._follow(row, tail)
            else:
                stale.add(session)
        for session in stale:
            self._relink(session)

    def _order_key(self, row: int) -> tuple[int, int, str]:
        return int(self.seq[row]), int(self.at[row]), self.ids[row]

    def _follow(self, row: int, tail: int | None) -> None:
        """Link one row behind the last of its session."""
        if tail is not None and abs(int(self.at[row]) - int(self.at[tail])) > SITTING_GAP:
            tail = None
        self.before[row], self.after[row] = -1 if tail is None else tail, -1
        self.place[row] = 0 if tail is None else self.place[tail] + 1
        if tail is not None:
            self.after[tail] = row
        if tail is not None and self.place[row] % SITTING_ROWS:
            self.block[row] = self.block[tail]
        else:
            self.block[row] = self.blocks
            self.blocks += 1
        self.tails[int(self.session[row])] = row

    def _relink(self, session: int) -> None:
        self.tails.pop(session, None)
        self._order(np.flatnonzero(self.alive & (self.session == session)))

    def _order(self, rows: NDArray[np.intp]) -> None:
        """Link whole sessions, given all their rows."""
        if not len(rows):
            return
        order = rows[np.lexsort((self.at[rows], self.seq[rows], self.session[rows]))]
        keys = np.stack([column[order] for column in (self.session, self.seq, self.at)])
        if (keys[:, 1:] == keys[:, :-1]).all(axis=0).any():
            named = np.array([self.ids[r] for r in rows.tolist()])
            order = rows[np.lexsort((named, self.at[rows], self.seq[rows], self.session[rows]))]
        session, at = self.session[order], self.at[order]
        change = session[1:] != session[:-1]
        near = ~change & (np.abs(at[1:] - at[:-1]) <= SITTING_GAP)
        self.before[order] = np.concatenate(([-1], np.where(near, order[:-1], -1)))
        self.after[order] = np.concatenate((np.where(near, order[1:], -1), [-1]))
        starts = np.concatenate(([True], ~near))
        index = np.arange(len(order))
        place = index - np.maximum.accumulate(np.where(starts, index, 0))
        self.place[order] = place
        cuts = np.cumsum(place % SITTING_ROWS == 0)
        self.block[order] = self.blocks - 1 + cuts
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
        columns = {n: a[kept] for n, a in self._spacious.items()}
        evidence = [self.evidence.get(r, ()) for r in kept.tolist()]
        successors = [self.successor.get(r, "") for r in kept.tolist()]
        ids = [self.ids[r] for r in kept.tolist()]
        if ids:
            terms = Terms(hashes[flat], lengths, np.cumsum(lengths))
            packed._append(ids, columns, terms, self.vectors.take(kept), evidence, successors, list(range(len(ids))))
        vars(self).update(vars(packed))

"""A segment as the ranker reads it: one array per column, and facts about all rows."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from eider.language import analysis
from eider.store.segment.postings import Population, Postings
from eider.store.segment.vectors import Vectors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eider.model.values import Episode, Memory

K1: Final = 1.2
B: Final = 0.75
"""BM25 of a row's own words, and of those around it."""
ALONE: Final = 1.5
"""What a row without neighbours counts for itself where others are smoothed with theirs. A guess: what the best rows
of a dialogue gain from their neighbours."""
_NO_NAMES: Final = frozenset("user agent assistant human ai bot system other me you i".split())
"""Words that stand in the place of a speaker's name."""

_COLUMNS: Final[dict[str, tuple[str, tuple[int, ...]]]] = {
    "is_memory": ("?", ()), "session": ("<i4", ()), "seq": ("<i8", ()), "at": ("<i8", ()), "day": ("<i4", ()),
    "speaker": ("<i4", ()), "role": ("i1", ()), "kind": ("i1", ()), "scope": ("<i4", ()), "valid_from": ("<i8", ()),
    "valid_to": ("<i8", ()), "trust": ("i1", ()), "origin": ("i1", ()), "state": ("i1", ()), "importance": ("i1", ()),
    "pinned": ("?", ()), "stability": ("<f4", ()), "last_used": ("<i8", ()), "fingerprint": ("<u8", ()),
    "length": ("<i4", ()), "traits": ("<f4", (len(analysis.TRAITS),)), "windows": ("<i4", (analysis.MAX_WINDOWS, 2)),
    "alive": ("?", ()), "before": ("<i4", ()), "after": ("<i4", ()), "place": ("<i4", ()), "block": ("<i4", ()),
    "until": ("<i8", ()), "heading": ("u1", ()), "wish": ("?", ()),
}  # fmt: skip

Array = NDArray[Any]
Floats = NDArray[np.float32]


class RankedRows:
    """One user's rows, each column an array of shape `(rows, …)`. Nobody writes to them but the segment."""

    is_memory: NDArray[np.bool_]
    session: NDArray[np.int32]
    """Code of the session, -1 for none."""
    seq: NDArray[np.int64]
    at: NDArray[np.int64]
    """Microseconds since 1970, UTC: when it was said; for a memory since when it holds."""
    day: NDArray[np.int32]
    """The speaker's local date as a proleptic ordinal."""
    speaker: NDArray[np.int32]
    role: NDArray[np.int8]
    kind: NDArray[np.int8]
    scope: NDArray[np.int32]
    valid_from: NDArray[np.int64]
    valid_to: NDArray[np.int64]
    trust: NDArray[np.int8]
    origin: NDArray[np.int8]
    state: NDArray[np.int8]
    importance: NDArray[np.int8]
    pinned: NDArray[np.bool_]
    stability: Floats
    last_used: NDArray[np.int64]
    fingerprint: NDArray[np.uint64]
    length: NDArray[np.int32]
    """Terms of the text."""
    traits: Floats
    windows: NDArray[np.int32]
    """Days that the text names, shape `(rows, n, 2)`."""
    alive: NDArray[np.bool_]
    """Rows that have not been removed."""
    before: NDArray[np.int32]
    after: NDArray[np.int32]
    """Rows that come before and after in the session, -1 for none."""
    place: NDArray[np.int32]
    """Place within its sitting's run of linked rows."""
    block: NDArray[np.int32]
    """Number of its sitting."""
    until: NDArray[np.int64]
    """Until when what it says holds."""
    heading: NDArray[np.uint8]
    """How many of its first terms are its heading, 0 where it has none."""
    wish: NDArray[np.bool_]
    """Whether it says how things are wanted from now on, or what is liked."""

    def __init__(self) -> None:
        self.rows = 0
        """Row numbers in use, removed rows included: the length of every mask."""
        self.dead = 0
        self.total = 0
        """Rows that word statistics are about: one's own, or those of the population it stands for."""
        self.ids: list[str] = []
        self.row_of: dict[str, int] = {}
        self.sessions: dict[str, int] = {}
        self.speakers: dict[str, int] = {}
        self.scopes: dict[str, int] = {}
        self.evidence: dict[int, tuple[str, ...]] = {}
        self.cited: dict[str, list[int]] = {}
        """Episode id to the memory rows that rest on it."""
        self.successor: dict[int, str] = {}
        """Memory row to the id of what replaced it."""
        self.items: dict[str, Episode | Memory] = {}
        """Rows read in full because somebody asked for them, oldest first; a row that changes is read again."""
        self.dates: dict[str, Sequence[str]] = {}
        """What the relative dates of rows meant, by id, as far as somebody asked; a row that changes is read again."""
        self.unread = 0
        """Rows that had to be read in full, one by one, since the segment was made."""
        self.blocks = 0
        self.population: Population | None = None
        self.postings = Postings()
        self.vectors = Vectors()
        self._spacious: dict[str, Array] = {n: np.zeros((0, *s), t) for n, (t, s) in _COLUMNS.items()}
        """The columns, with spare room behind the last row."""
        self._show_columns()

    def __len__(self) -> int:
        return self.rows - self.dead

    def _show_columns(self) -> None:
        for name, array in self._spacious.items():
            setattr(self, name, array[: self.rows])

    def _changed(self) -> None:
        """Forget what was computed about all rows."""
        for name in _FACTS:
            vars(self).pop(name, None)
        self.total = len(self) if self.population is None else max(len(self), self.population.rows)

    @cached_property
    def mean_length(self) -> float:
        """Terms of a live row on average."""
        return max(float(self.length[self.alive].mean()), 1e-6) if len(self) else 1.0

    @cached_property
    def bm25_norm(self) -> Floats:
        """What BM25 adds to a term's count in each row: more in longer rows."""
        return np.float32(K1 * (1 - B)) + np.float32(K1 * B / self.mean_length) * self.length.astype(np.float32)

    @cached_property
    def own_weight(self) -> Floats:
        """What each row's own evidence counts in smoothing: more where there are no neighbours."""
        return np.where((self.before < 0) & (self.after < 0), np.float32(ALONE), np.float32(1))

    @cached_property
    def speaker_names(self) -> dict[str, list[int]]:
        """Words of the speakers' names, and the codes of the speakers they name."""
        names: dict[str, list[int]] = {}
        present = set(np.unique(self.speaker[self.alive]).tolist())
        for name, code in self.speakers.items():
            for word in analysis.words(name) if code in present else ():
                if len(word) > 1 and word not in _NO_NAMES:
                    names.setdefault(word, []).append(code)
        return names

    @cached_property
    def speaker_shares(self) -> Floats:
        """Share of the live rows that each speaker said."""
        said = self.speaker[self.alive]
        counts = np.bincount(said[said >= 0], minlength=max(1, len(self.speakers)))
        return (counts / max(1, len(self))).astype(np.float32)

    @cached_property
    def role_shares(self) -> Floats:
        """Share of the live utterances that each role said."""
        said = self.role[self.alive & ~self.is_memory]
        return (np.bincount(said, minlength=3) / max(1, len(said))).astype(np.float32)


_FACTS: Final = tuple(name for name, value in vars(RankedRows).items() if isinstance(value, cached_property))

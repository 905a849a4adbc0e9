"""What the pipelines stand on: one open store with its clock, embedder, segments and index."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Generator, Hashable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from eider.language.analysis import analyse
from eider.model.changes import ChangeSet, Committed, Erasure, Indexing
from eider.model.clock import Clock, local_date, local_zone, parse_instant, utc, zone, zone_name
from eider.model.errors import EmbedderError, ReadOnlyStoreError, StaleChangeError, UnknownIdError
from eider.model.lexical_balance import NEUTRAL, Balance
from eider.model.outcomes import Loop
from eider.model.usage import UsageBuffer, fresh
from eider.model.values import Episode, Memory, Precision
from eider.privacy.ingress import user_name
from eider.store import loop_rows
from eider.store.erase import erase, rewrite, rewritten
from eider.store.group_commit import Together
from eider.store.jobs import Jobs
from eider.store.large_users import segment_of
from eider.store.loop_notes import LoopNotes, Notes, joined
from eider.store.segment_cache import Segments

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from eider.model.answers import Policy
    from eider.model.llm import Model
    from eider.model.protocols import Embedder, TokenCounter
    from eider.model.requests import When
    from eider.store.agent_settings import Settings
    from eider.store.duck import DuckStore
    from eider.store.open_files import Opened
    from eider.store.segment.segment import Segment

T = TypeVar("T")
_REPLANS: Final = 3
_SMALL_INDEX: Final = 10_000
"""Rows up to which rewriting the index takes at most 0.2 s (measured)."""
_TICK: Final = timedelta(microseconds=1)


@dataclass(slots=True, kw_only=True, eq=False, weakref_slot=True)
class Engine:
    """One open store. Pipelines read and plan with it; it commits, and keeps what is derived in step."""

    opened: Opened
    clock: Clock
    embedder: Embedder
    counter: TokenCounter
    layers: tuple[Engine, ...] = ()
    """Read-only stores recalled beneath this one."""
    name: str = ""
    paused: Callable[[], bool] = lambda: False
    """Whether background work has to wait; whoever owns the engine knows."""
    large_rows: int = 150_000
    """Rows of one user beyond which the index nominates: loading them takes 200 MB and more than a second."""
    segments: Segments = field(init=False)
    usage: UsageBuffer = field(init=False)
    together: Together = field(init=False, default_factory=Together)
    _published: tuple[str, ...] | None = field(init=False, default=None)
    policies: dict[Hashable, tuple[int, Policy]] = field(init=False, default_factory=dict[Any, Any])
    """Compiled guidance with the version of the user's rows it was made from."""
    agents: dict[str, Settings] = field(init=False, default_factory=dict[str, Any])
    """Agent → what is set for it, as read from the store."""
    models: dict[str, Model] = field(init=False, default_factory=dict[str, Any])
    """Name → the model, once it was asked."""
    notes: LoopNotes = field(init=False)
    _shares: dict[str, float] = field(init=False, default_factory=dict[str, float])
    """Each user's lexical share, as far as it was asked for."""
    sweeps: dict[str, datetime] = field(init=False, default_factory=dict[str, datetime])
    """When the job is due that closes a user's forgotten loops."""
    learns: bool = field(init=False)
    """Whether its schema holds what outcomes teach; older snapshots are read as they are."""
    _versions: dict[str, int] = field(init=False, default_factory=dict[str, int])
    _sizes: dict[str, int] = field(init=False, default_factory=dict[str, int])
    _writer: threading.RLock = field(init=False, default_factory=threading.RLock)
    _last: datetime = field(init=False)
    _jobs: Jobs | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.segments = Segments(lambda user: self.store.rows(user=user))
        self.usage = UsageBuffer(self.save_usage)
        self.notes = LoopNotes(self._save_notes)
        with self.store.database.reading() as db:
            self.learns = loop_rows.there(db)
        self._last = self.store.last_event_at() or datetime.min.replace(tzinfo=UTC)

    @property
    def store(self) -> DuckStore:
        """The truth."""
        return self.opened.store

    # ------------------------------------------------------------------ time

    def now(self) -> datetime:
        """The present, never before the last commit: what was known when has one order."""
        return max(self.clock.now(), self._last + _TICK)

    def moment(self, at: When | None, tz: str | None, name: str = "at") -> tuple[datetime, str]:
        """An instant in UTC and the zone of whoever named it."""
        if tz is not None:
            zone(tz)
        if at is None:
            return self.now(), tz or local_zone()
        if isinstance(at, datetime):
            return utc(at, tz, name), tz or zone_name(at) or "UTC"
        return parse_instant(at, tz=tz or "UTC")[0], tz or "UTC"

    def bound(self, at: When | None, tz: str | None, name: str) -> tuple[datetime | None, Precision]:
        """An edge of an interval with how precisely it is known."""
        if at is None:
            return None, "instant"
        if isinstance(at, datetime):
            return utc(at, tz, name), "instant"
        return parse_instant(at, tz=tz or "UTC")

    # ------------------------------------------------------------------ search material

    def indexed_episodes(self, episodes: Sequence[Episode]) -> dict[str, Indexing]:
        """Vectors and analyses of utterances: dated, with the speaker's name."""
        vectors = self._embedded([e.text for e in episodes])
        return {
            e.id: Indexing(
                vector=vector.tobytes() if vector.any() else b"",
                analysis=analyse(e.text, said_on=local_date(e.at, e.tz)).to_bytes(),
            )
            for e, vector in zip(episodes, vectors, strict=True)
        }

    def indexed_memories(self, memories: Sequence[Memory]) -> dict[str, Indexing]:
        """Vectors and analyses of statements."""
        vectors = self._embedded([m.text for m in memories])
        return {
            m.id: Indexing(
                vector=vector.tobytes() if vector.any() else b"",
                analysis=analyse(m.text, said_on=m.valid_from.date()).to_bytes(),
            )
            for m, vector in zip(memories, vectors, strict=True)
        }

    # ------------------------------------------------------------------ layers

    def published_for(self, user: str) -> str:
        """Whose rows of this layer a user is shown: one's own; or those of its only user, who published them."""
        if self._published is None:
            self._published = tuple(self.store.users())
        return self._published[0] if len(self._published) == 1 else user

    # ------------------------------------------------------------------ users too large to load

    def is_large(self, user: str) -> bool:
        """Whether a user's rows are better nominated by the index than loaded."""
        if user not in self._sizes:
            self._sizes[user] = self.store.count(user=user)
        return self._sizes[user] > self.large_rows

    def nominated(self, user: str, query: str, vector: NDArray[np.float32]) -> Segment | None:
        """A segment of what the index nominates, weighed like the whole; None where the index cannot serve."""
        segment, stale = segment_of(self.store, self.opened.index, user, query, vector)
        if stale and not self.opened.read_only:
            self.jobs.queue("count_terms", user=user)
        return segment

    def _embedded(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = self.embedder.embed(texts, "document")
        if vectors.shape != (len(texts), self.embedder.width):
            raise EmbedderError(
                f"embedder {self.embedder.fingerprint!r} gave vectors of shape {vectors.shape} for {len(texts)} text(s) "
                f"and promised a width of {self.embedder.width}; mend its embed()."
            )
        return vectors

    # ------------------------------------------------------------------ what outcomes taught

    def lexical_share(self, user: str) -> float:
        """Weight of words against meaning for a user; changed by an event, never by a recall."""
        if (known := self._shares.get(user)) is not None:
            return known
        if not self.learns:
            return NEUTRAL
        version = self.version(user)
        with self.store.database.reading() as db:
            kept = loop_rows.learned(db, user).get("balance")
        share = Balance.of(kept.content if kept else None).share
        if version == self.version(user):  # else it may be older than what was learned meanwhile
            self._shares[user] = share
        return share

    def loop(self, id_: str, user: str) -> Loop:
        """A user's loop.

        Raises:
            UnknownIdError: There is none; another user's is not there either.
        """
        found = None
        if self.learns:
            with self.store.database.reading() as db:
                found = loop_rows.one(db, id_, user)
        if found is None:
            raise UnknownIdError("loop", id_, user)
        return found

    def save_loop(self, loop: Loop) -> None:
        """Write an open loop; nothing is learned from it yet, so it is no event."""
        with self._writer:
            self.writable()
            with self.store.database.writing() as db:
                loop_rows.put(db, loop)

    def _save_notes(self, user: str, loop: str, answers: Notes) -> None:
        if self.opened.read_only:
            return
        with self._writer, self.store.database.writing() as db:
            known = loop_rows.one(db, loop, user)
            if known is not None and known.closed_at is None:
                loop_rows.put(db, replace(known, recalled=joined(known.recalled, answers)))

    # ------------------------------------------------------------------ writing

    def commit(self, changes: ChangeSet) -> Committed:
        """Write a plan, then bring the user's loaded segment up to date; both before anybody is told."""
        user_name(changes.user)
        with self._writer:
            self.writable()
            committed = self.store.commit(changes)
            self._last = max(self._last, changes.at)
            if not committed.repeated:
                self._follow(changes, committed)
        return committed

    @contextmanager
    def turn(self) -> Generator[None]:
        """The writer's turn."""
        with self._writer:
            yield

    def commit_all(self, plans: Sequence[Callable[[], ChangeSet]]) -> list[Committed]:
        """Write several plans that read nothing in one transaction, or none of them; within the writer's turn."""
        self.writable()
        many: list[ChangeSet] = []
        for place, plan in enumerate(plans):
            made = plan()
            many.append(replace(made, at=made.at + place * _TICK))
        done = self.store.commit_all(many)
        for changes, one in zip(many, done, strict=True):
            self._last = max(self._last, changes.at)
            if not one.repeated:
                self._follow(changes, one)
        return done

    def _follow(self, changes: ChangeSet, done: Committed) -> None:
        user, used = changes.user, [u.id for u in changes.usage]
        self._moved(user)
        if changes.learned:
            self._shares.pop(user, None)
        if used:
            ids = [*used, *(e.id for e in done.episodes), *(m.id for m in done.memories)]
            self.segments.put(user, lambda: self.store.rows(user=user, ids=ids))
        else:
            self.segments.put(
                user, lambda: self.store.rows_of(done.episodes, done.memories, changes.indexing, user=user)
            )
        if user in self._sizes:
            self._sizes[user] += len(changes.indexing)
        if touched := len(done.episodes) + len(done.memories):
            self.opened.notify(touched)

    def version(self, user: str) -> int:
        """Grows with every change to a user's rows while this store is open: what was made from them may be kept."""
        return self._versions.get(user, 0)

    def _moved(self, user: str) -> None:
        self._versions[user] = self._versions.get(user, 0) + 1

    def restore(self, user: str, write: Callable[[], int]) -> None:
        """Write rows of an earlier life of a memory; what is loaded of the user is read anew.

        Args:
            user: Whose rows they are.
            write: Writes them whole or not at all; returns how many the search index has to follow.
        """
        with self._writer:
            self.writable()
            rows = write()
            self._last = max(self._last, self.store.last_event_at() or self._last)
            self.segments.drop(user)
            self._moved(user)
            self.opened.notify(rows)

    def planned(self, plan: Callable[[], T]) -> T:
        """Run a plan-and-commit in the writer's turn; again while what it read has moved on, at most three times.

        Within the turn nobody else commits here, so times rise with revisions and nothing is added twice.
        """
        with self._writer:
            for _ in range(_REPLANS - 1):
                try:
                    return plan()
                except StaleChangeError:
                    continue
            return plan()

    def save_usage(self, user: str, shown: Mapping[str, int]) -> None:
        """Write what was shown; counters only, nobody waits for it."""
        if self.opened.read_only:
            return
        with self._writer:
            known = self.store.usage(list(shown), user=user)
            new = self.store.memories([i for i in shown if i not in known], user=user)
            both = [*known.values(), *(fresh(m) for m in new if m.state != "erased")]
            self.store.save_usage([replace(u, shown=u.shown + shown[u.id]) for u in both], user=user)

    def erase(self, erasure: Erasure) -> Mapping[str, int]:
        """Remove rows for good and take them out of everything loaded."""
        with self._writer:
            self.writable()
            self.usage.forget(erasure.user, erasure.memories, everything=erasure.everything)
            gone = [*erasure.episodes, *erasure.memories]
            self.notes.forget(erasure.user, gone, everything=erasure.everything)
            erased = erase(self.store, erasure)
            self._last = max(self._last, erasure.at)
            if erasure.everything:
                self.segments.drop(erasure.user)
            else:
                self.segments.remove(erasure.user, gone)
                if erasure.trimmed:
                    self.segments.drop(erasure.user)
            self._sizes.pop(erasure.user, None)
            self._shares.pop(erasure.user, None)
            self._moved(erasure.user)
            self.opened.notify(1)
        return erased

    def scrub(self) -> None:
        """Let erased bytes leave the disk: the search index first, then the truth in a new file."""
        with self._writer:
            if self.opened.files.index.exists():
                self._scrub_index()
            rewrite(self.store)
            rewritten(self.store)

    def _scrub_index(self) -> None:
        """A small index is rewritten; a large one, or one not yet loaded, is dropped and built anew behind.

        LanceDB keeps erased text in its files until every row is rewritten: 7 s for 100,000 rows, where dropping
        the directory takes milliseconds and loses nothing that the truth does not hold.
        """
        opened = self.opened
        if "lancedb" in sys.modules and self.store.count() <= _SMALL_INDEX:
            opened.outbox.drain()
            opened.index.compact()
        else:
            opened.index.reset()
            self.jobs.queue("reindex")

    def scrub_later(self) -> None:
        """The same as a job: forgets that follow each other share one rewrite."""
        self.jobs.queue("scrub", priority=10)

    @property
    def jobs(self) -> Jobs:
        """The store's queue of background work."""
        if self._jobs is None:
            self._jobs = Jobs(self)
        return self._jobs

    def writable(self) -> None:
        """Refuse early where nothing can be written.

        Raises:
            ReadOnlyStoreError: The files are not writable, or are a published snapshot.
        """
        if self.opened.read_only:
            raise ReadOnlyStoreError(self.opened.files.folder, self.opened.read_only_reason)

    def close(self) -> None:
        """Write what is buffered and close; closing twice is harmless."""
        if self.store.database.forked:  # locks may be held by threads that this process does not have
            return
        self.usage.close()
        self.notes.close()
        if self._jobs is not None:
            self._jobs.stop()
        self.opened.close()
        for layer in self.layers:
            layer.close()

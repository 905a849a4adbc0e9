"""What the pipelines stand on: one open store with its time, embedder, loaded segments and caches."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Hashable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from eider.model.changes import ChangeSet, Committed, Erasure
from eider.model.clock import Clock
from eider.model.errors import EiderError, StaleChangeError
from eider.model.usage import UsageBuffer, fresh
from eider.store.agent_settings import AgentSettings
from eider.store.group_commit import GroupCommit
from eider.store.jobs import Jobs
from eider.store.large_users import LargeUsers
from eider.store.lexical_shares import LexicalShares
from eider.store.loop_log import LoopLog
from eider.store.protocols import ForeignChange, Store
from eider.store.search_material import MaterialMaker
from eider.store.second_look import SecondLook
from eider.store.segment_cache import Segments

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from eider.model.answers import Policy
    from eider.model.protocols import Embedder, TokenCounter
    from eider.store.segment.segment import Segment

T = TypeVar("T")
_REPLANS: Final = 3
_REPLANS_AMONG_OTHERS: Final = 30
"""Where other processes write for the same user: each time one of them was faster. A guess."""
_REREADS: Final = 3
"""Times a question is read anew because embedders were exchanged, until it waits for the writer's turn."""
_EMBED_LATER: Final = 3.0
"""Seconds until what an embedder could not be asked for is tried again. A guess."""
LACKING: Final = "vectors lacking"
"""Document by which a process that cannot have the embedder in use asks another one for the vectors of what it wrote."""
_TICK: Final = timedelta(microseconds=1)
"""The least time between two commits."""


@dataclass(slots=True, kw_only=True, eq=False, weakref_slot=True)
class Engine:
    """One open store. Pipelines read and plan with it; it commits, and keeps what is derived in step."""

    store: Store
    clock: Clock
    embedder: Embedder
    counter: TokenCounter
    spare: Embedder | None = None
    """The other embedder while two are exchanged; what is written gets a vector of each."""
    layers: tuple[Engine, ...] = ()
    """Read-only stores recalled beneath this one."""
    name: str = ""
    second_look: SecondLook | None = None
    """What looks at the best candidates again; None by default."""
    follow_embedder: Callable[[], None] = lambda: None
    """Looks whether another process exchanged the embedder; whoever opened the store knows how."""
    embedder_trouble: str = ""
    """Why this process could not follow an exchange of embedders by another one."""
    paused: Callable[[], bool] = lambda: False
    """Whether background work has to wait; whoever owns the engine knows."""
    material: MaterialMaker = field(init=False)
    segments: Segments = field(init=False)
    large: LargeUsers = field(init=False)
    usage: UsageBuffer = field(init=False)
    loops: LoopLog = field(init=False)
    shares: LexicalShares = field(init=False)
    agents: AgentSettings = field(init=False)
    group_commit: GroupCommit = field(init=False)
    policies: dict[Hashable, tuple[int, Policy]] = field(init=False, default_factory=dict[Any, Any])
    """Compiled guidance with the version of the user's rows it was made from."""
    _last: datetime = field(init=False)
    """When something was last committed."""
    _users: tuple[str, ...] | None = field(init=False, default=None)
    """Who has rows, where this is a layer, which does not change."""
    _versions: dict[str, int] = field(init=False, default_factory=dict[str, int])
    _exchanges: int = field(init=False, default=0)
    """Grows by one when an exchange of embedders begins, and by one when it is done."""
    _writer: threading.RLock = field(init=False, default_factory=threading.RLock)
    _jobs: Jobs | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        store = self.store
        self._last = store.events.last_at() or datetime.min.replace(tzinfo=UTC)
        self.embed_with(self.embedder, self.spare)
        self.segments = Segments(lambda user: store.segments.rows(user=user))
        self.large = LargeUsers(store)
        self.usage = UsageBuffer(self._save_usage)
        self.loops = LoopLog(store, self.turn)
        self.shares = LexicalShares(store.learned, self.version)
        self.agents = AgentSettings(store, self.now)
        self.group_commit = GroupCommit(self.commit, self._commit_all, self.turn)
        if store.others is not None:
            store.others.subscribe(self._follow_others, self._reread_documents)

    def now(self) -> datetime:
        """Return the present, later than every commit: what was known when has one order."""
        return max(self.clock.now(), self._last + _TICK)

    def wrote(self, at: datetime) -> datetime:
        """Note that something is written at an instant, which the next one follows; returns it."""
        self._last = max(self._last, at)
        return at

    @property
    def jobs(self) -> Jobs:
        """The store's queue of background work."""
        if self._jobs is None:
            self._jobs = Jobs(self, self.store, self.now, lambda: self.paused())  # noqa: PLW0108 (it may be exchanged)
        return self._jobs

    # ------------------------------------------------------------------ reading

    def version(self, user: str) -> int:
        """Return a number that grows with every change to a user's rows while this store is open."""
        return self._versions.get(user, 0)

    def published_for(self, user: str) -> str:
        """Return whose rows of this layer a user is shown: one's own; or those of its only user, who published them."""
        if self._users is None:
            self._users = tuple(self.store.reads.users())
        return self._users[0] if len(self._users) == 1 else user

    def nominated_segment(self, user: str, query: str, vector: NDArray[np.float32]) -> Segment | None:
        """Build a segment of what the index nominates, weighed like the whole; None where the index cannot serve."""
        segment, stale = self.large.segment(user, query, vector)
        if stale and not self.store.place.read_only:
            self.jobs.queue("count_terms", user=user)
        return segment

    def steady(self, read: Callable[[], T]) -> T:
        """Return what a function reads, of one embedder's vectors only: read again if these were exchanged meanwhile."""
        for _ in range(_REREADS):
            before = self._exchanges
            if before % 2:
                with self._writer:
                    continue
            try:
                found = read()
            except Exception:
                if self._exchanges == before:
                    raise
                continue
            if self._exchanges == before:
                return found
        with self._writer:
            return read()

    # ------------------------------------------------------------------ embedders

    def embed_with(self, embedder: Embedder, spare: Embedder | None) -> None:
        """Make vectors of new texts with these two; only the first one's are read."""
        self.embedder, self.spare = embedder, spare
        self.material = MaterialMaker(embedder, lambda: self.jobs.queue("embed", after=_EMBED_LATER), spare=spare)

    @contextmanager
    def exchanging(self) -> Generator[None]:
        """Hold the writer's turn while the vectors in use become others; who reads meanwhile reads again."""
        with self._writer, self.store.connection.turn():
            self._exchanges += 1
            try:
                yield
                self.store.vectors_are(self.embedder.fingerprint, self.embedder.width)
                self.segments.drop()
                for user in list(self._versions):
                    self._moved(user)
                self.policies.clear()
            finally:
                self._exchanges += 1

    # ------------------------------------------------------------------ writing

    @contextmanager
    def turn(self) -> Generator[None]:
        """Hold the writer's turn."""
        with self._writer:
            yield

    def writable(self) -> None:
        """Refuse early where nothing can be written.

        Raises:
            ReadOnlyStoreError: The files are not writable, or are a published snapshot.
        """
        self.store.place.check_writable()

    def commit(self, changes: ChangeSet) -> Committed:
        """Write a plan, then bring the user's loaded segment up to date; both before anybody is told."""
        with self._writer:
            self.writable()
            changes = self._placed(changes)
            committed = self.store.commits.commit(changes)
            self._last = max(self._last, changes.at)
            if not committed.repeated:
                self._follow(changes.user, [(changes, committed)])
        return committed

    def commit_additions(self, plans: Sequence[Callable[[], ChangeSet]]) -> list[Committed]:
        """Write plans that read nothing, in one transaction; one by one where one of them is refused.

        Raises:
            ErasedError: One would bring back what was forgotten; those before it are written.
        """
        with self._writer:
            try:
                return self._commit_all(plans)
            except EiderError:
                return [self.commit(plan()) for plan in plans]

    def _commit_all(self, plans: Sequence[Callable[[], ChangeSet]]) -> list[Committed]:
        """Write several plans that read nothing in one transaction, or none of them; within the writer's turn."""
        self.writable()
        many: list[ChangeSet] = []
        for place, plan in enumerate(plans):
            made = plan()
            many.append(self._placed(replace(made, at=made.at + place * _TICK)))
        done = self.store.commits.commit_all(many)
        written: dict[str, list[tuple[ChangeSet, Committed]]] = {}
        for changes, one in zip(many, done, strict=True):
            self._last = max(self._last, changes.at)
            if not one.repeated:
                written.setdefault(changes.user, []).append((changes, one))
        for user, those in written.items():
            self._follow(user, those)
        return done

    def _placed(self, changes: ChangeSet) -> ChangeSet:
        """Let vectors that were made before an exchange of embedders go where they belong now."""
        in_use = self.store.commits.embedder
        if all(made.embedder in ("", in_use) for made in changes.indexing.values()):
            return changes
        return replace(changes, indexing={i: made.placed(in_use) for i, made in changes.indexing.items()})

    def _follow(self, user: str, written: Sequence[tuple[ChangeSet, Committed]]) -> None:
        """Bring what is loaded of a user in line with what was committed."""
        segments, used = self.store.segments, [u.id for changes, _ in written for u in changes.usage]
        episodes = [e for _, done in written for e in done.episodes]
        memories = [m for _, done in written for m in done.memories]
        indexing = {i: made for changes, _ in written for i, made in changes.indexing.items()}
        self._moved(user)
        if any(changes.learned for changes, _ in written):
            self.shares.forget(user)
        if used:
            ids = [*used, *(e.id for e in episodes), *(m.id for m in memories)]
            self.segments.put(user, partial(segments.rows, user=user, ids=ids))
        else:
            self.segments.put(user, partial(segments.rows_of, episodes, memories, indexing, user=user))
        self.large.grew(user, len(indexing))
        if self.embedder_trouble and indexing:
            self.store.documents.update(LACKING, lambda _: "yes")
        if touched := len(episodes) + len(memories):
            self.store.index.notify(touched)

    def _follow_others(self, changes: Sequence[ForeignChange]) -> None:
        """Bring what is loaded in line with what other processes committed."""
        touched: dict[str, set[str]] = {}
        for change in changes:
            self._last = max(self._last, change.at)
            touched.setdefault(change.user, set()).update(change.ids)
        forgot = {change.user for change in changes if change.op == "forget"}
        for user, ids in touched.items():
            if not user:  # somebody was forgotten, and is not named
                self.segments.drop()
                self.policies.clear()
            elif user in forgot:
                self.segments.drop(user)
            else:
                self.segments.put(user, partial(self.store.segments.rows, user=user, ids=sorted(ids)))
            self.large.forget(user)
            self.shares.forget(user)
            self._moved(user)

    def _reread_documents(self) -> None:
        """Other processes may have set something: for an agent, or another embedder."""
        self.agents.forget()
        self.follow_embedder()

    def _moved(self, user: str) -> None:
        self._versions[user] = self._versions.get(user, 0) + 1

    def planned(self, plan: Callable[[], T]) -> T:
        """Run a plan-and-commit in the writer's turn; again while what it read has moved on, at most three times.

        Where other processes write as well, at most thirty times. Within the turn nobody else commits here, so times rise with revisions and nothing is added twice.
        """
        self.writable()
        with self._writer:
            for _ in range((_REPLANS if self.store.others is None else _REPLANS_AMONG_OTHERS) - 1):
                try:
                    return plan()
                except StaleChangeError:
                    if self.store.others is not None:
                        self.store.others.catch_up()
            return plan()

    def restore(self, user: str, write: Callable[[], int]) -> None:
        """Write rows of an earlier life of a memory; what is loaded of the user is read anew.

        Args:
            user: Whose rows they are.
            write: Writes them whole or not at all; returns how many the search index has to follow.
        """
        with self._writer:
            self.writable()
            rows = write()
            self._last = max(self._last, self.store.events.last_at() or self._last)
            self.segments.drop(user)
            self._moved(user)
            self.store.index.notify(rows)

    def _save_usage(self, user: str, shown: Mapping[str, int]) -> None:
        """Write what was shown; counters only, nobody waits for it."""
        if self.store.place.read_only:
            return
        with self._writer:
            known = self.store.usage.get(list(shown), user=user)
            new = self.store.reads.memories([i for i in shown if i not in known], user=user)
            both = [*known.values(), *(fresh(m) for m in new if m.state != "erased")]
            self.store.usage.save([replace(u, shown=u.shown + shown[u.id]) for u in both], user=user)

    # ------------------------------------------------------------------ forgetting

    def erase(self, erasure: Erasure) -> Mapping[str, int]:
        """Remove rows for good and take them out of everything loaded; returns table → rows."""
        user, gone = erasure.user, [*erasure.episodes, *erasure.memories]
        with self._writer:
            self.writable()
            self.usage.forget(user, erasure.memories, everything=erasure.everything)
            self.loops.recalls.forget(user, gone, everything=erasure.everything)
            in_use = self.store.commits.embedder
            erasure = replace(erasure, indexing={i: made.placed(in_use) for i, made in erasure.indexing.items()})
            erased = self.store.commits.erase(erasure)
            self._last = max(self._last, erasure.at)
            if erasure.everything or erasure.trimmed or erasure.blanked:
                self.segments.drop(user)
            else:
                self.segments.remove(user, gone)
            self.large.forget(user)
            self.shares.forget(user)
            if self.second_look is not None:
                self.second_look.clear()
            self._moved(user)
            self.store.index.notify(1)
        return erased

    def scrub(self) -> None:
        """Let erased bytes leave the disk: the search index first, then the rows in new files."""
        with self._writer:
            if self.store.index_upkeep.scrub():
                self.jobs.queue("reindex")
            self.store.copies.rewrite()

    def scrub_later(self) -> None:
        """Scrub as a job: forgets that follow each other share one rewrite."""
        self.jobs.queue("scrub", priority=10)

    def close(self) -> None:
        """Write what is buffered and close; closing twice is harmless."""
        if self.store.connection.forked:  # locks may be held by threads that this process does not have
            return
        self.usage.close()
        self.loops.recalls.close()
        if self._jobs is not None:
            self._jobs.stop()
        if self.second_look is not None:
            self.second_look.close()
        self.store.connection.close()
        for layer in self.layers:
            layer.close()

"""Everything Eider raises, in one tree below `EiderError`.

The branches are `InputError` (what was passed in cannot be used), `RefusedError` (understood, and not allowed), `StoreError` (the
files, or the database), `ServerError` (the server process), `EmbedderError` and `ModelError` (who was asked did not answer);
beside them stand budgets, SQL, settings and missing packages. The documentation lists them all, made from the classes below.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from eider.model import distribution

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path


class EiderError(Exception):
    """Base of every error Eider raises on purpose."""


class InputError(EiderError, ValueError):
    """What was passed in cannot be used; the message names the value and the fix."""


class TooLargeError(InputError):
    """A text, a batch or a piece of metadata exceeds its limit."""

    def __init__(self, what: str, size: int, limit: int, unit: str = "characters") -> None:
        super().__init__(f"{what} has {size:,} {unit}, the limit is {limit:,}; split it into several parts.")
        self.what, self.size, self.limit = what, size, limit


class NaiveTimeError(InputError):
    """A time without a zone cannot be placed."""

    def __init__(self, name: str, value: datetime) -> None:
        super().__init__(
            f"{name}={value.isoformat()!r} has no time zone; pass an aware time, "
            "for example datetime.now(UTC), or give tz='Europe/Berlin' beside it."
        )
        self.name, self.value = name, value


class SlowRequestError(InputError):
    """A request did not arrive in time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the request did not arrive within {seconds:.0f} s; send it at once.")
        self.seconds = seconds


class UnknownIdError(InputError, KeyError):
    """No such memory, episode or event exists for this user."""

    def __init__(self, what: str, id: str, user: str) -> None:  # noqa: A002 (the word users know)
        verb = "events" if what == "event" else "search"
        super().__init__(f"no {what} {id!r} exists for user {user!r}; list what does with {verb}(user={user!r}).")
        self.what, self.id, self.user = what, id, user

    __str__ = Exception.__str__  # KeyError would show the repr of the message


class UnknownJobError(UnknownIdError):
    """No such job is in the queue of this store."""

    def __init__(self, id: int) -> None:  # noqa: A002
        InputError.__init__(self, f"no job {id} is in the queue of this store; list what is with eider jobs list.")
        self.what, self.id, self.user = "job", str(id), ""


class StepReferenceError(InputError):
    """A reference names no output of a run, or more than one."""

    def __init__(self, reference: str, why: str, known: Sequence[str] = (), nearest: str | None = None) -> None:
        hint = f" Did you mean {nearest!r}?" if nearest else ""
        there = f" There is {', '.join(known)}." if known else ""
        super().__init__(f"[[{reference}]] {why}.{hint}{there}")
        self.reference, self.why, self.known, self.nearest = reference, why, tuple(known), nearest


class RefusedError(EiderError):
    """The request was understood and is not allowed."""


class ClosedMemoryError(RefusedError):
    """The memory has been replaced or has ended, so it cannot be changed."""

    def __init__(self, id: str, current: str | None) -> None:  # noqa: A002
        fix = f"work on its successor {current!r}." if current else "it has no successor; remember the statement anew."
        super().__init__(f"memory {id!r} is closed; {fix}")
        self.id, self.current = id, current


class ErasedError(RefusedError):
    """What was asked for has been forgotten for good."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} was erased and cannot be read, restored or undone; remember it anew if it is wanted.")
        self.what = what


class UndoConflictError(RefusedError):
    """Later changes build on the event, so it cannot be undone alone."""

    def __init__(self, event: str, dependents: Sequence[str]) -> None:
        later = ", ".join(repr(d) for d in dependents)
        super().__init__(f"event {event!r} cannot be undone: {later} came later; undo the later change first.")
        self.event, self.dependents = event, tuple(dependents)


class StaleChangeError(RefusedError):
    """The plan read revisions that have moved on; plan again on what is there now."""

    def __init__(self, ids: Sequence[str]) -> None:
        super().__init__(f"{', '.join(repr(i) for i in ids)} changed since they were read; read them again and retry.")
        self.ids = tuple(ids)


class RunHeldError(RefusedError):
    """Another process works on the run, or took it over."""

    def __init__(self, run: str, name: str, holder: str) -> None:
        super().__init__(
            f"run {name!r} ({run}) is worked on by {holder}; wait until it ends, or begin another with another key."
        )
        self.run, self.name, self.holder = run, name, holder


class RunChangedError(RefusedError):
    """A resumed run's code, or what it is given, differs from what it began with; its outputs are kept."""

    def __init__(self, run: str, name: str, why: str, fix: str) -> None:
        super().__init__(f"run {name!r} ({run}) was begun with other code: {why}; nothing of it is lost. {fix}")
        self.run, self.name, self.why, self.fix = run, name, why, fix


class StoreError(EiderError):
    """Something about the files of a store."""


class StoreLockedError(StoreError):
    """Another process has the store open, or this one has already."""

    def __init__(self, path: Path, pid: int | None = None) -> None:
        if pid == os.getpid():
            where, fix = (
                "in this process already (a notebook cell run twice?)",
                "go on with that one, or close() it first",
            )
        else:
            where = f"in process {pid}" if pid is not None else "in another process"
            fix = "close it there first, or read a published snapshot of it"
        super().__init__(f"{str(path)!r} is open {where}; {fix}.")
        self.path, self.pid = path, pid


class StoreMissingError(StoreError):
    """There is no store at the path."""

    def __init__(self, path: Path, fix: str = "create it by opening the path without read_only.") -> None:
        super().__init__(f"no store at {str(path)!r}; {fix}")
        self.path = path


class StoreDamagedError(StoreError):
    """The files cannot be read, or have lost rows that were acknowledged."""

    def __init__(self, path: Path, why: str, fix: str) -> None:
        super().__init__(f"{str(path)!r} is damaged: {why}; nothing was changed. {fix}")
        self.path, self.why, self.fix = path, why, fix


class StoreTooNewError(StoreError):
    """A later version of Eider wrote the store."""

    def __init__(self, path: Path, found: int, known: int) -> None:
        super().__init__(
            f"{str(path)!r} has schema {found}, this Eider knows up to {known}; upgrade with {distribution.UPGRADE}."
        )
        self.path, self.found, self.known = path, found, known


class ReadOnlyStoreError(StoreError):
    """The store cannot be written to."""

    def __init__(self, path: Path, why: str = "the files are not writable") -> None:
        super().__init__(f"{str(path)!r} is read-only ({why}); give this user write permission or open another path.")
        self.path = path


class StoreFullError(StoreError):
    """The disk has no room; the write was refused and nothing of it was kept."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"no room to write to {str(path)!r} ({why}); free some space and repeat the call.")
        self.path = path


class StoreUnreachableError(StoreError):
    """The database server of a store does not answer; what is written meanwhile can be repeated with the same key."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(f"{place!r} does not answer ({why}); start its server, or check address, role and network.")
        self.place, self.why = place, why


class IndexDamagedError(StoreError):
    """The derived index cannot be read; the truth is untouched."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"the search index {str(path)!r} cannot be read ({why}); run eider rebuild.")
        self.path = path


class ForkedError(StoreError):
    """A handle opened before a fork was used in the child."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{str(path)!r} was opened before this process was forked; open it again in the child.")
        self.path = path


class ServerError(EiderError):
    """Something about the server process, which holds the named stores for everybody."""


class ServerUnreachableError(ServerError):
    """The server does not answer."""


class ServerRunningError(ServerError):
    """There is a server already."""

    def __init__(self, home: str, pid: int | None) -> None:
        who = f"process {pid}" if pid else "another process, perhaps in another container,"
        super().__init__(f"{who} owns the stores below {home!r}; look with eider status, end it with eider stop.")
        self.home, self.pid = home, pid


class ServerBusyError(ServerError):
    """The server has more to do than it can take."""

    def __init__(self, waiting: int) -> None:
        super().__init__(f"{waiting} requests wait already; try again, or send less at once.")
        self.waiting = waiting


class QueuedError(ServerError):
    """The server did not answer; the write is durable in the spool and happens when a server drains it."""

    def __init__(self, verb: str, key: str, why: str) -> None:
        super().__init__(f"{verb} is kept in the spool (key {key!r}) and happens when the server is back: {why}")
        self.verb, self.key, self.why = verb, key, why


class PausedError(ServerError):
    """Writing is paused; nothing was kept."""

    def __init__(self, store: str | None) -> None:
        what = f"of store {store!r} " if store else ""
        how = f" --store {store}" if store else ""
        super().__init__(f"writing {what}is paused and nothing was kept; end the pause with eider resume{how}.")
        self.store = store


class SpoolError(ServerError):
    """What could not be delivered could not be kept in the spool either."""


class TokenError(ServerError):
    """The caller may not come in."""


class ProtocolError(ServerError):
    """Client and server are too far apart in version to understand each other."""

    def __init__(self, client: str, spoken: int, server: str, understood: int) -> None:
        side = "the client" if spoken < understood else "the server"
        super().__init__(
            f"client {client!r} speaks protocol {spoken}, server {server!r} understands {understood} and the one before; "
            f"upgrade {side} with {distribution.UPGRADE}."
        )
        self.client, self.spoken, self.server, self.understood = client, spoken, server, understood


class RuntimeFolderError(ServerError):
    """The directory of the server's socket is another account's."""


class EmbedderError(EiderError):
    """Turning text into vectors failed."""


class EmbedderMismatchError(EmbedderError):
    """The store's vectors were made by another embedder."""

    def __init__(self, stored: str, given: str) -> None:
        super().__init__(
            f"the store was embedded by {stored!r}, this process offers {given!r}; open it with the former, exchange it "
            "with eider embed swap NAME, or make its vectors anew with eider.open(path, embedder=…, reembed=True)."
        )
        self.stored, self.given = stored, given


class ProviderError(EmbedderError):
    """A service failed; the cause is chained. `retry_after` is in seconds, where the service said it."""

    def __init__(self, message: str, *, retryable: bool = True, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retryable, self.retry_after = retryable, retry_after


class ModelError(EiderError):
    """A model did not answer, or answered with what cannot be used; the cause is chained."""

    def __init__(self, message: str, retryable: bool = True, retry_after: float | None = None, tokens: int = 0) -> None:
        super().__init__(message)
        self.retryable, self.retry_after, self.tokens = retryable, retry_after, tokens


class ModelRefusedError(ModelError):
    """The model declined to answer; asking the same again would be declined again."""

    def __init__(self, message: str, tokens: int = 0) -> None:
        super().__init__(message, retryable=False, tokens=tokens)


class BudgetSpentError(ModelError):
    """The tokens of the day are spent; the next day has new ones."""

    def __init__(self, spent: int, budget: int, retry_after: float) -> None:
        super().__init__(
            f"{spent:,} of {budget:,} model tokens are spent today; wait for tomorrow (UTC), or raise setting 'model_tokens'.",
            retry_after=retry_after,
        )
        self.spent, self.budget = spent, budget


class BudgetExceededError(EiderError):
    """What is to be said is larger than the budget, and the caller would rather know than have it cut."""

    def __init__(self, tokens: int, budget: int, pinned: Sequence[str]) -> None:
        fix = f"unpin one of {', '.join(map(repr, pinned))}, or raise it" if pinned else "raise it, or truncate"
        super().__init__(f"the policy takes {tokens} tokens and budget={budget}; {fix}.")
        self.tokens, self.budget, self.pinned = tokens, budget, tuple(pinned)


class ContextTooLargeError(EiderError):
    """What a step must see, which is never cut, is larger than there is room for."""

    def __init__(self, tokens: int, room: int, parts: Sequence[str]) -> None:
        super().__init__(
            f"what the step must see takes {tokens:,} tokens and there is room for {room:,} ({', '.join(parts)}); "
            "reference a part such as [[step.field]], lower reserve, or take a model with a larger window."
        )
        self.tokens, self.room, self.parts = tokens, room, tuple(parts)


class SqlError(EiderError):
    """A query over one's own data was refused or failed."""


class ConfigError(EiderError, ValueError):
    """A setting cannot be used."""


class MissingExtraError(EiderError, ImportError):
    """An optional package is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package!r} is not installed; run: {distribution.install_extra(extra)}")
        self.package, self.extra = package, extra

"""The façade: one typed line per verb over the table."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from eider.api.chat_messages import as_records
from eider.api.facade_history import Accounts
from eider.api.facade_learning import Learning, listed
from eider.api.facade_links import Linking
from eider.api.facade_loops import Outcomes
from eider.api.facade_messages import Messages
from eider.api.facade_retention import Keeping
from eider.api.facade_runs import Workflows
from eider.api.facade_scopes import Scoping
from eider.model.errors import InputError
from eider.model.requests import (
    Correct,
    Deactivate,
    Drain,
    Export,
    Forget,
    ForgetMany,
    ForgetUser,
    Import,
    ImportLines,
    Pin,
    Publish,
    Rebuild,
    Record,
    RecordMany,
    Reinforce,
    Remember,
    RememberMany,
    Undo,
    Unpin,
    Verify,
)
from eider.model.requests_reading import Inject, Recall, Search
from eider.model.values import GLOBAL, Episode, Event, HasId, Memory, MemoryKind, Metadata, Origin, Role, id_of

if TYPE_CHECKING:
    from pathlib import Path

    from eider.api.backend import Backend
    from eider.model.answers import (
        Drained,
        Imported,
        Injection,
        Page,
        Receipt,
        Recollection,
        Verified,
    )
    from eider.model.requests import ExportFormat, When
    from eider.store.engine import Engine

Items = Sequence[Any]


class Eider(Accounts, Keeping, Learning, Linking, Messages, Outcomes, Scoping, Workflows):
    """One open memory. Safe to share between threads; close it, or use it in a `with` block."""

    def __init__(self, backend: Backend, *, user: str | None = None) -> None:
        """Use `eider.open()` instead."""
        self._backend, self._user = backend, user

    @property
    def _engine(self) -> Engine:
        """What an embedded store stands on; tests and benchmarks look there."""
        return self._backend.engine  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]

    def _whose(self, user: str | None) -> str:
        if (whose := user if user is not None else self._user) is None:
            raise InputError("user is missing: say whose memory it is, here or in eider.open(user=…).")
        return whose

    @property
    def shared(self) -> bool:
        """Whether a server holds the store, for this process and others."""
        return self._backend.shared

    @property
    def user(self) -> str | None:
        """Whose memory is meant where a verb does not say."""
        return self._user

    def with_timeout(self, seconds: float) -> Eider:
        """Return a view that waits at most so long for a server; an embedded store is not waited for.

        Args:
            seconds: Longest wait for each request.
        """
        return Eider(self._backend.with_timeout(seconds), user=self._user)

    def channel(self, name: str, max_trust: Origin = "agent") -> Eider:
        """Return a view whose writes get at most `max_trust`, and never more than this one's.

        Args:
            name: What the event log shows, such as "browser".
            max_trust: "user", "agent", "import", "tool" or "document"; tools and documents are quoted, never obeyed.
        """
        return Eider(self._backend.with_channel(name, max_trust), user=self._user)

    # ------------------------------------------------------------------ keeping

    def record(
        self, text: str, *, user: str | None = None, speaker: str | None = None, role: Role = "user",
        session: str | None = None, at: When | None = None, tz: str | None = None, metadata: Metadata | None = None,
        key: str | None = None, origin: Origin | None = None,
    ) -> Episode:  # fmt: skip
        """Keep an utterance verbatim (after redaction); it can be recalled when this returns.

        Args:
            text: What was said.
            user: Whose memory it is for; the default is the one given to `open`.
            speaker: Who said it; by default the user, or the agent's name.
            role: `user`, `agent` or `other`; decides the origin, which the channel may lower.
            session: Conversation it belongs to; by default the speaker's local date.
            at: When it was said: an aware datetime, or a naive one or ISO text read in `tz`; by default now.
            tz: The speaker's time zone.
            metadata: JSON-like, at most 64 KiB.
            key: Idempotency key, from coordinates (host, session, message id, role), never from content.
            origin: Who authored it, where that is less trusted than the role says; never raises trust.

        Raises:
            InputError: Something passed cannot be kept; the message names it and the fix.
            ErasedError: The key belongs to something that was forgotten.
        """
        return self._backend.execute(Record(
            text=text, user=self._whose(user), speaker=speaker, role=role, session=session, at=at, tz=tz,
            metadata=metadata, key=key, origin=origin,
        ))  # fmt: skip

    def record_many(
        self, items: Sequence[Record | Mapping[str, object]], *, user: str | None = None, key: str | None = None
    ) -> list[Episode]:
        """Keep many utterances, each a mapping of `record`'s arguments or a chat message; all are checked first."""
        return self._backend.execute(RecordMany(items=as_records(items), user=self._whose(user), key=key))

    def remember(
        self, text: str, *, user: str | None = None, kind: MemoryKind = "fact", scope: str = GLOBAL,
        importance: int = 3, valid_from: When | None = None, valid_to: When | None = None, pinned: bool = False,
        key: str | None = None,
    ) -> Memory:  # fmt: skip
        """Keep a statement as said. Saying it again adds nothing: the known one is strengthened and returned.

        Args:
            text: One self-contained statement, at most 20,000 characters.
            user: Whose memory it is for.
            kind: fact, preference, rule, decision, insight or context.
            scope: Label it is visible under, such as `project:alpha`.
            importance: 1 (trivial) to 5 (vital).
            valid_from: First instant it holds; by default now. "2023", "2023-05" and "2023-05-07" are fine.
            valid_to: First instant it no longer holds.
            pinned: Never let it decay.
            key: Idempotency key.
        """
        return self._backend.execute(Remember(
            text=text, user=self._whose(user), kind=kind, scope=scope, importance=importance, valid_from=valid_from,
            valid_to=valid_to, pinned=pinned, key=key,
        ))  # fmt: skip

    def remember_many(
        self, items: Sequence[Remember | Mapping[str, object] | str], *, user: str | None = None, key: str | None = None
    ) -> list[Memory]:
        """Keep many statements, each a text or a mapping of `remember`'s arguments."""
        return self._backend.execute(RememberMany(items=items, user=self._whose(user), key=key))

    # ------------------------------------------------------------------ reading

    def recall(
        self, query: str, *, user: str | None = None, limit: int = 10, scopes: Iterable[str] | None = None,
        kinds: Iterable[str] | None = None, origins: Iterable[str] | None = None, since: When | None = None,
        until: When | None = None, now: datetime | None = None, tz: str | None = None, session: str | None = None,
        as_of: When | None = None, known_at: When | None = None, budget: int | None = None, loop: str | None = None,
        intent: str | None = None,
    ) -> list[Recollection]:  # fmt: skip
        """What bears on a question, best first; reading changes nothing.

        Args:
            query: A question or any text.
            user: Whose memory.
            limit: Most results.
            scopes: Only these scopes; by default all.
            kinds: Only these memory kinds; "episode" stands for utterances.
            origins: Only what these origins said.
            since: Nothing that ended, or was said, before.
            until: Nothing that began, or was said, from then on.
            now: The asker's present, for "last week"; by default the store's clock.
            tz: The asker's time zone.
            session: Only utterances of this session and memories that rest on them.
            as_of: What was true then.
            known_at: What was known then.
            budget: Most tokens in all.
            loop: Open loop that this recall belongs to.
            intent: "why" tells causes before what they caused, "when" keeps to the order in time, "entity" tells first
                what names who or what is asked about; by default read from the question.
        """
        return self._backend.execute(Recall(
            query=query, user=self._whose(user), limit=limit, scopes=listed(scopes), kinds=listed(kinds),
            origins=listed(origins), since=since, until=until, now=now, tz=tz, session=session, as_of=as_of,
            known_at=known_at, budget=budget, loop=loop, intent=intent,
        ))  # fmt: skip

    def inject(
        self, prompt: str, *, user: str | None = None, scopes: Iterable[str] | None = None,
        session: str | None = None, budget: int = 400, without: Iterable[str] = (), known: Iterable[str] = (),
    ) -> Injection:  # fmt: skip
        """The few lines that help with a prompt, framed as data; empty, with the reason, when nothing helps.

        Args:
            prompt: What the user asks.
            user: Whose memory.
            scopes: Where the agent works.
            session: Conversation that asks; what was said in it is in its sight already.
            budget: Most tokens, frame included.
            without: Ids that were given to it before.
            known: What the host's own files say already.
        """
        return self._backend.execute(Inject(
            prompt=prompt, user=self._whose(user), scopes=listed(scopes), session=session, budget=budget,
            without=listed(without) or (), known=listed(known) or (),
        ))  # fmt: skip

    def search(
        self, text: str = "", *, user: str | None = None, scopes: Iterable[str] | None = None,
        kinds: Iterable[str] | None = None, origins: Iterable[str] | None = None, since: When | None = None,
        until: When | None = None, session: str | None = None, as_of: When | None = None, tz: str | None = None,
        status: str | None = None, limit: int = 50, offset: int = 0,
    ) -> Page:  # fmt: skip
        """Filter for people, page by page; an empty text lists the newest first."""
        return self._backend.execute(Search(
            text=text, user=self._whose(user), scopes=listed(scopes), kinds=listed(kinds), origins=listed(origins),
            since=since, until=until, session=session, as_of=as_of, tz=tz, status=status, limit=limit, offset=offset,
        ))  # fmt: skip

    # ------------------------------------------------------------------ changing

    def correct(self, id: str | HasId, text: str, *, user: str | None = None, key: str | None = None) -> Memory:  # noqa: A002
        """Replace a memory by what is true now; the old one is closed and can still be asked for."""
        return self._backend.execute(Correct(id=id_of(id), text=text, user=self._whose(user), key=key))

    def deactivate(self, id: str | HasId, *, user: str | None = None) -> bool:  # noqa: A002
        """End a memory without a successor; False when it had ended already."""
        return self._backend.execute(Deactivate(id=id_of(id), user=self._whose(user)))

    def reinforce(self, id: str | HasId, *, user: str | None = None, key: str | None = None) -> Memory:  # noqa: A002
        """Say that a memory was useful; it decays more slowly from now on."""
        return self._backend.execute(Reinforce(id=id_of(id), user=self._whose(user), key=key))

    def pin(self, id: str | HasId, *, user: str | None = None) -> Memory:  # noqa: A002
        """Never let a memory decay."""
        return self._backend.execute(Pin(id=id_of(id), user=self._whose(user)))

    def unpin(self, id: str | HasId, *, user: str | None = None) -> Memory:  # noqa: A002
        """Let a pinned memory decay again."""
        return self._backend.execute(Unpin(id=id_of(id), user=self._whose(user)))

    def forget(
        self, id: str | HasId, *, user: str | None = None, keep_evidence: bool = False, only_this: bool = False,  # noqa: A002
        dry_run: bool = False, wait: bool = True,
    ) -> Receipt:  # fmt: skip
        """Erase a memory or an utterance, and what derives from it, for good.

        Of an utterance that a memory was learned from only the memory's words go; what else was said there stays. What
        says the same again, in these words or others, goes as well.

        Args:
            id: A memory or an utterance, or its id.
            user: Whose.
            keep_evidence: Leave utterances as they are.
            only_this: Leave what says the same again.
            dry_run: Erase nothing; the receipt lists what would go, with its words.
            wait: Return when the bytes have left the disk; else that is queued, and nobody can read them meanwhile.
        """
        return self._backend.execute(Forget(
            id=id_of(id), user=self._whose(user), keep_evidence=keep_evidence, only_this=only_this, dry_run=dry_run, wait=wait
        ))  # fmt: skip

    def forget_many(self, ids: Sequence[str | HasId], *, user: str | None = None, wait: bool = True) -> Receipt:
        """Erase many memories or utterances in one transaction, with what rests on them alone.

        Args:
            ids: Of the user's memories and episodes; unknown ones are passed over.
            user: Whose.
            wait: Return when the bytes have left the disk; else that is queued, and nobody can read them meanwhile.
        """
        return self._backend.execute(ForgetMany(ids=[id_of(one) for one in ids], user=self._whose(user), wait=wait))

    def forget_user(self, user: str, *, wait: bool = True) -> Receipt:
        """Erase all of a user."""
        return self._backend.execute(ForgetUser(user=user, wait=wait))

    def undo(self, event_id: str | HasId, *, user: str | None = None) -> Event:
        """Take back the change an event made; the undo is an event as well."""
        return self._backend.execute(Undo(id=id_of(event_id), user=self._whose(user)))

    # ------------------------------------------------------------------ keeping house

    def export(self, path: str | Path, *, user: str | None = None, format: ExportFormat = "jsonl") -> int:  # noqa: A002
        """Write all of a user to a file or directory; returns the rows written.

        Args:
            path: Where to; what is there is replaced.
            user: Whose.
            format: `jsonl` (a file, gzipped when it ends in .gz) and `parquet` (a directory) lose nothing; `markdown` is a
                directory to read and edit, or one page where the path ends in .md; `pam` is Portable AI Memory 1.0, a
                file that other tools read.

        Raises:
            InputError: The path cannot be written to, or holds something else.
            StoreFullError: The disk is full; what was there is untouched.
        """
        return self._backend.execute(Export(path=str(path), user=self._whose(user), format=format))

    def import_(
        self, path: str | Path, *, user: str | None = None, dry_run: bool = False, trust_key: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Imported:  # fmt: skip
        """Import an export of Eider, or what another tool keeps: see `eider.api.importers.import_from`.

        What is there already is skipped, what was forgotten stays forgotten. One's own export, signed by this home and
        unchanged, keeps its trust. All else counts as imported.

        Args:
            path: What `export` wrote, or a file or directory that an importer knows, such as ChatGPT's data export.
            user: Whose the rows become.
            dry_run: Write nothing, and say what would come.
            trust_key: Public key of another home, whose exports are trusted like one's own: "eider-key-…".
            progress: Called with (rows done, rows in all).

        Raises:
            InputError: The file as a whole cannot be read.
            StoreMissingError: Nothing is there.
        """
        from eider.api.import_files import foreign_import

        done = foreign_import(self, path, self._whose(user), dry_run=dry_run, progress=progress)
        if done is not None:
            return done
        return self._backend.execute(
            Import(path=str(path), user=self._whose(user), dry_run=dry_run, trust_key=trust_key, progress=progress)
        )

    def import_lines(
        self, lines: Sequence[Mapping[str, Any]], *, user: str | None = None, dry_run: bool = False
    ) -> Imported:  # fmt: skip
        """Import chat messages and statements that another tool kept; they count as imported, whatever they claim.

        Args:
            lines: Messages `{"role", "content", "at"}`, and if they have them `session`, `speaker`, `tz`, `metadata`;
                statements `{"text"}`, and if they have them `kind`, `scope`, `valid_from`, `valid_to`, `importance`. A
                `key` names a line in its source, so that it is imported once; a `place` is named in refusals.
            user: Whose the rows become.
            dry_run: Write nothing, and say what would come.
        """
        return self._backend.execute(ImportLines(lines=tuple(lines), user=self._whose(user), dry_run=dry_run))

    def drain(self, timeout: float | None = None) -> Drained:
        """Bring the search index up to date and run due jobs, at most for `timeout` seconds."""
        return self._backend.execute(Drain(timeout=timeout))

    def verify(self, *, deep: bool = False) -> Verified:
        """Hold the event chain, the row counts and the search index against the truth."""
        return self._backend.execute(Verify(deep=deep))

    def rebuild(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Build the search index anew from the truth; returns its rows. `progress` is told (done, total)."""
        return self._backend.execute(Rebuild(progress=progress))

    def publish(self, path: str | Path) -> Path:
        """Copy everything into an immutable snapshot at a path, to be opened with `layers=[path]`; returns the path.

        Raises:
            RefusedError: Something that is no snapshot is at the path.
        """
        return self._backend.execute(Publish(path=str(path)))

    def close(self) -> None:
        """Write what is buffered and let go of the files; closing twice is harmless."""
        if (conversations := sys.modules.get("eider.api.conversation_state")) is not None:
            conversations.flush_before_close(self._backend)
        self._backend.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

"""The façade: one typed line per verb over the table."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from eider.api.chat_messages import as_records
from eider.api.facade_changes import Changing
from eider.api.facade_files import Filing
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
    Record,
    RecordMany,
    Remember,
    RememberMany,
)
from eider.model.requests_reading import Inject, Recall, Search
from eider.model.values import GLOBAL, Episode, Memory, MemoryKind, Metadata, Origin, Role

if TYPE_CHECKING:
    from eider.api.backend import Backend
    from eider.model.answers import (
        Injection,
        Page,
        Recollection,
    )
    from eider.model.requests import When
    from eider.store.engine import Engine

Items = Sequence[Any]


class Eider(Accounts, Changing, Filing, Keeping, Learning, Linking, Messages, Outcomes, Scoping, Workflows):
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

        Returns:
            The same memory, with that limit.
        """
        return Eider(self._backend.with_timeout(seconds), user=self._user)

    def channel(self, name: str, max_trust: Origin = "agent") -> Eider:
        """Return a view whose writes get at most `max_trust`, and never more than this one's.

        Args:
            name: What the event log shows, such as "browser".
            max_trust: "user", "agent", "import", "tool" or "document"; tools and documents are quoted, never obeyed.

        Returns:
            The same memory, seen from that channel.

        Raises:
            InputError: A value cannot be used; the message names it and the fix.
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

        Returns:
            The utterance as it is kept: redacted, with its id and time.

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
        """Keep many utterances, each a mapping of `record`'s arguments or a chat message; all are checked first.

        Args:
            items: At most 100,000; all are checked before one is kept.
            user: Whose memory; by default the one given to `open`.
            key: Idempotency key: a repeated call with it answers as the first one did.

        Returns:
            The utterances as kept, in the order of `items`.

        Raises:
            InputError: A value cannot be used; the message names it and the fix.
        """
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

        Returns:
            The memory as kept, or the known one that says the same.

        Raises:
            InputError: A value cannot be used; the message names it and the fix.
        """
        return self._backend.execute(Remember(
            text=text, user=self._whose(user), kind=kind, scope=scope, importance=importance, valid_from=valid_from,
            valid_to=valid_to, pinned=pinned, key=key,
        ))  # fmt: skip

    def remember_many(
        self, items: Sequence[Remember | Mapping[str, object] | str], *, user: str | None = None, key: str | None = None
    ) -> list[Memory]:
        """Keep many statements, each a text or a mapping of `remember`'s arguments.

        Args:
            items: At most 100,000; all are checked before one is kept.
            user: Whose memory; by default the one given to `open`.
            key: Idempotency key: a repeated call with it answers as the first one did.

        Returns:
            The memories, in the order of `items`; the known one where something was known.

        Raises:
            InputError: A value cannot be used; the message names it and the fix.
        """
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

        Returns:
            At most `limit` hits, best first, each with a score in [0, 1] and `why`: the share of each signal.

        Raises:
            InputError: A value cannot be used; the message names it and the fix.
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

        Returns:
            The lines as `text`, empty with the reason in `why` where none is likely to help.

        Raises:
            InputError: A value cannot be used; the message names it and the fix.
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
        """Filter for people, page by page; an empty text lists the newest first.

        Args:
            text: Words to look for; empty lists all, the newest first.
            user: Whose memory; by default the one given to `open`.
            scopes: Only these scopes.
            kinds: Only these memory kinds; "episode" stands for utterances.
            origins: Only what these origins said.
            since: Nothing that ended, or was said, before.
            until: Nothing that began, or was said, from then on.
            session: Only utterances of this session.
            as_of: What was true then.
            tz: Time zone in which times without one are read.
            status: "current", "superseded", "expired", "inbox", "quarantined" or "erased"; by default the current memories
                and all utterances.
            limit: Most hits of this page, at most 10,000.
            offset: How many hits to pass over.

        Returns:
            One page of hits, with how many there are in `total`.

        Raises:
            InputError: A value cannot be used; the message names it and the fix.
        """
        return self._backend.execute(Search(
            text=text, user=self._whose(user), scopes=listed(scopes), kinds=listed(kinds), origins=listed(origins),
            since=since, until=until, session=session, as_of=as_of, tz=tz, status=status, limit=limit, offset=offset,
        ))  # fmt: skip

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

"""A `ConversationStore` of pydantic-ai on Eider: a log of messages, forks and branches, and deleting that erases."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic import TypeAdapter
from pydantic_ai.conversation_store import (
    ConversationConflict,
    ConversationEntry,
    ConversationRecord,
    ConversationStore,
)
from pydantic_ai.messages import ModelMessagesTypeAdapter

from eider.model.errors import ErasedError
from eider_pydantic_ai.history import SCOPE, fit_to_size, trees_of
from eider_pydantic_ai.toolset import HOST

if TYPE_CHECKING:
    from eider import Eider
    from eider.model.values import Episode

RECORDS: Final = f"{SCOPE}:records"
ENTRIES: Final = f"{SCOPE}:entries"
_PAGE: Final = 10_000
_MAX_RESTARTS: Final = 1_000
"""How often a conversation may be deleted and begun again under one name."""
_record: Final = TypeAdapter(ConversationRecord)


class EiderConversations(ConversationStore):
    """Conversations of one user, for `agent.run(…, conversation=await store.load(id))`.

    Messages are kept as data, as `EiderHistory` keeps them. Of two that save the same revision at once, also from two
    processes, one meets a `ConversationConflict`. Deleting erases the record, and all entries that no other
    conversation's history uses.
    """

    def __init__(self, memory: Eider, *, user: str | None = None) -> None:
        """Open the conversations of one user; by default whose `eider.open` was told."""
        self._memory, self._user = memory.channel(HOST, "agent"), user
        self._homes: dict[str, str] = {}
        """Head → conversation in whose log it was met."""

    # ------------------------------------------------------------------ what pydantic-ai asks of a store

    async def read_record(self, conversation_id: str) -> ConversationRecord | None:
        """The record as it was saved last."""
        return await asyncio.to_thread(self._current_record, conversation_id)

    async def read_records(self, *, scope: str | None = None, limit: int | None = None) -> Sequence[ConversationRecord]:
        """The records, most recently saved first."""
        found = await asyncio.to_thread(self._records)
        wanted = sorted(
            (one for one in found if scope is None or one.scope == scope), key=lambda one: one.updated_at, reverse=True
        )
        return wanted[:limit]

    async def write_record(
        self, record: ConversationRecord, *, new_entries: Sequence[ConversationEntry] = (), expected_revision: str | None
    ) -> None:  # fmt: skip
        """Store a record and its new entries, if the stored one is the expected one."""
        await asyncio.to_thread(self._write, record, new_entries, expected_revision)

    async def delete_record(self, conversation_id: str, *, expected_revision: str) -> None:
        """Erase a conversation, if it is the expected one."""
        await asyncio.to_thread(self._delete, conversation_id, expected_revision)

    async def read_entry(self, entry_id: str) -> ConversationEntry:
        """One entry, wherever it is."""
        return (await self.read_history(entry_id, limit=1))[-1]

    async def read_history(self, head_id: str | None, *, limit: int | None = None) -> list[ConversationEntry]:
        """The entries up to a head, in one reading where the conversation is known."""
        return await asyncio.to_thread(self._history, head_id, limit)

    # ------------------------------------------------------------------

    def _rows(self, session: str | None = None, *, scope: str) -> Iterator[Mapping[str, Any]]:
        """What rows of a kind hold, in the order they were kept."""
        for row in self._episodes(session, scope=scope):
            yield cast("Mapping[str, Any]", row.metadata["kept"])

    def _episodes(self, session: str | None, *, scope: str) -> list[Episode]:
        found: list[Episode] = []
        while True:
            page = self._memory.search(
                kinds=["episode"], user=self._user, session=session, scopes=[scope], limit=_PAGE, offset=len(found)
            )
            found += [one.episode for one in page.items if one.episode is not None]
            if not page.items or len(found) >= page.total:
                break
        return sorted(
            (row for row in found if row.metadata.get("scope") == scope), key=lambda row: (row.recorded_at, row.seq)
        )  # fmt: skip

    def _record_once(self, session: str, scope: str, kept: Any, key: str) -> Mapping[str, Any]:
        """What is kept under a key: this, or what was there first."""
        row = self._memory.record(
            "pydantic-ai conversation", user=self._user, role="other", session=session, key=key,
            metadata={"scope": scope, "kept": kept},
        )  # fmt: skip
        return cast("Mapping[str, Any]", row.metadata["kept"])

    def _current_record(self, conversation: str) -> ConversationRecord | None:
        rows = list(self._rows(_session_name(conversation, "record"), scope=RECORDS))
        return self._check_exists(_record.validate_json(json.dumps(rows[-1]))) if rows else None

    def _records(self) -> list[ConversationRecord]:
        found = {str(row["conversation_id"]): row for row in self._rows(scope=RECORDS)}
        return [self._check_exists(_record.validate_json(json.dumps(row))) for row in found.values()]

    def _check_exists(self, record: ConversationRecord) -> ConversationRecord:
        if record.head_id is not None:
            self._homes[record.head_id] = record.conversation_id
        return record

    def _write(self, record: ConversationRecord, new: Sequence[ConversationEntry], expected: str | None) -> None:
        current = self._current_record(record.conversation_id)
        if (current.revision if current is not None else None) != expected:
            raise ConversationConflict(record.conversation_id)
        added, head = {entry.id for entry in new}, record.head_id
        held = head is None or head in added or (current is not None and head == current.head_id)
        if not held and head not in self._entries():
            raise ConversationConflict(record.conversation_id)
        for entry in new:
            kept = {"id": entry.id, "parent": entry.parent_id, "message": fit_to_size(trees_of([entry.message])[0])}
            self._record_once(_session_name(record.conversation_id, "log"), ENTRIES, kept, f"{HOST}:entry:{entry.id}")
        if self._claim_revision(record, expected) != record.revision:
            self._forget(_session_name(record.conversation_id, "log"), ENTRIES, lambda row: row["id"] in added)
            raise ConversationConflict(record.conversation_id)

    def _claim_revision(self, record: ConversationRecord, expected: str | None) -> str:
        """The revision that follows the expected one: whoever is first under its key."""
        session, kept = _session_name(record.conversation_id, "record"), _record.dump_python(record, mode="json")
        for life in range(_MAX_RESTARTS if expected is None else 1):
            key = f"{HOST}:after:{expected or f'{life}:{record.conversation_id}'}"
            try:
                return str(self._record_once(session, RECORDS, kept, key[:256])["revision"])
            except ErasedError:  # it was deleted, and begins anew
                continue
        raise ConversationConflict(record.conversation_id)

    def _delete(self, conversation: str, expected: str) -> None:
        current = self._current_record(conversation)
        if current is None or current.revision != expected:
            raise ConversationConflict(conversation)
        entries, used = self._entries(), set[str]()
        for record in self._records():
            if record.conversation_id != conversation:
                for tip in (record.head_id, *record.branches):
                    while tip is not None and tip in entries and tip not in used:
                        used.add(tip)
                        tip = entries[tip].parent_id  # noqa: PLW2901 (walking up)
        self._forget(_session_name(conversation, "record"), RECORDS, lambda _: True)
        self._forget(None, ENTRIES, lambda row: row["id"] not in used)

    def _forget(self, session: str | None, scope: str, which: Any) -> None:
        ids = [row.id for row in self._episodes(session, scope=scope) if which(row.metadata["kept"])]
        if ids:
            self._memory.forget_many(ids, user=self._user)

    def _entries(self, conversation: str | None = None) -> dict[str, ConversationEntry]:
        """Entries by id: of one log, or all."""
        rows = list(self._rows(None if conversation is None else _session_name(conversation, "log"), scope=ENTRIES))
        messages = ModelMessagesTypeAdapter.validate_json(json.dumps([row["message"] for row in rows]))
        return {
            str(row["id"]): ConversationEntry(id=str(row["id"]), parent_id=row["parent"], message=message)
            for row, message in zip(rows, messages, strict=True)
        }

    def _history(self, head: str | None, limit: int | None) -> list[ConversationEntry]:
        entries = self._entries(self._homes[head]) if head in self._homes else {}
        line: list[ConversationEntry] = []
        everything = False
        while head is not None and (limit is None or len(line) < limit):
            if head not in entries and not everything:  # a fork shares what another conversation's log holds
                entries, everything = self._entries(), True
            line.append(entries[head])
            head = line[-1].parent_id
        return line[::-1]


def _session_name(conversation: str, what: str) -> str:
    """The store's session for a part of a conversation."""
    return f"{HOST}:{what}:{conversation}"[:256]

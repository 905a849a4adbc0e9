"""A session of OpenAI's Agents SDK kept in Eider: every process goes on with it, and what lasts in it is learned."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast
from uuid import uuid4

from eider.api.conversation import Conversation
from eider.api.host_values import MAX_ATTACHMENT, cut_texts, reference_text, repaired_tree, with_references
from eider.model.errors import EiderError
from eider.model.validation import MAX_METADATA, MAX_TEXT
from eider.privacy import recall_marks
from eider_openai.reading import Item, items_of
from eider_openai.wrapped import HOST

if TYPE_CHECKING:
    from agents.memory import SessionSettings

    from eider import Eider, Episode
    from eider.model.values import Origin, Role

_PAGE: Final = 10_000
_NO_TEXT: Final = "(no words)"
_CHANNEL: Final[dict[str, tuple[Role, Origin]]] = {"user": ("user", "user"), "agent": ("agent", "agent")}


class EiderSession:
    """The items of one session, in order; what the user says is learned from as a reply to the agent.

    result = await Runner.run(agent, "Hello", session=EiderSession(memory, "chat-7", user="ada"))
    """

    session_settings: SessionSettings | None = None
    """As the SDK has it: `limit` of items given to a run."""

    def __init__(
        self, memory: Eider, session_id: str, *, user: str | None = None, scopes: Sequence[str] = (), learn: bool = True
    ) -> None:
        """Go on with a session, or begin it.

        Args:
            memory: An open memory.
            session_id: Name of the session.
            user: Whose; by default as `eider.open` was told.
            scopes: What is learned is kept under the first.
            learn: Whether what the user says is learned from, and not only kept.

        Raises:
            InputError: Nobody said whose it is.
        """
        self._conversation = Conversation(memory, user=user, session=session_id, scopes=scopes, host=HOST)
        self._conversation.require_user()
        self.session_id, self._learn = session_id, learn

    async def get_items(self, limit: int | None = None) -> list[Any]:
        """The items of the session, oldest first.

        Args:
            limit: The last so many, from a message of the user on, so that no output comes without its call; of a longer
                turn all of it.
        """
        if limit is None and self.session_settings is not None:
            limit = self.session_settings.limit
        return await asyncio.to_thread(self._get, limit)

    async def add_items(self, items: list[Any]) -> None:
        """Keep items; where memory fails a run goes on without, and one warning says so."""
        await asyncio.to_thread(self._add, items)

    async def pop_item(self) -> Any:
        """Erase the last item and return it; None where there is none."""
        return await asyncio.to_thread(self._pop)

    async def clear_session(self) -> None:
        """Erase the session for good, with what was learned from it alone."""
        await asyncio.to_thread(self._clear)

    def flush(self, timeout: float = 2.0) -> bool:
        """Wait until all that was added is learned from; False when that takes longer than `timeout` seconds."""
        return self._conversation.flush(timeout)

    async def aflush(self, timeout: float = 2.0) -> bool:  # noqa: ASYNC109 (the same as `flush`)
        """`flush` for async code."""
        return await self._conversation.aflush(timeout)

    # ------------------------------------------------------------------

    def _rows(self, *, every: bool = False) -> list[Episode]:
        found: list[Episode] = []
        total = 1
        while len(found) < total:
            page = self._conversation.memory.search(
                user=self._conversation.user, session=self.session_id, kinds=["episode"], limit=_PAGE, offset=len(found)
            )
            found += [r.episode for r in page.items if r.episode is not None]
            total = page.total if page.items else 0
        return sorted((e for e in found if every or "item" in e.metadata), key=lambda e: e.seq)

    def _get(self, limit: int | None) -> list[Any]:
        try:
            items = [_item_of(row) for row in self._rows()]
        except (EiderError, OSError) as error:
            self._conversation.warn_of_failure(error)
            return []
        return latest(items, limit)

    def _add(self, items: Sequence[Any]) -> None:
        try:
            answering, answering_key, tainted = self._last_answer()
            for item in items:
                kept = kept_item(item)
                said = next(iter(items_of({"input": [kept]})), Item(who="other"))
                key = f"{HOST}:{uuid4().hex}"
                role, door = _CHANNEL.get(said.who, ("other", "tool"))
                words = said.text[:MAX_TEXT]
                tell = partial(
                    self._conversation.memory.channel(HOST, "tool" if tainted and door == "agent" else door).record,
                    words if recall_marks.strip(words).strip() else _NO_TEXT, user=self._conversation.user, role=role,
                    session=self.session_id, metadata={"item": kept},
                )  # fmt: skip
                tell(key=f"{key}:user" if role == "user" else key)
                if said.who == "user":
                    tainted = False
                    if self._learn:
                        self._conversation.user_said(
                            said.text, answering=answering, key=key, answering_key=answering_key
                        )
                elif said.who == "agent" and said.text:
                    answering, answering_key = said.text, key
                tainted = tainted or said.who in ("tool", "server")
        except (EiderError, OSError) as error:
            self._conversation.warn_of_failure(error)

    def _last_answer(self) -> tuple[str, str | None, bool]:
        """The agent's last words, the key they are kept under, and whether the session ends with the answer of a tool."""
        page = self._conversation.memory.search(
            user=self._conversation.user, session=self.session_id, kinds=["episode"], limit=50
        )
        rows = sorted((r.episode for r in page.items if r.episode is not None), key=lambda e: e.seq)
        said = next((row for row in reversed(rows) if row.role == "agent" and row.text != _NO_TEXT), None)
        return ("", None, False) if said is None else (said.text, said.key, rows[-1].role == "other")

    def _pop(self) -> Any:
        self._conversation.flush()
        rows = self._rows()
        if not rows:
            return None
        self._conversation.memory.forget_many([rows[-1].id], user=self._conversation.user, wait=False)
        return _item_of(rows[-1])

    def _clear(self) -> None:
        self._conversation.flush()
        if ids := [row.id for row in self._rows(every=True)]:
            self._conversation.memory.forget_many(ids, user=self._conversation.user, wait=False)


def kept_item(item: Any) -> dict[str, Any]:
    """An item as a row keeps it: repaired, with large pictures and files named by type, size and digest."""
    tree: Any = repaired_tree(item if isinstance(item, dict) else item.model_dump(exclude_none=True, warnings=False))
    for most in (MAX_ATTACHMENT, 0):
        kept = with_references(tree, lambda about: {"type": "input_text", "text": reference_text(about)}, most)
        if len(json.dumps(kept, ensure_ascii=False)) <= MAX_METADATA:
            return kept
    return cut_texts(tree)


def latest(items: Sequence[Any], limit: int | None) -> list[Any]:
    """The last so many items, beginning with what the user said; of a longer turn all of it."""
    if limit is None or len(items) <= limit:
        return [*items]
    if limit <= 0:
        return []
    starts = [
        place
        for place, item in enumerate(items)
        if isinstance(item, dict) and cast("dict[str, Any]", item).get("role") == "user"
    ]
    first = next((place for place in starts if place >= len(items) - limit), starts[-1] if starts else len(items))
    return [*items[first:]]


def _item_of(row: Episode) -> Any:
    """The item of a row; what cannot be read is a message that says so, so that the others load."""
    item = row.metadata.get("item")
    if isinstance(item, dict) and ("role" in item or "type" in item):
        return item
    return {"role": "assistant", "content": f"[a damaged item, kept as {row.id}] {row.text}"}

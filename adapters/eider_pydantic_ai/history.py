"""Message histories of pydantic-ai in a store: what is saved for a session is what is loaded again, in any process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    TextPart,
    UserPromptPart,
)

from eider.api.host_values import MAX_ATTACHMENT, reference_text, repaired_tree, with_references
from eider.model.errors import InputError
from eider.privacy import recall_marks
from eider.privacy.redact import redact_tree
from eider_pydantic_ai.toolset import HOST

if TYPE_CHECKING:
    from eider import Eider
    from eider.model.values import Episode

SCOPE: Final = "pydantic-ai:messages"
"""Where messages are kept: a recall that names scopes does not meet them."""
MAX_MESSAGE_BYTES: Final = 900_000
"""Bytes that a message may take as JSON; a row holds a million characters with what stands around it."""
_TEXT_LIMITS: Final = (250_000, 16_000, 4_000, 1_000, 250, 60, 10)
"""Characters left of each text of a message that is too large, tried one after the other."""
_PAGE: Final = 10_000


class EiderHistory:
    """Keeps the messages of each session.

    history = EiderHistory(memory, user="ada")
    result = agent.run_sync(prompt, message_history=history.load("chat-7"))
    history.save("chat-7", result.all_messages())

    Messages are kept as data, not learned from: that is the capability's part. Secrets are redacted, what memory gave
    out is left out, characters that no database holds are repaired. Files beyond 16 kB are named by type, size and
    digest, and a message beyond 900 kB is kept with its long texts cut.
    """

    def __init__(self, memory: Eider, *, user: str | None = None) -> None:
        """Open the histories of one user; by default whose `eider.open` was told."""
        self._memory, self._user = memory.channel(HOST, "agent"), user

    def load(self, session: str, *, limit: int | None = None) -> list[ModelMessage]:
        """The messages of a session, oldest first.

        Args:
            session: Name of the conversation.
            limit: At least so many of the last: they begin with the user's words, so that no tool's answer comes
                without its call.
        """
        if limit is not None and limit < 1:
            raise InputError(f"limit={limit} is no number of messages; pass 1 or more, or nothing for all.")
        messages = [_message_of(row) for row in self._rows(session)]
        return messages if limit is None else messages[_turn_start(messages, limit) :]

    def save(self, session: str, messages: Sequence[ModelMessage]) -> None:
        """Make these the messages of a session: new ones are added, and what is no longer among them is erased."""
        rows, trees = self._rows(session), trees_of(messages)
        names = [digest(tree) for tree in trees]
        known = [row.metadata.get("digest") for row in rows]
        same = next((i for i, pair in enumerate(zip(known, names, strict=False)) if pair[0] != pair[1]), None)
        same = min(len(known), len(names)) if same is None else same
        self._erase(rows[same:])
        self._add(session, trees[same:], same)

    def append(self, session: str, messages: Sequence[ModelMessage]) -> None:
        """Add messages to a session, such as `result.new_messages()`."""
        self._add(session, trees_of(messages), len(self._rows(session)))

    def delete(self, session: str) -> None:
        """Erase a session for good."""
        self._erase(self._rows(session))

    async def aload(self, session: str, *, limit: int | None = None) -> list[ModelMessage]:
        """`load` for async code."""
        return await asyncio.to_thread(self.load, session, limit=limit)

    async def asave(self, session: str, messages: Sequence[ModelMessage]) -> None:
        """`save` for async code."""
        await asyncio.to_thread(self.save, session, messages)

    async def aappend(self, session: str, messages: Sequence[ModelMessage]) -> None:
        """`append` for async code."""
        await asyncio.to_thread(self.append, session, messages)

    async def adelete(self, session: str) -> None:
        """`delete` for async code."""
        await asyncio.to_thread(self.delete, session)

    # ------------------------------------------------------------------

    def _rows(self, session: str) -> list[Episode]:
        page = self._memory.search(kinds=["episode"], user=self._user, session=_session_name(session), limit=_PAGE)
        return sorted((one.episode for one in page.items if one.episode is not None), key=lambda row: row.seq)

    def _add(self, session: str, trees: Sequence[dict[str, Any]], first: int) -> None:
        items: list[dict[str, object]] = [
            {
                "text": f"pydantic-ai message {number}", "role": "other", "session": _session_name(session),
                "metadata": {"scope": SCOPE, "digest": digest(tree), "message": storable(tree)},
            }
            for number, tree in enumerate(trees, first)
        ]  # fmt: skip
        if items:
            self._memory.record_many(items, user=self._user)

    def _erase(self, rows: Sequence[Episode]) -> None:
        if rows:
            self._memory.forget_many([row.id for row in rows], user=self._user)


def trees_of(messages: Sequence[ModelMessage]) -> list[dict[str, Any]]:
    """Messages as JSON, with characters that no database holds repaired."""
    return repaired_tree(ModelMessagesTypeAdapter.dump_python(list(messages), mode="json"))


def digest(tree: dict[str, Any]) -> str:
    """Tells a message from others; short, so that it says nothing of what is in it."""
    return sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()[:16]


def storable(tree: dict[str, Any]) -> dict[str, Any]:
    """A message as it is kept: without secrets, small enough, and certain to load again.

    Raises:
        InputError: It could not be read back.
    """
    kept = fit_to_size(tree)
    for tried in (redact_tree(kept), redact_tree(with_references(kept, reference_text, 0))):
        if parse_message(tried) is not None:
            return {**tried}
    raise InputError(
        f"a message of kind {tree.get('kind')!r} cannot be read back once its secrets are redacted; leave it out."
    )


def parse_message(tree: object) -> ModelMessage | None:
    """A kept message, or None where it is none."""
    try:
        return ModelMessagesTypeAdapter.validate_json(json.dumps([tree]))[0]
    except ValueError:
        return None


def _message_of(row: Episode) -> ModelMessage:
    """The message of a row; what cannot be read is a message that says so, so that the others load."""
    message = parse_message(row.metadata.get("message"))
    return message or ModelResponse(parts=[TextPart(f"[a damaged message, kept as {row.id}]")], timestamp=row.at)


def fit_to_size(tree: dict[str, Any]) -> dict[str, Any]:
    """A message without what memory gave out, small enough to be kept."""
    kept: Any = _map_texts(tree, recall_marks.strip)
    for most in (MAX_ATTACHMENT, 0):
        kept = with_references(kept, reference_text, most)
        if _size(kept) <= MAX_MESSAGE_BYTES:
            return kept
    for most in _TEXT_LIMITS:
        if _size(kept) <= MAX_MESSAGE_BYTES:
            return kept
        kept = _map_texts(
            kept,
            lambda text, most=most: (
                text if len(text) <= most + 40 else f"{text[:most]}… [{len(text) - most:,} more characters]"
            ),
        )
    if _size(kept) <= MAX_MESSAGE_BYTES:
        return kept
    raise InputError(f"a message of {_size(tree):,} bytes has too many parts to be kept; save it in several messages.")


def _size(tree: object) -> int:
    return len(json.dumps(tree, ensure_ascii=False).encode())


def _map_texts(tree: Any, change: Any) -> Any:
    """A tree with each of its texts changed."""
    if isinstance(tree, str):
        return change(tree)
    if isinstance(tree, list):
        return [_map_texts(one, change) for one in cast("list[Any]", tree)]
    if isinstance(tree, dict):
        return {name: _map_texts(one, change) for name, one in cast("dict[str, Any]", tree).items()}
    return tree


def _session_name(session: str) -> str:
    """The store's session, beside the one in which the same conversation is learned from."""
    return f"{HOST}:{session}"


def _turn_start(messages: Sequence[ModelMessage], limit: int) -> int:
    """Where the turn begins that the last `limit` messages begin in."""
    for place in range(max(0, len(messages) - limit), -1, -1):
        message = messages[place] if messages else None
        if isinstance(message, ModelRequest) and any(isinstance(part, UserPromptPart) for part in message.parts):
            return place
    return 0

"""LlamaIndex's `Memory` with both ends wired: everything said is kept, and what helps comes back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from llama_index.core.memory import BaseMemoryBlock, Memory

from eider_llamaindex.block import EiderMemoryBlock
from eider_llamaindex.chat_store import EiderChatStore
from eider_llamaindex.wording import block_template

if TYPE_CHECKING:
    from llama_index.core.storage.chat_store.base_db import AsyncDBChatStore

    from eider import Eider


def eider_memory(
    memory: Eider, *, user: str | None = None, session: str | None = None, scopes: Sequence[str] = (),
    context: str | None = None, budget: int = 400, loop: str | None = None, guidance: bool = True,
    memory_blocks: Sequence[BaseMemoryBlock[Any]] = (), chat_store: AsyncDBChatStore | None = None,
    restore: bool = True, **settings: Any,
) -> Memory:  # fmt: skip
    """A `Memory` for chat engines and agents: `agent.run("…", memory=eider_memory(store, user="ada"))`.

    Args:
        memory: An open memory.
        user: Whose, unless `speaking(user=…)` says otherwise; by default as `eider.open` was told.
        session: Name of the conversation; the same name goes on where an earlier process stopped.
        scopes: Where the agent works; what is learned is kept under the first.
        context: What the work is about.
        budget: Most tokens of recalled lines in one prompt.
        loop: Open loop that this belongs to.
        guidance: Whether the user's rules and preferences enter each prompt.
        memory_blocks: Further blocks.
        chat_store: Keeps the conversation; by default this process does.
        restore: Whether a conversation goes on where an earlier process stopped.
        settings: What else `Memory.from_defaults` takes, such as `token_limit`.
    """
    whose: dict[str, Any] = {"user": user, "scopes": scopes, "context": context, "loop": loop}
    store = EiderChatStore(memory, inner=chat_store, restore=restore, **whose)
    block = EiderMemoryBlock(memory, budget=budget, guidance=guidance, learn=False, **whose)
    settings.setdefault("memory_blocks_template", block_template())
    return Memory.from_defaults(
        session_id=session, chat_store=store, memory_blocks=[block, *memory_blocks], **settings
    )  # fmt: skip

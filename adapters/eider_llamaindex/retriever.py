"""A retriever: what is remembered, as nodes for any query engine."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from llama_index.core.callbacks import CallbackManager
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from eider import Conversation
from eider.privacy import recall_marks
from eider_llamaindex.identity import HOST, current_conversation

if TYPE_CHECKING:
    from eider import Eider, Recollection

_FULL_TRUST: Final = 2


class EiderRetriever(BaseRetriever):
    """Recalls; where memory fails it finds nothing, and the query goes on.

    The text of each node is framed as recalled data, so that nothing in it passes for an instruction or is learned again.
    """

    def __init__(
        self, memory: Eider, *, user: str | None = None, session: str | None = None, scopes: Sequence[str] = (),
        loop: str | None = None, limit: int = 5, callback_manager: CallbackManager | None = None, **filters: Any,
    ) -> None:  # fmt: skip
        """Create it.

        Args:
            memory: An open memory.
            user: Whose, unless `speaking(user=…)` says otherwise; by default as `eider.open` was told.
            session: Only what was said in this conversation.
            scopes: Only these scopes and what is global; by default all.
            loop: Open loop that recalls belong to.
            limit: Most nodes.
            callback_manager: LlamaIndex's.
            filters: What else `Eider.recall` takes: kinds, origins, since, until, as_of, known_at, budget.
        """
        super().__init__(callback_manager=callback_manager)
        self._conversation = Conversation(memory, user=user, scopes=scopes, loop=loop, host=HOST)
        self._session, self._limit, self._filters = session, limit, filters

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        whose = current_conversation(self._conversation)
        whose.require_user()
        try:
            seen = [*dict.fromkeys((*whose.scopes, "global"))] if whose.scopes else None
            found = whose.memory.recall(
                query_bundle.query_str, user=whose.user, session=self._session, scopes=seen, loop=whose.loop,
                limit=self._limit, **self._filters,
            )  # fmt: skip
        except Exception as error:  # noqa: BLE001 (a query goes on whatever happens to its memory)
            self._conversation.warn_of_failure(error)
            return []
        return [node_of(one) for one in found]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


def node_of(found: Recollection) -> NodeWithScore:
    """One node; what is beside its text is for programs, and is shown to no model."""
    kind = found.memory.kind if found.memory is not None else "episode"
    item = found.memory or found.episode
    doubt = f" (said by: {item.origin})" if item is not None and found.trust < _FULL_TRUST else ""
    line = f"{' '.join(found.text.split())}{doubt}"
    about = {"eider_id": found.id, "eider_kind": kind, "eider_trust": found.trust, "eider_why": str(found.why)}
    node = TextNode(
        id_=found.id, text=recall_marks.mark([line], [found.id]), metadata=about,
        excluded_llm_metadata_keys=[*about], excluded_embed_metadata_keys=[*about],
    )  # fmt: skip
    return NodeWithScore(node=node, score=found.score)

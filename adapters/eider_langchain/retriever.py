"""A retriever that recalls memories and utterances as documents."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import set_config_context
from pydantic import PrivateAttr

from eider.api.conversation import Conversation
from eider.model.visible_text import visible_lines
from eider.privacy import recall_marks
from eider_langchain.identity import conversation_of_run
from eider_langchain.quietly import FailSafe

if TYPE_CHECKING:
    from eider.model.answers import Recollection


class EiderRetriever(BaseRetriever):
    """Recalls memories and utterances as documents, best first.

    Their text carries Eider's marks, so that a model takes it as data and nothing learns it a second time.

        retriever = EiderRetriever(memory=memory, user="ada", k=5)
        retriever.invoke("how should I format a review?")
    """

    memory: Any
    """An open `eider.Eider`."""
    user: str | None = None
    """Whose; by default as the run's context or config says, else as `eider.open` was told."""
    k: int = 5
    """Most documents; `invoke(…, k=…)` says otherwise for once."""
    scopes: Sequence[str] | None = None
    kinds: Sequence[str] | None = None
    """Only these kinds of memory; "episode" is what was said."""
    session: str | None = None
    """Only what was said in this session, and memories that rest on it."""
    budget: int | None = None
    """Most tokens in all."""
    loop: str | None = None
    """Open loop that recalls belong to."""
    marked: bool = True
    """Whether the text is framed as recalled. Without the frame it could be learned again as if somebody had said it."""
    _quietly: FailSafe = PrivateAttr(default_factory=FailSafe)

    def invoke(self, input: str, config: RunnableConfig | None = None, **kwargs: Any) -> list[Document]:  # noqa: A002
        """Recall, for whom the config says."""
        with set_config_context(config or {}) as context:
            return context.run(super().invoke, input, config, **kwargs)

    async def ainvoke(self, input: str, config: RunnableConfig | None = None, **kwargs: Any) -> list[Document]:  # noqa: A002
        """Run the sync method in a worker thread."""
        with set_config_context(config or {}) as context:
            recalled = context.run(asyncio.ensure_future, super().ainvoke(input, config, **kwargs))
            return await recalled

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        del run_manager
        return self._documents(query, k)

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        del run_manager
        return await asyncio.to_thread(self._documents, query, k)

    def _documents(self, query: str, k: int | None) -> list[Document]:
        whose = conversation_of_run(
            Conversation(self.memory, user=self.user, session=self.session, scopes=self.scopes or ())
        )
        scopes = [*whose.scopes, "global"] if whose.scopes else None
        ask = partial(
            self.memory.recall, query, user=whose.user, limit=self.k if k is None else k, scopes=scopes,
            kinds=self.kinds, session=self.session, budget=self.budget, loop=self.loop or whose.loop,
        )  # fmt: skip
        return [self._document(found) for found in self._quietly.answer_or(ask, [])]

    def _document(self, found: Recollection) -> Document:
        item: Any = found.memory or found.episode
        said = f"{found.episode.at:%Y-%m-%d} {found.episode.speaker}: {found.text}" if found.episode else found.text
        about = {
            "score": found.score, "trust": found.trust, "origin": item.origin, "why": str(found.why),
            "kind": getattr(item, "kind", "episode"), "scope": getattr(item, "scope", "global"),
            "at": getattr(item, "at", getattr(item, "valid_from", None)).isoformat(),  # pyright: ignore[reportOptionalMemberAccess] (one of the two)
        }  # fmt: skip
        text = recall_marks.mark([said], [found.id]) if self.marked else visible_lines(found.text)
        return Document(id=found.id, page_content=text, metadata=about)

"""A prompt template for query engines with the user's guidance before the question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from llama_index.core.prompts import PromptTemplate
from llama_index.core.prompts.default_prompts import DEFAULT_TEXT_QA_PROMPT_TMPL

from eider import Conversation
from eider_llamaindex.identity import HOST, current_conversation

if TYPE_CHECKING:
    from eider import Eider

_NAME: Final = "eider_guidance"


def guided(
    memory: Eider, template: str = DEFAULT_TEXT_QA_PROMPT_TMPL, *, user: str | None = None, scopes: Sequence[str] = (),
    context: str | None = None, loop: str | None = None,
) -> PromptTemplate:  # fmt: skip
    """A template for `index.as_query_engine(text_qa_template=guided(memory))`; guidance is compiled anew for each query.

    Args:
        memory: An open memory.
        template: What follows the guidance; by default LlamaIndex's own question.
        user: Whose, unless `speaking(user=…)` says otherwise; by default as `eider.open` was told.
        scopes: Where the agent works.
        context: What the work is about, where a query does not say it; facts enter only where they bear on it.
        loop: Open loop that this belongs to.
    """
    conversation = Conversation(memory, user=user, scopes=scopes, context=context, loop=loop, host=HOST)

    def guidance(query_str: str | None = None, **_: Any) -> str:
        current_conversation(conversation).require_user()
        try:
            text = current_conversation(conversation).guidance(existing=template, context=query_str).text
        except Exception as error:  # noqa: BLE001 (a query goes on whatever happens to its memory)
            conversation.warn_of_failure(error)
            return ""
        return f"{text}\n\n" if text else ""

    return PromptTemplate(f"{{{_NAME}}}{template}", function_mappings={_NAME: guidance})

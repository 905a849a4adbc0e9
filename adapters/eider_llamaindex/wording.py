"""How the content of memory blocks is worded, as LlamaIndex words it, without compiling its template at every step."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, TextBlock
from llama_index.core.memory.memory import DEFAULT_MEMORY_BLOCKS_TEMPLATE
from llama_index.core.prompts import RichPromptTemplate

Blocks = Sequence[tuple[str, Sequence[Any]]]
"""(name, content) of each memory block."""


class BlockTemplate(RichPromptTemplate):
    """The framework's own template for memory blocks; words alone are put in it by hand, which takes microseconds."""

    def format_messages(self, llm: Any = None, **kwargs: Any) -> list[ChatMessage]:
        """One message with all blocks."""
        blocks: Blocks = kwargs.get("memory_blocks", ())
        if not all(isinstance(block, TextBlock) for _, content in blocks for block in content):
            return super().format_messages(llm, **kwargs)
        lines = ["<memory>"]
        for name, content in blocks:
            lines += [f"<{name}>", *(block.text for block in content), f"</{name}>"]
        return [ChatMessage(role="user", content="\n".join([*lines, "</memory>"]))]


@cache
def block_template() -> BlockTemplate:
    """The template; making it compiles the framework's once."""
    return BlockTemplate(DEFAULT_MEMORY_BLOCKS_TEMPLATE.template_str)  # pyright: ignore[reportCallIssue] (it is no dataclass)

"""A LlamaIndex query engine that learns: it is told once how to answer, and does so from then on.

Runs without a key on a mock model. With ANTHROPIC_API_KEY set, and `pip install llama-index-llms-anthropic`, on a real one.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from llama_index.core import Document, MockEmbedding, VectorStoreIndex
from llama_index.core.llms import LLM, CompletionResponse, MockLLM
from llama_index.core.llms.callbacks import llm_completion_callback

import eider
from eider_llamaindex import EiderEventHandler, guided

HANDBOOK = (
    "Reviews are written in the pull request. Name the file and the line, say what is wrong, and propose a change."
)


class Shown(MockLLM):
    """Answers the same each time, and shows what it was asked to obey."""

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponse:
        """Answer."""
        del formatted
        rules = prompt.partition("Context information")[0].strip()
        print(f"  the model is asked to obey: {rules or 'nothing yet'}")
        return CompletionResponse(text="- Name the file.\n- Say what is wrong.\n- Propose a change.")


def model() -> LLM:
    """A real model where there is a key."""
    if os.environ.get("ANTHROPIC_API_KEY"):
        from llama_index.llms.anthropic import Anthropic  # pyright: ignore[reportMissingImports]

        return Anthropic(model="claude-haiku-4-5")
    return Shown()


def ask(store: Path, *questions: str) -> None:
    """One process: open the memory, build the engine, ask."""
    with eider.open(store, user="ada") as memory, EiderEventHandler(memory):
        index = VectorStoreIndex.from_documents([Document(text=HANDBOOK)], embed_model=MockEmbedding(embed_dim=8))
        engine = index.as_query_engine(llm=model(), text_qa_template=guided(memory))
        for question in questions:
            print(f"> {question}")
            print(engine.query(question))


with tempfile.TemporaryDirectory() as place:
    memory_path = Path(place) / "memory.eider"
    ask(memory_path, "How do I write a review?", "No, please write in paragraphs.")
    print("\n… a day later, in another process …\n")
    ask(memory_path, "How do I write a commit message?")
    with eider.open(memory_path, user="ada") as kept:
        print("\nlearned:", *(hit.text for hit in kept.recall("how are answers written?", kinds=["rule"])))

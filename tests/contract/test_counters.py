"""Counters keep the contract: the built-in estimate, a fake, and a real tokenizer."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import tokenizers
import wordllama

from eider.model.protocols import TokenCounter
from eider.providers.token_budget import HeuristicCounter
from eider.testing.contracts_counter import TokenCounterContract


class TestHeuristicCounter(TokenCounterContract):
    """The estimate used when nothing better is given."""

    def counter(self) -> TokenCounter:
        return HeuristicCounter()


class CharacterCounter:
    """One token per character: the simplest counter there is."""

    def count(self, text: str) -> int:
        return len(text)


class TestCharacterCounter(TokenCounterContract):
    """A fake."""

    def counter(self) -> TokenCounter:
        return CharacterCounter()


class LlamaCounter:
    """A byte-pair tokenizer whose file comes with a dependency."""

    def count(self, text: str) -> int:
        return len(llama().encode(text.encode("utf-8", "replace").decode(), add_special_tokens=False).ids)


@cache
def llama():  # noqa: ANN201 (the package has no types)
    """The tokenizer of the default embedder's wheel."""
    file = Path(wordllama.__file__).parent / "tokenizers" / "l2_supercat_tokenizer_config.json"
    return tokenizers.Tokenizer.from_file(str(file))


class TestLlamaCounter(TokenCounterContract):
    """A real tokenizer keeps it as well, so the contract asks nothing unnatural."""

    def counter(self) -> TokenCounter:
        return LlamaCounter()

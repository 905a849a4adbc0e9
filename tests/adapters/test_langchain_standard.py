"""LangChain's own standard suites: retriever, key-value stores, tools."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.tools import BaseTool
from langchain_tests.integration_tests import (
    BaseStoreAsyncTests,
    BaseStoreSyncTests,
    RetrieversIntegrationTests,
    ToolsIntegrationTests,
)
from langchain_tests.unit_tests import ToolsUnitTests

import eider
from eider_langchain import EiderByteStore, EiderRetriever, memory_tools


class _Opened:
    """Each test has a store of its own."""

    memory: eider.Eider

    @pytest.fixture(autouse=True)
    def _open(self, tmp_path: Path) -> Iterator[None]:
        with eider.open(tmp_path / "m.eider", user="ada") as self.memory:
            yield


class TestRetriever(_Opened, RetrieversIntegrationTests):
    @property
    def retriever_constructor(self) -> type[EiderRetriever]:
        return EiderRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        self.memory.remember_many([f"Ada picked {n} apples on day {n}." for n in range(1, 13)])
        return {"memory": self.memory}

    @property
    def retriever_query_example(self) -> str:
        return "How many apples did Ada pick?"


class TestByteStore(_Opened, BaseStoreSyncTests[bytes]):
    @pytest.fixture
    def kv_store(self) -> EiderByteStore:
        return EiderByteStore(self.memory)

    @pytest.fixture
    def three_values(self) -> tuple[bytes, bytes, bytes]:
        return b"foo", b"\x00\xff\xfe\xfd", b""


class TestByteStoreAsync(_Opened, BaseStoreAsyncTests[bytes]):
    @pytest.fixture
    async def kv_store(self) -> AsyncIterator[EiderByteStore]:
        yield EiderByteStore(self.memory)

    @pytest.fixture
    def three_values(self) -> tuple[bytes, bytes, bytes]:
        return b"foo", b"\x00\xff\xfe\xfd", b""


class _Tool(_Opened):
    @property
    def tool_constructor(self) -> BaseTool:
        return memory_tools(self.memory, only=[self.name])[0]

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return self.example

    name: str
    example: dict[str, Any]


class _Remember(_Tool):
    name = "remember"
    example = {"text": "Ada prefers snake_case.", "kind": "preference"}


class _Recall(_Tool):
    name = "recall"
    example = {"query": "Which case does Ada prefer?"}


class TestRememberUnit(_Remember, ToolsUnitTests): ...


class TestRemember(_Remember, ToolsIntegrationTests): ...


class TestRecallUnit(_Recall, ToolsUnitTests): ...


class TestRecall(_Recall, ToolsIntegrationTests): ...

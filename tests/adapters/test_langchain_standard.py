"""LangChain's own standard suites: retriever, key-value stores, tools."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from langchain_core.tools import BaseTool
from langchain_tests.integration_tests import (
    RetrieversIntegrationTests,
    ToolsIntegrationTests,
)
from langchain_tests.unit_tests import ToolsUnitTests

import eider
from eider_langchain import EiderRetriever, memory_tools


class _Opened:
    """Each suite has a store of its own."""

    memory: eider.Eider

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _open(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
        with eider.open(tmp_path_factory.mktemp("standard") / "m.eider", user="ada") as cls.memory:
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


class _Tool(_Opened):
    @property
    def tool_constructor(self) -> BaseTool:
        return memory_tools(self.memory, only=[self.name])[0]

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return self.example

    name: str
    example: ClassVar[dict[str, Any]]


class _Remember(_Tool):
    name = "remember"
    example: ClassVar[dict[str, Any]] = {"text": "Ada prefers snake_case.", "kind": "preference"}


class _Recall(_Tool):
    name = "recall"
    example: ClassVar[dict[str, Any]] = {"query": "Which case does Ada prefer?"}


class TestRememberUnit(_Remember, ToolsUnitTests): ...


class TestRemember(_Remember, ToolsIntegrationTests): ...


class TestRecallUnit(_Recall, ToolsUnitTests): ...


class TestRecall(_Recall, ToolsIntegrationTests): ...

"""The seven tools with which an agent uses its memory itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from llama_index.core.tools import FunctionTool, ToolMetadata
from llama_index.core.tools.tool_spec.base import SPEC_FUNCTION_TYPE, BaseToolSpec
from pydantic import BaseModel, ConfigDict, create_model

from eider import Conversation
from eider.api.tools import PREFIX, TOOLS, error_answer
from eider.model.errors import InputError
from eider_llamaindex.identity import HOST, current_conversation

if TYPE_CHECKING:
    from eider import Eider


_ANYBODY: Final = "anybody"
"""What the tools are does not depend on whose they are."""


class EiderTool(FunctionTool):
    """One tool; what it answers is known already, and is not learned again."""

    of_eider: ClassVar[bool] = True


class EiderToolSpec(BaseToolSpec):
    """Remember, recall, search, forget, correct, reinforce, signal_outcome: `FunctionAgent(tools=[*spec.to_tool_list()])`.

    A tool answers with JSON and never raises; what was recalled comes framed as data.
    """

    spec_functions: ClassVar[list[SPEC_FUNCTION_TYPE]] = [*TOOLS]  # pyright: ignore[reportIncompatibleVariableOverride] (as every spec does)

    def __init__(
        self, memory: Eider, *, user: str | None = None, session: str | None = None, scopes: Sequence[str] = (),
        context: str | None = None, loop: str | None = None, prefix: str = PREFIX,
    ) -> None:  # fmt: skip
        """Bind the tools.

        Args:
            memory: An open memory.
            user: Whose, unless `speaking(user=…)` says otherwise; by default as `eider.open` was told.
            session: Name of the conversation.
            scopes: Where the agent works: it sees these and what is global, and keeps things under the first.
            context: What the work is about.
            loop: Open loop that recalls belong to and an outcome is told of.
            prefix: Put before the names of the tools, so that they do not meet the agent's own.
        """
        self._prefix = prefix
        self._conversation = Conversation(
            memory, user=user, session=session, scopes=scopes, context=context, loop=loop, host=HOST
        )

    def remember(self, **arguments: Any) -> str:
        """Keep a statement."""
        return self._answer("remember", arguments)

    def recall(self, **arguments: Any) -> str:
        """Look something up."""
        return self._answer("recall", arguments)

    def search(self, **arguments: Any) -> str:
        """List what is kept."""
        return self._answer("search", arguments)

    def forget(self, **arguments: Any) -> str:
        """Erase for good."""
        return self._answer("forget", arguments)

    def correct(self, **arguments: Any) -> str:
        """Replace a statement."""
        return self._answer("correct", arguments)

    def reinforce(self, **arguments: Any) -> str:
        """Say that a memory was useful."""
        return self._answer("reinforce", arguments)

    def signal_outcome(self, **arguments: Any) -> str:
        """Tell how the work went."""
        return self._answer("signal_outcome", arguments)

    def get_fn_schema_from_fn_name(
        self, fn_name: str, spec_functions: list[SPEC_FUNCTION_TYPE] | None = None
    ) -> type[BaseModel] | None:
        """The arguments of a tool."""
        about = self.get_metadata_from_fn_name(fn_name, spec_functions)
        return None if about is None else about.fn_schema

    def get_metadata_from_fn_name(
        self, fn_name: str, spec_functions: list[SPEC_FUNCTION_TYPE] | None = None
    ) -> ToolMetadata | None:
        """A tool as a model sees it; None for another function."""
        del spec_functions
        toolbox = self._conversation.of(user=_ANYBODY).toolbox(self._prefix)
        known = {d["name"]: d for d in toolbox.definitions()}
        definition = known.get(f"{self._prefix}{fn_name}")
        return None if definition is None else _metadata(definition)

    def to_tool_list(
        self, spec_functions: list[SPEC_FUNCTION_TYPE] | None = None,
        func_to_metadata_mapping: dict[str, ToolMetadata] | None = None,
    ) -> list[FunctionTool]:  # fmt: skip
        """The tools, or those that are named.

        Raises:
            InputError: There is no such tool.
        """
        chosen = [one if isinstance(one, str) else one[0] for one in spec_functions or self.spec_functions]
        for name in chosen:
            if name not in TOOLS:
                raise InputError(f"there is no tool {name!r}; use {', '.join(TOOLS)}.")
        about = func_to_metadata_mapping or {}
        return [self._tool(name, about.get(name) or self.get_metadata_from_fn_name(name)) for name in chosen]

    def _tool(self, name: str, metadata: ToolMetadata | None) -> EiderTool:
        def call(**arguments: Any) -> str:
            return self._answer(name, arguments)

        async def acall(**arguments: Any) -> str:
            return await asyncio.to_thread(self._answer, name, arguments)

        return EiderTool(fn=call, async_fn=acall, metadata=metadata)

    def _answer(self, name: str, arguments: Mapping[str, Any]) -> str:
        try:
            answer = current_conversation(self._conversation).toolbox().call(name, arguments)
        except InputError as error:
            answer = error_answer(error)
        return json.dumps(answer, ensure_ascii=False, default=str)


def _metadata(definition: Mapping[str, Any]) -> ToolMetadata:
    """The tool as a model sees it: core's own schema, behind the class that LlamaIndex wants."""
    name, schema = definition["name"], definition["parameters"]

    class Given(BaseModel):
        model_config = ConfigDict(extra="allow")

        @classmethod
        def model_json_schema(cls, *_: Any, **__: Any) -> dict[str, Any]:
            return dict(schema)

    arguments = create_model(f"{name.title().replace('_', '')}Arguments", __base__=Given)
    return ToolMetadata(name=name, description=definition["description"], fn_schema=arguments)

"""The MCP resources: the policy, the latest memories, a memory by its id."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from mcp.shared.exceptions import MCPError
from mcp.types import INTERNAL_ERROR, INVALID_PARAMS, Completion, ResourceTemplateReference

from eider.api.tools import Answer, error_answer
from eider.model.errors import EiderError, UnknownIdError

if TYPE_CHECKING:
    from mcp.server import MCPServer

    from eider_mcp.access import MemoryAccess

MEMORY: Final = "eider://memory/{id}"
_MAX_COMPLETIONS: Final = 100
"""Values of one completion at most, as the protocol has it."""


def add_resources(server: MCPServer[Any], access: MemoryAccess) -> None:
    """Give a server the resources of a memory."""

    @server.resource(
        "eider://policy", name="policy", title="Policy", mime_type="text/plain",
        description="What the user wants agents to obey: rules, preferences and decisions from earlier conversations.",
    )  # fmt: skip
    def policy() -> str:
        return str(_answer_or_raise(access.policy)["text"])

    @server.resource(
        "eider://recent", name="recent", title="Kept last", mime_type="text/plain",
        description="The latest of what is kept, framed as data.",
    )  # fmt: skip
    def recent() -> str:
        answer = access.recent()
        if "error" in answer:
            raise _protocol_error(INTERNAL_ERROR, answer)
        return str(answer["text"])

    @server.resource(
        MEMORY, name="memory", title="A memory", mime_type="application/json",
        description="One memory by its id: what it says, what it rests on, and whether it still holds.",
    )  # fmt: skip
    def memory(id: str) -> str:  # noqa: A002 (the word users know)
        return json.dumps(_answer_or_raise(access.why, id), ensure_ascii=False)

    @server.completion()
    async def complete(ref: Any, argument: Any, context: Any) -> Completion | None:
        del context
        if not (isinstance(ref, ResourceTemplateReference) and ref.uri == MEMORY and argument.name == "id"):
            return None
        from anyio import to_thread

        try:
            found = await to_thread.run_sync(access.matching_ids, argument.value, abandon_on_cancel=True)
        except EiderError:
            return None
        return Completion(values=found[:_MAX_COMPLETIONS], has_more=len(found) > _MAX_COMPLETIONS)

    del policy, recent, memory, complete


def _answer_or_raise(ask: Any, *arguments: str) -> dict[str, Any]:
    """What was asked for; a fault in the words of the protocol, with the fix."""
    try:
        return ask(*arguments)
    except EiderError as error:
        code = INVALID_PARAMS if isinstance(error, UnknownIdError) else INTERNAL_ERROR
        raise _protocol_error(code, error_answer(error)) from None


def _protocol_error(code: int, answer: Answer) -> MCPError:
    """A fault as the protocol has it; the SDK hands no other on in its own words."""
    fault = answer.get("error") or {"message": str(answer.get("why")), "fix": "ask again."}
    return MCPError(code=code, message=f"{fault['message']}; {fault['fix']}")

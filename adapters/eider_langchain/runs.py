"""Nodes of a LangGraph graph as steps of a run: what each gives is kept, and a crashed run goes on where it stopped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from langchain_core.documents import Document
from langchain_core.messages import BaseMessage, ToolMessage, message_to_dict, messages_from_dict
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langgraph.errors import GraphBubbleUp
from langgraph.types import Command, Send

from eider.model.errors import InputError

if TYPE_CHECKING:
    from langgraph.graph import StateGraph

    from eider.api.run import OpenRun
    from eider.api.run_steps import StepBlock

GraphT = TypeVar("GraphT", bound="StateGraph[Any, Any, Any, Any]")
_MESSAGE, _DOCUMENT, _COMMAND, _SEND = "message", "document", "command", "send"


def keep_nodes(graph: GraphT, run: OpenRun) -> GraphT:
    """Make every node of a graph a step of a run, before it is compiled.

    What a node gives to the state is kept under the node's name; a loop gives `node#2`. With the run's `key` a finished node
    gives what it gave instead of running again, without a checkpointer. An `interrupt()` ends no step.

    Args:
        graph: A `StateGraph` with its nodes.
        run: An open run.

    Returns:
        The graph, to be compiled.
    """
    for name, spec in graph.nodes.items():
        if not spec.is_error_handler:
            graph.nodes[name] = replace(spec, runnable=_kept(name, spec.runnable, run))
    return graph


def _kept(name: str, node: Any, run: OpenRun) -> RunnableLambda[Any, Any]:
    """A node that runs once."""

    def call(state: Any, config: RunnableConfig) -> Any:
        with run.step(name, sees="all") as step:
            if not step.finished:
                step.retried_by_host = True
                try:
                    _give(step, node.invoke(state, config))
                except GraphBubbleUp:
                    step.withdraw()
                    raise
        return decoded(step.output)

    async def call_async(state: Any, config: RunnableConfig) -> Any:
        async with run.step(name, sees="all") as step:
            if not step.finished:
                step.retried_by_host = True
                try:
                    _give(step, await node.ainvoke(state, config))
                except GraphBubbleUp:
                    step.withdraw()
                    raise
        return decoded(step.output)

    return RunnableLambda(call, call_async, name=name)


def _give(step: StepBlock, output: Any) -> None:
    step.output = encoded(output)
    if _has_tool_words(output):
        step.origin = "tool"


def _has_tool_words(value: Any) -> bool:
    if isinstance(value, ToolMessage):
        return True
    if isinstance(value, Command):
        return _has_tool_words(value.update)
    if isinstance(value, Mapping):
        return any(map(_has_tool_words, value.values()))
    return isinstance(value, (list, tuple)) and any(map(_has_tool_words, value))


def encoded(value: Any) -> Any:
    """Return what a node gave as JSON: messages, documents and commands by their parts.

    Raises:
        InputError: It holds something that cannot be written.
    """
    if isinstance(value, BaseMessage):
        return {_MESSAGE: message_to_dict(value)}
    if isinstance(value, Document):
        return {_DOCUMENT: value.model_dump()}
    if isinstance(value, Command):
        return {_COMMAND: {n: encoded(getattr(value, n)) for n in ("graph", "update", "resume", "goto")}}
    if isinstance(value, Send):
        return {_SEND: {"node": value.node, "arg": encoded(value.arg)}}
    if isinstance(value, Mapping):
        if len(value) == 1 and next(iter(value)) in (_MESSAGE, _DOCUMENT, _COMMAND, _SEND):
            raise InputError(
                f"a node gave an object whose only entry is {next(iter(value))!r}, which stands for something else; name it otherwise."
            )
        return {k: encoded(v) for k, v in value.items()}
    return [encoded(v) for v in value] if isinstance(value, (list, tuple)) else value


def decoded(value: Any) -> Any:  # noqa: PLR0911 (one per kind)
    """Return what a node gave from its JSON."""
    if isinstance(value, list):
        return [decoded(v) for v in value]
    if not isinstance(value, Mapping):
        return value
    if set(value) == {_MESSAGE}:
        return messages_from_dict([value[_MESSAGE]])[0]
    if set(value) == {_DOCUMENT}:
        return Document(**value[_DOCUMENT])
    if set(value) == {_COMMAND}:
        parts = {n: decoded(v) for n, v in value[_COMMAND].items()}
        return Command(**{n: v for n, v in parts.items() if v is not None and (n != "goto" or v)})
    if set(value) == {_SEND}:
        return Send(value[_SEND]["node"], decoded(value[_SEND]["arg"]))
    return {k: decoded(v) for k, v in value.items()}

"""Runs of agents and steps of graphs as steps of a run: what each gives is kept, and a crash goes on where it stopped."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from pydantic import TypeAdapter
from pydantic_ai.agent import AbstractAgent, WrapperAgent
from pydantic_ai.messages import ToolReturnPart
from pydantic_ai.run import AgentRunResult

if TYPE_CHECKING:
    from eider.api.run import OpenRun

StepT = TypeVar("StepT", bound=Callable[..., Awaitable[Any]])


class KeptAgent(WrapperAgent[Any, Any]):
    """An agent whose runs are steps of a run: the second one is `name#2`, and a finished one does not ask the model again.

    Output, messages and usage are kept. What tools said makes the step no more trusted than they are. Streams and `iter`
    pass through and are not kept.
    """

    def __init__(self, wrapped: AbstractAgent[Any, Any], run: OpenRun, *, name: str | None = None) -> None:
        """Keep the runs of an agent.

        Args:
            wrapped: The agent.
            run: An open run.
            name: Of the step; by default the agent's, else "agent".
        """
        super().__init__(wrapped)
        self._run, self._step = run, name or wrapped.name or "agent"

    async def run(self, user_prompt: Any = None, **options: Any) -> AgentRunResult[Any]:  # pyright: ignore[reportIncompatibleMethodOverride] (all options pass through)
        """Run the agent once; in a resumed run return the result that it had."""
        kind: Any = AgentRunResult
        adapter: TypeAdapter[AgentRunResult[Any]] = TypeAdapter(kind[options.get("output_type") or self.output_type])
        async with self._run.step(self._step, sees="all") as step:
            if not step.finished:
                result = await self.wrapped.run(user_prompt, **options)
                step.output = adapter.dump_python(result, mode="json")
                output_tool = vars(result)["_output_tool_name"]  # nothing public says which tool was the answer
                parts = (part for message in result.new_messages() for part in message.parts)
                tool_said = any(isinstance(part, ToolReturnPart) and part.tool_name != output_tool for part in parts)
                if tool_said:
                    step.origin = "tool"
                return result
        return adapter.validate_python(step.output)


def keep_agent(agent: AbstractAgent[Any, Any], run: OpenRun, *, name: str | None = None) -> KeptAgent:
    """Make every run of an agent a step of a run."""
    return KeptAgent(agent, run, name=name)


def keep_step(run: OpenRun) -> Callable[[StepT], StepT]:
    """Make a step of a `GraphBuilder` graph a step of a run: put it below `@g.step`.

    What the step returns, and what it changes in `ctx.state`, is kept under its name, a loop gives `name#2`; in a resumed run
    both come back and the step does not run.

    Args:
        run: An open run.
    """

    def decorate(function: StepT) -> StepT:
        returned: TypeAdapter[Any] = TypeAdapter(get_type_hints(function).get("return", Any))

        @functools.wraps(function)
        async def call(context: Any) -> Any:
            async with run.step(function.__name__, sees="all") as step:
                if not step.finished:
                    before = _state(context.state)
                    value = await function(context)
                    after = _state(context.state)
                    changed = {n: v for n, v in after.items() if n not in before or before[n] != v}
                    step.output = {"returned": returned.dump_python(value, mode="json"), "state": changed}
                    return value
            _restore(context.state, step.output["state"])
            return returned.validate_python(step.output["returned"])

        return call  # pyright: ignore[reportReturnType] (the same call)

    return decorate


def _state(state: Any) -> dict[str, Any]:
    """The fields of a graph's state as JSON; a state that is no model or dataclass has none."""
    if state is None:
        return {}
    made = TypeAdapter(type(state)).dump_python(state, mode="json")
    return made if isinstance(made, dict) else {}


def _restore(state: Any, changed: dict[str, Any]) -> None:
    """Give a graph's state the fields that a finished step had changed."""
    if not changed:
        return
    whole: Any = TypeAdapter(type(state)).validate_python({**_state(state), **changed})
    for name in changed:
        if isinstance(state, dict):
            state[name] = whole[name]
        else:
            setattr(state, name, getattr(whole, name))

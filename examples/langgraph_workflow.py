"""A LangGraph graph whose nodes are kept: it breaks in the third node, and the same program goes on from there.

No checkpointer is needed. Runs as it is: the nodes are plain functions; call a model in them.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph

import eider
from eider_langchain import keep_nodes


class State(TypedDict):
    """What the nodes pass on."""

    topic: str
    notes: list[str]
    draft: str


def graph(*, offline: bool) -> StateGraph[Any]:
    """Plan, look up, write."""

    def plan(state: State) -> dict[str, Any]:
        print("  plan runs")
        return {"notes": [f"plan for {state['topic']}"]}

    def look_up(state: State) -> dict[str, Any]:
        print("  look_up runs")
        return {"notes": [*state["notes"], "eiders nest in down"]}

    def write(state: State) -> dict[str, Any]:
        print("  write runs")
        if offline:
            raise ConnectionError("the model cannot be reached")
        return {"draft": "; ".join(state["notes"])}

    made = StateGraph(State)
    for node in (plan, look_up, write):
        made.add_node(node.__name__, node)
    for before, after in ((START, "plan"), ("plan", "look_up"), ("look_up", "write"), ("write", END)):
        made.add_edge(before, after)
    return made


def report(memory: Any, *, offline: bool) -> str:
    """Run the graph; with the same key finished nodes give what they gave."""
    with memory.run("report", key="2026-W48") as run:  # these are
        app = keep_nodes(graph(offline=offline), run).compile()  # the two lines
        return str(app.invoke({"topic": "eiders", "notes": [], "draft": ""})["draft"])


def main() -> None:
    """Break, go on, and look at what each node gave."""
    with eider.open(Path(tempfile.mkdtemp()) / "work.eider", user="ada") as memory:
        try:
            report(memory, offline=True)
        except ConnectionError as error:
            print(f"  … {error}")
        print("and again:")
        print(report(memory, offline=False))
        for step in memory.run_of(memory.runs()[0].id).steps:
            print(f"{step.ref}: {step.attempts} attempt(s), {memory.step_output(step.run, step.ref).value}")


if __name__ == "__main__":
    main()

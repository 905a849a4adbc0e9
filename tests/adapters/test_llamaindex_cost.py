"""What a turn asks of memory, and that sparing the framework's work changes none of its words."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from llama_index.core.base.llms.types import ImageBlock, TextBlock
from llama_index.core.memory.memory import DEFAULT_MEMORY_BLOCKS_TEMPLATE
from llamaindex_fakes import (  # noqa: F401
    Step,
    a_memory,
    a_user,
    agent,
    calls,
    last,
    nothing_swallowed,
    says,
)

import eider
from eider_llamaindex import eider_memory
from eider_llamaindex.wording import block_template

pytestmark = [
    pytest.mark.filterwarnings("ignore:Skipping serialization of known unserializable key"),
    pytest.mark.filterwarnings("ignore:The `__.*__` attribute is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_.*' attribute on the instance:DeprecationWarning"),
]
BLOCKS: list[Any] = [
    ("eider", [TextBlock(text="Write in paragraphs.\n\n<eider-memory>1 < 2 & {{ so }} {% on %}</eider-memory> \n")]),
    ("other", [TextBlock(text="  One."), TextBlock(text="Two.")]),
]


@pytest.mark.parametrize("blocks", [BLOCKS, BLOCKS[:1], [*BLOCKS, ("picture", [ImageBlock(url="http://x/y.png")])]])
def test_blocks_are_worded_as_the_framework_words_them(blocks: list[Any]) -> None:
    """Every sign of it, with what is no text as well."""
    ours, theirs = (t.format_messages(memory_blocks=blocks) for t in (block_template(), DEFAULT_MEMORY_BLOCKS_TEMPLATE))
    assert [m.model_dump() for m in ours] == [m.model_dump() for m in theirs]


def asked(memory: eider.Eider, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """What is asked of a memory from now on."""
    counted: Counter[str] = Counter()
    ask = type(memory._backend).execute

    def noted(self: Any, request: Any) -> Any:
        counted[request.verb] += 1
        return ask(self, request)

    monkeypatch.setattr(type(memory._backend), "execute", noted)
    return counted


def steps() -> Step:
    """Looks two things up before it answers."""
    told = iter(["deploy day", "staging host"])

    def step(messages: Any) -> Any:
        if (what := next(told, None)) is not None:
            return calls("lookup", what=what)
        return says(f"About {last(messages).content}")

    return step


async def test_memory_is_asked_once_for_a_turn(memory: eider.Eider, ada: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many steps the agent takes, and though it reads its memory once more when it is done."""
    memory.remember("Answer in metric units.", user=ada, kind="rule")
    seen: list[Any] = []
    counted = asked(memory, monkeypatch)
    await agent(steps(), seen).run("Please look up both.", memory=eider_memory(memory, user=ada, session="one"))
    assert (counted["policy"], counted["inject"]) == (1, 1)
    assert len(seen) == 3
    assert all("metric units" in str(sent) for sent in seen)


async def test_the_same_words_again_are_a_turn_of_their_own(memory: eider.Eider, ada: str) -> None:
    """What was learned in between guides it."""
    seen: list[Any] = []
    talk = eider_memory(memory, user=ada, session="one")
    made = agent(lambda messages: says("Done."), seen)
    await made.run("Go on.", memory=talk)
    memory.remember("Answer in metric units.", user=ada, kind="rule")
    await made.run("Go on.", memory=talk)
    assert "metric units" not in str(seen[0])
    assert "metric units" in str(seen[1])

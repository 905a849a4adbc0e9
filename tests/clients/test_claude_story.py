"""A week of work in the real Claude Code, as somebody would type it: what is kept, what is not, and what comes back."""

from __future__ import annotations

import re
from typing import Final

import pytest
from claude_code import Machine
from set_up import briefing, eventually, heard, kept, recalled

import eider

pytestmark = pytest.mark.client
SESSIONS: Final = (
    ("shop", (
        "hey, can you have a look at the checkout module and tell me what it does?",
        "ok. I'm Lene, I'm on the payments team here, just so you know",
        "please always write tests with pytest, never unittest",
        "can you rename `calc` to `order_total` in there",
        "hm no, don't touch generated files under api/gen, ever",
        "what's left to do in this file?",
    )),
    ("shop", (
        "morning! add a retry to the stripe client",
        "we decided to use Redis for the session cache, because memcached kept losing keys",
        "that's too long. keep your answers short, please",
        "the staging host is stage2.shop.example, deploys go there first",
        "does this handle a timeout as well?",
    )),
    ("blog", (
        "make the header of the index page sticky",
        "in this project we indent with two spaces",
        "no emojis in commit messages please",
        "and what does that css rule do?",
        "I'm colour blind, so don't tell states apart by red and green only",
    )),
    ("shop", (
        "which cache did we choose for the sessions?",
        "where do deploys go first?",
        "add a test for the retry",
        "we moved staging, the staging host is stage3.shop.example now",
        "thanks, that's all for now",
    )),
    ("blog", (
        "add a footer with the year",
        "how do we indent in this project?",
        "fix the typo in the second post",
        "show me the last three commits",
        "what is the staging host of the shop again?",
    )),
)  # fmt: skip
"""Directory and prompts of each session."""
ALL: Final = frozenset(prompt for _, prompts in SESSIONS for prompt in prompts)
WANTED: Final = (
    "Lene", "payments team", "pytest", "api/gen", "Redis", "answers short", r"stage3\.shop", "two spaces", "emojis", "colou?r ?blind",
)  # fmt: skip
HELPS: Final = {
    "which cache did we choose for the sessions?": "Redis",
    "where do deploys go first?": "stage2",
    "add a test for the retry": "pytest",
    "how do we indent in this project?": "two spaces",
}
"""Prompt → what would help with it, in its recalled lines or in the briefing of its session."""
OTHER: Final = "stage2|stage3"
"""What belongs to the first project alone."""


def test_a_week_of_work_is_remembered(equipped: Machine, memory: eider.Eider) -> None:
    """Of what a user would want remembered at least 85 % is, at most 5 % is junk, and what helps is there.

    At most one line comes with a prompt that does not help, and nothing crosses from one project into the other.
    """
    projects = {name: equipped.root / name for name in ("shop", "blog")}
    for place in projects.values():
        place.mkdir()
    equipped.stub.script.load({"default": {"text": "Done, have a look."}})
    lines: list[tuple[str, str]] = []
    helped: dict[str, bool] = {}
    briefings: list[str] = []
    said = 0
    for name, prompts in SESSIONS:
        talk = equipped.claude(*prompts, cwd=projects[name])
        said += len(prompts)
        eventually(
            lambda said=said: sum(text in ALL for text in heard(memory)) >= said, "what was said in this session"
        )
        briefings.append(briefing(talk.turns[0].requests[0]))
        for prompt, turn in zip(prompts, talk.turns, strict=True):
            told = recalled(turn.requests[0])
            lines += [(prompt, line) for line in told.splitlines() if line.startswith("- ")]
            if prompt in HELPS:
                helped[prompt] = HELPS[prompt] in told + briefings[-1]
            if name == "blog":
                assert not re.search(OTHER, told + briefings[-1]), "what belongs to the shop stays there"
    texts = kept(memory)
    found = [one for one in WANTED if any(re.search(one, text, re.IGNORECASE) for text in texts)]
    junk = [text for text in texts if not any(re.search(one, text, re.IGNORECASE) for one in (*WANTED, "stage2"))]
    useful = [line for prompt, line in lines if re.search(HELPS.get(prompt, "(?!)"), line)]
    assert len(found) >= 0.85 * len(WANTED), set(WANTED) - set(found)
    assert len(junk) <= 0.05 * len(texts), junk
    assert all(helped.values()), helped
    assert len(lines) - len(useful) <= 1, lines

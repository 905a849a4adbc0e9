"""Stores with scopes, and a model that answers as told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from eider.api.facade import Eider
from eider.model.errors import ModelError

MODEL = "openai:small"
RULE = "Always answer in short sentences."


class Scripted:
    """A model that answers each kind of question as told, and counts."""

    name = MODEL

    def __init__(self, **answers: Any) -> None:
        self.answers, self.asked = answers, cast("list[str]", [])

    def ask(self, prompt: Any) -> Any:
        self.asked.append(prompt.name)
        if prompt.name not in self.answers:
            raise ModelError("it does not answer.")
        return self.answers[prompt.name]


Opens = Callable[..., Eider]


def scope_of(memory: Eider, **how: Any) -> str:
    """The scope that a direction which nobody asked a model about ends up in."""
    (found,) = memory.observe(**{"user_reply": RULE, **how}).memories
    return found.scope


def counts(memory: Eider, user: str = "ada") -> dict[str, int]:
    return {s.name: s.memories for s in memory.scopes(user=user)}


def filled(memory: Eider, **scopes: list[str]) -> None:
    """Statements by scope; a double underscore stands for a colon, a single one for a dash."""
    for name, texts in scopes.items():
        for text in texts:
            memory.remember(text, kind="rule", scope=name.replace("__", ":").replace("_", "-"))


def answers(memory: Eider) -> dict[str, Any]:
    """What the reading verbs say, moments aside."""
    current = [r.memory for r in memory.search(status="current", limit=500).items if r.memory]
    return {
        "scopes": memory.scopes(),
        "memories": sorted((m.id, m.scope, m.text, m.kind, m.pinned, str(m.valid_to)) for m in current),
        "recall": [(r.text, round(r.score, 3)) for r in memory.recall("what about reviews?", limit=20)],
        "within": [r.text for r in memory.recall("what about reviews?", scopes=["code-review"], limit=20)],
        "policy": memory.policy(context="a review").text,
        "narrow": memory.policy(scopes=["code-reviews"]).text,
    }


def crowded(memory: Eider) -> None:
    """Scopes of which two are one, with a past."""
    filled(memory, code_review=["Ask for tests.", "Reviews name the file."], code_reviews=["Reviews are short."],
           project__alpha1=["Use tabs."], project__alpha2=["Use spaces."])  # fmt: skip
    first = memory.remember("Reviews are kind.", kind="rule", scope="code-reviews")
    memory.correct(first.id, "Reviews are kind and honest.")
    memory.pin(memory.remember("Reviews cite lines.", kind="rule", scope="code-reviews").id)

"""What an IDE shows of the public face: each parameter, what comes back, and what may be raised."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest

import eider
from eider.api.verbs import VERBS
from eider.model import errors

CLASSES = (eider.Eider, eider.Conversation, eider.Run, eider.FixedClock, eider.SystemClock)
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "eider.open": eider.open, "eider.from_env": eider.from_env, "eider.project_scope": eider.project_scope
} | {
    f"{kind.__name__}.{name}": value
    for kind in CLASSES
    for name, value in inspect.getmembers(kind, callable)
    if not name.startswith("_") and inspect.isroutine(value)
}  # fmt: skip


def sections(text: str) -> dict[str, list[str]]:
    """Args, Returns and Raises → the names or lines that stand in them."""
    found: dict[str, list[str]] = {}
    for title, body in re.findall(r"^(Args|Returns|Raises):\n((?:(?:    .*)?\n?)+)", text, re.MULTILINE):
        inner = [line[4:] for line in body.split("\n") if line.startswith("    ") and not line.startswith("     ")]
        found[title] = inner if title == "Returns" else [line.partition(":")[0].lstrip("*") for line in inner]
    return found


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_parameter_and_answer_is_described(name: str) -> None:
    """Args name exactly the parameters; what gives something says what; what is said to be raised is an error there is."""
    function = FUNCTIONS[name]
    signature, told = inspect.signature(function), sections(inspect.getdoc(function) or "")
    wanted = [p for p in signature.parameters if p not in ("self", "cls")]
    assert told.get("Args", []) == wanted
    answer = str(signature.return_annotation)
    if name.startswith("Eider.") and answer not in ("None", "Self"):
        assert told.get("Returns"), answer
    assert all(hasattr(errors, error) for error in told.get("Raises", []))


def test_every_verb_says_what_it_may_raise() -> None:
    """A caller can tell from the docstring what to catch."""
    verbs = {verb if verb != "import" else "import_" for verb in VERBS} & set(dir(eider.Eider))
    assert len(verbs) > 50
    assert [v for v in sorted(verbs) if not sections(inspect.getdoc(getattr(eider.Eider, v)) or "").get("Raises")] == []


def test_every_public_class_says_what_it_is() -> None:
    """Its own words, never those that dataclasses make or a parent has."""
    kinds = [value for name in dir(eider) if inspect.isclass(value := getattr(eider, name))]
    own = [kind for kind in kinds if kind.__module__.startswith("eider")]
    assert len(own) > 20
    assert [
        kind for kind in own if not kind.__dict__.get("__doc__") or kind.__doc__.startswith(f"{kind.__name__}(")
    ] == []

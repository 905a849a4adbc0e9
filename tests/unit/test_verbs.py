"""The table of verbs is complete: façade, async front, handlers and documentation all follow it."""

from __future__ import annotations

import builtins
import dataclasses
import importlib
import inspect
from pathlib import Path

import pytest

import eider
from eider.api.aio import AsyncEider
from eider.api.facade import Eider
from eider.api.verbs import VERBS
from eider.model import (
    answers,
    learned,
    links,
    outcomes,
    requests,
    requests_embedder,
    requests_learning,
    requests_links,
    requests_reading,
    requests_runs,
    runs,
    values,
)
from eider.model.table import Table

README = Path(__file__).parents[2] / "README.md"
NAMES = sorted(VERBS)


REQUESTS = [
    kind
    for module in (requests, requests_embedder, requests_learning, requests_links, requests_reading, requests_runs)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, requests.Request) and "verb" in vars(kind)
]


def test_every_request_has_one_verb() -> None:
    """Each request value is declared once in the table, under the name it gives itself."""
    declared = [verb.request for verb in VERBS.values()]
    assert set(declared) == set(REQUESTS) - {requests.Request}
    assert len(declared) == len(set(declared))
    assert all(verb.name == name for name, verb in VERBS.items())


@pytest.mark.parametrize("name", NAMES)
def test_request_function_and_facade_name_one_answer(name: str) -> None:
    """What the request's type says is answered is what the function returns and the method says."""
    verb = VERBS[name]
    answer = verb.request.answer_type()
    hints = {
        **vars(builtins),
        **vars(answers),
        **vars(learned),
        **vars(links),
        **vars(outcomes),
        **vars(runs),
        **vars(values),
        "Table": Table,
        "Path": Path,
    }
    said = [verb.function.__annotations__["return"], getattr(Eider, name).__annotations__["return"]]
    assert [eval(one, hints) for one in said] == [answer, answer]
    assert verb.function.__module__.startswith("eider.")
    assert getattr(importlib.import_module(verb.function.__module__), verb.function.__name__) is verb.function


@pytest.mark.parametrize("name", NAMES)
def test_every_verb_is_a_method_of_both_fronts(name: str) -> None:
    """Sync and async offer the same verb, with a docstring."""
    assert inspect.getdoc(getattr(Eider, name)), name
    assert inspect.iscoroutinefunction(getattr(AsyncEider, name)), name
    assert getattr(AsyncEider, name).__doc__ == getattr(Eider, name).__doc__


@pytest.mark.parametrize("name", NAMES)
def test_the_facade_passes_every_field_of_a_request(name: str) -> None:
    """Whatever a request value can say, the façade can say."""
    asked = {field.name for field in dataclasses.fields(VERBS[name].request)}
    offered = set(inspect.signature(getattr(Eider, name)).parameters) - {"self"}
    offered = {"id" if o == "event_id" else o for o in offered}
    inherited_from_recall = {"now", "known_at"} if name == "search" else set()
    assert asked - offered <= inherited_from_recall
    assert offered <= asked


@pytest.mark.parametrize("name", NAMES)
def test_requests_are_frozen_values(name: str) -> None:
    """A request cannot change after it was checked."""
    assert VERBS[name].request.__dataclass_params__.frozen


@pytest.mark.parametrize("name", [n for n in NAMES if n != "drain"])
def test_the_readme_names_every_verb(name: str) -> None:
    """What exists is documented."""
    assert name in README.read_text(encoding="utf-8")


def test_a_call_without_a_user_fails_closed(tmp_path: Path) -> None:
    """There is no default of everybody."""
    with eider.open(tmp_path / "m.eider") as memory, pytest.raises(eider.EiderError, match="user"):
        memory.recall("anything")

"""The stages of `make test` divide the tests between them."""

from __future__ import annotations

import ast
import itertools
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
STAGES = ("unit", "service", "clients", "crash")
MARKS = ("client", "slow", "crash")


def rule(target: str) -> str:
    """The recipe of a target."""
    found = re.search(rf"^{target}:[^\n]*\n((?:\t[^\n]*\n)+)", MAKEFILE, re.MULTILINE)
    assert found is not None, target
    return found.group(1)


def chosen(stage: str, marks: frozenset[str]) -> bool:
    """Whether a stage runs a test with these marks."""
    expression = re.search(rf"^{stage.upper()} := (.+)$", MAKEFILE, re.MULTILINE)
    assert expression is not None, stage
    assert f'-m "$({stage.upper()})"' in rule(stage)
    tree = ast.parse(expression.group(1), mode="eval")
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert names <= set(MARKS)
    return bool(eval(compile(tree, "Makefile", "eval"), {name: name in marks for name in MARKS}))


def test_every_test_is_in_one_stage() -> None:
    """Whatever marks a test carries, exactly one stage runs it: nothing twice, nothing lost."""
    for count in range(len(MARKS) + 1):
        for marks in map(frozenset, itertools.combinations(MARKS, count)):
            assert sum(chosen(stage, marks) for stage in STAGES) == 1, set(marks)


def test_all_stages_are_run_in_their_order() -> None:
    """`make test` goes from fast to slow, and .ci/run asks for nothing less."""
    assert re.findall(r"\b(unit|service|clients|crash)\b", rule("test")) == list(STAGES)
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_the_marks_are_those_that_are_known() -> None:
    """A new mark wants a stage."""
    import tomllib

    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    assert sorted(line.split(":")[0] for line in settings["markers"]) == sorted(MARKS)


def test_what_is_run_at_full_size_is_run_at_all() -> None:
    """The paths of `make storm` and `make soak` are there, and ask for their size."""
    for target in ("storm", "soak"):
        paths = re.findall(r"tests/\S+", rule(target))
        assert paths
        for path in paths:
            place = ROOT / path
            sources = list(place.rglob("*.py")) if place.is_dir() else [place]
            assert any("EIDER_STORM" in source.read_text() for source in sources), path

"""What always holds of runs: outputs come back as they were, are never read for references, and nothing is cut silently."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eider
from eider.api.facade import Eider
from eider.model.errors import ContextTooLargeError, InputError, StepReferenceError
from eider.model.requests_runs import step_name
from eider.model.runs import Content, Step
from eider.privacy.redact import redact_tree
from eider.providers.embedders.hashing import HashEmbedder
from eider.providers.token_budget import HeuristicCounter
from eider.runs.portions import GAP, chosen, join_passages, passages, readable
from eider.runs.references import find, parse, previous, replace_marks

WORDS = st.text(max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)
MARKS = st.sampled_from(["[[a]]", "[[b.x]]", "[[inputs]]", r"\[[a]]", "[[", "]]", "#", ".", "x", "\\", "\n", "[[c#2]]"])
TEXTS = st.lists(MARKS, max_size=8).map("".join)


@pytest.fixture(scope="module")
def memory() -> Eider:
    return eider.open(":memory:", user="ada", embedder=HashEmbedder(width=16))


@given(value=JSON | st.text(st.characters(), max_size=20))
def test_any_json_value_comes_back_as_it_was(value: Any) -> None:
    """Also with NUL, halves of surrogate pairs, and numbers no database has; equal values have one digest."""
    content = Content.of(value)
    assert content.value() == value
    assert repr(content.value()) == repr(value), "1 stays 1 and 1.0 stays 1.0"
    assert Content.of(content.value()) == content
    assert len(content.digest) == 40


@settings(max_examples=40)
@given(value=JSON)
def test_any_output_comes_back_from_a_run_redacted_and_otherwise_the_same(memory: Eider, value: Any) -> None:
    """Through the whole way: request, redaction, store and back."""
    with memory.run("r") as run:
        kept = run.keep("one", value)
        assert kept == redact_tree({"": value})[""]
        assert run.output("one") == kept


@given(text=TEXTS, values=st.dictionaries(st.sampled_from(["a", "b", "c", "inputs"]), TEXTS, min_size=4, max_size=4))
def test_what_comes_in_is_never_expanded(text: str, values: dict[str, str]) -> None:
    """Each mark is replaced once; text outside of marks, and text that came in, stays letter for letter."""
    asked: list[str] = []

    def value(reference: Any) -> str:
        asked.append(reference.name)
        return f"<{values[reference.name]}>"

    made = replace_marks(text, value)
    left, place = made, 0
    for name in asked:
        inside = f"<{values[name]}>"
        place = left.index(inside, place) + len(inside)
    assert len(asked) == text.count("[[a]]") + text.count("[[b.x]]") + text.count("[[inputs]]") + text.count(
        "[[c#2]]"
    ) - _escaped(text)
    if "[[" not in text:
        assert made == text


def _escaped(text: str) -> int:
    return sum(text.count("\\" + mark) for mark in ("[[a]]", "[[b.x]]", "[[inputs]]", "[[c#2]]"))


@given(name=st.text(max_size=12))
def test_every_name_that_is_taken_can_be_referenced(name: str) -> None:
    """What a step may be called, a reference finds; everything else is refused when the step begins."""
    try:
        step_name(name)
    except InputError:
        return
    for written in (name, f"{name}#2", f"{name}.x.0", f'{name}."odd.field"'):
        assert parse(written).name == name


@given(written=st.text(max_size=20))
def test_no_reference_ends_in_anything_but_an_answer_or_an_error_of_its_own(written: str) -> None:
    """Whatever stands between brackets."""
    try:
        parsed = parse(written)
    except StepReferenceError:
        return
    assert parsed.name == parsed.name.strip() != ""


def step(seq: int, after: int, *, name: str = "s", failed: bool = False) -> Step:
    at: Any = None
    return Step(run="r", name=name, number=seq, kind="output", status="failed" if failed else "done", seq=seq, after=after,
                started_at=at, ended_at=at, trust=1)  # fmt: skip


@given(afters=st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=1, max_size=8))
def test_the_previous_steps_are_those_that_nothing_followed(afters: list[tuple[int, bool]]) -> None:
    """Nothing finished began after one of them had ended; in a row of steps it is the last one."""
    steps = [step(n, min(after, n - 1), failed=failed) for n, (after, failed) in enumerate(afters, 1)]
    done = [s for s in steps if s.status == "done"]
    found = previous(steps)
    for one in found:
        assert one.status == "failed" or not any(o.after >= one.seq for o in done)
    assert bool(done) == any(s.status == "done" for s in found)
    row = [step(n, n - 1) for n in range(1, len(afters) + 1)]
    assert previous(row) == row[-1:]


@given(numbers=st.lists(st.booleans(), min_size=2, max_size=5))
def test_rounds_side_by_side_have_no_last_one(numbers: list[bool]) -> None:
    """A name that ran side by side is ambiguous, whichever ended last."""
    steps = [step(n, 0, failed=failed) for n, failed in enumerate(numbers, 1)]
    with pytest.raises(StepReferenceError, match="side by side"):
        find(parse("s"), steps)


LINES = st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=60), max_size=30)


@given(lines=LINES, longest=st.integers(5, 80))
def test_passages_are_the_whole_text_less_white_space(lines: list[str], longest: int) -> None:
    """Nothing is lost where a text is cut into passages, and each is where it says."""
    text = "\n".join(lines)
    pieces = passages(text, longest)
    assert "".join("".join(p.text.split()) for p in pieces) == "".join(text.split())
    assert all(text[p.start : p.start + len(p.text)] == p.text and len(p.text) <= longest for p in pieces)


@given(lines=LINES, room=st.integers(0, 300))
def test_a_portion_fits_and_shows_where_something_is_missing(lines: list[str], room: int) -> None:
    """Its tokens are within the room, and a gap stands wherever a passage was left out."""
    count = HeuristicCounter().count
    pieces = passages("\n\n".join(lines), 80)
    sizes = [count(p.text) + count(GAP) for p in pieces]
    counted: list[int] = []
    taken = chosen(
        [0.0] * len(sizes), lambda i: counted.append(i) or sizes[i], [float(i % 3) for i in range(len(pieces))], room
    )
    assert len(counted) == len(set(counted))
    text = join_passages(pieces, taken)
    assert taken == {i: sizes[i] for i in taken}
    assert sum(taken.values()) <= room
    assert count(text) <= room + 2
    assert all(pieces[i].text.strip() in text for i in taken)
    assert ("[…]" in text.replace("[…]", "", sum(p.text.count("[…]") for p in pieces))) == (
        0 < len(taken) < len(pieces)
    )


@settings(max_examples=30, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 400), min_size=1, max_size=5),
    window=st.integers(60, 900),
    must=st.booleans(),
    sees=st.sampled_from(["all", "previous", "none"]),
)
def test_nothing_is_cut_silently(memory: Eider, sizes: list[int], window: int, must: bool, sees: Any) -> None:
    """An output is whole in the context, or its name is in `cut` and in a line of the text; what is referenced is whole."""
    with memory.run("r") as run:
        for n, size in enumerate(sizes):
            run.keep(f"step {n}", " ".join(f"word{n}x{i}" for i in range(size)), sees="none")
        instruction = "Use [[step 0]] now." if must else "What is word0x7?"
        try:
            found = memory.run_context(run.id, sees=sees, instruction=instruction, window=window, reserve=10)
        except ContextTooLargeError:  # said aloud, with the sizes
            return
        shown = {"all": range(len(sizes)), "previous": [len(sizes) - 1], "none": []}[sees]
        cut = {c.step: c for c in found.cut}
        for n in shown:
            whole = run.output(f"step {n}")
            if must and n == 0:
                assert whole in found.instruction
            elif f"step {n}" in cut:
                one = cut[f"step {n}"]
                said = (f"[step {n}: {one.kept:,} of {one.of:,} tokens kept", f"step {n} ({one.of:,} tokens)")
                assert any(line in found.text for line in said)
                assert one.kept <= one.of
            else:
                assert whole in found.text
        assert set(cut) <= {f"step {n}" for n in shown}
        assert HeuristicCounter().count(found.text) + found.sizes["instruction"] <= window - 10
    assert readable({"a": 1, "b": "x"}) == "a: 1\nb: x"

"""JSON as text: what is asked for changes, and no other byte."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eider.api.install.json_edit import JsonText, JsonTextError

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """An object as people and programs write it."""
    value = draw(st.dictionaries(st.text(), VALUES))
    text = json.dumps(
        value,
        indent=draw(st.sampled_from([None, 0, 1, 2, 4, "\t"])),
        ensure_ascii=draw(st.booleans()),
        separators=draw(st.sampled_from([None, (",", ":"), (" ,", " : "), (", ", ": ")])),
    )
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return draw(st.sampled_from(["", "\ufeff", "\n", "  "])) + text + draw(st.sampled_from(["", "\n", "\r\n", " \t\n"]))


def places(value: Any, kind: type, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Paths of all values of a kind."""
    found = [path] if isinstance(value, kind) else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return found + [place for key, one in inner for place in places(one, kind, (*path, key))]


def at(value: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


def kept(before: str, after: str) -> bool:
    """Whether one text is the other with one stretch put in."""
    start = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), len(before))
    return after.startswith(before[:start]) and after.endswith(before[start:])


@given(documents(), st.data(), VALUES)
def test_a_member_is_added_and_nothing_else_changes(text: str, data: st.DataObject, value: Any) -> None:
    """`put` makes the document that a dict with that member would be; text around it stays."""
    document = JsonText(text)
    place = data.draw(st.sampled_from(places(document.value, dict)))
    holder = at(document.value, place)
    key = data.draw(st.text().filter(lambda k: k not in holder))
    done = document.add_member(place, key, value)
    was_empty = not holder
    holder[key] = value
    assert done.value == document.value
    assert list(at(done.value, place)) == list(holder)
    assert was_empty or kept(text, str(done))
    again = done.remove([*place, key])
    del holder[key]
    assert again.value == document.value
    assert was_empty or str(again) == text


@given(documents(), st.data(), VALUES)
def test_an_element_is_added_and_nothing_else_changes(text: str, data: st.DataObject, value: Any) -> None:
    """`push` appends; taking the element out again gives back the bytes, where there were others."""
    document = JsonText(text)
    found = places(document.value, list)
    if not found:
        return
    place = data.draw(st.sampled_from(found))
    holder = at(document.value, place)
    done = document.append(place, value)
    was_empty = not holder
    holder.append(value)
    assert done.value == document.value
    assert was_empty or kept(text, str(done))
    again = done.remove([*place, len(holder) - 1])
    holder.pop()
    assert again.value == document.value
    assert was_empty or str(again) == text


@given(documents(), st.data())
def test_what_is_taken_out_takes_nothing_with_it(text: str, data: st.DataObject) -> None:
    """`drop` leaves every other member and element where it was."""
    document = JsonText(text)
    found = [p for p in [*places(document.value, object)] if p]
    if not found:
        return
    place = data.draw(st.sampled_from(found))
    done = document.remove(place)
    holder = at(document.value, place[:-1])
    del holder[place[-1]]
    assert done.value == document.value
    assert kept(str(done), text) or not holder


@given(documents())
def test_reading_changes_nothing(text: str) -> None:
    """What is not edited is the same text, byte order mark and all."""
    assert str(JsonText(text)) == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '{\n  "a": [\n    1\n  ]\n}\n'),
        ("{}", '{\n  "a": [\n    1\n  ]\n}'),
        ("{}\r\n", '{\n  "a": [\n    1\n  ]\n}\r\n'.replace("\n", "\r\n").replace("\r\r", "\r")),
        ('{"b":2}', '{"b":2,"a":[1]}'),
        ('{"b": 2, "c": 3}', '{"b": 2, "c": 3, "a": [1]}'),
        ('{\n\t"b": 2\n}', '{\n\t"b": 2,\n\t"a": [\n\t\t1\n\t]\n}'),
        ('{\n    "b": {"c": 1}\n}\n', '{\n    "b": {"c": 1},\n    "a": [\n        1\n    ]\n}\n'),
        ("\ufeff{}", '\ufeff{\n  "a": [\n    1\n  ]\n}'),
    ],
)
def test_what_is_added_looks_like_what_is_there(before: str, after: str) -> None:
    """Indents, line ends, one line or many: as the author writes."""
    assert str(JsonText(before).add_member([], "a", [1])) == after


def test_what_is_added_within_a_line_stays_in_it() -> None:
    """A list that begins within a line grows within it, new lists included."""
    text = '{\n  "hooks": {"Stop": [{"hooks": []}]}\n}'
    done = JsonText(text).add_member(["hooks"], "Start", []).append(["hooks", "Start"], {"a": 1})
    assert str(done) == '{\n  "hooks": {"Stop": [{"hooks": []}], "Start": [{"a": 1}]}\n}'


def test_of_a_repeated_key_the_last_counts() -> None:
    """As for every reader of JSON."""
    assert str(JsonText('{"a": [1], "a": [2]}').append(["a"], 3)) == '{"a": [1], "a": [2, 3]}'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{\n  // mine\n  "a": 1\n}', "line 2, column 3: a comment"),
        ('{"a": 1 /* b */}', "a comment"),
        ('{"a": 1,}', "line 1"),
        ("{", "line 1"),
        ('{"a": NaN}', "NaN"),
        ("[1] 2", "line 1"),
        ("[" * 100_000, "nested too deeply"),
        (f'{{"a": {"9" * 5000}}}', "digits"),
    ],
)
def test_what_is_no_json_is_refused_with_the_place(text: str, why: str) -> None:
    """Nobody guesses what was meant."""
    with pytest.raises(JsonTextError, match=why):
        JsonText(text)


def test_an_edit_that_does_not_fit_is_refused() -> None:
    """A path that is not there, a list that is none, a key that is taken."""
    document = JsonText('{"a": {"b": 1}, "c": []}')
    for does in (
        lambda: document.add_member(["c"], "x", 1), lambda: document.append(["a"], 1), lambda: document.add_member(["a"], "b", 2),
        lambda: document.remove(["a", "x"]), lambda: document.append(["x"], 1), lambda: document.remove(["c", 0]),
    ):  # fmt: skip
        with pytest.raises(JsonTextError):
            does()

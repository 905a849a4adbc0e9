"""What travels between client and server comes out as it went in."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from eider import answers, errors, values
from eider.api.verbs import VERBS
from eider.api.wire import decode, decode_error, decode_request, encode, encode_error
from eider.client.client import ClientError, dumps, loads
from eider.model import links, runs
from eider.model.errors import EiderError, InputError
from eider.model.links import LINK_KINDS, USER_KINDS

WORD = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\x00\r\n"), min_size=1, max_size=12
).filter(str.strip)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, allow_infinity=False) | WORD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORD, inner, max_size=3),
    max_leaves=6,
)
INSTANT = st.datetimes(timezones=st.just(UTC))
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "role": st.sampled_from(values.ROLES), "kind": st.sampled_from(values.KINDS), "importance": st.integers(1, 5),
    "limit": st.integers(1, 100), "offset": st.integers(0, 9), "budget": st.integers(1, 900), "rows": st.integers(1, 99),
    "kinds": st.none() | st.lists(st.sampled_from(values.KINDS), max_size=2), "status": st.none() | st.just("current"),
    "origins": st.none() | st.lists(st.sampled_from(values.ORIGINS), max_size=2), "progress": st.none(),
    "prune_threshold": st.floats(0, 1), "format": st.just("jsonl"), "at": st.none() | WORD, "since": WORD,
    "until": st.none() | WORD, "as_of": st.none() | WORD, "known_at": st.none() | WORD, "valid_from": st.none() | WORD,
    "valid_to": st.none() | WORD, "metadata": st.none() | st.dictionaries(WORD, JSON, max_size=2),
    "LinkTogether.kind": st.sampled_from(USER_KINDS), "Unlink.kind": st.none() | st.sampled_from(USER_KINDS),
    "RelatedTo.kinds": st.none() | st.lists(st.sampled_from(LINK_KINDS), max_size=2), "Recall.intent": st.sampled_from([None, "why"]),
    "KeepStep.kind": st.sampled_from(runs.STEP_KINDS), "KeepStep.base64": st.none(), "KeepStep.step": st.just("collect"),
    "Sql.memory": st.integers(64, 512), "EndRun.status": st.just("done"), "EndRun.outcome": st.none() | st.floats(-1, 1), "KeepStep.output": JSON,
}  # fmt: skip
"""What the checks of a request let pass; everything else is drawn by its type."""


def drawn(hint: Any, *, request: bool = False) -> st.SearchStrategy[Any]:  # noqa: PLR0911
    """Any value of a type."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return st.one_of([drawn(h, request=request) for h in inner if not isinstance(h, str)])
    if origin is Literal:
        return st.sampled_from(inner)
    if origin is tuple:
        return (
            st.lists(drawn(inner[0]), max_size=2).map(tuple) if inner[1:] == (...,) else st.tuples(*map(drawn, inner))
        )
    if origin is not None and issubclass(origin, Mapping):
        return st.dictionaries(WORD, drawn(inner[1]), max_size=2)
    if origin is not None and issubclass(origin, Sequence):
        return st.lists(drawn(inner[0], request=request), max_size=2)
    if isinstance(hint, type) and is_dataclass(hint):
        return built(hint, request=request)
    plain: dict[Any, st.SearchStrategy[Any]] = {
        str: WORD, int: st.integers(1, 2) if request else st.integers(0, 2**40), float: st.floats(allow_nan=False, allow_infinity=False),
        bool: st.booleans(), datetime: INSTANT, date: st.dates(), Path: st.just(Path("/tmp/x")), type(None): st.none(),
        object: JSON, Any: JSON,
    }  # fmt: skip
    return plain.get(hint, JSON)


def built(kind: type, *, request: bool) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    parts = {
        f.name: next(
            (FIELDS[n] for n in (f"{kind.__name__}.{f.name}", f.name) if request and n in FIELDS),
            drawn(hints[f.name], request=request),
        )
        for f in fields(kind)
        if f.name != "metadata" or request
    }
    return st.builds(_accepted, st.just(kind), st.fixed_dictionaries(parts))


def _accepted(kind: type, given_: dict[str, Any]) -> Any:
    """What the checks of a request let pass."""
    try:
        return kind(**given_)
    except InputError:
        reject()


def sent(value: Any) -> Any:
    """Through JSON, as over the socket."""
    return loads(dumps(encode(value)))


REQUESTS = sorted({verb.request for verb in VERBS.values()}, key=lambda kind: kind.__name__)
ANSWERS = [
    kind
    for module in (answers, links, runs, values)
    for _, kind in inspect.getmembers(module, inspect.isclass)
    if is_dataclass(kind) and kind.__module__ == module.__name__ and kind is not runs.Content
]


@pytest.mark.parametrize("kind", [*REQUESTS, *ANSWERS], ids=lambda kind: kind.__name__)
@settings(max_examples=settings().max_examples // 8, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_value_survives_the_trip(kind: type, data: st.DataObject) -> None:
    """Every request and every answer comes out equal to what went in, type by type."""
    value = data.draw(built(kind, request=kind in REQUESTS))
    assert decode(sent(value), kind) == value


def test_a_day_is_not_an_instant_and_a_naive_time_stays_naive() -> None:
    """What a caller gives as a date or in a zone of its own is read by the server as the caller would have."""
    naive = VERBS["record"].request(user="ada", text="x", at=datetime(2026, 5, 1, 8), tz="Europe/Berlin")  # noqa: DTZ001
    assert sent(naive)["at"] == "2026-05-01T08:00:00"
    assert decode(sent(naive), VERBS["record"].request).tz == "Europe/Berlin"
    day = VERBS["remember"].request(user="ada", text="x", valid_from=date(2026, 5, 1))
    assert decode(sent(day), VERBS["remember"].request).valid_from == "2026-05-01"


MALFORMED: list[Any] = [
    None, 7, "x", [], [[]], {}, {"user": 1}, {"user": "ada", "text": {"a": 1}}, {"user": "ada", "text": "x", "at": 7},
    {"user": "ada", "query": "x", "scopes": "global"}, {"user": "ada", "query": "x", "now": "yesterday"},
    {"user": "ada", "query": "x", "now": 5}, {"user": "ada", "items": {"a": 1}}, {"user": "ada", "items": "abc"},
    {"user": "ada", "items": [3]}, {"user": "ada", "query": "x", "limit": "9"}, {"user": "ada", "no": 1},
    {"user": "ada", "text": "x", "metadata": [1]}, {"user": "ada", "query": "x", "kinds": {"a": 1}},
]  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
def test_what_has_another_form_is_refused_by_name(verb: str) -> None:
    """Nothing a stranger sends ends in anything but a request or an InputError."""
    for given_ in MALFORMED:
        with suppress(InputError):
            assert decode_request(given_, VERBS[verb].request) is not NotImplemented


def test_bytes_and_objects_are_refused() -> None:
    """A value JSON does not know is named, not turned into something else."""
    for value in (b"abc", bytearray(b"abc"), object(), object):
        with pytest.raises((InputError, ClientError), match="cannot be sent"):
            dumps(encode(value))


def _examples() -> list[EiderError]:
    plain: dict[Any, Any] = {
        str: "word", int: 3, float: 2.5, bool: True, Path: Path("/tmp/x"), datetime: datetime(2026, 5, 1, 8, tzinfo=UTC),
    }  # fmt: skip
    made: list[EiderError] = []
    for _, kind in inspect.getmembers(errors, inspect.isclass):
        if not issubclass(kind, EiderError):
            continue
        if not inspect.isfunction(kind.__init__):
            made.append(kind("what happened"))
            continue
        known = {**vars(errors), "Path": Path, "datetime": datetime, "Sequence": Sequence}
        arguments = {}
        for name, parameter in list(inspect.signature(kind).parameters.items()):
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            hint = eval(parameter.annotation, known)
            first = (
                next((h for h in get_args(hint) if h is not type(None)), hint) if isinstance(hint, UnionType) else hint
            )
            arguments[name] = ["one", "two"] if get_origin(hint) is Sequence else plain[first]
        made.append(kind(**arguments) if arguments else kind("what happened"))
    return made


@pytest.mark.parametrize("error", _examples(), ids=lambda error: type(error).__name__)
def test_every_error_survives_the_trip(error: EiderError) -> None:
    """Whoever catches an error of the server sees the type, the message and the values of the one that was raised."""
    there = loads(dumps(encode_error(error)))
    back = decode_error(there["kind"], there["message"], there["fields"])
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert vars(back) == vars(error)


def test_an_error_of_a_later_version_is_an_error_all_the_same() -> None:
    """A server may be newer than its client."""
    for kind in ("BrandNewError", "TYPE_CHECKING", "", "annotations"):
        back = decode_error(kind, "what happened", {"more": [1]})
        assert type(back) is EiderError
        assert str(back) == "what happened"


def test_what_hangs_on_an_error_and_cannot_travel_stays_behind() -> None:
    """An attribute somebody added does not hide the error."""
    error = InputError("bad")
    error.handle = object()  # pyright: ignore[reportAttributeAccessIssue]
    assert encode_error(error) == {"kind": "InputError", "message": "bad", "fields": {}}


def test_defaults_need_not_be_sent() -> None:
    """Hosts in other languages send what they mean; a request that needs more than its defaults says so itself."""
    made = 0
    for verb in VERBS.values():
        needed = [f.name for f in fields(verb.request) if f.default is MISSING and f.default_factory is MISSING]
        if set(needed) <= {"user"}:
            try:
                expected = verb.request(**dict.fromkeys(needed, "ada"))
            except InputError:
                continue
            assert decode_request(dict.fromkeys(needed, "ada"), verb.request) == expected
            made += 1
    assert made > 10


def test_microseconds_and_offsets_are_kept() -> None:
    """An instant is the same instant on the other side."""
    at = datetime(2026, 5, 1, 8, 0, 0, 123457, tzinfo=UTC) + timedelta(days=3)
    assert decode(sent(at), datetime) == at

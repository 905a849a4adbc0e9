"""Matches values and namespaces against filters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from langgraph.store.base import MatchCondition

Namespace = tuple[str, ...]


def matches(value: Any, wanted: Any) -> bool:
    """Whether a value is what a filter wants: equal, or within its operators, at any depth; names may be dotted.

    What cannot be compared, as a text with a number, does not match.

    Raises:
        ValueError: An operator is unknown.

    >>> matches({"n": 3, "who": {"name": "Ada"}}, {"n": {"$gt": 2}, "who": {"name": "Ada"}})
    True
    >>> matches({"n": "3"}, {"n": {"$gt": 2}}), matches({}, {"n": {"$ne": 2}})
    (False, True)
    """
    if isinstance(wanted, Mapping):
        if any(str(name).startswith("$") for name in wanted):
            return all(_operator(name)(value, given) for name, given in wanted.items())
        return isinstance(value, Mapping) and all(matches(_field(value, name), given) for name, given in wanted.items())
    if isinstance(wanted, (list, tuple)):
        alike = isinstance(value, (list, tuple)) and len(value) == len(wanted)
        return alike and all(matches(one, given) for one, given in zip(value, wanted, strict=True))
    return bool(value == wanted)


def _field(value: Mapping[str, Any], name: str) -> Any:
    """An entry by its name, or by the names on the way to it: "user.access-level"."""
    if name in value or "." not in name:
        return value.get(name)
    first, _, rest = name.partition(".")
    inner = value.get(first)
    return _field(inner, rest) if isinstance(inner, Mapping) else None


def namespace_matches(namespace: Namespace, conditions: Sequence[MatchCondition]) -> bool:
    """Whether a namespace begins or ends as each condition says; `*` stands for any label."""
    return all(_starts_with(namespace, condition) for condition in conditions)


def _starts_with(namespace: Namespace, condition: MatchCondition) -> bool:
    if condition.match_type not in ("prefix", "suffix"):
        raise ValueError(f"match_type={condition.match_type!r} is unknown; use 'prefix' or 'suffix'.")
    path = tuple(condition.path)
    if len(path) > len(namespace):
        return False
    part = namespace[: len(path)] if condition.match_type == "prefix" else namespace[len(namespace) - len(path) :]
    return all(wanted in ("*", label) for label, wanted in zip(part, path, strict=True))


def _operator(name: str) -> Callable[[Any, Any], bool]:
    if name not in _OPERATORS:
        raise ValueError(f"operator {name!r} is unknown; use one of {', '.join(_OPERATORS)}.")
    return _OPERATORS[name]


def _comparison(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """Numbers with numbers, texts with texts; nothing else has an order."""

    def ordered(value: Any, given: Any) -> bool:
        numbers = isinstance(value, (int, float)) and isinstance(given, (int, float))
        return (numbers or (isinstance(value, str) and isinstance(given, str))) and compare(value, given)

    return ordered


_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "$eq": lambda value, given: bool(value == given),
    "$ne": lambda value, given: bool(value != given),
    "$gt": _comparison(lambda value, given: value > given),
    "$gte": _comparison(lambda value, given: value >= given),
    "$lt": _comparison(lambda value, given: value < given),
    "$lte": _comparison(lambda value, given: value <= given),
}

"""Claude Code's settings file: our entries are put in and taken out, all else stays as its author wrote it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from eider.api.install.json_edit import JsonText, JsonTextError
from eider.model.errors import RefusedError
from eider_claude_hooks.wiring import ALLOWED, Form, is_ours

Json = dict[str, Any]
_ALLOW: Final = ("permissions", "allow")
_SHAPES: Final[Sequence[tuple[tuple[str, ...], type, str]]] = (
    (("hooks",), dict, "an object"), (("permissions",), dict, "an object"), (_ALLOW, list, "a list"), (("env",), dict, "an object"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class WiredSettings:
    """Settings with our entries in them."""

    text: bytes
    memo: Mapping[str, Any]
    """What was made beside the hooks: `made`, objects and lists that were not there; `allowed`, `env`."""


def read_settings(path: object, text: bytes | None) -> JsonText:
    """Settings as they stand; an absent file is an empty one.

    Raises:
        RefusedError: They are no JSON object, or one of a shape that our entries do not fit.
    """
    try:
        found = JsonText((text or b"").decode())
        _check_shape(found.value)
    except UnicodeDecodeError as error:
        raise RefusedError(f"{str(path)!r} is not UTF-8 (byte {error.start}); save it as UTF-8.") from None
    except JsonTextError as error:
        raise RefusedError(f"{str(path)!r} cannot be edited: {error}. Mend it, then run it again.") from None
    return found


def wire(settings: JsonText, form: Form, env: Mapping[str, str], *, allow: bool = True) -> WiredSettings:
    """Settings with our hooks, permission and environment; the same text where all of it is there already."""
    made: list[list[str]] = []
    memo: Json = {"made": made, "allowed": False, "env": []}
    if present_hooks(settings.value) != expected_hooks(form):
        settings = remove_hooks(settings)
        settings = _ensure_value(settings, ("hooks",), {}, made)
        for event, groups in form.hooks().items():
            settings = _ensure_value(settings, ("hooks", event), [], made)
            for group in groups:
                settings = settings.append(["hooks", event], group)
    if allow and ALLOWED not in (_value_at(settings.value, _ALLOW) or []):
        settings = _ensure_value(_ensure_value(settings, _ALLOW[:1], {}, made), _ALLOW, [], made).append(
            _ALLOW, ALLOWED
        )
        memo["allowed"] = True
    for name, value in env.items():
        if name not in (settings.value.get("env") or {}):
            settings = _ensure_value(settings, ("env",), {}, made).add_member(["env"], name, value)
            memo["env"].append(name)
    return WiredSettings(text=str(settings).encode(), memo=memo)


def unwire(text: bytes, memo: Mapping[str, Any]) -> bytes | None:
    """Settings without what is ours; None when they cannot be understood."""
    try:
        settings = read_settings("", text)
    except RefusedError:
        return None
    settings = remove_hooks(settings)
    if memo.get("allowed"):
        allowed = cast("list[Any]", _value_at(settings.value, _ALLOW) or [])
        settings = settings.remove([*_ALLOW, allowed.index(ALLOWED)]) if ALLOWED in allowed else settings
    for name in memo.get("env", ()):
        if name in (settings.value.get("env") or {}):
            settings = settings.remove(["env", name])
    for place in sorted(memo.get("made", ()), key=len, reverse=True):
        if _value_at(settings.value, place) in ({}, []):
            settings = settings.remove(place)
    return str(settings).encode()


def remove_hooks(settings: JsonText) -> JsonText:
    """Settings without our hooks, and without the groups that held nothing else."""
    for event, at, place in reversed(list(_our_entries(settings.value))):
        settings = settings.remove(["hooks", event, at, "hooks", place])
        if not _hooks(settings.value)[event][at]["hooks"]:
            settings = settings.remove(["hooks", event, at])
    return settings


def present_hooks(settings: Json) -> list[tuple[str, str, Json]]:
    """Our hooks as they stand: event, matcher, entry."""
    found: list[tuple[str, str, Json]] = []
    for event, at, place in _our_entries(settings):
        group = _hooks(settings)[event][at]
        found.append((event, str(group.get("matcher") or ""), group["hooks"][place]))
    return sorted(found, key=lambda one: one[:2])


def expected_hooks(form: Form) -> list[tuple[str, str, Json]]:
    """Eider's hooks in their current form."""
    every = ((e, str(g.get("matcher") or ""), g["hooks"][0]) for e, groups in form.hooks().items() for g in groups)
    return sorted(every, key=lambda one: one[:2])


def _our_entries(settings: Json) -> Iterator[tuple[str, int, int]]:
    for event, groups in _hooks(settings).items():
        for at, group in enumerate(groups):
            for place, hook in enumerate(group.get("hooks") or ()):
                if is_ours(hook):
                    yield event, at, place


def _hooks(settings: Json) -> dict[str, Any]:
    return settings.get("hooks") or {}


def _check_shape(settings: object) -> None:
    if not isinstance(settings, dict):
        raise JsonTextError("it is no JSON object")
    for place, kind, called in _SHAPES:
        holder = _value_at(cast("Json", settings), place[:-1])
        if isinstance(holder, dict) and place[-1] in holder and not isinstance(holder[place[-1]], kind):
            raise JsonTextError(f"{'.'.join(place)} is not {called}")
    for event, groups in _hooks(cast("Json", settings)).items():
        if not isinstance(groups, list):
            raise JsonTextError(f"hooks.{event} is not a list")
        for at, group in enumerate(groups):
            if not isinstance(group, dict) or not isinstance(group.get("hooks", []), list):
                raise JsonTextError(f"hooks.{event}[{at}] is not an object with a list of hooks")


def _value_at(settings: Json, place: Sequence[str]) -> Any:
    found: Any = settings
    for step in place:
        found = found.get(step) if isinstance(found, dict) else None
    return found


def _ensure_value(settings: JsonText, place: Sequence[str], empty: Json | list[Any], made: list[list[str]]) -> JsonText:
    """Settings in which there is something at `place`."""
    if _value_at(settings.value, place) is not None:
        return settings
    made.append(list(place))
    return settings.add_member(place[:-1], place[-1], empty)

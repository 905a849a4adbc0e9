"""The checks every request passes before anything is planned."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, cast, get_args

from eider.model.errors import InputError, TooLargeError
from eider.model.scope_word import SIGNS, scope_word
from eider.model.values import KINDS, ORIGINS, ROLES, Metadata, Status

MAX_TEXT: Final = 1_000_000
"""Characters in an episode: a long pasted document; beyond it a host should split."""
MAX_STATEMENT: Final = 20_000
"""Characters in a memory, which is meant to be one sentence."""
STATUSES: Final = get_args(Status)
MAX_OBSERVED: Final = 8_000_000
"""Characters of a reply or output that is learned from; it is recorded in parts of `MAX_TEXT`."""
MAX_NAME: Final = 256
MAX_METADATA: Final = 1_000_000
"""Characters of metadata as JSON, which holds what hosts keep beside a text: messages, values of their stores."""
MAX_LIMIT: Final = 10_000
MAX_BATCH: Final = 100_000
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SHOWN: Final = 40


def _show(value: object) -> str:
    try:
        text = repr(value)
    except RecursionError:
        text = f"a {type(value).__name__} that is nested too deeply"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def text(value: object, name: str = "text", limit: int = MAX_TEXT) -> str:
    """A text that can be stored: not empty, encodable, within the limit."""
    value = string(value, name, limit)
    if not value.strip():
        raise InputError(f"{name}={_show(value)} is empty; pass at least one visible character.")
    return encodable(value, name)


def string(value: object, name: str, limit: int = MAX_TEXT) -> str:
    """Any text within the limit, also an empty one."""
    if not isinstance(value, str):
        raise InputError(f"{name}={_show(value)} is {type(value).__name__}; pass a str.")
    if len(value) > limit:
        raise TooLargeError(name, len(value), limit)
    return value


def encodable(value: str, name: str) -> str:
    """Refuse what no database can keep verbatim: NUL and halves of surrogate pairs."""
    if "\x00" in value:
        at = value.index("\x00")
        raise InputError(f"{name} holds a NUL character at {at}; remove it with text.replace('\\x00', '').")
    if (half := _SURROGATE.search(value)) is not None:
        fix = "text.encode('utf-8', 'replace').decode()"
        raise InputError(f"{name} holds a lone surrogate {half[0]!r} at {half.start()}; repair it with {fix}.")
    return value


def name(value: object, what: str) -> str:
    """A user, speaker, session or agent name."""
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{what}={_show(value)} is not a name; pass a non-empty str.")
    if len(value) > MAX_NAME:
        raise TooLargeError(what, len(value), MAX_NAME)
    if "\n" in value or "\r" in value:
        raise InputError(f"{what}={_show(value)} spans lines; a name is one line.")
    return encodable(value, what)


def scope(value: object, what: str = "scope") -> str:
    """The name of a scope: one word of letters, digits and `._-+#@~/:`.

    Raises:
        InputError: It has blanks or other characters; the error says how to write it.
    """
    said = name(value, what)
    if said != (word := scope_word(said)):
        fix = f"write {word!r}" if word else "write one such as 'project:alpha'"
        raise InputError(
            f"{what}={_show(value)} is not a scope name: letters, digits and {' '.join(SIGNS)}, no blanks; {fix}."
        )
    return said


def user(value: object) -> str:
    """The user whose memory is meant; a missing one fails closed."""
    if value is None:
        raise InputError(
            "user=None: every call needs the user whose memory it is; pass user=… here or to eider.open()."
        )
    return name(value, "user")


def one_of(value: object, allowed: Sequence[str], what: str) -> str:
    """A word out of a closed list."""
    if value not in allowed:
        raise InputError(f"{what}={_show(value)} is unknown; use one of {', '.join(map(repr, allowed))}.")
    return str(value)


def kinds(values: Iterable[str] | None) -> tuple[str, ...] | None:
    """Memory kinds, plus 'episode' for utterances."""
    if values is None:
        return None
    return tuple(one_of(kind, (*KINDS, "episode"), "kind") for kind in listed(values, "kinds"))


def origins(values: Iterable[str] | None) -> tuple[str, ...] | None:
    """Origins to keep."""
    return None if values is None else tuple(one_of(o, ORIGINS, "origin") for o in listed(values, "origins"))


def scopes(values: Iterable[str] | None) -> tuple[str, ...] | None:
    """Scopes to keep."""
    return None if values is None else tuple(scope(one) for one in listed(values, "scopes"))


def listed_values(values: object, what: str) -> tuple[object, ...]:
    """Return the values of a list or tuple; anything else is refused by name."""
    if not isinstance(values, list | tuple):
        raise InputError(f"{what}={_show(values)} is {type(values).__name__}; pass a list.")
    return tuple(cast("Sequence[object]", values))


def listed(values: object, what: str) -> tuple[str, ...]:
    """Several words; a single str is a common slip, so it is named."""
    if isinstance(values, str):
        raise InputError(f"{what}={_show(values)} is a str; pass a list, for example {what}=[{_show(values)}].")
    if not isinstance(values, Iterable):
        raise InputError(f"{what}={_show(values)} is {type(values).__name__}; pass a list.")
    return tuple(values)


def texts(values: object, what: str) -> None:
    """A list of texts, never one text."""
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise InputError(f"{what}={_show(values)} is {type(values).__name__}; pass a list of texts.")
    for one in values:  # pyright: ignore[reportUnknownVariableType]
        string(one, f"an item of {what}")


def when(value: object, what: str) -> None:
    """A time as people and programs give it."""
    if value is not None and not isinstance(value, str | date):
        raise InputError(
            f"{what}={_show(value)} is {type(value).__name__}; pass an aware datetime, a date or text such as '2026-05'."
        )


def zone_name(value: object) -> None:
    """A time zone's name; whether there is such a zone is found out when it is used."""
    if value is not None and not isinstance(value, str):
        raise InputError(f"tz={_show(value)} is no time zone; pass a name such as 'Europe/Berlin'.")


def role(value: object) -> str:
    """user, agent or other."""
    return one_of(value, ROLES, "role")


def whole(value: object, what: str, low: int, high: int) -> int:
    """A whole number within bounds, both included."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InputError(f"{what}={_show(value)} is out of range; pass a whole number from {low} to {high:,}.")
    return value


def outcome(value: object) -> float:
    """How a turn went, in [-1, 1]."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -1 <= value <= 1:
        raise InputError(f"outcome={_show(value)} is out of range; pass a number from -1 (harm) to 1 (just right).")
    return float(value)


def seconds(value: object, what: str, most: float) -> float:
    """A length of time."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= most:
        raise InputError(f"{what}={_show(value)} is out of range; pass seconds above 0, at most {most:,.0f}.")
    return float(value)


def fraction(value: object, what: str) -> float:
    """A number in [0, 1]."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise InputError(f"{what}={_show(value)} is out of range; pass a number from 0 to 1.")
    return float(value)


def metadata(value: object) -> Metadata:
    """JSON-like metadata of bounded size."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InputError(f"metadata={_show(value)} is {type(value).__name__}; pass a dict.")
    try:
        size = len(json.dumps(value, ensure_ascii=False, allow_nan=False))
        _named(value)
    except InputError:
        raise
    except RecursionError:
        raise InputError(f"metadata={_show(value)}; keep it within a few hundred levels.") from None
    except (TypeError, ValueError) as error:
        raise InputError(
            f"metadata={_show(value)} is not JSON ({error}); keep str, numbers, lists and dicts."
        ) from error
    if size > MAX_METADATA:
        raise TooLargeError("metadata", size, MAX_METADATA)
    encodable(json.dumps(value, ensure_ascii=False).replace("\\u0000", "\x00"), "metadata")
    return value  # pyright: ignore[reportUnknownVariableType] (json.dumps accepted it)


def _named(value: object) -> None:
    """JSON would turn other names into texts silently."""
    if isinstance(value, dict):
        for key_, inner in value.items():
            if not isinstance(key_, str):
                raise InputError(f"metadata holds names such as {_show(key_)}, which is no str; pass str names.")
            _named(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _named(inner)


def batch(items: object) -> None:
    """A list of things to write together."""
    if isinstance(items, str | bytes) or not isinstance(items, Sequence):
        raise InputError(f"items={_show(items)} is {type(items).__name__}; pass a list.")
    if len(items) > MAX_BATCH:  # pyright: ignore[reportUnknownArgumentType] (any sequence has a length)
        raise TooLargeError("items", len(items), MAX_BATCH, "entries")  # pyright: ignore[reportUnknownArgumentType]


def key(value: object) -> str | None:
    """An idempotency key."""
    return None if value is None else name(value, "key")

"""How items of a LangGraph store lie in Eider: each version of an item is one utterance, kept verbatim.

Its session is the item (a digest of namespace and key), its scope the namespace, its text what is searched for, its
metadata the value. One memory of kind `context` names each namespace that holds something.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, Literal

from langgraph.store.base import Item, SearchItem, get_text_at_path

from eider.errors import InputError, TooLargeError
from eider_langchain.store_filters import Namespace

if TYPE_CHECKING:
    from eider import Eider, Episode, Recollection

PAGE: Final = 10_000
"""Rows of one listing: as many as a search answers with."""
MANY: Final = 10_000_000
"""More rows than a listing can pass over."""
MOST: Final = 60_000
"""Characters of a value as JSON; metadata holds 65,536, and namespace and key are there too."""
_UNSEARCHED: Final = "(not searched)"
"""Stands as the text of what is not to be found by its words."""
Index = Literal[False] | Sequence[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One version of an item."""

    id: str
    session: str
    """Names the item; equal for all its versions."""
    namespace: Namespace
    key: str
    value: dict[str, Any]
    created: datetime
    updated: datetime
    written: datetime
    """When this row was: later than `updated` where a read prolonged the item's life."""
    ttl: float | None = None
    """Minutes it lives after it was last written or read."""
    expires: datetime | None = None
    searched: bool = True

    def lives(self, now: datetime) -> bool:
        """Whether its time has not come."""
        return self.expires is None or now < self.expires

    def spent(self, now: datetime) -> float:
        """Share of its time that has passed, in [0, 1]; 0 where it has no end."""
        if self.expires is None or not self.ttl:
            return 0.0
        return 1 - (self.expires - now) / timedelta(minutes=self.ttl)

    def item(self) -> Item:
        """As LangGraph has it."""
        return Item(**self._fields())

    def found(self, score: float | None) -> SearchItem:
        """As LangGraph has it, with a score where it was searched for."""
        return SearchItem(**self._fields(), score=score)

    def _fields(self) -> dict[str, Any]:
        return {"namespace": self.namespace, "key": self.key, "value": self.value,
                "created_at": self.created, "updated_at": self.updated}  # fmt: skip


def item_id(namespace: Namespace, key: str) -> str:
    """Names an item in any store; says nothing of it."""
    return f"item:{sha256(json.dumps([*namespace, key]).encode('utf-8', 'surrogatepass')).hexdigest()[:40]}"


def scope_of(namespace: Namespace) -> str:
    """Names a namespace in any store; says nothing of it."""
    return f"namespace:{sha256(json.dumps(namespace).encode('utf-8', 'surrogatepass')).hexdigest()[:40]}"


def utterance(row: Row, index: Index, fields: Sequence[str]) -> dict[str, Any]:
    """An item's version as `record` takes it.

    Raises:
        InputError: The value is not JSON.
    """
    text = "" if index is False else _text(row.value, fields if index is None else index)
    about = {
        "namespace": [*row.namespace], "name": row.key, "created": row.created.isoformat(),
        "updated": row.updated.isoformat(), "ttl": row.ttl,
        "expires": None if row.expires is None else row.expires.isoformat(), "searched": bool(text.strip()),
    }  # fmt: skip
    return {
        "text": text if text.strip() else _UNSEARCHED, "role": "agent", "at": row.written,
        "session": row.session,
        "metadata": {"scope": scope_of(row.namespace), "item": about, "value": row.value},
    }  # fmt: skip


def again(row: Row, text: str, written: datetime) -> dict[str, Any]:
    """The same version with its life prolonged by its `ttl`."""
    kept = utterance(replace(row, written=written, expires=end_of(written, row.ttl)), False, ())
    kept["metadata"]["item"]["searched"] = row.searched
    return {**kept, "text": text}


def row_of(episode: Episode) -> Row | None:
    """A kept utterance as an item's version; None where it is none."""
    about, value = episode.metadata.get("item"), episode.metadata.get("value")
    if not isinstance(about, Mapping) or not isinstance(value, Mapping):
        return None
    told: Mapping[str, Any] = about
    return Row(
        id=episode.id, session=episode.session, namespace=tuple(told["namespace"]), key=told["name"], value=dict(value),
        created=datetime.fromisoformat(told["created"]), updated=datetime.fromisoformat(told["updated"]),
        written=episode.at, ttl=told["ttl"], searched=told["searched"],
        expires=None if told["expires"] is None else datetime.fromisoformat(told["expires"]),
    )  # fmt: skip


def episodes(
    memory: Eider, user: str, *, scopes: Sequence[str] | None = None, session: str | None = None, most: int = MANY
) -> Iterator[Episode]:
    """Kept utterances, newest first, at most so many."""
    for found in _listed(memory, most, user=user, kinds=["episode"], scopes=scopes, session=session):
        if found.episode is not None:
            yield found.episode


def namespaces(memory: Eider, user: str) -> dict[Namespace, str]:
    """Namespaces that hold something, with the memory that names each."""
    return {tuple(json.loads(found.text)): found.id for found in _listed(memory, MANY, user=user, kinds=["context"])}


def _listed(memory: Eider, most: int, **filters: Any) -> Iterator[Recollection]:
    """All that a listing holds, page by page."""
    offset = 0
    while offset < most:
        page = memory.search(limit=min(PAGE, most - offset), offset=offset, **filters)
        yield from page.items
        offset += PAGE
        if offset >= page.total:
            return


def _text(value: Mapping[str, Any], paths: Sequence[str]) -> str:
    """What of a value is searched for; of a whole value its words, without the signs of JSON."""
    said: list[str] = []
    for path in paths:
        said += _words(value) if path == "$" else get_text_at_path(value, path)
    return "\n".join(said)


def _words(value: Any, name: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for inner, part in value.items():
            yield from _words(part, str(inner))
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _words(part, name)
    elif value is not None:
        yield f"{name}: {value}" if name else str(value)


def json_value(value: Any) -> dict[str, Any]:
    """A value that can be kept: an object of JSON.

    Raises:
        InputError: It is something else.
        TooLargeError: It is too large.
    """
    if not isinstance(value, Mapping):
        raise InputError(f"value={str(value)[:40]!r} is {type(value).__name__}; pass a dict.")
    try:
        said = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(
            f"value={str(value)[:40]!r} is not JSON ({error}); keep str, numbers, lists and dicts."
        ) from error
    if len(said) > MOST:
        raise TooLargeError(f"value={str(value)[:40]!r}", len(said), MOST)
    return json.loads(said)


def end_of(now: datetime, ttl: float | None) -> datetime | None:
    """When a life of `ttl` minutes ends; one that outlasts the calendar has no end."""
    try:
        return None if ttl is None else now + timedelta(minutes=ttl)
    except OverflowError:
        return None

"""Stores LangGraph items in Eider: each version of an item is one utterance.

Its session is the item (a digest of namespace and key), its scope the namespace, its text what is searched for, its
metadata the value. One memory of kind `context` names each namespace that holds something. A deleted item has a last
version that says so, until all its versions are erased.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, Literal

from langgraph.store.base import Item, SearchItem, get_text_at_path

from eider.api.host_values import repaired_tree
from eider.model.errors import InputError, TooLargeError
from eider.privacy.redact import redact_name, redact_tree
from eider_langchain.store_filters import Namespace

if TYPE_CHECKING:
    from eider import Eider, Episode, Recollection

PAGE: Final = 10_000
"""Rows of one listing: as many as a search answers with."""
MAX_ROWS: Final = 10_000_000
"""More rows than a listing can pass over."""
MAX_ITEM: Final = 900_000
"""Characters of a value as JSON; metadata holds a million, and namespace, key and vectors are there too."""
MAX_SEARCHED: Final = 100_000
"""Characters of a value that are searched for. A guess."""
DELETED: Final = "(deleted item)"
"""Text of a version that says that its item is deleted."""
_UNSEARCHED: Final = "(not searched)"
"""Stands as the text of what is not to be found by its words."""
DAMAGED: Final = "damaged"
"""Entry of the value of an item whose row cannot be read; it holds the words that are left of it."""
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
    deleted: bool = False
    seq: int = -1
    """Its place among the versions of the item."""
    first: int | None = None
    """Place of the oldest version that may still be there; None for its own."""
    vectors: tuple[tuple[int, ...], ...] = ()
    """Of its texts, where the store has an embedder of its own; in steps of 1/32767."""

    def is_alive(self, now: datetime) -> bool:
        """Whether it is not deleted and its time has not come."""
        return not self.deleted and (self.expires is None or now < self.expires)

    def life_spent(self, now: datetime) -> float:
        """Share of its time that has passed, in [0, 1]; 0 where it has no end."""
        if self.expires is None or not self.ttl:
            return 0.0
        return 1 - (self.expires - now) / timedelta(minutes=self.ttl)

    def item(self) -> Item:
        """As LangGraph has it."""
        return Item(**self._fields())

    def search_item(self, score: float | None) -> SearchItem:
        """As LangGraph has it, with a score where it was searched for."""
        return SearchItem(**self._fields(), score=score)

    def _fields(self) -> dict[str, Any]:
        return {"namespace": self.namespace, "key": self.key, "value": self.value,
                "created_at": self.created, "updated_at": self.updated}  # fmt: skip


def item_id(namespace: Namespace, key: str) -> str:
    """Names an item in any store; says nothing of it."""
    return f"item:{sha256(json.dumps([*map(redact_name, namespace), redact_name(key)]).encode('utf-8', 'surrogatepass')).hexdigest()[:40]}"


def scope_of(namespace: Namespace) -> str:
    """Names a namespace in any store; says nothing of it."""
    return f"namespace:{sha256(json.dumps([*map(redact_name, namespace)]).encode('utf-8', 'surrogatepass')).hexdigest()[:40]}"


def record_fields(row: Row, index: Index, fields: Sequence[str]) -> dict[str, Any]:
    """An item's version as `record` takes it.

    Raises:
        InputError: What is kept could not be read back.
    """
    text = "" if index is False else _search_text(row.value, fields if index is None else index)
    about = {
        "namespace": [*row.namespace], "id": row.key, "created": row.created.isoformat(),
        "updated": row.updated.isoformat(), "ttl": row.ttl,
        "expires": None if row.expires is None else row.expires.isoformat(), "searched": bool(text.strip()),
        "deleted": row.deleted, "first": row.first,
    }  # fmt: skip
    kept: dict[str, Any] = {"scope": scope_of(row.namespace), "item": about, "value": row.value}
    if row.vectors:
        kept["vectors"] = [list(vector) for vector in row.vectors]
    if _read_item(redact_tree(kept)) is None:
        raise InputError(f"item {row.key!r} could not be read back once its secrets are redacted; rename its key.")
    return {
        "text": DELETED if row.deleted else text if text.strip() else _UNSEARCHED, "role": "agent", "at": row.written, "session": row.session,
        "metadata": kept,
    }  # fmt: skip


def extended_fields(row: Row, text: str, written: datetime) -> dict[str, Any]:
    """Return the fields of an item whose life is extended by its `ttl`."""
    kept = record_fields(replace(row, written=written, expires=expiry(written, row.ttl)), False, ())
    kept["metadata"]["item"]["searched"] = row.searched
    return {**kept, "text": text}


def row_of(episode: Episode) -> Row | None:
    """A kept utterance as an item's version; None where it is none.

    One whose row was damaged is an item without a value that says so (`DAMAGED`): it is found and can be deleted.
    """
    if "item" not in episode.metadata:
        return None
    told: dict[str, Any] | None = _read_item(episode.metadata)
    if told is None:
        about: Any = episode.metadata["item"]
        known: dict[str, Any] = {**about} if isinstance(about, Mapping) else {}
        told = {
            "namespace": _text_list(known.get("namespace")), "id": str(known.get("id", "")), "value": {DAMAGED: episode.text},
            "created": episode.at, "updated": episode.at, "expires": None, "ttl": None, "searched": True, "deleted": False,
            "first": 0, "vectors": (),
        }  # fmt: skip
    return Row(
        id=episode.id, session=episode.session, namespace=told["namespace"], key=told["id"], value=told["value"],
        created=told["created"], updated=told["updated"], written=episode.at, ttl=told["ttl"],
        searched=told["searched"], expires=told["expires"], deleted=told["deleted"], seq=episode.seq, first=told["first"],
        vectors=told["vectors"],
    )  # fmt: skip


def _read_item(metadata: Mapping[str, Any]) -> dict[str, Any] | None:
    """What is kept of an item, read; None where it cannot be."""
    try:
        about, value = metadata["item"], metadata["value"]
        namespace, ttl = _text_list(about["namespace"]), about["ttl"]
        if metadata["scope"] != scope_of(namespace) or not isinstance(value, Mapping):
            return None
        return {
            "namespace": namespace, "id": str(about["id"]), "value": {**value}, "searched": about["searched"] is True,
            "created": datetime.fromisoformat(about["created"]), "updated": datetime.fromisoformat(about["updated"]),
            "expires": None if about["expires"] is None else datetime.fromisoformat(about["expires"]),
            "ttl": None if ttl is None else float(ttl), "deleted": about.get("deleted") is True, "first": about.get("first", 0),
            "vectors": tuple(tuple(map(int, vector)) for vector in metadata.get("vectors", ())),
        }  # fmt: skip
    except (KeyError, TypeError, ValueError):
        return None


def _text_list(value: Any) -> Namespace:
    return tuple(map(str, value)) if isinstance(value, (list, tuple)) else ()


def episodes(
    memory: Eider, user: str, *, scopes: Sequence[str] | None = None, session: str | None = None, most: int = MAX_ROWS,
    page: int = PAGE,
) -> Iterator[Episode]:  # fmt: skip
    """Kept utterances, newest first, at most so many, read in pages."""
    for found in _all_results(memory, most, page, user=user, kinds=["episode"], scopes=scopes, session=session):
        if found.episode is not None:
            yield found.episode


def namespaces(memory: Eider, user: str) -> dict[Namespace, str]:
    """Namespaces that hold something, with the memory that names each."""
    named: dict[Namespace, str] = {}
    for found in _all_results(memory, MAX_ROWS, PAGE, user=user, kinds=["context"]):
        scope = found.memory.scope if found.memory is not None else ""
        try:
            namespace = _text_list(json.loads(found.text))
        except ValueError:
            namespace = ()
        if scope_of(namespace) != scope:  # what was said of it is no text of its own any more: its items know it
            kept = next(episodes(memory, user, scopes=[scope], most=1), None)
            row = None if kept is None else row_of(kept)
            if row is None:
                continue
            namespace = row.namespace
        named[namespace] = found.id
    return named


def _all_results(memory: Eider, most: int, size: int, **filters: Any) -> Iterator[Recollection]:
    """All that a listing holds, page by page."""
    offset = 0
    while offset < most:
        page = memory.search(limit=min(size, most - offset), offset=offset, **filters)
        yield from page.items
        offset += size
        if offset >= page.total:
            return


def _search_text(value: Mapping[str, Any], paths: Sequence[str]) -> str:
    """What of a value is searched for; of a whole value its words, without the signs of JSON."""
    said: list[str] = []
    for path in paths:
        said += _words(value) if path == "$" else get_text_at_path(value, path)
    return "\n".join(said)[:MAX_SEARCHED]


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
    """A value that can be kept: an object of JSON, with characters that no database keeps repaired.

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
    if len(said) > MAX_ITEM:
        raise TooLargeError(f"value={str(value)[:40]!r}", len(said), MAX_ITEM)
    return repaired_tree(json.loads(said))


def expiry(now: datetime, ttl: float | None) -> datetime | None:
    """When a life of `ttl` minutes ends; one that outlasts the calendar has no end."""
    try:
        return None if ttl is None else now + timedelta(minutes=ttl)
    except OverflowError:
        return None

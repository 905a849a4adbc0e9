"""A byte store on Eider, for caches of embeddings and documents: `CacheBackedEmbeddings`, parent-document retrievers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from langchain_core.stores import ByteStore
from langgraph.store.base import GetOp, PutOp

from eider_langchain.store import EiderStore
from eider_langchain.store_rows import PAGE

if TYPE_CHECKING:
    from eider import Eider

_GROUP: Final = 3
"""Bytes of one number: what is no text is kept as numbers, which no filter for secrets mistakes for one."""


class EiderByteStore(ByteStore):
    """Keys and bytes, at most some 20 KB of binary or 60 KB of text each; secrets in text are redacted.

    store = EiderByteStore(memory)
    store.mset([("a", b"1")])
    """

    def __init__(self, memory: Eider, *, name: str = "bytes", user: str = "langchain-kv") -> None:
        """Keep bytes in a memory, under a name of their own, for a reserved user."""
        self._store, self._place = EiderStore(memory, user=user), (name,)

    def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of keys; None where there is none."""
        found: list[Any] = self._store.batch([GetOp(self._place, key) for key in keys])
        return [None if item is None else _decoded(item.value) for item in found]

    def mset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        """Keep values; the last one of a key wins."""
        self._store.batch([PutOp(self._place, key, _encoded(value), index=False) for key, value in key_value_pairs])

    def mdelete(self, keys: Sequence[str]) -> None:
        """Erase keys."""
        self._store.batch([PutOp(self._place, key, None) for key in keys])

    def yield_keys(self, *, prefix: str | None = None) -> Iterator[str]:
        """Keys, in order, those that begin with `prefix`."""
        found = self._store.search(self._place, limit=PAGE)
        while len(more := self._store.search(self._place, limit=PAGE, offset=len(found))):
            found += more
        yield from sorted(item.key for item in found if item.key.startswith(prefix or ""))


def _encoded(value: bytes) -> dict[str, Any]:
    """Bytes as JSON: text where they are text, else numbers of three bytes each."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = None
    if text is not None and "\x00" not in text:
        return {"text": text}
    groups = [int.from_bytes(value[place : place + _GROUP], "big") for place in range(0, len(value), _GROUP)]
    return {"size": len(value), "bytes": groups}


def _decoded(value: Mapping[str, Any]) -> bytes:
    if "text" in value:
        return str(value["text"]).encode()
    size = int(value["size"])
    sizes = [min(_GROUP, size - place) for place in range(0, size, _GROUP)]
    return b"".join(int(group).to_bytes(length, "big") for group, length in zip(value["bytes"], sizes, strict=True))

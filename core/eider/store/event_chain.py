"""The event chain: each event carries the hash of the one before; content can be erased without breaking it."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from eider.model.values import EventId, Metadata

GENESIS: Final = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What the chain keeps of one event; never its content."""

    seq: int
    at: datetime
    actor: str
    op: str
    ids: tuple[str, ...]
    commitment: str
    previous: str

    @property
    def hash(self) -> str:
        """Hash over all of the above, hex."""
        parts = [self.seq, self.at.isoformat(), self.actor, self.op, list(self.ids), self.commitment, self.previous]
        return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()


def encode(payload: Metadata) -> str:
    """The one spelling of a payload that is committed to."""
    return json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def encode_row(row: Sequence[object]) -> str:
    """The one spelling of a row that is committed to.

    >>> encode_row(["a", 1, None, datetime(2026, 5, 1)])
    '["a",1,null,"2026-05-01T00:00:00"]'
    """
    return json.dumps([v.isoformat() if isinstance(v, datetime) else v for v in row], separators=(",", ":"))


def commit_to(payload: str, nonce: str | None = None) -> tuple[str, str]:
    """(nonce, commitment): the commitment says nothing about the payload once the nonce is gone."""
    nonce = nonce or secrets.token_hex(16)
    return nonce, hmac.new(bytes.fromhex(nonce), payload.encode(), hashlib.sha256).hexdigest()


def faults(links: Sequence[Link], hashes: Sequence[str], previous: str = GENESIS) -> list[str]:
    """What does not fit in a run of events that should follow `previous`."""
    found: list[str] = []
    expected = links[0].seq if links else 0
    for link, digest in zip(links, hashes, strict=True):
        if link.seq != expected:
            found.append(f"events {expected} to {link.seq - 1} are missing")
        elif link.previous != previous:
            found.append(f"event {link.seq} does not follow event {link.seq - 1}")
        if link.hash != digest:
            found.append(f"event {link.seq} was altered")
        previous, expected = digest, link.seq + 1
    return found


def keyed_digest(secret: bytes, *parts: str) -> str:
    """A digest that only this store can make: for tombstones and idempotency keys."""
    return hmac.new(secret, "\x1f".join(parts).encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def event_id(seq: int) -> EventId:
    """Public id of an event.

    >>> event_id(42)
    'evt_42'
    """
    return f"evt_{seq}"


def event_seq(id: EventId) -> int | None:  # noqa: A002 (the word users know)
    """Number of an event, None if that is no event id.

    >>> event_seq("evt_42"), event_seq("mem_1"), event_seq("evt_²")
    (42, None, None)
    """
    number = id.removeprefix("evt_")
    return int(number) if number != id and number.isascii() and number.isdigit() and len(number) < 19 else None  # noqa: PLR2004 (digits of a BIGINT)

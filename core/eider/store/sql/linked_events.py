"""Events of an import, linked to the end of the chain and written together."""

from __future__ import annotations

import json
from typing import Final

from eider.model.clock import to_db
from eider.store import event_chain
from eider.store.sql import rows
from eider.store.sql.chain import Head
from eider.store.sql.session import Cursor
from eider.store.transfer_rows import Happened

_PAYLOAD: Final = ["seq", "user_id", "nonce", "payload"]


class LinkedEvents:
    """Events of one user that follow each other."""

    def __init__(self, user: str, head: Head) -> None:
        """Begin behind `head`."""
        self._user, self.head = user, head
        self.links: list[event_chain.Link] = []
        self._payloads: list[rows.Row] = []

    def add(self, event: Happened, row: rows.Row | None = None) -> tuple[int, str]:
        """Add an event with its payload, or one whose content is a row kept elsewhere; returns its number and nonce."""
        said = None if event.payload is None else event_chain.encode(event.payload)
        nonce, commitment = event_chain.commit_to(said or "" if row is None else event_chain.encode_row(row))
        link = event_chain.Link(
            seq=self.head[0] + 1, at=event.at, actor=event.actor, op=event.op, ids=event.ids, commitment=commitment,
            previous=self.head[1],
        )  # fmt: skip
        self.head = (link.seq, link.hash)
        self.links.append(link)
        if said is not None:
            self._payloads.append((link.seq, self._user, nonce, said))
        return link.seq, nonce

    def write(self, db: Cursor) -> None:
        """Write all of them within the caller's transaction."""
        events = [
            (x.seq, to_db(x.at), self._user, x.actor, x.op, json.dumps(list(x.ids)), x.commitment, x.previous, x.hash)
            for x in self.links
        ]
        db.insert("events", rows.EVENT, events)
        db.insert("event_payloads", _PAYLOAD, self._payloads)

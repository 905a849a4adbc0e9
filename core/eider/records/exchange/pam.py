"""Portable AI Memory 1.0: one JSON file with a user's statements, for tools that read that format."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from eider.client.client import VERSION
from eider.model.values import Memory
from eider.records.exchange.files import Line, json_line, new_private_file
from eider.store.protocols import Snapshot

_TYPES: Final[Mapping[str, str]] = {
    "fact": "fact",
    "preference": "preference",
    "rule": "instruction",
    "context": "context",
}
"""Kinds that the format has a type for; others are of its type "custom" under their own name."""


def write_pam(path: Path, header: Line, rows: Snapshot, now: datetime) -> int:
    """Write the newest version of each statement, and what replaced what; returns how many statements.

    The format has no place for utterances, versions and events; `export` as JSONL keeps them.
    """
    latest = [m for m in rows.memories() if m.retired_at is None and m.state == "active"]
    ids = {m.id for m in latest}
    head = {
        "schema": "portable-ai-memory", "schema_version": "1.0", "exported_by": f"eider/{VERSION}",
        "export_date": header["exported_at"], "owner": {"id": header["user"]},
    }  # fmt: skip
    replaced = [m for m in latest if m.superseded_by in ids]
    with new_private_file(path) as file:
        file.write(f'{json_line(head)[:-1]},\n"memories":[\n'.encode())
        for number, m in enumerate(latest):
            file.write(f"{',' if number else ''}{json_line(_memory(m, now, ids))}\n".encode())
        file.write(b'],\n"relations":[\n')
        for number, m in enumerate(replaced):
            ended = m.valid_to or m.recorded_at
            relation = {
                "id": f"rel_{m.id}", "from": m.superseded_by, "to": m.id, "type": "supersedes", "created_at": _iso(ended),
            }  # fmt: skip
            file.write(f"{',' if number else ''}{json_line(relation)}\n".encode())
        file.write(b"]}\n")
    return len(latest)


def _memory(m: Memory, now: datetime, ids: set[str]) -> Line:
    kind = _TYPES.get(m.kind, "custom")
    status = {"current": "active", "superseded": "superseded"}.get(m.status(now), "archived")
    temporal = {"created_at": _iso(m.recorded_at), "valid_from": _iso(m.valid_from)}
    if m.valid_to is not None:
        temporal["valid_until"] = _iso(m.valid_to)
    if m.superseded_by in ids:
        temporal["superseded_by"] = str(m.superseded_by)
    custom: Line = {"custom_type": m.kind} if kind == "custom" else {}
    more: Line = {
        "eider_kind": m.kind, "eider_scope": m.scope, "eider_importance": m.importance, "eider_origin": m.origin,
        "eider_pinned": m.pinned,
    }  # fmt: skip
    return {
        "id": m.id, "type": kind, **custom, "status": status, "content": m.text, "content_hash": content_hash(m.text),
        "confidence": {"initial": m.confidence}, "temporal": temporal,
        "provenance": {"platform": "eider", "extraction_method": "explicit_user_input" if m.origin == "user" else "api_export"},
        "metadata": more,
    }  # fmt: skip


def content_hash(text: str) -> str:
    """Return the digest that the format wants of a text.

    Source: Portable AI Memory 1.0, section 9.4: trimmed, lower case, NFC, blanks made one.
    """
    plain = re.sub(r"\s+", " ", unicodedata.normalize("NFC", text.strip().lower()))
    return f"sha256:{sha256(plain.encode()).hexdigest()}"


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()

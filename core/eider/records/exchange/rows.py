"""The rows of an export as plain mappings, and back: what comes in passes the one channel."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast, get_args

from eider.model import validation
from eider.model.clock import utc, zone
from eider.model.errors import InputError, TooLargeError
from eider.model.ids import is_id
from eider.model.values import (
    ACTS,
    KINDS,
    ORIGINS,
    REACHES,
    ROLES,
    STATES,
    TRUST,
    Act,
    Doubt,
    Edge,
    EdgeKind,
    Episode,
    Memory,
    MemoryKind,
    Origin,
    Precision,
    Reach,
    Role,
    Span,
    State,
    Usage,
)  # fmt: skip
from eider.privacy.ingress import Channel, clean, clean_metadata, clean_row
from eider.privacy.redact import CleanText, redact, redact_name
from eider.store.transfer_rows import Happened

Line = dict[str, Any]
_MOST_PARTS: Final = 10_000
"""Entities, spans or ids in one row."""
_GROWTH: Final = 2
"""Redaction can make a text longer than it was when its length was checked; a guess."""


def episode_line(e: Episode, rev: int) -> Line:
    """An utterance."""
    return {
        "type": "episode", "id": e.id, "rev": rev, "session": e.session, "seq": e.seq, "at": iso(e.at), "tz": e.tz,
        "speaker": e.speaker, "role": e.role, "origin": e.origin, "text": e.text, "recorded_at": iso(e.recorded_at),
        "metadata": dict(e.metadata), "key": e.key,
    }  # fmt: skip


def memory_line(m: Memory) -> Line:
    """One version of a statement."""
    return {
        "type": "memory", "id": m.id, "rev": m.rev, "kind": m.kind, "text": m.text, "agent": m.agent,
        "scope": m.scope, "origin": m.origin, "trust": m.trust, "subject": m.subject, "entities": list(m.entities),
        "importance": m.importance, "confidence": m.confidence,
        "evidence": [_span_line(s) for s in m.evidence], "valid_from": iso(m.valid_from),
        "valid_to": iso(m.valid_to), "from_precision": m.from_precision, "to_precision": m.to_precision,
        "recorded_at": iso(m.recorded_at), "retired_at": iso(m.retired_at), "superseded_by": m.superseded_by,
        "pinned": m.pinned, "state": m.state, "merged_from": list(m.merged_from), "key": m.key,
        "act": m.act, "reach": m.reach, "answers": None if m.answers is None else _span_line(m.answers),
        "said_again": [_span_line(s) for s in m.said_again], "wording": m.wording,
        "doubt": None if m.doubt is None else dict(m.doubt.fields()),
    }  # fmt: skip


def _span_line(span: Span) -> list[str | int]:
    return [span.episode, span.start, span.end]


def edge_line(e: Edge, rev: int) -> Line:
    """A link."""
    return {"type": "edge", "source": e.source, "target": e.target, "kind": e.kind, "weight": e.weight, "rev": rev}


def usage_line(u: Usage) -> Line:
    """Counters of a memory."""
    return {
        "type": "usage", "id": u.id, "stability": u.stability, "last_used": iso(u.last_used), "uses": u.uses,
        "shown": u.shown,
    }  # fmt: skip


def event_line(e: Happened) -> Line:
    """A change."""
    payload = None if e.payload is None else dict(e.payload)
    return {
        "type": "event", "seq": e.seq, "at": iso(e.at), "actor": e.actor, "op": e.op, "ids": list(e.ids),
        "payload": payload,
    }  # fmt: skip


def iso(at: datetime | None) -> str | None:
    """Return an instant as it stands in a row."""
    return None if at is None else at.isoformat()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads rows for one user through one channel; every string passes redaction, trust never rises."""

    user: str
    channel: Channel
    latest: datetime
    """Nothing can have been recorded after this."""

    def episode(self, line: Line) -> tuple[Episode, int]:
        """An utterance and the event that recorded it.

        Raises:
            InputError: A field cannot be used; the message names it and the fix.
        """
        validation.text(line.get("text"), limit=_GROWTH * validation.MAX_TEXT)
        names = {name: validation.name(line.get(name), name) for name in ("speaker", "session")}
        tz = validation.name(line.get("tz"), "tz")
        zone(tz)
        metadata = line.get("metadata") or {}
        validation.metadata(metadata)
        fields, metadata = clean_row({"text": cast("str", line["text"]), **names}, metadata)
        episode = Episode(
            id=named_id(line, "id", "ep_"), text=fields["text"], user=self.user, speaker=fields["speaker"],
            role=cast("Role", validation.one_of(line.get("role"), ROLES, "role")), session=fields["session"],
            seq=whole_of(line, "seq"), at=_instant(line, "at"), tz=tz, recorded_at=self.past(line, "recorded_at"),
            origin=self._origin(line), metadata=metadata, key=key_of(line),
        )  # fmt: skip
        return episode, whole_of(line, "rev")

    def memory(self, line: Line) -> Memory:
        """One version of a statement; its `rev` is the export's.

        Raises:
            InputError: A field cannot be used; the message names it and the fix.
        """
        state = cast("State", validation.one_of(line.get("state"), STATES, "state"))
        fields = self._nothing_said() if state == "erased" else self._statement_fields(line)
        end = line.get("retired_at")
        after = line.get("superseded_by")
        # what a person had confirmed stays so when a person brings it; through any other channel it is proven anew
        claimed = validation.whole(line.get("trust"), "trust", 0, 2)
        return Memory(
            id=named_id(line, "id", "mem_"), rev=whole_of(line, "rev"),
            kind=cast("MemoryKind", validation.one_of(line.get("kind"), KINDS, "kind")), user=self.user,
            origin=self._origin(line), valid_from=_instant(line, "valid_from"),
            valid_to=None if line.get("valid_to") is None else _instant(line, "valid_to"),
            from_precision=_precision(line, "from_precision"), to_precision=_precision(line, "to_precision"),
            recorded_at=self.past(line, "recorded_at"),
            retired_at=None if end is None else self.past(line, "retired_at"),
            superseded_by=None if after is None else named_id(line, "superseded_by", "mem_"),
            trust=(claimed if self.channel.max_trust == "user" else min(claimed, TRUST[self._origin(line)])), state=state, **fields,
        )  # fmt: skip

    def _statement_fields(self, line: Line) -> dict[str, Any]:
        """What a statement says, redacted."""
        text = validation.text(line.get("text"), limit=_GROWTH * validation.MAX_STATEMENT)
        given = {
            "text": text,
            "agent": validation.name(line.get("agent"), "agent"),
            "scope": validation.scope(line.get("scope")),
        }
        if line.get("subject"):
            given["subject"] = validation.name(line["subject"], "subject")
        fields = clean(given)
        return {
            "text": fields["text"], "agent": fields["agent"], "scope": fields["scope"],
            "subject": fields.get("subject", ""), "entities": tuple(redact(e) for e in list_of_strings(line, "entities")),
            "importance": validation.whole(line.get("importance"), "importance", 1, 5),
            "confidence": validation.fraction(line.get("confidence"), "confidence"), "evidence": _spans(line, "evidence"),
            "pinned": bool(line.get("pinned")) and self.channel.max_trust == "user", "key": key_of(line),
            "act": None if line.get("act") is None else cast("Act", validation.one_of(line["act"], ACTS, "act")),
            "reach": None if line.get("reach") is None else cast("Reach", validation.one_of(line["reach"], REACHES, "reach")),
            "answers": next(iter(_spans({"answers": [line["answers"]]}, "answers")), None) if line.get("answers") else None,
            "said_again": _spans(line, "said_again"),
            "wording": redact(validation.text(line["wording"], "wording", limit=validation.MAX_STATEMENT)) if line.get("wording") else "",
            "doubt": None if line.get("doubt") is None else _doubt(line["doubt"]),
            "merged_from": tuple(_is_id(i, "merged_from", "mem_") for i in list_of_strings(line, "merged_from")),
        }  # fmt: skip

    @staticmethod
    def _nothing_said() -> dict[str, Any]:
        """A tombstone has a place in a chain and no content, whatever the row claims."""
        return {"text": "", "agent": "", "scope": "", "importance": 1}

    def edge(self, line: Line) -> tuple[Edge, int]:
        """A link and the event that made it."""
        kind = cast("EdgeKind", validation.one_of(line.get("kind"), get_args(EdgeKind), "kind"))
        source, target = named_id(line, "source", "mem_"), named_id(line, "target", "mem_")
        weight = _number(line, "weight")
        return Edge(source=source, target=target, kind=kind, weight=weight), whole_of(line, "rev")

    def usage(self, line: Line) -> Usage:
        """Counters of a memory."""
        stability = _number(line, "stability")
        if stability <= 0:
            raise InputError(f"stability={stability!r} is out of range; it is a number of days above 0.")
        return Usage(
            id=named_id(line, "id", "mem_"), stability=stability, last_used=self.past(line, "last_used"),
            uses=whole_of(line, "uses"), shown=whole_of(line, "shown"),
        )  # fmt: skip

    def event(self, line: Line) -> Happened:
        """A change, with what it said."""
        payload = line.get("payload")
        if payload is not None:
            # what undo will read of an event: memory → the event that wrote the version before, or nothing
            if not isinstance(payload, dict):
                raise InputError(f"payload={str(payload)[:40]!r} is no mapping; write null for an erased one.")
            validation.encodable(json.dumps(payload, ensure_ascii=False).replace("\\u0000", "\x00"), "payload")
            revs = payload.get("memories", {})
            if not isinstance(revs, Mapping):
                raise InputError(f"payload.memories={revs!r} is no mapping; it names a revision for each memory.")
            for id_, rev in revs.items():
                _is_id(id_, "payload.memories", "mem_")
                if rev is not None:
                    validation.whole(rev, "payload.memories", 0, 2**53)
            payload = clean_metadata(cast("Mapping[str, Any]", payload))
        return Happened(
            seq=validation.whole(line.get("seq"), "seq", 1, 2**53), at=self.past(line, "at"),
            actor=redact_name(validation.name(line.get("actor"), "actor")), op=redact_name(validation.name(line.get("op"), "op")),
            ids=tuple(_is_id(i, "ids", i.partition("_")[0] + "_") for i in list_of_strings(line, "ids", 10 * validation.MAX_BATCH)),
            payload=payload,
        )  # fmt: skip

    def _origin(self, line: Line) -> Origin:
        return self.channel.origin(cast("Origin", validation.one_of(line.get("origin"), ORIGINS, "origin")))

    def past(self, line: Line, name: str) -> datetime:
        """When something was written down; a later time would put the store's clock ahead of the world's."""
        at = _instant(line, name)
        if at > self.latest:
            raise InputError(f"{name}={at.isoformat()!r} is in the future; correct the time or this machine's clock.")
        return at


def _is_id(value: object, name: str, prefix: str) -> str:
    if not is_id(value, prefix):
        raise InputError(f"{name}={str(value)[:40]!r} is no id; ids look like {prefix}01… with 26 characters.")
    return str(value)


def named_id(line: Line, name: str, prefix: str) -> str:
    """Return the id in a field.

    Raises:
        InputError: It is none of that kind.
    """
    return _is_id(line.get(name), name, prefix)


def _instant(line: Line, name: str) -> datetime:
    value = line.get(name)
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(cast("str", value))
    except (TypeError, ValueError):
        raise InputError(f"{name}={value!r} is no time; write for example '2023-05-07T10:00:00+00:00'.") from None
    return utc(at, None, name)


def whole_of(line: Line, name: str) -> int:
    """Return the whole number in a field, at least 0."""
    return validation.whole(line.get(name), name, 0, 2**31 - 1)


def _number(line: Line, name: str) -> float:
    value = line.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e9 < value < 1e9:  # noqa: PLR2004 (sanity)
        raise InputError(f"{name}={value!r} is no number within reason; give one.")
    return float(value)


def _precision(line: Line, name: str) -> Precision:
    return cast("Precision", validation.one_of(line.get(name), get_args(Precision), name))


def key_of(line: Line) -> CleanText | None:
    """Return the idempotency key of a row, redacted."""
    key = validation.key(line.get("key"))
    return None if key is None else redact_name(key)


def list_of_strings(line: Line, name: str, limit: int = _MOST_PARTS) -> list[str]:
    """Return the strings in a field; none where it is not there."""
    value = line.get(name) or []
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise InputError(f"{name}={str(value)[:40]!r} is no list of strings; write for example [].")
    if len(value) > limit:
        raise TooLargeError(name, len(value), limit, "entries")
    return [validation.encodable(v, name) for v in value]


def _doubt(value: object) -> Doubt:
    """A doubt as `Doubt.fields` wrote it."""
    fields = cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
    names = {name: validation.name(fields.get(name), f"doubt.{name}") for name in ("relation",)}
    later = fields.get("runner_up") or ""
    return Doubt(
        by=_is_id(fields.get("by"), "doubt.by", "mem_"), since=_instant({"since": fields.get("since")}, "since"),
        probability=validation.fraction(fields.get("probability"), "doubt.probability"),
        relation=redact_name(names["relation"]), runner_up=redact_name(validation.name(later, "doubt.runner_up")) if later else "",
    )  # fmt: skip


def _spans(line: Line, name: str) -> tuple[Span, ...]:
    value: object = line.get(name) or []
    found: list[Span] = []
    for part in value if isinstance(value, Sequence) and len(value) <= _MOST_PARTS else [value]:
        episode, start, end = part if isinstance(part, Sequence) and len(part) == 3 else (None, 0, 0)  # noqa: PLR2004 (a span)
        first = validation.whole(start, f"{name} start", 0, validation.MAX_TEXT)
        last = validation.whole(end, f"{name} end", first, validation.MAX_TEXT)
        found.append(Span(episode=_is_id(episode, name, "ep_"), start=first, end=last))
    return tuple(found)

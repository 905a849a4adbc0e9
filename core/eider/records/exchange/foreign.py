"""Lines that Eider did not write: statements, and chats of other tools. Each becomes a row of origin "import"."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast

from eider.model import validation
from eider.model.clock import bound, local_date, moment
from eider.model.errors import InputError
from eider.model.ids import new_id
from eider.model.values import GLOBAL, KINDS, ORIGIN_OF_ROLE, TRUST, Episode, Memory, MemoryKind, Role
from eider.privacy.ingress import Channel, clean, clean_row
from eider.privacy.redact import CleanText, redact_name
from eider.store.engine import Engine

_ROLES: Final[Mapping[str, Role]] = {
    "user": "user", "human": "user", "agent": "agent", "assistant": "agent", "ai": "agent", "model": "agent",
}  # fmt: skip
"""What others call them; every other role is "other"."""
_MILLISECONDS: Final = 1e11
"""A number above this counts milliseconds since 1970; as seconds it would be the year 5138."""


def statement_or_utterance(engine: Engine, user: str, line: Mapping[str, Any], channel: Channel) -> Episode | Memory:
    """A line with a role is an utterance, one with only a text a statement.

    Raises:
        InputError: A field is missing or cannot be used; the message names the fix.
    """
    if "role" in line:
        said = validation.text(_content(line), "content")
        role: Role = _ROLES.get(str(line["role"]).casefold(), "other")
        at, tz = _time(engine, line)
        speakers = {"user": user, "agent": channel.agent, "other": str(line["role"]) or "other"}
        speaker = validation.name(line.get("speaker") or line.get("name") or speakers[role], "speaker")
        session = validation.name(line.get("session") or local_date(at, tz).isoformat(), "session")
        given = {"text": said, "speaker": speaker, "session": session}
        fields, metadata = clean_row(given, validation.metadata(line.get("metadata")))
        return Episode(
            id=new_id("ep_"), text=fields["text"], user=user, speaker=fields["speaker"], role=role,
            session=fields["session"], seq=-1, at=at, tz=tz, recorded_at=engine.now(),
            origin=channel.origin(ORIGIN_OF_ROLE[role]), metadata=metadata, key=_key(line),
        )  # fmt: skip
    if "text" in line:
        return _statement(engine, user, line, channel)
    raise InputError(
        'neither \'text\' nor \'role\' is there; write {"text": …}, or {"role": …, "content": …, "at": …}.'
    )


def _content(line: Mapping[str, Any]) -> object:
    """Text, or parts of which some are text."""
    said = line.get("text", line.get("content"))
    if isinstance(said, list):
        parts = cast("list[Any]", said)
        texts = [p if isinstance(p, str) else p.get("text") for p in parts if isinstance(p, str | dict)]
        return "\n".join(t for t in texts if isinstance(t, str))
    return said


def _time(engine: Engine, line: Mapping[str, Any]) -> tuple[datetime, str]:
    """When it was said; nobody can guess it, and "now" would be wrong."""
    given = line.get("at", line.get("timestamp"))
    if given is None:
        raise InputError('the time is missing; add "at": "2023-05-07T10:00:00Z" (or "timestamp").')
    tz = None if line.get("tz") is None else validation.name(line["tz"], "tz")
    if isinstance(given, str | bool) or not isinstance(given, int | float):
        return moment(_day_or_zoned(given, tz), tz, engine.now())
    try:
        at = datetime.fromtimestamp(given / 1000 if abs(given) > _MILLISECONDS else given, UTC)
    except (ValueError, OverflowError, OSError):
        raise InputError(f"at={given!r} is no time; write '2023-05-07T10:00:00Z', or seconds since 1970.") from None
    return at, tz or "UTC"


def _day_or_zoned(given: object, tz: str | None) -> str | datetime:
    """A day as it is; a time of day only with a zone."""
    if not isinstance(given, str):
        raise InputError(f"at={str(given)[:40]!r} is no time; write '2023-05-07T10:00:00Z', or seconds since 1970.")
    try:
        at = datetime.fromisoformat(given.strip())
    except ValueError:
        return given
    if at.tzinfo is None and tz is None and len(given.strip()) > len("2023-05-07"):
        raise InputError(
            f"at={given!r} has no time zone; add one as in '{at.isoformat()}Z', or a field tz='Europe/Berlin'."
        )
    return given if at.tzinfo is None else at


def _statement(engine: Engine, user: str, line: Mapping[str, Any], channel: Channel) -> Memory:
    now = engine.now()
    text = validation.text(line["text"], limit=validation.MAX_STATEMENT)
    scope = validation.scope(line.get("scope", GLOBAL))
    fields = clean({"text": text, "scope": scope, "agent": channel.agent})
    times = {n: bound(at, line.get("tz"), n) for n in ("valid_from", "valid_to") if (at := line.get(n)) is not None}
    start, from_precision = times.get("valid_from", (now, "instant"))
    end, to_precision = times.get("valid_to", (None, "instant"))
    if end is not None and end <= start:
        raise InputError(f"valid_to={line['valid_to']!r} is not after valid_from; give a later one.")
    origin = channel.origin("user")
    return Memory(
        id=new_id("mem_"), rev=0, text=fields["text"], user=user, agent=fields["agent"], scope=fields["scope"],
        kind=cast("MemoryKind", validation.one_of(line.get("kind", "fact"), KINDS, "kind")), origin=origin,
        trust=TRUST[origin], valid_from=start, valid_to=end, recorded_at=now, from_precision=from_precision,
        to_precision=to_precision, pinned=line.get("pinned") is True, key=_key(line),
        importance=validation.whole(line.get("importance", 3), "importance", 1, 5),
    )  # fmt: skip


def _key(line: Mapping[str, Any]) -> CleanText:
    """Return the key under which a line is imported once: its own, or else the line itself."""
    whole = str(line["key"]) if line.get("key") else json.dumps(line, sort_keys=True, ensure_ascii=True)
    return redact_name(f"import:{hashlib.sha256(whole.encode()).hexdigest()[:32]}")

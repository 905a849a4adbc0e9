"""The one place where requests enter: recall marks are taken out, secrets redacted, times resolved, the origin stamped.

Every backend passes each request through `accept`, and the functions of the verbs take `Clean[...]` only. What such a
function derives from a text is redacted again where it is made, and the commit refuses a plan with any other string.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar, cast

from eider.model.clock import bound, local_date, local_zone, moment, utc, zone
from eider.model.errors import InputError
from eider.model.requests import Correct, Record, RecordMany, Remember, RememberMany, Request, UserRequest
from eider.model.requests_learning import AddRules, CloseLoop, Observe, ObserveMany, OpenLoop
from eider.model.requests_reading import DiffOf, Inject, Recall, Search
from eider.model.requests_runs import BeginRun, EndRun, KeepStep, PromoteStep
from eider.model.runs import JSON, TEXT, Content
from eider.model.validation import MAX_TEXT
from eider.model.values import ORIGIN_OF_ROLE, TRUST, Metadata, Origin, Precision, Role
from eider.privacy import recall_marks
from eider.privacy.redact import CleanText, redact, redact_fields, redact_name, redact_row, redact_tree

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """The way a request came in, and the most trust that what it brings may get."""

    name: str = "library"
    """As the event log shows it: library, cli, mcp, http, or a host's name."""
    max_trust: Origin = "user"
    agent: str = "default"
    """Name of the agent that learns."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "agent", redact_name(self.agent))

    def origin(self, claimed: Origin) -> Origin:
        """Return the origin that is claimed, or `max_trust` where that is lower; tools and documents stay what they are.

        >>> Channel(name="mcp", max_trust="agent").origin("user"), Channel(max_trust="tool").origin("document")
        ('agent', 'tool')
        """
        higher = TRUST[claimed] > TRUST[self.max_trust]
        return self.max_trust if higher or not TRUST[self.max_trust] else claimed

    def narrowed(self, name: str, max_trust: Origin) -> Channel:
        """Return a channel of another name that is trusted at most as much as this one."""
        return replace(self, name=name, max_trust=self.origin(max_trust))


Time = tuple[datetime, Precision]
"""An instant in UTC, and how precisely it was said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clean(Generic[R_co]):
    """A request that passed `accept`, which alone makes these: the functions of the verbs take nothing else.

    What is only compared and never kept (a query, a prompt, what a host's files say) stays as it was sent.
    """

    request: R_co
    """Its texts and names are `CleanText`, without recall marks; who spoke in which session is filled in."""
    channel: Channel
    origin: Origin
    """Who authored it, at most as trusted as the channel is."""
    now: datetime
    """The store's present when it came in; for readers the asker's."""
    tz: str
    """Time zone of whoever asks."""
    times: Mapping[str, Time] = field(default_factory=dict[str, Time])
    """Field → the instant it names; fields that were left out are not there."""
    records: tuple[Clean[Record], ...] = ()
    """The utterances of a request that brings several."""
    statements: tuple[Clean[Remember], ...] = ()
    """The statements of a request that brings several."""
    exchanges: tuple[Clean[Observe], ...] = ()
    """The exchanges of a request that brings several."""

    def time(self, name: str) -> datetime | None:
        """Return the instant that a field names; None where it was left out."""
        found = self.times.get(name)
        return None if found is None else found[0]


def accept(request: R, channel: Channel, now: datetime) -> Clean[R]:
    """Let a request in.

    Args:
        request: What is asked.
        channel: The way it came in.
        now: The store's present.

    Raises:
        InputError: A time cannot be read or lies far ahead, nothing is left of a text once recalled memory is taken
            out, or a user's name looks like a secret.
    """
    if isinstance(request, UserRequest):
        user_name(cast("UserRequest[Any]", request).user)
    clean = _accepted(cast("Request[Any]", request), channel, now)
    return cast("Clean[R]", clean)


def _accepted(  # noqa: C901, PLR0911, PLR0912 (one case per kind of request)
    request: Request[Any], channel: Channel, now: datetime
) -> Clean[Request[Any]]:
    made = Clean(request=request, channel=channel, origin=channel.origin("user"), now=now, tz="UTC")
    match request:
        case Record():
            return _utterance(request, _unmarked(request.text), made)
        case Remember():
            return _statement(request, made)
        case RecordMany():
            records = tuple(accept(one, channel, now) for one in request.records())
            return replace(made, request=_with(request, items=(), **_names(request)), records=records)
        case RememberMany():
            statements = tuple(accept(one, channel, now) for one in request.statements())
            return replace(made, request=_with(request, items=(), **_names(request)), statements=statements)
        case Observe():
            records = (*_parts(request, "agent", made), *_parts(request, "user", made))
            context = request.context and redact(request.context)
            return replace(made, request=_with(request, context=context, **_names(request)), records=records)
        case ObserveMany():
            exchanges = tuple(accept(one, channel, now) for one in request.exchanges())
            return replace(made, request=_with(request, items=()), exchanges=exchanges)
        case AddRules():
            said = [Record(user=request.user, text=text) for text in request.rules]
            records = tuple(accept(one, channel, now) for one in said)
            return replace(made, request=_with(request, rules=(), **_names(request)), records=records)
        case Correct():
            text = redact(_unmarked(request.text))
            return replace(made, request=_with(request, text=text, **_names(request)))
        case CloseLoop():
            return replace(made, request=_with(request, agent_output=redact(request.agent_output)))
        case OpenLoop():
            return replace(made, request=_with(request, agent=redact_name(request.agent or channel.agent)))
        case Recall() | Search():
            return _question(request, made)
        case Inject():
            prompt = recall_marks.strip(request.prompt)
            return replace(made, request=_with(request, prompt=prompt, **_names(request)))
        case BeginRun():
            inputs = None if request.inputs is None else clean_metadata(request.inputs)
            named = {n: redact_name(getattr(request, n)) for n in ("name", "holder")}
            origin = channel.origin(request.origin)
            return replace(made, request=_with(request, inputs=inputs, **named, **_names(request)), origin=origin)
        case KeepStep():
            return replace(made, request=_with(request, **_step(request)), origin=channel.origin(request.origin))
        case EndRun():
            return replace(made, request=_with(request, error=redact(request.error)))
        case PromoteStep():
            text = None if request.text is None else redact(_unmarked(request.text))
            return replace(made, request=_with(request, text=text, **_names(request)))
        case DiffOf():
            return replace(made, times=_times(since=request.since, until=request.until))
        case _:
            return replace(made, request=_with(request, **_names(request)))


def _step(request: KeepStep) -> dict[str, object]:
    """What a step gave, redacted; bytes that are text are redacted as text."""
    found: dict[str, object] = {n: redact_name(getattr(request, n)) for n in ("step", "model")}
    found["output"] = redact_tree({"": request.output})[""]
    if request.error is not None:
        found["error"] = redact(request.error)
    if request.base64 is None:
        return found
    try:
        data = b64decode(request.base64, validate=True)
        if request.media in (TEXT, JSON):
            value = data.decode() if request.media == TEXT else json.loads(data)
            return found | {"output": redact_tree({"": value})[""], "base64": None}
    except (ValueError, RecursionError) as error:
        raise InputError(f"base64 cannot be read ({error}); encode the bytes with base64.b64encode.") from error
    try:
        clean = redact(data.decode()).encode()
    except UnicodeDecodeError:
        return found
    return found if clean == data else found | {"base64": b64encode(clean).decode()}


def _utterance(request: Record, text: str, made: Clean[Request[Any]]) -> Clean[Record]:
    """An utterance as it is kept; `text` is its text without recall marks."""
    at, tz = moment(request.at, request.tz, made.now)
    if at - made.now > _AHEAD:
        raise InputError(f"at={at.isoformat()!r} lies more than ten years ahead; pass the time it was said.")
    speakers: Mapping[Role, str] = {"user": request.user, "agent": made.channel.agent, "other": "other"}
    given = {
        "text": text,
        "speaker": request.speaker or speakers[request.role],
        "session": request.session or local_date(at, tz).isoformat(),
    }
    row, metadata = redact_row(given, request.metadata or {}, _NAMES)
    key = None if request.key is None else redact_name(request.key)
    clean = _with(request, metadata=metadata, key=key, **row)
    claimed = ORIGIN_OF_ROLE[request.role]
    if request.origin is not None and TRUST[request.origin] < TRUST[claimed]:
        claimed = request.origin
    origin = made.channel.origin(claimed)
    return Clean(
        request=clean, channel=made.channel, origin=origin, now=made.now, tz=tz, times={"at": (at, "instant")}
    )  # fmt: skip


def _statement(request: Remember, made: Clean[Request[Any]]) -> Clean[Remember]:
    times = _times(valid_from=request.valid_from, valid_to=request.valid_to)
    row = redact_fields({"text": _unmarked(request.text), "scope": request.scope}, _NAMES)
    key = None if request.key is None else redact_name(request.key)
    clean = _with(request, key=key, **row)
    return Clean(request=clean, channel=made.channel, origin=made.origin, now=made.now, tz=made.tz, times=times)


def _parts(request: Observe, role: Role, made: Clean[Request[Any]]) -> tuple[Clean[Record], ...]:
    """What one of both said, in parts as large as an utterance may be; what only repeats recalled memory is left out."""
    text, key = (
        (request.user_reply, request.key and f"{request.key}:user")
        if role == "user"
        else (request.agent_output, request.answering_key or (request.key and f"{request.key}:agent"))
    )
    found: list[Clean[Record]] = []
    for place in range(0, len(text), MAX_TEXT):
        part = recall_marks.strip(text[place : place + MAX_TEXT])
        if part.strip():
            said = Record(
                user=request.user, text=part, role=role, session=request.session, at=request.at, tz=request.tz,
                key=key and key + (f":{place}" if place else ""),
            )  # fmt: skip
            found.append(_utterance(said, part, replace(made, request=said)))
    if role == "user" and not found:
        raise InputError(
            "user_reply holds nothing but recalled memory, which is not learned again; pass what was said."
        )
    return tuple(found)


def _question(request: Recall | Search, made: Clean[Request[Any]]) -> Clean[Request[Any]]:
    """Filters with their instants: naive ones and days are read in the asker's zone."""
    tz = local_zone() if request.tz is None else request.tz
    zone(tz)
    times: dict[str, Time] = {}
    for name in ("as_of", "since", "until", "known_at"):
        if (given := getattr(request, name)) is not None:
            times[name] = bound(given, request.tz if isinstance(given, datetime) else tz, name)
    now = made.now if request.now is None else utc(request.now, request.tz, "now")
    return replace(made, request=_with(request, **_names(request)), now=now, tz=tz, times=times)


def _times(**given: Any) -> dict[str, Time]:
    return {name: bound(at, None, name) for name, at in given.items() if at is not None}


def _names(request: Request[Any]) -> dict[str, object]:
    """The names and keys of a request, redacted: what tells rows apart."""
    found: dict[str, object] = {}
    for name in ("session", "scope", "ambient_scope", "key", "answering_key"):
        value: object = getattr(request, name, None)
        if isinstance(value, str):
            found[name] = redact_name(value)
    scopes: Any = getattr(request, "scopes", None)
    if scopes is not None:
        found["scopes"] = tuple(map(redact_name, scopes))
    return found


Q = TypeVar("Q", bound=Request[Any])


def _with(request: Q, **changes: object) -> Q:
    """The request with other fields, which are not checked again: a redacted text may be longer than a given one."""
    made = object.__new__(type(request))
    for one in fields(request):
        object.__setattr__(made, one.name, changes.get(one.name, getattr(request, one.name)))
    return made


def _unmarked(text: str) -> str:
    left = recall_marks.strip(text)
    if not left.strip():
        raise InputError("text holds nothing but recalled memory, which is not learned again; pass what was said.")
    return left


def clean(fields: Mapping[str, str]) -> dict[str, CleanText]:
    """Redact the strings of one row together, so that a secret split over them is found as well.

    Speaker, session, scope and agent are names, which stay as they are: see `redact_name`.

    Raises:
        InputError: Nothing is left of the text once recalled memory is taken out.
    """
    return redact_fields({**fields, **_text(fields)}, _NAMES)


def clean_row(fields: Mapping[str, str], metadata: Metadata | None) -> tuple[dict[str, CleanText], Metadata]:
    """The same for a row with metadata, whose names and strings are redacted with the fields.

    Raises:
        InputError: Nothing is left of the text once recalled memory is taken out.
    """
    return redact_row({**fields, **_text(fields)}, metadata or {}, _NAMES)


def _text(fields: Mapping[str, str]) -> dict[str, str]:
    return {"text": _unmarked(fields["text"])} if "text" in fields else {}


def clean_content(content: Content) -> Content:
    """Return an output redacted: a text, every string of a JSON value, and bytes that are text."""
    try:
        if content.media == JSON:
            return Content.of(redact_tree({"": json.loads(content.data)})[""])
        text = content.data.decode()
    except (ValueError, RecursionError):
        return content
    return Content(content.media, redact(text).encode())


def clean_metadata(metadata: Metadata | None) -> Metadata:
    """Metadata with every name and string redacted."""
    return redact_tree(metadata) if metadata else {}


def user_name(user: str) -> str:
    """A user is a boundary, so a name that would be redacted is refused instead of changed.

    Raises:
        InputError: The name looks like a secret.
    """
    if user not in _known:
        if redact_name(user) != user:
            raise InputError(f"user={user[:8]!r}… looks like a secret; use a name or an account id.")
        if len(_known) < _KNOWN_LIMIT:
            _known.add(user)
    return user


_NAMES: Final = frozenset(("speaker", "session", "scope", "agent"))
"""Fields of a row that tell rows apart."""
_AHEAD: Final = timedelta(days=3653)
"""Clocks of hosts are off by hours, sometimes by years; beyond that a time is a mistake. A guess."""
_known: Final[set[str]] = set()
_KNOWN_LIMIT: Final = 10_000

"""Runs, steps and their outputs as rows of an export, and back."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from eider.model import validation
from eider.model.errors import InputError, TooLargeError
from eider.model.requests_runs import step_name
from eider.model.runs import (
    MAX_CONTENT,
    RUN_STATUSES,
    SEES,
    STEP_KINDS,
    WHYS,
    Content,
    Cut,
    Run,
    RunStatus,
    Seen,
    Sees,
    Step,
    StepKind,
    StepStatus,
)
from eider.model.values import TRUST
from eider.privacy.ingress import clean_content
from eider.privacy.redact import CleanText, redact, redact_name
from eider.records.exchange.rows import (
    Line,
    Reader,
    iso,
    key_of,
    list_of_strings,
    named_id,
    whole_of,
)
from eider.store.transfer_rows import Batch

_DIGEST: Final = re.compile(r"[0-9a-f]{40}")
_ERROR: Final = 50_000
_MOST: Final = 2**40


def content_line(digest: str, content: Content) -> Line:
    """An output: as it reads where that is text, else in base64."""
    try:
        text, packed = content.data.decode(), None
    except UnicodeDecodeError:
        text, packed = None, b64encode(content.data).decode()
    return {"type": "content", "digest": digest, "media": content.media, "text": text, "base64": packed}


def run_line(r: Run) -> Line:
    """A run without its steps; who holds it is a matter of this machine."""
    return {
        "type": "run", "id": r.id, "agent": r.agent, "name": r.name, "key": r.key, "status": r.status, "sees": r.sees,
        "scope": r.scope, "session": r.session, "trust": r.trust, "started_at": iso(r.started_at),
        "active_at": iso(r.active_at), "ended_at": iso(r.ended_at), "parent": r.parent, "parent_step": r.parent_step,
        "error": r.error, "outcome": r.outcome, "attempts": r.attempts, "inputs": r.inputs, "output": r.output,
    }  # fmt: skip


def step_line(s: Step) -> Line:
    """A step; its output is the content of that digest."""
    return {
        "type": "step", "run": s.run, "name": s.name, "number": s.number, "kind": s.kind, "status": s.status,
        "seq": s.seq, "after": s.after, "started_at": iso(s.started_at), "ended_at": iso(s.ended_at), "trust": s.trust,
        "media": s.media, "size": s.size, "tokens": s.tokens, "digest": s.digest, "model": s.model, "error": s.error,
        "attempts": s.attempts, "sees": s.sees, "saw": [[x.step, x.why, x.field] for x in s.saw],
        "cut": [[x.step, x.kept, x.of, x.why] for x in s.cut], "child": s.child, "promoted": list(s.promoted),
        "in_order": s.in_order,
    }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReader:
    """Reads rows of runs; of a file that is not known to be one's own they are quoted only, and teach nothing."""

    rows: Reader
    own: bool

    def add(self, batch: Batch, place: str, line: Line) -> None:
        """Read one row into a batch."""
        if line["type"] == "content":
            batch.contents.append((place, *self.content(line)))
        elif line["type"] == "run":
            batch.runs.append((place, self.run(line)))
        else:
            batch.steps.append((place, self.step(line)))

    def content(self, line: Line) -> tuple[str, Content]:
        """An output under the digest that the file has for it; redacted, it may have another.

        Raises:
            InputError: It is not what its digest names, or too large.
        """
        digest, media = _digest(line, "digest"), validation.name(line.get("media"), "media")
        text, packed = line.get("text"), line.get("base64")
        try:
            data = text.encode() if isinstance(text, str) else b64decode(cast("str", packed), validate=True)
        except (TypeError, ValueError):
            raise InputError(f"content {digest!r} has neither text nor base64; export again.") from None
        if len(data) > MAX_CONTENT:
            raise TooLargeError(f"content {digest!r}", len(data), MAX_CONTENT, "bytes")
        content = Content(media, data)
        if content.digest != digest:
            raise InputError(f"content {digest!r} is not what its digest names; export again.")
        return digest, clean_content(content)

    def run(self, line: Line) -> Run:
        """A run; one that was going on can be resumed here."""
        status = cast("RunStatus", validation.one_of(line.get("status"), RUN_STATUSES, "status"))
        outcome = line.get("outcome")
        return Run(
            id=named_id(line, "id", "run_"), user=self.rows.user, agent=_name(line, "agent"), name=_name(line, "name"),
            key=key_of(line), status="stopped" if status == "running" else status,
            sees=cast("Sees", validation.one_of(line.get("sees"), SEES, "sees")), history=True, scope=validation.scope(line.get("scope")),
            session=None if line.get("session") is None else _name(line, "session"), trust=self._trust(line),
            started_at=self.rows.past(line, "started_at"), active_at=self._past_or_none(line, "active_at"),
            ended_at=self._past_or_none(line, "ended_at"),
            parent=None if line.get("parent") is None else named_id(line, "parent", "run_"),
            parent_step=None if line.get("parent_step") is None else _name(line, "parent_step"),
            error=redact(validation.string(line.get("error"), "error", limit=_ERROR)),
            outcome=None if outcome is None else validation.outcome(outcome),
            attempts=whole_of(line, "attempts"), inputs=_digest(line, "inputs"),
            output=_name(line, "output") if line.get("output") else "",
        )  # fmt: skip

    def step(self, line: Line) -> Step:
        """A step of a run that stands before it."""
        status = cast("StepStatus", validation.one_of(line.get("status"), ("done", "failed"), "status"))
        return Step(
            run=named_id(line, "run", "run_"), name=redact_name(step_name(line.get("name"))),
            number=validation.whole(line.get("number"), "number", 1, 1_000_000),
            kind=cast("StepKind", validation.one_of(line.get("kind"), STEP_KINDS, "kind")), status=status,
            seq=whole_of(line, "seq"), after=whole_of(line, "after"), started_at=self.rows.past(line, "started_at"),
            ended_at=self.rows.past(line, "ended_at"), trust=self._trust(line),
            media=validation.name(line.get("media"), "media"),
            size=validation.whole(line.get("size"), "size", 0, _MOST), tokens=validation.whole(line.get("tokens"), "tokens", 0, _MOST),
            digest=_digest(line, "digest") if status == "done" else "",
            # a class to make again is named by one's own export alone
            model=redact_name(validation.string(line.get("model"), "model", limit=500)) if self.own else "",
            error=redact(validation.string(line.get("error"), "error", limit=_ERROR)), attempts=whole_of(line, "attempts"),
            sees=cast("Sees", validation.one_of(line.get("sees"), SEES, "sees")),
            saw=tuple(Seen(step=_text(s), why=validation.one_of(w, WHYS, "why"), field=_text(f)) for s, w, f in _parts(line, "saw", 3)),
            cut=tuple(Cut(step=_text(s), kept=_count(k), of=_count(o), why=_text(w)) for s, k, o, w in _parts(line, "cut", 4)),
            child=None if line.get("child") is None else named_id(line, "child", "run_"),
            promoted=tuple(named_id({"promoted": i}, "promoted", "mem_") for i in list_of_strings(line, "promoted")),
            in_order=bool(line.get("in_order")),
        )  # fmt: skip

    def _trust(self, line: Line) -> int:
        """Never more than was said; of a stranger's file nothing is more than quoted."""
        claimed = validation.whole(line.get("trust"), "trust", 0, 2)
        return min(claimed, TRUST[self.rows.channel.max_trust]) if self.own else 0

    def _past_or_none(self, line: Line, name: str) -> datetime | None:
        return None if line.get(name) is None else self.rows.past(line, name)


def _digest(line: Line, name: str) -> str:
    value = line.get(name)
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        raise InputError(f"{name}={str(value)[:40]!r} is no digest; digests have 40 hexadecimal digits.")
    return value


def _name(line: Line, name: str) -> CleanText:
    return redact_name(validation.name(line.get(name), name))


def _parts(line: Line, name: str, width: int) -> list[list[Any]]:
    """A list of short lists of one length."""
    value: object = line.get(name)
    if not isinstance(value, list) or not all(
        isinstance(v, list) and len(cast("list[Any]", v)) == width for v in cast("list[Any]", value)
    ):
        raise InputError(f"{name}={str(value)[:40]!r} is no list of lists of {width}; write for example [].")
    return cast("list[list[Any]]", value)


def _text(value: object) -> CleanText:
    return redact_name(validation.encodable(validation.string(value, "text", limit=validation.MAX_NAME), "text"))


def _count(value: object) -> int:
    return validation.whole(value, "tokens", 0, _MOST)

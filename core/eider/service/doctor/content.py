"""Checks of stored texts: duplicates, what waits in the inbox, secrets, oversize, junk, unread, never recalled.

They read, per user, the newest rows, and say ids and counts; what somebody said is quoted only when asked for.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final

from eider.language.analysis import analyse
from eider.learn.inbox import inbox
from eider.model.reading_faults import counted
from eider.model.requests_learning import Inbox
from eider.privacy.ingress import Channel, accept
from eider.privacy.redact import findings, redact, redact_tree
from eider.service.doctor.canary import USER as CANARY
from eider.service.doctor.registry import StoreContext, store_check
from eider.service.doctor.report import Finding, Severity
from eider.store.protocols import SampleRow

_NEWEST: Final = 20_000
"""Rows of each kind read of one user, unless all are asked for: a few seconds of looking for secrets."""
_LONG_STATEMENT: Final = 2_000
"""Characters; one such takes the whole budget of an injection. A guess."""
_LONG_EPISODE: Final = 100_000
"""Characters; a pasted file rather than something said. A guess."""
_UNUSED: Final = timedelta(days=30)
_JUNK_RATE: Final = 0.2
_JUNK_ROWS: Final = 50
"""Utterances from which on a rate means something."""
_REPEATS: Final = 5
_WAITING: Final = 50
"""Most that the inbox lists at once."""
_READ_AGAIN: Final = 1_000
"""Utterances of one user, the newest, that are read once more: a second at most."""
_SHOWN: Final = 3
_QUOTED: Final = 80
_SOUND: Final = re.compile(r"[^\W_]")
_FEWEST_LETTERS: Final = 3


Sample = Callable[[StoreContext, str, int], list[SampleRow]]


def _statements(patient: StoreContext, user: str, limit: int) -> list[SampleRow]:
    return patient.engine.store.inspection.statements(user=user, now=patient.now, limit=limit)


def _versions(patient: StoreContext, user: str, limit: int) -> list[SampleRow]:
    return patient.engine.store.inspection.versions(user=user, limit=limit)


def _episodes(patient: StoreContext, user: str, limit: int) -> list[SampleRow]:
    return patient.engine.store.inspection.episodes(user=user, limit=limit)


def _rows(patient: StoreContext, sample: Sample) -> Iterator[tuple[str, list[SampleRow]]]:
    """Yield each user's newest rows; the doctor's own probes are nobody's."""
    patient.engine.usage.flush()
    for user in patient.engine.store.reads.users():
        if user != CANARY:
            yield user, sample(patient, user, 2**62 if patient.deep else _NEWEST)


def _content_finding(
    patient: StoreContext, user: str, kind: str, severity: Severity, message: str, fix: str, about: Sequence[SampleRow]
) -> Finding:  # fmt: skip
    """Make a finding that names a few ids, and quotes the first text if asked for."""
    named = ", ".join(k.id for k in about[:_SHOWN]) + (" …" if len(about) > _SHOWN else "")
    quoted = f": {str(redact(about[0].text))[:_QUOTED]!r}" if patient.show and about else ""
    return Finding(
        kind=kind, severity=severity, subject=f"{patient.name}/{user}", message=f"{message} ({named}){quoted}", fix=fix
    )


@store_check("duplicates")
def duplicates(patient: StoreContext) -> Iterator[Finding]:
    """Find current statements with the same words."""
    for user, kept in _rows(patient, _statements):
        groups: dict[tuple[str, str], list[SampleRow]] = defaultdict(list)
        for one in kept:
            groups[one.scope, normalize(one.text)].append(one)
        doubled = [g for g in groups.values() if len(g) > 1]
        if doubled:
            yield _content_finding(
                patient, user, "duplicates", "warning",
                f"{len(doubled):,} statement(s) are kept {sum(map(len, doubled)):,} times",
                "eider deactivate ID for all but one of each", [k for g in doubled for k in g],
            )  # fmt: skip


def normalize(text: str) -> str:
    """Return a text without case, spaces and punctuation.

    >>> normalize("Likes  tea."), normalize("likes tea")
    ('likes tea', 'likes tea')
    """
    return " ".join(re.findall(r"\w+", text.casefold()))


@store_check("inbox")
def waiting(patient: StoreContext) -> Iterator[Finding]:
    """Count what waits in the inbox for a person to decide."""
    asking = Channel(name="doctor", max_trust="user")
    for user in patient.engine.store.reads.users():
        if found := inbox(patient.engine, accept(Inbox(user=user), asking, patient.now)):
            yield Finding(
                kind="inbox", severity="info", subject=f"{patient.name}/{user}",
                message=f"{len(found)}{'' if len(found) < _WAITING else ' or more'} statement(s) wait for a decision",
                fix="eider inbox list, then accept or reject each",
            )  # fmt: skip


@store_check("secrets")
def secrets(patient: StoreContext) -> Iterator[Finding]:
    """Find secrets that today's patterns know and earlier ones missed."""
    for sample in (_versions, _episodes):
        for user, kept in _rows(patient, sample):
            families: Counter[str] = Counter()
            leaking: dict[str, SampleRow] = {}
            for one in kept:
                if found := {f.family for f in findings(one.text)} or _metadata_texts(one.metadata):
                    families.update(found)
                    leaking[one.id] = one
            if leaking:
                told = ", ".join(f"{n} × {family}" for family, n in families.most_common(5))
                yield _content_finding(
                    patient, user, "secrets", "error", f"{len(leaking):,} text(s) hold what looks like a secret: {told}",
                    "change the secret where it is used, then eider forget ID", list(leaking.values()),
                )  # fmt: skip


def _metadata_texts(text: str | None) -> set[str]:
    if text is None:
        return set()
    with suppress(ValueError):
        given = json.loads(text)
        if redact_tree(given) != given:
            return {"metadata"}
    return set()


@store_check("oversize")
def oversize(patient: StoreContext) -> Iterator[Finding]:
    """Find texts too long to be useful in a prompt."""
    for sample, kind, most, fix in (
        (_statements, "statement-long", _LONG_STATEMENT, "eider correct ID with one sentence of it"),
        (_episodes, "episode-long", _LONG_EPISODE, "eider forget ID, and keep the document where documents are kept"),
    ):
        for user, kept in _rows(patient, sample):
            if long := [k for k in kept if len(k.text) > most]:
                message = f"{len(long):,} text(s) have more than {most:,} characters"
                yield _content_finding(patient, user, kind, "info", message, fix, long)


@store_check("junk")
def junk(patient: StoreContext) -> Iterator[Finding]:
    """Find users whose utterances are largely empty."""
    for user, kept in _rows(patient, _episodes):
        empty = empty_utterances(kept)
        if len(kept) >= _JUNK_ROWS and len(empty) > _JUNK_RATE * len(kept):
            yield _content_finding(
                patient, user, "junk", "warning",
                f"{len(empty):,} of {len(kept):,} utterances ({len(empty) / len(kept):.0%}) are empty, or said over and over",
                "let the host record what people say, not its own messages; eider forget ID", empty,
            )  # fmt: skip


def empty_utterances(kept: Sequence[SampleRow]) -> list[SampleRow]:
    """Utterances without three letters, and repetitions of what was said five times or more."""
    said: Counter[str] = Counter()
    often = {text for text, n in Counter(normalize(k.text) for k in kept).items() if n >= _REPEATS}
    found: list[SampleRow] = []
    for one in kept:
        text = normalize(one.text)
        said[text] += 1
        few = len(_SOUND.findall(one.text)) < _FEWEST_LETTERS and one.text.isascii()
        if few or not _SOUND.search(one.text) or (text in often and said[text] > 1):
            found.append(one)
    return found


@store_check("unread")
def unread(patient: StoreContext) -> Iterator[Finding]:
    """Find utterances out of which dates or features cannot be read, for a fault of Eider; their words are kept."""
    for user, kept in _rows(patient, _episodes):
        before, found = Counter(counted), list[SampleRow]()
        for one in kept[:_READ_AGAIN]:
            faults = counted.total()
            analyse(one.text, said_on=one.at.date())
            found += [one] if counted.total() > faults else []
        what = ", ".join(f"{n} × {name}" for name, n in (counted - before).items())
        counted.clear()
        counted.update(before)
        if found:
            yield _content_finding(
                patient, user, "unread", "warning",
                f"of {len(found):,} text(s) something could not be read ({what}); their words are kept and found",
                "tell the makers of Eider with such a text, if you may", found,
            )  # fmt: skip


@store_check("never recalled")
def unused(patient: StoreContext) -> Iterator[Finding]:
    """Find statements that were never recalled."""
    for user, kept in _rows(patient, _statements):
        if idle := [k for k in kept if not k.shown and k.at < patient.now - _UNUSED]:
            message = (
                f"{len(idle):,} of {len(kept):,} statements are older than {_UNUSED.days} days and were never recalled"
            )
            yield _content_finding(
                patient,
                user,
                "never-recalled",
                "info",
                message,
                "eider consolidate --dry-run shows what has decayed",
                idle,
            )

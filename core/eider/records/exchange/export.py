"""Taking one's memory along: export writes all of it, import brings it in through the one channel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from eider.model.answers import Imported
from eider.model.distribution import UPGRADE
from eider.model.errors import InputError
from eider.model.failpoints import point
from eider.model.requests import Export, ExportFormat, Import, ImportLines
from eider.model.values import Episode
from eider.privacy.ingress import Channel, Clean
from eider.privacy.signing import check_public_key, home_key, public_key
from eider.records.exchange.files import MARK, TYPES, VERSION, Line, read, signer, write_lines, write_parquet
from eider.records.exchange.foreign import statement_or_utterance
from eider.records.exchange.markdown import write_markdown
from eider.records.exchange.markdown_folder import write_folder
from eider.records.exchange.pam import write_pam
from eider.records.exchange.rows import Reader, edge_line, episode_line, event_line, memory_line, usage_line
from eider.records.exchange.run_rows import RunReader, content_line, run_line, step_line
from eider.store.engine import Engine
from eider.store.open import newest_schema
from eider.store.protocols import Intake, Snapshot
from eider.store.transfer_rows import Batch

_TOGETHER: Final = {"memory": "id", "run": "id", "step": "run"}
"""Kinds of rows that belong together where this field is the same."""
_PART: Final = 1 << 20
_SKEW: Final = timedelta(minutes=5)
"""How far the clock of the machine that exported may be ahead of this one's; a guess."""


def export(engine: Engine, accepted: Clean[Export]) -> int:
    """Write all of a user's rows; returns how many.

    The file or directory appears under its name when it is complete, readable for its owner only.

    Raises:
        InputError: The path cannot be written to.
        StoreFullError: The disk is full; what was there is untouched.
    """
    request = accepted.request
    user, path = request.user, _outside(engine, request.path)
    engine.usage.flush()
    with engine.store.transfer.snapshot(user) as rows:
        header = {
            MARK: VERSION, "schema": newest_schema(), "user": user, "exported_at": engine.now().isoformat()
        }  # fmt: skip
        return write_export(path, header, rows, request.format, engine.now())


def write_export(path: Path, header: Line, rows: Snapshot, form: ExportFormat, now: datetime) -> int:
    """Write one user's rows in a format; returns how many."""
    if form == "markdown":
        return (write_markdown if path.suffix == ".md" else write_folder)(path, header, rows, now)
    if form == "pam":
        return write_pam(path, header, rows, now)
    if form == "parquet":
        return write_parquet(path, header, {
            "event": lambda: map(event_line, rows.events()),
            "episode": lambda: (episode_line(e, rev) for e, rev in rows.episodes()),
            "memory": lambda: map(memory_line, rows.memories()),
            "edge": lambda: (edge_line(e, rev) for e, rev in rows.edges()),
            "usage": lambda: map(usage_line, rows.usage()),
            "content": lambda: (content_line(digest, content) for digest, content in rows.contents()),
            "run": lambda: map(run_line, rows.runs()),
            "step": lambda: (step_line(step) for run in rows.runs() for step in run.steps),
        })  # fmt: skip
    return write_lines(path, header, lambda: _lines(rows))


def _lines(rows: Snapshot) -> Iterator[Line]:
    """History first, so that every row can name the change that wrote it."""
    yield from map(event_line, rows.events())
    yield from (episode_line(e, rev) for e, rev in rows.episodes())
    yield from map(memory_line, rows.memories())
    yield from (edge_line(e, rev) for e, rev in rows.edges())
    yield from map(usage_line, rows.usage())
    yield from (content_line(digest, content) for digest, content in rows.contents())
    for run in rows.runs():
        yield run_line(run)
        yield from map(step_line, run.steps)


def _outside(engine: Engine, given: str) -> Path:
    """A path that is not the store's own: opening its files by name would drop DuckDB's locks on them."""
    if not given.strip() or "\0" in given:
        raise InputError(f"path={given!r} names no file; pass one such as 'memory.jsonl'.")
    path = Path(given).expanduser().absolute()
    folders = [one.store.place.folder for one in (engine, *engine.layers)]
    if any(folder is not None and path.resolve().is_relative_to(folder.resolve()) for folder in folders):
        raise InputError(f"{str(path)!r} lies within the store; name a path outside of it.")
    return path


def import_(engine: Engine, accepted: Clean[Import]) -> Imported:
    """Bring rows in: what is here is skipped, what was forgotten stays forgotten, what is broken is told.

    Raises:
        InputError: The file as a whole cannot be read.
        StoreMissingError: Nothing is there.
    """
    request, channel = accepted.request, accepted.channel
    user, path = request.user, _outside(engine, request.path)
    if not request.dry_run:
        engine.writable()
    header, rows = read(path)
    own, note = _own_trust(path, header, request)
    if not own:
        channel = channel.narrowed(channel.name, "import")
    intake = _intake(engine, user, channel, own=own)
    redacted: Counter[str] = Counter()
    if header is None:
        batches = _foreign(engine, user, rows, channel, intake, redacted)
    else:
        _check_header(header, path)
        reader = Reader(user=user, channel=channel, latest=engine.now() + _SKEW)
        batches = _own(reader, RunReader(rows=reader, own=own), rows, intake)
    done = _take(
        engine, user, intake, batches, dry_run=request.dry_run, progress=request.progress, total=_rows_of(path)
    )
    return replace(done, note=note, source="json" if header is None else "eider", redacted=redacted.total())


def import_lines(engine: Engine, accepted: Clean[ImportLines]) -> Imported:
    """Bring in chat messages and statements of another tool; they count as imported, whatever they claim."""
    request, user = accepted.request, accepted.request.user
    if not request.dry_run:
        engine.writable()
    channel = accepted.channel.narrowed(accepted.channel.name, "import")
    intake = _intake(engine, user, channel, own=False)
    rows = ((str(line.get("place") or f"line {n}"), {**line}) for n, line in enumerate(request.lines, 1))
    redacted: Counter[str] = Counter()
    batches = _foreign(engine, user, rows, channel, intake, redacted)
    return replace(_take(engine, user, intake, batches, dry_run=request.dry_run), redacted=redacted.total())


def _intake(engine: Engine, user: str, channel: Channel, *, own: bool) -> Intake:
    return engine.store.transfer.intake(
        user=user, actor=channel.name, embedder=engine.embedder.fingerprint,
        index=lambda episodes, memories: engine.material.of((*episodes, *memories)), person=channel.max_trust == "user",
        own=own,
    )  # fmt: skip


def _rows_of(path: Path) -> int:
    """Return about how many rows a file holds; 0 where only reading it would tell."""
    if not path.is_file() or path.suffix == ".gz":
        return 0
    with path.open("rb") as file:
        return sum(part.count(b"\n") for part in iter(lambda: file.read(_PART), b""))


def _take(
    engine: Engine, user: str, intake: Intake, batches: Iterable[Batch], *, dry_run: bool,
    progress: Callable[[int, int], None] | None = None, total: int = 0,
) -> Imported:  # fmt: skip
    """Take all batches, each in one transaction, or only count what they would bring.

    `progress` is called before each; what it raises ends the import there, and what was taken stays.
    """
    rows = 0
    for batch in batches:
        if progress is not None:
            progress(rows, max(rows, total))
        rows += len(batch)
        if dry_run:
            intake.look(batch, engine.now())
        else:
            engine.restore(user, lambda batch=batch: intake.take(batch, engine.now()))
            point("import.batch")
    done = intake.tally
    return Imported(
        episodes=done.episodes, memories=done.memories, events=done.events, runs=done.runs, skipped=done.skipped,
        refused=done.refused, dry_run=dry_run,
    )  # fmt: skip


def _own_trust(path: Path, header: Line | None, request: Import) -> tuple[bool, str]:
    """Return whether the rows of a file are taken at their own trust, and why.

    Raises:
        InputError: What is to be trusted is no key.
    """
    lower = "its rows count as imported: they are recalled, and guide no agent until the user says them again"
    key = signer(path) if header is not None else None
    if request.trust_key is not None and key == check_public_key(request.trust_key):
        return True, f"signed by {key}, which you trust; its rows keep their trust"
    if key is None:
        why = "not an export of Eider" if header is None else "not signed, or changed since it was"
        return False, f"the file is {why}; {lower}"
    secret = home_key()
    if secret is None or key != public_key(secret):
        return False, f"signed by {key}, another home (pass it as the key to trust, if it is yours); {lower}"
    if header is not None and header.get("user") != request.user:
        return False, f"signed by this home, but it is the memory of another user; {lower}"
    return True, "signed by this home and unchanged; its rows keep their trust"


def _check_header(header: Line, path: Path) -> None:
    """Refuse what a later version wrote: half-understood rows would be lost without a word."""
    for name, known in ((MARK, VERSION), ("schema", newest_schema())):
        found = header.get(name)
        if isinstance(found, bool) or not isinstance(found, int) or found < 1:
            raise InputError(f"the header of {str(path)!r} has {name}={found!r}; export again.")
        if found > known:
            raise InputError(
                f"{str(path)!r} has {name}={found}, this Eider knows up to {known}; upgrade with {UPGRADE}."
            )


def _own(
    reader: Reader, runs: RunReader, rows: Iterable[tuple[str, Line | InputError]], intake: Intake
) -> Iterator[Batch]:
    """Rows of an export, those of one memory or run never split: a batch is whole by itself."""
    batch, open_id = Batch(), ""
    for place, line in rows:
        named = _TOGETHER.get(str(line.get("type"))) if isinstance(line, dict) else None
        own_id = str(line.get(named)) if isinstance(line, dict) and named is not None else ""
        if batch.is_full and (not own_id or own_id != open_id):
            yield batch
            batch = Batch()
        open_id = own_id
        try:
            _add(batch, place, line, reader, runs)
        except InputError as error:
            intake.refuse(place, str(error))
    if len(batch):
        yield batch


def _add(batch: Batch, place: str, line: Line | InputError, reader: Reader, runs: RunReader) -> None:
    """Read one row into a batch."""
    if isinstance(line, InputError):
        raise line
    kind = line.get("type")
    if kind == "event":
        batch.events.append((place, reader.event(line)))
    elif kind == "episode":
        batch.episodes.append((place, *reader.episode(line)))
    elif kind == "memory":
        memory = reader.memory(line)
        if batch.memories and batch.memories[-1][1][0].id == memory.id:
            batch.memories[-1][1].append(memory)
        else:
            batch.memories.append((place, [memory]))
    elif kind == "edge":
        batch.edges.append((place, *reader.edge(line)))
    elif kind == "usage":
        batch.usage.append((place, reader.usage(line)))
    elif kind in ("content", "run", "step"):
        runs.add(batch, place, line)
    else:
        raise InputError(f"type={str(kind)[:40]!r} is unknown; rows are {', '.join(TYPES)}.")


def _foreign(
    engine: Engine, user: str, rows: Iterable[tuple[str, Any]], channel: Channel, intake: Intake,
    redacted: Counter[str],
) -> Iterator[Batch]:  # fmt: skip
    """Lines of somebody else's making; `redacted` counts those in which a secret was replaced."""
    batch = Batch()
    for place, line in rows:
        try:
            if isinstance(line, InputError):
                raise line
            line.pop("place", None)
            row = statement_or_utterance(engine, user, line, channel)
            redacted["rows"] += "[redacted" in row.text and "[redacted" not in str(line)
        except InputError as error:
            intake.refuse(place, str(error))
            continue
        if isinstance(row, Episode):
            batch.episodes.append((place, row, 0))
        else:
            batch.memories.append((place, [row]))
        if batch.is_full:
            yield batch
            batch = Batch()
    if len(batch):
        yield batch

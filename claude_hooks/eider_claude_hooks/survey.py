"""Old transcripts, surveyed before anything is kept: what in them is to be brought in, once, and in which order."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import eider
from eider.api.importers import ImportRequest
from eider.model.errors import InputError
from eider_claude_hooks.hook_host import CLAUDE_CODE, HookHost
from eider_claude_hooks.project import Place, place_of
from eider_claude_hooks.transcript import Turn
from eider_claude_hooks.words import user_words

COPY_PREFIX: Final = "copy-"
"""How the names of turns begin that are known from a fork alone: the client gave the copies other ids."""
COPIED: Final = "copies in forked sessions"
_UNDER_WAY: Final = 3600.0
"""Seconds after which a turn without an end is taken to be over."""


@dataclass(slots=True, kw_only=True)
class Step:
    """One turn that is brought in."""

    file: Path
    index: int
    """Place among the turns of its file."""
    at: datetime
    """Its place in the order of all; never before the turn above it."""
    place: Place
    session: str
    turn: str
    """Its name in keys."""
    heard: bool
    """Whether the prompt is a person's, and wanted; else it is there for the answer."""
    told: bool
    """Whether what the agent said is kept."""
    copied: bool = False


@dataclass(slots=True, kw_only=True)
class Survey:
    """What there is."""

    steps: list[Step] = field(default_factory=list[Step])
    """In the order in which things were said."""
    names: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """The client's id of a line → session and name of its turn: copies answer for their originals."""
    files: int = 0
    left_out: Counter[str] = field(default_factory=Counter[str])
    refused: list[str] = field(default_factory=list[str])


def transcripts(path: Path | None, host: HookHost = CLAUDE_CODE) -> list[Path]:
    """The records below a path: one file, one project's, or the client's own directory.

    Raises:
        InputError: There are none.
    """
    root = host.folder() if path is None else path.expanduser()
    if root.is_file():
        return [root]
    root = root / host.folder().name if (root / host.folder().name).is_dir() else root
    found = sorted(file for pattern in host.records for file in root.glob(pattern))
    if not found:
        raise InputError(
            f"{str(root)!r} holds no transcripts of {host.title} ({', '.join(host.records)}); name the directory that does."
        )
    return found


def survey(files: list[Path], wanted: ImportRequest, host: HookHost = CLAUDE_CODE) -> Survey:
    """Read all of them, keep none of their words, and say what is to be done."""
    made = Survey(files=len(files))
    read = dict(_read_turns(files, made, host))
    own = _original_places(read)
    places: dict[str, Place] = {}
    project = eider.project_scope(wanted.project) if wanted.project else None
    for path, turns in read.items():
        made.steps += _steps(path, turns, own, made, places, wanted, project)
    made.steps.sort(key=lambda step: (step.at, str(step.file), step.index))
    return made


def parse_time(at: str | None) -> datetime | None:
    """When a line was written; None where it does not say."""
    try:
        found = datetime.fromisoformat(at) if at else None
    except ValueError:
        return None
    return None if found is None else found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _read_turns(files: list[Path], made: Survey, host: HookHost) -> Iterator[tuple[Path, list[Turn]]]:
    for path in files:
        try:
            turns, faults = host.all_turns(path)
        except OSError as error:
            made.refused.append(f"{path}: cannot be read ({error.strerror or error})")
            continue
        made.refused += (f"{path}, line {number}: no line of a transcript" for number in faults.lines)
        if faults.long:
            made.left_out["lines of more than 4 MB"] += faults.long
        if turns and not turns[-1].ended and time.time() - _modified_at(path) < _UNDER_WAY:
            turns.pop()
            made.left_out["still under way"] += 1
        for turn in turns:
            said = user_words(turn.prompt, turn.source)
            kind = (
                "slash commands"
                if said.command
                else ""
                if said.text
                else "private"
                if said.private
                else "not a person's"
            )
            turn.prompt, turn.answer = kind, "said" if turn.answer else ""
        yield path, turns


def _modified_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _original_places(read: Mapping[Path, list[Turn]]) -> dict[str, tuple[Path, int]]:
    """Each line's own place: not a copy if there is another, else in the file that was left alone first."""
    best: dict[str, tuple[bool, float, str, int]] = {}
    for path, turns in read.items():
        changed = _modified_at(path)
        for turn in turns:
            here = (bool(turn.copied), changed, str(path), turn.start)
            if turn.uuid and here < best.get(turn.uuid, (True, float("inf"), "", 0)):
                best[turn.uuid] = here
    return {uuid: (Path(path), start) for uuid, (_, _, path, start) in best.items()}


def _steps(
    path: Path, turns: list[Turn], own: Mapping[str, tuple[Path, int]], made: Survey, places: dict[str, Place],
    wanted: ImportRequest, project: str | None,
) -> list[Step]:  # fmt: skip
    """The steps of one file; what is left out is counted."""
    mine = [not turn.uuid or own[turn.uuid] == (path, turn.start) for turn in turns]
    first = {
        turn.id: i for i, turn in reversed(list(enumerate(turns))) if mine[i] and not turn.copied and not turn.prompt
    }
    steps: list[Step] = []
    last: datetime | None = None
    for index, turn in enumerate(turns):
        if not mine[index]:
            made.left_out[COPIED] += 1
            continue
        at = parse_time(turn.at)
        session, name = _session_and_name(path, turn, ours=first.get(turn.id, index) == index)
        if turn.uuid:
            made.names[turn.uuid] = session, name
        if at is None:
            made.left_out["without a time"] += 1
            continue
        last = at if last is None else max(last, at)
        cwd = turn.cwd or str(path.parent)
        if cwd not in places:
            places[cwd] = place_of(cwd)
        place = replace(places[cwd], branch="" if turn.branch == "HEAD" else turn.branch)
        out = _skip_reason(place, at, wanted, project) or turn.prompt
        if out:
            made.left_out[out] += 1
        step = Step(
            file=path, index=index, at=last, place=place, session=session, turn=name, heard=not out, copied=bool(turn.copied),
            told=bool(turn.answer) and out in ("", turn.prompt),
        )  # fmt: skip
        if step.heard and turns[index - 1].answer and index and steps and steps[-1].index == index - 1:
            steps[-1].told = True  # what the first wanted prompt replies to
        steps.append(step)
    return [step for step in steps if step.heard or step.told]


def _session_and_name(path: Path, turn: Turn, *, ours: bool) -> tuple[str, str]:
    """Session and name, as hooks know them where they may have seen it."""
    if turn.copied:
        return turn.copied, f"{COPY_PREFIX}{turn.uuid}"
    return turn.session or path.stem, turn.id if ours or not turn.uuid else f"{turn.id}-{turn.uuid}"


def _skip_reason(place: Place, at: datetime, wanted: ImportRequest, project: str | None) -> str:
    """Why a turn is left out whatever it says; empty where it is not."""
    if project is not None and place.scope != project:
        return "of other projects"
    if not place.learns:
        return "of projects that learn nothing"
    return "older" if wanted.since is not None and at < wanted.since else ""

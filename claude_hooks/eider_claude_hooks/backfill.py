"""`eider import claude-code`: what was said before Eider was there, brought in from the client's own records.

Everything enters under the keys that the hooks use, in the order in which it was said over all files: what a hook has
told, an earlier import has brought, or a kill has cut off is found as it is and not kept twice.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from eider.api.importers import ImportRequest, ImportResult, Progress, ProjectImport, find_statements
from eider.model.errors import ErasedError, InputError, QueuedError, ServerUnreachableError
from eider_claude_hooks.hook_host import CLAUDE_CODE, HookHost
from eider_claude_hooks.session import LastAnswer, Session, name_of
from eider_claude_hooks.session_recorder import Fields, SessionRecorder
from eider_claude_hooks.survey import COPIED, COPY_PREFIX, Step, Survey, survey, transcripts
from eider_claude_hooks.transcript import Turn
from eider_claude_hooks.words import blank_private, user_words

if TYPE_CHECKING:
    from eider import Eider
    from eider.model.learned import Learned
    from eider.model.values import Episode

_SHOWN: Final = 5
BATCH: Final = 100
"""Turns that are written together: about a second, after which progress is told and an interrupt loses nothing."""
_PAGE: Final = 1_000
_ANSWER: Final = 20_000
"""Characters of an answer that a dry run reads a reply against."""


class Backfill:
    """The records of one host."""

    def __init__(self, host: HookHost) -> None:
        """Read nothing yet."""
        self._host, self.name, self.title = host, host.name, host.title

    def bring(self, memory: Eider, wanted: ImportRequest, told: Progress) -> ImportResult:
        """Read its records and learn from them in the order in which things were said.

        Raises:
            InputError: There are no such records.
        """
        found = survey(transcripts(wanted.path, self._host), wanted, self._host)
        run = _Import(memory.channel("import", "import"), found, wanted, self._host)
        total = len(found.steps)
        for start in range(0, total, BATCH):
            told(start, total)
            try:
                run.import_turns(found.steps[start : start + BATCH])
            except QueuedError as error:
                raise ServerUnreachableError(
                    f"the server stopped answering after {start} of {total} turns ({error.why}); "
                    "run the same import again to go on."
                ) from error
        told(total, total)
        return run.result()


SOURCE: Final = Backfill(CLAUDE_CODE)


@dataclass(slots=True)
class _OpenFile:
    """One file while its turns are brought in."""

    turns: list[Turn]
    left: int
    read: int = 0
    """Turns whose private passages are known."""
    private: deque[str] = field(default_factory=lambda: deque[str](maxlen=64))


@dataclass(slots=True, kw_only=True)
class _Turn:
    """One turn that is about to be written."""

    file: Path
    index: int
    heard: bool
    scope: str
    prompt: list[Fields] = field(default_factory=list[Fields])
    """What `record` is given of the prompt."""
    exchange: Fields = field(default_factory=Fields)
    """What `observe` is given."""
    answer: list[Fields] = field(default_factory=list[Fields])


@dataclass(slots=True)
class _ProjectCounts:
    """What one project came to."""

    first: datetime
    last: datetime
    sessions: set[str] = field(default_factory=set[str])
    exchanges: int = 0
    known: int = 0
    learned: int = 0


@dataclass(slots=True)
class _StoredSession:
    """What the memory holds of a session."""

    keys: set[str] = field(default_factory=set[str])
    otherwise: bool = False
    """Whether the session itself was told or read, not only copies of it in forks."""
    answers: dict[str, str] = field(default_factory=dict[str, str])
    """Then what the agent said → its key, which copies do not tell."""

    def add(self, episode: Episode | None) -> None:
        if episode is None or not episode.key:
            return
        self.keys.add(episode.key)
        if f":{COPY_PREFIX}" not in episode.key:
            self.otherwise = True
            if episode.role == "agent":
                self.answers[episode.text] = episode.key


class _Import:
    """One import under way."""

    def __init__(self, memory: Eider, found: Survey, wanted: ImportRequest, host: HookHost) -> None:
        self._memory, self._found, self._wanted, self._host = memory, found, wanted, host
        self._keeper = SessionRecorder(lambda max_trust: memory.channel("import", max_trust), tz=wanted.tz)
        self._steps = Counter(step.file for step in found.steps)
        self._books: dict[Path, _OpenFile] = {}
        self._kept: dict[str, _StoredSession] = {}
        self._tallies: dict[str, _ProjectCounts] = {}
        self._episodes = self._skipped = 0
        self._examples: deque[str] = deque(maxlen=_SHOWN)

    def import_turns(self, steps: Sequence[Step]) -> None:
        """Bring turns in together, or each for itself where something of them is refused."""
        turns = [turn for step in steps if (turn := self._turn(step)) is not None]
        try:
            self._write(turns)
        except (ErasedError, InputError):
            for turn in turns:
                try:
                    self._write([replace(turn, answer=[])])
                    self._write([replace(turn, prompt=[], exchange={})])
                except ErasedError:
                    self._found.left_out["forgotten"] += turn.heard
                except InputError as error:
                    self._found.refused.append(f"{turn.file}, turn {turn.index + 1}: {error}")

    def _write(self, turns: Sequence[_Turn]) -> None:
        """Record what was said, then learn from the prompts; all under keys, so that again changes nothing."""
        exchanges = [turn for turn in turns if turn.exchange]
        if said := [one for turn in turns for one in (*turn.prompt, *turn.answer)]:
            self._memory.record_many(said)
        if not exchanges:
            return
        for turn, learned in zip(
            exchanges, self._memory.observe_many([turn.exchange for turn in exchanges]), strict=True
        ):
            new = _count_new(learned)
            self._tallies[turn.scope].learned += len(new)
            self._examples.extend(one for one in new if one not in self._examples)

    def _turn(self, step: Step) -> _Turn | None:
        """A turn as it is to be written, counted; None where nothing of it is, or this is a dry run."""
        book = self._open_file(step.file)
        book.left -= 1
        if not book.left:
            del self._books[step.file]
        if step.index >= len(book.turns):
            return None  # the file has become shorter since
        turn = book.turns[step.index]
        for one in book.turns[book.read : step.index + 1]:
            book.private.extend(p for p in user_words(one.prompt, one.source).private if p not in book.private)
        book.read = max(book.read, step.index + 1)
        session = Session(
            id=name_of(step.session),
            host=self._host.name,
            cwd=turn.cwd,
            transcript=str(step.file),
            private=book.private,
        )
        known = self._stored_session(session.id)
        if step.copied and known.otherwise:
            self._found.left_out[COPIED] += step.heard  # its session was heard of, or brought in, while it was there
            return None
        made = _Turn(file=step.file, index=step.index, heard=step.heard, scope=step.place.scope)
        if step.heard:
            self._add_prompt(made, session, step, turn, known, self._previous_answer(book, step))
        if step.told:
            self._add_answer(made, session, step, turn, known)
        return None if self._wanted.dry_run else made

    def result(self) -> ImportResult:
        """What came of it."""
        projects = tuple(
            ProjectImport(
                scope=scope, sessions=len(t.sessions), exchanges=t.exchanges, known=t.known, learned=t.learned,
                first=t.first, last=t.last,
            )
            for scope, t in sorted(self._tallies.items())
        )  # fmt: skip
        return ImportResult(
            source=self._host.name, files=self._found.files, sessions=sum(p.sessions for p in projects),
            exchanges=sum(p.exchanges for p in projects), episodes=self._episodes,
            memories=sum(p.learned for p in projects), events=0, skipped=self._skipped, refused=tuple(self._found.refused),
            dry_run=self._wanted.dry_run, projects=projects, left_out=dict(sorted((+self._found.left_out).items())),
            examples=tuple(self._examples),
        )  # fmt: skip

    # ------------------------------------------------------------------ one turn

    def _add_prompt(
        self, made: _Turn, session: Session, step: Step, turn: Turn, known: _StoredSession, answering: LastAnswer
    ) -> None:  # fmt: skip
        text = user_words(turn.prompt, turn.source).text
        tally = self._tallies.setdefault(step.place.scope, _ProjectCounts(step.at, step.at))
        there = f"{session.key(step.turn)}:user" in known.keys
        if not self._wanted.dry_run:
            said, made.exchange = self._keeper.prompt(
                session, step.place, step.turn, text, at=turn.at, answering=answering
            )
            made.prompt = [one for one in said if one["key"] not in known.keys]
        elif not there:
            found = find_statements(
                text,
                blank_private(answering.text, session.private)[:_ANSWER],
                at=step.at,
                user=self._memory.user or "",
                scope=step.place.scope,
                known=self._keeper.host_file_sentences(session, step.place),
            )
            tally.learned += len(found)
            self._examples.extend(one for one in found if one not in self._examples)
        tally.sessions.add(session.id)
        tally.first, tally.last = min(tally.first, step.at), max(tally.last, step.at)
        tally.exchanges += 1
        tally.known += there
        self._counts(there=there)

    def _add_answer(self, made: _Turn, session: Session, step: Step, turn: Turn, known: _StoredSession) -> None:
        key = f"{session.key(step.turn)}:agent"
        there = key in known.keys
        if not there:
            words = user_words(turn.prompt, turn.source)
            tainted = turn.tainted or words.mixed or not (words.text or words.command)
            said = self._keeper.agent_text(
                session, step.place, key, turn.answer, speaker=None, at=turn.answered or turn.at
            )
            made.answer = [{**one, "origin": "tool" if tainted else None} for one in said]
        self._counts(there=there)

    def _counts(self, *, there: bool) -> None:
        self._skipped += there
        self._episodes += not there

    def _previous_answer(self, book: _OpenFile, step: Step) -> LastAnswer:
        """What the agent had said before, and the key it is kept under."""
        for turn in reversed(book.turns[: step.index]):
            if turn.answer:
                said, name = self._found.names.get(turn.uuid, (step.session, turn.id))
                known = self._stored_session(session := name_of(said))
                if not name.startswith(COPY_PREFIX) or not known.otherwise:
                    return LastAnswer(text=turn.answer, key=f"{self._host.name}:{session}:{name}:agent")
                key = known.answers.get(turn.answer)
                return LastAnswer(text=turn.answer, key=key) if key else LastAnswer()
        return LastAnswer()

    # ------------------------------------------------------------------ looking up

    def _open_file(self, path: Path) -> _OpenFile:
        """The turns of a file, read again: of all files at once only those are held that overlap in time."""
        if path not in self._books:
            try:
                turns, _ = self._host.all_turns(path)
            except OSError as error:
                turns = []
                self._found.refused.append(f"{path}: cannot be read any more ({error.strerror or error})")
            self._books[path] = _OpenFile(turns, self._steps[path])
        return self._books[path]

    def _stored_session(self, session: str) -> _StoredSession:
        """What is kept of a session already."""
        if session not in self._kept:
            found = self._kept[session] = _StoredSession()
            offset, total = 0, 1
            while offset < total:
                page = self._memory.search(session=session, kinds=("episode",), limit=_PAGE, offset=offset)
                for hit in page.items:
                    found.add(hit.episode)
                offset, total = offset + _PAGE, page.total
        return self._kept[session]


def _count_new(learned: Learned) -> tuple[str, ...]:
    """What was not known before: not what was closed by it, nor what an earlier run had learned."""
    ended = {decision.target for decision in learned.decisions}
    return tuple(m.text for m in learned.memories if m.id not in ended) if learned.decisions else ()

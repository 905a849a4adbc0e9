"""Background work: `jobs list`, `show`, `retry`, `purge`, `run`; `pause` and `resume`."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from eider.cli.command import EiderGroup, command, pass_state
from eider.cli.formatting import paused_text
from eider.cli.output import print_indented, print_json, print_line, print_table, print_values
from eider.cli.progress import progress
from eider.cli.state import State
from eider.model import config
from eider.model.errors import InputError, RefusedError, StoreMissingError, UnknownJobError
from eider.model.visible_text import visible_text

if TYPE_CHECKING:
    from eider.store.engine import Engine
    from eider.store.jobs import Job

_KEYS: Final = (
    "id", "kind", "user", "payload", "priority", "state", "attempts", "run_after", "done", "total", "error", "queued_at",
    "finished_at", "batch",
)  # fmt: skip
_IDS: Final = click.argument("ids", metavar="[ID]...", nargs=-1, type=int)
_POLL_SECONDS: Final = 0.1
Ask = Callable[..., Any]


@click.group("jobs", cls=EiderGroup)
def jobs() -> None:
    """List, show, retry, purge and run background work.

    The jobs of all users of a store are meant.
    """


class _Queue:
    """The job queue of one store, in this process or on the server."""

    def __init__(self, ask: Ask, folder: Path, engine: Engine | None = None) -> None:
        self.ask, self.folder, self.engine = ask, folder, engine

    def is_paused(self) -> bool:
        """Return whether the jobs are paused."""
        from eider.client import pauses

        return pauses.jobs_paused(str(config.home()), self.folder)


@contextmanager
def _job_queue(state: State) -> Generator[_Queue]:
    from eider.api.open import is_shared, release
    from eider.model.store_paths import folder_of, is_address

    if is_address(state.store):
        raise InputError(f"jobs of {state.store!r} are run by its server; ask there.")
    folder = folder_of(state.store)
    if not (folder.is_dir() and any(folder.iterdir())):
        raise StoreMissingError(folder, "keep something first with eider remember, or name another with --store.")
    if is_shared(state.store, shared=None, mine={}):
        with _server_queue(folder) as queue:
            yield queue
        return
    from eider.api.local import open_engine
    from eider.service.job_routes import ANSWERS

    if state.store is None or not config.is_path(state.store):
        release(folder)
    engine = open_engine(folder, paused=lambda: True)
    try:
        engine.jobs.stop()  # nothing runs behind the back of who looks
        queue = _Queue(lambda name, **said: ANSWERS[name](engine, said), folder, engine)
        engine.paused = queue.is_paused
        yield queue
    finally:
        engine.close()


@contextmanager
def _server_queue(folder: Path) -> Generator[_Queue]:
    from eider.api.wire import decode_error
    from eider.client.client import Client, ClientError

    client = Client(home_folder=str(config.home()), store=str(folder), spool=False)

    def ask(name: str, **said: Any) -> Any:
        try:
            return client.ask("POST", f"/v1/{name}", {"store": str(folder), **said}, again=name != "jobs/purge")
        except ClientError as error:
            raise decode_error(error.kind, error.message, error.fields) from None

    try:
        yield _Queue(ask, folder)
    finally:
        client.close()


def _jobs_in(found: dict[str, Any]) -> list[Job]:
    from eider.service.job_routes import job_of

    return [job_of(job) for job in found["jobs"]]


@command("list", answer=_KEYS, examples=("eider jobs list", "eider jobs list --state dead --json"))
@click.option("--state", "wanted", type=click.Choice(["waiting", "running", "done", "dead"]), help="Only those.")
@click.option("--batch", metavar="LABEL", help="Only those queued together under that label.")
@click.option("--limit", "-n", type=click.IntRange(1), default=50, show_default=True, help="Most jobs.")
@pass_state
def list_(state: State, wanted: str | None, batch: str | None, limit: int) -> None:
    """List background work, newest first."""
    with _job_queue(state) as queue:
        found, resting = queue.ask("jobs/list", state=wanted, batch=batch, limit=limit), queue.is_paused()
    rows = _jobs_in(found)

    def human() -> None:
        print_table(
            [_job_row(job) for job in rows], ["job", "kind", "state", "done", "tries", "when", "said"], right=(0, 4)
        )
        for one in found["batches"]:
            dead = f", {one['dead']} dead" if one["dead"] else ""
            print_line(f"batch {one['label']}: {one['done']} of {one['total']} done{dead}")
        counts = ", ".join(f"{n} {name}" for name, n in found["counts"].items() if n) or "no jobs"
        print_line(f"{counts}{'; paused, eider resume ends that' if resting else ''}", dim=True)

    print_values(state, rows, human)


def _job_row(job: Job) -> list[object]:
    far = f"{job.done}/{job.total}" if job.total else ""
    when = job.finished_at or (job.run_after if job.state == "waiting" else job.queued_at)
    return [job.id, job.kind, job.state, far, job.attempts, f"{when:%Y-%m-%d %H:%M:%S}", visible_text(job.error or "")]


@command("show", answer=_KEYS, examples=("eider jobs show 7", "eider jobs show 7 --json"))
@click.argument("id", metavar="ID", type=int)
@pass_state
def show_(state: State, id: int) -> None:  # noqa: A002
    """Show a job with its details."""
    with _job_queue(state) as queue:
        rows = _jobs_in(queue.ask("jobs/show", ids=[id]))
    shown = [[key.replace("_", " "), getattr(rows[0], key)] for key in _KEYS]
    print_values(
        state, rows, lambda: print_table([[name, value] for name, value in shown if value not in (None, "", {})])
    )


@command("retry", answer=_KEYS, examples=("eider jobs retry", "eider jobs retry 7 9"))
@_IDS
@pass_state
def retry(state: State, ids: tuple[int, ...]) -> None:
    """Retry dead jobs; without ID all of them."""
    with _job_queue(state) as queue:
        rows = _jobs_in(queue.ask("jobs/retry", ids=ids))
    print_values(state, rows, lambda: print_line(_count_text(rows, "tried again", "nothing is dead")))


@command("purge", answer=("purged",), examples=("eider jobs purge --before 2026-05", "eider jobs purge 7 9"))
@_IDS
@click.option("--state", "wanted", type=click.Choice(["done", "dead", "waiting"]), default="done", show_default=True,
              help="Which, where no ID is given.")  # fmt: skip
@click.option("--before", metavar="TIME", help="Only those that ended, or were queued, before.")
@pass_state
def purge(state: State, ids: tuple[int, ...], wanted: str, before: str | None) -> None:
    """Remove jobs that are done, dead or waiting.

    What finishes a forget stays until it is done, and batches under way stay whole.
    """
    if ids and before:
        raise click.UsageError("an ID and --before exclude each other; give one.")
    with _job_queue(state) as queue:
        found = queue.ask("jobs/purge", ids=ids, state=wanted, before=before, tz=state.time_zone())
    print_values(state, [found], lambda: print_line(f"{found['purged']} job(s) taken out"))


@command("run", answer=_KEYS, examples=("eider jobs run --wait", "eider jobs run 7 --wait --progress"))
@_IDS
@click.option("--wait", is_flag=True, help="Return when they have ended; a store of one's own always does.")
@pass_state
def run(state: State, ids: tuple[int, ...], wait: bool) -> int:
    """Run jobs now, whatever their turn; without ID all that wait.

    Exits with 1 when one failed.
    """
    with _job_queue(state) as queue:
        if queue.engine is not None:
            rows = list(_run_in_process(state, queue.engine, ids))
        else:
            rows = _jobs_in(queue.ask("jobs/run", ids=ids))
            if wait:
                rows = _wait_for_jobs(state, queue, rows)
    failed = [job for job in rows if job.error and job.state in ("waiting", "dead")]

    def human() -> None:
        print_line(_count_text(rows, "run" if wait or queue.engine else "started", "nothing waits"))
        for job in failed:
            print_indented(f"{job.kind}: {job.error}", f"! {job.id} ", fg="red")

    print_values(state, rows, human)
    return 1 if failed else 0


def _run_in_process(state: State, engine: Engine, ids: Sequence[int]) -> Iterable[Job]:
    for id_ in ids or [job.id for job in reversed(engine.jobs.listed("waiting"))]:
        with progress(state, f"job {id_}") as told:
            try:
                yield engine.jobs.run(id_, told)
            except UnknownJobError:
                if ids:
                    raise  # of all that waited one may have been done by another


def _wait_for_jobs(state: State, queue: _Queue, started: Sequence[Job]) -> list[Job]:
    """Wait for jobs to end, showing progress, and return them."""
    last = {job.id: job for job in started}
    left = list(last)
    with progress(state, f"job {left[0]}" if len(left) == 1 else "jobs") as told:
        while left:
            for id_ in list(left):
                try:
                    (last[id_],) = _jobs_in(queue.ask("jobs/show", ids=[id_]))
                except UnknownJobError:  # another did its work as well
                    left.remove(id_)
                    continue
                if last[id_].state in ("done", "dead") or (last[id_].state == "waiting" and last[id_].attempts):
                    left.remove(id_)
            first = next(iter(last.values()))
            told(*((first.done, first.total) if len(last) == 1 else (len(last) - len(left), len(last))))
            if left and queue.is_paused():
                raise RefusedError("background work was paused meanwhile; end that with eider resume.")
            if left:
                time.sleep(_POLL_SECONDS)
    return list(last.values())


def _count_text(rows: Sequence[Job], done: str, none: str) -> str:
    return f"{len(rows)} job(s) {done}" if rows else none


for _command in (list_, show_, retry, purge, run):
    jobs.add_command(_command)

# ---------------------------------------------------------------------- pausing

_PAUSES: Final = ("store", "writes")
_WRITES: Final = partial(click.option, "--writes", is_flag=True)


@command("pause", answer=_PAUSES, examples=("eider pause", "eider pause --writes --store work"))
@_WRITES(help="Refuse writes as well.")
@pass_state
def pause(state: State, writes: bool) -> None:
    """Pause background work until it is resumed.

    Of one store (--store), else of all. A job that runs already ends. A paused write is refused, not kept for later.
    """
    from eider.client import pauses

    pauses.pause(str(config.home()), _existing_store(state.store), writes=writes)
    _print_paused(state)


@command("resume", answer=_PAUSES, examples=("eider resume", "eider resume --writes --store work"))
@_WRITES(help="Only let writes go on; background work still rests.")
@pass_state
def resume(state: State, writes: bool) -> None:
    """End a pause.

    Of one store (--store), else every pause there is.
    """
    from eider.client import pauses

    home = str(config.home())
    pauses.resume(home, state.store, writes=writes)
    rest = pauses.read(home)
    if state.store is not None and pauses.ALL_STORES in rest and (not writes or rest[pauses.ALL_STORES]["writes"]):
        raise RefusedError("every store is paused, and this one with them; end that with eider resume without --store.")
    _print_paused(state)


def _existing_store(store: str | None) -> Path | None:
    from eider.model.store_paths import folder_of

    if store is None:
        return None
    folder = folder_of(store)
    if not folder.is_dir():
        raise StoreMissingError(folder, "list what there is with eider store list.")
    return folder


def _print_paused(state: State) -> None:
    from eider.client import pauses

    found = pauses.read(str(config.home()))
    if state.json:
        for name, how in found.items():
            print_json({"store": name, **how})
    else:
        print_line(f"paused: {paused_text(found)}")


COMMANDS: Final = {"jobs": jobs, "pause": pause, "resume": resume}

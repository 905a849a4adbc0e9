"""Background work of a store of one's own, and the log, from the command line: no server takes part."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import eider
from eider.api import job_handlers
from eider.cli.app import cli
from eider.cli.command import keys_of
from eider.cli.log import LogTail
from eider.model import config
from eider.model.errors import InputError
from eider.service import job_routes
from eider.store import jobs
from eider.store.engine import Engine
from eider.store.jobs import Job, Progress


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A store with three waiting jobs: two good ones in a batch, and one that fails."""
    monkeypatch.setenv("EIDER_EMBEDDER", "hash")
    monkeypatch.setenv("EIDER_USER", "ada")
    assert job_handlers.scrub
    monkeypatch.setattr(jobs, "HANDLERS", dict(jobs.HANDLERS))

    @jobs.handles("count")
    def count(_: Engine, job: Job, progress: Progress) -> None:
        for n in range(job.payload["to"]):
            progress(n + 1, job.payload["to"])

    @jobs.handles("fail")
    def fail(*_: object) -> None:
        raise RuntimeError("no luck")

    place = tmp_path / "mine.eider"
    with eider.open(place, user="ada") as memory:
        memory._engine.paused = lambda: True
        for n in (2, 3):
            memory._engine.jobs.queue("count", payload={"to": n}, batch="counting")
        memory._engine.jobs.queue("fail", priority=3)
    return place


def run(folder: Path, *words: str, code: int = 0) -> Result:
    result = CliRunner().invoke(cli, ["jobs", *words, "--store", str(folder)])
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return result


def listed(folder: Path, *words: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(folder, "list", "--json", *words).stdout.splitlines()]


def test_looking_runs_nothing(folder: Path) -> None:
    """A list shows what waits, under the keys that the help names."""
    for _ in range(2):
        found = listed(folder)
        assert [job["state"] for job in found] == ["waiting"] * 3
    group = cli.get_command(None, "jobs")  # type: ignore[arg-type]
    assert tuple(found[0]) == keys_of(group.commands["list"].answer)  # type: ignore[union-attr, attr-defined]
    assert "batch counting: 0 of 2 done" in run(folder, "list").stdout
    assert [job["kind"] for job in listed(folder, "--batch", "counting")] == ["count", "count"]


def test_what_waits_is_run_and_told(folder: Path) -> None:
    """The bar counts; one that fails is named with its error, the exit code is 1, and the rest is done."""
    done = run(folder, "run", "--progress", code=1)
    assert "2/2" in done.stderr
    assert "RuntimeError: no luck" in done.stdout
    states = {job["kind"]: (job["state"], job["attempts"], job["done"]) for job in listed(folder)}
    assert states == {"fail": ("waiting", 1, 0), "count": ("done", 1, 2)}
    assert "batch counting: 2 of 2 done" in run(folder, "list").stdout


def test_one_job_is_shown_run_and_taken_out(folder: Path) -> None:
    """By its number; others stay as they are."""
    number = str(listed(folder, "--batch", "counting")[0]["id"])
    assert "'to': 3" in run(folder, "show", number).stdout
    assert json.loads(run(folder, "run", number, "--json").stdout)["state"] == "done"
    assert "is done" in run(folder, "run", number, code=3).stderr
    assert json.loads(run(folder, "purge", number, "--json").stdout) == {"purged": 1}
    assert len(listed(folder)) == 2
    assert f"no job {number}" in run(folder, "show", number, code=3).stderr


def test_the_dead_are_retried_or_taken_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Retrying without a number means all that are dead."""
    monkeypatch.setattr(jobs, "ATTEMPTS", 1)
    assert run(folder, "retry").stdout == "nothing is dead\n"
    run(folder, "run", code=1)
    assert [job["kind"] for job in listed(folder, "--state", "dead")] == ["fail"]
    assert [json.loads(line)["state"] for line in run(folder, "retry", "--json").stdout.splitlines()] == ["waiting"]
    run(folder, "run", code=1)
    assert run(folder, "purge", "--state", "dead").stdout == "1 job(s) taken out\n"
    assert run(folder, "purge", "--before", "2020").stdout == "0 job(s) taken out\n"
    assert run(folder, "purge").stdout == "2 job(s) taken out\n"


def test_a_paused_store_of_ones_own_runs_nothing(folder: Path) -> None:
    """Not even when asked; the list says why."""
    assert CliRunner().invoke(cli, ["pause", "--store", str(folder)]).exit_code == 0
    number = str(listed(folder)[0]["id"])
    assert "eider resume" in run(folder, "run", number, code=3).stderr
    assert "paused, eider resume ends that" in run(folder, "list").stdout


def test_what_is_asked_of_the_queue_is_checked(folder: Path) -> None:
    """Programs in other languages are told what they got wrong."""
    with eider.open(folder, user="ada") as memory:
        for said in ({"state": "odd"}, {"limit": -1}, {"limit": "9"}):
            with pytest.raises(InputError, match=r"odd|limit"):
                job_routes.list_jobs(memory._engine, said)
        for ids in ("7", ["7"], [True], 7):
            with pytest.raises(InputError, match="list of numbers"):
                job_routes.show_jobs(memory._engine, {"ids": ids})


def test_a_job_survives_the_way_over_the_wire(folder: Path) -> None:
    """And a field that a later version adds does no harm."""
    with eider.open(folder, user="ada") as memory:
        (first, *_) = memory._engine.jobs.listed()
        sent = json.loads(json.dumps(job_routes.show_jobs(memory._engine, {"ids": [first.id]})))["jobs"][0]
    assert job_routes.job_of({**sent, "colour": "blue"}) == first


# ---------------------------------------------------------------------- the log


def noted(name: str, *lines: object) -> None:
    place = config.home() / "log"
    place.mkdir(exist_ok=True)
    with (place / name).open("a") as file:
        file.write("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))


def log(*words: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(cli, ["log", "--json", *words])
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_the_log_is_one_story_in_the_order_of_time() -> None:
    """Calls and errors together or apart, the last of them, across the file that was set aside."""
    assert CliRunner().invoke(cli, ["log"]).stdout == "nothing is noted yet\n"
    noted("calls.1.jsonl", {"at": "2026-05-01T09:00:00.000Z", "route": "recall"})
    noted("calls.jsonl", {"at": "2026-05-01T10:00:00.000Z", "route": "record"}, "{cut off")
    noted("errors.jsonl", {"at": "2026-05-01T09:30:00.000Z", "route": "why", "kind": "UnknownIdError"})
    assert [line["route"] for line in log()] == ["recall", "why", "record"]
    assert [line["route"] for line in log("-n", "2")] == ["why", "record"]
    assert [line["route"] for line in log("--calls", "-n", "1")] == ["record"]
    assert [line["route"] for line in log("--errors")] == ["why"]
    assert log("-n", "0") == []


def test_what_is_appended_is_followed_across_files() -> None:
    """Whole lines only, each once, and the new file from its start when the full one is set aside."""
    noted("calls.jsonl", {"route": "recall"})
    tail = LogTail(config.home() / "log" / "calls.jsonl")
    assert [line["route"] for line in tail.last_entries(5)] == ["recall"]
    assert tail.new_entries() == []
    with tail.path.open("a") as file:
        file.write('{"route": "rec')
    assert tail.new_entries() == []
    noted("calls.jsonl", 'ord"}')
    assert [line["route"] for line in tail.new_entries()] == ["record"]
    noted("calls.jsonl", {"route": "pin"})
    tail.path.rename(tail.path.with_name("calls.1.jsonl"))
    assert [line["route"] for line in tail.new_entries()] == ["pin"]
    noted("calls.jsonl", {"route": "why"})
    assert [line["route"] for line in tail.new_entries()] == ["why"]

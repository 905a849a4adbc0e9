"""What every backend must do with runs of workflows, as tests to inherit: name a subclass `Test…` and give it a `make`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from eider.model.changes import Erasure
from eider.model.errors import StoreError
from eider.model.protocols import Embedder
from eider.model.runs import Content, Cut, Run, Seen, Step
from eider.providers.embedders.hashing import HashEmbedder
from eider.store.protocols import Store

_START: Final = datetime(2026, 5, 1, tzinfo=UTC)
_INPUTS: Final = Content.of({"team": "core"})
_OUTPUT: Final = Content.of("Eiders dive for mussels.")


def run(id: str = "run_a", *, user: str = "ada", n: int = 0, **more: Any) -> Run:  # noqa: A002 (the word users know)
    """A run that may be saved."""
    at = _START + timedelta(minutes=n)
    fields: dict[str, Any] = {
        "id": id, "user": user, "agent": "a", "name": "report", "status": "running", "sees": "previous", "history": True,
        "scope": "global", "trust": 2, "started_at": at, "active_at": at, "holder": "h", "inputs": _INPUTS.digest,
    }  # fmt: skip
    return Run(**fields | more)


def step(name: str = "collect", *, run: str = "run_a", seq: int = 1, content: Content = _OUTPUT, **more: Any) -> Step:
    """A step that may be saved, with all that can be noted of one."""
    at = _START + timedelta(seconds=seq)
    fields: dict[str, Any] = {
        "run": run, "name": name, "number": 1, "kind": "output", "status": "done", "seq": seq, "after": seq - 1,
        "started_at": at, "ended_at": at, "trust": 1, "media": content.media, "size": len(content.data), "tokens": 7,
        "digest": content.digest, "saw": (Seen(step="inputs", why="parameter", field="team"),),
        "cut": (Cut(step="x", kept=1, of=2, why="no room left"),),
    }  # fmt: skip
    return Step(**fields | more)


def save_run(store: Store, run: Run, inputs: Content | None = None) -> None:
    """Save a run as if it had begun or ended."""
    op = "end_run" if inputs is None else "begin_run"
    store.runs.save(run, inputs, op=op, actor="test", at=run.ended_at or run.started_at)


def save_step(store: Store, step: Step, content: Content | None) -> None:
    """Save one of ada's steps."""
    store.steps.save(step, content, user="ada", op="keep_step", actor="test", at=step.ended_at)


class RunsContract(ABC):
    """Runs and steps are durable, a content is kept once, and a stranger's do not exist."""

    @abstractmethod
    def make(self, tmp_path: Path, embedder: Embedder) -> Store:
        """Return a new, empty store."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        """An empty store."""
        made = self.make(tmp_path, HashEmbedder(width=8))
        yield made
        made.connection.close()

    def test_a_run_is_saved_and_replaced(self, store: Store) -> None:
        """All of it comes back; saving again replaces it."""
        assert store.runs.available
        whole = run(
            key="k", session="s", parent="run_p", parent_step="p", outcome=0.5, holds_until=_START, output="respond"
        )
        save_run(store, whole, _INPUTS)
        assert store.runs.get("run_a", user="ada") == whole
        assert store.runs.by_key("report", "k", user="ada") == whole
        save_run(store, ended := replace(whole, status="done", ended_at=_START, expires_at=_START, error="e"))
        assert store.runs.get("run_a", user="ada") == ended
        assert store.steps.contents([_INPUTS.digest], user="ada") == {_INPUTS.digest: _INPUTS}

    def test_runs_are_listed_newest_first(self, store: Store) -> None:
        """By name, session and parent; without a parent only those that have none."""
        for n, more in enumerate(({}, {"session": "s"}, {"name": "other"}, {"parent": "run_0"}, {"history": False})):
            save_run(store, run(f"run_{n}", n=n, **more), _INPUTS)  # pyright: ignore[reportArgumentType]
        listed = store.runs.listed
        assert [r.id for r in listed(user="ada", limit=9)] == ["run_4", "run_2", "run_1", "run_0"]
        assert [r.id for r in listed(user="ada", limit=1)] == ["run_4"]
        assert [r.id for r in listed(user="ada", session="s", limit=9)] == ["run_1"]
        assert [r.id for r in listed(user="ada", name="other", limit=9)] == ["run_2"]
        assert [r.id for r in listed(user="ada", parent="run_0", limit=9)] == ["run_3"]
        assert [r.id for r in store.runs.unkept(user="ada")] == ["run_4"]

    def test_a_step_comes_back_as_it_was_saved(self, store: Store) -> None:
        """In the order of completion; one that failed is replaced by its next attempt."""
        save_run(store, run(), _INPUTS)
        save_step(store, second := step("brief", seq=2, child="run_c", model="m:C"), _OUTPUT)
        save_step(store, first := step(seq=1), _OUTPUT)
        assert store.steps.of(["run_a"], user="ada") == {"run_a": [first, second]}
        assert store.steps.contents([_OUTPUT.digest, "none"], user="ada") == {_OUTPUT.digest: _OUTPUT}
        save_step(store, failed := step("end", seq=3, status="failed", error="e", digest=""), None)
        save_step(store, again := replace(failed, seq=4, status="done", attempts=2), None)
        assert store.steps.of(["run_a"], user="ada")["run_a"] == [first, second, again]

    @pytest.mark.parametrize("data", [b"", b"\x00\xff", b"x" * 100_000])
    def test_bytes_come_back(self, store: Store, data: bytes) -> None:
        """Any bytes of any length."""
        content = Content("application/x", data)
        save_run(store, run(), _INPUTS)
        save_step(store, step(content=content), content)
        assert store.steps.contents([content.digest], user="ada") == {content.digest: content}

    def test_a_strangers_runs_do_not_exist(self, store: Store) -> None:
        """Neither rows nor contents, also where both kept the same."""
        save_run(store, run(key="k"), _INPUTS)
        save_step(store, step(), _OUTPUT)
        assert store.runs.get("run_a", user="bob") is None
        assert store.runs.by_key("report", "k", user="bob") is None
        assert store.runs.listed(user="bob", limit=9) == []
        assert store.steps.of(["run_a"], user="bob") == {"run_a": []}
        assert store.steps.contents([_OUTPUT.digest], user="bob") == {}

    def test_outcomes_are_of_runs_that_ended_and_are_kept(self, store: Store) -> None:
        """Judged or failed ones, oldest first, with their steps."""
        ended: dict[str, Any] = {"ended_at": _START, "status": "done"}
        save_run(store, run("run_1", outcome=1.0, **ended), _INPUTS)
        save_run(store, run("run_2", ended_at=_START, status="failed"), _INPUTS)
        save_run(store, run("run_3", **ended), _INPUTS)
        save_run(store, run("run_4", outcome=1.0, history=False, **ended), _INPUTS)
        save_step(store, one := step(run="run_1"), _OUTPUT)
        found = store.steps.outcomes(user="ada")
        assert [(r.id, r.steps) for r in found] == [("run_1", (one,)), ("run_2", ())]

    def test_an_erased_run_leaves_nothing(self, store: Store) -> None:
        """A content that another run has stays with that one."""
        other = Content.of("Only here.")
        for name in ("run_a", "run_b"):
            save_run(store, run(name), _INPUTS)
            save_step(store, step(run=name), _OUTPUT)
        save_step(store, step("more", seq=2, content=other), other)
        counts = store.commits.erase(Erasure(user="ada", actor="test", at=_START, runs=frozenset({"run_a"})))
        assert (counts["runs"], counts["run_steps"], counts["run_contents"]) == (1, 2, 1)
        assert store.runs.get("run_a", user="ada") is None
        assert store.steps.contents([_OUTPUT.digest, other.digest], user="ada") == {_OUTPUT.digest: _OUTPUT}
        assert store.erasure_checks.tables_with(["run_a"]) == []
        assert store.erasure_checks.columns_saying(["Only here"], user="ada") == []
        assert store.erasure_checks.columns_saying(["mussels"], user="ada") == ["run_contents.content"]
        assert store.tombstones.digest("id", "ada", "run_a") in store.tombstones.all()

    def test_a_failed_write_leaves_no_half(self, store: Store) -> None:
        """Step and content come together or not at all."""
        save_run(store, run(), _INPUTS)
        with pytest.raises((StoreError, TypeError, ValueError, AttributeError)):
            save_step(store, replace(step(), started_at="never"), _OUTPUT)  # pyright: ignore[reportArgumentType]
        assert store.steps.contents([_OUTPUT.digest], user="ada") == {}

    def test_what_files_hold_for_nothing_can_be_told(self, store: Store) -> None:
        """Never more than there is."""
        free, whole = store.copies.wasted()
        assert 0 <= free <= whole

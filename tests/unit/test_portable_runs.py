"""Runs travel with a memory: an export brings them whole into another store, at no more trust than it has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import eider
from eider.api.facade import Eider
from eider.model.runs import Content
from eider.providers.embedders.hashing import HashEmbedder


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Eider]:
    with eider.open(tmp_path / "m.eider", user="ada", embedder=HashEmbedder()) as opened:
        yield opened


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Eider]:
    with eider.open(tmp_path / "other.eider", user="ada", embedder=HashEmbedder()) as opened:
        yield opened


def kept(memory: Eider, *, key: str = "k", secret: str = "words") -> str:
    """A run with inputs, texts, JSON, bytes, a document, a sub-run, a failed step and an outcome; returns its id."""
    with memory.run("report", inputs={"team": "core"}, key=key) as run:
        run.keep("notes", {"owner": "Ada", "said": secret})
        run.keep("picture", b"\x00\xff", media="image/png")
        run.read("page", "Quoted only.")
        run.sub("more", lambda sub: sub.keep("inner", "Inner words."))

        @run.step(sees="all")
        def broken() -> None:
            raise ValueError("no luck")

        with pytest.raises(ValueError, match="no luck"):
            broken()
        run.outcome = 1.0
    return run.id


def whole(memory: Eider) -> list[dict[str, Any]]:
    """Every run with its steps and what they gave, without what is only this machine's."""
    found: list[dict[str, Any]] = []
    for top in memory.runs(limit=100):
        for run in (top, *memory.runs(parent=top.id)):
            one = memory.run_of(run.id)
            gave = {s.ref: memory.step_output(run.id, s.ref) for s in one.steps if s.status == "done"}
            found.append({"run": one, "inputs": memory.step_output(run.id, "inputs").value, "gave": gave})
    return found


@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz", "out"])
def test_an_export_brings_runs_whole(memory: Eider, other: Eider, tmp_path: Path, name: str) -> None:
    """All rows and outputs, at the trust they had; bringing them twice is once, and both stores export the same."""
    kept(memory)
    memory.promote_step(memory.runs()[0].id, "notes.owner")
    form: Any = "jsonl" if "jsonl" in name else "parquet"
    memory.export(tmp_path / name, format=form)
    seen = other.import_(tmp_path / name, dry_run=True)
    assert (seen.runs, other.runs()) == (2, [])
    done = other.import_(tmp_path / name)
    assert (done.runs, done.refused) == (2, ())
    assert whole(other) == whole(memory)
    assert other.verify(deep=True).findings == ()
    assert [p.actions for p in other.procedures()] == [p.actions for p in memory.procedures()]
    again = other.import_(tmp_path / name)
    assert (again.runs, again.refused) == (0, ())
    if name == "out.jsonl":
        other.export(tmp_path / "again.jsonl")
        lines = [[json.loads(x) for x in (tmp_path / n).read_text().splitlines()[1:]] for n in (name, "again.jsonl")]
        assert lines[0] == lines[1]


def test_one_that_was_going_on_is_resumed_elsewhere(memory: Eider, other: Eider, tmp_path: Path) -> None:
    """Finished steps are not run again there."""
    run = memory.run("report", key="k")
    run.keep("one", "first")
    memory.export(tmp_path / "out.jsonl")
    other.import_(tmp_path / "out.jsonl")
    assert other.runs()[0].status == "stopped"
    with other.run("report", key="k") as again:
        assert again.keep("one", "other words") == "first"
        again.keep("two", "second")
    assert [s.ref for s in other.run_of(run.id).steps] == ["one", "two"]
    assert other.verify().findings == ()


def test_a_strangers_runs_are_quoted_only_and_teach_nothing(memory: Eider, other: Eider, tmp_path: Path) -> None:
    """A changed file is not one's own: no step is trusted, no procedure is learned, no class is made again."""
    kept(memory, key="a")
    kept(memory, key="b")
    memory.export(tmp_path / "out.jsonl")
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    changed = [line.replace('"trust":1', '"trust":2').replace('"model":""', '"model":"m:C"') for line in lines]
    (tmp_path / "changed.jsonl").write_text("\n".join(changed) + "\n")
    done = other.import_(tmp_path / "changed.jsonl")
    assert (done.runs, done.refused) == (4, ())
    assert {s.trust for one in whole(other) for s in one["run"].steps} | {one["run"].trust for one in whole(other)} == {
        0
    }
    assert {s.model for one in whole(other) for s in one["run"].steps} == {""}
    assert other.procedures() == []
    assert other.verify().findings == ()


def test_what_was_forgotten_does_not_return(memory: Eider, other: Eider, tmp_path: Path) -> None:
    """Neither from an older export, nor from one that tells of the forgetting."""
    id_ = kept(memory, key="a")
    kept(memory, key="b")
    memory.export(tmp_path / "before.jsonl")
    memory.forget_run(id_)
    assert any("forgotten here" in reason for reason in memory.import_(tmp_path / "before.jsonl").refused)
    assert [r.key for r in memory.runs()] == ["b"]
    memory.export(tmp_path / "after.jsonl")
    other.import_(tmp_path / "after.jsonl")
    assert any("forgotten here" in reason for reason in other.import_(tmp_path / "before.jsonl").refused)
    assert [r.key for r in other.runs()] == ["b"]
    assert other.verify().findings == ()


def test_a_run_that_keeps_no_history_does_not_leave(memory: Eider, tmp_path: Path) -> None:
    """A file would outlive the time after which it is erased."""
    with memory.run("answer", history=False, session="s") as run:
        run.keep("find", "There are quokkas.")
    memory.export(tmp_path / "out.jsonl")
    assert "quokkas" not in (tmp_path / "out.jsonl").read_text()


def test_what_is_broken_is_told_and_the_rest_is_taken(memory: Eider, other: Eider, tmp_path: Path) -> None:
    """An output that is not what its digest names is not taken, and neither is a step without it."""
    kept(memory)
    memory.export(tmp_path / "out.jsonl")
    text = (tmp_path / "out.jsonl").read_text().replace('\\"owner\\":\\"Ada\\"', '\\"owner\\":\\"Bob\\"')
    (tmp_path / "out.jsonl").write_text(text)
    done = other.import_(tmp_path / "out.jsonl")
    assert done.runs == 2
    assert ["is not what its digest names" in done.refused[0], "step 'notes'" in done.refused[1]] == [True, True]
    assert len(done.refused) == 2
    assert "notes" not in {s.ref for one in whole(other) for s in one["run"].steps}
    assert other.verify().findings == ()


def test_secrets_in_a_strangers_outputs_are_redacted(memory: Eider, other: Eider, tmp_path: Path) -> None:
    """Under the digest that the redacted output has."""
    kept(memory, secret="words")
    memory.export(tmp_path / "out.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    for line in lines:
        if line.get("type") == "content" and "Ada" in str(line["text"]):
            was = line["digest"]
            line["text"] = line["text"].replace("words", "password: Tr0ub4dor&3x")
            line["digest"] = Content(line["media"], line["text"].encode()).digest
            for step in lines:
                if step.get("digest") == was:
                    step["digest"] = line["digest"]
    (tmp_path / "out.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    assert other.import_(tmp_path / "out.jsonl").refused == ()
    assert "Tr0ub4dor" not in str(other.step_output(other.runs()[0].id, "notes").value)
    assert other.verify().findings == ()


def test_an_id_of_another_user_is_not_touched(memory: Eider, tmp_path: Path) -> None:
    """Two users of one store may bring the same file: each has runs of their own."""
    kept(memory)
    memory.export(tmp_path / "out.jsonl")
    memory.import_(tmp_path / "out.jsonl", user="bob")
    mine, theirs = memory.runs(), memory.runs(user="bob")
    assert len(theirs) == 1
    assert len(memory.runs(parent=theirs[0].id, user="bob")) == 1
    assert memory.step_output(theirs[0].id, "notes", user="bob").value["owner"] == "Ada"
    assert memory.verify().findings == ()
    memory.forget_user("bob")
    assert memory.step_output(mine[0].id, "notes").value["owner"] == "Ada"
    assert memory.verify().findings == ()

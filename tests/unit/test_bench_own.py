"""Measuring on isolated memories, chats, and one's own store."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import isolated
import pytest
from click.testing import CliRunner
from gate_curve import Weighed, curve, overheard
from measure import measure

import eider
from eider.cli.app import cli
from eider.cli.bench_runs import own_data
from eider.guide import inject as pipeline

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(autouse=True)
def _light(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EIDER_EMBEDDER", "hash")
    monkeypatch.setenv("EIDER_USER", "ada")


def some(name: str, count: int, tmp_path: Path) -> Path:
    """The first lines of a file of our own data."""
    path = tmp_path / name
    path.write_text("\n".join((DATA / name).read_text(encoding="utf-8").splitlines()[:count]), encoding="utf-8")
    return path


def test_scopes_and_dates_are_kept_to(tmp_path: Path) -> None:
    """Nothing leaks from another scope, and the past has its own answers."""
    tally = isolated.memories(some("own_memories.jsonl", 12, tmp_path))
    figures = tally.figures()
    assert figures["scope leakage"]["share"] == 0
    assert figures["Recall@5"]["share"] > 0.7
    assert {"MRR", "abstention", "injected a relevant one", "current-version", "as_of top-1"} <= set(figures)


def test_chats_are_judged_by_their_turns(tmp_path: Path) -> None:
    """Evidence turns are found among the turns of their chat."""
    figures = isolated.chats(some("own_chats.jsonl", 4, tmp_path)).figures()
    assert figures["R@10"]["share"] >= figures["R@5"]["share"] >= figures["R@1"]["share"] > 0


def test_a_floor_trades_silence_for_help() -> None:
    """The curve rises in silence and falls in what is shown."""
    prompts = [Weighed(wants=wants, best=n / 10, best_wanted=n / 10) for n in range(10) for wants in (False, True)]
    points = curve(prompts)
    assert [p["silence"] for p in points] == [0.5, 0.8, 0.9, 1.0]
    assert [p["shown"] for p in points] == [0.5, 0.2, 0.1, 0.0]


def test_listening_to_the_gate_changes_nothing(tmp_path: Path) -> None:
    """The same prompt gets the same answer, and the gate is itself again afterwards."""
    before = pipeline.admit
    with eider.open(store(tmp_path), user="ada") as memory:
        plain = memory.inject("when is the ferry timetable looked after?")
        with overheard():
            assert memory.inject("when is the ferry timetable looked after?") == plain
    assert pipeline.admit is before


def test_the_command_prints_both_parts(tmp_path: Path) -> None:
    """Memories and chats are measured in one call; neither is a usage error."""
    memories = some("own_memories.jsonl", 2, tmp_path)
    result = CliRunner().invoke(measure, ["isolated", "--memories", str(memories), "--json"])
    assert result.exit_code == 0, result.output
    assert set(json.loads(result.stdout)["memories"]["figures"]) > {"Recall@5", "MRR"}
    assert CliRunner().invoke(measure, ["isolated"]).exit_code == 2


def store(tmp_path: Path) -> Path:
    """A store with rows that say something."""
    path = tmp_path / "mine.eider"
    with eider.open(path, user="ada") as memory:
        for n, what in enumerate(
            ["ferry timetable", "harbour radar", "refund policy", "ticket printer", "tide warnings"]
        ):
            memory.remember(f"The {what} is looked after by team number {n} every Wednesday.", kind="fact")
            memory.record(f"Yesterday the {what} caused trouble again, so colleague {n} stayed late.")
        memory.remember("Short.")
    return path


def digest(folder: Path) -> dict[str, str]:
    """What every file of a store holds."""
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()}


def test_ones_own_store_is_asked_and_left_as_it_was(tmp_path: Path) -> None:
    """Figures come back, nothing kept is printed, and no byte of the store changes."""
    path = store(tmp_path)
    before = digest(path)
    result = CliRunner().invoke(cli, ["bench", "mine", "--store", str(path), "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert digest(path) == before
    assert (found["rows"], found["questions"]) == (11, 20)
    assert found["recall"]["rarest words"]["R@5"] > 0.8
    assert "ferry" not in result.stdout + result.stderr


def test_the_same_seed_asks_the_same(tmp_path: Path) -> None:
    """A run can be repeated."""
    with eider.open(store(tmp_path), user="ada") as memory:
        rows = own_data.all_rows(memory)
    assert own_data.make_questions(rows, sample=3, seed=1) == own_data.make_questions(rows, sample=3, seed=1)
    assert own_data.make_questions(rows, sample=3, seed=1) != own_data.make_questions(rows, sample=3, seed=2)
    assert own_data.unrelated_prompts(rows, count=4, seed=1) == own_data.unrelated_prompts(rows, count=4, seed=1)


def test_strange_prompts_avoid_what_is_kept(tmp_path: Path) -> None:
    """A word that the store holds is not used to ask in vain."""
    with eider.open(tmp_path / "m.eider", user="ada") as memory:
        memory.remember(f"All about {' '.join(own_data.UNRELATED_WORDS[:-2])}.")
        rows = own_data.all_rows(memory)
    assert all(
        own_data.UNRELATED_WORDS[-1] in prompt and own_data.UNRELATED_WORDS[-2] in prompt
        for prompt in own_data.unrelated_prompts(rows, count=5, seed=1)
    )


def test_an_empty_store_has_no_questions(tmp_path: Path) -> None:
    """Too little to ask about is said, not measured."""
    with eider.open(tmp_path / "m.eider", user="ada") as memory:
        memory.remember("Tea.")
    result = CliRunner().invoke(cli, ["bench", "mine", "--store", str(tmp_path / "m.eider")])
    assert result.exit_code == 2
    assert "keep more first" in result.stderr

"""LoCoMo's figures, on a tiny conversation of our own and against the evaluator they are compared with."""

from __future__ import annotations

import importlib.util
import json
import math
import random
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import locomo
import numpy as np
import pytest
from click.testing import CliRunner
from intervals import interval, mean
from measure import measure as cli

from eider.cli.bench_runs.metrics import DEPTHS, list_metrics
from eider.model.errors import InputError

DAYS = {1: "9:05 am on 3 March, 2025", 2: "12:30 pm on 20 April, 2025"}
SAID = {
    1: [
        ("Brann", "I bought a used rowing boat."),
        ("Ysolde", "Lovely! What colour is it?"),
        ("Brann", "Green, with a red oar."),
    ],
    2: [
        ("Ysolde", "We adopted a lame hedgehog."),
        ("Brann", "What is it called?"),
        ("Ysolde", "Pepper. She sleeps all day."),
    ],
}
ASKED: list[dict[str, Any]] = [
    {"question": "Which colour is Brann's boat?", "evidence": ["D1:3"], "category": 4},
    {"question": "What animal did Ysolde adopt in April?", "evidence": ["D2:1"], "category": 2},
    {"question": "What do we know of boat and hedgehog?", "evidence": ["D2:3", "D1:1", "D2:3"], "category": 1},
    {"question": "Who owns a car?", "evidence": ["D1:1"], "category": 5, "adversarial_answer": "nobody"},
    {"question": "Where is Pepper?", "evidence": [], "category": 4},
    {"question": "Where is Pepper?", "evidence": ["D9:9"], "category": 4},
]


def sample() -> dict[str, Any]:
    """One conversation in the format of the public file."""
    spoken: dict[str, Any] = {"speaker_a": "Brann", "speaker_b": "Ysolde"}
    for session, turns in SAID.items():
        spoken[f"session_{session}_date_time"] = DAYS[session]
        spoken[f"session_{session}"] = [
            {"speaker": who, "dia_id": f"D{session}:{n}", "text": text} for n, (who, text) in enumerate(turns, 1)
        ]
    spoken["session_2"][2]["blip_caption"] = "a hedgehog in a basket"
    return {"sample_id": "tiny-1", "conversation": spoken, "qa": ASKED}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny file."""
    monkeypatch.setenv("EIDER_EMBEDDER", "hash")
    path = tmp_path / "tiny.json"
    path.write_text(json.dumps([sample()]))
    return path


@pytest.fixture(scope="session")
def evaluator(shared: Path) -> ModuleType:
    """The reference implementation."""
    spec = importlib.util.spec_from_file_location("locomo_eval", shared / "bench" / "locomo_eval.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["locomo_eval"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_questions_that_cannot_be_judged_are_left_out(data: Path) -> None:
    """Adversarial, without evidence, or with evidence that names no turn: counted, not asked."""
    (read,) = locomo.load(data)
    assert [q.index for q in read.questions] == [0, 1, 2]
    assert read.questions[2].evidence == ("D1:1", "D2:3")
    assert read.excluded == {"category 5": 1, "empty evidence": 1, "invalid evidence id": 1}


def test_turns_have_a_time_and_their_picture(data: Path) -> None:
    """Turns follow the session's start by seconds; captions are part of what was said."""
    (read,) = locomo.load(data)
    assert [t.at.isoformat() for t in read.turns[2:4]] == ["2025-03-03T09:05:02+00:00", "2025-04-20T12:30:00+00:00"]
    assert read.turns[-1].text == "Pepper. She sleeps all day. [image: a hedgehog in a basket]"


def test_the_run_goes_through_a_real_store(data: Path, tmp_path: Path) -> None:
    """The first row of the table is the overall one; what is written holds ids and no text."""
    words = ["locomo", "--data", str(data), "--out", str(tmp_path / "out"), "--progress"]
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 0, result.output
    rows = result.stdout.splitlines()
    assert rows[0].split() == ["n", *locomo.SHOWN]
    assert rows[1].split()[:2] == ["overall", "3"]
    assert "questions 3/3" in result.stderr
    told = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert told["overall"]["R@10"] == 100.0
    assert told["excluded"] == {"category 5": 1, "empty evidence": 1, "invalid evidence id": 1}
    assert len(told["sha256"]) == 64
    written = (tmp_path / "out" / "questions.jsonl").read_text()
    assert "hedgehog" not in written
    assert json.loads(written.splitlines()[0])["evidence"] == ["D1:3"]


def test_another_file_is_refused(tmp_path: Path, data: Path) -> None:
    """What is no LoCoMo file, or holds no such conversation, is named."""
    other = tmp_path / "other.json"
    other.write_text('{"a": 1}')
    with pytest.raises(InputError, match=r"other\.json"):
        locomo.measure(other)
    with pytest.raises(InputError, match="conv-99"):
        locomo.measure(data, ["conv-99"])


def test_a_list_without_a_hit_scores_nothing() -> None:
    """Every figure is 0 when nothing wanted is found, and when the list is empty."""
    assert set(list_metrics(["x", "y"], {"a"}).values()) == {0.0}
    assert set(list_metrics([], {"a"}).values()) == {0.0}


def test_means_of_nothing_are_no_number() -> None:
    """Nobody mistakes an empty part for a bad one."""
    assert math.isnan(mean([], ["R@5"])["R@5"])


def lists(evaluator: ModuleType, data: Path, count: int = 200) -> list[tuple[Any, list[str]]]:
    """Random questions with random ranked lists: short, long, with repeats."""
    (read,) = evaluator.load(data)
    dice = random.Random(5)
    ids = [t.id for t in read.turns] + [f"D8:{n}" for n in range(60)]
    found: list[tuple[Any, list[str]]] = []
    for n in range(count):
        wanted = tuple(dice.sample(ids, dice.randint(1, 12)))
        question = evaluator.Question(n, "?", 4, wanted)
        found.append((question, dice.choices(ids, k=dice.choice([0, 1, 4, 20, 70]))))
    return found


def test_figures_agree_with_the_public_evaluator(evaluator: ModuleType, data: Path) -> None:
    """The same lists get the same figures, interval included."""
    ours, theirs = [], []
    for question, ranked in lists(evaluator, data):
        once = tuple(dict.fromkeys(ranked))[:50]
        sessions = dict.fromkeys((*once, *question.evidence), 1)
        theirs.append(evaluator.score(question, once, sessions))
        ours.append(list_metrics(ranked, question.evidence))
    names = [*(f"R@{k}" for k in DEPTHS), *(f"hit@{k}" for k in DEPTHS), "all@10", "NDCG@10", "MRR"]
    for mine, other in zip(ours, theirs, strict=True):
        assert mine == pytest.approx({k: other[k] for k in names})
    for name in ("R@10", "NDCG@10"):
        values = np.array([row[name] for row in ours])
        assert interval(values) == pytest.approx(evaluator.bootstrap(values), abs=0.01)


def test_the_same_questions_are_judged_as_by_the_public_evaluator(evaluator: ModuleType, shared: Path) -> None:
    """On the public file both leave out the same and want the same."""
    path = shared / "bench" / "data" / "locomo_dev.json"
    ours = {(c.id, q.index): (q.category, q.evidence) for c in locomo.load(path) for q in c.questions}
    theirs = {(c.id, q.index): (q.category, q.evidence) for c in evaluator.load(path) for q in c.questions}
    assert ours == theirs

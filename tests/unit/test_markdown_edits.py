"""Exported Markdown that a person edits: what was changed comes back as a plan, and nothing else changes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import portable_ai_memory as pam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from portable_ai_memory.core.validator import validate

import eider
from eider.api.markdown_edits import read_edits
from eider.model.errors import InputError
from eider.records.exchange.markdown_folder import _item, _items, plain

Open = Callable[[str], eider.Eider]


@pytest.fixture
def memory(store: Open) -> eider.Eider:
    made = store("notes")
    made.remember("Prefers tea.", kind="preference")
    made.remember("Deploys on Tuesdays.", scope="project:kestrel/api")
    made.remember("Never push to main.\n\n- not even once\n  `x`", kind="rule", importance=5)
    made.remember("Has a cat.")
    made.record("I have a cat.", session="s")
    old = made.remember("Lives in Oslo.")
    made.correct(old.id, "Lives in Bergen.")
    return made


def edit(folder: Path, old: str, new: str) -> None:
    (file,) = [
        f for f in folder.glob("*.md") if old in f.read_text() and f.name not in ("conversations.md", "closed.md")
    ]
    file.write_text(file.read_text().replace(old, new))


def test_what_was_not_touched_is_no_change(memory: eider.Eider, tmp_path: Path) -> None:
    """One file for each scope and kind, with ids, dates and sources; read back, it asks for nothing."""
    memory.export(tmp_path / "out", format="markdown")
    plan = read_edits(memory, tmp_path / "out")
    assert (plan.edits, plan.refused, plan.unchanged) == ((), (), 5)
    names = sorted(f.name for f in (tmp_path / "out").iterdir())
    assert names == [
        "closed.md", "conversations.md", "eider.json", "global.fact.0.md", "global.preference.1.md", "global.rule.2.md",
        "project-kestrel-api.fact.3.md",
    ]  # fmt: skip
    page = (tmp_path / "out" / "global.rule.2.md").read_text()
    assert "- Never push to main.\n\n  - not even once\n" in page
    assert "importance 5 · from user" in page
    memory.export(tmp_path / "out", format="markdown")
    with pytest.raises(InputError, match="read_edits"):
        memory.import_(tmp_path / "out")


def test_edits_deletions_and_additions_become_a_plan(memory: eider.Eider, tmp_path: Path) -> None:
    """A changed line corrects, a missing one is forgotten, a new one is kept under the file's scope and kind."""
    folder = tmp_path / "out"
    memory.export(folder, format="markdown")
    edit(folder, "- Prefers tea.", "- Prefers coffee,\n  black.")
    edit(folder, "- Deploys on Tuesdays.", "- Freezes on Fridays.\n- Deploys on Tuesdays.")
    (file,) = [f for f in folder.glob("*.md") if "- Has a cat." in f.read_text()]
    lines = file.read_text().split("\n")
    at = lines.index("- Has a cat.")
    file.write_text("\n".join([*lines[:at], *lines[at + 2 :]]))
    plan = read_edits(memory, folder)
    assert sorted((e.does, e.text, e.scope) for e in plan.edits) == [
        ("add", "Freezes on Fridays.", "project:kestrel/api"),
        ("correct", "Prefers coffee,\nblack.", "global"),
        ("forget", "Has a cat.", "global"),
    ]
    assert (plan.refused, plan.unchanged) == ((), 3)
    assert plan.apply(memory) == {"add": 1, "correct": 1, "forget": 1}
    texts = {r.text for r in memory.search("", status="current", limit=50)}
    assert {"Prefers coffee,\nblack.", "Freezes on Fridays."} <= texts
    assert "Has a cat." not in texts
    again = read_edits(memory, folder)
    assert [e.does for e in again.edits] == ["add"]  # a new line has no id; exporting again gives it one


def test_what_cannot_be_done_is_said(memory: eider.Eider, tmp_path: Path) -> None:
    """A statement that changed in both places, that stands twice or was moved is left alone."""
    folder = tmp_path / "out"
    memory.export(folder, format="markdown")
    tea = next(r.memory for r in memory.search("tea", status="current") if r.memory and "tea" in r.text)
    memory.correct(tea.id, "Prefers green tea.")
    edit(folder, "- Prefers tea.", "- Prefers coffee.")
    cat = next(f for f in folder.glob("global.fact*") if "Has a cat." in f.read_text())
    item = cat.read_text()[cat.read_text().index("- Has a cat.") :].split("\n")[:2]
    rules = next(folder.glob("global.rule*"))
    rules.write_text(rules.read_text() + "\n".join(item) + "\n")
    plan = read_edits(memory, folder)
    assert not plan.edits
    assert "not current any more" in " ".join(plan.refused)
    assert "stands there twice" in " ".join(plan.refused)
    with eider.open(":memory:", user="bob") as bob, pytest.raises(InputError, match="is the memory of 'ada'"):
        read_edits(bob, folder)


def test_the_command_shows_the_plan_and_asks(tmp_path: Path) -> None:
    """Without --yes and without a terminal nothing is changed."""

    def run(*words: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "eider", *words, "--store", str(tmp_path / "a.eider"), "--user", "ada"],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    with eider.open(tmp_path / "a.eider", user="ada") as memory:
        memory.remember("Prefers tea.")
        memory.export(tmp_path / "out", format="markdown")
    edit(tmp_path / "out", "- Prefers tea.", "- Prefers coffee.")
    assert "1 change(s), 0 unchanged" in run("import", str(tmp_path / "out"), "--dry-run")
    assert "nobody to ask" in run("import", str(tmp_path / "out"), code=3)
    assert "corrected 1" in run("import", str(tmp_path / "out"), "--yes")
    assert "Prefers coffee." in run("search", "coffee")


@settings(max_examples=settings().max_examples * 2)
@given(
    st.lists(
        st.text(max_size=60)
        | st.sampled_from(["- a\n  b", "`mem_0123456789abcdefghjkmnpqrs`", "# x", "\\`mem_01", "a\n\n\n- b"]),
        max_size=6,
    )
)
def test_any_texts_are_read_back_as_they_are_shown(texts: list[str]) -> None:
    """Whatever statements say, their lines are told apart and nothing of them is lost."""
    with_words = [t for t in texts if plain(t)]
    clock = eider.FixedClock("2026-01-01T00:00:00Z").now()
    made = [
        eider.Memory(
            id=f"mem_{n:026d}", rev=0, kind="fact", text=t, user="ada", agent="x", scope="global", origin="user", trust=2,
            valid_from=clock, recorded_at=clock,
        )
        for n, t in enumerate(with_words)
    ]  # fmt: skip
    lines = "\n".join(["head", *(line for m in made for line in _item(m, clock))]).split("\n")
    assert [(i, t) for _, i, t in _items(lines)] == [(m.id, plain(m.text)) for m in made]


def test_what_is_exported_for_other_tools_passes_their_validator(memory: eider.Eider, tmp_path: Path) -> None:
    """Portable AI Memory 1.0, by its own schema and checks; read back, no statement is lost."""
    memory.remember("Chose DuckDB.", kind="decision", valid_from="2026-01-01", valid_to="2026-02-01")
    path = tmp_path / "ada.json"
    memory.export(path, format="pam")
    found = validate(pam.load(path))
    assert not found.errors, found.errors
    assert not found.warnings, found.warnings
    other = eider.open(tmp_path / "other.eider", user="ada")
    done = other.import_(path)
    assert (done.source, done.refused, done.left_out) == ("pam", (), {})
    assert done.memories == len(json.loads(path.read_text())["memories"])
    other.close()

"""`eider scopes` and `eider inbox`, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner
from scope_stores import Opens, crowded

import eider
from eider.api.facade import Eider
from eider.cli.app import cli


def run(tmp_path: Path, *words: str) -> str:
    done = CliRunner().invoke(cli, [*words, "--store", str(tmp_path / "s.eider"), "--user", "ada"])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_command_line_lists_and_consolidates(opens: Opens, tmp_path: Path) -> None:
    """A plan first; with --apply it is done, and the line says how to take it back."""
    memory = opens("balanced")
    crowded(memory)
    memory.close()
    assert "project:alpha1" in run(tmp_path, "scopes", "list")
    rows = [json.loads(line) for line in run(tmp_path, "scopes", "list", "--json").splitlines()]
    assert rows[0] == {"name": "global", "memories": 0, "known": "always", "agents": []}
    assert "--apply" in run(tmp_path, "scopes", "consolidate")
    assert "eider undo evt_" in run(tmp_path, "scopes", "consolidate", "--apply")
    assert "code-reviews" in run(tmp_path, "scopes", "list")


def test_the_inbox_shows_what_waits_against_what(opens: Opens, tmp_path: Path) -> None:
    """Accepting ends what is contradicted, rejecting ends what waits."""
    memory = opens()
    waiting: list[str] = []
    for n, (old, new) in enumerate(
        (("The office is in Porto.", "The office is in Lisbon."), ("Ship on Friday.", "Ship on Monday."))
    ):
        known = memory.remember(old, user="ada")
        waiting.append(contradicting(memory, known.id, new, n))
    memory.close()
    listed = run(tmp_path, "inbox", "list")
    assert "contradicts" in listed
    assert "Porto" in listed
    rows = [json.loads(line) for line in run(tmp_path, "inbox", "list", "--json").splitlines()]
    assert {(r["memory"]["text"], r["against"][0]["text"]) for r in rows} == {
        ("The office is in Lisbon.", "The office is in Porto."), ("Ship on Monday.", "Ship on Friday."),
    }  # fmt: skip
    assert "accepted" in run(tmp_path, "inbox", "accept", waiting[0])
    assert "rejected" in run(tmp_path, "inbox", "reject", waiting[1])
    assert "nothing waits" in run(tmp_path, "inbox", "list")
    with eider.open(tmp_path / "s.eider", user="ada") as again:
        current = {r.text for r in again.search(status="current").items}
    assert current == {"The office is in Lisbon.", "Ship on Friday."}


def contradicting(memory: Eider, against: str, text: str, n: int) -> str:
    """Put a statement into the inbox that contradicts a memory."""
    from dataclasses import replace

    from eider.model.changes import ChangeSet
    from eider.model.ids import new_id
    from eider.model.values import Edge
    from eider.privacy.redact import redact
    from eider.privacy.redaction_check import clean_memory

    engine = memory._engine
    (old,) = engine.store.reads.memories([against], user="ada")
    new = replace(
        clean_memory(old), id=new_id("mem_"), rev=0, text=redact(text), state="inbox", recorded_at=engine.now()
    )
    changes = ChangeSet(
        user="ada", op="observe", actor="library", at=engine.now(), memories=(new,), key=redact(f"c{n}"),
        edges=(Edge(source=new.id, target=old.id, kind="contradicts"),), indexing=engine.material.of([new]),
    )  # fmt: skip
    return engine.commit(changes).memories[0].id

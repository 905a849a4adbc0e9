"""Imports of what other tools keep: what is read, what is left out and why, and that twice is once."""

from __future__ import annotations

import json
import shutil
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import import_sources as made
import pytest
from hypothesis import given
from hypothesis import strategies as st

import eider
from eider.api.import_files import import_from
from eider.model.errors import InputError
from eider.model.project_scope import project_scope
from eider.records.importers.markdown import passages
from eider.records.importers.source import Wanted, importer_of, importers

Open = Callable[[str], eider.Eider]

SOURCES: dict[str, tuple[Callable[[Path], Path], str, set[str], dict[str, int], int]] = {
    "chatgpt": (
        made.chatgpt, "chatgpt",
        {"I build bridges.", "Answer in metric units.", "How long is the Storebælt bridge?", "It is 6,790 metres.", "And the Øresund one?",
         "Hi, I am Ada.", "Hello Ada.", "x", "y"},
        {"messages of a branch that was not followed": 1, "messages of the system": 1, "messages of the tool": 1, "calls of tools": 1,
         "contents of the kind thoughts": 1, "hidden messages": 1, "messages without a time": 1}, 1,
    ),
    "claude_ai": (
        made.claude_ai, "claude-ai",
        {"Where do we deploy?", "To Kestrel, on Tuesdays.", "Thanks, that is all.", "**Work**", "Ada leads the bridge team.", "Prefers short answers.",
         "Kestrel runs on Postgres 16.", "Always cite the ticket."},
        {"thoughts": 1, "calls of tools": 1, "results of tools": 1, "attached files": 2, "messages without text": 1,
         "messages of an unknown sender": 1, "documents of projects": 1}, 0,
    ),
    "claude_memory": (
        made.claude_memory, "claude-memory", {"The build takes nine minutes.", "Be blunt in reviews."},
        {"lines of the index that name a file": 1, "blocks of code": 1}, 0,
    ),
    "instructions": (
        made.instructions, "instructions",
        {"Use two spaces.", "Style: Use two spaces.", "Style: Before a commit: run `make check`", "Style: Before a commit: update the changelog", "Style: Never push to main.",
         "From another file.", "Prefer composition.", "In tests/**: Name tests as facts.", "Style: Mail `@nobody.md` and see @../outside.md."},
        {"blocks of code": 1, "tables": 1, "imported files outside of the project": 1, "lines that only introduce a list": 1}, 0,
    ),
    "mem0": (made.mem0, "mem0", {"Likes oat milk."}, {"memories of another user": 1}, 1),
    "mem0_history": (made.mem0_history, "mem0", {"Lives in Oslo.", "Lives in Bergen."}, {"memories that were deleted": 1}, 0),
    "mcp_memory": (
        made.mcp_memory, "mcp-memory", {"Ada_Lovelace: Speaks Danish", "Ada Lovelace builds bridges", "Ada_Lovelace works at Nordkraft"},
        {"entities without observations": 1, "empty observations": 1}, 1,
    ),
    "memman": (
        made.memman, "memman", {"The API listens on 8080.", "The API listens on 9090."}, {"insights that were deleted": 1}, 0,
    ),
    "imprint": (
        made.imprint, "imprint", {"Write in paragraphs.", "Works in Oslo."},
        {"memories of another user": 1, "memories that were switched off": 1}, 0,
    ),
    "langgraph": (
        made.langgraph, "langgraph", {"Sails on Sundays.", "favourite food: rye bread; n: 3"},
        {"values that have expired": 1, "values without text": 1}, 0,
    ),
    "basic_memory": (
        made.basic_memory, "basic-memory",
        {"Coffee: Ada brews it every morning.", "Coffee: Pour over, never espresso (since 2024)", "Coffee needs 94 degrees",
         "Coffee pairs with Rye bread (at breakfast)", "Coffee relates to Mornings"},
        {"tasks": 1}, 0,
    ),
    "pam": (made.pam, "pam", {"Answer in Danish.", "Lived in Odense."}, {"memories that are retracted": 1}, 0),
    "json": (made.messages, "json", {"Call me Maya.", "Hello Maya.", "Likes tea."}, {"instructions of the application": 1}, 1),
}  # fmt: skip


def everything(memory: eider.Eider, kinds: tuple[Any, ...] | None = None) -> list[Any]:
    """What is current and what has ended."""
    found = list(memory.search("", kinds=kinds, limit=100).items)
    for status in ("superseded", "expired"):
        found += memory.search("", status=status, limit=100).items
    return found


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {name: make(tmp_path_factory.mktemp(name)) for name, (make, *_) in SOURCES.items()}


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_is_read_and_what_is_left_out_is_counted(name: str, places: dict[str, Path], store: Open) -> None:
    """A dry run writes nothing and says the same as the import; a second import adds nothing; all of it is of trust 1."""
    _, importer, texts, left_out, refused = SOURCES[name]
    memory = store("target")
    planned = memory.import_(places[name], dry_run=True)
    assert not memory.search("", limit=1).total
    done = memory.import_(places[name])
    assert (done.source, done.left_out, len(done.refused)) == (importer, left_out, refused)
    assert (planned.episodes, planned.memories, planned.left_out) == (done.episodes, done.memories, done.left_out)
    kinds = ("episode", "fact", "preference", "rule", "decision", "insight", "context")
    rows = everything(memory, kinds)
    assert {r.text for r in rows} == texts
    assert {(r.memory or r.episode).trust for r in rows} <= {0, 1}  # pyright: ignore[reportOptionalMemberAccess]
    assert not memory.policy().text
    again = memory.import_(places[name])
    assert (again.episodes, again.memories, again.skipped) == (0, 0, done.episodes + done.memories + done.skipped)


def test_each_source_is_known_by_one_importer_alone(places: dict[str, Path]) -> None:
    """No importer takes what is another's."""
    for name, (_, importer, *_) in SOURCES.items():
        assert [one.name for one in importers().values() if one.detect(places[name])] == [importer]


def test_what_is_damaged_is_refused_in_words(places: dict[str, Path], tmp_path: Path, store: Open) -> None:
    """Half a file, or none that is known, is an error that says so."""
    memory = store("target")
    whole = json.dumps([{"id": "c", "create_time": 1.7e9, "mapping": made.chatgpt_tree()}] * 2)
    half = made.write(tmp_path / "conversations.json", whole[: len(whole) * 3 // 4])
    with pytest.raises(InputError, match="breaks off"):
        memory.import_(half)
    with pytest.raises(InputError, match="importers are"):
        import_from(memory, made.write(tmp_path / "x.json", '{"a": 1}'))
    broken = shutil.copy(places["memman"], tmp_path / "broken.db")
    with Path(broken).open("r+b") as file:
        file.truncate(3000)
    with pytest.raises(InputError):
        import_from(memory, broken, "memman")


def test_statements_keep_their_dates_kinds_and_places(places: dict[str, Path], store: Open) -> None:
    """What was replaced comes closed, rules are rules, and a project's statements hold there."""
    memory = store("target")
    for name in ("memman", "imprint", "claude_memory", "claude_ai", "instructions"):
        memory.import_(places[name])
    rows = {m.text: m for r in everything(memory) if (m := r.memory)}
    old = rows["The API listens on 8080."]
    assert (f"{old.valid_from:%F}", f"{old.valid_to:%F}", old.importance) == ("2026-01-01", "2026-02-01", 4)
    assert rows["The API listens on 9090."].kind == "decision"
    assert not rows["Write in paragraphs."].pinned
    assert rows["Be blunt in reviews."].kind == "rule"
    assert rows["Be blunt in reviews."].scope == project_scope(places["claude_memory"].parents[1] / "kestrel")
    assert rows["Kestrel runs on Postgres 16."].scope == "project:kestrel-site"
    assert rows["Prefer composition."].scope == project_scope(places["instructions"])


def test_a_scope_and_a_beginning_can_be_given(places: dict[str, Path], store: Open) -> None:
    """Statements go where one says, and what is older than wanted stays out."""
    memory = store("target")
    done = import_from(
        memory, places["chatgpt"], "chatgpt", since=eider.FixedClock("2024-05-02T00:00:00Z").now(), dry_run=True
    )
    assert done.left_out["messages before the given time"] == 7
    import_from(memory, places["mem0"], scope="project:milk")
    assert [r.memory.scope for r in memory.search("", limit=5).items if r.memory] == ["project:milk"]


def test_imports_can_be_watched_and_interrupted(tmp_path: Path, store: Open) -> None:
    """Each part is told with the number of all; interrupted, what was taken stays, and the next run goes on."""
    lines = [{"role": "user", "content": f"Line {n}.", "at": 1.7e9 + n, "session": "s"} for n in range(2500)]
    path = made.write(tmp_path / "long.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    memory, told = store("target"), list[tuple[int, int]]()

    def stop(done: int, total: int) -> None:
        told.append((done, total))
        if done == 2000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        memory.import_(path, progress=stop)
    assert told == [(1000, 2500), (2000, 2500)]
    assert memory.search("", kinds=["episode"], limit=1).total == 2000
    done = memory.import_(path)
    assert (done.episodes, done.skipped) == (500, 2000)


def test_a_large_export_is_never_whole_in_memory(tmp_path: Path) -> None:
    """What is held at once is a few conversations, not the file."""
    one = {"id": "c", "create_time": 1.7e9, "current_node": "q2", "mapping": made.chatgpt_tree(), "title": "x" * 50_000}
    path = made.write(tmp_path / "conversations.json", [{**one, "id": f"c{n}"} for n in range(500)])
    importer = importer_of(path)
    assert importer is not None
    tracemalloc.start()
    assert sum(1 for _ in importer.iterate(path, Wanted(user="ada"))) > 5000
    assert tracemalloc.get_traced_memory()[1] < path.stat().st_size / 2
    tracemalloc.stop()


@given(st.text(st.sampled_from("ab:\n \t-*#`|1.@[]<!>"), max_size=200))
def test_no_words_of_a_page_are_lost_between_its_lines(text: str) -> None:
    """Every letter outside of code, comments and tables is in a passage, in a heading, or counted as left out."""
    found = list(passages(text))
    seen = "".join(p.text for p in found)
    for line in text.split("\n"):
        plain = line.strip()
        if plain.isalpha() and "```" not in text and "<!" not in text and "|" not in text:
            assert plain in seen
    assert all(p.line >= 1 and (p.text or p.kind == "code") for p in found)


@given(
    st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=3), x, max_size=3),
        ),
        max_size=5,
    )
)
def test_reading_an_array_piece_by_piece_is_reading_it(values: list[Any]) -> None:
    """Whatever the pieces, the elements are those of the file."""
    import io

    from eider.records.importers import containers

    whole = json.dumps(values, indent=1)
    small, containers._CHUNK = containers._CHUNK, 3  # pyright: ignore[reportConstantRedefinition]
    try:
        assert list(containers._elements(io.StringIO(whole))) == values
    finally:
        containers._CHUNK = small  # pyright: ignore[reportConstantRedefinition]

"""The index on disk is damaged in every way we know of; healing or rebuilding brings it back from the truth."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from eider.store.duck.database import Database, create_file
from eider.store.duck.lance import LanceIndex
from eider.store.duck.migrate import found_store
from eider.store.duck.outbox import Outbox
from eider.store.protocols import IndexRow

WIDTH = 16
AT = datetime(2026, 5, 8, 12)  # noqa: DTZ001 (the tables keep UTC without a zone)
SUBJECTS = "heron kettle lamp reed orchard ferry anvil violin".split()


def vector_of(number: int) -> bytes:
    """A unit vector, always the same for a number."""
    vector = np.random.default_rng(number).standard_normal(WIDTH).astype(np.float32)
    return (vector / np.linalg.norm(vector)).tobytes()


def say(database: Database, first: int, count: int) -> None:
    """Episodes of two users, numbered."""
    with database.writing() as db:
        for i in range(first, first + count):
            user, text = f"user{i % 3 % 2}", f"The {SUBJECTS[i % len(SUBJECTS)]} number {i} is here."
            db.execute(
                "INSERT INTO episodes (id, rev, user_id, speaker, role, session, seq, said_at, tz, recorded_at, "
                "origin, content) VALUES (?, ?, ?, 'Grace', 'user', 's', ?, ?, 'UTC', ?, 'user', ?)",
                [f"ep_{i}", i, user, i, AT, AT, text],
            )
            db.execute(
                "INSERT INTO embeddings (id, user_id, embedder, vector, analyzer, analysis) VALUES (?, ?, 'test', ?, 'test', '')",
                [f"ep_{i}", user, vector_of(i)],
            )
            db.execute("INSERT INTO outbox VALUES (?, ?, ?, 'put')", [i, f"ep_{i}", user])


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A store with sixty episodes."""
    path = tmp_path / "truth-000001.duckdb"
    create_file(path, lambda db: found_store(db, tmp_path))
    made = Database(path)
    say(made, 1, 60)
    yield made
    made.close()


def answers(index: LanceIndex) -> dict[str, list[str]]:
    """What an index says to a few questions."""
    asked = {f"{s}/{u}": index.nominate(s, None, user=u, limit=1000) for s in SUBJECTS for u in ("user0", "user1")}
    near = np.frombuffer(vector_of(2), np.float32)
    found = {name: sorted(ids) for name, ids in asked.items()}
    return found | {"near": index.nominate("", near, user="user0", limit=20)}


def drop_all(table: Path) -> None:
    """Remove the whole directory."""
    shutil.rmtree(table.parent)


def drop_table(table: Path) -> None:
    """Remove the table, leave the directory."""
    shutil.rmtree(table)


def drop_versions(table: Path) -> None:
    """Remove every manifest."""
    shutil.rmtree(table / "_versions")


def drop_indices(table: Path) -> None:
    """Remove the word index and its siblings."""
    shutil.rmtree(table / "_indices")


def newest(folder: Path, pattern: str) -> Path:
    """The file written last."""
    return max(folder.glob(pattern), key=lambda path: path.stat().st_mtime_ns)


def drop_newest_manifest(table: Path) -> None:
    """LanceDB then shows the version before, without a word."""
    newest(table / "_versions", "*.manifest").unlink()


def cut_newest_manifest(table: Path) -> None:
    """Leave half of it."""
    path = newest(table / "_versions", "*.manifest")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def cut_data(table: Path) -> None:
    """Leave half of a data file; a row count would not notice."""
    path = newest(table / "data", "*.lance")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def drop_data(table: Path) -> None:
    """Remove a data file."""
    newest(table / "data", "*.lance").unlink()


def scribble(table: Path) -> None:
    """Overwrite a data file with noise of the same length."""
    path = newest(table / "data", "*.lance")
    path.write_bytes(np.random.default_rng(0).bytes(path.stat().st_size))


DAMAGES = [
    drop_all, drop_table, drop_versions, drop_indices, drop_newest_manifest, cut_newest_manifest, cut_data, drop_data,
    scribble,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_healing_brings_back_a_damaged_index(
    database: Database, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    """Whatever happened to its files, the index answers as before."""
    folder = tmp_path / "index"
    index = LanceIndex(folder, WIDTH)
    outbox = Outbox(database, index)
    outbox.drain()
    index.compact()
    say(database, 61, 1)
    outbox.drain()
    before = index.inventory(), answers(index)
    index.close()

    damage(folder / "rows.lance")
    index = LanceIndex(folder, WIDTH)
    outbox = Outbox(database, index)
    outbox.heal()
    assert (index.inventory(), answers(index)) == before
    assert outbox.compare() == ([], [])
    index.close()


def test_flipped_bits_go_unnoticed_until_a_rebuild(database: Database, tmp_path: Path) -> None:
    """LanceDB keeps no checksums: ids and revisions still agree, a text or vector does not; only `rebuild` helps."""
    folder = tmp_path / "index"
    index = LanceIndex(folder, WIDTH)
    outbox = Outbox(database, index)
    outbox.drain()
    index.compact()
    before = index.inventory(), answers(index)
    index.close()

    path = newest(folder / "rows.lance" / "data", "*.lance")
    content = bytearray(path.read_bytes())
    place = content.find(vector_of(2))
    assert place > 0, "positive control: the vector is in the file, byte by byte"
    for byte in range(place + 3, place + 4 * WIDTH, 4):
        content[byte] ^= 0x80  # the sign of each component: the best answer becomes the worst
    path.write_bytes(content)
    index = LanceIndex(folder, WIDTH)
    outbox = Outbox(database, index)
    assert outbox.compare() == ([], [])
    assert index.nominate("", np.frombuffer(vector_of(2), np.float32), user="user0", limit=20) != before[1]["near"]
    outbox.rebuild()
    assert (index.inventory(), answers(index)) == before
    index.close()


def test_an_index_of_another_width_is_rebuilt(database: Database, tmp_path: Path) -> None:
    """A new embedder has other vectors; healing throws the old ones away."""
    old = LanceIndex(tmp_path / "index", WIDTH + 1)
    old.apply([IndexRow(id="a", rev=1, user="ada", text="heron", vector=b"")], [])
    old.close()
    index = LanceIndex(tmp_path / "index", WIDTH)
    assert "17" in Outbox(database, index).heal().rebuilt
    assert len(index.inventory()) == 60
    index.close()

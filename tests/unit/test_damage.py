"""Damage and want: each is a clear error with a fix, never a silent empty store, never a raw traceback."""

from __future__ import annotations

import gc
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

import eider
from eider.api.facade import Eider
from eider.model.errors import (
    EiderError,
    ForkedError,
    InputError,
    ReadOnlyStoreError,
    StoreDamagedError,
    StoreError,
    StoreMissingError,
    StoreTooNewError,
)
from eider.providers.embedders.hashing import HashEmbedder

TRUTH = "truth-000001.duckdb"
WAL = f"{TRUTH}.wal"


def opened(folder: Path, **more: bool) -> Eider:
    return eider.open(folder, user="ada", embedder=HashEmbedder(width=16), **more)


def said(memory: Eider) -> set[str]:
    return {hit.text for hit in memory.search(limit=100).items}


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A store that was closed: everything is in the file."""
    folder = tmp_path / "a.eider"
    with opened(folder) as memory:
        for n in range(5):
            memory.remember(f"Statement number {n}.")
    return folder


@pytest.fixture
def killed(closed: Path, tmp_path: Path) -> Path:
    """A store whose server was killed: the newest rows are in the write-ahead log only."""
    code = (
        "import os, sys, eider\nfrom eider.providers.embedders.hashing import HashEmbedder\n"
        "m = eider.open(sys.argv[1], user='ada', embedder=HashEmbedder(width=16))\n"
        "for n in range(5, 10): m.remember(f'Statement number {n}.')\n"
        "os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(closed)], check=False)
    assert (closed / WAL).stat().st_size > 0
    return closed


def test_what_a_killed_server_wrote_is_there(killed: Path) -> None:
    """The control of the tests below: an intact log is replayed."""
    with opened(killed) as memory:
        assert len(said(memory)) == 10


# ---------------------------------------------------------------------- the log


def _delete(path: Path) -> None:
    path.unlink()


def _tear(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 7)


def _empty(path: Path) -> None:
    os.truncate(path, 0)


def _flip(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 0x10
    path.write_bytes(whole)


def _garbage(path: Path) -> None:
    path.write_bytes(random.Random(3).randbytes(path.stat().st_size))


@pytest.mark.parametrize("harm", [_delete, _tear, _empty, _flip, _garbage])
def test_a_damaged_log_is_noticed(killed: Path, harm: Callable[[Path], None]) -> None:
    """DuckDB drops what it cannot read without a word; the noted head tells how much that was."""
    before = {p.name: p.read_bytes() for p in killed.iterdir() if p.name != WAL and p.is_file()}
    harm(killed / WAL)
    for _ in range(2):
        with pytest.raises(StoreDamagedError, match=r"damaged.*backup"):
            opened(killed)
    assert (killed / "head").read_bytes() == before["head"]


@pytest.mark.parametrize("harm", [_delete, _tear])
def test_a_loss_can_be_accepted(killed: Path, harm: Callable[[Path], None]) -> None:
    """Then the rest is all there, the chain verifies, and nobody complains again."""
    harm(killed / WAL)
    with opened(killed, accept_loss=True) as memory:
        kept = said(memory)
        assert {f"Statement number {n}." for n in range(5)} <= kept < {f"Statement number {n}." for n in range(10)}
        memory.remember("After the loss.")
        assert not memory.verify(deep=True).findings
    with opened(killed) as memory:
        assert said(memory) == kept | {"After the loss."}


def test_an_older_copy_of_the_file_is_noticed(closed: Path, tmp_path: Path) -> None:
    """Also when other changes were made to it since: the acknowledged event is another one."""
    shutil.copy(closed / TRUTH, tmp_path / "old")
    head = (closed / "head").read_bytes()
    with opened(closed) as memory:
        memory.remember("Lost with the newer file.")
        newer = (closed / "head").read_bytes()
    assert newer != head
    shutil.copy(tmp_path / "old", closed / TRUTH)
    (closed / "head").write_bytes(head)
    with opened(closed) as memory:
        memory.remember("Another history.")
    (closed / "head").write_bytes(newer)
    with pytest.raises(StoreDamagedError, match="acknowledged"):
        opened(closed)


# ---------------------------------------------------------------------- the file


def _halve(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _no_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(bytes(12_288))


def _text(path: Path) -> None:
    path.write_text("This is a shopping list, not a database.")


def _other_database(path: Path) -> None:
    path.unlink()
    with duckdb.connect(str(path)) as db:
        db.execute("CREATE TABLE unrelated (a INTEGER)")


@pytest.mark.parametrize("harm", [_halve, _empty, _no_header, _text, _garbage, _delete, _other_database])
@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_that_is_no_truth_is_refused(closed: Path, harm: Callable[[Path], None], *, read_only: bool) -> None:
    """Again and again, and nothing is put in its place."""
    harm(closed / TRUTH)
    size = (closed / TRUTH).stat().st_size if (closed / TRUTH).exists() else -1
    for _ in range(2):
        with pytest.raises(StoreDamagedError, match=r"damaged.*(backup|export)"):
            opened(closed, read_only=read_only)
    assert ((closed / TRUTH).stat().st_size if (closed / TRUTH).exists() else -1) == size


def test_bytes_flipped_anywhere_never_end_in_a_raw_error(closed: Path) -> None:
    """Either it is noticed, or what is read is what was written."""
    whole = (closed / TRUTH).read_bytes()
    wanted, draw = {f"Statement number {n}." for n in range(5)}, random.Random(11)
    told: list[str] = []
    for _ in range(30):
        harmed = bytearray(whole)
        for _ in range(8):
            harmed[draw.randrange(len(harmed))] ^= 1 << draw.randrange(8)
        (closed / TRUTH).write_bytes(harmed)
        try:
            with opened(closed) as memory:
                assert said(memory) == wanted
        except EiderError as error:
            told.append(str(error))
        for left in closed.glob("*.wal"):
            left.unlink()
    assert told
    assert all(str(closed) in message for message in told)


# ---------------------------------------------------------------------- the small files


def test_without_current_nobody_guesses(closed: Path) -> None:
    """A store with its pointer gone is damaged, not new."""
    (closed / "CURRENT").unlink()
    with pytest.raises(StoreDamagedError, match="CURRENT"):
        opened(closed)


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00", b"../../etc/passwd", b"truth-9.duckdb", b"truth-x/../../y", b"\n\n"]
)
def test_a_current_that_names_nothing_is_damage(closed: Path, content: bytes) -> None:
    """Whatever it says."""
    (closed / "CURRENT").write_bytes(content)
    with pytest.raises(StoreDamagedError, match=r"CURRENT|gone"):
        opened(closed)
    assert (closed / TRUTH).exists()


@pytest.mark.parametrize("content", [b"", b"garbage", b"-1 zz", b"\xff" * 96])
def test_a_head_that_says_nothing_accuses_nobody(closed: Path, content: bytes) -> None:
    """It guards; it is not the truth. The next change writes it anew."""
    (closed / "head").write_bytes(content)
    with opened(closed) as memory:
        assert len(said(memory)) == 5
        memory.remember("One more.")
    assert (closed / "head").read_bytes().startswith(b"00000000000000000006 ")


def test_a_directory_of_other_things_is_no_store(tmp_path: Path) -> None:
    """Nothing is created among them."""
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(StoreMissingError, match="no store"):
        opened(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_a_file_is_no_store(tmp_path: Path) -> None:
    """And a store cannot be made beneath one."""
    (tmp_path / "file.eider").write_text("mine")
    with pytest.raises(InputError, match="is a file"):
        opened(tmp_path / "file.eider")
    with pytest.raises(InputError, match="not a directory"):
        opened(tmp_path / "file.eider" / "inner.eider")


def test_nothing_is_created_when_it_is_only_to_be_read(tmp_path: Path) -> None:
    """A typing mistake in a path makes no empty store."""
    with pytest.raises(StoreMissingError):
        opened(tmp_path / "typo.eider", read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_a_newer_schema_is_refused(closed: Path) -> None:
    """And left as it is."""
    with duckdb.connect(str(closed / TRUTH)) as db:
        db.execute("UPDATE meta SET content = '999' WHERE name = 'schema'")
    with pytest.raises(StoreTooNewError, match=r"999.*upgrade"):
        opened(closed)
    with duckdb.connect(str(closed / TRUTH)) as db:
        assert db.execute("SELECT count(DISTINCT id) FROM memories").fetchall() == [(5,)]


def test_a_killed_creation_leaves_nothing_behind(tmp_path: Path) -> None:
    """The next one starts from nothing and takes the half away."""
    code = "import sys, eider\nfrom eider.providers.embedders.hashing import HashEmbedder\neider.open(sys.argv[1], embedder=HashEmbedder(width=16))"
    environment = {**os.environ, "EIDER_CRASH_AT": "migrate.written"}
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.eider")], env=environment, check=False)
    assert done.returncode == -9
    assert not (tmp_path / "a.eider").exists()
    with opened(tmp_path / "a.eider") as memory:
        assert said(memory) == set()
    assert [p.name for p in tmp_path.iterdir()] == ["a.eider"]


# ---------------------------------------------------------------------- forks


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_handle_does_not_cross_a_fork(closed: Path, tmp_path: Path) -> None:
    """The child is told; the parent's files and lock stay as they are, also when the child frees everything."""
    memory = opened(closed)
    memory.remember("Before the fork.")
    memory._engine.store.index._indexer.stop()  # on a busy machine it would write its index meanwhile
    before = {p.name: p.stat().st_size for p in closed.iterdir()}
    child = os.fork()
    if not child:
        verdict = 1
        try:
            memory.recall("anything")
        except ForkedError:
            memory.close()
            del memory
            gc.collect()
            verdict = 0
        finally:
            os._exit(verdict)
    assert os.waitpid(child, 0)[1] == 0
    assert {p.name: p.stat().st_size for p in closed.iterdir()} == before
    memory.remember("After the fork.")
    memory.close()
    with opened(closed) as again:
        assert {"Before the fork.", "After the fork."} <= said(again)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_living_child_holds_no_lock(closed: Path) -> None:
    """Once the parent has closed the store, it is free."""
    memory = opened(closed)
    out, into = os.pipe()
    child = os.fork()
    if not child:
        os.close(into)
        os.read(out, 1)  # until the parent is done
        os._exit(0)
    os.close(out)
    memory.close()
    opened(closed).close()
    os.close(into)
    os.waitpid(child, 0)


def test_a_closed_handle_says_so(closed: Path) -> None:
    """Closing twice is harmless; using it afterwards is not."""
    memory = opened(closed)
    memory.close()
    memory.close()
    for verb in (
        lambda: memory.recall("x"),
        lambda: memory.record("x"),
        memory.health,
        memory.verify,
    ):
        with pytest.raises(StoreError, match="was closed"):
            verb()


def test_the_error_of_a_read_only_store_is_its_own(closed: Path) -> None:
    """Asked for read-only, it refuses writes as well."""
    with opened(closed, read_only=True) as memory:
        assert len(said(memory)) == 5
        with pytest.raises(ReadOnlyStoreError):
            memory.remember("Something.")


def test_a_missing_head_is_told_until_somebody_looked(tmp_path: Path) -> None:
    """Whoever copied a store without its head and log is told, at each verify; a rebuild accepts what is here."""
    with eider.open(tmp_path / "s.eider", user="ada") as memory:
        memory.record("Said before.")
    (tmp_path / "s.eider" / "head").unlink()
    for _ in range(2):
        with eider.open(tmp_path / "s.eider", user="ada") as memory:
            memory.record("Said since.")
            assert any("'head'" in finding for finding in memory.verify().findings)
    with eider.open(tmp_path / "s.eider", user="ada") as memory:
        memory.rebuild()
        assert memory.verify(deep=True)


def test_a_new_store_has_its_head_from_the_start(tmp_path: Path) -> None:
    """So that nothing at all left of it is noticed, too."""
    eider.open(tmp_path / "s.eider", user="ada").close()
    assert (tmp_path / "s.eider" / "head").is_file()
    with eider.open(tmp_path / "s.eider", user="ada") as memory:
        assert memory.verify(deep=True)

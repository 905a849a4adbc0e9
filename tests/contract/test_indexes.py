"""The index on disk keeps every promise of an index, and some of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from eider.model.errors import ForkedError, IndexDamagedError, StoreError
from eider.store.duck.lance import LanceIndex
from eider.store.protocols import IndexRow
from eider.testing.contracts_index import IndexContract, row, toward


class TestLanceIndex(IndexContract):
    """The real one."""

    def make(self, tmp_path: Path) -> LanceIndex:
        """In a directory of its own."""
        return LanceIndex(tmp_path / "index", 8)

    def damage(self, tmp_path: Path) -> None:
        """Without its versions the table cannot be opened."""
        for path in (tmp_path / "index" / "rows.lance" / "_versions").iterdir():
            path.unlink()


@pytest.fixture
def lance(tmp_path: Path) -> Iterator[LanceIndex]:
    """An index on disk."""
    index = LanceIndex(tmp_path / "index", 8)
    yield index
    index.close()


def files_with(folder: Path, word: bytes) -> list[str]:
    """Names of the files that hold a word."""
    return [path.name for path in folder.rglob("*") if path.is_file() and word in path.read_bytes()]


def test_opening_an_index_imports_and_makes_nothing(tmp_path: Path) -> None:
    """LanceDB takes more than a second to import; an empty index answers without it."""
    code = (
        "import sys; from pathlib import Path; from eider.store.duck.lance import LanceIndex; "
        f"index = LanceIndex(Path({str(tmp_path / 'index')!r}), 8); "
        "assert index.nominate('heron', None, user='ada') == [] and index.inventory() == {}; index.compact(); "
        "assert not {'lancedb', 'lance_namespace', 'pyarrow'} & set(sys.modules); index.close()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert not (tmp_path / "index").exists()


def test_nothing_is_written_to_stderr(tmp_path: Path) -> None:
    """A host's terminal is not ours: neither creating nor searching nor compacting says a word."""
    code = f"""
from pathlib import Path
import numpy as np
from eider.store.duck.lance import LanceIndex
from eider.testing.contracts_index import row, toward
index = LanceIndex(Path({str(tmp_path / "index")!r}), 8)
index.apply([row("a", "heron", axis=0), row("b", "lamp")], [])
index.apply([row("a", "reed", rev=2, axis=0)], ["b"])
assert index.nominate("reed", toward(0), user="ada") == ["a"]
index.compact(); index.inventory(); index.reset(); index.close()
"""
    done = subprocess.run([sys.executable, "-W", "always", "-c", code], check=True, capture_output=True)
    assert done.stderr == done.stdout == b""


def test_compacting_takes_erased_text_out_of_the_files(lance: LanceIndex) -> None:
    """One row of many, deleted or replaced: its words are in no file; those of the others still are."""
    lance.apply([row(f"id{i}", f"word{i}quux stands here", axis=i % 8) for i in range(200)], [])
    lance.compact()
    lance.apply([row("id8", "nothing of note", rev=2, axis=0)], ["id7"])
    assert files_with(lance.folder, b"word7quux"), "positive control: before compacting the word is in the bytes"
    assert files_with(lance.folder, b"word8quux")
    lance.compact()
    assert files_with(lance.folder, b"word7quux") == files_with(lance.folder, b"word8quux") == []
    assert files_with(lance.folder, b"word9quux")
    assert lance.nominate("word9quux", None, user="ada") == ["id9"]


def test_an_erasure_is_remembered_by_the_next_process(lance: LanceIndex) -> None:
    """A tidying and a restart between erasing and compacting change nothing."""
    lance.apply([row(f"id{i}", f"word{i}quux stands here", axis=i % 8) for i in range(200)], [])
    lance.apply([], ["id7"])
    lance.tidy()
    lance.close()
    again = LanceIndex(lance.folder, 8)
    again.compact()
    assert files_with(lance.folder, b"word7quux") == []
    assert len(again.inventory()) == 199
    again.close()


def test_many_small_writes_end_in_few_files(lance: LanceIndex) -> None:
    """Compacting merges fragments and drops old versions."""
    for i in range(30):
        lance.apply([row(f"id{i}", "heron", rev=i, axis=i % 8)], [])
    before = sum(1 for path in lance.folder.rglob("*") if path.is_file())
    lance.compact()
    after = sum(1 for path in lance.folder.rglob("*") if path.is_file())
    assert after < before / 3


def test_large_tables_get_an_approximate_index_that_still_finds(tmp_path: Path) -> None:
    """Above the threshold; a user with few rows is compared exactly all the same."""
    vectors = np.random.default_rng(7).standard_normal((1200, 64)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index = LanceIndex(tmp_path / "index", 64, flat_below=1000, selective_below=100)
    rows = [
        IndexRow(id=f"id{i}", rev=1, user="few" if i < 20 else "many", text=f"heron {i}", vector=vector.tobytes())
        for i, vector in enumerate(vectors)
    ]
    index.apply([*rows, row("blank", "no vector", user="many")], [])
    index.compact()
    assert list(index.folder.rglob("auxiliary*")), "the approximate index keeps its codes in a file of this name"
    best = np.argsort(-(vectors[:20] @ vectors[500]))[:5]
    assert index.nominate("", vectors[500], user="few", limit=5) == [f"id{i}" for i in best]
    for i in range(100, 110):
        assert index.nominate("", vectors[i], user="many", limit=10)[0] == f"id{i}"
    late = IndexRow(id="late", rev=2, user="many", text="heron", vector=(-vectors[100]).tobytes())
    index.apply([late], ["id100"])
    assert index.nominate("", -vectors[100], user="many", limit=10)[0] == "late", "found before the next compaction"
    index.compact()
    assert "id100" not in index.nominate("", vectors[100], user="many", limit=10)
    assert index.nominate("", vectors[101], user="many", limit=10)[0] == "id101"
    index.close()


def test_another_width_is_damage_that_a_rebuild_repairs(lance: LanceIndex) -> None:
    """The embedder was replaced: old vectors mean nothing to the new one."""
    lance.apply([row("a", "heron", axis=0)], [])
    lance.close()
    other = LanceIndex(lance.folder, 16)
    with pytest.raises(IndexDamagedError, match="16"):
        other.nominate("heron", None, user="ada")
    other.reset()
    assert other.inventory() == {}
    other.close()


def test_searches_go_on_while_it_is_written_and_compacted(lance: LanceIndex) -> None:
    """No search fails or loses a row because files are being merged."""
    lance.apply([row("kept", "heron", axis=0)], [])
    stop, wrong = threading.Event(), []

    def search() -> None:
        while not stop.is_set():
            try:
                found = lance.nominate("heron", toward(0), user="ada")
            except StoreError as error:
                wrong.append(error)
            else:
                wrong.extend([] if "kept" in found else [found])

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for i in range(12):
        lance.apply([row(f"id{i}", "heron", rev=i, axis=1)], [f"id{i - 2}"])
        if i % 3 == 0:
            lance.compact()
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_may_not_use_it(tmp_path: Path) -> None:
    """Its threads live in the parent; a call would wait for ever."""
    code = f"""
import os, warnings
from pathlib import Path
warnings.simplefilter("ignore")
from eider.model.errors import ForkedError
from eider.store.duck.lance import LanceIndex
from eider.testing.contracts_index import row
index = LanceIndex(Path({str(tmp_path / "index")!r}), 8)
index.apply([row("a", "heron")], [])
if (child := os.fork()) == 0:
    try:
        index.nominate("heron", None, user="ada")
    except ForkedError:
        index.close()
        os._exit(7)
    os._exit(1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
assert index.nominate("heron", None, user="ada") == ["a"]
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert issubclass(ForkedError, StoreError)


def test_a_closed_index_says_so(lance: LanceIndex) -> None:
    """Instead of opening itself again."""
    lance.close()
    lance.close()
    with pytest.raises(StoreError, match="closed"):
        lance.nominate("heron", None, user="ada")

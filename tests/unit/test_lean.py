"""The server stays small."""

from __future__ import annotations

import subprocess
import sys

import pytest

from eider.service import memory_tuning

ALONE = """
import sys
from eider.service.memory_tuning import import_arrow_without_pandas, release_free_memory, limit_heaps
limit_heaps()
import_arrow_without_pandas()
import pyarrow as pa
assert pa.array([1, 2]).to_pylist() == [1, 2]
assert "pandas" not in sys.modules, "Arrow brought it after all"
release_free_memory()
import pandas
assert len(pa.table({"a": [1, 2]})) == 2
print(len(pandas.DataFrame({"a": [1]})))
"""


def test_arrow_is_imported_without_pandas() -> None:
    """The server has no use for it; a process that does may still import it afterwards."""
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.strip(), done.stderr) == ("1", "")


def test_nothing_stays_hidden() -> None:
    """The finder is there for the moment only, whatever was imported before."""
    before = list(sys.meta_path)
    memory_tuning.import_arrow_without_pandas()
    assert sys.meta_path == before


def test_where_the_c_library_is_another_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    """On macOS and musl the system's allocator decides by itself."""
    monkeypatch.setattr(memory_tuning, "_glibc", object)
    memory_tuning.limit_heaps()
    memory_tuning.release_free_memory()

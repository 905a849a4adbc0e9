"""The server stays small."""

from __future__ import annotations

import subprocess
import sys

import pytest

from eider.service import memory_tuning

ALONE = """
import sys
from eider.service.memory_tuning import hide_pandas, release_free_memory, limit_heaps
limit_heaps()
hide_pandas()
hide_pandas()
import pyarrow as pa
assert pa.array([1, 2]).to_pylist() == [1, 2]
assert "pandas" not in sys.modules, "Arrow brought it after all"
release_free_memory()
print(len(pa.table({"a": [1, 2]})), sum(type(finder).__name__ == "_HiddenPackages" for finder in sys.meta_path))
"""


def test_arrow_is_imported_without_pandas() -> None:
    """The server has no use for it."""
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.strip(), done.stderr) == ("2 1", "")


def test_where_the_c_library_is_another_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    """On macOS and musl the system's allocator decides by itself."""
    monkeypatch.setattr(memory_tuning, "_glibc", object)
    memory_tuning.limit_heaps()
    memory_tuning.release_free_memory()

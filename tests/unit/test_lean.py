"""The server stays small."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

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


INDEXED = """
import sys
from pathlib import Path
from eider.service.memory_tuning import leave_out_catalog_client
leave_out_catalog_client()
from eider.store.duck.lance import LanceIndex
from eider.testing.contracts_index import row, toward
folder = Path(sys.argv[1])
for _ in range(2):
    index = LanceIndex(folder, 8)
    index.apply([row("a", "the heron nests by the weir", axis=1), row("b", "tea", axis=2)], [])
    index.apply([], ["b"])
    index.compact()
    assert index.nominate("heron", toward(1), user="ada") == ["a"], index.nominate("heron", toward(1), user="ada")
    index.close()
models = [m for name, m in sys.modules.items() if name.startswith("lance_namespace_urllib3_client")]
assert models and not [m for m in models if getattr(m, "__file__", None)]
print("lancedb" in sys.modules)
"""


def test_arrow_is_imported_without_pandas() -> None:
    """The server has no use for it."""
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.strip(), done.stderr) == ("2 1", "")


def test_the_index_works_without_the_client_of_a_catalog(tmp_path: Path) -> None:
    """Its models are most of what importing LanceDB costs, and no table in a directory needs them."""
    done = subprocess.run(
        [sys.executable, "-c", INDEXED, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("True", "")


def test_where_the_c_library_is_another_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    """On macOS and musl the system's allocator decides by itself."""
    monkeypatch.setattr(memory_tuning, "_glibc", object)
    memory_tuning.limit_heaps()
    memory_tuning.release_free_memory()

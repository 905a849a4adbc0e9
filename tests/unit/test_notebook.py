"""The example notebook runs as it is."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

_TOUR = Path(__file__).parents[2] / "examples" / "tour.ipynb"


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # kernels and sockets are others' business
def test_the_tour_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell of it, in a fresh kernel on this interpreter; tables and plots come out."""
    kernels = tmp_path / "kernels" / "python3"
    kernels.mkdir(parents=True)
    spec = f'{{"argv": ["{sys.executable}", "-m", "ipykernel_launcher", "-f", "{{connection_file}}"], "display_name": "Python 3", "language": "python"}}'
    (kernels / "kernel.json").write_text(spec)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path / "matplotlib"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(p for p in sys.path if p))
    book = nbformat.read(_TOUR, as_version=4)
    nbformat.validate(book)
    NotebookClient(book, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [data for cell in book.cells for out in cell.get("outputs", []) if (data := out.get("data"))]
    assert sum("text/html" in data for data in shown) >= 5
    assert sum("image/png" in data for data in shown) == 3
    assert not [out for cell in book.cells for out in cell.get("outputs", []) if out.get("name") == "stderr"]


def test_the_tour_is_kept_without_outputs() -> None:
    """Outputs are made by whoever runs it; the repository holds the words and the code."""
    book = nbformat.read(_TOUR, as_version=4)
    assert not [cell for cell in book.cells if cell.get("outputs") or cell.get("execution_count")]

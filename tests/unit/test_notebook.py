"""The example notebooks run as they are."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

_EXAMPLES = Path(__file__).parents[2] / "examples"
_TOUR = _EXAMPLES / "tour.ipynb"
_ADAPTERS = _EXAMPLES / "adapters_tour.ipynb"
_WORKFLOWS = _EXAMPLES / "workflow_tour.ipynb"
_DECAY = _EXAMPLES / "decay.ipynb"
_WHY = _EXAMPLES / "why_this_line.ipynb"
_SMALL = 16 * 1024
"""Bytes of a notebook that is kept with what it prints."""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Any]:
    """Runs every cell of a notebook, in a fresh kernel on this interpreter."""
    kernels = tmp_path / "kernels" / "python3"
    kernels.mkdir(parents=True)
    spec = f'{{"argv": ["{sys.executable}", "-m", "ipykernel_launcher", "-f", "{{connection_file}}"], "display_name": "Python 3", "language": "python"}}'
    (kernels / "kernel.json").write_text(spec)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path / "matplotlib"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(p for p in sys.path if p))

    def executed(path: Path) -> Any:
        book = nbformat.read(path, as_version=4)
        nbformat.validate(book)
        NotebookClient(
            book, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
        ).execute()
        assert not [out for cell in book.cells for out in cell.get("outputs", []) if out.get("name") == "stderr"]
        return book

    return executed


def shown(book: Any) -> list[str]:
    """What the cells print and return, as text."""
    cells = [[out.get("text") or out["data"]["text/plain"] for out in cell.get("outputs", [])] for cell in book.cells]
    return ["".join(texts) for texts in cells]  # one print may arrive in several pieces


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # kernels and sockets are others' business
def test_the_tour_runs(run: Callable[[Path], Any]) -> None:
    """Every cell of it; tables and plots come out."""
    outputs = [data for cell in run(_TOUR).cells for out in cell.get("outputs", []) if (data := out.get("data"))]
    assert sum("text/html" in data for data in outputs) >= 5
    assert sum("image/png" in data for data in outputs) == 3


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_the_tour_of_workflows_runs(run: Callable[[Path], Any]) -> None:
    """Runs and contexts draw themselves; what was cut is told."""
    book = run(_WORKFLOWS)
    outputs = [data for cell in book.cells for out in cell.get("outputs", []) if (data := out.get("data"))]
    assert sum("text/html" in data for data in outputs) >= 3
    assert any("step='collect', kept=" in data["text/plain"] for data in outputs)


@pytest.mark.parametrize("path", [_TOUR, _WORKFLOWS], ids=lambda path: path.stem)
def test_a_tour_is_kept_without_outputs(path: Path) -> None:
    """Outputs are made by whoever runs it; the repository holds the words and the code."""
    book = nbformat.read(path, as_version=4)
    assert not [cell for cell in book.cells if cell.get("outputs") or cell.get("execution_count")]


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_the_tour_of_the_adapters_prints_what_is_kept_of_it(run: Callable[[Path], Any]) -> None:
    """One store under five frameworks: a reader sees without running it what everybody gets who does."""
    assert shown(run(_ADAPTERS)) == shown(nbformat.read(_ADAPTERS, as_version=4))


def test_the_tour_of_the_adapters_is_small() -> None:
    """Text alone, and nothing of the machine it was run on."""
    assert _ADAPTERS.stat().st_size < _SMALL
    book = nbformat.read(_ADAPTERS, as_version=4)
    assert {out.output_type for cell in book.cells for out in cell.get("outputs", [])} == {"stream", "execute_result"}
    assert not [cell for cell in book.cells if cell.metadata]


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # kernels and sockets are others' business
def test_what_fades_and_what_stays_runs(run: Callable[[Path], Any]) -> None:
    """The plots come out; what is used lasts longer than what is idle, which is closed and taken back."""
    book = run(_DECAY)
    told = "\n".join(shown(book))
    assert sum("image/png" in out.get("data", {}) for cell in book.cells for out in cell.get("outputs", [])) == 4
    assert "would be closed: ['The old printer stood in room 7.']" in told
    assert "taken back: ['Invoices go" in told
    assert "'structure': True" in told


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # kernels and sockets are others' business
def test_why_this_line_runs(run: Callable[[Path], Any]) -> None:
    """Shares, times, trust and silence, as the text around them says."""
    told = "\n".join(shown(run(_WHY)))
    assert told.index("trust 2  Ada's team deploys on Fridays.") < told.index("trust 0  Ada's team deploys on Sundays.")
    assert "(as of now): Ada lives in Lisbon." in told
    assert "(as of 2025-01-01): Ada lives in Porto." in told
    assert "lines: 0; silent" in told

"""Documentation is executed: the README's examples and every docstring's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser
from sybil.parsers.rest import DocTestParser

_ROOT = Path(__file__).parent


def _in_a_place_of_its_own(namespace: dict[str, Any]) -> None:
    """Examples open stores; each document gets an empty directory."""
    import tempfile

    namespace["_before"] = str(Path.cwd())
    namespace["_place"] = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    os.chdir(namespace["_place"].name)
    os.environ["EIDER_HOME"] = namespace["_place"].name


def _back(namespace: dict[str, Any]) -> None:
    for name in [n for n, v in namespace.items() if hasattr(v, "close") and type(v).__name__ == "Eider"]:
        namespace[name].close()
    os.chdir(namespace["_before"])
    namespace["_place"].cleanup()
    os.environ.pop("EIDER_HOME", None)


_readme = Sybil(
    parsers=[PythonCodeBlockParser(), SkipParser()],
    patterns=["README.md"],
    setup=_in_a_place_of_its_own,
    teardown=_back,
)
_docstrings = Sybil(parsers=[DocTestParser()], patterns=["*.py"], path=str(_ROOT / "core" / "eider"))
pytest_collect_file = (_readme + _docstrings).pytest()


@pytest.fixture(autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the stores or settings of whoever runs it."""
    monkeypatch.setenv("EIDER_HOME", str(tmp_path_factory.mktemp("home")))
    for name in ("EIDER_STORE", "EIDER_USER", "EIDER_AGENT", "EIDER_TZ", "EIDER_EMBEDDER", "EIDER_CRASH_AT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Measurement data beside the checkout; whoever has none skips what needs it."""
    place = Path(os.environ.get("EIDER_SHARED", _ROOT.parent / "shared"))
    if not (place / "bench").is_dir():
        pytest.skip(f"no measurement data at {place}; set EIDER_SHARED to run this")
    return place


os.environ.setdefault("EIDER_OWNER", "off")  # tests of the owner ask for it; no other shall start one

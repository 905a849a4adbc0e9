"""Documentation is executed: the README's examples and every docstring's."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser
from sybil.parsers.rest import DocTestParser

from eider.store import open as store_open
from eider.store.duck import migrate
from eider.store.duck.database import create_file

_ROOT = Path(__file__).parent

# What runs in the background of a script ignores Ctrl-C, and so would every process that a test starts and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How many examples Hypothesis tries: the same few for every change, other and more ones every night. Where one example
# opens stores, a test takes a share: `settings(max_examples=settings().max_examples // 5)`.
hypothesis.settings.register_profile("ci", max_examples=40, derandomize=True, deadline=None)
hypothesis.settings.register_profile("nightly", max_examples=300, derandomize=False, deadline=None)
hypothesis.settings.load_profile("nightly" if os.environ.get("EIDER_NIGHTLY") else "ci")


def _in_a_place_of_its_own(namespace: dict[str, Any]) -> None:
    """Examples open stores; each document gets an empty directory."""
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
    patterns=["README.md", "docs/embedders.md", "docs/quickstart.md", "docs/injection.md"],
    setup=_in_a_place_of_its_own,
    teardown=_back,
)
_docstrings = Sybil(parsers=[DocTestParser()], patterns=["*.py"], path=str(_ROOT / "core" / "eider"))
pytest_collect_file = (_readme + _docstrings).pytest()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse tests that no stage would run: the service and crash stages read only files that name their mark (Makefile)."""
    for mark in ("slow", "crash"):
        for path in {item.path for item in items if item.get_closest_marker(mark)}:
            if f"mark.{mark}" not in path.read_text(encoding="utf-8"):
                raise pytest.UsageError(f"{path} has tests marked {mark!r} and does not name pytest.mark.{mark}")


@pytest.fixture(autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test touches the stores or settings of whoever runs it."""
    home = Path(tempfile.mkdtemp(prefix="home-", dir=tmp_path_factory.getbasetemp()))
    monkeypatch.setenv("EIDER_HOME", str(home))
    for name in ("EIDER_STORE", "EIDER_USER", "EIDER_AGENT", "EIDER_TZ", "EIDER_EMBEDDER", "EIDER_CRASH_AT"):
        monkeypatch.delenv(name, raising=False)
    yield
    shutil.rmtree(home, ignore_errors=True)


_empty_stores: dict[int, list[bytes]] = {}
"""Schema number → files of stores without a row, each with a secret of its own."""
_secrets = itertools.cycle(range(4))


def _create_or_copy(path: Path, fill: Callable[[Any], None]) -> None:
    """Write the file of a new store as `create_file` does, but from the fifth on as a copy of one of the first four.

    Running the schema's statements is half of what opening a new store costs, and the tests open thousands. All else of
    making and opening is the real thing; stores made one after the other have different secrets, as they should.
    """
    made = _empty_stores.setdefault(migrate.newest(), [])
    if len(made) < 4:  # noqa: PLR2004 (as many as there are secrets)
        create_file(path, fill)
        made.append(path.read_bytes())
    else:
        path.write_bytes(made[next(_secrets)])


@pytest.fixture(autouse=True)
def _copied_stores(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """New stores of this process are copies, unless the test is marked `creates`."""
    if request.node.get_closest_marker("creates") is None:
        monkeypatch.setattr(store_open, "create_file", _create_or_copy)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Measurement data beside the checkout; whoever has none skips what needs it."""
    place = Path(os.environ.get("EIDER_SHARED", _ROOT.parent / "shared"))
    if not (place / "bench").is_dir():
        pytest.skip(f"no measurement data at {place}; set EIDER_SHARED to run this")
    return place


os.environ.setdefault("EIDER_SERVER", "off")  # tests of the server ask for it; no other shall start one

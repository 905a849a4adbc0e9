"""Laws and properties of the embedded store hold in PostgreSQL: the same tests, opened there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import test_writes_never_fail
from test_isolation import *  # noqa: F403
from test_observe_properties import *  # noqa: F403
from test_portable_properties import *  # noqa: F403
from test_run_properties import *  # noqa: F403
from test_store_laws import *  # noqa: F403
from test_writes_never_fail import *  # noqa: F403

del test_the_search_index_names_only_ones_own  # noqa: F821 (it looks into LanceDB)
SHARE = 1 if os.environ.get("EIDER_NIGHTLY") else 8
"""Of the real messages, of which the embedded store hears more, every eighth in every run, all at night."""


@pytest.fixture
def exchanges(shared: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Fewer of them."""
    monkeypatch.setattr(test_writes_never_fail, "SHARE", SHARE)
    return test_writes_never_fail.exchanges_in(shared)[::SHARE]


pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("in_postgres")]

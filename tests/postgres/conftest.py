"""One server for all tests of a session, started when the first asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cluster import Cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A running server."""
    made = Cluster()
    yield made
    made.close()

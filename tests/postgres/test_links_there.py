"""Links hold in PostgreSQL as in a file: the same tests, opened there."""

from __future__ import annotations

import pytest
from test_links import *  # noqa: F403

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("in_postgres")]

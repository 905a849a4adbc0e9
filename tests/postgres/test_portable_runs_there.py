"""Runs travel and are verified in PostgreSQL as in a file: the same tests, opened there."""

from __future__ import annotations

import pytest
from test_portable_runs import *  # noqa: F403
from test_run_events import test_every_write_of_a_run_is_an_event

__all__ = ["test_every_write_of_a_run_is_an_event"]
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("in_postgres")]

"""Laws and properties of the embedded store hold in PostgreSQL: the same tests, opened there."""

from __future__ import annotations

import pytest
from test_isolation import *  # noqa: F403
from test_observe_properties import *  # noqa: F403
from test_portable_properties import *  # noqa: F403
from test_run_properties import *  # noqa: F403
from test_store_laws import *  # noqa: F403
from test_writes_never_fail import *  # noqa: F403

del test_the_search_index_names_only_ones_own  # noqa: F821 (it looks into LanceDB)
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("in_postgres")]

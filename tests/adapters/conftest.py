"""What tests of the adapters need of pytest."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """LangChain's standard suites carry marks of plugins that are not used here."""
    for mark in ("benchmark", "codspeed", "enable_socket", "vcr"):
        config.addinivalue_line("markers", f"{mark}: of a plugin that is not used here")

"""What tests of the adapters need of pytest."""

from __future__ import annotations

import sys
from asyncio import _get_running_loop
from collections.abc import Iterator
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE
from pathlib import Path
from typing import Any

import pytest

from eider.api.embedded_backend import EmbeddedBackend
from eider.api.remote_backend import RemoteBackend

ADAPTERS = str(Path(__file__).parents[2] / "adapters")
MAY_WAIT = ("eider_llamaindex/prompt.py", "api/background_writer.py")
"""LlamaIndex fills in prompts without awaiting; a writer that was stopped refuses what comes on the caller's thread."""
TESTS = str(Path(__file__).parents[1])


def pytest_configure(config: pytest.Config) -> None:
    """LangChain's standard suites carry marks of plugins that are not used here."""
    for mark in ("benchmark", "codspeed", "enable_socket", "vcr"):
        config.addinivalue_line("markers", f"{mark}: of a plugin that is not used here")


def waiting_adapter() -> str:
    """Which line of an adapter asks the memory on behalf of a coroutine; empty if a test asked without one."""
    frame, line, awaited = sys._getframe(1), "", False
    while frame is not None and not _is_test(frame.f_code.co_filename):
        code = frame.f_code
        if code.co_filename.endswith(MAY_WAIT):
            return ""
        if code.co_filename.startswith(ADAPTERS) and not line:
            line = f"{code.co_filename.removeprefix(ADAPTERS)}:{frame.f_lineno} {code.co_name}"
        awaited = awaited or bool(code.co_flags & (CO_COROUTINE | CO_ASYNC_GENERATOR))
        frame = frame.f_back
    return line if awaited else ""


def _is_test(path: str) -> bool:
    return path.startswith(TESTS) and not path.endswith("conftest.py")


@pytest.fixture(autouse=True)
def loop_is_never_blocked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No adapter waits for the memory on a thread that runs an event loop."""
    waited: set[str] = set()
    for backend in (EmbeddedBackend, RemoteBackend):
        execute = backend.execute

        def watched(self: Any, request: Any, execute: Any = execute) -> Any:
            if _get_running_loop() is not None and (line := waiting_adapter()):
                waited.add(f"{type(request).__name__} by {line}")
            return execute(self, request)

        monkeypatch.setattr(backend, "execute", watched)
    yield
    assert not waited

"""Calls memory so that its errors never fail the host."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, TypeVar

from eider.api.tools import error_answer
from eider.model.errors import EiderError, InputError, QueuedError

T = TypeVar("T")
_log: Final = logging.getLogger("eider")


class FailSafe:
    """Calls memory; logs the first failure and swallows all."""

    def __init__(self) -> None:
        """Create it."""
        self._warned = False

    def answer_or(self, ask: Callable[[], T], instead: T) -> T:
        """Return the answer of memory, or `instead` if it fails.

        Raises:
            InputError: What was asked makes no sense, however memory fares.
        """
        try:
            return ask()
        except InputError:
            raise
        except QueuedError:  # it is kept, and happens later
            return instead
        except (EiderError, OSError) as error:
            if not self._warned:
                self._warned = True
                _log.warning(
                    "memory fails and langchain goes on without it: %s", error_answer(error)["error"]["message"]
                )
            return instead

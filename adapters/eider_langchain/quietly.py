"""Memory that fails must not fail its host: one warning, then silence."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, TypeVar

from eider.api.tools import error_answer
from eider.model.errors import EiderError, InputError, QueuedError

T = TypeVar("T")
_log: Final = logging.getLogger("eider")


class FailSafe:
    """Asks memory on behalf of a host."""

    def __init__(self) -> None:
        """Nothing has failed yet."""
        self._warned = False

    def answer_or(self, ask: Callable[[], T], instead: T) -> T:
        """An answer of memory, or `instead` where it fails.

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

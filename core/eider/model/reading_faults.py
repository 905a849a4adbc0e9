"""What is read out of a text beside its words (dates, subjects, what it teaches) may fail; the words are kept all the same."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final, TypeVar

T = TypeVar("T")
_log: Final = logging.getLogger("eider")
counted: Final[Counter[str]] = Counter()
"""What could not be read → how often since this process began."""


def read_or(what: str, read: Callable[[], T], otherwise: T) -> T:
    """Return what `read` gives; where it fails for a fault of its own, note that and return `otherwise`.

    Args:
        what: What is read, for the doctor: "dates", "lessons".
        read: Reads something out of a text.
        otherwise: What stands for it.
    """
    with faults_counted(what):
        return read()
    return otherwise


@contextmanager
def faults_counted(what: str) -> Generator[None]:
    """Leave what is read as it is where reading fails for a fault of its own, and count that for the doctor."""
    try:
        yield
    except (MemoryError, KeyboardInterrupt):
        raise
    except Exception as error:  # noqa: BLE001 (any fault of a reading)
        counted[what] += 1
        _log.warning("%s of a text could not be read (%s); its words are kept", what, type(error).__name__)

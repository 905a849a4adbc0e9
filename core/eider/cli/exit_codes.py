"""What every ending means to a script: exit codes by error, and the one line on stderr."""

from __future__ import annotations

import os

from eider.cli.output import complain, echo, json_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Final

CANNOT, REFUSED, FAILED, FAULT, INTERRUPTED, NO_READER = 2, 3, 4, 70, 130, 141
CODES: Final[Mapping[str, int]] = {
    "InputError": CANNOT, "ConfigError": CANNOT,
    "UnknownIdError": REFUSED, "RefusedError": REFUSED, "SqlError": REFUSED, "StoreMissingError": REFUSED,
    "BudgetExceededError": REFUSED,
    "EiderError": FAILED,
}  # fmt: skip
"""Error → exit code; one that is not named has the code of the nearest error above it in the tree."""
QUEUED: Final = (
    "queued: no owner answered in time; it is kept in the spool, and can be recalled once an owner has taken it."
)


def code_of(kind: type[BaseException]) -> int:
    """The exit code of an error of Eider.

    >>> from eider.model.errors import StoreMissingError, TooLargeError
    >>> code_of(TooLargeError), code_of(StoreMissingError)
    (2, 3)
    """
    return next((CODES[k.__name__] for k in kind.__mro__ if k.__name__ in CODES), FAILED)


def told(message: str, code: int) -> int:
    """Say in one line why it ended, and return the code."""
    complain(" ".join(message.split()))
    return code


def queued(keys: Sequence[str], *, as_json: bool) -> None:
    """Say that writes wait in the spool; their keys are for whoever wants to send them again."""
    complain(QUEUED)
    if as_json:
        for key in keys:
            json_line({"status": "queued", "key": key})


def interrupted() -> int:
    """Somebody pressed Ctrl-C; the terminal stands behind its echo."""
    echo("", err=True)
    return told("interrupted", INTERRUPTED)


def no_reader() -> int:
    """Nobody reads any more; Python must not complain when it flushes at exit."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 1)
    os.close(devnull)
    return NO_READER

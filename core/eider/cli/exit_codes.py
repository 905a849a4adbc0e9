"""What every ending means to a script: exit codes by error, and the one line on stderr."""

from __future__ import annotations

import os

from eider.cli.output import print_error, print_json, write_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Final

BAD_USAGE, REFUSED, FAILED, FAULT, INTERRUPTED, BROKEN_PIPE = 2, 3, 4, 70, 130, 141
CODES: Final[Mapping[str, int]] = {
    "InputError": BAD_USAGE, "ConfigError": BAD_USAGE,
    "UnknownIdError": REFUSED, "RefusedError": REFUSED, "SqlError": REFUSED, "StoreMissingError": REFUSED,
    "BudgetExceededError": REFUSED,
    "EiderError": FAILED,
}  # fmt: skip
"""Error → exit code; one that is not named has the code of the nearest error above it in the tree."""
QUEUED: Final = (
    "queued: no server answered in time; it is kept in the spool, and can be recalled once a server has taken it."
)


def code_of(kind: type[BaseException]) -> int:
    """The exit code of an error of Eider.

    >>> from eider.model.errors import StoreMissingError, TooLargeError
    >>> code_of(TooLargeError), code_of(StoreMissingError)
    (2, 3)
    """
    return next((CODES[k.__name__] for k in kind.__mro__ if k.__name__ in CODES), FAILED)


def fail(message: str, code: int) -> int:
    """Say in one line why it ended, and return the code."""
    print_error(" ".join(message.split()))
    return code


def report_queued(keys: Sequence[str], *, as_json: bool) -> None:
    """Say that writes wait in the spool; their keys are for whoever wants to send them again."""
    print_error(QUEUED)
    if as_json:
        for key in keys:
            print_json({"status": "queued", "key": key})


def report_interrupt() -> int:
    """Somebody pressed Ctrl-C; the terminal stands behind its echo."""
    write_line("", err=True)
    return fail("interrupted", INTERRUPTED)


def close_stdout() -> int:
    """Nobody reads any more; Python must not complain when it flushes at exit."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 1)
    os.close(devnull)
    return BROKEN_PIPE

"""Exit codes by error, and the one line that each error prints on stderr."""

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
    """Return the exit code of an error type.

    >>> from eider.model.errors import StoreMissingError, TooLargeError
    >>> code_of(TooLargeError), code_of(StoreMissingError)
    (2, 3)
    """
    return next((CODES[k.__name__] for k in kind.__mro__ if k.__name__ in CODES), FAILED)


def fail(message: str, code: int) -> int:
    """Print a message as one line on stderr and return the exit code."""
    print_error(" ".join(message.split()))
    return code


def report_queued(keys: Sequence[str], *, as_json: bool) -> None:
    """Report that writes wait in the spool, with their keys in JSON."""
    print_error(QUEUED)
    if as_json:
        for key in keys:
            print_json({"status": "queued", "key": key})


def report_interrupt() -> int:
    """Report an interrupt by Ctrl-C and return its exit code."""
    write_line("", err=True)
    return fail("interrupted", INTERRUPTED)


def close_stdout() -> int:
    """Redirect stdout to /dev/null after a broken pipe, so that Python's flush at exit cannot fail."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 1)
    os.close(devnull)
    return BROKEN_PIPE

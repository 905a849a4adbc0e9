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


def fail(message: str, code: int, *, kind: str = "Error", as_json: bool = False) -> int:
    """Print a message as one line on stderr, or as a JSON object, and return the exit code."""
    line = " ".join(message.split())
    if as_json:
        from eider.privacy.redact import redact

        print_json({"error": {"kind": kind, "message": str(redact(line)), "exit_code": code}}, err=True)
    else:
        print_error(line)
    return code


def in_commands(message: str) -> str:
    """Return a message that names methods with the commands of the same names.

    >>> in_commands("list what does with search(user='ada').")
    "list what does with 'eider search --user ada'."
    """
    import re

    from eider.cli.app import SUMMARIES

    def command(found: re.Match[str]) -> str:
        name = found[1].rstrip("_").replace("_", "-")
        options = re.findall(r"(\w+)=(?:'([^']*)'|\"([^\"]*)\"|([^,]*))", found[2])
        words = [
            f"--{n.replace('_', '-')}{'' if v == 'True' else ' ' + v}"
            for n, *values in options
            for v in ["".join(values)]
        ]
        return f"'{' '.join(['eider', name, *words])}'" if name in SUMMARIES else found[0]

    return re.sub(r"(?<![\w.])(?:memory\.)?([a-z_]+)\(([^()]*)\)", command, message)


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

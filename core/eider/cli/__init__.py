"""The command line: `eider`. Each command parses, calls one method, prints."""

from __future__ import annotations

import os
import sys

__all__ = ["main"]


def main() -> None:
    """The console script; what it writes is its owner's alone, the search index and exports included.

    What is asked for all day is answered by `hot` in a few interpreter starts; everything else goes to the commands.
    """
    os.umask(0o077)
    from eider.cli.fast_path import run

    code = run(sys.argv[1:])
    if code is None:
        from eider.cli.app import cli

        cli.main()
    sys.exit(code)

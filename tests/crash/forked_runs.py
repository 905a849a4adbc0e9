"""Forks one run of a writer per line of its input: a process that has imported all and opened nothing."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

from eider.model import failpoints


def serve(run: Callable[[dict[str, Any]], object]) -> None:
    """Fork one run per job, a line of JSON; this process opens nothing, so its children inherit no database."""
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child:
            sys.stdout.write(f"{child}\n")
            sys.stdout.flush()
            _, status = os.waitpid(child, 0)
            sys.stdout.write(f"{status}\n")
            sys.stdout.flush()
            continue
        failpoints._WANTED, _, count = job["crash"].partition(":")
        failpoints._left = int(count or 1)
        code = 1
        try:
            run(job)
            code = 0
        finally:
            os._exit(code)

"""`python -m eider_mcp`: the same as `eider mcp`, for clients that name an interpreter."""

from __future__ import annotations

import sys

from eider.cli import main

if __name__ == "__main__":
    sys.argv[:] = ["eider", "mcp", *sys.argv[1:]]
    main()

"""`python -m eider` is the command line."""

from __future__ import annotations

from eider.cli import main

if __name__ == "__main__":
    main()

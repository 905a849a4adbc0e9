"""The command line: `eider`. Each command parses, calls one method, prints."""

from __future__ import annotations

from eider.cli.app import main

__all__ = ["main"]

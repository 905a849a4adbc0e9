"""Eider in Claude Code: hooks that recall and learn."""

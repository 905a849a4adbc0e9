"""Claude Code as a target of `eider install`."""

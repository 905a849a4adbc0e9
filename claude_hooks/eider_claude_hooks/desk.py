"""What the owner answers to Claude Code's hooks."""

"""What `eider doctor` looks at in Claude Code."""

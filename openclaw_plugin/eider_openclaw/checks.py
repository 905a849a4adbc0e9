"""What `eider doctor` looks at in OpenClaw."""

"""OpenClaw as a target of `eider install`."""

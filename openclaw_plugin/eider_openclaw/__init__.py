"""Eider in OpenClaw: the Python side of the plugin."""

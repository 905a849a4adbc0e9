"""Eider with Anthropic's client."""

"""Eider in pydantic-ai."""

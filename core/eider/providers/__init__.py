"""Embedders, language models, their prompts, and counting tokens."""

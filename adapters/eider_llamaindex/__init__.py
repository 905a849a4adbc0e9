"""Eider in LlamaIndex."""

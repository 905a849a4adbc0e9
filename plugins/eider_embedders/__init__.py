"""Embedders and rerankers by name: services over HTTP, and models that run in this process.

One file each, found by the entry points `eider.embedders` and `eider.rerankers`. Importing this package loads none.
An entry point names a function `make(model, options)`; options are texts: `url`, `key`, `width` and what the name says
after its question mark.
"""

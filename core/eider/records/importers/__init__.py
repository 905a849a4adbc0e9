"""Reads what other tools keep: one file for each source, found by the entry points of the group `eider.import`.

A new source is a module with `IMPORTER = Importer(name=…, title=…, detect=…, iterate=…)` and a line in the entry points
of its package. `detect` says whether a path holds such data, `iterate` yields its chat messages and statements.
"""

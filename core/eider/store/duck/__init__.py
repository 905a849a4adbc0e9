"""The store in DuckDB: one directory with a truth file and a search index derived from it, or in memory without."""

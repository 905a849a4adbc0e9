"""The files of a store: DuckDB holds the truth, LanceDB the derived index."""
